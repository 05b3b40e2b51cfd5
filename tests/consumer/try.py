"""Builds somebody else's project with tacho in it, in each way that is offered: try.py SOURCES"""
import json
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile

PROJECT = pathlib.Path(__file__).resolve().parent / 'project'


def run(*command, **options):
    done = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          **options)
    if done.returncode != 0:
        raise RuntimeError(f'{shlex.join(str(c) for c in command)}: {done.stdout}')
    return done.stdout


def as_subproject(sources, folder):
    """A copy under subprojects/; nothing is downloaded, and nothing of tacho's own tests or examples is built."""
    project, build = folder / 'project', folder / 'build'
    shutil.copytree(PROJECT, project)
    shutil.copytree(sources, project / 'subprojects/tacho', ignore=shutil.ignore_patterns('build', '.git'))
    run('meson', 'setup', '--wrap-mode=nodownload', '--force-fallback-for=tacho', build, project)
    names = [test['name'] for test in json.loads(run('meson', 'introspect', '--tests', build))]
    if names != ['it records']:
        raise RuntimeError(f'the project has one test, but there are {names}')
    run('meson', 'test', '-C', build)


def installed(sources, folder):
    """Installed, then found by pkg-config alone."""
    build, prefix, program = folder / 'build', folder / 'prefix', folder / 'program'
    run('meson', 'setup', '--prefix', prefix, '-Dtests=disabled', '-Dexamples=disabled', '-Dbench=disabled', build, sources)
    run('meson', 'install', '-C', build)
    found = os.environ | {'PKG_CONFIG_PATH': str(prefix / 'share/pkgconfig')}
    flags = shlex.split(run('pkg-config', '--cflags', '--libs', 'tacho', env=found))
    if f'-I{prefix}/include' not in flags:
        raise RuntimeError(f'pkg-config does not name the include folder: {flags}')
    run('c++', '-std=c++20', PROJECT / 'main.cpp', *flags, '-o', program)
    run(program)


def main(sources):
    print('1..2')
    for number, way in enumerate((as_subproject, installed), 1):
        with tempfile.TemporaryDirectory() as folder:
            try:
                way(sources, pathlib.Path(folder))
                print(f'ok {number} - {way.__name__}')
            except RuntimeError as why:
                print(f'not ok {number} - {way.__name__}')
                print('# ' + str(why).replace('\n', '\n# '))


if __name__ == '__main__':
    main(pathlib.Path(sys.argv[1]))
