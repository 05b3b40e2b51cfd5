# SPDX-License-Identifier: MIT
"""Compiles each header alone, with the first compiler given: it has what it needs."""
import functools
import pathlib
import sys
import tempfile

from toolchain import DROP_IN, FLAGS, INCLUDE, compiled, report


def header_alone(compiler, name):
    """Twice in a row: it minds nothing, either."""
    with tempfile.TemporaryDirectory() as folder:
        return compiled(compiler, DROP_IN / 'nothing.cpp', pathlib.Path(folder, 'alone.o'), *FLAGS, f'-I{INCLUDE}',
                        '-include', name, '-include', name)


def main(compiler, *_):
    headers = sorted(p.relative_to(INCLUDE).as_posix() for p in INCLUDE.rglob('*.hpp'))
    if len(headers) < 2:
        sys.exit(f'there is nothing to compile under {INCLUDE}')
    report([(f'{name} alone', functools.partial(header_alone, compiler, name)) for name in headers])


if __name__ == '__main__':
    main(*sys.argv[1:])
