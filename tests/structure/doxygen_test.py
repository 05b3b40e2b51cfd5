# SPDX-License-Identifier: MIT
"""Every public entity of include/tacho is documented, as Doxygen reads it by docs/Doxyfile."""
import functools
import pathlib
import re
import shutil
import subprocess
import tempfile

from toolchain import ROOT, report

NO_DOXYGEN = 'SKIP there is no doxygen'
# What a reader of the reference looks for: of each kind one.
SHOWN = {'tacho::counter': 'class', 'tacho::typed_instrument': 'class', 'tacho::curl_transport': 'class',
         'tacho::cells::sharded': 'struct', 'tacho::registry_options': 'struct'}
SAMPLE = '''
namespace tacho::inline TACHO_ABI {
namespace detail {
struct hidden {};
}  // namespace detail
%s
class sample {
public:
    explicit sample(detail::hidden const& from) noexcept;
    %s
    void shown();
private:
    void not_shown();
};
}  // namespace tacho::inline TACHO_ABI
'''


def doxygen(folder, *settings):
    """What it warns of, a line each. Only XML is written, which takes a fraction of the time."""
    more = '\n'.join(['GENERATE_HTML=NO', 'GENERATE_XML=YES', f'OUTPUT_DIRECTORY={folder}', *settings])
    done = subprocess.run(['doxygen', '-'], input=f'{(ROOT / "docs/Doxyfile").read_text()}\n{more}\n', cwd=ROOT,
                          capture_output=True, text=True)
    said = done.stderr.replace(f'{ROOT}/', '').strip()
    return said if done.returncode == 0 else f'exit status {done.returncode}: {said}'


def undocumented():
    with tempfile.TemporaryDirectory() as folder:
        if wrong := doxygen(folder):
            return wrong
        index = pathlib.Path(folder, 'xml/index.xml').read_text()
    names = {name: kind for kind, name in re.findall(r'<compound refid="[^"]*" kind="(\w+)"><name>([^<]*)</name>', index)}
    missing = [name for name, kind in SHOWN.items() if names.get(name) != kind]
    if missing or '<name>add_counter</name>' not in index:
        return f'it does not show {missing or "add_counter"}, but {len(names)} others'
    return '\n'.join(f'it shows {name}' for name in names if '::detail' in name)


def finds(of_class, of_member, expected):
    """That this test would notice: what is said of a header with or without comments."""
    with tempfile.TemporaryDirectory() as folder:
        header = pathlib.Path(folder, 'sample.hpp')
        header.write_text(SAMPLE % (of_class, of_member))
        said = doxygen(folder, f'INPUT={header} docs/namespaces.dox')
    found = sorted(set(re.findall(r'(?:Compound|Member) ([\w:]+)', said)))
    return '' if found == expected else f'it finds {found} and not {expected}: {said}'


def main():
    if shutil.which('doxygen') is None:
        report([('every public entity is documented', lambda: NO_DOXYGEN)])
        return
    report([
        ('every public entity is documented', undocumented),
        ('nothing is said of what is documented', functools.partial(finds, '/// A class.', '/// A member.', [])),
        ('a class without a comment is found',
         functools.partial(finds, '', '/// A member.', ['tacho::sample'])),
        ('a member without a comment is found', functools.partial(finds, '/// A class.', '', ['shown'])),
    ])


if __name__ == '__main__':
    main()
