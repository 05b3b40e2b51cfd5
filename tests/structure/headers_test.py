# SPDX-License-Identifier: MIT
"""Compiles each header alone, with the first compiler given: it has what it needs."""
import functools
import sys

from toolchain import INCLUDE, compile_text, report


def header_alone(compiler, name):
    """Twice in a row: it minds nothing, either."""
    return compile_text(compiler, f'#include "{name}"\n' * 2, f'-I{INCLUDE}')


def main(compiler, *_):
    headers = sorted(p.relative_to(INCLUDE).as_posix() for p in INCLUDE.rglob('*.hpp'))
    if len(headers) < 2:
        sys.exit(f'there is nothing to compile under {INCLUDE}')
    report([(f'{name} alone', functools.partial(header_alone, compiler, name)) for name in headers])


if __name__ == '__main__':
    main(*sys.argv[1:])
