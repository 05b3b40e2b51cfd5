# SPDX-License-Identifier: MIT
"""Each source file says at its head under which licence it is, in the words that tools look for."""
import pathlib
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORDS = 'SPDX-License-Identifier: MIT'
# What is built or fetched, what is data, and what has no room for a remark or is read by people.
FOLDERS = ('.git', 'build', '__pycache__', 'tests/fuzz/corpus', 'tests/golden')
OTHERS = {'.md', '.json', '.clang-format', '.clang-tidy', '.editorconfig', '.gitattributes', '.gitignore', 'LICENSE'}


def files():
    """What git knows, where it is there: build folders have any name, and tools keep their notes beside the sources."""
    if (ROOT / '.git').exists():
        names = subprocess.run(['git', 'ls-files', '-z'], cwd=ROOT, check=True, capture_output=True, text=True).stdout
        return [ROOT / name for name in names.split('\0') if name]
    return ROOT.rglob('*')


def sources():
    for path in sorted(files()):
        name = path.relative_to(ROOT)
        fetched = name.parts[0] == 'subprojects' and len(name.parts) > 2 and name.parts[1] != 'packagefiles'
        inside = any(name.is_relative_to(folder) or folder in name.parts for folder in FOLDERS)
        kind = path.suffix or path.name
        if path.is_file() and not path.is_symlink() and not fetched and not inside and kind not in OTHERS:
            yield path


class the_licence(unittest.TestCase):
    def test_is_that_of_the_file_LICENSE(self):
        self.assertTrue((ROOT / 'LICENSE').read_text().startswith('MIT License\n'))
        self.assertIn("license: 'MIT',\n", (ROOT / 'meson.build').read_text())

    def test_heads_each_source_file_once(self):
        found = 0
        for path in sources():
            found += 1
            with self.subTest(path.relative_to(ROOT)):
                lines = path.read_text(errors='replace').splitlines()
                start = 1 if lines[:1] and lines[0].startswith('#!') else 0
                # The single headers say first what they are, and of what they need.
                head = lines[start:start + (4 if 'single_include' in path.parts else 1)]
                self.assertTrue(any(line in (f'// {WORDS}', f'# {WORDS}') for line in head), 'add it as the first line')
                # This file and the amalgamation have the words in their code, too.
                if path.suffix == '.hpp':
                    self.assertEqual(sum(WORDS in line for line in lines), 1, 'it is there twice')
        self.assertGreater(found, 300)


if __name__ == '__main__':
    unittest.main()
