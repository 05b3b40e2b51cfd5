# SPDX-License-Identifier: MIT
"""TAP for the scripts in this folder. A check is a sentence, and a function that raises when it is not so."""
import math
import sys
import traceback

_checks = []


class Skipped(Exception):
    """Raised by a check that can't be made on this machine; its text says why."""


def check(sentence):
    """Decorates a function: it is run by main(), in the order of the file."""
    def add(function):
        _checks.append((sentence, function))
        return function
    return add


def skip_all(why):
    """Says that nothing here can be checked on this machine, and ends the script."""
    print(f'1..1\nok 1 - what can be checked # SKIP {why}')
    sys.exit(0)


def is_chosen(sentence):
    """Whether it contains what the last argument says after `only=`; by default all are."""
    return not sys.argv[-1].startswith('only=') or sys.argv[-1][5:] in sentence


def main():
    """Runs the checks that are chosen."""
    chosen = [c for c in _checks if is_chosen(c[0])]
    print(f'1..{len(chosen)}', flush=True)
    for number, (sentence, function) in enumerate(chosen, 1):
        why = skipped = ''
        try:
            function()
        except Skipped as reason:
            skipped = f' # SKIP {reason}'
        except AssertionError as wrong:
            line = traceback.extract_tb(wrong.__traceback__)
            here = [f for f in line if not f.filename.endswith('tap.py')][-1]
            why = f'{here.filename.rsplit("/", 1)[-1]}:{here.lineno}: {wrong}'
        except Exception:  # whatever it is, the other checks have a right to run
            why = traceback.format_exc()
        print(f'{"not ok" if why else "ok"} {number} - {sentence}{skipped}', flush=True)
        for text in why.splitlines()[:60]:
            # ASCII: a diagnosis may quote any bytes, and the log is to be read by anyone.
            print('# ' + text[:2000].encode('ascii', 'backslashreplace').decode(), flush=True)


def holds(condition, what):
    if not condition:
        raise AssertionError(what)


def equal(got, wanted, what=''):
    """Equality, where NaN is equal to NaN, and 1 is not True."""
    if not same(got, wanted):
        raise AssertionError(f'{what}: {got!r} instead of {wanted!r}' if what else f'{got!r} instead of {wanted!r}')


def same(a, b):
    if isinstance(a, float) and isinstance(b, float) and math.isnan(a) and math.isnan(b):
        return True
    return a == b and isinstance(a, bool) == isinstance(b, bool)


def equal_maps(got, wanted, what):
    """Equality of two dictionaries; on failure, what is different."""
    wrong = [f'missing: {k!r}: {v!r}' for k, v in wanted.items() if k not in got]
    wrong += [f'not expected: {k!r}: {v!r}' for k, v in got.items() if k not in wanted]
    wrong += [f'{k!r}: {got[k]!r} instead of {v!r}' for k, v in wanted.items() if k in got and not same(got[k], v)]
    if wrong:
        raise AssertionError(f'{what}: {len(wrong)} of {max(len(got), len(wanted))} differ\n' + '\n'.join(wrong[:20]))


def contains(text, part, what='the text'):
    if part not in text:
        raise AssertionError(f'{part!r} is not in {what}: {text[:1000]!r}')
