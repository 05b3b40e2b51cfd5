# SPDX-License-Identifier: MIT
"""How much of include/ the tests run: coverage_test.py SOURCES BUILD GCOV, after they have
run in a build with b_coverage, whose compiler's gcov is given.

A line counts once, however many programs, templates and ways of compiling have it. Below 95 % of all lines this fails,
and so does a header below 90 % that tests/coverage/not_covered.txt doesn't speak of. BUILD/not_covered.txt then has
each line that never ran.
"""
import collections
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys

ENOUGH, ENOUGH_OF_A_HEADER = 95, 90
SOURCES, BUILD = (pathlib.Path(word).resolve() for word in sys.argv[1:3])
GCOV = sys.argv[3]
INCLUDE = SOURCES / 'include'
REASONS = SOURCES / 'tests/coverage/not_covered.txt'


def lines_of(data):
    """Each line of include/ that one object file has, and how often it ran."""
    done = subprocess.run([GCOV, '--json-format', '--stdout', data.name], cwd=data.parent, capture_output=True,
                          text=True, check=True)
    counts = collections.Counter()
    for document in done.stdout.splitlines():
        read = json.loads(document)
        for file in read['files']:
            path = pathlib.Path(os.path.normpath(pathlib.Path(read['current_working_directory'], file['file'])))
            if not path.is_relative_to(INCLUDE):
                continue
            name = path.relative_to(INCLUDE).as_posix()
            for line in file['lines']:
                counts[name, line['line_number']] += line['count']
    return counts


def merged():
    counts = collections.Counter()
    # Not the plug-ins, which are always optimised: what is left of a line then is counted with others.
    data = sorted(path for path in BUILD.rglob('*.gcda') if '.so.p' not in path.parent.name)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for some in pool.map(lines_of, data):
            for line, count in some.items():
                counts[line] += count  # also one that is 0, which update() would leave out of a Counter
    return len(data), counts


def reasons():
    """What not_covered.txt says of each header."""
    found = {}
    for paragraph in re.split(r'\n\n', REASONS.read_text()):
        if match := re.match(r'(tacho/\S+\.hpp): (.+)', paragraph, re.S):
            found[match[1]] = ' '.join(match[2].split())
    return found


def main():
    objects, counts = merged()
    by_header = collections.defaultdict(dict)
    for (name, number), count in counts.items():
        by_header[name][number] = count
    ran = sum(count > 0 for count in counts.values())
    share = 100 * ran / max(1, len(counts))
    known = reasons()
    wrong, report = [], []
    for name, lines in sorted(by_header.items()):
        missing = sorted(number for number, count in lines.items() if count == 0)
        of_header = 100 * (len(lines) - len(missing)) / len(lines)
        if of_header < ENOUGH_OF_A_HEADER and name not in known:
            wrong.append(f'{name}: {of_header:.1f} % of {len(lines)} lines ran; test more of it, or say in '
                         f'{REASONS.relative_to(SOURCES)} why not: lines {", ".join(map(str, missing))}')
        if missing:
            text = (INCLUDE / name).read_text().splitlines()
            report.append(f'{name}: {of_header:.1f} %, {known.get(name, "")}')
            report += [f'    {number}: {text[number - 1].strip()}' for number in missing]
    wrong += [f'{REASONS.relative_to(SOURCES)} speaks of {name}, which is no header'
              for name in known if not (INCLUDE / name).exists()]
    (BUILD / 'not_covered.txt').write_text('\n'.join(report) + '\n')
    print('1..2')
    print(f'{"ok" if share >= ENOUGH else "not ok"} 1 - {ENOUGH} % of the lines of include/ run')
    print(f'# {ran} of {len(counts)}, {share:.2f} %, by {objects} object files; {BUILD}/not_covered.txt has the others')
    print(f'{"not ok" if wrong else "ok"} 2 - so do {ENOUGH_OF_A_HEADER} % of each header, or it is said why not')
    for line in wrong:
        print(f'# {line}')


main()
