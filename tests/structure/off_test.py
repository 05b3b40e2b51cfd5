# SPDX-License-Identifier: MIT
"""What TACHO_OFF does: recording compiles to nothing, all that a program says still compiles, or still does not, and
files that disagree about it do not link."""
import functools
import pathlib
import re
import shlex
import sys
import tempfile

import markdown
import readme_test
import rejected_test
from toolchain import DROP_IN, FLAGS, INCLUDE, ROOT, compiled, report, run

OFF = ROOT / 'tests/structure/off'
FUNCTION = re.compile(r'^(r_\w+):.*?\n(.*?)^\s*\.size\s+\1', re.S | re.M)


def instructions(compiler, *flags):
    """What the functions of record.cpp consist of, by their names."""
    with tempfile.TemporaryDirectory() as folder:
        code = pathlib.Path(folder, 'record.s')
        make(compiler, OFF / 'record.cpp', ['-O2', *flags, '-S'], code)
        text = code.read_text()
    found = {}
    for name, body in FUNCTION.findall(text):
        words = [re.split('[#;]', line)[0].strip() for line in body.splitlines()]
        found[name] = [w for w in words if w and not w.startswith('.') and not w.endswith(':') and w != 'endbr64']
    return found


def records_nothing(compiler):
    on, off = instructions(compiler), instructions(compiler, '-DTACHO_OFF')
    names = re.findall(r'^void (r_\w+)\(', (OFF / 'record.cpp').read_text(), re.M)
    if sorted(off) != sorted(names) or len(names) < 15:
        return f'it has the functions {sorted(off)}, not {sorted(names)}'
    more = {n: code for n, code in off.items() if code not in (['ret'], ['retq'])}
    if more:
        return '\n'.join(f'{name}: {code}' for name, code in more.items())
    less = [n for n in names if on[n] in (['ret'], ['retq'])]
    return f'without TACHO_OFF these do nothing, either: {less}' if less else ''


# As for whoever has the headers in a system's folder, or the single ones: g++ does not tell which of their names hide
# the program's.
IN_A_SYSTEM = ['-Wno-shadow']


def make(compiler, source, flags, to):
    if wrong := compiled(compiler, source, to, *FLAGS, *flags, f'-I{INCLUDE}'):
        raise RuntimeError(wrong)


def works(compiler, flags):
    with tempfile.TemporaryDirectory() as folder:
        program = pathlib.Path(folder, 'program')
        make(compiler, OFF / 'program.cpp', flags, f'{program}.o')
        status, said = run(*shlex.split(compiler), '-pthread', '-o', program, f'{program}.o')
        if status == 0:
            status, said = run(program)
        return f'exit status {status}: {said}' if status != 0 or said else ''


def mixed(compiler):
    """The twins, of which both files agree, link."""
    with tempfile.TemporaryDirectory() as folder:
        made = {}
        for name in 'main', 'other':
            for flags in [], ['-DTACHO_OFF']:
                made[name, bool(flags)] = pathlib.Path(folder, f'{name}{len(flags)}.o')
                make(compiler, DROP_IN / f'{name}.cpp', [*IN_A_SYSTEM, *flags], made[name, bool(flags)])
        for main_off in False, True:
            for other_off in False, True:
                status, said = run(*shlex.split(compiler), '-pthread', '-o', f'{folder}/program',
                                   made['main', main_off], made['other', other_off])
                lacks = f"record_elsewhere(tacho::{'v0_1_off' if main_off else 'v0_1'}::registry&)"
                if main_off == other_off and status != 0:
                    return said
                if main_off != other_off and (status == 0 or lacks not in said):
                    return f'files that disagree link, or fail otherwise: {said}'
    return ''


def portable_mixed(compiler):
    """TACHO_PORTABLE changes types and bodies as well."""
    with tempfile.TemporaryDirectory() as folder:
        main, other = pathlib.Path(folder, 'main.o'), pathlib.Path(folder, 'other.o')
        make(compiler, DROP_IN / 'main.cpp', [*IN_A_SYSTEM, '-DTACHO_PORTABLE'], main)
        make(compiler, DROP_IN / 'other.cpp', [], other)
        status, said = run(*shlex.split(compiler), '-pthread', '-o', f'{folder}/program', main, other)
        if status == 0 or 'record_elsewhere(tacho::v0_1_portable::registry&)' not in said:
            return f'files that disagree link, or fail otherwise: {said}'
        make(compiler, DROP_IN / 'other.cpp', ['-DTACHO_PORTABLE'], other)
        status, said = run(*shlex.split(compiler), '-pthread', '-o', f'{folder}/program', main, other)
        return said if status != 0 else ''


def documented(compiler):
    """All blocks of all pages in one file, each in a namespace of its own."""
    includes, parts = set(), []
    for page in [ROOT / 'README.md', *sorted((ROOT / 'docs').glob('*.md'))]:
        for number, block in enumerate(b for b in markdown.blocks(page) if b.language == 'cpp'):
            lines = readme_test.whole(block).splitlines()
            includes.update(line for line in lines if line.startswith('#include'))
            rest = '\n'.join(line for line in lines if not line.startswith('#include'))
            parts.append(f'namespace {page.stem}_{number} {{\n#line 1 "{page.name}, line {block.line}"\n{rest}\n}}')
    flags = ['-std=c++20', '-DFMT_HEADER_ONLY', '-DTACHO_OFF', f'-I{INCLUDE}']
    text = '\n'.join([*sorted(includes), *parts])
    status, said = run(*shlex.split(compiler), *flags, '-fsyntax-only', '-x', 'c++', '-', text=text)
    return said if status != 0 else ''


def rejected(prepared):
    """All that must not compile in one file, where the compiler has something to say of each. It says the same thing
    only once: what it is silent about is compiled alone."""
    cases = rejected_test.CASES
    said = prepared.compile(*(f'\n#line 1 "case {i}"\n{wrong}\n' for i, (_, wrong, *_) in enumerate(cases.values())))
    silent = [what for i, (what, (words, *_)) in enumerate(cases.items())
              if f'case {i}:' not in said or not any(word in said for word in words.split('|'))]
    if len(silent) > 10:
        return f'the compiler says nothing of {silent}'
    return '\n'.join(f'{what}: {why}' for what in silent
                     if (why := rejected_test.rejected(prepared, *cases[what][:2])))


def main(compilers):
    checks = []
    for compiler in compilers:
        name = pathlib.Path(shlex.split(compiler)[-1]).name
        checks.append((f'recording compiles to nothing, {name}', functools.partial(records_nothing, compiler)))
    first, last = compilers[0], compilers[-1]
    for compiler, flags in ((first, []), (last, ['-fno-exceptions', '-fno-rtti']),
                            (first, ['-DTACHO_SEPARATE_COMPILATION', '-DTACHO_IMPLEMENTATION'])):
        checks.append((f'a program shows nothing, {compiler} {" ".join(flags)}',
                       functools.partial(works, compiler, ['-DTACHO_OFF', *flags])))
    checks.append(('files that disagree do not link', functools.partial(mixed, first)))
    checks.append(('files that disagree on TACHO_PORTABLE do not link', functools.partial(portable_mixed, first)))
    checks.append(('what the documents say compiles', functools.partial(documented, first)))
    with tempfile.TemporaryDirectory() as folder:
        off = rejected_test.Prepared(f'{first} -DTACHO_OFF', 'tacho/tacho.hpp', folder)
        checks.append(('what is right compiles', functools.partial(
            off.compile, *(case[2] for case in rejected_test.CASES.values()))))
        checks.append(('what is wrong does not compile', functools.partial(rejected, off)))
        report(checks)


if __name__ == '__main__':
    main(sys.argv[1:])
