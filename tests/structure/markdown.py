# SPDX-License-Identifier: MIT
"""A page of documentation: its blocks of code, its links and what they may point to."""
import collections
import pathlib
import re

# A remark before a block, which the reader does not see, says how it is checked. Printed: the text block behind it.
Block = collections.namedtuple('Block', 'page line language remark code printed')
FENCE = re.compile(r'^```(\w*)\n(.*?)^```$', re.S | re.M)
REMARK = re.compile(r'<!-- (?P<remark>[^>]*?) -->\n$')
LINK = re.compile(r'\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^)\s]+)\)')


def blocks(page):
    """In order. A block of text right behind another is what that one prints, and no block of its own."""
    text = page.read_text()
    if len(re.findall(r'^```', text, re.M)) != 2 * len(FENCE.findall(text)):
        raise ValueError(f'{page.name} has a block that is not closed')
    found, end = [], None
    for match in FENCE.finditer(text):
        language, code = match.groups()
        before = text[:match.start()]
        if language == 'text' and found and end is not None and before[end:] == '\n\n':
            found[-1] = found[-1]._replace(printed=code)
            end = None
            continue
        remark = REMARK.search(before)
        found.append(Block(page, before.count('\n') + 1, language, remark['remark'] if remark else '', code, None))
        end = match.end()
    return found


def without_code(page):
    """Its prose: links are looked for in this, since `a[b](c)` is C++."""
    return re.sub(r'`[^`\n]*`', '', FENCE.sub('', page.read_text()))


def anchors(page):
    """The headings as GitHub links to them."""
    made = collections.Counter()
    for heading in re.findall(r'^#+ (.*)$', FENCE.sub('', page.read_text()), re.M):
        anchor = re.sub(r'[^\w\- ]', '', heading.lower()).replace(' ', '-')
        yield f'{anchor}-{made[anchor]}' if made[anchor] else anchor
        made[anchor] += 1


def broken_links(page, root):
    """Those that lead nowhere, of files in the tree and of anchors in pages."""
    for target in LINK.findall(without_code(page)):
        if re.match(r'[a-z]+:', target):
            continue
        path, _, anchor = target.partition('#')
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or not file.is_relative_to(root):
            yield f'{target}: there is no {path}'
        elif anchor and (file.suffix != '.md' or anchor not in anchors(file)):
            yield f'{target}: {pathlib.Path(path).name or page.name} has no such heading'
