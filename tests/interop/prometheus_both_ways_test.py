# SPDX-License-Identifier: MIT
"""What Prometheus 3 makes of every kind of instrument, by both ways: it scrapes the program live, which also pushes to
its OTLP receiver, and PromQL answers with the numbers that were recorded: prometheus_both_ways_test.py LIVE"""
import decimal
import json
import math
import re
import sys

import gallery
import live
import programs
import tap
from exposition import canonical, key
from prometheus import Prometheus
from reference import wait_until
from rows import DELTA
from tap import check, equal, equal_maps, holds

LIVE, = sys.argv[1:2]
FOLDER = programs.built('prometheus')
INSTANCE = {'OTEL_RESOURCE_ATTRIBUTES': 'service.instance.id=7,team=\u00e9'}
SCOPES = {'promote_scope_metadata': True}


def push(program):
    """Pushes; fails with what the program says when it was not taken."""
    if not program.push():
        why = wait_until(lambda: [line for line in program.errors if 'pushing to' in line], 'it says why')
        raise AssertionError(f'it was not taken: {why}')


class setting:
    """What all checks look at; the first one makes it."""
    prometheus = scraped = pushing = None


def receiver(*features, **settings):
    """A Prometheus that takes OTLP and scrapes nobody."""
    arguments = ['--web.enable-otlp-receiver', *(f'--enable-feature={f}' for f in features)]
    out = Prometheus(FOLDER, {}, arguments, otlp=settings)
    out.wait_until_it_answers()
    return out


def url(prometheus):
    return f'http://{prometheus.address}/api/v1/otlp'


def floats(samples):
    return {k: float(v) for k, v in samples.items()}


def with_bounds(samples, written):
    """The same series, with the bounds of buckets as Prometheus writes them: of a scrape as OpenMetrics does, of a push
    without exponents."""
    def kept(at):
        return ((k, written(float(v))) if k == 'le' and at[0].endswith('_bucket') else (k, v) for k, v in at[1:])
    return {(at[0], *kept(at)): float(v) for at, v in samples.items()}


def scraped_bound(value):
    return canonical(value, True)


def pushed_bound(value):
    return '+Inf' if value == math.inf else format(decimal.Decimal(repr(value)).normalize(), 'f')


def asked(prometheus, job):
    """All series but target_info and those that Prometheus itself adds; no native histograms."""
    own = 'up|scrape_.*|target_info|rpc_.*'
    return prometheus.query(f'{{job="{job}", __name__!~"{own}"}}')


def as_numbers(native):
    return {k: (float(native[k]) if k != 'buckets' else
                {(float(low), float(high)): float(n) for _, low, high, n in native.get(k, [])})
            for k in ('count', 'sum', 'buckets')}


def native_histograms(prometheus, name):
    """By their labels: count, sum, and each bucket's count."""
    out = {}
    for item in prometheus.vector(name):
        holds('histogram' in item, f'{item} is no native histogram')
        labels = {k: v for k, v in item['metric'].items() if k not in ('__name__', 'job', 'instance')}
        out[key('', labels)] = as_numbers(item['histogram'][1])
    return out


def native(name, times):
    """The same, as it should be. Prometheus has no scale above 8, and takes a sum that isn't sent for 0."""
    out = {}
    for of, _, (scope, version), labels, most, values in live.EXPONENTIAL:
        if of != name:
            continue
        value = live.exponential(most, values, times)
        scale = min(value.scale, 8)
        base = 2.0 ** 2.0 ** -scale
        buckets = {}
        for sign, side in ((1, value.positive), (-1, value.negative)):
            for at, count in side.items():
                low = at >> (value.scale - scale)
                ends = sorted((sign * base ** low, sign * base ** (low + 1)))
                buckets[tuple(ends)] = buckets.get(tuple(ends), 0) + count
        if value.zeros:
            buckets[(-1e-128, 1e-128)] = value.zeros
        labels = {k: str(v) for k, v in labels.items()}
        if scope:
            labels.update(otel_scope_name=scope, otel_scope_version=version)
        out[key('', labels)] = {'count': value.count, 'sum': value.sum or 0.0, 'buckets': buckets}
    return out


def same_native(got, wanted, what):
    equal(set(got), set(wanted), what)
    for at, histogram in wanted.items():
        equal((got[at]['count'], got[at]['sum']), (histogram['count'], histogram['sum']), f'{what} {at}')
        left = dict(got[at]['buckets'])
        for (low, high), count in histogram['buckets'].items():
            found = [b for b in left if all(math.isclose(*ends, rel_tol=1e-9) for ends in zip(b, (low, high)))]
            equal([left.pop(b) for b in found], [count], f'{what} {at}: the bucket from {low} to {high} of {got[at]}')
        equal(left, {}, f'{what} {at}: more buckets')


def as_pushed(times):
    """What our pushes make of a scrape's series:
    - OTLP knows no infos: build_info is a sum, which is shown without `_info`.
    - A gauge of the unit 1 is a ratio to Prometheus (205).
    - A sum that could go down is left out of OTLP.
    """
    out = {}
    for at, value in live.scraped(times, True).items():
        out[({'build_info': 'build', 'fill': 'fill_ratio'}.get(at[0], at[0]), *at[1:])] = value
    for s in gallery.KINDS:  # OpenMetrics leaves out the count too where there is no sum
        if s.kind == 'histogram' and not gallery.has_sum(s, gallery.total(s)):
            out[key(s.shown + '_count', gallery.prometheus_labels(s))] = len(s.recorded) * times
    return with_bounds(out, pushed_bound)


@check('Scraped: every kind of instrument is there with its number, and nothing else')
def _():
    setting.scraped = program = live.Live(LIVE)
    program.record()
    setting.prometheus = prometheus = Prometheus(
        FOLDER, {'live': (f'127.0.0.1:{program.port}', '/metrics', '200ms')})
    prometheus.wait_until_it_answers()
    wait_until(lambda: prometheus.value('sum(up)') == 1, 'it is up')
    for times in (1, 2):
        if times == 2:
            program.record()
        wanted = with_bounds(live.scraped(times), scraped_bound)
        wait_until(lambda: asked(prometheus, 'live').get(key('jobs_total', {})) is not None, 'it is scraped')
        try:
            wait_until(lambda: set(map(repr, asked(prometheus, 'live').items())) == set(map(repr, wanted.items())),
                       'all is equal', limit=20)
        except AssertionError:
            equal_maps(asked(prometheus, 'live'), wanted, f'scraped, {times}')
            raise


@check('Scraped: types are understood, infos and state sets too')
def _():
    answer = json.loads(setting.prometheus.get('/api/v1/targets/metadata', match_target='{job="live"}'))
    told = {m['metric']: m['type'] for m in answer['data']}
    kinds = {re.sub('_total$', '', s.shown) if s.kind == 'counter' else s.shown:
             'gauge' if s.kind in ('gauge', 'up_down') else s.kind for s in gallery.KINDS}
    equal_maps(told, {**kinds, 'build': 'info', 'job_state': 'stateset', 'target': 'info'}, 'types')


@check('Scraped: target_info can be joined, and Prometheus dropped nothing and has no complaint')
def _():
    prometheus = setting.prometheus
    holds(len(prometheus.query('target_info{job="live"}')) == 1, 'no target_info')
    join = 'count(http_requests_total * on (job, instance) group_left (service_name) target_info)'
    equal(prometheus.value(join), 2.0)
    own = dict(re.findall(r'^(prometheus_target_scrapes_\w+_total) (\S+)$', prometheus.get('/metrics'), re.M))
    holds(len(own) > 3, own)
    equal_maps(floats(own), dict.fromkeys(own, 0.0), 'what was dropped')
    equal(prometheus.complaints(), [])


@check('Scraped with names that are kept as they are: all are there, and PromQL finds them by {"na.me"}')  # 20, 22, 200
def _():
    program = live.Live(LIVE, untranslated=True)
    prometheus = Prometheus(FOLDER, {'live': (f'127.0.0.1:{program.port}', '/metrics', '200ms')})
    try:
        prometheus.wait_until_it_answers()
        program.record()
        wanted = with_bounds(live.untranslated(1), scraped_bound)
        wait_until(lambda: any(prometheus.query('{"http.requests"}').values()), 'it is scraped')
        equal_maps(asked(prometheus, 'live'), wanted, 'scraped, with names that are kept')
        equal(prometheus.value('sum({"http.requests", "http.method"="GET"})'), 3.0)
        page = program.page('application/openmetrics-text;escaping=allow-utf-8')
        holds('"service.name"="gallery"' in page.partition('# TYPE "')[0], 'the resource has its keys')
        equal(prometheus.complaints(), [])
        # Whoever doesn't ask gets the names with underscores.
        holds('\nhttp_requests{http_method="GET",' in program.page(), 'escaped')
    finally:
        prometheus.end()
        program.end()


@check('Pushed as OTLP JSON: every kind is there with its number, and nothing else')
def _():
    setting.scraped.end()
    setting.prometheus.end()
    setting.prometheus = prometheus = receiver(**SCOPES)
    setting.pushing = program = live.Live(LIVE, url(prometheus), **INSTANCE)
    for times in (1, 2):
        program.record()
        push(program)
        equal_maps(asked(prometheus, 'gallery'), as_pushed(times), f'pushed, {times}')


@check('Pushed: exponential histograms are native histograms, bucket by bucket')
def _():
    prometheus = setting.prometheus
    for name, shown in (('rpc.duration', 'rpc_duration_seconds'), ('rpc.size', 'rpc_size_bytes')):
        same_native(native_histograms(prometheus, shown), native(name, 2), name)
    equal(prometheus.value('sum(histogram_count(rpc_duration_seconds))'), 2 * 9)
    ends = prometheus.query('histogram_quantile(1, rpc_duration_seconds{code="-1"})')
    holds(len(ends) == 1 and all(4.97 < v < 5.02 for v in ends.values()), ends)


@check('Pushed: target_info has the resource, and can be joined')
def _():
    prometheus = setting.prometheus
    (_, *labels), = prometheus.query('target_info', without=())
    labels = dict(labels)
    equal((labels['job'], labels['instance'], labels['team'], labels['telemetry_sdk_name']),
          ('gallery', '7', '\u00e9', 'tacho'))
    equal(prometheus.value('count(http_requests_total * on (job, instance) group_left (team) target_info)'), 2.0)
    equal(prometheus.complaints(), [])


@check('Pushed without the setting that promotes scopes: what differs only in its scope is one series there')
def _():
    prometheus = receiver()
    try:
        with live.Live(LIVE, url(prometheus), **INSTANCE) as program:
            program.record()
            taken = program.push()
            wait_until(lambda: prometheus.value('large_total') is None and prometheus.query('large_total'), 'it came')
            equal((taken, len(prometheus.query('shared_name_total'))), (True, 1))
    finally:
        prometheus.end()


@check('Deltas: Prometheus takes none by default and says so, and its own conversion makes the totals of them')
def _():
    prometheus = receiver(**SCOPES)
    try:
        program = live.Live(LIVE, url(prometheus), **INSTANCE, **DELTA)
        program.record()
        holds(not program.push(), 'it was taken')
        wait_until(lambda: any('answered 500 invalid temporality' in line for line in program.errors), 'it says why')
        program.end()
    finally:
        prometheus.end()
    prometheus = receiver('otlp-deltatocumulative', **SCOPES)
    try:
        with live.Live(LIVE, url(prometheus), **INSTANCE, **DELTA) as program:
            for _ in range(3):
                program.record()
                push(program)
            wanted = as_pushed(3)
            huge = key('huge_total', {})  # wraps around at 2^64; the sum of its deltas does not
            wanted[huge] = 3 * float(2**64 - 1)
            del wanted[key('jobs_total', {})]  # of what was never recorded there are no deltas
            wanted = {at: v for at, v in wanted.items() if not at[0].startswith('idle_seconds')}
            got = asked(prometheus, 'gallery')
            equal(set(got), set(wanted), 'series')
            for at, value in wanted.items():
                holds(math.isnan(value) and math.isnan(got[at]) or math.isclose(got[at], value, rel_tol=1e-9),
                      f'{at}: {got[at]} instead of {value}')
            same_native(native_histograms(prometheus, 'rpc_size_bytes'), native('rpc.size', 3), 'rpc.size')
    finally:
        prometheus.end()


@check('Prometheus is stopped and started again: totals go on, and none went down')
def _():
    prometheus, program = setting.prometheus, setting.pushing
    prometheus.stop()
    program.record()
    holds(not program.push(), 'nobody can have taken it')
    prometheus.start()
    prometheus.wait_until_it_answers()
    program.record()
    push(program)
    equal_maps(asked(prometheus, 'gallery'), as_pushed(4), 'pushed, 4')
    for name in {s.shown for s in gallery.KINDS if s.kind == 'counter' and s.name != 'huge'}:
        equal(prometheus.value(f'max(resets({name}{{job="gallery"}}[1h]))'), 0.0, name)


try:
    tap.main()
finally:
    for running in (setting.prometheus, setting.scraped, setting.pushing):
        if running:
            running.end()
