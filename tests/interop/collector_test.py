# SPDX-License-Identifier: MIT
"""What the OpenTelemetry Collector makes of our pushes, and of our numbers when it shows them to Prometheus:
collector_test.py LIVE GALLERY"""
import json
import re
import sys
import time

import exposition
import gallery
import live
import otlp
import programs
import tap
from collector import Collector
from exposition import canonical, key
from reference import wait_until
from rows import DELTA, library_version
from tap import check, equal, equal_maps, holds

LIVE, GALLERY = sys.argv[1:3]
FOLDER = programs.built('collector')


def restored(line):
    """A request as it came: the Collector leaves out whatever has the value that it has when it isn't there."""
    request = json.loads(line)
    for about in request['resourceMetrics']:
        for scope in about['scopeMetrics']:
            for metric in scope['metrics']:
                if 'sum' in metric:
                    metric['sum'].setdefault('isMonotonic', False)
                for kind in ('histogram', 'exponentialHistogram'):
                    for point in metric.get(kind, {}).get('dataPoints', []):
                        point.setdefault('count', '0')
    return otlp.read_request(json.dumps(request, ensure_ascii=False).encode())


def got(collector, count):
    """The requests with points, so many, that the Collector has had since its start: each as resource and points."""
    wait_until(lambda: len(collector.requests()) >= count, f'{count} requests are in the file')
    equal(len(collector.requests()), count, 'requests in the file')
    return [restored(line) for line in collector.requests()]


def untimed(points):
    """Points by scope, name and labels, with all but their times."""
    return {gallery.identity(p.scope, p.name, p.labels): (p.kind, p.unit, p.temporality, p.monotonic, p.value)
            for p in points}


def is_delta(point):
    return point.temporality == 1


@check('Pushes of totals arrive: each kind has the value that was recorded, its type, unit and attributes')
def _():
    with Collector(FOLDER) as collector, live.Live(LIVE, collector.url) as program:
        for times in (1, 2, 3):
            program.record()
            holds(program.push(), 'it was not taken')
            points = got(collector, times)[-1][1]
            equal(len(untimed(points)), len(points), 'series, and points')
            live.same_points(untimed(points), live.pushed(times), f'totals, {times}')
        equal(collector.complaints(), [])


@check('Pushes of deltas arrive: each has what was recorded since the one before')
def _():
    with Collector(FOLDER) as collector, live.Live(LIVE, collector.url, **DELTA) as program:
        done = 0
        for number, rounds in enumerate((1, 2, 0, 1), 1):
            for _ in range(rounds):
                program.record()
            holds(program.push(), 'it was not taken')
            live.same_points(untimed(got(collector, number)[-1][1]), live.pushed(done + rounds, done, True),
                             f'deltas, {number}')
            done += rounds


@check('Nothing was recorded yet: what is shown from the start arrives as zero')
def _():
    with Collector(FOLDER) as collector, live.Live(LIVE, collector.url) as program:
        holds(program.push(), 'it was not taken')
        points = got(collector, 1)[0][1]
        holds(len(points) >= 15 and {p.name for p in points} >= {'jobs_total', 'huge', 'idle', 'rpc.size', 'balance'},
              [p.name for p in points])
        for p in points:
            value = getattr(p.value, 'count', p.value)
            holds(value == 0 or p.name.startswith('seen.'), f'{p.name} is {value}')


@check('Times: totals start once, deltas follow each other without a gap, and none is out of the program\'s life')
def _():
    begin = time.time_ns()
    for variables in ({}, DELTA):
        with Collector(FOLDER) as collector, live.Live(LIVE, collector.url, **variables) as program:
            for _ in range(3):
                program.record()
                holds(program.push(), 'it was not taken')
            requests = [points for _, points in got(collector, 3)]
        starts, before = {}, None
        for points in requests:
            end, = {p.time for p in points}
            holds(begin < end < time.time_ns() and end > (before or 0), f'{end} is no time of a push')
            for p in points:
                at = gallery.identity(p.scope, p.name, p.labels)
                holds(begin < p.start <= p.time, f'{at} starts at {p.start}')
                if is_delta(p) and before is not None:
                    equal(p.start, before, at)
                elif not is_delta(p):
                    equal(p.start, starts.setdefault(at, p.start), at)
            before = end


@check('Who pushes arrives: the resource, and the scopes with their versions')
def _():
    listed = {'OTEL_RESOURCE_ATTRIBUTES': 'service.instance.id=7,team=a%2Cb \u00e9'}
    with Collector(FOLDER) as collector, live.Live(LIVE, collector.url, **listed) as program:
        program.record()
        holds(program.push(), 'it was not taken')
        about, points = got(collector, 1)[0]
    equal_maps(about, {'service.name': 'gallery', 'service.instance.id': '7', 'team': 'a,b \u00e9',
                       'telemetry.sdk.name': 'tacho', 'telemetry.sdk.language': 'cpp',
                       'telemetry.sdk.version': library_version()}, 'the resource')
    equal({p.scope for p in points}, {gallery.SHOP, gallery.OTHER, gallery.NOBODY})


@check('1200 doubles and integers, 300 texts of any bytes: the Collector has each as it was sent')
def _():
    with Collector(FOLDER) as collector:
        for number, page in enumerate(('kinds', 'numbers', 'texts'), 1):
            body = gallery.printed(GALLERY, 'otlp', page)
            equal((collector.post(body).status, page), (200, page))
            came, sent = got(collector, number)[-1], otlp.read_request(body)
            equal_maps(came[0], sent[0], f'the resource of {page}')
            holds(len(sent[1]) > (40 if page == 'kinds' else 900), f'{page}: {len(sent[1])} points')
            equal_maps({gallery.identity(p.scope, p.name, p.labels): repr(p) for p in came[1]},
                       {gallery.identity(p.scope, p.name, p.labels): repr(p) for p in sent[1]}, page)


@check('The Collector refuses what is wrong: a check that it reads what it gets')
def _():
    body = gallery.printed(GALLERY, 'otlp', 'kinds')
    with Collector(FOLDER) as collector:
        for right, wrong in [(b'"asInt":"', b'"asInt":"x'), (b'"NaN"', b'"nan?"'), (b'"resourceMetrics"', b'resource')]:
            holds(right in body, right)
            equal((wrong, collector.post(body.replace(right, wrong, 1)).status), (wrong, 400))
        equal(collector.requests(), [])


# ---- What the Collector shows to Prometheus, beside what we show.

SCOPE = ('otel_scope_name', 'otel_scope_version', 'otel_scope_schema_url')
ADDED = {**dict.fromkeys(SCOPE, ''), 'job': 'gallery', 'instance': '7'}
IDENTIFIED = {'OTEL_RESOURCE_ATTRIBUTES': 'service.instance.id=7'}


def read_loosely(text):
    """The series of a page that others have written, and their values."""
    out = {}
    for line in text.splitlines():
        if line and not line.startswith('#'):
            name, pairs, value = re.fullmatch(rf'({exposition.NAME})(?:\{{(.*)\}})? (\S+)', line).groups()
            labels = {}
            for label, quoted in re.findall(rf'({exposition.LABEL})=({exposition.QUOTED})', pairs or ''):
                labels[label] = exposition.unescaped(quoted[1:-1], True)
            holds(key(name, labels) not in out, f'twice: {line}')
            out[key(name, labels)] = exposition.number(value)
    return out


def as_the_collector_shows(page):
    """What we scrape, changed in all in which the Collector is known to be different:
    - It adds the labels job (service.name), instance (service.instance.id; without it, it shows no target_info either)
      and otel_scope_schema_url, and writes those of scopes also when empty.
    - It knows no infos: what OTLP carries of one is a sum, which it shows without `_info`.
    - A gauge of the unit 1 is a ratio to it (205).
    - A sum that OTLP leaves out, because it could go down, is 0 to it.
    - Exponential histograms, which no text shows, are histograms with no bucket but +Inf to it.
    """
    out = {}
    for at, value in page.items():
        name, labels = at[0], dict(at[1:])
        labels = {**ADDED, **labels}
        if 'le' in labels and name.endswith('_bucket'):
            labels['le'] = canonical(float(labels['le']), False)
        name = {'build_info': 'build', 'fill': 'fill_ratio'}.get(name, name)
        if name in ('drift_sum', 'loss_sum'):
            value = 0
        out[key(name, labels)] = value
    return out


def exponential_series(times):
    out = {}
    for name, unit, scope, labels, most, values in live.EXPONENTIAL:
        shown = {'rpc.duration': 'rpc_duration_seconds', 'rpc.size': 'rpc_size_bytes'}[name]
        labels = {**ADDED, **{k: str(v) for k, v in labels.items()}}
        if scope[0]:
            labels.update(zip(SCOPE, scope))
        wanted = live.exponential(most, values, times)
        out[key(shown + '_bucket', {**labels, 'le': '+Inf'})] = out[key(shown + '_count', labels)] = wanted.count
        out[key(shown + '_sum', labels)] = wanted.sum or 0
    return out


@check('What the Collector shows to Prometheus is what we show, series by series, but for what is listed')
def _():
    with Collector(FOLDER) as collector, live.Live(LIVE, collector.url, **IDENTIFIED) as program:
        for times in (1, 2):
            program.record()
            holds(program.push(), 'it was not taken')
            got(collector, times)
            ours = exposition.read(program.page('text/plain')).numbers()
            target, = [at for at in ours if at[0] == 'target_info']
            about = dict(target[1:])
            equal((about.pop('service_name'), about.pop('service_instance_id'), ours.pop(target)), ('gallery', '7', 1))
            equal_maps(ours, live.scraped(times, False), 'what we show')
            wanted = {**as_the_collector_shows(ours), **exponential_series(times)}
            wanted[key('target_info', {**about, 'job': 'gallery', 'instance': '7'})] = 1
            theirs = read_loosely(collector.page('text/plain'))
            equal_maps({k: float(v) for k, v in theirs.items()}, {k: float(v) for k, v in wanted.items()},
                       f'the Collector, {times}')
        equal(collector.complaints(), [])


@check('Types, descriptions and names of the Collector\'s page are ours')
def _():
    with Collector(FOLDER) as collector, live.Live(LIVE, collector.url) as program:
        program.record()
        holds(program.push(), 'it was not taken')
        got(collector, 1)
        ours = exposition.read(program.page('text/plain')).families
        theirs = {}
        for word, name, rest in re.findall('^# (TYPE|HELP) (\\S+) (.*)$', collector.page('text/plain'), re.M):
            theirs.setdefault(name, {})[word] = rest
        renamed = {'build_info': 'build', 'fill': 'fill_ratio'}
        wanted = {renamed.get(n, n): (f.type, f.help or '') for n, f in ours.items() if n != 'target_info'}
        wanted['rpc_duration_seconds'] = ('histogram', 'Both signs, and zero')
        wanted['rpc_size_bytes'] = ('histogram', 'Few buckets')
        equal_maps({n: (f['TYPE'], exposition.unescaped(f['HELP'], False)) for n, f in theirs.items()
                    if n != 'target_info'}, wanted, 'families')


# ---- Faults.

IMPATIENT = {'OTEL_METRIC_EXPORT_TIMEOUT': '1000', 'OTEL_EXPORTER_OTLP_TIMEOUT': '1000'}


def added(points, totals):
    """Adds up deltas, and takes over totals."""
    for at, (*rest, value) in untimed(points).items():
        before = totals.get(at)
        if before is not None and rest[2] == 1:
            if hasattr(value, 'buckets'):
                value = value._replace(count=value.count + before[-1].count, sum=plus(value.sum, before[-1].sum),
                                       buckets=[a + b for a, b in zip(value.buckets, before[-1].buckets)])
            elif hasattr(value, 'scale'):
                equal(value.scale, before[-1].scale, f'the scale of {at}')
                value = value._replace(count=value.count + before[-1].count, sum=plus(value.sum, before[-1].sum),
                                       zeros=value.zeros + before[-1].zeros,
                                       positive=plus_each(value.positive, before[-1].positive),
                                       negative=plus_each(value.negative, before[-1].negative))
            else:
                value = value + before[-1]
        totals[at] = (*rest, value)


def plus(a, b):
    return None if a is None else a + b


def plus_each(a, b):
    return {k: a.get(k, 0) + b.get(k, 0) for k in {**a, **b}}


def check_nothing_is_lost(variables, end):
    with Collector(FOLDER) as collector, live.Live(LIVE, collector.url, **variables, **IMPATIENT) as program:
        totals = {}

        def push(number):
            holds(program.push(), 'it was not taken')
            points = got(collector, number)[-1][1]
            added(points, totals)
            return points
        program.record()
        push(1)
        program.record()
        end(collector)
        for _ in range(2):
            program.record()
            holds(not program.push(), 'nobody can have taken it')
        program.record()
        collector.start()
        first = push(1)
        program.record()
        push(2)
        equal(program.recorded, 6)
        wanted = live.pushed(6)
        if variables:  # the sum of all deltas, with the temporality that they came with
            counted = live.pushed(6, 0, True)
            wanted.update({at: (*counted[at][:-1], v[-1]) for at, v in wanted.items() if at in counted})
            huge = gallery.identity(gallery.NOBODY, 'huge', {})
            wanted = {at: v for at, v in wanted.items() if at in totals and at != huge}  # what was never recorded
            # Of what wraps around: 1, 4 and 1 rounds.
            equal(totals.pop(huge)[-1], sum(float((2**64 - 1) * n % 2**64) for n in (1, 4, 1)))
            holds(sum(v[2] == 1 for v in totals.values()) > 25, totals)
            start, = {p.start for p in first if is_delta(p)}
            holds(start < min(p.time for p in first), 'it goes on where the last accepted one ended')
        live.same_points(totals, wanted, 'what the Collector has in the end')


for temporality, variables in (('totals', {}), ('deltas', DELTA)):
    check(f'The Collector is stopped and started again: of {temporality} nothing is lost, and nothing there twice')(
        lambda variables=variables: check_nothing_is_lost(variables, lambda c: equal(c.end(), 0)))
    check(f'The Collector is killed and started again: of {temporality} nothing is lost, and nothing there twice')(
        lambda variables=variables: check_nothing_is_lost(variables, Collector.kill))


@check('While the Collector is away a scrape shows what was recorded, and the last push at the end is bounded')
def _():
    with Collector(FOLDER) as collector:
        with live.Live(LIVE, collector.url) as program:
            program.record()
            holds(program.push(), 'it was not taken')
            collector.kill()
            program.record()
            shown = exposition.read(program.page(), True).numbers()
            equal_maps({k: v for k, v in shown.items() if k[0] != 'target_info'}, live.scraped(2), 'the scrape')
            begin = time.monotonic()
            equal(program.end(), 0)
            holds(time.monotonic() - begin < 20, 'it ended late')


tap.main()
