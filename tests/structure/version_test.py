# SPDX-License-Identifier: MIT
"""The version is told in include/tacho/version.hpp. What repeats it agrees: version_test.py VERSION-THAT-MESON-READ"""
import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
HEADER = (ROOT / 'include/tacho/version.hpp').read_text()
VERSION = re.search(r'\bversion\[\] = "([^"]+)";', HEADER).group(1)


class the_version(unittest.TestCase):
    def test_has_three_numbers_that_the_macros_have_too(self):
        self.assertRegex(VERSION, r'^\d+\.\d+\.\d+$')
        self.assertEqual('.'.join(re.findall(r'^#define TACHO_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)$', HEADER, re.M)),
                         VERSION)

    def test_is_what_meson_reads_and_hands_to_pkg_config_and_cmake(self):
        self.assertEqual(MESON, VERSION)

    def test_is_that_of_the_namespace(self):
        major, minor, _ = VERSION.split('.')
        self.assertIn(f'#define TACHO_ABI v{major if major != "0" else f"0_{minor}"}\n', HEADER)

    def test_heads_the_changelog(self):
        head = re.search(r'^## (.*)$', (ROOT / 'CHANGELOG.md').read_text(), re.M).group(1)
        self.assertRegex(head, rf'^{re.escape(VERSION)}, (not released yet|\d{{4}}-\d\d-\d\d)$')

    def test_heads_the_single_headers(self):
        for name in ('tacho', 'record', 'testing'):
            with open(ROOT / f'single_include/tacho/{name}.hpp') as header:
                self.assertTrue(header.readline().startswith(f'// tacho {VERSION}: '), name)


if __name__ == '__main__':
    MESON = sys.argv.pop()
    unittest.main()
