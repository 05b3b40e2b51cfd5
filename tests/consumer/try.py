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
CMAKE = """cmake_minimum_required(VERSION 3.18)
project(app CXX)
find_package(tacho {version} REQUIRED)
add_executable(app main.cpp)
target_link_libraries(app PRIVATE tacho::tacho)
"""


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
    if names != ['it records', 'it records, compiled once']:
        raise RuntimeError(f'the project has two tests, but there are {names}')
    run('meson', 'test', '-C', build)


def install(sources, folder):
    """The prefix under which it is installed."""
    build, prefix = folder / 'build', folder / 'prefix'
    run('meson', 'setup', '--prefix', prefix, '-Dtests=disabled', '-Dexamples=disabled', '-Dbench=disabled', build, sources)
    run('meson', 'install', '-C', build)
    return prefix


def found_by_cmake(sources, folder):
    """Installed, then found by find_package() alone, in a project that asks for its version."""
    prefix, project, build = install(sources, folder), folder / 'project', folder / 'by-cmake'
    shutil.copytree(PROJECT, project)
    version = json.loads(run('meson', 'introspect', '--projectinfo', folder / 'build'))['version']
    (project / 'CMakeLists.txt').write_text(CMAKE.format(version=version))
    run('cmake', '-S', project, '-B', build, f'-DCMAKE_PREFIX_PATH={prefix}')
    run('cmake', '--build', build)
    run(build / 'app')


def found_by_pkg_config(sources, folder):
    """Installed, then found by pkg-config alone."""
    prefix, program = install(sources, folder), folder / 'program'
    found = os.environ | {'PKG_CONFIG_PATH': str(prefix / 'share/pkgconfig')}
    flags = shlex.split(run('pkg-config', '--cflags', '--libs', 'tacho', env=found))
    if f'-I{prefix}/include' not in flags:
        raise RuntimeError(f'pkg-config does not name the include folder: {flags}')
    run('c++', '-std=c++20', PROJECT / 'main.cpp', *flags, '-o', program)
    run(program)


def main(sources):
    ways = as_subproject, found_by_pkg_config, found_by_cmake
    print(f'1..{len(ways)}')
    for number, way in enumerate(ways, 1):
        with tempfile.TemporaryDirectory() as folder:
            try:
                way(sources, pathlib.Path(folder))
                print(f'ok {number} - {way.__name__}')
            except RuntimeError as why:
                print(f'not ok {number} - {way.__name__}')
                print('# ' + str(why).replace('\n', '\n# '))


if __name__ == '__main__':
    main(pathlib.Path(sys.argv[1]))
