# SPDX-License-Identifier: MIT
"""Compiles what must compile: the single headers as users drop them in, with every compiler given."""
import functools
import pathlib
import re
import shlex
import sys
import tempfile

from toolchain import DROP_IN, FLAGS, INCLUDE, SINGLE, compile_text, compiled, report, run

# Everything in a program has to agree on these; whoever uses the library has chosen them.
DIALECTS = {
    'C++20, optimised': ['-O2'],
    'C++23, no exceptions, no RTTI': ['-std=c++2b', '-fno-exceptions', '-fno-rtti'],
}


def dropped_in(compiler, flags):
    """Two files with nothing but the single headers: a function that is not inline does not link."""
    with tempfile.TemporaryDirectory() as folder:
        program, made = pathlib.Path(folder, 'program'), []
        for name in 'main', 'other':
            made.append(pathlib.Path(folder, f'{name}.o'))
            if wrong := compiled(compiler, DROP_IN / f'{name}.cpp', made[-1], *FLAGS, *flags, f'-I{SINGLE}'):
                return wrong
        status, said = run(*shlex.split(compiler), *flags, *made, '-pthread', '-o', program)
        if status == 0:
            status, said = run(program)
        return f'exit status {status}: {said}' if status != 0 else ''


def compiled_once(compiler):
    """One file has the functions, the other one declares them, and lacks them alone."""
    with tempfile.TemporaryDirectory() as folder:
        program, once = pathlib.Path(folder, 'program'), ['-DTACHO_SEPARATE_COMPILATION']
        for name, flags in {'other': once, 'main': once + ['-DTACHO_IMPLEMENTATION']}.items():
            if wrong := compiled(compiler, DROP_IN / f'{name}.cpp', f'{program}.{name}.o', *FLAGS, *flags, f'-I{SINGLE}'):
                return wrong
        link = [*shlex.split(compiler), *FLAGS, '-pthread', '-o', program, f'{program}.other.o']
        said = run(*link)[1]
        if not re.search('undefined (reference|symbol).*tacho::.*registry', said):
            return f'other.cpp lacks no function of the library: they were compiled with it. {said}'
        if 'one_file_must_define_TACHO_IMPLEMENTATION' not in said:
            return f'the cure is not in: {said}'
        status, said = run(*link, f'{program}.main.o')
        if status == 0:
            status, said = run(program)
        return f'exit status {status}: {said}' if status != 0 else ''


def fmt_in_one_file(compiler):
    """All that needs {fmt} is compiled in the one file: the others don't even read it."""
    once = '#define TACHO_SEPARATE_COMPILATION\n#include "tacho/tacho.hpp"\n#include "tacho/testing.hpp"\n'
    for text, is_read in (once, False), ('#define TACHO_IMPLEMENTATION\n' + once, True):
        status, said = run(*shlex.split(compiler), *FLAGS, f'-I{INCLUDE}', '-M', '-x', 'c++', '-', text=text)
        if status != 0 or bool(re.search(r'/fmt/\w+\.h\b', said)) != is_read:
            return f'{{fmt}} is {"not " if is_read else ""}read: {said[-1000:]}'
    return ''


def implemented_too_late(compiler):
    """What record.hpp has declared by then would lack at the link, without a word why."""
    said = compile_text(compiler, '#define TACHO_SEPARATE_COMPILATION\n#include "tacho/record.hpp"\n'
                                  '#define TACHO_IMPLEMENTATION\n#include "tacho/tacho.hpp"\n', f'-I{INCLUDE}')
    return '' if 'define TACHO_IMPLEMENTATION before' in said else f'the cure is not in: {said}'


def implemented_alone(compiler):
    """All of it would be inline in each file, and what is said to be compiled once nowhere."""
    said = compile_text(compiler, '#define TACHO_IMPLEMENTATION\n#include "tacho/record.hpp"\n', f'-I{INCLUDE}')
    return '' if 'define TACHO_SEPARATE_COMPILATION in all files' in said else f'the cure is not in: {said}'


def older_standard(compiler):
    """The cure isn't under thousands of lines about what C++17 lacks."""
    for header in 'record', 'tacho', 'testing':
        text = f'#include "tacho/{header}.hpp"\nstatic tacho::counter<"a"> a;\nint main() {{ a.inc(); }}\n'
        said = compile_text(compiler, text, '-std=c++17', f'-I{SINGLE}')
        if 'compile with -std=c++20' not in said or len(said.splitlines()) > 40:
            return f'{header}.hpp: the cure is not in, or under too much: {said[-2000:]}'
    return ''


def nothing_unused(compiler):
    """A file that includes all and uses nothing has no class compiled in it, which compilers do for a virtual function
    that is inline only behind its class."""
    with tempfile.TemporaryDirectory() as folder:
        source, made = pathlib.Path(folder, 'file.cpp'), pathlib.Path(folder, 'file.o')
        source.write_text('#include "tacho/tacho.hpp"\n#include "tacho/testing.hpp"\n')
        status, said = run(*shlex.split(compiler), *FLAGS, '-O0', f'-I{INCLUDE}', '-c', source, '-o', made)
        if status != 0:
            return said
        return '\n'.join(name for name in run('nm', '-C', made)[1].splitlines() if 'vtable for tacho::' in name)


# Macros that a program may have: of windows.h, of X11, of Qt, of <complex.h>, and of compilers outside -std=c++20. Qt's
# `emit` and `slots` are common names, too.
MACROS = ['ERROR', 'IN', 'OUT', 'OPTIONAL', 'CONST', 'VOID', 'DELETE', 'TRUE', 'FALSE', 'NO_ERROR', 'STRICT', 'Yield',
          'GetObject', 'small', 'near', 'far', 'interface', 'hyper', 'pascal', 'cdecl',
          'None', 'Status', 'Bool', 'True', 'False', 'Always', 'Success', 'CurrentTime', 'Window',
          'signals', 'slots', 'emit', 'foreach', 'forever', 'I', 'unix', 'linux', 'major', 'minor', 'makedev']


def after_macros(compiler):
    """The system's own headers come first: they would undefine min and max, and may use some of the others."""
    text = ''.join((SINGLE / f'tacho/{name}.hpp').read_text() for name in ('record', 'tacho', 'testing'))
    system = '\n'.join(sorted(set(re.findall(r'^#include <.*', text, re.M))))
    macros = '#define min(a, b) broken;\n#define max(a, b) broken;\n'
    macros += ''.join(f'#undef {name}\n#define {name} broken;\n' for name in MACROS)
    return compile_text(compiler, f'{system}\n{macros}#include "tacho/tacho.hpp"\n#include "tacho/testing.hpp"\n',
                        f'-I{SINGLE}')


class without_fmt:
    """Include folders that hold what the compiler's own do, except for {fmt}."""

    def __init__(self, compiler, folder):
        self.compiler = compiler
        said = run(*shlex.split(compiler), '-E', '-v', '-x', 'c++', '-')[1]
        folders = re.search(r'#include <\.\.\.> .*?:\n(.*?)End of search', said, re.S).group(1).split()
        self.flags = ['-nostdinc']
        for number, path in enumerate(pathlib.Path(f) for f in folders):
            if (path / 'fmt').exists():
                copy = pathlib.Path(folder, str(number))
                copy.mkdir()
                for entry in path.iterdir():
                    if entry.name != 'fmt':
                        (copy / entry.name).symlink_to(entry)
                path = copy
            self.flags += ['-isystem', str(path)]

    def records(self):
        return compile_text(self.compiler, (DROP_IN / 'record_only.cpp').read_text(), f'-I{SINGLE}', *self.flags)

    def explains(self):
        said = compile_text(self.compiler, '#include "tacho/tacho.hpp"\n', f'-I{SINGLE}', *self.flags)
        return '' if 'tacho.hpp needs {fmt}: install' in said else f'the cure is not in: {said}'


def main(compilers):
    if not compilers:
        sys.exit('compiles_test.py: name a compiler')
    checks = []
    for compiler in compilers:
        def add(name, function, *arguments, compiler=compiler):
            checks.append((f'{name}, {pathlib.Path(shlex.split(compiler)[-1]).name}',
                           functools.partial(function, compiler, *arguments)))
        for name, flags in DIALECTS.items():
            add(f'dropped in: {name}', dropped_in, flags)
        add('compiled once', compiled_once)
        add('{fmt} in one file', fmt_in_one_file)
        add('an older standard', older_standard)
        add('nothing that is not used', nothing_unused)
        add('TACHO_IMPLEMENTATION too late', implemented_too_late)
        add('TACHO_IMPLEMENTATION alone', implemented_alone)
        add('after min, max, ERROR and other macros', after_macros)
    with tempfile.TemporaryDirectory() as folder:
        bare = without_fmt(compilers[0], folder)
        checks += [('record.hpp without {fmt}', bare.records), ('tacho.hpp names the cure without {fmt}', bare.explains)]
        report(checks)


if __name__ == '__main__':
    main(sys.argv[1:])
