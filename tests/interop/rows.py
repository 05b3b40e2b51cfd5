# SPDX-License-Identifier: MIT
"""What the checks of the reference service's rows have in common."""
import pathlib
import re

import exposition
import otlp
from tap import equal

SCRAPED = {'OGX_PROMETHEUS_ENABLED': '1'}
DELTA = {'OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE': 'delta'}
PATIENT = {'OTEL_EXPORTER_OTLP_TIMEOUT': '600000', 'OTEL_METRIC_EXPORT_TIMEOUT': '600000'}
TEXT = 'text/plain; version=0.0.4; charset=utf-8'
NOT_ENABLED = '{"detail":"Prometheus metrics endpoint is not enabled"}'


def pushing(receiver, interval=50, **more):
    return {'OTEL_EXPORTER_OTLP_ENDPOINT': receiver.url, 'OTEL_METRIC_EXPORT_INTERVAL': str(interval), **more}


def scrape(server):
    answer = server.scrape()
    equal(answer.status, 200)
    return exposition.read(answer.body)


def by_labels(numbers, *labels):
    return {tuple(dict(at[1:]).get(name) for name in labels): v for at, v in numbers.items()}


def requests_total(server):
    """The counters of requests: (api, method, status, status_code) and the count."""
    return by_labels(scrape(server).numbers('ogx_requests_total'), 'api', 'method', 'status', 'status_code')


def in_flight(server, api='inspect'):
    return scrape(server).value('ogx_concurrent_requests', api=api)


def values(points, name, **labels):
    return [p.value for p in otlp.find(points, name, **labels)]


def counted(points, method):
    """What a push says of the requests to one handler."""
    return values(points, 'ogx.requests_total', method=method)


def request_health(server):
    equal(server.get('/v1/health').status, 200)


def library_version():
    text = (pathlib.Path(__file__).resolve().parents[2] / 'include/tacho/version.hpp').read_text()
    return re.search(r'version\[\] = "(.*)"', text).group(1)


def resource_of(server, receiver):
    """The resource as both ways out show it: the labels of target_info, and OTLP's attributes."""
    page = scrape(server)
    target, = [k for k in page.samples if k[0] == 'target_info']
    equal(page.samples[target], '1')
    equal(list(page.families)[0], 'target_info')
    receiver.wait_for_push()
    return dict(target[1:]), otlp.read_request(receiver.pushes[0].body)[0]
