# SPDX-License-Identifier: MIT
"""The program live, and what each of its series should be worth after everything was recorded some times."""
import math
import signal
import time

import gallery
import otlp
from exposition import canonical, key
from reference import Program, free_port, request, wait_until
from tap import holds

SHOP = gallery.SHOP
STATES = ('idle', 'running', 'failed')
ON = {'nightly': ('running',), 'weekly': ('idle', 'failed')}
BUILD = {'version': '1.2.3 "a"\\', 'commit': 7}
# Of each exponential histogram: OTLP's name, unit, scope, labels, buckets of each sign, and what is recorded.
EXPONENTIAL = [
    ('rpc.duration', 's', SHOP, {'code': 200}, 160, (0.25, 1.0, 1.0, 3.0, 100.0, -2.0, 0.0, 0.001)),
    ('rpc.duration', 's', SHOP, {'code': -1}, 160, (5.0,)),
    ('rpc.size', 'By', gallery.NOBODY, {}, 4, (1.0, 1e3, 1e6)),
]


class Live(Program):
    """`with` ends it, after a last push. It can be scraped, and pushes to `url` when it is told to."""

    def __init__(self, binary, url=None, untranslated=False, **variables):
        self.port = free_port()
        told = {'OGX_PROMETHEUS_ENABLED': '1', 'OGX_METRICS_PORT': str(self.port), **variables}
        if url is not None:
            told.update({'OTEL_EXPORTER_OTLP_ENDPOINT': url, 'OTEL_METRIC_EXPORT_INTERVAL': '3600000'})
        super().__init__([binary, 'untranslated'] if untranslated else [binary], told)
        self.recorded = self.pushed = self.last_push = 0
        self.wait_for_line('ready')

    def record(self):
        self.recorded += 1
        self.process.send_signal(signal.SIGUSR2)
        self.wait_for_line(f'recorded {self.recorded}')

    def push(self):
        """Whether the receiver took it. Each is of a millisecond of its own: Prometheus keeps no finer time, and refuses
        a push (400) in which a series has another value for the same one."""
        wait_until(lambda: time.time_ns() // 10**6 > self.last_push, 'a millisecond is over')
        self.pushed += 1
        self.process.send_signal(signal.SIGUSR1)
        said = self.wait_for_line(f'pushed {self.pushed}: ')
        self.last_push = time.time_ns() // 10**6
        return said == f'pushed {self.pushed}: yes'

    def page(self, accept='application/openmetrics-text'):
        return request(self.port, 'GET', '/metrics', {'Accept': accept}).body


def states(times):
    """Each state set's series: its labels with that of the state, and its value; none before it was set."""
    return [({'name': name, 'job.state': state}, int(state in on)) for name, on in ON.items() for state in STATES
            if times != 0]


def scraped(times, openmetrics=True):
    """The series of a scrape, without target_info."""
    out = {k: v for k, v in gallery.scraped_kinds(openmetrics, times).items() if k[0] != 'target_info'}
    out[key('build_info', {k: str(v) for k, v in BUILD.items()})] = 1
    for labels, value in states(times):
        out[key('job_state', {'name': labels['name'], 'job_state': labels['job.state'],
                              'otel_scope_name': SHOP[0], 'otel_scope_version': SHOP[1]})] = value
    return out


def untranslated(times):
    """The series of an OpenMetrics scrape that keeps all names, without target_info."""
    out = {}

    def labels_of(labels, scope):
        told = {k.replace('otel.metric.overflow', 'otel_metric_overflow'):
                str(v).lower() if isinstance(v, bool) else str(v) for k, v in labels.items()}
        told.update({k: v for k, v in zip(('otel_scope_name', 'otel_scope_version'), scope) if v})
        return told
    for s in gallery.KINDS:
        labels = labels_of(s.labels, s.scope)
        if s.kind != 'histogram':
            out[key(s.name, labels)] = s.recorded[-1] if s.kind == 'gauge' else gallery.total(s, times)
            continue
        up_to = 0
        for bound, count in zip(gallery.BOUNDS[s.name] + [math.inf], gallery.buckets_of(s)):
            up_to += count * times
            out[key(s.name + '_bucket', {**labels, 'le': canonical(bound, True)})] = up_to
        if gallery.has_sum(s, gallery.total(s)):
            out[key(s.name + '_sum', labels)] = gallery.total(s, times)
            out[key(s.name + '_count', labels)] = up_to
    out[key('build', {k: str(v) for k, v in BUILD.items()})] = 1
    for labels, value in states(times):
        out[key('job.state', labels_of(labels, SHOP))] = value
    return out


def index(value, scale):
    """Of the bucket of a positive value: (base^index, base^(index + 1)]."""
    fraction, exponent = math.frexp(value)
    if fraction == 0.5:  # a power of two is a bound, and belongs to the bucket below it
        return ((exponent - 1) << scale) - 1 if scale >= 0 else (exponent - 2) >> -scale
    return math.ceil(math.ldexp(math.log2(value), scale)) - 1


def exponential(most, values, times):
    """What the values are in buckets: the finest that are at most so many for each sign."""
    signs = [[v for v in values if v > 0], [-v for v in values if v < 0]]
    for scale in range(20, -11, -1):
        if all(not s or index(max(s), scale) - index(min(s), scale) < most for s in signs):
            break
    counts = [{}, {}]
    for side, of in zip(counts, signs):
        for v in of:
            side[index(v, scale)] = side.get(index(v, scale), 0) + times
    total = 0.0
    for v in values * times:
        total += v
    has_sum = not signs[1] and total >= 0
    return otlp.Exponential(len(values) * times, total if has_sum else None, values.count(0.0) * times, scale, *counts)


def pushed(times, since=0, delta=False):
    """The points of a push, each with kind, unit, temporality, monotonicity and value. Of deltas: since the push before
    everything was recorded `times - since` times."""
    out = {}
    news = times - since if delta else times
    for s in gallery.KINDS:
        adds_up = s.kind in ('counter', 'histogram')
        temporality = None if s.kind == 'gauge' else 1 if delta and adds_up else 2  # 132
        if delta and adds_up and (not s.recorded or news == 0):
            continue  # 133
        if s.kind == 'gauge':
            value = s.recorded[-1]
        elif not delta or s.kind == 'up_down':
            value = gallery.total(s, times)
        else:
            value = gallery.total(s, news) if s.name == 'huge' else gallery.total(s, times) - gallery.total(s, since)
        if isinstance(value, int) and value >= 2**63:
            value = float(value)
        if s.kind == 'histogram':
            counted = [n * news for n in gallery.buckets_of(s)]
            value = otlp.Distribution(sum(counted), value if gallery.has_sum(s, value) else None, counted,
                                      gallery.BOUNDS[s.name])
        kind = {'counter': 'sum', 'up_down': 'sum'}.get(s.kind, s.kind)
        monotonic = {'counter': True, 'up_down': False}.get(s.kind)
        out[gallery.identity(s.scope, s.name, s.labels)] = (kind, s.unit, temporality, monotonic, value)
    for name, unit, scope, labels, most, values in EXPONENTIAL:
        if news != 0:
            out[gallery.identity(scope, name, labels)] = ('exponentialHistogram', unit, 1 if delta else 2, None,
                                                          exponential(most, values, news))
    out[gallery.identity(gallery.NOBODY, 'build', BUILD)] = ('sum', '', 2, False, 1)
    for labels, value in states(times):
        out[gallery.identity(SHOP, 'job.state', labels)] = ('sum', '', 2, False, value)
    return out


def is_close(a, b):
    """Of two values of points: sums of deltas are differences of doubles, which were rounded."""
    if hasattr(a, '_replace'):
        sums = (a.sum, b.sum)
        return a._replace(sum=None) == b._replace(sum=None) and (
            sums == (None, None) or None not in sums and math.isclose(*sums, rel_tol=1e-9))
    if isinstance(a, float) and isinstance(b, float):
        return math.isnan(a) and math.isnan(b) or math.isclose(a, b, rel_tol=1e-9)
    return a == b and type(a) is type(b)


def same_points(got, wanted, what):
    """Whether two maps of points are the same; fails with what is different."""
    wrong = [f'missing: {k}: {v}' for k, v in wanted.items() if k not in got]
    wrong += [f'not expected: {k}: {v}' for k, v in got.items() if k not in wanted]
    wrong += [f'{k}: {got[k]} instead of {v}' for k, v in wanted.items()
              if k in got and not (got[k][:-1] == v[:-1] and is_close(got[k][-1], v[-1]))]
    holds(not wrong, f'{what}: {len(wrong)} of {max(len(got), len(wanted))} differ\n' + '\n'.join(wrong[:20]))
