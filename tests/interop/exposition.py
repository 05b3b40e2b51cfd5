# SPDX-License-Identifier: MIT
"""A reader of Prometheus text 0.0.4 and of OpenMetrics 1.0.0 that refuses whatever the formats forbid, and whatever
our own promises exclude. The readers that others wrote let much pass (CONFORMANCE 45): duplicates, interleaving, a
missing +Inf. The numbers are those of CONFORMANCE."""
import re


class Malformed(AssertionError):
    pass


NAME = r'[a-zA-Z_:][a-zA-Z0-9_:]*'
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*'
QUOTED = r'"(?:[^"\\\n]|\\[\\n"])*"'  # 26: no other escapes exist
PAIR = rf'{LABEL}={QUOTED}'
SAMPLE = re.compile(rf'({NAME})(?:\{{({PAIR}(?:,{PAIR})*)\}})? (\S+)( # .*)?', re.S)  # 38: no timestamp
EXEMPLAR = re.compile(rf' # \{{((?:{PAIR}(?:,{PAIR})*)?)\}} (\S+)(?: (\S+))?')  # 67
INTEGER = re.compile(r'-?(?:0|[1-9][0-9]*)')  # 37: in full
# 30: shortest digits, an exponent of at least two digits; 29: the special values.
NUMBER = re.compile(r'-?(?:0|[1-9][0-9]*)(?:\.[0-9]*[1-9])?(?:e[+-][0-9]{2,3})?|NaN|[+-]Inf')
SUFFIXES = {'text': {'counter': [''], 'gauge': [''], 'histogram': ['_bucket', '_sum', '_count']},
            'openmetrics': {'counter': ['_total'], 'gauge': [''], 'info': ['_info'], 'stateset': [''],
                            'histogram': ['_bucket', '_sum', '_count']}}
EXEMPLARS = {('counter', '_total'), ('histogram', '_bucket')}
ESCAPES = {'\\\\': '\\', '\\n': '\n', '\\"': '"'}


class Family:
    def __init__(self, name):
        self.name, self.type, self.help, self.unit = name, None, None, None
        self.samples = []  # (name, labels, the value as it is written)


class Page:
    """Families by name, in their order, the value of each series as it is written, and its exemplar, where it has one:
    (labels, value, time or None)."""

    def __init__(self):
        self.families, self.samples, self.exemplars = {}, {}, {}

    def value(self, name, **labels):
        """A value as a number; None when there is no such series. A Python keyword as a label name ends with _."""
        text = self.samples.get(key(name, {k.rstrip('_'): v for k, v in labels.items()}))
        return None if text is None else number(text)

    def numbers(self, *names):
        """Of these families, or of all: the series and their values."""
        chosen = self.families.values() if not names else [self.families[n] for n in names if n in self.families]
        return {key(n, labels): number(text) for f in chosen for n, labels, text in f.samples}


def key(name, labels):
    return (name,) + tuple(sorted(labels.items()))


def number(text):
    """An int where the text is one, for a double can't hold them all."""
    return int(text) if INTEGER.fullmatch(text) else float(text)


def canonical(value, openmetrics):
    """A number as Go writes it (30), for the bound of a bucket; in OpenMetrics with a point or an exponent (34)."""
    if value in (float('inf'), float('-inf')) or value != value:
        return {'inf': '+Inf', '-inf': '-Inf'}.get(str(value), 'NaN')
    for places in range(17):  # the fewest digits that read back as the same number
        digits, _, exponent = f'{value:.{places}e}'.partition('e')
        if float(f'{digits}e{exponent}') == value:
            break
    power = int(exponent)
    if -4 <= power < 6:
        text = f'{value:.{max(0, places - power)}f}'
    else:
        text = f'{digits}e{"-" if power < 0 else "+"}{abs(power):02d}'
    return text + '.0' if openmetrics and not re.search('[.e]', text) else text


def unescaped(text, quotes):
    """What HELP or a label value says. In text the HELP of a family does not escape quotes (25)."""
    pattern = r'\\[\\n"]' if quotes else r'\\[\\n]'
    if '\\' in re.sub(pattern, '', text):
        raise Malformed(f'a backslash that escapes nothing: {text!r}')
    return re.sub(pattern, lambda m: ESCAPES[m.group(0)], text)


def read(text, openmetrics=False):
    """The page; raises Malformed, with the reason, when there is anything wrong with it."""
    style = 'openmetrics' if openmetrics else 'text'
    lines = text.split('\n')
    if lines.pop() != '':
        raise Malformed('the last line has no end')  # 11, 13
    if openmetrics and (not lines or lines.pop() != '# EOF'):
        raise Malformed('it does not end with # EOF')  # 13
    page, current = Page(), None
    for line in lines:
        if line == '' or line != line.rstrip(' ') and not line.startswith('# HELP '):
            raise Malformed(f'a blank line, or blanks at its end: {line!r}')  # 12
        if line.startswith('#'):
            found = re.fullmatch(rf'# (TYPE|HELP|UNIT) ({NAME}) (.*)', line, re.S)
            if not found:
                raise Malformed(f'neither TYPE nor HELP nor UNIT: {line!r}')  # 12, 14
            word, name, rest = found.groups()
            if current is None or current.name != name:
                if name in page.families:
                    raise Malformed(f'{name} is there twice, or in pieces')  # 42, 43
                current = page.families[name] = Family(name)
            if current.samples or getattr(current, word.lower()) is not None:
                raise Malformed(f'a second or a late {word} of {name}')  # 43
            if word == 'TYPE' and rest not in SUFFIXES[style]:
                raise Malformed(f'{rest} is no type here: {line!r}')  # 17
            if word == 'UNIT' and not (openmetrics and name.endswith('_' + rest) and re.fullmatch(NAME, rest)):
                raise Malformed(f'a unit that does not end its name: {line!r}')  # 59
            if word == 'HELP':
                if openmetrics and re.search(r'(?<!\\)(?:\\\\)*"', rest):
                    raise Malformed(f'a quote that is not escaped: {line!r}')  # 25
                rest = unescaped(rest, openmetrics)
            setattr(current, word.lower(), rest)
            continue
        found = SAMPLE.fullmatch(line)
        if not found:
            raise Malformed(f'not a sample: {line!r}')  # 16, 17
        name, pairs, value, exemplar = found.groups()
        if current is None or current.type is None:
            raise Malformed(f'no TYPE before {line!r}')
        if name not in [current.name + s for s in SUFFIXES[style][current.type]]:
            raise Malformed(f'{name} does not belong to the {current.type} {current.name}')  # 42, 51
        if not NUMBER.fullmatch(value):
            raise Malformed(f'not a number as it should be written: {line!r}')  # 36
        labels = labels_of(pairs, line)
        last = 'le' if current.type == 'histogram' else current.name  # which is the label of a state
        order = [label for label in labels if label != last]
        if order != sorted(order) or last in labels and list(labels)[-1] != last:
            raise Malformed(f'labels that are not sorted: {line!r}')  # 46
        if key(name, labels) in page.samples:
            raise Malformed(f'a series that is there twice: {line!r}')  # 44
        page.samples[key(name, labels)] = value
        current.samples.append((name, labels, value))
        if exemplar:
            if not openmetrics or (current.type, name[len(current.name):]) not in EXEMPLARS:
                raise Malformed(f'an exemplar where there is no place for it: {line!r}')  # 66, 67
            page.exemplars[key(name, labels)] = exemplar_of(exemplar, line)
    for family in page.families.values():
        if not family.samples:
            raise Malformed(f'{family.name} has no series')
        if family.type == 'counter' and any(not 0 <= number(v) < float('inf') for _, _, v in family.samples):
            raise Malformed(f'{family.name} counts what is no count')  # 50
        if family.type == 'info' and any(v != '1' for _, _, v in family.samples):
            raise Malformed(f'{family.name} is an info and not 1')  # 58
        if family.type == 'histogram':
            check_histogram(family, openmetrics, page.exemplars)
    check_names(page, style)
    target = 'target' if openmetrics else 'target_info'
    if target in page.families and list(page.families)[0] != target:
        raise Malformed('target_info is not the first')  # 49
    if list(page.families)[1:] != sorted(list(page.families)[1:]):
        raise Malformed('families that are not sorted')  # 46
    return page


def labels_of(pairs, line):
    labels = {}
    for pair in re.findall(PAIR, pairs or ''):
        label, quoted = pair.split('=', 1)
        if label in labels or label.startswith('__') or quoted == '""':
            raise Malformed(f'a label that is there twice, reserved or empty: {line!r}')  # 23, 28
        labels[label] = unescaped(quoted[1:-1], True)
    return labels


def exemplar_of(text, line):
    found = EXEMPLAR.fullmatch(text)
    if not found:
        raise Malformed(f'not an exemplar: {line!r}')  # 67
    pairs, value, time = found.groups()
    labels = labels_of(pairs, line)
    if sum(len(k) + len(v) for k, v in labels.items()) > 128:  # a str is made of code points
        raise Malformed(f'an exemplar whose labels are too long: {line!r}')  # 68
    # 36; a time is written as _created is, with digits behind the point that may be zeros.
    if not NUMBER.fullmatch(value) or time is not None and not re.fullmatch(r'[0-9]+(?:\.[0-9]+)?', time):
        raise Malformed(f'an exemplar whose value or time is none: {line!r}')  # 69
    return labels, value, time


def check_histogram(family, openmetrics, exemplars):
    below = -float('inf')
    for name, labels, _ in family.samples:
        if 'le' not in labels:
            continue
        _, value, _ = exemplars.get(key(name, labels), (None, None, None))
        if value is not None and not below < number(value) <= float(labels['le']):
            raise Malformed(f'{family.name}: an exemplar outside of its bucket: {labels}')  # 69
        below = float('-inf' if labels['le'] == '+Inf' else labels['le'])
    groups = {}
    for name, labels, value in family.samples:
        rest = {k: v for k, v in labels.items() if k != 'le'}
        kind = name[len(family.name):]
        groups.setdefault(key('', rest), []).append((kind, labels.get('le'), value))
    seen = []
    for name, labels, _ in family.samples:
        group = key('', {k: v for k, v in labels.items() if k != 'le'})
        if not seen or seen[-1] != group:
            seen.append(group)
    if len(seen) != len(groups):
        raise Malformed(f'the lines of one series of {family.name} are not together')  # 42
    for lines in groups.values():
        buckets = [(le, value) for kind, le, value in lines if kind == '_bucket']
        others = [(kind, value) for kind, le, value in lines if kind != '_bucket' and le is None]
        if len(buckets) + len(others) != len(lines) or [kind for kind, _, _ in lines[:len(buckets)]] != (
                ['_bucket'] * len(buckets)):
            raise Malformed(f'{family.name}: buckets come first, and only they have le')  # 54
        if not buckets or any(le is None or le != canonical(float(le), openmetrics) for le, _ in buckets):
            raise Malformed(f'{family.name}: a bound that is not written as it should be: {buckets}')  # 33, 34
        bounds = [float(le) for le, _ in buckets]
        counts = [number(v) for _, v in buckets]
        if any(not a < b for a, b in zip(bounds, bounds[1:])) or buckets[-1][0] != '+Inf':
            raise Malformed(f'{family.name}: bounds that do not increase up to +Inf')  # 53
        if any(not isinstance(c, int) or c < 0 for c in counts) or any(a > b for a, b in zip(counts, counts[1:])):
            raise Malformed(f'{family.name}: buckets that are no cumulative counts')  # 53
        values = dict(others)
        if len(values) != len(others) or values and list(values) != ['_sum', '_count']:
            raise Malformed(f'{family.name}: not one sum and one count, or neither: {others}')  # 54, 55
        if not openmetrics and not values:
            raise Malformed(f'{family.name}: text has sum and count')  # 55
        if values and number(values['_count']) != counts[-1]:
            raise Malformed(f'{family.name}: {values["_count"]} instead of {counts[-1]}')  # 53
        if openmetrics and values and (bounds[0] < 0 or not number(values['_sum']) >= 0):
            raise Malformed(f'{family.name}: a sum that could go down')  # 54


def check_names(page, style):
    """No sample of one family may have the name of another family or of its samples (44)."""
    used = {}
    for family in page.families.values():
        for name in {family.name} | {family.name + s for s in SUFFIXES[style][family.type]}:
            if used.setdefault(name, family.name) != family.name:
                raise Malformed(f'{name} belongs to {used[name]} and to {family.name}')
