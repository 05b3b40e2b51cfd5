# SPDX-License-Identifier: MIT
"""What the checks that call compilers have in common. Each check is a name and a function that says what is wrong."""
import concurrent.futures
import os
import pathlib
import shlex
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE, SINGLE = ROOT / 'include', ROOT / 'single_include'
DROP_IN = ROOT / 'tests/structure/drop_in'
FLAGS = ['-std=c++20', '-Wall', '-Wextra', '-Wpedantic', '-Wconversion', '-Wsign-conversion', '-Wshadow',
         '-Wold-style-cast', '-Wundef', '-Werror', '-DFMT_HEADER_ONLY']


def run(*command, text=''):
    """The exit status and all that was printed."""
    done = subprocess.run([str(word) for word in command], input=text, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def compile_text(compiler, text, *flags):
    """Checks one file that is given as text; what the compiler says, or nothing when it is content."""
    status, said = run(*shlex.split(compiler), *FLAGS, *flags, '-fsyntax-only', '-x', 'c++', '-', text=text)
    return said or 'it failed without a word' if status != 0 else ''


def compiled(compiler, source, to, *flags):
    """Makes an object file, which a compiler's cache can keep as it can't what is only checked; what the compiler says,
    or nothing when it is content."""
    status, said = run(*shlex.split(compiler), *flags, '-c', source, '-o', to)
    return said or 'it failed without a word' if status != 0 else ''


def report(checks):
    """Runs the checks, as many at a time as there are processors, and prints a TAP line for each. What begins with SKIP
    is why one could not be made."""
    print(f'1..{len(checks)}')
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        wrongs = pool.map(lambda check: check[1](), checks)
        for number, ((name, _), wrong) in enumerate(zip(checks, wrongs), 1):
            if wrong.startswith('SKIP '):
                print(f'ok {number} - {name} # {wrong}', flush=True)
                continue
            print(f'{"not ok" if wrong else "ok"} {number} - {name}', flush=True)
            for line in wrong.splitlines()[:40]:
                print(f'# {line}')
