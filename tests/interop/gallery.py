# SPDX-License-Identifier: MIT
"""What the program gallery prints, and what each of its series should be worth."""
import collections
import math
import re
import struct
import subprocess

from exposition import canonical, key
from otlp import Distribution

BIRTH, SECOND = 1_700_000_000_000_000_000, 1_000_000_000
OVERFLOW = {'otel.metric.overflow': True}
SHOP, OTHER, NOBODY = ('shop', '1.2.3'), ('other', ''), ('', '')
NASTY = 'P"\\\n\u00e9\u65e5\U0001f600 # {}=,'

Series = collections.namedtuple('Series', 'kind name shown unit scope labels recorded')


def printed(binary, form, page, refused=0):
    """What the program prints; fails unless it refuses to register so many instruments; None is any number."""
    done = subprocess.run([binary, form, page], capture_output=True)
    problems = done.stderr.decode().splitlines()
    if done.returncode != 0 or refused is not None and len(problems) != refused:
        raise AssertionError(f'gallery {form} {page} ended with {done.returncode}: {problems}')
    return done.stdout


# Kind, OTLP's name, Prometheus' name, unit, scope, labels, and what is recorded, one by one. A gauge is worth the last.
KINDS = [
    Series('counter', 'http.requests', 'http_requests_total', '', SHOP,
           {'http.method': 'GET', 'status_code': 200, 'tls': True, 'route': '/'}, (3,)),
    Series('counter', 'http.requests', 'http_requests_total', '', SHOP,
           {'http.method': 'POST', 'status_code': -1, 'tls': False, 'route': NASTY}, (1,)),
    Series('counter', 'jobs_total', 'jobs_total', '', NOBODY, {}, ()),
    Series('counter', 'huge', 'huge_total', '', NOBODY, {}, (2**63 - 1, 2**63)),
    Series('counter', 'large', 'large_total', '', NOBODY, {}, (2**53 + 1,)),
    Series('counter', 'cpu', 'cpu_seconds_total', 's', SHOP, {}, (0.1, 0.2)),
    Series('counter', 'traffic', 'traffic_bytes_per_second_total', 'By/s', NOBODY, {}, (7,)),
    Series('counter', 'tries', 'tries_total', '{try}', NOBODY, {}, (8,)),
    Series('counter', 'limited', 'limited_total', '', NOBODY, {'a': '1'}, (1, 1)),
    Series('counter', 'limited', 'limited_total', '', NOBODY, {'a': '2'}, (1,)),
    Series('counter', 'limited', 'limited_total', '', NOBODY, OVERFLOW, (1, 1)),
    Series('counter', 'verbs', 'verbs_total', '', NOBODY, {'verb': 'GET'}, (2,)),
    Series('counter', 'verbs', 'verbs_total', '', NOBODY, {'verb': 'POST'}, (2,)),
    Series('counter', 'verbs', 'verbs_total', '', NOBODY, OVERFLOW, (2,)),
    Series('counter', 'lookups', 'lookups_total', '', NOBODY, {'mode': 'fast', 'hit': True, 'shard': 1}, (1,)),
    Series('counter', 'lookups', 'lookups_total', '', NOBODY, {'hit': False}, (2,)),
    Series('counter', 'lookups', 'lookups_total', '', NOBODY, {'shard': 0}, (3,)),
    Series('counter', 'lookups', 'lookups_total', '', NOBODY, {}, (4,)),
    Series('counter', 'bounded', 'bounded_total', '', NOBODY, {'le': '0.5', 'quantile': '0.9'}, (1,)),
    Series('counter', 'shared.name', 'shared_name_total', '', SHOP, {}, (1,)),
    Series('counter', 'shared.name', 'shared_name_total', '', OTHER, {}, (2,)),
    Series('counter', 'shared.name', 'shared_name_total', '', NOBODY, {}, (3,)),
    Series('counter', 'a.b-c/d__e', 'a_b_c_d_e_total', '', NOBODY, {'x.y-z/q': 'p'}, (1,)),
    *(Series('gauge', 'temperature', 'temperature_celsius', 'Cel', SHOP, {'room': room}, (value,)) for room, value in {
        'nan': math.nan, 'inf': math.inf, '-inf': -math.inf, '-0': 0.0, '1e-5': 1e-5, 'max': 1.7976931348623157e308,
        'min': 5e-324, '-3': -3.0, '0.1': 0.1}.items()),
    Series('gauge', 'offset', 'offset', '', NOBODY, {'end': 'min'}, (-2**63,)),
    Series('gauge', 'offset', 'offset', '', NOBODY, {'end': 'max'}, (2**63 - 1,)),
    Series('gauge', 'fill', 'fill', '1', NOBODY, {}, (0.75,)),
    Series('gauge', 'load', 'load_percent', '%', NOBODY, {}, (12.5,)),
    Series('up_down', 'queue.length', 'queue_length', '', NOBODY, {}, (-2,)),
    Series('up_down', 'balance', 'balance', '', NOBODY, {}, (0.25, -0.75)),
    Series('counter', 'seen', 'seen_bytes_total', 'By', SHOP, {'kind': 'a'}, (100,)),
    Series('gauge', 'seen.now', 'seen_now', '', NOBODY, {'room': 'cellar'}, (-1.5,)),
    Series('gauge', 'seen.now', 'seen_now', '', NOBODY, {'room': 'attic'}, (math.nan,)),
    Series('up_down', 'seen.level', 'seen_level', '', NOBODY, {}, (-3,)),
    Series('histogram', 'latency', 'latency_seconds', 's', SHOP, {'path': '/'}, (0.005, 0.25, 2e6, math.inf)),
    Series('histogram', 'latency', 'latency_seconds', 's', SHOP, {'path': 'idle'}, (0.0,)),
    Series('histogram', 'size', 'size_bytes', 'By', NOBODY, {}, (64.0, 64.5, 1e12)),
    Series('histogram', 'drift', 'drift', '', NOBODY, {}, (-5.0, 0.0, 0.5)),
    Series('histogram', 'loss', 'loss', '', NOBODY, {}, (-5.0,)),
    Series('histogram', 'whole', 'whole', '', NOBODY, {}, (2.5, 4.0)),
    Series('histogram', 'idle', 'idle_seconds', 's', NOBODY, {}, ()),
]
BOUNDS = {'latency': [0.005, 1.0, 1e6], 'size': [4.0**i for i in range(3, 15)], 'drift': [-1.0, 0.0, 1.0],
          'loss': [1.0], 'whole': [],
          'idle': [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0]}
HELP = {
    'http_requests_total': 'Requests "so far", with a \\ and\na second line', 'jobs_total': 'Nothing is recorded here',
    'huge_total': 'The largest integer', 'large_total': "One that a double can't hold",
    'cpu_seconds_total': '0.1 and 0.2', 'traffic_bytes_per_second_total': 'A rate',
    'tries_total': 'A unit that is a remark', 'limited_total': 'Two series, and the rest',
    'verbs_total': 'Known values, and the rest', 'lookups_total': 'Labels that may be missing',
    'bounded_total': 'Labels that mean something elsewhere', 'shared_name_total': 'One name in three scopes',
    'a_b_c_d_e_total': 'Names with every legal character', 'temperature_celsius': 'Special numbers',
    'offset': 'The ends of std::int64_t', 'fill': 'The unit 1', 'load_percent': '', 'queue_length': 'Below zero',
    'balance': 'Doubles, up and down', 'latency_seconds': 'At, between and above its bounds',
    'seen_bytes_total': 'A total that a callable gives', 'seen_now': 'A value that a callable gives',
    'seen_level': 'An amount that a callable gives', 'size_bytes': 'The bounds of bytes',
    'drift': 'Bounds below zero', 'loss': 'A sum below zero',
    'whole': 'No bounds', 'idle_seconds': 'Never observed',
}
UNITS = {'cpu_seconds_total': 'seconds', 'traffic_bytes_per_second_total': 'bytes_per_second',
         'temperature_celsius': 'celsius', 'load_percent': 'percent', 'latency_seconds': 'seconds',
         'seen_bytes_total': 'bytes', 'size_bytes': 'bytes', 'idle_seconds': 'seconds'}


def total(series, times=1):
    """What a sum, or the sum of a histogram, is after everything was recorded so often, added up in that order."""
    zero = 0 if all(isinstance(v, int) for v in series.recorded) and series.kind != 'histogram' else 0.0
    out = zero
    for value in series.recorded * times:
        out += value if math.isfinite(value) else 0
    return out % 2**64 if series.name == 'huge' else out


def buckets_of(series):
    bounds = BOUNDS[series.name]
    out = [0] * (len(bounds) + 1)
    for value in series.recorded:
        out[sum(1 for b in bounds if value > b)] += 1  # 126: a bound belongs to the bucket below it
    return out


def prometheus_labels(series):
    labels = {re.sub('[^a-zA-Z0-9]+', '_', k): str(v).lower() if isinstance(v, bool) else str(v)
              for k, v in series.labels.items()}
    for name, value in zip(('otel_scope_name', 'otel_scope_version'), series.scope):
        if value:
            labels[name] = value
    return labels


def has_sum(series, value):
    """Whether a sum may be shown where sums never go down (54, 124)."""
    return value >= 0 and not any(b < 0 for b in BOUNDS[series.name])


def scraped_kinds(openmetrics, times=1):
    """The series of a scrape, and their numbers, after everything was recorded so often."""
    out = {key('target_info', {'service_name': 'gallery'}): 1}
    for s in KINDS:
        labels = prometheus_labels(s)
        if s.kind != 'histogram':
            out[key(s.shown, labels)] = s.recorded[-1] if s.kind == 'gauge' else total(s, times)
            continue
        up_to = 0
        for bound, count in zip(BOUNDS[s.name] + [math.inf], buckets_of(s)):
            up_to += count * times
            out[key(s.shown + '_bucket', {**labels, 'le': canonical(bound, openmetrics)})] = up_to
        if not openmetrics or has_sum(s, total(s)):
            out[key(s.shown + '_sum', labels)] = total(s, times)
            out[key(s.shown + '_count', labels)] = up_to
    return out


def identity(scope, name, labels):
    """Of a point; 1 and True are different values of an attribute."""
    return (scope, name) + tuple(sorted((k, type(v).__name__, v) for k, v in labels.items()))


def pushed_kinds(delta):
    """The points of a push, each with kind, unit, temporality, monotonicity, start, time and value."""
    out = {}
    for s in KINDS:
        adds_up = s.kind in ('counter', 'histogram')
        if delta and adds_up and not s.recorded:
            continue  # 133
        start = BIRTH + SECOND if delta and adds_up else BIRTH
        time = BIRTH + 3 * SECOND if delta else BIRTH + SECOND
        temporality = None if s.kind == 'gauge' else 1 if delta and adds_up else 2  # 132
        if s.kind == 'gauge':
            value = s.recorded[-1]
        elif delta and s.kind == 'up_down':
            value = total(s, 2)
        else:
            value = total(s, 2) - total(s) if delta and s.name != 'huge' else total(s)
        if isinstance(value, int) and not isinstance(value, bool) and value >= 2**63:
            value = float(value)  # asInt has no place for it
        if s.kind == 'histogram':
            counted = buckets_of(s)
            value = Distribution(sum(counted), value if has_sum(s, value) else None, counted, BOUNDS[s.name])
        kind = {'counter': 'sum', 'up_down': 'sum'}.get(s.kind, s.kind)
        monotonic = {'counter': True, 'up_down': False}.get(s.kind)
        out[identity(s.scope, s.name, s.labels)] = (kind, s.unit, temporality, monotonic, start, time, value)
    return out


def double_of(bits):
    return struct.unpack('>d', bytes.fromhex(bits))[0]


def signed_of(bits):
    return struct.unpack('>q', bytes.fromhex(bits))[0]


def text_of(digits, limit=None):
    """The text whose bytes these are: each ill-formed sequence is one U+FFFD, what is beyond the limit cut off (27)."""
    raw = b''.join(bytes.fromhex(d[:2]) * int(d[3:] or 1) for d in digits.split())
    text = raw.decode('utf-8', 'replace')
    if limit is None:
        return text
    out, size = '', 0
    for character in text:
        size += len(character.encode())
        if size > limit:
            break
        out += character
    return out
