# SPDX-License-Identifier: MIT
"""Each thing that amalgamate.py refuses, and beside it the same tree without the fault, which it takes."""
import importlib.util
import pathlib
import re
import sys
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / 'single_include/amalgamate.py'
sys.dont_write_bytecode = True
spec = importlib.util.spec_from_file_location('amalgamate', SCRIPT)
amalgamate = importlib.util.module_from_spec(spec)
spec.loader.exec_module(amalgamate)


def header(*lines):
    return '\n'.join(('// tacho: something.', '#pragma once') + lines) + '\n'


def including(*names):
    return header(*(f'#include "tacho/{name}"' for name in names))


VERSION = header('#define TACHO_VERSION_MAJOR 1', '#define TACHO_VERSION_MINOR 2', '#define TACHO_VERSION_PATCH 3',
                 'inline constexpr char version[] = "1.2.3";')

# A small tree without a fault.
SOUND = {
    'include/tacho/version.hpp': VERSION,
    'include/tacho/tacho.hpp': including('record.hpp', 'telemetry.hpp'),
    'include/tacho/record.hpp': including('core/word.hpp', 'registry/list.hpp', 'version.hpp'),
    'include/tacho/testing.hpp': including('tacho.hpp', 'testing/reading.hpp'),
    'include/tacho/testing/reading.hpp': including('core/word.hpp'),
    'include/tacho/telemetry.hpp': header('#include <fmt/format.h>', '#include "tacho/env/reader.hpp"'),
    'include/tacho/core/word.hpp': header('#include <string>', '#include <array>', 'struct word {};'),
    'include/tacho/registry/list.hpp': header('#include "tacho/core/word.hpp"', '#include <array>', 'struct list {};'),
    'include/tacho/env/reader.hpp': including('core/word.hpp'),
    'include/tacho/adapter/server.hpp': header('#include "tacho/tacho.hpp"', '#include <server.h>'),
}

# What is wrong: the words of the refusal, the faulty file, its faulty text, and a text beside it that is right.
WORD, LIST, READER = ('include/tacho/core/word.hpp', 'include/tacho/registry/list.hpp', 'include/tacho/env/reader.hpp')
FAULTS = {
    'a version that disagrees': (
        'other numbers (1.2.4) than text', 'include/tacho/version.hpp', VERSION.replace('PATCH 3', 'PATCH 4'), VERSION),
    'a version text that disagrees': (
        'other numbers (1.2.3) than text', 'include/tacho/version.hpp', VERSION.replace('"1.2.3"', '"1.2.4"'), VERSION),
    'a character beyond ASCII': ('ASCII', WORD, header('// caf\xe9'), header('// cafe')),
    'a first line that says nothing': (
        'first line', WORD, '#pragma once\n', '// tacho: a word.\n#pragma once\n'),
    'no #pragma once': ('#pragma once', WORD, '// tacho: a word.\n', header()),
    'too many lines': ('351 lines', WORD, header(*['//'] * 349), header(*['//'] * 348)),
    'a line that is too wide': ('word.hpp:3: is wider', WORD, header('/' * 121), header('/' * 120)),
    'a cycle': ('core/word.hpp -> tacho/core/word.hpp', WORD, including('core/word.hpp'), header()),
    'an include upwards': (
        'word.hpp:3: core may not include registry', WORD, including('registry/list.hpp'), header()),
    'an include across': (
        'registry may not include env', LIST, including('env/reader.hpp'), including('core/word.hpp')),
    'a folder that the table does not know': (
        'registry may not include other', LIST, including('other/thing.hpp'), including('core/word.hpp')),
    'an entrance included from below': (
        'registry may not include record.hpp', LIST, including('record.hpp'), including('version.hpp')),
    'what is for tests included': (
        'env may not include testing', READER, including('testing/reading.hpp'), including('core/word.hpp')),
    'an adapter included': (
        'env may not include adapter', READER, including('adapter/server.hpp'), including('core/word.hpp')),
    'an adapter that looks inside': (
        'adapter may not include core', 'include/tacho/adapter/server.hpp', including('core/word.hpp'),
        including('tacho.hpp')),
    'a light entrance with more than recording': (
        'record.hpp may not include env', 'include/tacho/record.hpp', including('env/reader.hpp', 'registry/list.hpp'),
        including('core/word.hpp', 'registry/list.hpp', 'version.hpp')),
    'a light entrance that reaches {fmt}': (
        'reaches {fmt}', LIST, header('#include <fmt/format.h>'), header('#include <string>')),
    'an include under a condition': (
        'under a condition', LIST, header('#ifdef X', '#include "tacho/core/word.hpp"', '#endif'),
        header('#ifdef X', '#endif', '#include "tacho/core/word.hpp"')),
    'an include under an indented condition': (
        'under a condition', LIST, header('#ifdef X', '#else', '  # if 1', '#include "tacho/core/word.hpp"', '#endif',
                                          '#endif'), header('#ifdef X', '# endif', '#include "tacho/core/word.hpp"')),
    'an include in angle brackets': (
        'is included as', LIST, header('#include <tacho/core/word.hpp>'), including('core/word.hpp')),
    'an include relative to the file': (
        'is included as', LIST, header('#include "list.hpp"'), header('#include <list.hpp>')),
    'a header that does not exist': (
        'list.hpp: includes tacho/core/none.hpp', LIST, including('core/none.hpp'), including('core/word.hpp')),
    'a header that nothing reaches': (
        'no entrance reaches it', 'include/tacho/core/lost.hpp', header(), None),
}


def products(change=None):
    with tempfile.TemporaryDirectory() as root:
        for name, text in {**SOUND, **(change or {})}.items():
            if text is not None:
                path = pathlib.Path(root, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding='utf-8')
        return amalgamate.Tree(root).products()


class amalgamation(unittest.TestCase):
    def test_refuses_every_fault_and_takes_its_twin(self):
        for name, (words, file, faulty, right) in FAULTS.items():
            with self.subTest(name):
                with self.assertRaisesRegex(amalgamate.Refused, re.escape(words)):
                    products({file: faulty})
                products({file: right})

    def test_makes_one_product_for_each_entrance_and_adapter(self):
        self.assertEqual(sorted(products()),
                         ['tacho/adapter/server.hpp', 'tacho/record.hpp', 'tacho/tacho.hpp', 'tacho/testing.hpp'])

    def test_takes_each_part_once_after_those_it_includes(self):
        text = products()['tacho/tacho.hpp']
        self.assertEqual(re.findall(r'^// ---- tacho/(\S+)', text, re.M),
                         ['core/word.hpp', 'registry/list.hpp', 'version.hpp', 'record.hpp', 'env/reader.hpp',
                          'telemetry.hpp', 'tacho.hpp'])
        self.assertNotIn('#include "', text)

    def test_includes_the_product_that_another_one_stands_on(self):
        text = products()['tacho/testing.hpp']
        self.assertEqual(re.findall(r'^// ---- tacho/(\S+)', text, re.M), ['testing/reading.hpp', 'testing.hpp'])
        self.assertEqual(re.findall(r'^#include "(\S+)"', text, re.M), ['tacho/tacho.hpp'])

    def test_hoists_system_includes_once_and_sorted(self):
        found = re.findall(r'^#include <(\S+)>', products()['tacho/tacho.hpp'], re.M)
        self.assertEqual(found, ['array', 'fmt/format.h', 'string'])

    def test_leaves_a_system_include_under_its_condition(self):
        text = products({WORD: header('#ifdef X', '#include <x.h>', '#endif')})['tacho/record.hpp']
        self.assertIn('#ifdef X\n#include <x.h>\n#endif', text)

    def test_says_where_fmt_comes_from_only_where_it_is_needed(self):
        self.assertIn('#error', products()['tacho/tacho.hpp'])
        self.assertNotIn('fmt', products()['tacho/record.hpp'])

    def test_has_the_line_of_the_licence_once_and_counts_it_nowhere(self):
        licensed = {name: f'{amalgamate.LICENCE}\n{text}' for name, text in SOUND.items()}
        licensed[WORD] = f'{amalgamate.LICENCE}\n' + header(*['//'] * 348)
        for name, text in products(licensed).items():
            with self.subTest(name):
                self.assertEqual(text.count(amalgamate.LICENCE), 1)
        with self.assertRaisesRegex(amalgamate.Refused, 'word.hpp:4: is wider'):
            products({WORD: f'{amalgamate.LICENCE}\n' + header('/' * 121)})

    def test_gives_the_same_bytes_every_time(self):
        self.assertEqual(products(), products())


if __name__ == '__main__':
    unittest.main()
