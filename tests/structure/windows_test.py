# SPDX-License-Identifier: MIT
"""Compiles for Windows what must compile there, with each compiler given: all headers together, each one alone of which
another part counts than on this system, and the single headers, as users drop them in and after windows.h. Wine runs
what is linked. That every header has what it needs, headers_test.py finds here, with the same standard library."""
import functools
import os
import pathlib
import re
import shlex
import sys
import tempfile

from headers_test import header_alone
from toolchain import DROP_IN, FLAGS, INCLUDE, SINGLE, compile_text, report, run

WINE = pathlib.Path('/usr/lib/wine/wine64')
# Headers of libraries that are the same on all systems, and the adapters that need them; zlib's are a package for this
# compiler.
BORROWED = [('', 'fmt'), ('httplib', 'httplib.h'), ('beast', 'boost'), ('curl', 'curl'), ('gtest', 'gtest'),
            ('gtest', 'gmock')]
PLACES = [pathlib.Path('/usr/include'), *pathlib.Path('/usr/include').glob('*-linux-gnu')]
# It asks a POSIX system for the addresses of hosts, and keeps its sockets from programs that are started meanwhile.
POSIX_ALONE = 'tacho/adapter/httplib_transport.hpp'
SYSTEM = re.compile(r'^#\s*(?:el)?if.*\b(?:__unix__|__APPLE__|__linux__|__GLIBC__|TACHO_USES_\w+)', re.M)


def borrow(into):
    """Links to them alone, without this system's C library; the adapters whose library is missing here."""
    missing = set()
    for adapter, name in BORROWED:
        found = next((place / name for place in PLACES if (place / name).exists()), None)
        if found is None:
            missing.add(adapter)
        else:
            pathlib.Path(into, name).symlink_to(found)
    return missing


def together(compiler, names):
    return compile_text(compiler, ''.join(f'#include "{name}"\n' for name in names), f'-I{INCLUDE}')


def after_windows(compiler):
    """Which defines min, max, and hundreds of other words."""
    return compile_text(compiler, '#include <windows.h>\n#include "tacho/tacho.hpp"\n#include "tacho/testing.hpp"\n',
                        f'-I{SINGLE}')


def dropped_in(compiler, runs):
    """Two files: a function that is not inline doesn't link, nor does one that this system lacks."""
    with tempfile.TemporaryDirectory() as folder:
        program = pathlib.Path(folder, 'program.exe')
        status, said = run(*shlex.split(compiler), *FLAGS, f'-I{SINGLE}', DROP_IN / 'main.cpp', DROP_IN / 'other.cpp',
                           '-static', '-o', program)
        if status != 0 or not runs:
            return said if status != 0 else ''
        if not WINE.exists():
            return 'SKIP it links; there is no Wine to run it'
        status, said = run(WINE, program)
        return f'exit status {status}: {said}' if status != 0 else ''


def main(compilers):
    os.environ.setdefault('WINEDEBUG', '-all')
    headers = sorted(p.relative_to(INCLUDE).as_posix() for p in INCLUDE.rglob('*.hpp'))
    headers.remove(POSIX_ALONE)
    own = [name for name in headers if not name.startswith('tacho/adapter/')]
    differing = [name for name in own if SYSTEM.search((INCLUDE / name).read_text())]
    adapters = [name for name in headers if name.startswith('tacho/adapter/')]
    if not differing or not adapters or not compilers:
        sys.exit(f'there is nothing to compile under {INCLUDE}')
    checks = []
    with tempfile.TemporaryDirectory() as folder:
        missing = borrow(folder)
        for name, compiler in ((name, f'{name} -isystem {folder}') for name in compilers):
            def add(what, function, *arguments, name=name, compiler=compiler):
                checks.append((f'{what}, {name}', functools.partial(function, compiler, *arguments)))
            add('all headers', together, own)
            add('after windows.h', after_windows)
            # Wine has one of the two processors.
            add('dropped in', dropped_in, name.startswith('x86_64'))
        first = f'{compilers[0]} -isystem {folder}'
        for name in differing + adapters:
            lacks = name in adapters and pathlib.Path(name).stem in missing
            check = (lambda: 'SKIP its library is not installed') if lacks else \
                functools.partial(header_alone, first, name)
            checks.append((f'{name} alone', check))
        report(checks)


if __name__ == '__main__':
    main(sys.argv[1:])
