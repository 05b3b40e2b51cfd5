# SPDX-License-Identifier: MIT
"""Makes a release of these sources with .ci/release, in a repository of their own, and tries what it should refuse."""
import hashlib
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile

from toolchain import ROOT, report, run

sys.dont_write_bytecode = True
VERSION = re.search(r'\bversion\[\] = "([^"]+)"', (ROOT / 'include/tacho/version.hpp').read_text()).group(1)


class Repository:
    """A copy of the sources as one commit, with single headers that are fresh, and a CHANGELOG with a date."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder) / 'sources'
        shutil.copytree(ROOT, self.folder, ignore=shutil.ignore_patterns('.git', 'build', '__pycache__'))
        self.head_changelog(f'{VERSION}, 2026-01-31')
        self.does(sys.executable, 'single_include/amalgamate.py')
        self.does('git', 'init', '--quiet')
        self.commit()

    def does(self, *command):
        status, said = run('env', '-C', self.folder, 'GIT_CONFIG_GLOBAL=/dev/null', *command)
        if status != 0:
            raise RuntimeError(f'{command}: {said}')
        return said

    def commit(self):
        self.does('git', 'add', '--all')
        self.does('git', '-c', 'user.name=A', '-c', 'user.email=a@b', 'commit', '--quiet', '--message=All')

    def head_changelog(self, head):
        path = self.folder / 'CHANGELOG.md'
        path.write_text(re.sub(r'^## .*$', f'## {head}', path.read_text(), count=1, flags=re.M))

    def release(self, folder):
        return run(self.folder / '.ci/release', 'HEAD', folder)


def in_a_repository(check):
    def made():
        with tempfile.TemporaryDirectory() as folder:
            try:
                return check(Repository(folder), pathlib.Path(folder))
            except RuntimeError as why:
                return str(why)
    return made


def contents(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def wrong_with_release(repository, scratch):
    repository.does('git', 'tag', f'v{VERSION}')
    status, said = repository.release(scratch / 'one')
    if status != 0 or not said.startswith(f'{VERSION} is in '):
        return f'exit status {status}: {said}'
    made = contents(scratch / 'one')
    expected = {f'tacho-{VERSION}.tar.gz', f'tacho-{VERSION}-headers.tar.gz', 'tacho.hpp', 'record.hpp', 'SHA256SUMS'}
    if set(made) != expected:
        return f'it makes {sorted(made)}'
    for name, entry in ((f'tacho-{VERSION}', 'meson.build'), (f'tacho-{VERSION}-headers', 'LICENSE')):
        with tarfile.open(scratch / f'one/{name}.tar.gz') as archive:
            names = archive.getnames()
        if f'{name}/{entry}' not in names or not all(n.split('/')[0] == name for n in names):
            return f'{name}.tar.gz has {names[:9]}'
    # Another clone, later: the same bytes. What is in them has been built already.
    again = scratch / 'again'
    subprocess.run(['git', 'clone', '--quiet', repository.folder, again], check=True, capture_output=True)
    more = ('import hashlib, importlib.machinery as m; release = m.SourceFileLoader("release", ".ci/release").'
            'load_module(); [print(hashlib.sha256(content).hexdigest(), name) for name, content in '
            f'release.assets("HEAD", "{VERSION}").items()]')
    # By someone whose git would leave out files, and change their lines.
    (scratch / 'attributes').write_text('*.hpp text eol=crlf\nREADME.md export-ignore\n')
    by_another = ['GIT_CONFIG_COUNT=1', 'GIT_CONFIG_KEY_0=core.attributesFile',
                  f'GIT_CONFIG_VALUE_0={scratch / "attributes"}']
    status, said = run('env', '-C', again, *by_another, sys.executable, '-B', '-W', 'ignore', '-c', more)
    if status != 0:
        return said
    return '' if dict(reversed(line.split()) for line in said.splitlines()) == made else 'another time: other bytes'


def wrong_with_refusal(words, change):
    """A release after a change; nothing is left of it but what says why not."""
    def check(repository, scratch):
        change(repository)
        status, said = repository.release(scratch / 'none')
        if (scratch / 'none').exists():
            return 'it has left what it refused'
        return '' if status != 0 and 'refused: ' in said and words in said else f'exit status {status}: {said}'
    return in_a_repository(check)


def other_changelog(repository):
    repository.head_changelog('9.9.9, 2026-01-31')
    repository.commit()


def no_date(repository):
    repository.head_changelog(f'{VERSION}, not released yet')
    repository.commit()
    repository.does('git', 'tag', f'v{VERSION}')


def other_tag(repository):
    repository.does('git', 'tag', 'v9.9.9')


def old_tag(repository):
    repository.does('git', 'tag', f'v{VERSION}')
    (repository.folder / 'README.md').write_text('more\n')
    repository.commit()


def stale_header(repository):
    with open(repository.folder / 'single_include/tacho/record.hpp', 'a') as header:
        header.write('// by hand\n')
    repository.commit()


def own_attributes(repository):
    (repository.folder / '.git/info').mkdir(exist_ok=True)
    (repository.folder / '.git/info/attributes').write_text('README.md export-ignore\n')


def wrong_below_a_file(repository, scratch):
    (scratch / 'file').write_text('')
    status, said = repository.release(scratch / 'file/none')
    return '' if status != 0 and 'refused: ' in said and 'can be no folder' in said else f'exit status {status}: {said}'


report([
    ('a release is whole, builds from its archive, and is the same bytes the next time',
     in_a_repository(wrong_with_release)),
    ('a release is refused when CHANGELOG.md is headed by another version',
     wrong_with_refusal('is headed "9.9.9', other_changelog)),
    ('a release is refused when it is tagged and has no date', wrong_with_refusal('write the date', no_date)),
    ('a release is refused when it is tagged as another version', wrong_with_refusal('is tagged v9.9.9', other_tag)),
    ('a release is refused when the version was another commit', wrong_with_refusal('raise the version', old_tag)),
    ('a release is refused when a single header is stale', wrong_with_refusal('is stale', stale_header)),
    ('a release is refused when the repository has attributes of its own',
     wrong_with_refusal('would change what is packed', own_attributes)),
    ('a release is refused where no folder can be', in_a_repository(wrong_below_a_file)),
])
