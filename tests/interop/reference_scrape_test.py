# SPDX-License-Identifier: MIT
"""The reference service: its scrape endpoint. Rows R4-R9 and R15, by raw HTTP:
reference_scrape_test.py REFERENCE"""
import concurrent.futures
import gzip
import http.client
import json
import random
import re
import socket
import sys

import exposition
import otlp
import service
import tap
from exposition import key
from reference import LIMIT, TOKEN, Server, free_port, raw, request, status_of
from rows import (NOT_ENABLED, SCRAPED, TEXT, counted, in_flight, library_version, pushing, request_health,
                  requests_total, scrape)
from tap import check, contains, equal, holds

REFERENCE, = sys.argv[1:2]
UNAUTHORIZED = '{"error":{"message":"Authentication required"}}'


# ---- R4, R5, R6: the endpoint.

@check('R4: GET /v1/metrics stands beside /v1/health and /v1/version')
def _():
    with Server(REFERENCE, SCRAPED) as server:
        for path, wanted in (('/v1/health', {'status': 'OK'}), ('/v1/version', {'version': library_version()})):
            answer = server.get(path, {})
            equal((answer.status, answer.headers['Content-Type'], json.loads(answer.body)),
                  (200, 'application/json', wanted), path)
        equal(server.get('/v1/health', {}).body, '{"status":"OK"}')
        equal(server.line('metrics '), f'metrics http://127.0.0.1:{server.api}/v1/metrics')
        contains(server.scrape().body, 'ogx_requests_total')


OPENMETRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8'
TEXT_1 = 'text/plain; version=1.0.0; charset=utf-8; escaping='
NEGOTIATED = {
    # CONFORMANCE 77, 81: what asks for nothing in particular.
    None: TEXT, '': TEXT, '*/*': TEXT, 'text/*': TEXT, 'text/html': TEXT, 'application/json;q=1': TEXT,
    'nonsense': TEXT,
    # CONFORMANCE 1, 2: versions of text.
    'text/plain': TEXT, 'text/plain;version=0.0.4': TEXT, 'TEXT/PLAIN; VERSION=0.0.4': TEXT,
    'text/plain;version=1.0.0': TEXT_1 + 'underscores',
    'text/plain;version=1.0.0;escaping=allow-utf-8': TEXT_1 + 'allow-utf-8',
    'text/plain; version="1.0.0"; escaping="values"': TEXT_1 + 'values',
    'text/plain;version=1.0.0;escaping=dots': TEXT_1 + 'dots',
    'text/plain;escaping=dots;version=1.0.0;q=0.4': TEXT_1 + 'dots',
    # CONFORMANCE 79: never an echo of what is not known.
    'text/plain;version=1.0.0;escaping=evil': TEXT_1 + 'underscores',
    # CONFORMANCE 76, 78: weights and versions.
    'application/openmetrics-text': OPENMETRICS, 'application/openmetrics-text;version=1.0.0': OPENMETRICS,
    'application/openmetrics-text;version=0.0.1': OPENMETRICS,
    'application/openmetrics-text;version=2.0.0': TEXT, 'application/openmetrics-text;version=9.9.9': TEXT,
    'text/plain;version=0.0.4;q=0.9,application/openmetrics-text;version=1.0.0;q=0.5': TEXT,
    'text/plain;version=0.0.4;q=0.5,application/openmetrics-text;version=1.0.0;q=0.9': OPENMETRICS,
    'text/plain;q=0.5,application/openmetrics-text;q=0.5': TEXT,
    'application/openmetrics-text;q=0.5,text/plain;q=0.5': OPENMETRICS,
    'application/openmetrics-text;q=0': TEXT, 'application/openmetrics-text;q=0.000,text/plain;version=1.0.0':
        TEXT_1 + 'underscores', 'application/openmetrics-text;q=bad': TEXT,
    # CONFORMANCE 82: blanks and quoted commas.
    ' application/openmetrics-text ; version = "1.0.0" ; q = 0.9 , text/plain ; q=0.1 ': OPENMETRICS,
    'text/plain;x="a,application/openmetrics-text;";version=1.0.0': TEXT_1 + 'underscores',
    ',,;;==,"': TEXT,
}


@check('R5: when enabled, the answer is 200, in the format that suits the client best')
def _():
    with Server(REFERENCE, SCRAPED) as server:
        server.get('/v1/health')
        for accept, wanted in NEGOTIATED.items():
            answer = request(server.api, 'GET', '/v1/metrics', {} if accept is None else {'Accept': accept})
            equal((answer.status, answer.headers['Content-Type']), (200, wanted), f'Accept: {accept}')
            equal(answer.headers.get_all('Content-Type'), [wanted])  # 9
            page = exposition.read(answer.body, wanted.startswith('application/'))
            contains(page.samples, key('ogx_requests_total', {
                'api': 'inspect', 'method': 'health', 'status': 'success', 'status_code': '200'}), f'Accept: {accept}')
            contains(answer.headers['Vary'], 'Accept')  # 83
            equal(answer.headers['Content-Encoding'], None)  # 84
            equal(int(answer.headers['Content-Length']), len(answer.body.encode()))


@check('R5: several Accept headers are one list')
def _():
    with Server(REFERENCE, SCRAPED) as server:
        head = raw(server.api, b'GET /v1/metrics HTTP/1.1\r\nHost: x\r\nAccept: text/plain;q=0.1\r\n'
                               b'Accept: application/openmetrics-text\r\nConnection: close\r\n\r\n')
        contains(head, b'Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n')


@check('R5: HEAD is answered like GET, without a body; other methods with 405 and what is allowed')  # CONFORMANCE 89
def _():
    with Server(REFERENCE, SCRAPED) as server:
        server.get('/v1/health')
        page = server.scrape()
        head = request(server.api, 'HEAD', '/v1/metrics')
        equal((head.status, head.body, head.headers['Content-Type']), (200, '', TEXT))
        for method in ('POST', 'PUT', 'DELETE'):
            answer = request(server.api, method, '/v1/metrics', body=b'')
            equal((answer.status, answer.headers['Allow']), (405, 'GET, HEAD'), method)
        equal(server.scrape().body, page.body)


@check('R5: the length that HEAD announces is that of GET, or none')  # RFC 9110, 8.6
def _():
    with Server(REFERENCE, SCRAPED) as server:
        length = request(server.api, 'HEAD', '/v1/metrics').headers['Content-Length']
        holds(length in (None, str(len(server.scrape().body.encode()))), f'Content-Length: {length}')


# CONFORMANCE 15; RFC 9110, 15.3.7
@check('R5: an answer of 200 is a whole page, also for a client that asks for a part')
def _():
    with Server(REFERENCE, SCRAPED) as server:
        page = server.scrape()
        for part in ('bytes=0-1', 'bytes=5-', 'bytes=-3', 'bytes=0-0,2-2'):
            answer = request(server.api, 'GET', '/v1/metrics', {'Range': part})
            holds(answer.status in (200, 206, 416), f'{part}: {answer.status}')
            if answer.status == 200:
                equal(answer.body, page.body, part)


@check('R5: an answer is compressed only for those who ask, says so, and is the same page')  # CONFORMANCE 83, 84, 86
def _():
    with Server(REFERENCE, SCRAPED) as server:
        server.get('/v1/health')
        page = server.scrape().body.encode()
        for coding in (None, 'identity', 'deflate', 'gzip', 'gzip, identity;q=0.5'):
            connection = http.client.HTTPConnection('127.0.0.1', server.api, timeout=LIMIT)
            connection.putrequest('GET', '/v1/metrics', skip_accept_encoding=True)
            if coding:
                connection.putheader('Accept-Encoding', coding)
            connection.putheader('Connection', 'close')
            connection.endheaders()
            answer = connection.getresponse()
            body, used = answer.read(), answer.headers['Content-Encoding']
            connection.close()
            holds(used is None or used == 'gzip' and 'gzip' in coding, f'{coding}: {used}')
            equal(gzip.decompress(body) if used else body, page, coding)
            if used:
                contains(answer.headers['Vary'], 'Accept-Encoding', 'Vary')


@check('R6: when disabled, the answer is 404 in JSON, and it is not counted')
def _():
    with otlp.Receiver() as receiver, Server(REFERENCE, pushing(receiver, 60000)) as server:
        for headers in ({}, TOKEN, {'Accept': 'application/openmetrics-text'}):
            answer = request(server.api, 'GET', '/v1/metrics', headers)
            equal((answer.status, answer.headers['Content-Type'], answer.body), (404, 'application/json', NOT_ENABLED))
        equal(request(server.api, 'HEAD', '/v1/metrics').status, 404)
        equal(server.post('/v1/metrics').status, 404)
        server.get('/v1/health')
        equal(server.end(), 0)
        points, = receiver.points()  # the last push
        equal({tuple(sorted(p.labels.items())): p.value for p in points if p.name == 'ogx.requests_total'},
              {(('api', 'inspect'), ('method', 'health'), ('status', 'success'), ('status_code', 200)): 1})
        equal([(p.labels, p.value) for p in points if p.name == 'ogx.concurrent_requests'], [({'api': 'inspect'}, 0)])
        equal([p.labels for p in points if p.name == 'ogx.request_duration_seconds'],
              [{'api': 'inspect', 'method': 'health'}])


# ---- R7, R8, R9: who may see it, and what is counted.

@check('R7: metrics, health and version ask for no credentials, and everything else does')
def _():
    with Server(REFERENCE, SCRAPED) as server:
        public = ['/v1/metrics', '/v1/health', '/v1/version', '/v1/health?a=b', '/v1/metrics?name[]=x']
        private = ['/v1/models', '/v1/models/tiny', '/v1/hold', '/v1/fail', '/', '/v1', '/metrics', '/health',
                   '/v1/health/', '/v1/metrics/', '/v1/version/', '/v1/healthz', '/v1/metricsx', '/v1/metrics/x',
                   '/v1/health/x', '/V1/health', '/v1/HEALTH', '/v1//health', '//v1/health', '/v1/./health',
                   '/v1/x/../health', '/v1/health;x',
                   '/v1/health%20', '/v1/health%00', '/v1%2Fhealth/', '/docs', '/static/x', '/nowhere']
        for path in public:
            equal(server.get(path, {}).status, 200, path)
        for path in private:
            answer = server.get(path, {})
            equal((answer.status, answer.headers['Content-Type'], answer.body),
                  (401, 'application/json', UNAUTHORIZED), path)
        for path in ('/v1/vector-io/insert', '/v1/responses', '/v1/release'):
            answer = server.post(path, headers={})
            equal((answer.status, answer.body), (401, UNAUTHORIZED), path)


@check('R7: only the right token opens the other routes')
def _():
    for token in ('secret', 'another one'):
        with Server(REFERENCE, {**SCRAPED, 'OGX_API_TOKEN': token}) as server:
            equal(server.get('/v1/models', {'Authorization': 'Bearer ' + token}).status, 200)
            for wrong in ('', 'Bearer', 'Bearer ', 'Bearer wrong', 'bearer ' + token, 'Basic ' + token, token,
                          'Bearer ' + token + 'x', 'Bearer ' + token[:-1], 'Bearer  ' + token):
                equal(server.get('/v1/models', {'Authorization': wrong}).status, 401, wrong)
            equal(server.get('/v1/metrics', {'Authorization': 'Bearer wrong'}).status, 200)


@check('R8: scrapes are not counted, neither as requests nor as requests in flight')
def _():
    with otlp.Receiver() as receiver, Server(REFERENCE, pushing(receiver, 60000, **SCRAPED)) as server:
        for _ in range(3):
            server.get('/v1/health')
        page = server.scrape().body
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            for body in pool.map(lambda _: server.scrape().body, range(40)):
                equal(body, page)  # to the byte, so nothing is in flight either
        for accept in ('application/openmetrics-text', 'text/plain;version=1.0.0'):
            server.scrape(accept)
        for method in ('HEAD', 'POST', 'PUT', 'DELETE'):
            request(server.api, method, '/v1/metrics', TOKEN, body=None if method == 'HEAD' else b'')
        server.get('/v1/metrics?x=y', {})
        equal(server.scrape().body, page)
        holds('method="metrics"' not in page, page)
        equal(requests_total(server), {('inspect', 'health', 'success', '200'): 3})
        equal(server.end(), 0)
        points, = receiver.points()
        equal({p.labels['method'] for p in points if 'method' in p.labels}, {'health'})
        equal({p.labels['api'] for p in points}, {'inspect'})


@check('R9: documentation and static files are not counted, by exact path or whole segments')
def _():
    with Server(REFERENCE, SCRAPED) as server:
        excluded = ['/docs', '/docs/', '/docs/a/b', '/docs?x', '/redoc', '/redoc/x', '/openapi.json', '/favicon.ico',
                    '/static', '/static/app.js', '/static/a/b.css?v=1', '/v1/metrics', '/v1/metrics/', '/v1/metrics/x']
        counted = ['/docs-internal', '/docsx', '/redoc2', '/openapi.json.bak', '/openapi', '/favicon.icon', '/statics',
                   '/static-files/x', '/v1/metricsx', '/v1/metrics-x', '/v2/docs', '/x/static', '/Docs', '/v1/docs',
                   '/doc']
        for path in excluded:
            for headers in (TOKEN, {}):
                server.get(path, headers)
        equal(requests_total(server), {})
        for number, path in enumerate(counted, 1):
            equal(server.get(path).status, 404, path)
            equal(requests_total(server), {('unknown', 'unknown', 'error', '404'): number}, path)


# ---- R15: a port of its own.

def own_host(port):
    """An address of this machine that nobody else uses, so that a well-known port on it is free."""
    for _ in range(20):
        host = f'127.{random.randint(1, 254)}.{random.randint(0, 254)}.{random.randint(2, 254)}'
        with socket.socket() as probe:
            try:
                probe.bind((host, port))
                return host
            except OSError:
                continue
    raise AssertionError(f'port {port} is in use on all addresses')


@check('R15: a listener of its own answers at /metrics, on loopback alone, and the API port then answers 404')
def _():
    port = free_port()
    with otlp.Receiver() as receiver:
        with Server(REFERENCE, pushing(receiver, **SCRAPED, OGX_METRICS_PORT=f' {port} ')) as server:
            equal(server.line('metrics '), f'metrics http://127.0.0.1:{port}/metrics')
            service.exercise(server, lambda: exposition.read(request(port, 'GET', '/metrics').body))
            answer = request(port, 'GET', '/metrics')
            equal((answer.status, answer.headers['Content-Type']), (200, TEXT))
            equal(request(port, 'HEAD', '/metrics').status, 200)
            equal(request(port, 'POST', '/metrics', body=b'').status, 405)
            for path in ('/', '/v1/metrics', '/metrics/', '/v1/health'):
                equal(request(port, 'GET', path).status, 404, path)
            on_api = server.get('/v1/metrics')
            equal((on_api.status, on_api.body), (404, NOT_ENABLED))
            try:
                request(port, 'GET', '/metrics', host=own_host(port))
                raise AssertionError('it listens on more than 127.0.0.1')
            except ConnectionRefusedError:
                pass
            points = receiver.wait_for_push(since=receiver.arrived + 1)
            equal(len({p.name for p in points}), 17)


@check('R15: without a port it is 9464, on the host that was asked for, by either name; 0 is any port')
def _():
    for name, blank in (('OGX_METRICS_HOST', ''), ('OGX_METRICS_HOST', '  '), ('OTEL_EXPORTER_PROMETHEUS_HOST', None)):
        host = own_host(9464)
        variables = {**SCRAPED, name: host}
        if blank is not None:
            variables['OGX_METRICS_PORT'] = blank
        with Server(REFERENCE, variables) as server:
            equal(server.line('metrics '), f'metrics http://{host}:9464/metrics')
            request_health(server)
            contains(request(9464, 'GET', '/metrics', host=host).body, 'method="health"')
            equal(server.errors, [])
    with Server(REFERENCE, {**SCRAPED, 'OGX_METRICS_PORT': '0'}) as server:
        port = int(re.fullmatch(r'metrics http://127\.0\.0\.1:(\d+)/metrics', server.line('metrics ')).group(1))
        equal(request(port, 'GET', '/metrics').status, 200)


@check('R15: OGX_METRICS_PORT goes before OTEL_EXPORTER_PROMETHEUS_PORT')
def _():
    port, other = str(free_port()), str(free_port())
    for own, general in ((port, other), (' ', port)):
        variables = {'OGX_METRICS_PORT': own, 'OTEL_EXPORTER_PROMETHEUS_PORT': general}
        with Server(REFERENCE, {**SCRAPED, **variables}) as server:
            equal(server.line('metrics '), f'metrics http://127.0.0.1:{port}/metrics', variables)


@check('R15: a blank port alone asks for nothing: the API port answers')
def _():
    for blank in ('', '  ', '\t'):
        with Server(REFERENCE, {**SCRAPED, 'OGX_METRICS_PORT': blank}) as server:
            equal(server.scrape().status, 200, repr(blank))
            equal(server.errors, [], repr(blank))


@check('R15: a bad port stops the listener alone; the report names variable and value')
def _():
    for bad in ('abc', '9464abc', '-1', '65536', '99999999999999999999', '9464.0', '0x1F', '+80', '9 464', '\u0669',
                '9' * 5000, 'a\nb'):
        with otlp.Receiver() as receiver:
            with Server(REFERENCE, pushing(receiver, **SCRAPED, OGX_METRICS_PORT=bad)) as server:
                line = server.line('scrape: not listening: ')
                contains(line, 'OGX_METRICS_PORT=')
                contains(line, bad[:60].replace('\n', ' '))
                holds(len(line) < 400, f'{len(line)} bytes')
                equal(any(x.startswith('metrics ') for x in server.report), False, bad[:20])
                request_health(server)
                on_api = server.get('/v1/metrics')
                equal((on_api.status, on_api.body), (404, NOT_ENABLED), bad[:20])
                receiver.wait_for_push(lambda points: counted(points, 'health') == [1])
                contains('\n'.join(server.errors), 'OGX_METRICS_PORT=')


@check('R15: a port in use, or an address that is not ours, is said with address, port and the words of the system')
def _():
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        taken.listen()
        port = taken.getsockname()[1]
        for host, number, words in [('127.0.0.1', port, 'Address already in use'),
                                    ('203.0.113.1', 9464, 'Cannot assign requested address'), ('256.0.0.1', 9464, '')]:
            with otlp.Receiver() as receiver:
                variables = pushing(receiver, **SCRAPED, OGX_METRICS_HOST=host, OGX_METRICS_PORT=str(number))
                with Server(REFERENCE, variables) as server:
                    line = server.line('scrape: not listening: ')
                    contains(line, f'{host}:{number}: ')
                    contains(line, words)
                    request_health(server)
                    equal(server.scrape().status, 404)
                    receiver.wait_for_push(lambda points: counted(points, 'health') == [1])


@check('R15: two services do not share a port, and the second takes over when the first has ended')
def _():
    port = free_port()
    variables = {**SCRAPED, 'OGX_METRICS_PORT': str(port)}
    with Server(REFERENCE, variables) as first:
        request_health(first)
        with Server(REFERENCE, variables) as second:
            contains(second.line('scrape: '), f'127.0.0.1:{port}: Address already in use')
        contains(request(port, 'GET', '/metrics').body, 'method="health"')
    with Server(REFERENCE, variables) as third:
        equal(third.line('metrics '), f'metrics http://127.0.0.1:{port}/metrics')
        equal(request(port, 'GET', '/metrics').status, 200)


# ---- Many at once, and bad input.

@check('Concurrent scrapes in several formats, while requests come in, are all whole')  # CONFORMANCE 96
def _():
    with Server(REFERENCE, SCRAPED) as server:
        service.exercise(server, lambda: scrape(server))

        def one(i):
            if i % 4 == 0:
                server.get('/v1/health')
            accept = (None, 'application/openmetrics-text', 'text/plain;version=1.0.0')[i % 3]
            answer = server.scrape(accept)
            equal(answer.status, 200)
            page = exposition.read(answer.body, accept == 'application/openmetrics-text')
            return sum(v for k, v in page.numbers('ogx_requests_total', 'ogx_requests').items()), len(page.samples)
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            seen = list(pool.map(one, range(400)))
        # Duration has no series that come and go, so the pages have all series from the first to the last.
        equal({lines for _, lines in seen}, {len(scrape(server).samples)})
        equal(sum(requests_total(server).values()), sum(n for _, n in service.WORTH['ogx.requests_total']) + 100)


@check('Bad input: an Accept header of 100 KB, alone or in pieces, does no harm')  # CONFORMANCE 98
def _():
    with Server(REFERENCE, SCRAPED) as server:
        for accept in (b'a' * 100_000, b'text/plain,' * 9_000, b'application/openmetrics-text;' + b'x=y;' * 25_000,
                       b'"' * 100_000, b',' * 100_000, b'text/plain' * 800, b';q=' * 2_500, b'\xff' * 5_000):
            status = status_of(raw(server.api, b'GET /v1/metrics HTTP/1.1\r\nHost: x\r\nAccept: ' + accept +
                                   b'\r\nConnection: close\r\n\r\n'))
            holds(status in (0, 200) or 400 <= status < 500, f'{accept[:20]}: {status}')
            equal(server.scrape().status, 200)
        many = b''.join(b'Accept: application/openmetrics-text;q=0.%d\r\n' % (i % 10) for i in range(3000))
        status = status_of(raw(server.api, b'GET /v1/metrics HTTP/1.1\r\nHost: x\r\n' + many +
                               b'Connection: close\r\n\r\n'))
        holds(status in (0, 200) or 400 <= status < 500, f'{status}')
        equal(server.scrape().status, 200)


@check('Bad input: what is no HTTP does no harm')
def _():
    with Server(REFERENCE, SCRAPED) as server:
        for data in (b'\r\n\r\n', b'\0' * 1000 + b'\r\n\r\n', b'GARBAGE\r\n\r\n', b'GET\r\n\r\n',
                     b'GET /v1/metrics\r\n\r\n',
                     b'GET /v1/metrics HTTP/9.9\r\n\r\n', b'GET /v1/met\0rics HTTP/1.1\r\nConnection: close\r\n\r\n',
                     b'GET ' + b'/x' * 50_000 + b' HTTP/1.1\r\n\r\n',
                     b'GET /v1/metrics HTTP/1.1\r\nno colon\r\nConnection: close\r\n\r\n',
                     b'GET /v1/metrics HTTP/1.1\r\n' + b'a: b\r\n' * 20_000 + b'Connection: close\r\n\r\n',
                     b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n',
                     b'POST /v1/responses HTTP/1.1\r\nAuthorization: Bearer secret\r\nContent-Length: -5\r\n'
                     b'Connection: close\r\n\r\n'):
            with socket.create_connection(('127.0.0.1', server.api), timeout=60) as connection:
                try:
                    connection.sendall(data)
                    connection.shutdown(socket.SHUT_WR)
                    while connection.recv(65536):
                        pass
                except (ConnectionResetError, BrokenPipeError):
                    pass
            equal(server.scrape().status, 200, f'after {data[:40]}')
        request_health(server)
        equal(in_flight(server), 0)


@check('A page shows the scrapes before it, and itself in flight, unless the environment says no')
def _():
    with Server(REFERENCE, {**SCRAPED, 'OGX_SCRAPE_METRICS_ENABLED': 'on'}) as server:
        first, second = (scrape(server) for _ in range(2))
        equal(first.value('tacho_scrapes_total', code='200'), 0)
        equal(second.value('tacho_scrapes_total', code='200'), 1)
        equal(second.value('tacho_scrapes_in_flight'), 1)
        equal(second.value('tacho_scrape_duration_seconds_count'), 1)
        holds(second.value('tacho_scrape_sent_bytes_total') > 1000, 'the bytes of the first page')
        # Six of these, and itself from the second page on: nothing else was recorded yet.
        equal((first.value('tacho_series'), second.value('tacho_series')), (6, 7))
        equal(server.end(), 0)
    with Server(REFERENCE, {**SCRAPED, 'OGX_SCRAPE_METRICS_ENABLED': 'off'}) as server:
        scrape(server)
        holds('tacho_' not in server.scrape().body, 'metrics of scrapes')


tap.main()
