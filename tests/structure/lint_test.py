# SPDX-License-Identifier: MIT
"""What clang-format and clang-tidy say of the C++ here. Another version of either says something else: the first line of
.clang-format and of .clang-tidy names the one it is for, and where that can't be had, nothing is said."""
import functools
import pathlib
import re
import shutil
import sys
import tempfile

from toolchain import INCLUDE, ROOT, report, run

FOLDERS = ['bench', 'examples', 'include', 'tests']
# With these it has read each header that needs no library but {fmt}.
ENTRANCES = '#include "tacho/tacho.hpp"\n#include "tacho/testing.hpp"\n'


def tool(name):
    """Its path, or why it can't be used."""
    wanted = re.match(rf'# {name} (\d+)\n', (ROOT / f'.{name}').read_text()).group(1)
    for candidate in (f'{name}-{wanted}', name):
        path = shutil.which(candidate)
        if path and f'version {wanted}.' in run(path, '--version')[1]:
            return path, ''
    return None, f'SKIP there is no {name} {wanted} here, the version that .{name} is for'


def sources(folder):
    return sorted(p for p in (ROOT / folder).rglob('*.[ch]pp') if 'build' not in p.relative_to(ROOT).parts)


def formatted(folder):
    """Compared with what clang-format would write: its --dry-run complains of the last line of most headers, which it
    would then write as it is."""
    program, why = tool('clang-format')
    if why:
        return why
    files = sources(folder)
    if not files:
        return f'there is no C++ in {folder}'
    wrong = [f for f in files if run(program, f)[1] != f.read_text()]
    return '\n'.join(f'{f.relative_to(ROOT)}: run clang-format -i' for f in wrong)


def tidied(program, header, *flags):
    """The exit status of clang-tidy, and what it says of a file that includes this."""
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder, 'entrance.cpp')
        source.write_text(header)
        return run(program, '--quiet', f'--config-file={ROOT / ".clang-tidy"}', source, '--', '-std=c++20', *flags)


def tidy():
    program, why = tool('clang-tidy')
    if why:
        return why
    status, said = tidied(program, ENTRANCES, f'-I{INCLUDE}', '-DFMT_HEADER_ONLY')
    return said if status != 0 else ''


def tidy_complains():
    """Else it would mean nothing that it is content."""
    program, why = tool('clang-tidy')
    if why:
        return why
    with tempfile.TemporaryDirectory() as folder:
        header = pathlib.Path(folder, 'include/tacho/wrong.hpp')
        header.parent.mkdir(parents=True)
        header.write_text('#include <string>\n'
                          'inline std::string wrongName(std::string text) { return text.empty() ? "" : "x" + text; }\n')
        status, said = tidied(program, f'#include "{header}"\n')
    lacks = [c for c in ('readability-identifier-naming', 'performance-unnecessary-value-param') if c not in said]
    return f'it says nothing of {lacks} in a header that has both: {said}' if lacks or status == 0 else ''


def main():
    checks = [(f'{folder} is as clang-format writes it', functools.partial(formatted, folder)) for folder in FOLDERS]
    report(checks + [('clang-tidy says what is wrong with a header', tidy_complains),
                     ('clang-tidy says nothing of the headers', tidy)])


if __name__ == '__main__':
    sys.exit(main())
