# SPDX-License-Identifier: MIT
"""Builds somebody else's project as Meson does where no package of a library is installed and it has fetched what the
wraps name: from_sources.py SOURCES. Nothing is downloaded from where the wraps say. In place of that: the sources of
the packages that this system has, in the folders and with the patches that the wraps tell."""
import configparser
import json
import os
import pathlib
import shutil

from ways import PROJECT, Skipped, run, try_each

GOOGLETEST = pathlib.Path('/usr/src/googletest')
PACKAGES = {'fmt': 'fmtlib', 'cpp-httplib': 'cpp-httplib', 'curl': 'curl', 'zlib': 'zlib', 'benchmark': 'benchmark'}
ORIGINS = ('Debian', 'Ubuntu')


def apt_sources(folder):
    """Options that make apt-get know the sources where it knows the packages, and change nothing of the system's."""
    fields = '$(ORIGIN)|$(REPO_URI)|$(RELEASE)|$(COMPONENT)'
    targets = run('apt-get', 'indextargets', 'Created-By: Packages', '--format', fields)
    places = {line.split('|', 1)[1].replace('|', ' ') for line in targets.splitlines() if line.startswith(ORIGINS)}
    (folder / 'lists/partial').mkdir(parents=True)
    # What several have comes from the first: the distribution goes before what is added to it, which may lack files.
    in_order = sorted(places, key=lambda place: (len(place), place))
    (folder / 'sources.list').write_text(''.join(f'deb-src {place}\n' for place in in_order))
    return ['-o', f'Dir::Etc::sourcelist={folder}/sources.list', '-o', 'Dir::Etc::sourceparts=/dev/null',
            '-o', f'Dir::State::lists={folder}/lists', '-o', f'APT::Sandbox::User={os.environ.get("USER", "root")}']


def sources_of(folder):
    """The folder of each library's sources, by the name of its wrap."""
    if shutil.which('apt-get') is None or shutil.which('dpkg-source') is None:
        raise Skipped('there is no apt-get with dpkg-source, by which to have the sources of packages')
    if not GOOGLETEST.exists():
        raise Skipped(f'there is no {GOOGLETEST}: install googletest')
    found = {'googletest': GOOGLETEST}
    try:
        options = apt_sources(folder)
        run('apt-get', *options, 'update')
        for wrap, package in PACKAGES.items():
            into = folder / wrap
            into.mkdir()
            run('apt-get', *options, 'source', package, cwd=into)
            found[wrap] = next(path for path in into.iterdir() if path.is_dir())
    except RuntimeError as why:
        raise Skipped('the sources of packages are not to be had: ' + ' '.join(str(why).split())[:300])
    return found


def no_package_of_a_library(sources, folder):
    project, build = folder / 'project', folder / 'build'
    (folder / 'apt').mkdir()
    found = sources_of(folder / 'apt')
    shutil.copytree(PROJECT, project)
    subprojects = project / 'subprojects'
    shutil.copytree(sources, subprojects / 'tacho', ignore=shutil.ignore_patterns('build', '.git'))
    wraps = {path.stem: path for path in (sources / 'subprojects').glob('*.wrap')}
    if set(wraps) != set(found):
        raise RuntimeError(f'there are wraps of {sorted(wraps)}, and sources of {sorted(found)}')
    for name, wrap in wraps.items():
        parser = configparser.ConfigParser(interpolation=None)
        parser.read(wrap)
        shutil.copytree(found[name], subprojects / name, symlinks=True)
        if patch := parser['wrap-git'].get('patch_directory'):
            shutil.copytree(sources / 'subprojects/packagefiles' / patch, subprojects / name, dirs_exist_ok=True)
    run('meson', 'setup', '--wrap-mode=nodownload', '--force-fallback-for=tacho,' + ','.join(sorted(wraps)),
        '-Doptimization=0', '-Ddebug=false', '-Dtested=true', '-Dbeast=disabled', '-Dtacho:httplib=enabled',
        '-Dtacho:curl=enabled', '-Dtacho:zlib=enabled', build, project)
    used = {one['name'] for one in json.loads(run('meson', 'introspect', '--projectinfo', build))['subprojects']}
    if used != set(wraps) | {'tacho'}:
        raise RuntimeError(f'of the wraps only {sorted(used)} are used')
    run('meson', 'test', '-C', build)


if __name__ == '__main__':
    try_each(no_package_of_a_library)
