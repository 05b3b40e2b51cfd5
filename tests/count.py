# SPDX-License-Identifier: MIT
"""Adds up what meson found in each build folder given, names what failed, and ends with `N passed, N failed`."""
import json
import pathlib
import sys
import xml.etree.ElementTree


def cases(build):
    """Each case as its name and whether it passed; None when it was skipped."""
    report = build / 'meson-logs/testlog.junit.xml'
    if not report.exists():
        yield 'it builds', False
        return
    failing = set()
    for suite in xml.etree.ElementTree.parse(report).getroot().iter('testsuite'):
        for case in suite.findall('testcase'):
            name = f"{suite.get('name')}: {case.get('classname') or ''} {case.get('name')}"
            if case.find('skipped') is not None or case.get('status') == 'notrun':
                why = case.findtext('system-out')
                yield f'{name}: {why}' if why else name, None
                continue
            failed = case.find('failure') is not None or case.find('error') is not None
            if failed:
                failing.add(suite.get('name'))
            yield name, not failed
    # A program that ends before it has reported, as by a signal, has no failed case of its own.
    for line in (build / 'meson-logs/testlog.json').read_text().splitlines():
        test = json.loads(line)
        if test['result'] not in ('OK', 'SKIP') and not any(test['name'] in suite for suite in failing):
            yield f"{test['name']}: ends well ({test['result']})", False


def main(builds):
    passed = failed = skipped = 0
    for build in map(pathlib.Path, builds):
        if (build / 'skipped').exists():
            skipped += 1
            print(f"SKIPPED {build.name}: {(build / 'skipped').read_text().strip()}")
            continue
        none = True
        for name, good in cases(build):
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
