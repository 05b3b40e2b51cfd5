# SPDX-License-Identifier: MIT
"""Compiles what users drop in with more of what their programs are compiled with: each standard, debug and release, with
and without exceptions and RTTI, clang's own standard library; and as their own code, with all warnings that mean
something. Newer compilers warn of more: only those that are given are asked."""
import functools
import pathlib
import shlex
import sys

from compiles_test import dropped_in
from toolchain import DROP_IN, FLAGS, SINGLE, compile_text, report, run

BARE = ['-fno-exceptions', '-fno-rtti']
LIBCXX = ['-stdlib=libc++']


# What compiles_test.py tries.
TRIED = [('20', 'release', ''), ('23', 'debug', ', no exceptions, no RTTI')]


def dialects():
    for standard in ('20', '23'):
        for build, flags in {'debug': ['-O0', '-g', '-D_GLIBCXX_ASSERTIONS'], 'release': ['-O2', '-DNDEBUG']}.items():
            for what, more in {'': [], ', no exceptions, no RTTI': BARE}.items():
                if (standard, build, what) in TRIED:
                    continue
                name = f'C++{standard}, {build}{what}'
                yield name, [f'-std=c++{"2b" if standard == "23" else standard}', *flags, *more]


# g++ warns of some only as it optimises. Left out: -Wuseless-cast, because a cast between integers is useless where they
# are of one type, and needed on another machine; -Wfloat-equal, because numbers are compared exactly where it is meant;
# -Wswitch-default, against -Wswitch; and what only advises, -Wnoexcept and the like.
GCC = ['-O2', '-Wnull-dereference', '-Wduplicated-cond', '-Wduplicated-branches', '-Wlogical-op', '-Wformat=2',
       '-Wnon-virtual-dtor', '-Woverloaded-virtual', '-Wcast-align', '-Wcast-qual', '-Wdouble-promotion', '-Wswitch-enum',
       '-Wzero-as-null-pointer-constant', '-Wextra-semi', '-Wredundant-decls', '-Wmissing-declarations',
       '-Wunused-macros', '-Wsuggest-override', '-Wdeprecated-copy-dtor', '-Wvolatile', '-Wvla', '-Walloca', '-Wdate-time',
       '-Wimplicit-fallthrough=5', '-Wmismatched-tags', '-Wredundant-tags']
# All that clang has, without what forbids C++20 (c++98-compat ...), a vtable in a header (weak-vtables), the deduction
# of std::lock_guard's argument (ctad-maybe-unsupported), comparing numbers exactly (float-equal), or a gap in a struct
# (padded); and without two of which there is one each, with its reason beside it: what is to be done before the
# program has threads (global-constructors), and when a thread ends (exit-time-destructors).
CLANG = ['-Weverything'] + [f'-Wno-{name}' for name in (
    'c++98-compat', 'c++98-compat-pedantic', 'c++20-compat', 'weak-vtables', 'ctad-maybe-unsupported', 'float-equal',
    'padded', 'global-constructors', 'exit-time-destructors')]


def warned_of(compiler):
    """Not a system header: what the compiler says of it is what users read."""
    is_clang = 'clang' in run(*shlex.split(compiler), '--version')[1]
    status, said = run(*shlex.split(compiler), *FLAGS, *(CLANG if is_clang else GCC), f'-I{SINGLE}', '-include',
                       SINGLE / 'tacho/testing.hpp', '-c', DROP_IN / 'main.cpp', '-o', '/dev/null')
    return said if status != 0 else ''


def with_libcxx(compiler, flags):
    if compile_text(compiler, '#include <version>\n#if !defined(_LIBCPP_VERSION)\n#error no libc++\n#endif\n', *LIBCXX):
        return 'SKIP there is no libc++ here'
    return dropped_in(compiler, [*LIBCXX, *flags])


def main(compilers):
    if not compilers:
        sys.exit('dialects_test.py: name a compiler')
    checks = []
    for compiler in compilers:
        of = pathlib.Path(shlex.split(compiler)[-1]).name
        checks += [(f'dropped in: {name}, {of}', functools.partial(dropped_in, compiler, flags))
                   for name, flags in dialects()]
        checks += [(f'with all warnings, {of}', functools.partial(warned_of, compiler))]
        if 'clang' in of:
            checks += [(f'dropped in: C++{standard}, libc++{what}, {of}', functools.partial(with_libcxx, compiler, flags))
                       for standard, what, flags in (('20', '', ['-std=c++20', '-O0']),
                                                     ('23', ', no exceptions, no RTTI', ['-std=c++2b', '-O2', *BARE]))]
    report(checks)


if __name__ == '__main__':
    main(sys.argv[1:])
