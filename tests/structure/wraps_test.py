# SPDX-License-Identifier: MIT
"""The wraps of subprojects/, by which Meson fetches what no package of is installed, are whole and are asked for."""
import configparser
import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / 'subprojects'
# What is asked for and has no wrap: a system has it, or docs/building.md says why not.
WITHOUT = {'threads', 'openssl', 'boost', 'prometheus-cpp-core'}


def wraps():
    for path in sorted(FOLDER.glob('*.wrap')):
        parser = configparser.ConfigParser(interpolation=None)
        parser.read(path)
        yield path.stem, parser


def provided(parser):
    return [name.strip() for name in parser['provide']['dependency_names'].split(',')]


def asked_for():
    """The names in each meson.build that are not of this project."""
    for path in [ROOT / 'meson.build', *ROOT.glob('*/meson.build'), *ROOT.glob('tests/*/meson.build')]:
        for name in re.findall(r"\bdependency\(\s*'([\w-]+)'", path.read_text()):
            if not name.startswith('tacho'):
                yield name


class the_wraps(unittest.TestCase):
    def test_pin_a_revision(self):
        for name, parser in wraps():
            with self.subTest(name):
                self.assertRegex(parser['wrap-git']['revision'], '^[0-9a-f]{40}$')
                self.assertEqual(parser['wrap-git']['depth'], '1')

    def test_have_the_folder_that_they_patch_with(self):
        patched = {parser['wrap-git'].get('patch_directory') for _, parser in wraps()} - {None}
        self.assertEqual(patched, {path.name for path in (FOLDER / 'packagefiles').iterdir()})

    def test_provide_what_is_overridden(self):
        for name, parser in wraps():
            build = FOLDER / 'packagefiles' / name / 'meson.build'
            if not build.exists():  # the project's own does
                continue
            with self.subTest(name):
                text = build.read_text()
                said = set(re.findall(r"meson\.override_dependency\(\s*'([\w-]+)'", text))
                if 'override_dependency(name' in text:  # in a loop
                    for base in re.findall(r"'(\w+)': '\w+'", text):
                        said |= {base, base + '_main'}
                self.assertEqual(set(provided(parser)), said)

    def test_are_asked_for_by_the_names_that_they_provide(self):
        names = {name for _, parser in wraps() for name in provided(parser)}
        asked = set(asked_for())
        self.assertEqual(asked - names - WITHOUT, set(), 'these have no wrap')
        for name, parser in wraps():
            self.assertTrue(asked & set(provided(parser)), f'nobody asks for what {name}.wrap provides')


if __name__ == '__main__':
    unittest.main()
