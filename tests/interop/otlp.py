# SPDX-License-Identifier: MIT
"""An OTLP/HTTP receiver that keeps all it gets, and a reader of its requests that refuses whatever the JSON mapping of
OTLP forbids and google.protobuf.json_format lets pass. The numbers are those of CONFORMANCE."""
import collections
import http.server
import json
import math
import re
import threading

from reference import wait_until

Push = collections.namedtuple('Push', 'path headers body')
Point = collections.namedtuple('Point', 'scope name kind unit temporality monotonic labels start time value')
Distribution = collections.namedtuple('Distribution', 'count sum buckets bounds')
# Of an exponential histogram: the buckets of each sign that are not empty, by their index.
Exponential = collections.namedtuple('Exponential', 'count sum zeros scale positive negative')


class Malformed(AssertionError):
    pass


class Receiver:
    """Answers 200 `{}` to every push, unless told otherwise; `with` ends it."""

    def __init__(self):
        self.pushes = []
        self.status, self.headers, self.answer = 200, {}, b'{}'
        self.open = threading.Event()  # while it is clear, pushes are kept waiting for their answer
        self.open.set()
        self.arrived = 0  # pushes, those that still wait for their answer included
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def do_POST(self):
                body = self.rfile.read(int(self.headers['Content-Length']))
                with receiver.lock:
                    receiver.arrived += 1
                    receiver.pushes.append(Push(self.path, self.headers, body))
                receiver.open.wait()
                try:
                    self.send_response(receiver.status)
                    for name, value in receiver.headers.items():
                        self.send_header(name, value)
                    self.send_header('Content-Length', str(len(receiver.answer)))
                    self.end_headers()
                    self.wfile.write(receiver.answer)
                except OSError:
                    self.close_connection = True  # whoever pushed has gone

            def log_message(self, *_):
                pass

        self.lock = threading.Lock()
        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.url = f'http://127.0.0.1:{self.port}'
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={'poll_interval': 0.01}, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.open.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def points(self, since=0):
        """The points of each push so far, or since some of them."""
        with self.lock:
            pushes = self.pushes[since:]
        return [read(p.body) for p in pushes]

    def wait_for_push(self, condition=lambda points: True, what='', since=0):
        """The points of the first push of which the condition holds."""
        looked_at = since

        def found():
            nonlocal looked_at
            for points in self.points(looked_at):
                looked_at += 1
                if condition(points):
                    return (points,)
            return None
        return wait_until(found, 'a push arrives ' + what)[0]


def find(points, name, **labels):
    """The points of a metric that have these labels, others besides perhaps."""
    return [p for p in points if p.name == name and all(p.labels.get(k) == v for k, v in labels.items())]


def strict_json(body):
    """The JSON value; refuses NaN tokens, doubled keys and what is not UTF-8 (178)."""
    def pairs(items):
        if len({k for k, _ in items}) != len(items):
            raise Malformed(f'a key that is there twice: {[k for k, _ in items]}')
        return dict(items)

    def constant(word):
        raise Malformed(f'{word} is no JSON')
    text = body.decode('utf-8')
    if re.search(r'\\u[dD][89a-fA-F]', text):
        raise Malformed('a surrogate')  # 178
    return json.loads(text, object_pairs_hook=pairs, parse_constant=constant)


# What may be in each object: the members, and of what form their values are.
FORMS = {
    'request': {'resourceMetrics': ['resource_metrics']},
    'resource_metrics': {'resource': 'resource', 'scopeMetrics': ['scope_metrics'], 'schemaUrl': 'text'},
    'resource': {'attributes': ['attribute'], 'droppedAttributesCount': 'uint32'},
    'scope_metrics': {'scope': 'scope', 'metrics': ['metric'], 'schemaUrl': 'text'},
    'scope': {'name': 'text', 'version': 'text', 'attributes': ['attribute'], 'droppedAttributesCount': 'uint32'},
    'metric': {'name': 'text', 'description': 'text', 'unit': 'text', 'gauge': 'gauge', 'sum': 'sum',
               'histogram': 'histogram', 'exponentialHistogram': 'exponential', 'metadata': ['attribute']},
    'gauge': {'dataPoints': ['number_point']},
    'sum': {'dataPoints': ['number_point'], 'aggregationTemporality': 'temporality', 'isMonotonic': 'bool'},
    'histogram': {'dataPoints': ['histogram_point'], 'aggregationTemporality': 'temporality'},
    'exponential': {'dataPoints': ['exponential_point'], 'aggregationTemporality': 'temporality'},
    'number_point': {'attributes': ['attribute'], 'startTimeUnixNano': 'uint64', 'timeUnixNano': 'uint64',
                     'asInt': 'int64', 'asDouble': 'double', 'flags': 'uint32'},
    'histogram_point': {'attributes': ['attribute'], 'startTimeUnixNano': 'uint64', 'timeUnixNano': 'uint64',
                        'count': 'uint64', 'sum': 'double', 'bucketCounts': ['uint64'], 'explicitBounds': ['double'],
                        'flags': 'uint32'},
    'exponential_point': {'attributes': ['attribute'], 'startTimeUnixNano': 'uint64', 'timeUnixNano': 'uint64',
                          'count': 'uint64', 'sum': 'double', 'scale': 'int32', 'zeroCount': 'uint64',
                          'positive': 'indexed', 'negative': 'indexed', 'flags': 'uint32', 'zeroThreshold': 'double'},
    'indexed': {'offset': 'int32', 'bucketCounts': ['uint64']},
    'attribute': {'key': 'text', 'value': 'value'},
    'value': {'stringValue': 'text', 'boolValue': 'bool', 'intValue': 'int64', 'doubleValue': 'double'},
}


def check_form(value, form, where):
    """Whether a value is of a form, down to its last member (168-176)."""
    def wrong(why):
        raise Malformed(f'{where}: {json.dumps(value)[:200]} {why}')
    if isinstance(form, list):
        if not isinstance(value, list):
            wrong('is no list')
        for i, item in enumerate(value):
            check_form(item, form[0], f'{where}[{i}]')
    elif form in FORMS:
        if not isinstance(value, dict):
            wrong('is no object')
        for name, member in value.items():
            if name not in FORMS[form]:
                wrong(f'has {name!r}, which a {form} has not')  # 168
            check_form(member, FORMS[form][name], f'{where}.{name}')
    elif form in ('int64', 'uint64'):
        low, high = (-2**63, 2**63) if form == 'int64' else (0, 2**64)
        if not isinstance(value, str) or not re.fullmatch('0|-?[1-9][0-9]*', value) or not low <= int(value) < high:
            wrong(f'is no {form} as decimal text')  # 170
    elif form in ('int32', 'uint32'):
        low, high = (-2**31, 2**31) if form == 'int32' else (0, 2**32)
        if type(value) is not int or not low <= value < high:
            wrong('is no 32-bit number')  # 170
    elif form == 'temporality':
        if type(value) is not int or value not in (1, 2):
            wrong('is neither 1 nor 2')  # 169
    elif form == 'double':
        if type(value) not in (int, float) and value not in ('NaN', 'Infinity', '-Infinity'):
            wrong('is no double')  # 171
        if type(value) is float and not math.isfinite(value):
            wrong('is beyond what a double holds')
    elif form == 'bool':
        if type(value) is not bool:
            wrong('is neither true nor false')
    elif not isinstance(value, str):
        wrong('is no text')


def one_of(value, names, where):
    present = [n for n in names if n in value]
    if len(present) != 1:
        raise Malformed(f'{where} has {present} of {names}')  # 173
    return present[0]


def attributes(items, where):
    out = {}
    for item in items:
        if not item.get('key') or item['key'] in out or 'value' not in item:
            raise Malformed(f'{where}: a key that is empty or there twice, or no value: {item}')  # 147, 177
        kind = one_of(item['value'], list(FORMS['value']), where)  # 174
        content = item['value'][kind]
        out[item['key']] = int(content) if kind == 'intValue' else content
    return out


def read_request(body):
    """The resource's attributes and all points; raises Malformed, with the reason, when anything is wrong."""
    request = strict_json(body)
    check_form(request, 'request', 'request')
    points = []
    if not request:
        return {}, points
    scopes_seen, about = set(), {}
    for container in non_empty(request, 'resourceMetrics'):
        about = attributes(container.get('resource', {}).get('attributes', []), 'resource')
        for scope_metrics in non_empty(container, 'scopeMetrics'):
            scope = (scope_metrics['scope'].get('name', ''), scope_metrics['scope'].get('version', ''))
            if scope in scopes_seen:
                raise Malformed(f'the scope {scope} is there twice')
            scopes_seen.add(scope)
            names = set()
            for metric in non_empty(scope_metrics, 'metrics'):
                if not metric.get('name') or metric['name'] in names:
                    raise Malformed(f'a metric without a name, or twice in its scope: {metric.get("name")!r}')
                names.add(metric['name'])
                points += read_metric(metric, scope)
    return about, points


def read(body):
    return read_request(body)[1]


def non_empty(container, name):
    if not container.get(name):
        raise Malformed(f'{name} is missing or empty')  # 166
    return container[name]


def read_metric(metric, scope):
    kind = one_of(metric, ['gauge', 'sum', 'histogram', 'exponentialHistogram'], metric['name'])
    data = metric[kind]
    if kind != 'gauge' and 'aggregationTemporality' not in data:
        raise Malformed(f'{metric["name"]} has no temporality')  # 169
    points, seen = [], set()
    for point in non_empty(data, 'dataPoints'):
        where = f'a point of {metric["name"]}'
        labels = attributes(point.get('attributes', []), where)
        identity = tuple(sorted((k, type(v).__name__, v) for k, v in labels.items()))
        if identity in seen:
            raise Malformed(f'{where} is there twice: {labels}')
        seen.add(identity)
        if 'timeUnixNano' not in point:
            raise Malformed(f'{where} has no time')  # 177
        start, time = int(point.get('startTimeUnixNano', '0')), int(point['timeUnixNano'])
        if time == 0 or start > time:
            raise Malformed(f'{where} starts at {start} and ends at {time}')  # 134
        if kind == 'histogram':
            value = read_distribution(point, where)
        elif kind == 'exponentialHistogram':
            value = read_exponential(point, where)
        else:
            name = one_of(point, ['asInt', 'asDouble'], where)  # 173
            value = int(point[name]) if name == 'asInt' else double(point[name])
            if data.get('isMonotonic') and not value >= 0:
                raise Malformed(f'{where} counts {value}')  # 50
        points.append(Point(scope, metric['name'], kind, metric.get('unit', ''), data.get('aggregationTemporality'),
                            data.get('isMonotonic'), labels, start, time, value))
    if len({p.time for p in points}) != 1 or points[0].temporality == 1 and len({p.start for p in points}) != 1:
        raise Malformed(f'the points of {metric["name"]} are not of one collection')  # 134
    return points


def double(value):
    return {'NaN': math.nan, 'Infinity': math.inf, '-Infinity': -math.inf}[value] if isinstance(value, str) else (
        float(value))


def read_distribution(point, where):
    buckets = [int(c) for c in point.get('bucketCounts', [])]
    bounds = [double(b) for b in point.get('explicitBounds', [])]
    if 'count' not in point or int(point['count']) != sum(buckets) or len(buckets) != len(bounds) + 1:
        raise Malformed(f'{where} counts {point.get("count")}, {len(buckets)} buckets, {len(bounds)} bounds')  # 127
    if any(not a < b for a, b in zip(bounds, bounds[1:])) or not all(map(math.isfinite, bounds)):
        raise Malformed(f'{where} has bounds that do not increase: {bounds}')  # 127
    total = double(point['sum']) if 'sum' in point else None
    if total is not None and (not math.isfinite(total) or int(point['count']) == 0 and total != 0):
        raise Malformed(f'{where} has the sum {total}')  # 124
    return Distribution(int(point['count']), total, buckets, bounds)


def read_exponential(point, where):
    def indexed(sign):
        side = point.get(sign, {})
        counts = [int(c) for c in side.get('bucketCounts', [])]
        return {side.get('offset', 0) + i: c for i, c in enumerate(counts) if c}
    zeros, positive, negative = int(point.get('zeroCount', '0')), indexed('positive'), indexed('negative')
    if 'count' not in point or int(point['count']) != sum(positive.values()) + sum(negative.values()) + zeros:
        raise Malformed(f'{where} counts {point.get("count")}, which its buckets do not')
    if not -10 <= point.get('scale', 0) <= 20:
        raise Malformed(f'{where} has the scale {point["scale"]}')
    total = double(point['sum']) if 'sum' in point else None
    if total is not None and not math.isfinite(total):
        raise Malformed(f'{where} has the sum {total}')
    return Exponential(int(point['count']), total, zeros, point.get('scale', 0), positive, negative)


def scraped_values(points):
    """The points under the names and labels that a scrape gives them; None for a sum that OTLP leaves out."""
    out = {}
    for p in points:
        def put(suffix, value, more=()):
            labels = {re.sub('[^a-zA-Z0-9]+', '_', k): str(v).lower() if isinstance(v, bool) else str(v)
                      for k, v in p.labels.items()}
            name = re.sub('[^a-zA-Z0-9]+', '_', p.name) + suffix
            out[(name,) + tuple(sorted({**labels, **dict(more)}.items()))] = value
        if p.kind != 'histogram':
            put('', p.value)
            continue
        up_to = 0
        for bound, count in zip(p.value.bounds + [math.inf], p.value.buckets):
            up_to += count
            put('_bucket', up_to, {'le': bound}.items())
        put('_sum', p.value.sum)
        put('_count', p.value.count)
    return out
