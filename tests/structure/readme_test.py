# SPDX-License-Identifier: MIT
"""Checks README.md and docs/*.md. Each C++ block is compiled, and run if it is a program; each file that a page writes
is used by the commands that it shows, which are run, or read by the program that it is for; what is printed is compared
with the block that follows. A block that nothing checks fails, unless the remark before it says why:
`<!-- not run: why -->`. Links lead somewhere, the variables of docs/environment.md are those that are read, and docs/memory_model.md speaks of
each header with atomics."""
import functools
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading

import markdown
import story
from toolchain import ROOT, SINGLE, compiled, report, run

DOCS = ROOT / 'docs'
FLAGS = ['-std=c++20', '-Wall', '-Wextra', '-Wno-unused-variable', '-DFMT_HEADER_ONLY', f'-I{SINGLE}']
ADAPTERS = '#include <tacho/adapter/curl.hpp>\n#include <tacho/adapter/httplib.hpp>\n'
TESTS = '#include <tacho/adapter/gtest.hpp>\n'


def flags_of(*packages):
    return shlex.split(subprocess.run(['pkg-config', '--cflags', '--libs', *packages], capture_output=True, text=True,
                                      check=True).stdout)


def is_fragment(block):
    return block.remark.startswith('in a function')


def headers_for(block):
    """What a reader of a fragment would have around it."""
    return ('#include <tacho/tacho.hpp>\n' + (ADAPTERS if 'with adapters' in block.remark else '') +
            (TESTS if 'with tests' in block.remark else '') +
            '#include <cassert>\n#include <chrono>\n#include <cstdio>\n#include <unistd.h>\n')


def function_of(block, name):
    used = '' if 'settings =' in block.code else '[[maybe_unused]] '
    arguments = '[[maybe_unused]] tacho::registry& registry'
    arguments += '' if 'auto settings' in block.code else f', {used}tacho::settings& settings'
    return f'void {name}({arguments});\nvoid {name}({arguments}) {{\n{block.code}}}\n'


def whole(block):
    return headers_for(block) + function_of(block, 'fragment') if is_fragment(block) else block.code


def libraries_of(text):
    return flags_of('cpp-httplib', 'libcurl', 'zlib', 'openssl') if 'adapter/' in text else []


class Fragments:
    """Those that need the same headers, compiled in one file, since most of what each takes is the headers. Where that
    fails, each is compiled by itself, so that the page which is wrong is named."""

    def __init__(self, headers):
        self.headers, self.blocks, self.said, self.lock = headers, [], None, threading.Lock()

    def compile(self):
        with self.lock:
            if self.said is None:
                text = self.headers + ''.join(function_of(b, f'fragment_{i}') for i, b in enumerate(self.blocks))
                status, said = run('g++', *FLAGS, '-fsyntax-only', *libraries_of(text), '-x', 'c++', '-', text=text)
                self.said = said or 'the compiler fails without a word' if status != 0 else ''
        return self.said

    def wrong_with(self, block):
        said = self.compile()
        return said and (wrong_with_cpp(block) or f'beside the other fragments: {said}')


def built(source, program, *extra):
    """An object, and if there is one to be, a program; what is wrong."""
    if wrong := compiled('g++', source, f'{source}.o', *FLAGS, *extra):
        return wrong
    status, said = run('g++', f'{source}.o', '-o', program, '-pthread', *extra) if program else (0, '')
    return said or 'the linker fails without a word' if status != 0 else ''


def wrong_with_cpp(block):
    text = whole(block)
    extra = libraries_of(text)
    # What needs other files, or runs until it is stopped, is run by the commands of its page.
    is_program = 'int main(' in text and ', ' not in block.remark
    with tempfile.TemporaryDirectory() as folder:
        program, source = pathlib.Path(folder, 'program'), pathlib.Path(folder, 'main.cpp')
        source.write_text(text)
        if wrong := built(source, program if is_program else None, *extra):
            return wrong
        if not is_program:
            return ''
        clean = {k: v for k, v in os.environ.items() if not k.startswith(('OTEL_', 'SHOP_'))}
        done = subprocess.run([str(program)], capture_output=True, text=True, env=clean, timeout=60)
        if done.returncode != 0:
            return f'exit status {done.returncode}: {done.stderr}'
        if done.stdout != (block.printed or ''):
            return f'it prints:\n{done.stdout}'
    return ''


def program_of_others(*patterns):
    """A program that tests/run real has made or fetched, or one that is installed."""
    cache = pathlib.Path(os.environ.get('XDG_CACHE_HOME') or pathlib.Path.home() / '.cache') / 'tacho'
    for pattern in patterns:
        for found in sorted(cache.glob(pattern), reverse=True):
            return found
    return shutil.which(pathlib.Path(patterns[0]).name)


def parsed(block):
    try:
        import yaml
    except ImportError:
        return None, 'SKIP there is no yaml module in Python'
    try:
        return yaml.safe_load(block.code), ''
    except yaml.YAMLError as why:
        return None, str(why)


def wrong_for(block, command):
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, story.file_of(block))
        file.write_text(block.code)
        status, said = run(*command, file)
        return said or f'exit status {status}' if status != 0 else ''


def wrong_with_prometheus_yml(block):
    if promtool := program_of_others('prometheus-v*/promtool', 'prometheus-*/usr/bin/promtool'):
        return wrong_for(block, [promtool, 'check', 'config'])
    content, wrong = parsed(block)
    return wrong or ('' if content['scrape_configs'][0]['static_configs'][0]['targets'] else 'it has no target')


def wrong_with_collector_yaml(block):
    if otelcol := program_of_others('collector-v*/otelcol'):
        return wrong_for(block, [otelcol, 'validate', '--config'])
    content, wrong = parsed(block)
    if wrong:
        return wrong
    for name, pipeline in content['service']['pipelines'].items():
        for part, used in pipeline.items():
            for one in used:
                if one not in content[part]:
                    return f'the pipeline {name} names {one}, which is not among the {part}'
    return ''


READ_BY = {'prometheus.yml': wrong_with_prometheus_yml, 'collector.yaml': wrong_with_collector_yaml}


def wrong_with_json(block):
    try:
        json.loads(block.code)
        return ''
    except ValueError as why:
        return str(why)


def wrong_with_python(block):
    try:
        compile(block.code, f'{block.page.name}:{block.line}', 'exec')
        return ''
    except SyntaxError as why:
        return str(why)


def checks_of(page, fragments):
    """A name and a function for each block of a page, and one for all its commands. Fragments: those of all pages, by
    their headers."""
    blocks = markdown.blocks(page)
    commands = ''.join(b.code for b in blocks if b.remark in ('run', 'start'))
    for b in blocks:
        name, where = story.file_of(b), f'{page.stem}, line {b.line}'
        if re.fullmatch(r'not run: .{10,}', b.remark):
            continue
        if b.language == 'cpp':
            wrong_with = wrong_with_cpp
            if is_fragment(b):
                of = fragments.setdefault(headers_for(b), Fragments(headers_for(b)))
                of.blocks.append(b)
                wrong_with = of.wrong_with
            yield f'{where}: {b.code.splitlines()[0][:50]}', functools.partial(wrong_with, b)
            # A file that its own program would not show anything of is one that commands compile.
            if ', ' not in b.remark or is_fragment(b) or name and name in commands:
                continue
        elif name in READ_BY:
            yield f'{where}: {name}', functools.partial(READ_BY[name], b)
            continue
        elif b.language == 'json':
            yield f'{where}: JSON', functools.partial(wrong_with_json, b)
            continue
        elif b.language == 'python':
            yield f'{where}: Python', functools.partial(wrong_with_python, b)
            continue
        elif b.language == 'sh' and b.remark in ('run', 'start'):
            continue
        elif name is not None and (name in commands or b.language in ('ini', 'meson') and 'meson setup' in commands or
                                   b.language == 'cmake' and 'cmake ' in commands):
            continue
        yield where, lambda b=b: (f'nothing checks this block of {b.language or "no language"}. Give it a remark as '
                                  f'{pathlib.Path(__file__).name} says, or <!-- not run: why -->')
    if commands:
        yield f'{page.stem}: its commands', lambda: story.Story(blocks).wrong_with()


RECORDING_GETENV = '''
#include <tacho/tacho.hpp>
#include <cstdio>
// In place of the C library's: says what is asked for, and that it is unset.
extern "C" char* getenv(char const* name) noexcept {
    if (std::string_view{name}.starts_with("OTEL_") || std::string_view{name}.starts_with("SHOP_")) std::puts(name);
    return nullptr;
}
int main() { return tacho::settings::from_environment({.prefix = "SHOP"}).warnings.empty() ? 0 : 1; }
'''


def variables_read():
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder, 'main.cpp')
        source.write_text(RECORDING_GETENV)
        if wrong := built(source, f'{folder}/program'):
            raise RuntimeError(wrong)
        return set(subprocess.run([f'{folder}/program'], capture_output=True, text=True, check=True,
                                  env={}).stdout.split())


def wrong_with_variables():
    """What the table says, and what the program asks for when nothing is set."""
    told, ignored = set(), set()
    for row in re.findall(r'^\| (`[^|]*) \| (.*) \|$', (DOCS / 'environment.md').read_text(), re.M):
        for name in re.findall(r'`([A-Z_\[\]]+)`', row[0]):
            both = {name.replace('[METRICS_]', 'METRICS_'), name.replace('[METRICS_]', '')}
            (ignored if row[1].startswith('nothing') else told).update(both)
    read = variables_read()
    wrong = [f'{name} is read, and not in docs/environment.md' for name in sorted(read - told)]
    wrong += [f'docs/environment.md says what {name} does, and nothing reads it' for name in sorted(told - read)]
    wrong += [f'docs/environment.md says that {name} does nothing, and it is read' for name in sorted(ignored & read)]
    return '\n'.join(wrong)


def wrong_with_memory_model():
    """Each header that has something atomic is spoken of."""
    told = (DOCS / 'memory_model.md').read_text()
    headers = (h for h in (ROOT / 'include/tacho').rglob('*.hpp') if re.search(r'std::(atomic|memory_order)', h.read_text()))
    names = sorted(str(h.relative_to(ROOT / 'include/tacho')) for h in headers)
    return '\n'.join(f'docs/memory_model.md does not say why {name} is right' for name in names if name not in told)


def main():
    readme = ROOT / 'README.md'
    pages = [readme, *sorted(DOCS.glob('*.md'))]
    if sum('int main(' in b.code for b in markdown.blocks(readme) if b.language == 'cpp') < 2:
        sys.exit('README.md shows no programs')
    checks = [(f'{page.stem}: its links lead somewhere',
               lambda page=page: '\n'.join(markdown.broken_links(page, ROOT))) for page in pages]
    checks.append(('environment: its variables are those that are read', wrong_with_variables))
    checks.append(('memory_model: it speaks of each header with atomics', wrong_with_memory_model))
    fragments = {}
    for page in pages:
        checks += checks_of(page, fragments)
    chosen = sys.argv[1:]
    report([c for c in checks if not chosen or any(c[0].startswith(word) for word in chosen)])


if __name__ == '__main__':
    main()
