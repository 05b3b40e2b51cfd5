#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes the single headers beside this script, and refuses a tree whose structure is not sound.

    amalgamate.py            write the headers into the source tree
    amalgamate.py --check    fail, with a difference, when a committed header is stale

Each header of include/ is read once, depth first, from the entrances. The result depends on nothing but the sources.
"""
import difflib
import pathlib
import re
import sys

# Which folder may include which. A header may always include its own folder; without a row it includes nothing else.
RECORDING = {'core', 'cell', 'series', 'registry', 'instrument'}
ALLOWED = {
    'cell': {'core'},
    'series': {'core', 'cell'},
    'registry': {'core', 'cell', 'series'},
    'instrument': {'core', 'cell', 'series', 'registry'},
    'encode': {'core', 'registry'},
    'env': {'core'},
    'export': {'core', 'registry', 'encode', 'env'},
    'http': {'core', 'registry', 'instrument'},
    'process': {'core', 'registry', 'instrument'},
    'testing': RECORDING | {'encode', 'export'},
    'telemetry.hpp': RECORDING | {'encode', 'env', 'export', 'process'},
    'record.hpp': RECORDING,
    'tacho.hpp': RECORDING | {'encode', 'env', 'export', 'telemetry.hpp', 'http', 'process', 'record.hpp'},
    'testing.hpp': {'tacho.hpp', 'testing'},
    'adapter': {'tacho.hpp', 'testing.hpp'},
}
ENTRANCES = {'tacho/tacho.hpp': True, 'tacho/record.hpp': False, 'tacho/testing.hpp': True}  # whether it may use {fmt}
ON_TOP = {'tacho/testing.hpp': 'tacho/tacho.hpp'}  # its product includes that product, and repeats no part of it
LONGEST, WIDEST = 350, 120
LICENCE = '// SPDX-License-Identifier: MIT'

OWN = re.compile(r'\s*#\s*include\s*(?:"([^"]+)"|<(tacho/[^>]+)>)')
SYSTEM = re.compile(r'#include <([^>]+)>')
OF_FMT = re.compile(r'\s*#\s*include <fmt/')
CONDITION = re.compile(r'\s*#\s*(if|endif)')
FMT_HEAD = '''// It needs {fmt} on the include path: g++ -std=c++20 -DFMT_HEADER_ONLY -Isingle_include main.cpp
'''
FMT_CHECK = '''#if defined(__has_include) && (!defined(TACHO_SEPARATE_COMPILATION) || defined(TACHO_IMPLEMENTATION))
#if !__has_include(<fmt/format.h>)
#error "tacho.hpp needs {fmt}: install libfmt-dev, or add -I<its include folder> -DFMT_HEADER_ONLY; record.hpp does not"
#endif
#endif

'''


STANDARD_CHECK = '''#if defined(__cplusplus) && __cplusplus < 202002L && !defined(_MSVC_LANG)
#error "tacho needs C++20: compile with -std=c++20, in Meson with cpp_std=c++20, or newer"
#else  // the cure alone, and not under thousands of lines

'''
STANDARD_END = '''
#endif
'''


# g++ looks for what a local name of a lambda in a template hides among the names that the program declares later, too.
QUIET = '''#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#endif

'''
LOUD = '''
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
'''


class Refused(Exception):
    pass


def folder(name):
    """The folder of a header below tacho/; for one that lies in tacho/ itself, its own name."""
    return name.split('/')[1]


def lines_with_depth(lines):
    """Each line, and under how many conditions it stands."""
    depth = 0
    for line in lines:
        condition = CONDITION.match(line)
        if condition:
            depth += 1 if condition.group(1) == 'if' else -1
        yield line, depth


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
        header = (self.root / 'include/tacho/version.hpp').read_text()
        parts = [re.search(rf'TACHO_VERSION_{p} (\d+)', header).group(1) for p in ('MAJOR', 'MINOR', 'PATCH')]
        version = '.'.join(parts)
        if f'version[] = "{version}"' not in header:
            raise Refused(f'include/tacho/version.hpp has other numbers ({version}) than text')
        return version

    def read(self, name, path):
        text = path.read_bytes()
        if not text.isascii():
            raise Refused(f'{name}: has characters beyond ASCII')
        lines = text.decode().splitlines()
        licensed = lines[:1] == [LICENCE]  # not counted among the lines that a reader has to read
        lines = lines[licensed:]
        if not lines or not lines[0].startswith('// tacho: '):
            raise Refused(f'{name}: its first line should say what it is, after "// tacho: "')
        if '#pragma once' not in lines:
            raise Refused(f'{name}: has no #pragma once')
        if len(lines) > LONGEST:
            raise Refused(f'{name}: has {len(lines)} lines, more than {LONGEST}')
        for number, (line, depth) in enumerate(lines_with_depth(lines), 1 + licensed):
            where = f'{name}:{number}'
            if len(line) > WIDEST:
                raise Refused(f'{where}: is wider than {WIDEST} columns')
            own = OWN.match(line)
            if not own:
                continue
            if depth:
                raise Refused(f'{where}: includes a header of ours under a condition')
            if own.group(2) or not own.group(1).startswith('tacho/'):
                raise Refused(f'{where}: a header of ours is included as "tacho/folder/file.hpp", any other as <file>')
            self.check_include(where, folder(name), folder(own.group(1)))
        return lines

    @staticmethod
    def check_include(where, source, target):
        own_folder = source == target and source != 'adapter'
        if not own_folder and target != 'version.hpp' and target not in ALLOWED.get(source, set()):
            raise Refused(f'{where}: {source} may not include {target}')

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
        parts, below = [], ON_TOP.get(entrance)
        if below:
            self.walk(below, parts)
        repeated = len(parts)
        self.walk(entrance, parts)
        del parts[:repeated]
        system, body = set(), []
        for part in parts:
            guard = 'TACHO_PART_' + re.sub(r'\W', '_', part.removeprefix('tacho/').removesuffix('.hpp')).upper()
            kept = []
            for line, depth in lines_with_depth(self.lines[part]):
                found = SYSTEM.match(line)
                if found and not depth:
                    system.add(found.group(1))
                elif line != '#pragma once' and not OWN.match(line):
                    kept.append(line)
            text = re.sub(r'\n{3,}', '\n\n', '\n'.join(kept)).strip()
            body.append(f'// ---- {part}\n#ifndef {guard}\n#define {guard}\n\n{text}\n\n#endif\n')
        uses_fmt = any(OF_FMT.match(line) for part in parts for line in self.lines[part])
        if uses_fmt and not may_use_fmt:
            raise Refused(f'{entrance}: reaches {{fmt}}, which it should do without')
        beyond = f' beyond {below}' if below else ''
        head = f'// tacho {self.version}: {entrance} and all it includes{beyond}, in one file.\n'
        head += FMT_HEAD if uses_fmt else ''
        head += ('// Made by single_include/amalgamate.py from include/; change that, not this.\n'
                 f'{LICENCE}\n#pragma once\n\n')
        head += STANDARD_CHECK
        head += FMT_CHECK if uses_fmt else ''
        includes = ''.join(f'#include <{name}>\n' for name in sorted(system))
        includes = f'#include "{below}"\n\n{includes}' if below else includes
        return head + includes + '\n' + QUIET + '\n'.join(body) + LOUD + STANDARD_END

    def products(self):
        out, reached = {}, set()
        for entrance, may_use_fmt in ENTRANCES.items():
            out[entrance] = self.amalgamate(entrance, may_use_fmt)
            parts = []
            self.walk(entrance, parts)
            reached.update(parts)
        for name, lines in self.lines.items():
            if folder(name) == 'adapter':
                out[name] = '\n'.join([LICENCE] + lines) + '\n'
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
