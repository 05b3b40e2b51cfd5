# SPDX-License-Identifier: MIT
"""What Doxygen reads of a header: the public API. Doxygen 1.9 takes `namespace tacho::inline TACHO_ABI` for another
namespace, and shows what is in `detail`, what the compiler writes by itself, and what only the library can call. Lines
stay where they are."""
import pathlib
import re
import sys

# Bases of what users hold: their members are public all the same.
KEPT = ('typed_instrument', 'observable_instrument', 'unlabelled_gauge', 'unlabelled_up_down_counter')
DETAIL = re.compile(r'^namespace (?:tacho::inline TACHO_ABI::)?(?:\w+::)*detail \{$')
BY_ITSELF = re.compile(r'= default;|^ *friend class')
# What compares and prints: that a type can be, its own comment says.
FRIEND = re.compile(r'^ +friend (bool operator==|std::basic_ostream)|^inline bool operator==')
# What can't be called, as instrument/refused.hpp says.
REFUSED = re.compile(r'^ +(detail::)?(label_values_that_do_not_fit|amount_refused|fraction_|it_|its_|observe_takes_)')
# Constructors from what is in detail, and from what they move: of the latter the class says whether it is movable.
NOT_FOR_USERS = re.compile(r'^ +(?:explicit )?(?:(\w+)\((?:\1&& other\)|(?:std::shared_ptr<)?detail::|registration in\b)'
                           r'|\w+& operator=\(\w+&& other\))')


def without_definitions(lines):
    """Blanks what is not for users, to the end of its body."""
    depth, within = 0, False
    for number, line in enumerate(lines):
        ahead = lines[number:number + 3] if re.match('^ +template <', line) else [line]
        if not within and (NOT_FOR_USERS.match(line) or any(FRIEND.match(l) or REFUSED.match(l) for l in ahead)):
            depth, within = 0, True
        if within:
            depth += line.count('{') - line.count('}')
            within = not (depth == 0 and line.rstrip().endswith(('}', ';')))
            yield ''
        else:
            yield '' if BY_ITSELF.search(line) else line.replace('tacho::inline TACHO_ABI', 'tacho')


def public(lines):
    within = kept = shown = False  # of namespace detail, of a class in it that is kept, of its public part
    opening = ''
    for number, line in enumerate(lines):
        if DETAIL.match(line):
            # One that is the whole file's, or that is in another.
            within, opening = True, 'namespace tacho {' if line.startswith('namespace tacho') else ''
            yield opening
        elif within and re.match(r'^}  // namespace .*detail$', line):
            within = False
            yield '}' if opening else ''
        elif not within:
            yield line
        else:
            # A class begins where the paragraph with its comment does.
            if not kept and (number == 0 or not lines[number - 1]):
                ahead = next((n for n in range(number, len(lines)) if not lines[n]), len(lines))
                kept = shown = any(re.match(rf'class ({"|".join(KEPT)}) ', l) for l in lines[number:ahead])
            shown = shown and line not in ('protected:', 'private:') or kept and line == '};'
            yield re.sub(r'^// ', '/// ', line) if shown else ''
            kept = kept and line != '};'


if __name__ == '__main__':
    print('\n'.join(without_definitions(list(public(pathlib.Path(sys.argv[1]).read_text().splitlines())))))
