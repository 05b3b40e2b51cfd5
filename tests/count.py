# SPDX-License-Identifier: MIT
"""Adds up what meson found in each build folder given, names what failed, and ends with `N passed, N failed`."""
import json
import pathlib
import re
import sys
import xml.etree.ElementTree


def outcome(case):
    """Whether a case of a report passed; None when it was skipped."""
    if case.find('failure') is not None or case.find('error') is not None:
        return False
    return None if case.find('skipped') is not None or case.get('status') == 'notrun' else True


def cases(build):
    """Each case as its name and whether it passed; None when it was skipped."""
    logs = build / 'meson-logs'
    if not (logs / 'testlog.junit.xml').exists():
        yield 'it builds', False
        return
    # A test may say anything, and meson puts it there as it is: what XML has no character for, as well.
    report = re.sub(r'[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]', '\ufffd',
                    (logs / 'testlog.junit.xml').read_text(encoding='utf-8', errors='replace'))
    report = re.sub('^<\\?xml.*?\\?>', '', report)
    suites = [(s.get('name'), s.findall('testcase')) for s in
              xml.etree.ElementTree.fromstring(report).iter('testsuite')]
    for line in (logs / 'testlog.json').read_text().splitlines():
        test = json.loads(line)
        # Programs that report cases have suites of their own, by the name of the project and theirs.
        own = [(name, case) for name, within in suites for case in within
               if name.split('.', 1)[-1] == test['name'] or name.split('.', 1)[-1].startswith(test['name'] + '.')]
        for name, case in own:
            passed = outcome(case)
            why = case.findtext('system-out') if passed is None else None
            name = f"{name}: {case.get('classname') or ''} {case.get('name')}"
            yield f'{name}: {why}' if why else name, passed
        if test['result'] == 'SKIP':
            if not own:
                why = test.get('stdout', '').strip()
                # Whoever skips says why on the standard output. A program may end with 77, which is a skip to Meson,
                # for reasons of its own.
                yield (f"{test['name']}: {why}", None) if why else (f"{test['name']}: says why it is skipped", False)
        elif test['result'] not in ('OK', 'EXPECTEDFAIL'):
            # It ended before it had reported, as by a signal, unless a case of its own says more.
            if all(outcome(case) is not False for _, case in own):
                yield f"{test['name']}: ends well ({test['result']})", False
        elif not own:
            yield test['name'], True


def main(builds):
    passed = failed = skipped = 0
    for build in map(pathlib.Path, builds):
        if (build / 'skipped').exists():
            skipped += 1
            print(f"SKIPPED {build.name}: {(build / 'skipped').read_text().strip()}")
            continue
        none = True
        try:
            found = list(cases(build))
        except (OSError, ValueError, KeyError, xml.etree.ElementTree.ParseError) as why:
            found = [(f'what its tests found can be read ({why})', False)]
        for name, good in found:
            none = False
            if good is None:
                skipped += 1
                print(f'SKIPPED {build.name} {name}')
                continue
            passed, failed = passed + good, failed + (not good)
            if not good:
                print(f'FAILED {build.name} {name}')
        if none:
            print(f'FAILED {build.name}: no test ran')
            failed += 1
    print(f'{passed} passed, {failed} failed')
    return 0 if failed == 0 and passed != 0 else 1


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
