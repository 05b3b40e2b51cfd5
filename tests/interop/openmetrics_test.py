# SPDX-License-Identifier: MIT
"""Every body of a scrape, read by the parsers of prometheus_client and by a stricter one, value by value:
openmetrics_test.py REFERENCE GALLERY"""
import math
import re
import sys

import tap
from tap import check, equal, equal_maps, holds

try:
    from prometheus_client.openmetrics import parser as strict
    from prometheus_client import parser as lax
except ImportError:
    tap.skip_all('python3-prometheus-client is not installed')

import exposition
import gallery
import service
from exposition import key
from reference import Held, Server

REFERENCE, GALLERY = sys.argv[1:3]
OPENMETRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8'
TEXT = 'text/plain; version=0.0.4; charset=utf-8'


def printed(form, page):
    return gallery.printed(GALLERY, form, page).decode('utf-8')


def parsed(parser, text):
    """Families as prometheus_client reads them, and their samples; fails when a series is there twice."""
    families = list(parser.text_string_to_metric_families(text))
    samples = {}
    for family in families:
        for sample in family.samples:
            holds(sample.timestamp is None and sample.exemplar is None, f'a timestamp or an exemplar: {sample}')
            at = key(sample.name, sample.labels)
            holds(at not in samples, f'twice: {at}')
            samples[at] = sample.value
    return {f.name: f for f in families}, samples


def both(form, page):
    """Fails unless their parser and ours agree on a page of the gallery; returns what they read."""
    text = printed(form, page)
    families, samples = parsed(strict if form == 'openmetrics' else lax, text)
    ours = exposition.read(text, form == 'openmetrics')
    numbers = ours.numbers()
    if form != 'openmetrics':  # their text parser makes doubles of all numbers
        numbers = {k: float(v) for k, v in numbers.items()}
    equal_maps(samples, numbers, f'{form} {page}, as the two parsers read it')
    return families, samples, ours


# ---- The gallery: every kind of instrument.

@check('OpenMetrics: every kind of instrument carries the numbers that were recorded')  # CONFORMANCE 34, 37, 51-55
def _():
    _, samples, _ = both('openmetrics', 'kinds')
    equal_maps(samples, gallery.scraped_kinds(True), 'OpenMetrics')


@check('Text 0.0.4: every kind of instrument carries the numbers that were recorded')  # CONFORMANCE 29-33, 55
def _():
    _, samples, ours = both('text', 'kinds')
    wanted = gallery.scraped_kinds(False)
    equal_maps(ours.numbers(), wanted, 'text')
    equal_maps(samples, {k: float(v) for k, v in wanted.items()}, 'text')


@check('Text 1.0.0 has the same body as text 0.0.4')
def _():
    equal(printed('text-1.0.0', 'kinds'), printed('text', 'kinds'))


@check('The type, unit and description of each family are what they should be, in both formats')  # CONFORMANCE 25, 59
def _():
    kinds = {s.shown: 'gauge' if s.kind in ('gauge', 'up_down') else s.kind for s in gallery.KINDS}
    families, _, ours = both('openmetrics', 'kinds')
    # OpenMetrics names a counter without _total (51), and prometheus_client does so for text, too.
    stem = {name: re.sub('_total$', '', name) if kind == 'counter' else name for name, kind in kinds.items()}
    told = {stem[name]: (kind, gallery.HELP[name], gallery.UNITS.get(name, '')) for name, kind in kinds.items()}
    told['target'] = ('info', families['target'].documentation, '')
    equal_maps({n: (f.type, f.documentation, f.unit) for n, f in families.items()}, told, 'OpenMetrics')
    equal_maps({n: (f.type, f.help or '', f.unit or '') for n, f in ours.families.items()}, told, 'OpenMetrics, by us')
    families, _, ours = both('text', 'kinds')
    told = {stem[name]: (kind, gallery.HELP[name]) for name, kind in kinds.items()}
    told['target_info'] = ('gauge', families['target_info'].documentation)
    equal_maps({n: (f.type, f.documentation) for n, f in families.items()}, told, 'text')
    equal_maps({n: f.help or '' for n, f in ours.families.items() if n != 'target_info'}, gallery.HELP, 'text, by us')


@check('An empty registry is an empty page in text, and nothing but its end in OpenMetrics')  # CONFORMANCE 13, 14
def _():
    equal(printed('text', 'empty'), '')
    equal(printed('openmetrics', 'empty'), '# EOF\n')
    equal(parsed(strict, '# EOF\n')[1], {})


# ---- The gallery: numbers and texts that are hard to write.

def check_numbers(form):
    """Whatever is written reads back as the same number, bit by bit but for the sign of zero and the kind of NaN."""
    _, _, ours = both(form, 'numbers')
    seen = {}
    for (name, *labels), value in ours.numbers('gauge_double', 'gauge_integer', 'counter_integer_total',
                                               'counter_double_total', 'counter_integer', 'counter_double').items():
        bits = dict(labels)['bits']
        d = gallery.double_of(bits)
        wanted = {'gauge_double': d, 'gauge_integer': gallery.signed_of(bits), 'counter_integer_total': int(bits, 16),
                  'counter_double_total': d if d >= 0 and math.isfinite(d) else 0}[name]
        holds(tap.same(float(value) if isinstance(wanted, float) else value, wanted),
              f'{name} of {bits} is {value!r} instead of {wanted!r}')
        seen[name] = seen.get(name, 0) + 1
    holds(min(seen.values()) > 1000 and len(seen) == 4, f'there were only {seen}')
    sums = 0
    for (name, *labels), value in ours.numbers('histogram').items():
        labels = dict(labels)
        d = gallery.double_of(labels['bits'])
        if name == 'histogram_bucket':
            wanted = 1 if d <= float(labels['le']) else 0
        elif name == 'histogram_count':
            wanted = 0 if math.isnan(d) else 1
        else:
            wanted, sums = (d if math.isfinite(d) else 0), sums + 1
        holds(float(value) == wanted, f'{name} of {labels} is {value!r} instead of {wanted!r}')
    holds(sums > 500, f'there were only {sums} sums')


check('Text: 1200 doubles and integers read back as the same numbers')(lambda: check_numbers('text'))  # CONFORMANCE 30
check('OpenMetrics: 1200 doubles and integers read back as the same numbers')(lambda: check_numbers('openmetrics'))


def check_texts(form):
    """Labels, descriptions, scopes and the resource, by both parsers, against the bytes that `hex` says."""
    families, samples, ours = both(form, 'texts')
    (target,) = [dict(labels) for (name, *labels) in samples if name == 'target_info']
    count = 0
    for (name, *labels), value in samples.items():
        labels = dict(labels)
        digits = labels.get('hex', '')
        wanted = gallery.text_of(digits)
        if name == 'text_total':
            equal(value, 1, digits)
            equal(labels.get('text', ''), gallery.text_of(digits, 1024), digits)
        elif re.fullmatch('n[0-9]+', name):
            equal(ours.families[name].help or '', wanted, digits)
            # Their text parser strips blanks around a description, ours does not.
            if form == 'openmetrics' or wanted == wanted.strip():
                equal(families[name].documentation, wanted, digits)
            equal(target.get('r' + name[1:], ''), wanted, digits)
        elif re.fullmatch('s[0-9]+', name):
            equal(labels.get('otel_scope_name', ''), wanted, digits)
            equal(labels.get('otel_scope_version', ''), wanted, digits)
        count += 1
    holds(count > 900, f'there were only {count} texts')


check('Text: 300 texts of any bytes read back as they were')(lambda: check_texts('text'))  # CONFORMANCE 25-28
check('OpenMetrics: 300 texts of any bytes read back as they were')(lambda: check_texts('openmetrics'))


# ---- The gallery: names that would be there twice.

@check('Two scopes that differ only in bytes that are no text do not show one series twice')  # CONFORMANCE 27, 44
def _():
    for form, parser in (('text', lax), ('openmetrics', strict)):
        text = printed(form, 'broken-scopes')
        parsed(parser, text)
        exposition.read(text, form == 'openmetrics')


@check('An instrument that is called target_info does not clash with the target_info of the resource')  # CONFORMANCE 44
def _():
    for form, parser in (('text', lax), ('openmetrics', strict)):
        text = gallery.printed(GALLERY, form, 'reserved', refused=None).decode()
        parsed(parser, text)
        exposition.read(text, form == 'openmetrics')


@check('An instrument that is called like its unit does not spoil the page')  # CONFORMANCE 59
def _():
    for form, parser in (('text', lax), ('openmetrics', strict)):
        text = printed(form, 'bare-units')
        numbers = {k: float(v) for k, v in exposition.read(text, form == 'openmetrics').numbers().items()}
        equal_maps({k: float(v) for k, v in parsed(parser, text)[1].items()}, numbers, form)
        equal(sorted(v for k, v in numbers.items() if k[0] != 'target_info'), [1.5, 2.0], form)


# ---- The live server.

def scrape(server, accept, wanted_type):
    answer = server.scrape(accept)
    equal((answer.status, answer.headers['Content-Type']), (200, wanted_type), f'Accept: {accept}')
    return answer.body


ACCEPTS = {
    # CONFORMANCE 74 and 75: what Prometheus 3.14 and 2.42 send.
    'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,'
    'application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,'
    'text/plain;version=0.0.4;q=0.3,*/*;q=0.2': OPENMETRICS + '; escaping=allow-utf-8',
    'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,'
    'text/plain;version=0.0.4;q=0.5,*/*;q=0.1': OPENMETRICS,
    'application/openmetrics-text': OPENMETRICS,
    'application/openmetrics-text; version=0.0.1; escaping="dots"': OPENMETRICS + '; escaping=dots',
    'application/openmetrics-text;version=1.0.0;escaping=values': OPENMETRICS + '; escaping=values',
}


@check('The live server: what it answers before any request is read by the strict parser')
def _():
    with Server(REFERENCE, {'OGX_PROMETHEUS_ENABLED': '1'}) as server:
        for accept, wanted in ACCEPTS.items():
            families, samples = parsed(strict, scrape(server, accept, wanted))
            equal([k[0] for k in samples], ['target_info'])
            equal(families['target'].type, 'info')


@check('The live server: every body is read by the strict parser, whatever Prometheus asks for')
def _():
    with Server(REFERENCE, {'OGX_PROMETHEUS_ENABLED': '1'}) as server:
        service.exercise(server, lambda: exposition.read(server.scrape().body), times=3)
        held = Held(server.api)
        for accept, wanted in ACCEPTS.items():
            text = scrape(server, accept, wanted)
            families, samples = parsed(strict, text)
            equal_maps(exposition.read(text, True).numbers(), samples, 'OpenMetrics, as the two parsers read it')
            equal(samples[key('ogx_concurrent_requests', {'api': 'inspect'})], 1)
            for name, instrument in service.INSTRUMENTS.items():
                shown = service.shown(name)
                family = families[shown.removesuffix('_total') if instrument.kind == 'counter' else shown]
                equal(family.type, 'gauge' if instrument.kind == 'up_down' else instrument.kind, name)
                equal(family.unit, 'seconds' if instrument.unit == 's' else '', name)
                holds(family.documentation, f'{name} has no description')
        held.leave()


@check('The live server: text and OpenMetrics carry the same numbers')
def _():
    with Server(REFERENCE, {'OGX_PROMETHEUS_ENABLED': '1'}) as server:
        service.exercise(server, lambda: exposition.read(server.scrape().body))
        _, open_samples = parsed(strict, scrape(server, 'application/openmetrics-text', OPENMETRICS))
        _, text_samples = parsed(lax, scrape(server, None, TEXT))

        def by_bound(samples):
            return {tuple((k, float(v)) if k == 'le' else (k, v) for k, v in labels) + (name,): float(value)
                    for (name, *labels), value in samples.items()}
        equal_maps(by_bound(open_samples), by_bound(text_samples), 'OpenMetrics beside text')
        equal(len(text_samples), len(open_samples))


@check('The live server: whatever a client puts into a label is read by the strict parser')  # CONFORMANCE 26-28
def _():
    with Server(REFERENCE, {'OGX_PROMETHEUS_ENABLED': '1'}) as server:
        modes = {'%22': '"', '%5C': '\\', '%0A': '\n', '%0D%0A': '\r\n', '%00': '\0', '%FF': '\ufffd',
                 '%C3%A9': '\u00e9', '%F0%9F%98%80': '\U0001f600', '%ED%A0%80': '\ufffd' * 3,
                 '%5Cn%22%7D%201%20%23%20%7B': '\\n"} 1 # {',
                 'x' * 3000: 'x' * 1024, '': None}
        for encoded in modes:
            equal(server.post('/v1/vector-io/query?mode=' + encoded).status, 200)
        text = scrape(server, 'application/openmetrics-text', OPENMETRICS)
        _, samples = parsed(strict, text)
        exposition.read(text, True)
        seen = {dict(k[1:]).get('search_mode'): v for k, v in samples.items() if k[0] == 'ogx_vector_io_queries_total'}
        equal_maps(seen, {mode: 1 for mode in modes.values()}, 'the modes of queries')


# ---- The reader itself: what it refuses, each beside the page that is right.

SOUND = '''# TYPE target info
target_info{a="b"} 1
# TYPE c counter
# HELP c With \\"quotes\\" and \\\\ and \\n
c_total{x="1"} 2.5 # {span_id="2",trace_id="\\"1\\""} 2 1700000000.5
c_total{x="2"} 0
# TYPE h_seconds histogram
# UNIT h_seconds seconds
h_seconds_bucket{x="1",le="0.5"} 1 # {a="1"} 0.5
h_seconds_bucket{x="1",le="1.0"} 1
h_seconds_bucket{x="1",le="1e+06"} 2 # {} 2
h_seconds_bucket{x="1",le="+Inf"} 3 # {a="1"} +Inf 1
h_seconds_sum{x="1"} 2.5
h_seconds_count{x="1"} 3
# TYPE m gauge
m NaN
# EOF
'''
TARGET = '# TYPE target info\ntarget_info{a="b"} 1\n'
FAULTS = {
    'no end': ('# EOF\n', ''), 'text after the end': ('# EOF\n', '# EOF\n\n'), 'no line end': ('# EOF\n', '# EOF'),
    'a blank line': ('m NaN\n', 'm NaN\n\n'), 'a carriage return': ('m NaN\n', 'm NaN\r\n'),
    'a blank too many': ('m NaN', 'm  NaN'), 'a blank at the end': ('m NaN', 'm NaN '),
    'a timestamp': ('m NaN', 'm NaN 1'),
    'a series twice': ('m NaN\n', 'm NaN\nm 1\n'), 'a family twice': ('# EOF', '# TYPE c counter\nc_total 1\n# EOF'),
    'a family in pieces': ('c_total{x="2"} 0\n', '', '# EOF', 'c_total{x="2"} 0\n# EOF'),
    'series in pieces': ('h_seconds_count{x="1"}', 'h_seconds_count{x="2"}'),
    'late metadata': ('m NaN\n', 'm NaN\n# HELP m late\n'), 'a comment': ('m NaN\n', 'm NaN\n# comment\n'),
    'a type that is none': ('m gauge', 'm untyped'), 'a counter without _total': ('c_total{x="2"}', 'c{x="2"}'),
    'a counter below zero': ('} 2.5 #', '} -2.5 #'), 'a counter that is NaN': ('} 2.5 #', '} NaN #'),
    'a sample without a type': ('# TYPE m gauge\n', ''), 'an empty family': ('m NaN\n', ''),
    'a unit that its name does not have': ('h_seconds seconds', 'h_seconds s'),
    'a quote in HELP': ('With \\"', 'With "'), 'an escape that is none': ('x="2"', 'x="\\t"'),
    'a label twice': ('c_total{x="1"}', 'c_total{x="1",x="1"}'), 'an empty label': ('c_total{x="1"}', 'c_total{x=""}'),
    'a comma too many': ('c_total{x="1"}', 'c_total{x="1",}'), 'inf': ('m NaN', 'm inf'),
    'labels that are not sorted': ('c_total{x="1"}', 'c_total{z="1",x="1"}'),
    'an uncanonical bound': ('le="1.0"', 'le="1"'), 'another one': ('le="1e+06"', 'le="1000000.0"'),
    'bounds that fall': ('le="0.5"', 'le="2.0"'),
    'no bucket up to +Inf': ('h_seconds_bucket{x="1",le="+Inf"} 3 # {a="1"} +Inf 1\n', ''),
    'counts that fall': ('le="0.5"} 1', 'le="0.5"} 2'),
    'a count that is not +Inf': ('count{x="1"} 3', 'count{x="1"} 2'),
    'a sum without a count': ('h_seconds_count{x="1"} 3\n', ''),
    'a count without a sum': ('h_seconds_sum{x="1"} 2.5\n', ''),
    'a sum below zero': ('sum{x="1"} 2.5', 'sum{x="1"} -2.5'), 'a bound below zero': ('le="0.5"', 'le="-0.5"'),
    'a hexadecimal number': ('} 2.5 #', '} 0x2 #'), 'a number with too many digits': ('} 2.5 #', '} 2.50 #'),
    'a number with a plus': ('} 2.5 #', '} +2.5 #'), 'a number with a comma': ('} 2.5 #', '} 2,5 #'),
    'target_info that is not first': (TARGET, '', '# EOF', TARGET + '# EOF'),
    'families that are not sorted': ('# TYPE m gauge\nm NaN\n', '', '# TYPE c', '# TYPE m gauge\nm NaN\n# TYPE c'),
    'an info of two': ('{a="b"} 1', '{a="b"} 2'),
    # Exemplars. CONFORMANCE 67-69
    'an exemplar of a gauge': ('m NaN', 'm NaN # {} 1'), 'one of an info': ('{a="b"} 1', '{a="b"} 1 # {} 1'),
    'one of a sum': ('sum{x="1"} 2.5', 'sum{x="1"} 2.5 # {} 1'),
    'one of a count': ('count{x="1"} 3', 'count{x="1"} 3 # {} 1'),
    'an exemplar of 129 characters': ('{a="1"} 0.5', '{a="' + 128 * 'x' + '"} 0.5'),
    'one of 129 wide characters': ('{a="1"} 0.5', '{a="' + 128 * '\u65e5' + '"} 0.5'),
    'an exemplar below its bucket': ('# {} 2', '# {} 1'), 'one above its bucket': ('} 0.5', '} 0.75'),
    'one that is NaN': ('} 0.5', '} NaN'), 'one below the last bucket': ('} +Inf 1', '} 2 1'),
    'an exemplar at no time': ('} +Inf 1', '} +Inf now'), 'one at no finite time': ('} +Inf 1', '} +Inf +Inf'),
    'two times': ('} +Inf 1', '} +Inf 1 1'), 'two exemplars': ('# {} 2', '# {} 2 # {} 2'),
    'an exemplar without a value': ('# {} 2', '# {}'), 'one without labels': ('# {} 2', '# 2'),
    'an exemplar with a label twice': ('# {a="1"} 0.5', '# {a="1",a="1"} 0.5'),
    'an exemplar with an escape that is none': ('# {a="1"} 0.5', '# {a="\\t"} 0.5'),
    'a clash of names': ('# TYPE m gauge\nm NaN', '# TYPE h_seconds_sum gauge\nh_seconds_sum NaN'),
}


@check(f'The reader of these tests refuses each of {len(FAULTS)} faults, and takes the page without them')
def _():
    exposition.read(SOUND, True)
    for name, changes in FAULTS.items():
        text = SOUND
        for right, wrong in zip(changes[::2], changes[1::2]):
            holds(right in text, f'{name} changes nothing')
            text = text.replace(right, wrong, 1)
        refuses(text, True, name)
    page = exposition.read(SOUND, True)
    equal(page.exemplars[key('c_total', {'x': '1'})], ({'span_id': '2', 'trace_id': '"1"'}, '2', '1700000000.5'))
    for fits in (127 * 'x', 127 * '\u65e5'):
        exposition.read(SOUND.replace('{a="1"} 0.5', f'{{a="{fits}"}} 0.5'), True)


def refuses(text, openmetrics, what):
    try:
        exposition.read(text, openmetrics)
    except exposition.Malformed:
        return
    raise AssertionError(f'it takes {what}')


@check('The reader of these tests refuses exemplars in text, and what else only OpenMetrics has')  # CONFORMANCE 13, 66
def _():
    text = ('# HELP c_total A "quote"\n# TYPE c_total counter\nc_total 1\n# TYPE h histogram\n'
            'h_bucket{le="1"} 1\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n')
    exposition.read('# TYPE target_info gauge\ntarget_info 1\n' + text)
    for name, right, wrong in (('an exemplar', 'c_total 1', 'c_total 1 # {} 1'),
                               ('one of a bucket', 'le="1"} 1', 'le="1"} 1 # {a="1"} 1'),
                               ('an end', 'h_count 1\n', 'h_count 1\n# EOF\n'),
                               ('no sum and no count', 'h_sum 1\nh_count 1\n', ''),
                               ('no bucket up to +Inf', 'h_bucket{le="+Inf"} 1\n', '')):
        holds(right in text, f'{name} changes nothing')
        refuses('# TYPE target_info gauge\ntarget_info 1\n' + text.replace(right, wrong, 1), False, name)


@check('The strict parser of prometheus_client takes the page that the faults are put into')
def _():
    list(strict.text_string_to_metric_families(SOUND))


tap.main()
