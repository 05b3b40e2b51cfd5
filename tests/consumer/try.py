# SPDX-License-Identifier: MIT
"""Builds somebody else's project with tacho in it, in each way that is offered: try.py SOURCES"""
import json
import os
import shlex
import shutil

from ways import PROJECT, run, try_each

CMAKE = """cmake_minimum_required(VERSION 3.18)
project(app CXX)
set(needs mine)
find_package(tacho {version} REQUIRED COMPONENTS httplib beast curl zlib OPTIONAL_COMPONENTS none)
if(tacho_none_FOUND OR NOT needs STREQUAL mine)
  message(FATAL_ERROR "there is no adapter of the name none, and its variables are the project's")
endif()
add_executable(app main.cpp)
target_link_libraries(app PRIVATE tacho::tacho)
foreach(adapter httplib beast curl zlib)
  add_executable(${{adapter}} ${{adapter}}.cpp)
  target_link_libraries(${{adapter}} PRIVATE tacho::${{adapter}})
endforeach()
target_link_libraries(curl PRIVATE tacho::httplib)
"""


def as_subproject(sources, folder):
    """A copy under subprojects/; nothing is downloaded, and nothing of tacho's own tests or examples is built."""
    project, build = folder / 'project', folder / 'build'
    shutil.copytree(PROJECT, project)
    shutil.copytree(sources, project / 'subprojects/tacho', ignore=shutil.ignore_patterns('build', '.git'))
    run('meson', 'setup', '--wrap-mode=nodownload', '--force-fallback-for=tacho', '-Doptimization=0', '-Ddebug=false',
        build, project)
    names = [test['name'] for test in json.loads(run('meson', 'introspect', '--tests', build))]
    if len(names) != 6 or not all(name.startswith('it ') for name in names):
        raise RuntimeError(f'the project has six tests, but there are {names}')
    run('meson', 'test', '-C', build)


def install(sources, folder):
    """The prefix under which it is installed."""
    build, prefix = folder / 'build', folder / 'prefix'
    run('meson', 'setup', '--prefix', prefix, '-Dtests=disabled', '-Dexamples=disabled', '-Dbench=disabled', build,
        sources)
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
    for name in ('app', 'httplib', 'beast', 'curl', 'zlib'):
        run(build / name)
    lists = (project / 'CMakeLists.txt').read_text()
    for was, asked, why_not in (
            ('COMPONENTS httplib', 'COMPONENTS other httplib', 'they are httplib, beast, curl and zlib'),
            (f'tacho {version}', 'tacho 0.0.1', 'compatible with requested version "0.0.1"')):
        (project / 'CMakeLists.txt').write_text(lists.replace(was, asked, 1))
        try:
            said = run('cmake', '-S', project, '-B', build)
        except RuntimeError as why:
            said = str(why)
        if why_not not in ' '.join(said.split()):
            raise RuntimeError(f'{asked} is found, or it is not said why not: {said}')


def found_by_pkg_config(sources, folder):
    """Installed, then found by pkg-config alone: the library, and each adapter by a name of its own."""
    prefix, program = install(sources, folder), folder / 'program'
    found = os.environ | {'PKG_CONFIG_PATH': str(prefix / 'share/pkgconfig')}
    version = json.loads(run('meson', 'introspect', '--projectinfo', folder / 'build'))['version']
    for file, names in {'main.cpp': ['tacho'], 'zlib.cpp': ['tacho-zlib'], 'beast.cpp': ['tacho-beast'],
                        'curl.cpp': ['tacho-curl', 'tacho-httplib']}.items():
        flags = shlex.split(run('pkg-config', '--cflags', '--libs', *names, env=found))
        if f'-I{prefix}/include' not in flags:
            raise RuntimeError(f'pkg-config does not name the include folder: {flags}')
        if set(run('pkg-config', '--modversion', *names, env=found).split()) != {version}:
            raise RuntimeError(f'pkg-config says another version of {names} than {version}')
        run('c++', '-std=c++20', PROJECT / file, *flags, '-o', program)
        run(program)


if __name__ == '__main__':
    try_each(as_subproject, found_by_pkg_config, found_by_cmake)
