# SPDX-License-Identifier: MIT
"""Every body of a push, read by google.protobuf.json_format and by a stricter reader, value by value:
otlp_test.py REFERENCE GALLERY [protoc]"""
import json
import math
import pathlib
import re
import subprocess
import sys
import tempfile

import tap
from tap import check, contains, equal, equal_maps, holds

try:
    from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
except ImportError:
    tap.skip_all('python3-protobuf is not installed')

import exposition
import gallery
import otlp
import service
from reference import Server, wait_until

REFERENCE, GALLERY = sys.argv[1:3]
PROTOC = next(iter(w for w in sys.argv[3:] if not w.startswith('only=')), 'protoc')


def compiled():
    """The messages of proto/*.proto, whatever version of protoc there is."""
    folder = pathlib.Path(__file__).resolve().parent / 'proto'
    with tempfile.NamedTemporaryFile() as out:
        try:
            subprocess.run([PROTOC, f'-I{folder}', '--include_imports', f'--descriptor_set_out={out.name}',
                            folder / 'metrics_service.proto'], check=True)
        except FileNotFoundError:
            tap.skip_all('protobuf-compiler is not installed')
        files = descriptor_pb2.FileDescriptorSet.FromString(pathlib.Path(out.name).read_bytes())
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    name = 'opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest'
    return message_factory.MessageFactory(pool).GetPrototype(pool.FindMessageTypeByName(name))


ExportMetricsServiceRequest = compiled()


def identified(points):
    """Points by scope, name and labels, with all else that they say."""
    return {gallery.identity(p.scope, p.name, p.labels):
            (p.kind, p.unit, p.temporality, p.monotonic, p.start, p.time, p.value) for p in points}


def by_protobuf(body):
    """The same, as json_format reads it: unknown fields are errors."""
    request = json_format.Parse(body.decode('utf-8'), ExportMetricsServiceRequest(), ignore_unknown_fields=False)
    # What the binary form can't carry would be lost on its way.
    again = ExportMetricsServiceRequest.FromString(request.SerializeToString())
    holds(again == request or 'NaN' in body.decode(), 'the binary form says something else')
    out = {}
    for resource in again.resource_metrics:
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                kind = metric.WhichOneof('data')
                data = getattr(metric, kind)
                for p in data.data_points:
                    labels = {a.key: getattr(a.value, a.value.WhichOneof('value')) for a in p.attributes}
                    if kind == 'histogram':
                        value = otlp.Distribution(p.count, p.sum if p.HasField('sum') else None, list(p.bucket_counts),
                                                  list(p.explicit_bounds))
                    else:
                        value = getattr(p, p.WhichOneof('value'))
                    out[gallery.identity((scope.scope.name, scope.scope.version), metric.name, labels)] = (
                        kind, metric.unit, data.aggregation_temporality if kind != 'gauge' else None,
                        data.is_monotonic if kind == 'sum' else None, p.start_time_unix_nano, p.time_unix_nano, value)
    return out


def equal_points(got, wanted, what):
    """NaN is what equality can't compare inside of a tuple."""
    def comparable(points):
        return {k: v[:-1] + (repr(v[-1]),) for k, v in points.items()}
    equal_maps(comparable(got), comparable(wanted), what)


def both(body):
    """Points by both readers; fails unless they agree. An object for a resource with no points is no request."""
    ours = identified(otlp.read(body))
    equal_points(by_protobuf(body), ours, 'json_format beside ours')
    return ours


# ---- The gallery.

@check('A cumulative push: every kind of instrument carries the numbers that were recorded')  # CONFORMANCE 168-178
def _():
    equal_points(both(gallery.printed(GALLERY, 'otlp', 'kinds')), gallery.pushed_kinds(False), 'cumulative')


@check('A push of deltas: every kind carries what was recorded since the push before')  # CONFORMANCE 132-134
def _():
    equal_points(both(gallery.printed(GALLERY, 'otlp-delta', 'kinds')), gallery.pushed_kinds(True), 'deltas')


@check('1200 doubles and integers read back as the same numbers')  # CONFORMANCE 170, 171
def _():
    count = 0
    for (_, name, *labels), (*_, value) in both(gallery.printed(GALLERY, 'otlp', 'numbers')).items():
        bits = dict((k, v) for k, _, v in labels)['bits']
        d, unsigned = gallery.double_of(bits), int(bits, 16)
        finite = d if math.isfinite(d) else 0.0
        if name == 'histogram':
            holds(value.count == (0 if math.isnan(d) else 1), f'{bits}: {value}')
            equal(value.sum, finite if finite >= 0 else None, bits)
        else:
            wanted = {'gauge.double': d, 'gauge.integer': gallery.signed_of(bits),
                      'counter.integer': unsigned if unsigned < 2**63 else float(unsigned),
                      'counter.double': finite if finite >= 0 else 0.0}[name]
            equal(value, wanted, f'{name} of {bits}')
            holds(type(value) is type(wanted), f'{name} of {bits} is a {type(value)}')
        count += 1
    holds(count > 6000, f'there were only {count} points')


@check('300 texts of any bytes read back as they were')  # CONFORMANCE 178
def _():
    body = gallery.printed(GALLERY, 'otlp', 'texts')
    about = otlp.read_request(body)[0]
    request = json_format.Parse(body.decode(), ExportMetricsServiceRequest())
    resource, = request.resource_metrics
    equal_maps({a.key: a.value.string_value for a in resource.resource.attributes}, about, 'the resource')
    count = 0
    for scope in resource.scope_metrics:
        for metric in scope.metrics:
            data = getattr(metric, metric.WhichOneof('data'))
            for point in data.data_points:
                labels = {a.key: a.value.string_value for a in point.attributes}
                digits = labels.get('hex', '')
                wanted = gallery.text_of(digits)
                if metric.name == 'text':
                    equal(labels.get('text', ''), gallery.text_of(digits, 1024), digits)
                elif metric.name.startswith('n'):
                    equal(metric.description, wanted, digits)
                    equal(about['r' + metric.name[1:]], wanted, digits)
                else:
                    equal((scope.scope.name, scope.scope.version), (wanted, wanted), digits)
                count += 1
    holds(count > 900, f'there were only {count} texts')


@check('An empty registry is an empty request')  # CONFORMANCE 166
def _():
    for form in ('otlp', 'otlp-delta'):
        body = gallery.printed(GALLERY, form, 'empty')
        equal(body, b'{}')
        equal(both(body), {})


@check('Two scopes that differ only in bytes that are no text are not two scopes with one name')
def _():
    both(gallery.printed(GALLERY, 'otlp', 'broken-scopes'))


@check('Attributes of the resource that differ only in bytes that are no text have no key in common')  # CONFORMANCE 147
def _():
    both(gallery.printed(GALLERY, 'otlp', 'broken-resource'))


def check_second_life(name):
    """What is recorded in a second life is in the push, and so is what was left of the first one; at no time are there
    two points of one series."""
    for form in ('otlp-again', 'otlp-delta'):
        request = json.loads(gallery.printed(GALLERY, form, 'reborn'))
        points = [(int(p['startTimeUnixNano']), int(p['timeUnixNano']), int(p['asInt']))
                  for about in request['resourceMetrics'] for scope in about['scopeMetrics']
                  for metric in scope['metrics'] for p in metric['sum']['dataPoints'] if metric['name'] == name]
        points.sort()
        for (_, end, _), (start, _, _) in zip(points, points[1:]):
            holds(end <= start, f'{form}: intervals that overlap: {points}')
        if form == 'otlp-delta':
            equal(sum(value for _, _, value in points), 1 + 5, points)
        else:
            equal(points[-1][-1], 5, points)


# CONFORMANCE 134
check('An instrument that ends and is made again between two pushes is one series at a time')(
    lambda: check_second_life('instrument'))
check('A series that is removed and made again between two pushes is one series at a time')(
    lambda: check_second_life('series'))


# ---- The live server.

def pushing(receiver, **more):
    return {'OTEL_EXPORTER_OTLP_ENDPOINT': receiver.url, 'OTEL_METRIC_EXPORT_INTERVAL': '50',
            'OGX_PROMETHEUS_ENABLED': '1', **more}


def scrape(server):
    return exposition.read(server.scrape().body)


def check_instruments(points, some_of_them=False):
    """Whether these are the 17 instruments, as they should be named, and nothing else."""
    for p in points:
        wanted = service.INSTRUMENTS[p.name]
        equal(p.scope, (wanted.scope, '1.0.0'), p.name)
        equal(p.kind, 'histogram' if wanted.kind == 'histogram' else 'sum', p.name)
        equal(p.unit, wanted.unit, p.name)
        equal(p.monotonic, {'counter': True, 'up_down': False}.get(wanted.kind), p.name)
        holds(set(p.labels) <= set(wanted.labels), f'{p.name} has the labels {p.labels}')
        if wanted.kind == 'histogram':
            equal(p.value.bounds, wanted.bounds, p.name)
    if not some_of_them:
        equal({p.name for p in points}, set(service.INSTRUMENTS))


@check('The live server: each push is a POST of JSON to /v1/metrics, from a named agent')  # CONFORMANCE 157-162
def _():
    with otlp.Receiver() as receiver, Server(REFERENCE, pushing(receiver)) as server:
        server.get('/v1/health')
        receiver.wait_for_push()
        push = receiver.pushes[0]
        equal(push.path, '/v1/metrics')
        equal(push.headers['Content-Type'], 'application/json')
        holds(re.fullmatch(r'tacho-OTLP-Exporter-Cpp/\d+\.\d+\.\d+', push.headers['User-Agent']),
              push.headers['User-Agent'])
        equal([push.headers[n] for n in ('Content-Encoding', 'Transfer-Encoding', 'Expect')], [None] * 3)


@check('The live server: a cumulative push carries the 17 instruments, and what was requested')
def _():
    with otlp.Receiver() as receiver, Server(REFERENCE, pushing(receiver)) as server:
        service.exercise(server, lambda: scrape(server), times=2)
        page = scrape(server)
        points = receiver.wait_for_push(since=receiver.arrived + 1)  # collected after the scrape
        check_instruments(points)
        equal({p.temporality for p in points}, {2})
        pushed = otlp.scraped_values(points)
        for at, value in service.counted(2).items():
            equal(pushed[at], value, at)
        scraped = {(at[0],) + tuple((k, float(v)) if k == 'le' else (k, v) for k, v in at[1:]): v
                   for at, v in page.numbers().items() if at[0] != 'target_info'}
        equal_maps(pushed, scraped, 'the push beside the scrape')
        for push in receiver.pushes:
            both(push.body)


@check('The live server: cumulative series start once, and their time goes on')  # CONFORMANCE 134
def _():
    with otlp.Receiver() as receiver, Server(REFERENCE, pushing(receiver)) as server:
        server.get('/v1/health')
        receiver.wait_for_push(lambda points: len(points) >= 3)
        count = receiver.arrived
        server.get('/v1/models')
        receiver.wait_for_push(lambda points: len(points) >= 6, since=count)
        wait_until(lambda: receiver.arrived > count + 3, 'more pushes arrive')
        starts, last = {}, 0
        for points in receiver.points():
            if not points:
                continue
            times = {p.time for p in points}
            equal(len(times), 1, 'moments of one collection')
            holds(max(times) > last, 'time does not go on')
            last = max(times)
            for p in points:
                equal(p.start, starts.setdefault(gallery.identity(p.scope, p.name, p.labels), p.start), p.name)


@check('The live server: deltas follow each other without a gap, and add up to the scrape')  # CONFORMANCE 132-135
def _():
    preference = {'OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE': 'delta'}
    with otlp.Receiver() as receiver:
        with Server(REFERENCE, pushing(receiver, **preference)) as server:
            for _ in range(5):
                for _ in range(3):
                    server.get('/v1/health')
                    server.post('/v1/tool-runtime/invoke')
                receiver.wait_for_push(lambda points: otlp.find(points, 'ogx.requests_total'), since=receiver.arrived)
            page = scrape(server)
            equal(server.end(), 0)
        totals, ends = {}, {}
        for push in receiver.pushes:
            both(push.body)
        for points in receiver.points():
            check_instruments(points, some_of_them=True)
            for p in points:
                at = (p.name,) + tuple(sorted(p.labels.items()))
                if p.name == 'ogx.concurrent_requests':
                    equal(p.temporality, 2, 'an up-down counter')
                    continue
                equal(p.temporality, 1, p.name)
                # 133: without news there is no point.
                holds(p.value.count > 0 if p.kind == 'histogram' else p.value > 0, f'{at} has no news')
                # The first delta starts when the instrument was registered, the next ones where the last push ended.
                holds(p.start >= ends.get('all', 0), f'{at} starts before the last push ended')
                if 'all' in ends:
                    equal(p.start, ends['all'], at)
                if p.kind == 'histogram':
                    before = totals.get(at, (0, 0.0, [0] * len(p.value.buckets)))
                    totals[at] = (before[0] + p.value.count, before[1] + p.value.sum,
                                  [a + b for a, b in zip(before[2], p.value.buckets)])
                else:
                    totals[at] = totals.get(at, 0) + p.value
            if points:
                ends['all'] = points[0].time
        for at, total in totals.items():
            name, labels = service.shown(at[0]), service.shown_labels(dict(at[1:]))
            if isinstance(total, int):
                equal(total, page.value(name, **labels), at)
            else:
                equal(total[0], page.value(name + '_count', **labels), at)
                scraped = page.value(name + '_sum', **labels)
                holds(math.isclose(total[1], scraped, rel_tol=1e-9), f'{at}: {total[1]} beside {scraped}')
        equal(sorted(t for t in totals.values() if isinstance(t, int)), [15, 15, 15])


@check('The live server: what a receiver could not take is in the next push, from the same start')
def _():
    preference = {'OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE': 'delta'}
    with otlp.Receiver() as receiver, Server(REFERENCE, pushing(receiver, **preference)) as server:
        receiver.status = 400  # which is not tried again (183)
        server.get('/v1/health')
        refused = receiver.wait_for_push(lambda points: otlp.find(points, 'ogx.requests_total'))
        start = otlp.find(refused, 'ogx.requests_total')[0].start
        server.get('/v1/health')
        server.get('/v1/health')
        receiver.wait_for_push(lambda points: any(p.value == 3 for p in otlp.find(points, 'ogx.requests_total')),
                               'that covers all since the first one')
        receiver.status, before = 200, receiver.arrived
        taken = receiver.wait_for_push(lambda points: otlp.find(points, 'ogx.requests_total'), since=before)
        point, = otlp.find(taken, 'ogx.requests_total')
        equal((point.start, point.value), (start, 3))
        wait_until(lambda: server.errors, 'it is said')
        contains(server.errors[0], 'answered 400')


@check('The live server: a partial success is said, and is not sent again')  # CONFORMANCE 182
def _():
    preference = {'OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE': 'delta'}
    with otlp.Receiver() as receiver, Server(REFERENCE, pushing(receiver, **preference)) as server:
        receiver.answer = b'{"partialSuccess":{"rejectedDataPoints":"2","errorMessage":"too \xc3\xa4lt"},"later":[1]}'
        server.get('/v1/health')
        receiver.wait_for_push(lambda points: otlp.find(points, 'ogx.requests_total'))
        wait_until(lambda: server.errors, 'it is said')
        contains(server.errors[0], 'points were rejected (2): too \u00e4lt')
        receiver.answer = b'{}'
        count = receiver.arrived
        wait_until(lambda: receiver.arrived > count + 2, 'more pushes arrive')
        equal(len([p for points in receiver.points() for p in otlp.find(points, 'ogx.requests_total')]), 1)


@check('The live server: an answer that says nothing counts as success, and a redirect as a refusal')  # CONFORMANCE 181
def _():
    preference = {'OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE': 'delta'}
    with otlp.Receiver() as receiver, Server(REFERENCE, pushing(receiver, **preference)) as server:
        receiver.answer = b'<html>\xff\x00'
        server.get('/v1/health')
        receiver.wait_for_push(lambda points: otlp.find(points, 'ogx.requests_total'))
        count = receiver.arrived
        wait_until(lambda: receiver.arrived > count + 2, 'more pushes arrive')
        equal(len([p for points in receiver.points() for p in otlp.find(points, 'ogx.requests_total')]), 1)
        receiver.status, receiver.headers = 307, {'Location': receiver.url + '/elsewhere'}  # 188
        count = receiver.arrived
        wait_until(lambda: receiver.arrived > count + 2, 'more pushes arrive')
        equal({p.path for p in receiver.pushes}, {'/v1/metrics'})


# CONFORMANCE 158
@check('The live server: the endpoint becomes a URL as the specification says, without a double slash')
def _():
    for generic, metrics, wanted in [
            ('', None, '/v1/metrics'), ('/', None, '/v1/metrics'), ('/base', None, '/base/v1/metrics'),
            ('/base/', None, '/base/v1/metrics'), ('/ignored', '', '/'), ('/ignored', '/own', '/own'),
            (None, '/v1/metrics/', '/v1/metrics/'), (None, '/a//b?c=d', '/a//b?c=d')]:
        with otlp.Receiver() as receiver:
            variables = {'OTEL_METRIC_EXPORT_INTERVAL': '50'}
            if generic is not None:
                variables['OTEL_EXPORTER_OTLP_ENDPOINT'] = receiver.url + generic
            if metrics is not None:
                variables['OTEL_EXPORTER_OTLP_METRICS_ENDPOINT'] = receiver.url + metrics
            with Server(REFERENCE, variables) as server:
                server.get('/v1/health')
                receiver.wait_for_push()
                equal(receiver.pushes[0].path, wanted, f'{generic} and {metrics}')


# CONFORMANCE 163, 190
@check('The live server: headers of the environment are sent, and their values are never printed')
def _():
    with otlp.Receiver() as receiver:
        headers = 'api-key=s3cr%65t%20one , x-other=two,bad,=worse,%zz=a'
        with Server(REFERENCE, pushing(receiver, OTEL_EXPORTER_OTLP_HEADERS=headers)) as server:
            server.get('/v1/health')
            receiver.wait_for_push()
            equal(receiver.pushes[0].headers['api-key'], 's3cret one')
            equal(receiver.pushes[0].headers['x-other'], 'two')
            equal(server.end(), 0)
            said = '\n'.join(server.lines + server.errors)
            contains(said, 'OTEL_EXPORTER_OTLP_HEADERS')
            for part in ('s3cr', 'worse'):
                holds(part not in said, f'{part!r} is in {said}')


# CONFORMANCE 163
@check('The live server: headers of the environment can not change what is sent, nor bring in others')
def _():
    headers = 'content-type=a/b,Content-Length=3,transfer-encoding=chunked,host=x,a=b%0D%0Aevil: 1,c=d%00,e f=g,h=i'
    with otlp.Receiver() as receiver:
        with Server(REFERENCE, pushing(receiver, OTEL_EXPORTER_OTLP_HEADERS=headers)) as server:
            server.get('/v1/health')
            receiver.wait_for_push()
            push = receiver.pushes[0]
            both(push.body)
            for name, wanted in {'Content-Type': ['application/json'], 'Content-Length': [str(len(push.body))],
                                 'Host': [receiver.url.removeprefix('http://')], 'h': ['i'], 'evil': None,
                                 'Transfer-Encoding': None}.items():
                equal(push.headers.get_all(name), wanted, name)


@check('The live server: whatever a client puts into a label is valid in a push')  # CONFORMANCE 178
def _():
    modes = {'%22': '"', '%5C': '\\', '%0A': '\n', '%00': '\0', '%1F': '\x1f', '%7F': '\x7f', '%FF': '\ufffd',
             '%F0%9F%98%80': '\U0001f600', '%ED%A0%80': '\ufffd' * 3, '%E2%80%A8': '\u2028', 'x' * 3000: 'x' * 1024,
             '': None}
    with otlp.Receiver() as receiver, Server(REFERENCE, pushing(receiver)) as server:
        for encoded in modes:
            equal(server.post('/v1/vector-io/query?mode=' + encoded).status, 200)
        points = receiver.wait_for_push(
            lambda points: len(otlp.find(points, 'ogx.vector_io.queries_total')) == len(modes))
        both(receiver.pushes[-1].body)
        equal_maps({p.labels.get('search_mode'): p.value for p in otlp.find(points, 'ogx.vector_io.queries_total')},
                   {mode: 1 for mode in modes.values()}, 'the modes of queries')


@check('The live server: the resource is who the environment says it is, in valid text')  # CONFORMANCE 151-154, 178
def _():
    with otlp.Receiver() as receiver:
        listed = 'service.name=lost,team=a%2Cb%3D%25+c, "q" = \\ ,bad=%FF%0A,none='
        variables = pushing(receiver, OTEL_RESOURCE_ATTRIBUTES=listed, OTEL_SERVICE_NAME='shop \u00e9\t"x"')
        with Server(REFERENCE, variables) as server:
            server.get('/v1/health')
            receiver.wait_for_push()
            body = receiver.pushes[0].body
            both(body)
            about = otlp.read_request(body)[0]
            version = about.pop('telemetry.sdk.version')
            holds(re.fullmatch(r'\d+\.\d+\.\d+', version), version)
            equal_maps(about, {'service.name': 'shop \u00e9\t"x"', 'team': 'a,b=%+c', '"q"': '\\', 'bad': '\ufffd\n',
                               'none': '', 'telemetry.sdk.name': 'tacho', 'telemetry.sdk.language': 'cpp'},
                       'the resource')


# ---- The reader itself: what it refuses, each beside the request that is right.

SOUND = json.dumps({'resourceMetrics': [{
    'resource': {'attributes': [{'key': 'a', 'value': {'stringValue': ''}}]},
    'scopeMetrics': [{
        'scope': {'name': 's', 'version': '1'},
        'metrics': [
            {'name': 'c', 'unit': '1', 'sum': {'aggregationTemporality': 1, 'isMonotonic': True, 'dataPoints': [
                {'startTimeUnixNano': '5', 'timeUnixNano': '9', 'asInt': '0',
                 'attributes': [{'key': 'k', 'value': {'intValue': '1'}}]},
                {'startTimeUnixNano': '5', 'timeUnixNano': '9', 'asDouble': 1.5, 'flags': 0}]}},
            {'name': 'g', 'gauge': {'dataPoints': [{'timeUnixNano': '9', 'asDouble': 'NaN'}]}},
            {'name': 'h', 'histogram': {'aggregationTemporality': 2, 'dataPoints': [
                {'startTimeUnixNano': '5', 'timeUnixNano': '9', 'count': '3', 'sum': 4, 'bucketCounts': ['1', '2'],
                 'explicitBounds': [0.5]}]}}]}]}]})
FAULTS = {
    'a NaN token': ('"NaN"', 'NaN'), 'an Infinity token': ('"NaN"', 'Infinity'),
    'an unknown special': ('"NaN"', '"nan"'),
    'a comma too many': ('{"name": "g"', '{,"name": "g"'), 'a key twice': ('"unit": "1"', '"unit": "1", "unit": "1"'),
    'a key in snake_case': ('"asInt"', '"as_int"'), 'an unknown key': ('"unit"', '"units"'),
    'a key of another message': ('"flags"', '"count"'), 'a null': ('"unit": "1"', '"unit": null'),
    'a surrogate': ('"name": "g"', '"name": "\\ud800"'), 'text that is no text': ('"unit": "1"', '"unit": 1'),
    'an integer as a number': ('"asInt": "0"', '"asInt": 0'),
    'a time as a number': ('"timeUnixNano": "9"', '"timeUnixNano": 9'),
    'a count as a number': ('"count": "3"', '"count": 3'), 'a bucket as a number': ('["1", "2"]', '["1", 2]'),
    'an attribute as a number': ('"intValue": "1"', '"intValue": 1'),
    'an integer with zeros': ('"asInt": "0"', '"asInt": "00"'),
    'an integer too large': ('"asInt": "0"', '"asInt": "9223372036854775808"'),
    'a count below zero': ('["1", "2"]', '["-1", "4"]'),
    'a fraction as an integer': ('"asInt": "0"', '"asInt": "0.5"'), 'a double as text': ('1.5', '"1.5"'),
    'a temporality as a name': ('Temporality": 1', 'Temporality": "AGGREGATION_TEMPORALITY_DELTA"'),
    'a temporality of 0': ('Temporality": 1', 'Temporality": 0'),
    'no temporality': ('"aggregationTemporality": 1, ', ''),
    'monotonic as text': ('"isMonotonic": true', '"isMonotonic": "true"'),
    'flags as text': ('"flags": 0', '"flags": "0"'),
    'no value': (', "asInt": "0"', ''), 'two values': ('"asInt": "0"', '"asInt": "0", "asDouble": 0'),
    'no kind': ('"gauge": {"dataPoints": [{"timeUnixNano": "9", "asDouble": "NaN"}]}', '"unit": ""'),
    'two kinds': ('"name": "g"', '"name": "g", "sum": {}'),
    'no points': ('[{"timeUnixNano": "9", "asDouble": "NaN"}]', '[]'),
    'an attribute twice': ('[{"key": "k", "value": {"intValue": "1"}}]', '[{"key": "k", "value": {"intValue": "1"}}, '
                           '{"key": "k", "value": {"intValue": "2"}}]'),
    'an attribute without a key': ('"key": "k"', '"key": ""'), 'an empty value': ('{"intValue": "1"}', '{}'),
    'a point twice': (', "attributes": [{"key": "k", "value": {"intValue": "1"}}]', ''),
    'a metric twice': ('"name": "g"', '"name": "c"'), 'a metric without a name': ('"name": "g", ', ''),
    'a count that is not the buckets': ('"count": "3"', '"count": "4"'), 'no count': ('"count": "3", ', ''),
    'a bucket too few': ('["1", "2"]', '["3"]'), 'a bound that is infinite': ('[0.5]', '["Infinity"]'),
    'bounds that fall': ('"bucketCounts": ["1", "2"], "explicitBounds": [0.5]', '"bucketCounts": ["1", "1", "1"], '
                         '"explicitBounds": [0.5, 0.5]'),
    'a sum that is NaN': ('"sum": 4', '"sum": "NaN"'),
    'no time': ('"timeUnixNano": "9", "asDouble": "NaN"', '"asDouble": "NaN"'),
    'a start after the end': ('"startTimeUnixNano": "5"', '"startTimeUnixNano": "10"'),
    'deltas of two intervals': ('"startTimeUnixNano": "5"', '"startTimeUnixNano": "6"'),
    'a counter below zero': ('1.5', '-1.5'), 'no resource': ('"resourceMetrics"', '"resourcemetrics"'),
    'a number beyond all': ('1.5', '1e999'),
}


@check(f'The reader of these tests refuses each of {len(FAULTS)} faults, and takes the request without them')
def _():
    equal(len(both(SOUND.encode())), 4)
    for name, (right, wrong) in FAULTS.items():
        holds(right in SOUND, f'{name} changes nothing')
        try:
            otlp.read(SOUND.replace(right, wrong, 1).encode())
        except (otlp.Malformed, ValueError):
            continue
        raise AssertionError(f'it takes {name}')


tap.main()
