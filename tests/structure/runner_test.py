# SPDX-License-Identifier: MIT
"""What tests/run refuses before it does anything, and what tests/count.py makes of what Meson found."""
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def run(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


class what_is_asked_of_tests_run(unittest.TestCase):
    def test_is_refused_where_it_is_not_as_it_must_be(self):
        for words, said in {
            ('--within',): 'a number of minutes, which "" is not',
            ('--within', '1.5', 'gcc'): 'a number of minutes, which "1.5" is not',
            ('--within', '08', 'gcc'): '"08"',
            ('--within', '0', 'gcc'): '"0"',
            ('--within', '5 0', 'gcc'): '"5 0"',
            ('--within', '5', 'gcc', 'nonsense'): 'no leg is called "nonsense"; they are gcc clang tsan ',
            ('gcc', '--within', '5'): 'no leg is called "--within"',
            ('gcc clang',): 'no leg is called "gcc clang"',
            ('',): 'no leg is called ""',
            ('gcc', 'clang', 'gcc'): 'the leg gcc is named twice',
        }.items():
            with self.subTest(words):
                status, out, err = run(ROOT / 'tests/run', *words)
                self.assertEqual((status, out), (2, ''))
                self.assertIn(said, err)

    def test_names_the_legs_of_its_head_all_but_one_of_which_ci_runs(self):
        _, _, err = run(ROOT / 'tests/run', 'nonsense')
        legs = err.split('; they are ')[1].split()
        lines = (ROOT / 'tests/run').read_text().splitlines()
        head = [line.split()[1] for line in lines if line.startswith('#     ') and line[6] != ' ']
        self.assertEqual(sorted(legs), sorted(head))
        ci = re.search(r'set -- --within \d+ (.*)', (ROOT / '.ci/run').read_text().replace('\\\n', ''))[1].split()
        self.assertEqual(set(legs) - set(ci), {'fuzz'})


class what_is_asked_of_any_script(unittest.TestCase):
    def test_is_told_or_refused_before_anything_is_built(self):
        for script, option in {'bench/run': '--quick', 'examples/run': '--whole', 'tests/run': 'ways'}.items():
            with self.subTest(script):
                status, out, err = run(ROOT / script, '--help')
                self.assertEqual((status, err), (0, ''))
                self.assertIn(f'{option} ', out)
                self.assertNotIn('set -', out)
                status, out, err = run(ROOT / script, '--quik')
                self.assertEqual((status, out), (2, ''))
                self.assertIn('"--quik"', err)


# ---- A build folder as Meson leaves it: reports by the name of the suite, and tests by name, with how they ended.

def case(name, within='', of='group'):
    return f'<testcase name="{name}" classname="{of}">{within}</testcase>'


SUITE = 'tacho.tacho:'


class what_was_found(unittest.TestCase):
    def counted(self, suites=None, tests=None, junit=None, skipped=None, said='why'):
        with tempfile.TemporaryDirectory() as folder:
            build = pathlib.Path(folder) / 'leg'
            (build / 'meson-logs').mkdir(parents=True)
            if skipped:
                (build / 'skipped').write_text(skipped)
            if junit is None and suites is not None:
                junit = '<testsuites>' + ''.join(f'<testsuite name="{name}">{"".join(cases)}</testsuite>'
                                                 for name, cases in suites.items()) + '</testsuites>'
            if junit is not None:
                (build / 'meson-logs/testlog.junit.xml').write_text(junit)
            if tests is not None:
                (build / 'meson-logs/testlog.json').write_text(''.join(
                    json.dumps({'name': 'tacho:' + name, 'result': result, 'stdout': said}) + '\n'
                    for name, result in tests.items()))
            status, out, _ = run(sys.executable, ROOT / 'tests/count.py', build)
            return status, out.splitlines()[-1], out

    def test_is_added_up(self):
        good = {SUITE + 'unit / unit.a_group': [case('one'), case('two')], SUITE + 'a / list': [case('1 - first')],
                'tacho': [case('plain')]}
        self.assertEqual(self.counted(good, {'unit / unit': 'OK', 'a / list': 'OK', 'b / plain': 'OK'})[:2],
                         (0, '4 passed, 0 failed'))

    def test_names_what_failed_and_why_something_was_skipped(self):
        status, last, out = self.counted(
            {SUITE + 'unit / unit.a_group': [case('one', '<failure/>'), case('two', '<skipped/>'), case('three')]},
            {'unit / unit': 'FAIL', 'b / plain': 'SKIP'})
        self.assertEqual((status, last), (1, '1 passed, 1 failed'))
        self.assertIn('FAILED leg tacho.tacho:unit / unit.a_group: group one\n', out)
        self.assertIn('SKIPPED leg tacho.tacho:unit / unit.a_group: group two\n', out)
        self.assertIn('SKIPPED leg tacho:b / plain: why\n', out)

    def test_fails_once_where_a_program_without_cases_does(self):
        for result in 'FAIL', 'TIMEOUT', 'ERROR', 'INTERRUPT', 'UNEXPECTEDPASS':
            self.assertEqual(self.counted({'tacho': [case('plain')]}, {'b / plain': result, 'b / other': 'OK'})[:2],
                             (1, '1 passed, 1 failed'), result)

    def test_fails_where_a_program_ended_in_the_midst_of_its_cases(self):
        cases = {SUITE + 'unit / unit.a_group': [case('one'), case('two')]}
        self.assertEqual(self.counted(cases, {'unit / unit': 'FAIL'})[:2], (1, '2 passed, 1 failed'))

    def test_is_not_mixed_up_where_one_name_begins_with_the_other(self):
        cases = {SUITE + 'unit / unit more.a_group': [case('one', '<failure/>')]}
        status, last, out = self.counted(cases, {'unit / unit': 'TIMEOUT', 'unit / unit more': 'FAIL'})
        self.assertEqual((status, last), (1, '0 passed, 2 failed'))
        self.assertIn('FAILED leg tacho:unit / unit: ends well (TIMEOUT)\n', out)

    def test_fails_where_a_case_says_both(self):
        cases = {SUITE + 'unit / unit.a_group': [case('one', '<skipped/><failure/>'), case('two')]}
        self.assertEqual(self.counted(cases, {'unit / unit': 'FAIL'})[:2], (1, '1 passed, 1 failed'))

    def test_fails_where_it_can_not_be_read(self):
        for broken in ({}, {'junit': '<testsuites><testsuite'}, {'suites': {}}, {'suites': {}, 'tests': {}}):
            status, last, out = self.counted(**broken)
            self.assertEqual((status, last), (1, '0 passed, 1 failed'), broken)

    def test_is_read_whatever_a_program_wrote(self):
        junit = ('<?xml version="1.0" encoding="utf-8"?>\n<testsuites><testsuite name="tacho">' +
                 case('plain', '<system-err>\x01\x00\x1b[31m\ufffe</system-err>') + '</testsuite></testsuites>')
        self.assertEqual(self.counted(junit=junit, tests={'b / plain': 'ERROR'})[:2], (1, '0 passed, 1 failed'))
        self.assertEqual(self.counted(junit=junit, tests={'b / plain': 'OK'})[:2], (0, '1 passed, 0 failed'))

    def test_fails_where_nobody_says_why_it_was_skipped(self):
        status, last, out = self.counted({'tacho': [case('plain')]}, {'b / plain': 'SKIP', 'b / other': 'OK'}, said='\n')
        self.assertEqual((status, last), (1, '1 passed, 1 failed'))
        self.assertIn('FAILED leg tacho:b / plain: says why it is skipped\n', out)

    def test_fails_where_all_was_skipped(self):
        self.assertEqual(self.counted({}, {'b / plain': 'SKIP'})[:2], (1, '0 passed, 0 failed'))
        self.assertEqual(self.counted(skipped='no time\n')[:2], (1, '0 passed, 0 failed'))


if __name__ == '__main__':
    unittest.main()
