# SPDX-License-Identifier: MIT
"""Finds each message in include/ and fails for one that is not in tests/golden/messages.txt, or for a compile error
that rejected_test.py doesn't provoke: none can be added without being reviewed."""
import re

import rejected_test
from toolchain import INCLUDE, ROOT, report

LISTED = ROOT / 'tests/golden/messages.txt'
# Words for others than those who meet a message: descriptions of metrics, content types, names in other messages.
NO_MESSAGES = {
    'export/accept.hpp': 'content types',
    'process/': 'descriptions of metrics',
    'http/server_metrics.hpp': 'descriptions of metrics',
    'encode/prometheus.hpp': 'the resource',
    'env/settings_text.hpp': 'settings as they are',
    'adapter/gtest.hpp': 'what matchers say, which tests/matchers compares',
    'testing/': 'findings and look-ups of tests, which lint_test and look_up_test compare one by one',
}
NO_MESSAGE = {'GET, HEAD', 'text/plain; charset=utf-8', 'Accept, Accept-Encoding', 'when did it last happen',
              'the last value', 'unexpected eof'}
TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|\'(?:[^\'\\\n]|\\.)\'|R"\((?P<raw>.*?)\)"|"(?P<text>(?:[^"\\\n]|\\.)*)"|'
                   r'\n|[^\s]', re.S)


def literals(code):
    """Each string of the code, adjacent ones joined, without those in comments and after #include."""
    code = re.sub(r'^\s*#\s*include[^\n]*', '', code, flags=re.M)
    found, joined = [], False
    for token in TOKEN.finditer(code):
        if token['text'] is not None or token['raw'] is not None:
            text = token['raw']
            if text is None:
                text = re.sub(r'\\(.)', r'\1', token['text'].replace('\\n', '\n'))
            if joined:
                found[-1] += text
            else:
                found.append(text)
            joined = True
        elif not (token[0].isspace() or token[0].startswith(('//', '/*'))):
            joined = False
    return found


def pieces(literal):
    """What stands between the values that {fmt} puts in, line by line."""
    text = re.sub(r'\{\{|\}\}|\{\}', lambda m: {'{{': '\1', '}}': '\2'}.get(m[0], '\0'), literal)
    return [part.replace('\1', '{').replace('\2', '}').strip('\n') for part in re.split('[\0\n]', text)]


def is_prose(text):
    return len(re.findall('[A-Za-z]{2,}', text)) >= 2 and ' ' in text.strip()


def said_in(header):
    where = header.relative_to(INCLUDE / 'tacho').as_posix()
    if any(where.startswith(but) for but in NO_MESSAGES):
        return []
    return [text.removeprefix('tacho: ') for text in literals(header.read_text())
            if is_prose(text) and text not in NO_MESSAGE]


def headers():
    return sorted((INCLUDE / 'tacho').rglob('*.hpp'))


def unlisted():
    listed = LISTED.read_text()
    wrong = []
    for header in headers():
        for text in said_in(header):
            lost = [part for part in pieces(text) if part.strip() and part not in listed]
            if lost:
                wrong.append(f'{header.relative_to(INCLUDE)}: not in tests/golden/messages.txt: {lost[0]!r}; list it '
                             'there, and have tests/unit/messages_test.cpp provoke it')
    return '\n'.join(wrong)


def sections():
    parts = re.split(r'^## (.*)\n', LISTED.read_text(), flags=re.M)
    return dict(zip(parts[1::2], parts[2::2]))


def stale():
    """Of the messages that no test provokes, those that nobody says any more."""
    said = [part for header in headers() for text in said_in(header) for part in pieces(text) if is_prose(part)]
    lines = [line for title, body in sections().items() if 'not provoked' in title
             for line in body.splitlines() if line]
    return '\n'.join(f'nothing in include/ says: {line}' for line in lines if not any(part in line for part in said))


def compile_errors():
    """Every text of a static_assert, name of a function that is reached by no right code, name of a type that refused
    functions return, and remark at `= delete`."""
    found = []
    for header in headers():
        code = header.read_text()
        found += [text for text in literals(code) if text.startswith('tacho: ') and '%' not in text]
        found += re.findall(r'inline void (\w+_must_\w+)\(', code)
        found += re.findall(r'= delete;  // (.*)', code)
        if header.name == 'refused.hpp':
            found += re.findall(r'^struct ((?:\w+_){4,}\w+);', code, re.M)
    return list(dict.fromkeys(found))


def unlisted_compile_errors():
    title = 'compile errors: static_assert, a name of a function or of a type, or a remark at what is deleted'
    listed = sections().get(title, '').strip('\n').splitlines()
    now = [text.removeprefix('tacho: ') for text in compile_errors() if text not in IMPLEMENTATION]
    return '\n'.join([f'not in tests/golden/messages.txt: {text}' for text in now if text not in listed] +
                     [f'nothing in include/ says: {text}' for text in listed if text not in now])


# By #error, which compiles_test.py provokes.
IMPLEMENTATION = ('tacho: define TACHO_IMPLEMENTATION before the first header of tacho in the file, also one within '
                  'other headers',
                  'tacho: TACHO_IMPLEMENTATION says nothing alone: define TACHO_SEPARATE_COMPILATION in all files of '
                  'the program')


def unprovoked():
    texts = [text for text in compile_errors() if text not in IMPLEMENTATION]
    # Of a template its name alone is in the list.
    words = {re.sub(r'<\d+,$', '', word) for wanted, *_ in rejected_test.CASES.values() for word in wanted.split('|')}
    # What is in several messages doesn't tell which one was said.
    telling = {word: said for word in words if len(said := [text for text in texts if word in text]) == 1}
    provoked = {said[0] for said in telling.values()}
    return '\n'.join(f'no case of rejected_test.py names words that only this has: {text}'
                     for text in texts if text not in provoked)


if __name__ == '__main__':
    report([('each message of include/ is in the list', unlisted),
            ('what is in the list and not provoked is still said', stale),
            ('each compile error is in the list', unlisted_compile_errors),
            ('each compile error has a case that provokes it', unprovoked)])
