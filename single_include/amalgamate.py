#!/usr/bin/env python3
"""Makes the single headers beside this script, and refuses a tree whose structure is not sound.

    amalgamate.py            write the headers into the source tree
    amalgamate.py --check    fail, with a difference, when a committed header is stale

Each header of include/ is read once, depth first, from the entrances. The result depends on nothing but the sources.
"""
import difflib
import pathlib
import re
import sys

# Which folder may include which; a header may always include its own folder. `top` is telemetry.hpp and the entrances.
ALLOWED = {
    'core': set(),
    'cell': {'core'},
    'series': {'core', 'cell'},
    'registry': {'core', 'cell', 'series'},
    'instrument': {'core', 'cell', 'series', 'registry'},
    'encode': {'core', 'registry', 'series'},
    'env': {'core'},
    'export': {'core', 'registry', 'series', 'encode', 'env'},
    'http': {'core', 'registry', 'instrument'},
    'process': {'core', 'registry', 'instrument'},
    'top': {'core', 'cell', 'series', 'registry', 'instrument', 'encode', 'env', 'export', 'http', 'process'},
}
VERSION_FREE = {'tacho/version.hpp'}  # may be included from anywhere
ENTRANCES = {'tacho/tacho.hpp': True, 'tacho/record.hpp': False}  # whether it may use {fmt}
LONGEST, WIDEST = 350, 120

OWN = re.compile(r'^\s*#\s*include "(tacho/[^"]+)"')
SYSTEM = re.compile(r'^#include <([^>]+)>')
FMT_HEAD = '''// It needs {fmt} on the include path: g++ -std=c++20 -DFMT_HEADER_ONLY -Isingle_include main.cpp
'''
FMT_CHECK = '''#if defined(__has_include)
#if !__has_include(<fmt/format.h>)
#error "tacho.hpp needs {fmt}: install libfmt-dev, or put fmt's include folder on the path with -I and define FMT_HEADER_ONLY. A file that only records can include tacho/record.hpp, which does not need it."
#endif
#endif

'''


class Refused(Exception):
    pass


def folder(name):
    parts = name.split('/')
    return parts[1] if len(parts) == 3 else 'top'


class Tree:
    """The headers under <root>/include, checked one by one as they are read."""

    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.version = self.check_version()
        self.lines = {}
        for path in sorted((self.root / 'include').rglob('*.hpp')):
            name = path.relative_to(self.root / 'include').as_posix()
            self.lines[name] = self.read(name, path)

    def check_version(self):
        version = re.search(r"^  version: '([^']+)'", (self.root / 'meson.build').read_text(), re.M).group(1)
        header = (self.root / 'include/tacho/version.hpp').read_text()
        parts = [re.search(rf'TACHO_VERSION_{p} (\d+)', header).group(1) for p in ('MAJOR', 'MINOR', 'PATCH')]
        if f'version[] = "{version}"' not in header or '.'.join(parts) != version:
            raise Refused(f'include/tacho/version.hpp and meson.build ({version}) name different versions')
        return version

    def read(self, name, path):
        text = path.read_bytes()
        if not text.isascii():
            raise Refused(f'{name}: has characters beyond ASCII')
        lines = text.decode().splitlines()
        if not lines or not lines[0].startswith('// tacho: '):
            raise Refused(f'{name}: its first line should say what it is, after "// tacho: "')
        if '#pragma once' not in lines:
            raise Refused(f'{name}: has no #pragma once')
        if len(lines) > LONGEST:
            raise Refused(f'{name}: has {len(lines)} lines, more than {LONGEST}')
        depth = 0
        for number, line in enumerate(lines, 1):
            where = f'{name}:{number}'
            if len(line) > WIDEST:
                raise Refused(f'{where}: is wider than {WIDEST} columns')
            if re.match(r'#\s*if', line):
                depth += 1
            if re.match(r'#\s*endif', line):
                depth -= 1
            own = OWN.match(line)
            if not own:
                continue
            if depth:
                raise Refused(f'{where}: includes a header of ours under a condition')
            self.check_include(where, name, own.group(1))
        return lines

    @staticmethod
    def check_include(where, name, included):
        source, target = folder(name), folder(included)
        if source == 'adapter':
            if included != 'tacho/tacho.hpp':
                raise Refused(f'{where}: an adapter includes nothing of ours but tacho/tacho.hpp')
            return
        if target == 'adapter':
            raise Refused(f'{where}: nothing includes an adapter')
        if included in VERSION_FREE or source == target:
            return
        if target == 'top' or source not in ALLOWED or target not in ALLOWED[source]:
            raise Refused(f'{where}: {source} may not include {target} ({included})')

    def walk(self, entrance, done, path=()):
        """All headers that `entrance` reaches, each after those it includes."""
        if entrance in path:
            raise Refused('headers include each other: ' + ' -> '.join(path + (entrance,)))
        if entrance in done:
            return
        if entrance not in self.lines:
            raise Refused(f'{path[-1] if path else "?"}: includes {entrance}, which does not exist')
        for line in self.lines[entrance]:
            own = OWN.match(line)
            if own:
                self.walk(own.group(1), done, path + (entrance,))
        done.append(entrance)

    def amalgamate(self, entrance, may_use_fmt):
        parts = []
        self.walk(entrance, parts)
        system, body = set(), []
        for part in parts:
            guard = 'TACHO_PART_' + re.sub(r'\W', '_', part.removeprefix('tacho/').removesuffix('.hpp')).upper()
            depth, kept = 0, []
            for line in self.lines[part]:
                depth += bool(re.match(r'#\s*if', line)) - bool(re.match(r'#\s*endif', line))
                found = SYSTEM.match(line)
                if found and not depth:
                    system.add(found.group(1))
                elif line != '#pragma once' and not OWN.match(line):
                    kept.append(line)
            text = re.sub(r'\n{3,}', '\n\n', '\n'.join(kept)).strip()
            body.append(f'// ---- {part}\n#ifndef {guard}\n#define {guard}\n\n{text}\n\n#endif\n')
        uses_fmt = any(name.startswith('fmt/') for name in system)
        if uses_fmt and not may_use_fmt:
            raise Refused(f'{entrance}: reaches {{fmt}}, which it should do without')
        head = f'// tacho {self.version}: {entrance} and all it includes, in one file.\n'
        head += FMT_HEAD if uses_fmt else ''
        head += ('// Made by single_include/amalgamate.py from include/; change that, not this.\n'
                 '// SPDX-License-Identifier: MIT\n#pragma once\n\n')
        head += FMT_CHECK if uses_fmt else ''
        includes = ''.join(f'#include <{name}>\n' for name in sorted(system))
        return head + includes + '\n' + '\n'.join(body)

    def products(self):
        out, reached = {}, set()
        for entrance, may_use_fmt in ENTRANCES.items():
            out[entrance] = self.amalgamate(entrance, may_use_fmt)
            parts = []
            self.walk(entrance, parts)
            reached.update(parts)
        for name, lines in self.lines.items():
            if folder(name) == 'adapter':
                out[name] = '\n'.join(lines[:1] + ['// SPDX-License-Identifier: MIT'] + lines[1:]) + '\n'
            elif name not in reached:
                raise Refused(f'{name}: no entrance reaches it; include it in tacho/tacho.hpp or delete it')
        return out


def main(arguments):
    here = pathlib.Path(__file__).resolve().parent
    check = arguments == ['--check']
    if arguments and not check:
        sys.exit(__doc__)
    try:
        products = Tree(here.parent).products()
    except Refused as why:
        sys.exit(f'refused: {why}')
    present = {p.relative_to(here).as_posix() for p in here.rglob('*.hpp')}
    stale = False
    for name, text in products.items():
        path = here / name
        old = path.read_text() if path.exists() else ''
        if old == text:
            continue
        stale = True
        if check:
            sys.stdout.writelines(list(difflib.unified_diff(
                old.splitlines(True), text.splitlines(True), f'single_include/{name}', 'made from include/'))[:60])
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            print(f'wrote single_include/{name}')
    for name in sorted(present - set(products)):
        stale = True
        if check:
            print(f'single_include/{name} is made from no header')
        else:
            (here / name).unlink()
            print(f'deleted single_include/{name}')
    if check and stale:
        sys.exit('single_include/ is stale; run single_include/amalgamate.py and commit what it writes')


if __name__ == '__main__':
    main(sys.argv[1:])
