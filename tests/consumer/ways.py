# SPDX-License-Identifier: MIT
"""What the tests of tacho's use by others have in common."""
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

PROJECT = pathlib.Path(__file__).resolve().parent / 'project'


class Skipped(Exception):
    """A way that can't be tried here; its text says why."""


def run(*command, **options):
    done = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          **options)
    if done.returncode != 0:
        raise RuntimeError(f'{shlex.join(str(c) for c in command)}: {done.stdout}')
    return done.stdout


def try_each(*ways):
    """Each with the sources, which are the first argument, and a folder of its own; a TAP line for each."""
    sources = pathlib.Path(sys.argv[1]).resolve()
    print(f'1..{len(ways)}')
    for number, way in enumerate(ways, 1):
        with tempfile.TemporaryDirectory() as folder:
            try:
                way(sources, pathlib.Path(folder))
                print(f'ok {number} - {way.__name__}', flush=True)
            except Skipped as why:
                print(f'ok {number} - {way.__name__} # SKIP {why}', flush=True)
            except RuntimeError as why:
                print(f'not ok {number} - {way.__name__}')
                said = [line for line in str(why).splitlines() if not re.match(r'\[\d+/\d+\]', line)]
                print('# ' + '\n# '.join(said[-60:]), flush=True)
