"""Compiles each C++ block of README.md and docs/*.md, runs those that are programs, and compares what they print with
the block that follows. A remark before a block, which the reader does not see, says where a fragment belongs."""
import functools
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

from toolchain import ROOT, SINGLE, report, run

BLOCK = re.compile(r'(?:<!-- (?P<where>in a function[^>]*?) -->\n)?```cpp\n(?P<code>.*?)```\n'
                   r'(?:\n```text\n(?P<printed>.*?)```\n)?', re.S)
FLAGS = ['-std=c++20', '-Wall', '-Wextra', '-Wno-unused-variable', '-DFMT_HEADER_ONLY', f'-I{SINGLE}']
ADAPTERS = '#include <tacho/adapter/curl.hpp>\n#include <tacho/adapter/httplib.hpp>\n'


def flags_of(*packages):
    return shlex.split(subprocess.run(['pkg-config', '--cflags', '--libs', *packages], capture_output=True, text=True,
                                      check=True).stdout)


def whole(block):
    """A fragment as a function of a file that has what a reader would have around it."""
    code, where = block['code'], block['where']
    if where is None:
        return '#include <cstdio>\n' + code
    adapters = 'with adapters' in where
    used = '' if 'settings =' in code else '[[maybe_unused]] '
    arguments = f'[[maybe_unused]] tacho::registry& registry'
    arguments += '' if 'auto settings' in code else f', {used}tacho::settings& settings'
    return ('#include <tacho/tacho.hpp>\n' + (ADAPTERS if adapters else '') + '#include <cassert>\n#include <chrono>\n#include <cstdio>\n'
            f'void fragment({arguments});\nvoid fragment({arguments}) {{\n{code}}}\n')


def wrong_with(block):
    text = whole(block)
    extra = flags_of('cpp-httplib', 'libcurl') if 'adapter/' in text else []
    is_program = 'int main(' in text
    with tempfile.TemporaryDirectory() as folder:
        program = pathlib.Path(folder, 'program')
        source = pathlib.Path(folder, 'main.cpp')
        source.write_text(text)
        how = ['-o', str(program)] if is_program else ['-fsyntax-only']
        status, said = run('g++', *FLAGS, source, *how, '-pthread', *extra)
        if status != 0 or not is_program:
            return said if status != 0 else ''
        clean = {k: v for k, v in os.environ.items() if not k.startswith(('OTEL_', 'SHOP_'))}
        done = subprocess.run([str(program)], capture_output=True, text=True, env=clean)
        if done.returncode != 0:
            return f'exit status {done.returncode}: {done.stderr}'
        if done.stdout != (block['printed'] or ''):
            return f'it prints:\n{done.stdout}'
    return ''


def blocks_of(page):
    return [m.groupdict() for m in BLOCK.finditer(page.read_text())]


def first_line(code):
    return code.strip().splitlines()[-2 if 'main' in code else 0].strip()[:60]


def main():
    readme = ROOT / 'README.md'
    if sum('int main(' in b['code'] for b in blocks_of(readme)) < 2:
        sys.exit('README.md shows no programs')
    checks = []
    for page in [readme, *sorted((ROOT / 'docs').glob('*.md'))]:
        blocks = blocks_of(page)
        if page.read_text().count('```cpp\n') != len(blocks):
            sys.exit(f'{page.name} has a C++ block that is not closed as it should be')
        checks += [(f'{page.stem}: {first_line(b["code"])}', functools.partial(wrong_with, b)) for b in blocks]
    report(checks)


if __name__ == '__main__':
    main()
