# SPDX-License-Identifier: MIT
"""What others read of exemplars: exemplars_test.py GALLERY [built]. prometheus_client and Debian's Prometheus, or those
that are built: Prometheus 3 and the Collector."""
import json
import sys

import gallery
import programs
import tap
from collector import Collector
from exposition import canonical, key
from pages import Pages
from prometheus import Prometheus
from reference import wait_until
from tap import check, equal, equal_maps, holds

GALLERY = sys.argv[1]
IS_BUILT = 'built' in sys.argv[2:]
PROMETHEUS = programs.built('prometheus') if IS_BUILT else programs.unpacked()
OPENMETRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8'

TRACE, SPAN = '4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7'
IDS = {'trace_id': TRACE, 'span_id': SPAN}
EARLY, LATE = gallery.BIRTH, gallery.BIRTH + 123_000_000  # nanoseconds
# Of each sample that has one: its labels, its value and its time. CONFORMANCE 67-69, 217
EXEMPLARS = {
    key('traced_total', {'a': 'labels'}): ({'order': '17', '_user9': 'P\'/\u00e9\U0001f600 # {=, 1'}, 2, EARLY),
    key('traced_total', {'a': 'bare'}): ({}, 3, EARLY),
    key('traced_total', {'a': 'span'}): (IDS, 4, LATE),
    key('traced_total', {'a': 'both'}): ({**IDS, 'order': 'y' * 60}, 5, LATE),
    key('spent_seconds_total', {}): (IDS, 0.1, LATE),
    key('took_seconds_bucket', {'a': 'x', 'le': '1.0'}): (IDS, 1.0, LATE),
    key('took_seconds_bucket', {'a': 'x', 'le': '2.0'}): ({**IDS, 'order': '18'}, 1.25, LATE),
    key('took_seconds_bucket', {'a': 'x', 'le': '+Inf'}): (IDS, 2.5, LATE),
}


def printed(form):
    return gallery.printed(GALLERY, form, 'exemplars')


def parsed(parser, text):
    """The exemplars that prometheus_client reads: in nanoseconds, as far as its clock goes."""
    out = {}
    for family in parser.text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.exemplar:
                e = sample.exemplar
                time = round(float(e.timestamp) * 1e6) * 1000
                out[key(sample.name, sample.labels)] = (e.labels, e.value, time)
    return out


def read_by_prometheus_client():
    try:
        from prometheus_client import parser as lax
        from prometheus_client.openmetrics import parser as strict
    except ImportError:
        return

    @check('The strict parser of prometheus_client reads each exemplar')
    def _():
        equal_maps(parsed(strict, printed('openmetrics').decode()), EXEMPLARS, 'exemplars')

    @check('Text has none, and else the same lines')
    def _():
        for form in ('text', 'text-1.0.0'):
            text = printed(form).decode()
            equal(parsed(lax, text), {})
            lines = {line.split(' # ')[0] for line in printed('openmetrics').decode().splitlines()}
            numbers = {line for line in text.splitlines() if not line.startswith('#') and 'le=' not in line}
            holds(numbers <= lines, numbers - lines)


def read_by_prometheus():
    @check('Prometheus stores each exemplar, and answers with it')
    def _():
        pages = Pages({'/metrics': (OPENMETRICS, printed('openmetrics'))})
        prometheus = Prometheus(PROMETHEUS, {'gallery': (pages.address, '/metrics', '1s')},
                                arguments=['--enable-feature=exemplar-storage'])

        def stored():
            answer = json.loads(prometheus.get('/api/v1/query_exemplars', query='{job="gallery"}',
                                               start=gallery.BIRTH / 1e9 - 3600, end=gallery.BIRTH / 1e9 + 3600))
            equal(answer['status'], 'success')
            out = {}
            for item in answer['data']:
                labels = {k: v for k, v in item['seriesLabels'].items() if k not in ('__name__', 'job', 'instance')}
                if 'le' in labels:
                    labels['le'] = canonical(float(labels['le']), True)
                equal(len(item['exemplars']), 1, f'exemplars of {item["seriesLabels"]}')
                e = item['exemplars'][0]
                at = key(item['seriesLabels']['__name__'], labels)
                out[at] = (e['labels'], float(e['value']), round(e['timestamp'] * 1e3) * 1_000_000)
            return out

        try:
            prometheus.wait_until_it_answers()
            wait_until(lambda: prometheus.value('count(up == 1)') == 1, 'the page is read')
            wait_until(lambda: len(stored()) >= len(EXEMPLARS), 'the exemplars are stored')
            equal_maps(stored(), EXEMPLARS, 'exemplars')
            equal(prometheus.value('sum(plain_total)'), 1.0)
        finally:
            prometheus.end()


def points_with_exemplars(request):
    for about in request['resourceMetrics']:
        for scope in about['scopeMetrics']:
            for metric in scope['metrics']:
                for kind in ('sum', 'histogram'):
                    for point in metric.get(kind, {}).get('dataPoints', []):
                        if 'exemplars' in point:
                            labels = tuple(a['value']['stringValue'] for a in point.get('attributes', []))
                            yield (metric['name'], *labels), point['exemplars']


def read_exemplar(e):
    labels = {a['key']: a['value']['stringValue'] for a in e.get('filteredAttributes', [])}
    if 'traceId' in e:
        labels.update(trace_id=e['traceId'], span_id=e['spanId'])
    return labels, float(e['asInt']) if 'asInt' in e else e['asDouble'], int(e['timeUnixNano'])


PUSHED = {
    ('traced', 'labels'): ['labels'], ('traced', 'bare'): ['bare'], ('traced', 'span'): ['span'],
    ('traced', 'both'): ['both'], ('spent',): [], ('took', 'x'): ['1.0', '2.0', '+Inf'],
}


def wanted_of_points():
    def of(name, label):
        return next(v for k, v in EXEMPLARS.items() if k[0].startswith(name) and (not label or label in dict(k[1:]).values()))
    out = {at: [of(at[0], label) for label in labels or [None]] for at, labels in PUSHED.items()}
    labels, value, time = out['traced', 'labels'][0]
    out['traced', 'labels'] = [({**labels, 'left_out': '"\\\n}'}, value, time)]  # in OpenMetrics
    return out


@check('A push carries each exemplar with its point')
def _():
    request = json.loads(printed('otlp'))
    equal_maps({at: [read_exemplar(e) for e in all] for at, all in points_with_exemplars(request)}, wanted_of_points(),
               'exemplars')


def read_by_the_collector():
    @check('The Collector reads each exemplar of a push')
    def _():
        with Collector(programs.built('collector')) as collector:
            equal(collector.post(printed('otlp')).status, 200)
            wait_until(lambda: len(collector.requests()) >= 1, 'the request is in the file')
            request = json.loads(collector.requests()[0])
            equal_maps({at: [read_exemplar(e) for e in all] for at, all in points_with_exemplars(request)},
                       wanted_of_points(), 'exemplars')
            equal(collector.complaints(), [])


if not IS_BUILT:
    read_by_prometheus_client()
read_by_prometheus()
if IS_BUILT:
    read_by_the_collector()
tap.main()
