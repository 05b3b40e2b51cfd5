# SPDX-License-Identifier: MIT
"""The reference service: what it counts. Rows R10-R12 and its 17 instruments, by raw HTTP and in both ways out:
reference_requests_test.py REFERENCE"""
import random
import sys
import time

import otlp
import service
import tap
from exposition import key
from reference import Held, Server, raw, status_of, wait_until
from rows import DELTA, SCRAPED, by_labels, in_flight, pushing, requests_total, scrape, values
from tap import check, contains, equal, equal_maps, holds

REFERENCE, = sys.argv[1:2]
HOLD = {'api': 'inspect', 'method': 'hold', 'status': 'success', 'status_code': '200'}


# ---- R10, R11, R12: what is counted of a request.

@check('R10: requests are counted by api, handler, status and status code; what no route matches is unknown')
def _():
    with otlp.Receiver() as receiver, Server(REFERENCE, pushing(receiver, 60000, **SCRAPED)) as server:
        service.exercise(server, lambda: scrape(server))
        wanted = {(s['api'], s['method'], s['status'], str(s['status_code'])): n
                  for s, n in service.WORTH['ogx.requests_total']}
        equal_maps(requests_total(server), wanted, 'the scrape')
        equal(server.end(), 0)
        points, = receiver.points()
        pushed = {tuple(str(p.labels[n]) for n in ('api', 'method', 'status', 'status_code')): p.value
                  for p in otlp.find(points, 'ogx.requests_total')}
        equal_maps(pushed, wanted, 'the push')


@check('R10: paths that no route matches, however many there are, are one series')
def _():
    with Server(REFERENCE, SCRAPED) as server:
        for i in range(100):
            equal(server.get(f'/v1/{random.random()}/{i}').status, 404)
        for path in ('/v1/models/', '/v1/models/a/b', '/v1/models/%2F', '/v1//models', '/v1/vector-io/'):
            equal(server.get(path).status, 404, path)
        equal(requests_total(server), {('unknown', 'unknown', 'error', '404'): 105})


@check('R10: labels that clients choose have a limit, beyond which they are counted together')  # CONFORMANCE 145
def _():
    with otlp.Receiver() as receiver, Server(REFERENCE, pushing(receiver, 60000, **SCRAPED)) as server:
        for i in range(2050):
            equal(server.post(f'/v1/vector-io/query?mode={i}').status, 200)
        page = scrape(server)
        for family, name in (('ogx_vector_io_queries_total',) * 2, ('ogx_vector_io_retrieval_duration_seconds',
                                                                    'ogx_vector_io_retrieval_duration_seconds_count')):
            numbers = {k: v for k, v in page.numbers(family).items() if k[0] == name}
            equal(len(numbers), 2001, name)
            equal(sum(numbers.values()), 2050, name)
            equal(page.value(name, otel_metric_overflow='true'), 50, name)
        contains('\n'.join(server.errors), 'ogx.vector_io.queries_total')
        equal(server.end(), 0)
        points, = receiver.points()
        points = otlp.find(points, 'ogx.vector_io.queries_total')
        equal((len(points), sum(p.value for p in points)), (2001, 2050))
        equal([p.value for p in points if p.labels == {'otel.metric.overflow': True}], [50])


@check('R11: the status code that is counted is the code that was sent, whatever was asked')
def _():
    close = b'Host: x\r\nAuthorization: Bearer secret\r\nConnection: close\r\n'
    asked = [b'GET /v1/health HTTP/1.1\r\n', b'HEAD /v1/health HTTP/1.1\r\n', b'GET /v1/fail HTTP/1.1\r\n',
             b'HEAD /v1/fail HTTP/1.1\r\n', b'OPTIONS /v1/health HTTP/1.1\r\n',
             b'PATCH /v1/models HTTP/1.1\r\nContent-Length: 0\r\n', b'DELETE /v1/models/tiny HTTP/1.1\r\n',
             b'GET /v1/models/huge HTTP/1.1\r\n', b'GET /v1/models/tiny HTTP/1.0\r\n',
             b'POST /v1/vector-io/nothing HTTP/1.1\r\nContent-Length: 0\r\n',
             b'POST /v1/health HTTP/1.1\r\nContent-Length: 0\r\n',
             b'GET /v1/health HTTP/1.1\r\nRange: bytes=0-1\r\n', b'GET /v1/health HTTP/1.1\r\nRange: bytes=100-200\r\n',
             b'GET /v1/models/tiny HTTP/1.1\r\nRange: bytes=1-2,4-5\r\n',
             b'POST /v1/responses HTTP/1.1\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n',
             b'POST /v1/responses HTTP/1.1\r\nTransfer-Encoding: chunked\r\n', b'GET http://x/v1/health HTTP/1.1\r\n']
    with Server(REFERENCE, SCRAPED) as server:
        for lines in asked:
            before = requests_total(server)
            body = b'5\r\nhello\r\n0\r\n\r\n' if b'chunked' in lines else b'abc' if b': 3\r\n' in lines else b''
            sent = status_of(raw(server.api, lines + close + b'\r\n' + body))
            holds(sent, f'{lines} was not answered')
            changed = wait_until(lambda: requests_since(server, before), f'{lines} is counted')
            equal([(at[2:], n) for at, n in changed.items()],
                  [(('success' if sent < 400 else 'error', str(sent)), 1)], f'{lines}')


def requests_since(server, before):
    """The counters that have changed, and by how much."""
    return {at: n - before.get(at, 0) for at, n in requests_total(server).items() if n != before.get(at, 0)}


@check('R11: a handler that throws is answered 500 and counted as 500')
def _():
    with Server(REFERENCE, SCRAPED) as server:
        equal(server.get('/v1/fail').status, 500)
        equal(requests_total(server), {('inspect', 'fail', 'error', '500'): 1})
        page = scrape(server)
        equal(page.value('ogx_request_duration_seconds_count', api='inspect', method='fail'), 1)
        equal(in_flight(server), 0)


@check('R11: a stream is counted when its last byte was sent, and its duration lasts until then')
def _():
    with Server(REFERENCE, SCRAPED) as server:
        held = Held(server.api)
        contains(held.head, b'HTTP/1.1 200 OK\r\n')
        begun = time.monotonic()
        # Its head has been sent long ago, and it counts as in flight and not as done.
        for _ in range(50):
            equal(in_flight(server), 1)
            page = scrape(server)
            equal(page.value('ogx_requests_total', **HOLD), None)
            equal(page.value('ogx_request_duration_seconds_count', api='inspect', method='hold'), 0)
        passed = time.monotonic() - begun
        equal(server.post('/v1/release').status, 200)
        contains(held.rest(), b'released\n')
        wait_until(lambda: requests_total(server).get(('inspect', 'hold', 'success', '200')) == 1, 'it is counted')
        page = scrape(server)
        equal(page.value('ogx_request_duration_seconds_count', api='inspect', method='hold'), 1)
        duration = page.value('ogx_request_duration_seconds_sum', api='inspect', method='hold')
        holds(duration >= passed, f'{duration} s were recorded of a request that took {passed} s at least')


@check('R11: there is one observation for each request, also for one that failed or was cancelled')
def _():
    with Server(REFERENCE, SCRAPED) as server:
        service.exercise(server, lambda: scrape(server), times=2)
        for _ in range(3):
            Held(server.api).leave()
        Held(server.api, '/v1/hold?x=y').leave()
        wait_until(lambda: requests_total(server).get(('inspect', 'hold', 'success', '200')) == 4, 'all are counted')
        page = scrape(server)
        by_handler = {}
        for (api, method, _, _), count in requests_total(server).items():
            by_handler[(api, method)] = by_handler.get((api, method), 0) + count
        observed = by_labels({k: v for k, v in page.numbers('ogx_request_duration_seconds').items()
                              if k[0].endswith('_count')}, 'api', 'method')
        equal_maps(observed, by_handler, 'observations')
        equal(set(by_labels(page.numbers('ogx_concurrent_requests'), 'api').values()), {0})


@check('R12: 3 concurrent requests show as 3, one cancelled leaves 2, all done leave 0 and the series')
def _():
    with otlp.Receiver() as receiver, Server(REFERENCE, pushing(receiver, **SCRAPED, **DELTA)) as server:
        def both_say(wanted):
            wait_until(lambda: in_flight(server) == wanted, f'{wanted} requests are in flight')
            receiver.wait_for_push(
                lambda points: values(points, 'ogx.concurrent_requests', api='inspect') == [wanted],
                f'that says {wanted}', since=receiver.arrived)
            equal(in_flight(server), wanted)
        held = [Held(server.api) for _ in range(3)]
        both_say(3)
        held.pop().leave()
        both_say(2)
        equal(server.get('/v1/fail').status, 500)
        both_say(2)
        equal(server.post('/v1/release').status, 200)
        for h in held:
            contains(h.rest(), b'released\n')
        both_say(0)
        contains(scrape(server).samples, key('ogx_concurrent_requests', {'api': 'inspect'}), 'the page')
        equal(requests_total(server)[('inspect', 'hold', 'success', '200')], 3)


# ---- Its instruments.

@check('The 17 instruments in five scopes have the names, kinds, units, labels and bounds of the reference, both ways')
def _():
    with otlp.Receiver() as receiver, Server(REFERENCE, pushing(receiver, 60000, **SCRAPED)) as server:
        equal(len(service.INSTRUMENTS), 17)
        service.exercise(server, lambda: scrape(server))
        page = scrape(server)
        equal(set(page.families), {'target_info'} | {service.shown(n) for n in service.INSTRUMENTS})
        wanted = service.series_of_a_scrape()
        got = {k for k in page.samples if k[0] != 'target_info'}
        equal_maps(dict.fromkeys(got), dict.fromkeys(wanted), 'the series of the scrape')
        for name, instrument in service.INSTRUMENTS.items():
            family = page.families[service.shown(name)]
            equal(family.type, 'gauge' if instrument.kind == 'up_down' else instrument.kind, name)
            holds(family.help, f'{name} has no description')
        equal(page.value('ogx_inference_tokens_per_second_sum', **service.CHAT, stream='false'), 3 * 42)
        equal(server.end(), 0)
        points, = receiver.points()
        equal({p.name for p in points}, set(service.INSTRUMENTS))
        for p in points:
            instrument = service.INSTRUMENTS[p.name]
            equal(p.scope, (instrument.scope, '1.0.0'), p.name)
            equal(p.unit, instrument.unit, p.name)
            equal(p.kind, 'histogram' if instrument.kind == 'histogram' else 'sum', p.name)
            equal(p.monotonic, {'counter': True, 'up_down': False}.get(instrument.kind), p.name)
            if instrument.kind == 'histogram':
                equal(p.value.bounds, instrument.bounds, p.name)
            optional = {'search_mode'}
            holds(set(instrument.labels) - optional <= set(p.labels) <= set(instrument.labels), f'{p.name}: {p.labels}')
        equal({type(p.labels['status_code']) for p in points if 'status_code' in p.labels}, {int})
        equal({type(p.labels['stream']) for p in points if 'stream' in p.labels}, {bool})
        wanted = {(n, k, v) for n, series in service.WORTH.items() for labels, _ in series for k, v in labels.items()}
        equal({(p.name, k, v) for p in points for k, v in p.labels.items()}, wanted, 'the attributes of the push')


@check('The text looks as the reference says')
def _():
    with Server(REFERENCE, SCRAPED) as server:
        server.get('/v1/health', {})
        body = server.scrape().body
        for block in ('# HELP ogx_requests_total Total number of API requests\n# TYPE ogx_requests_total counter\n'
                      'ogx_requests_total{api="inspect",method="health",status="success",status_code="200"} 1\n',
                      '# HELP ogx_concurrent_requests Number of concurrent API requests\n'
                      '# TYPE ogx_concurrent_requests gauge\n'
                      'ogx_concurrent_requests{api="inspect"} 0\n'):
            contains(body, block, 'the page')
        holds('otel_scope' not in body, body)


tap.main()
