# SPDX-License-Identifier: MIT
"""The reference service: what leaves it, when and as whose. Rows R1-R3, R13, R14, R16 and R17, by real sockets:
reference_exports_test.py REFERENCE TWICE"""
import re
import signal
import socket
import subprocess
import sys

import exposition
import otlp
import service
import tap
from reference import LIMIT, Held, Program, Server, free_port, request, signalled, wait_until
from rows import (DELTA, PATIENT, SCRAPED, counted, in_flight, library_version, pushing, request_health,
                  requests_total, resource_of, scrape, values)
from tap import check, contains, equal, equal_maps, holds

REFERENCE, TWICE = sys.argv[1:3]


# ---- R1: two ways out, one provider.

@check('R1: a push of deltas says 1, then 2, while a scrape says 1, then 3')
def _():
    with otlp.Receiver() as receiver, Server(REFERENCE, pushing(receiver, **SCRAPED, **DELTA)) as server:
        def health():
            return scrape(server).value('ogx_requests_total', api='inspect', method='health', status='success',
                                        status_code='200')
        server.get('/v1/health')
        first = receiver.wait_for_push(lambda points: counted(points, 'health'))
        equal(counted(first, 'health'), [1])
        equal(health(), 1)
        # While a push waits for its answer there is no other, so both requests are in one interval.
        receiver.open.clear()
        arrived = receiver.arrived
        server.get('/v1/models')
        wait_until(lambda: receiver.arrived > arrived, 'a push waits for its answer')
        arrived = receiver.arrived
        for _ in range(2):
            server.get('/v1/health')
        equal(health(), 3)
        receiver.open.set()
        second = receiver.wait_for_push(lambda points: counted(points, 'health'), since=arrived)
        equal(counted(second, 'health'), [2])
        equal(health(), 3)
        for points in (first, second):
            point, = otlp.find(points, 'ogx.requests_total', method='health')
            equal(point.temporality, 1)


@check('R1: a push that waits for its answer delays neither requests nor scrapes, and changes no number')
def _():
    with otlp.Receiver() as receiver, Server(REFERENCE, pushing(receiver, **SCRAPED)) as server:
        receiver.open.clear()
        service.exercise(server, lambda: scrape(server))
        wait_until(lambda: receiver.arrived, 'a push waits for its answer')
        equal(receiver.arrived, 1)
        receiver.open.set()
        arrived = receiver.arrived
        points = receiver.wait_for_push(since=arrived)
        page = scrape(server)
        scraped = {(at[0],) + tuple((k, float(v)) if k == 'le' else (k, v) for k, v in at[1:]): v
                   for at, v in page.numbers().items() if at[0] != 'target_info'}
        equal_maps(otlp.scraped_values(points), scraped, 'the push beside the scrape')


@check('R1: shown without arguments, the service prints both ways out, and they are equal; all of both if asked')
def _():
    for arguments in ([], ['--whole']):
        with Program([REFERENCE, *arguments], {}) as tour:
            equal(tour.process.wait(60), 0)
            equal(tour.end(), 0)
            said = '\n'.join(tour.lines)
            contains(said, '# TYPE ogx_concurrent_requests gauge')
            contains(said, '"resourceMetrics"')
            found = re.fullmatch(r'(\d+) series, (\d+) different', tour.lines[-1])
            holds(found and int(found.group(1)) > 200 and found.group(2) == '0', tour.lines[-1])
            equal(len(tour.lines) > 600, bool(arguments))
            equal('# TYPE ogx_requests_total counter' in said, bool(arguments))


# ---- R2, R3: gates.

@check('R2: each way out is on when the environment asks for it, and an empty endpoint asks for nothing')
def _():
    for endpoint in (None, '', '  ', 'set'):
        for enabled in (None, '1'):
            with otlp.Receiver() as receiver:
                variables = {'OTEL_METRIC_EXPORT_INTERVAL': '60000'}
                if endpoint is not None:
                    variables['OTEL_EXPORTER_OTLP_ENDPOINT'] = receiver.url if endpoint == 'set' else endpoint
                if enabled:
                    variables.update(SCRAPED)
                with Server(REFERENCE, variables) as server:
                    what = f'endpoint {endpoint!r}, enabled {enabled!r}'
                    equal(server.get('/v1/health').body, '{"status":"OK"}', what)
                    equal(server.scrape().status, 200 if enabled else 404, what)
                    pushes, scrapes = endpoint == 'set', bool(enabled)
                    equal(server.line('push: ').startswith('push: pushing to ' + receiver.url), pushes, what)
                    equal(server.line('push: ') == 'push: off: no OTLP endpoint is set (OTEL_EXPORTER_OTLP_ENDPOINT)', not pushes, what)
                    equal(server.line('scrape: ') == 'scrape: off: not enabled; OGX_PROMETHEUS_ENABLED=1 does that', not scrapes, what)
                    equal(server.end(), 0, what)
                    equal(server.errors, [], what)
                    equal(receiver.arrived, 1 if pushes else 0, what)


@check('R2: OTEL_METRICS_EXPORTER and OTEL_SDK_DISABLED say the same for every program')  # CONFORMANCE 192, 195
def _():
    for variables, pushes, scrapes in [
            ({'OTEL_METRICS_EXPORTER': 'otlp'}, True, False), ({'OTEL_METRICS_EXPORTER': 'prometheus'}, False, True),
            ({'OTEL_METRICS_EXPORTER': ' OTLP , Prometheus,'}, True, True),
            ({'OTEL_METRICS_EXPORTER': 'none', **SCRAPED}, False, False),
            ({'OTEL_SDK_DISABLED': 'TRUE', 'OTEL_METRICS_EXPORTER': 'otlp', **SCRAPED}, False, False),
            ({'OTEL_SDK_DISABLED': '1', 'OTEL_METRICS_EXPORTER': 'otlp', **SCRAPED}, True, True)]:
        with otlp.Receiver() as receiver:
            endpoint = {'OTEL_EXPORTER_OTLP_METRICS_ENDPOINT': receiver.url + '/v1/metrics'}
            with Server(REFERENCE, {**endpoint, **variables}) as server:
                equal(server.scrape().status, 200 if scrapes else 404, variables)
                server.get('/v1/health')
                equal(server.end(), 0)
                equal(receiver.arrived, 1 if pushes else 0, variables)
                equal(bool(server.errors), variables.get('OTEL_SDK_DISABLED') == '1', variables)  # which warns


@check('OTEL_METRICS_EXPORTER=console writes lines of OTLP, beside a push and a scrape and with the same numbers')
def _():
    with otlp.Receiver() as receiver:
        variables = {'OTEL_METRICS_EXPORTER': 'console,otlp,prometheus', 'OTEL_METRIC_EXPORT_INTERVAL': '300000',
                     'OTEL_EXPORTER_OTLP_METRICS_ENDPOINT': receiver.url + '/v1/metrics'}
        with Server(REFERENCE, variables) as server:
            equal(server.line('console: '), 'console: writing to the standard output every 300000 ms')
            for _ in range(3):
                server.get('/v1/health')
            equal(server.scrape().status, 200)
            equal(server.end(), 0)
            equal(server.errors, [])
            lines = [line for line in server.lines if line.startswith('{')]
            equal(len(lines), 1, 'lines')  # the last one, which is written at the end
            about, points = otlp.read_request(lines[0].encode())
            equal(about['service.name'], 'ogx', 'resource')
            equal(counted(points, 'health'), [3])
            equal(counted(receiver.wait_for_push(), 'health'), [3])


@check('R3: the scrape is on for 1, true, yes and on, in any case and with blanks around, and for nothing else')
def _():
    yes = ['1', 'true', 'TRUE', 'True', 'Yes', 'yes', 'on', 'ON', ' On ', '\ttrue\n', ' 1 ', 'yEs']
    no = ['', ' ', '\t\n', '0', 'false', 'FALSE', 'no', 'off', 'Off']
    unclear = ['y', 't', '2', '11', 'true1', 'enabled', '1.0', 'on off', '\u00a01', '-1', 'tru', '\uff11']  # no, and said so
    for value in yes + no + unclear + [None]:
        with Server(REFERENCE, {} if value is None else {'OGX_PROMETHEUS_ENABLED': value}) as server:
            answer = server.scrape()
            equal(answer.status, 200 if value in yes else 404, repr(value))
            equal(any(line.startswith('metrics ') for line in server.report), value in yes, repr(value))
            equal(server.end(), 0)  # all that it had to say has then been read
            warned = any('OGX_PROMETHEUS_ENABLED' in line and 'neither yes nor no' in line for line in server.errors)
            equal((len(server.errors), warned), (1, True) if value in unclear else (0, False), f'{value!r}: {server.errors}')


# ---- R13, R14: who is measured, and what one path's mistake does to the other.

@check('R13: the service is called ogx, or what the environment calls it, in both ways out')
def _():
    sdk = {'telemetry.sdk.name': 'tacho', 'telemetry.sdk.language': 'cpp', 'telemetry.sdk.version': library_version()}
    for variables, wanted in [
            ({}, {'service.name': 'ogx'}), ({'OTEL_SERVICE_NAME': ''}, {'service.name': 'ogx'}),
            ({'OTEL_SERVICE_NAME': 'shop'}, {'service.name': 'shop'}),
            ({'OTEL_RESOURCE_ATTRIBUTES': 'service.name=listed,team=a b'}, {'service.name': 'listed', 'team': 'a b'}),
            ({'OTEL_RESOURCE_ATTRIBUTES': 'service.name=listed,place=a%2Cb', 'OTEL_SERVICE_NAME': 'shop'},
             {'service.name': 'shop', 'place': 'a,b'}),
            ({'OTEL_RESOURCE_ATTRIBUTES': 'a=1,a=2'}, {'service.name': 'ogx', 'a': '2'}),
            ({'OTEL_SERVICE_NAME': 'a"\\\u00e9\nb'}, {'service.name': 'a"\\\u00e9\nb'})]:
        with otlp.Receiver() as receiver, Server(REFERENCE, pushing(receiver, **SCRAPED, **variables)) as server:
            server.get('/v1/health')
            labels, attributes = resource_of(server, receiver)
            equal_maps(attributes, {**sdk, **wanted}, f'the push with {variables}')
            wanted = {k.replace('.', '_'): v for k, v in {**sdk, **wanted}.items()}
            equal_maps(labels, wanted, f'the scrape with {variables}')
            equal(server.errors, [], variables)


@check('R13: one attribute that is none voids the whole variable, with a warning, and stops nothing')  # CONFORMANCE 154
def _():
    for bad in ('a=1,bad,b=2', 'a=1,=2', 'a=%zz', 'a=1,b=%4', 'novalue'):
        variables = {**SCRAPED, 'OTEL_RESOURCE_ATTRIBUTES': bad}
        with otlp.Receiver() as receiver, Server(REFERENCE, pushing(receiver, **variables)) as server:
            server.get('/v1/health')
            labels, attributes = resource_of(server, receiver)
            equal({k for k in attributes if not k.startswith('telemetry.')}, {'service.name'}, bad)
            equal(attributes['service.name'], 'ogx')
            equal(labels['service_name'], 'ogx')
            contains('\n'.join(server.errors), 'OTEL_RESOURCE_ATTRIBUTES')


@check('R14: a bad interval warns, keeps the default, and stops neither the push nor the scrape')
def _():
    for bad in ('abc', '60.5', '-1', '1e3', '60000ms', '99999999999', '0x10', '1 000', '0', '+5', '\u0665'):
        with otlp.Receiver() as receiver:
            with Server(REFERENCE, pushing(receiver, bad, **SCRAPED)) as server:
                equal(server.line('push: '), f'push: pushing to {receiver.url}/v1/metrics every 60000 ms', bad)
                wait_until(lambda: server.errors, 'it is said')
                for said in (server.line('warning: '), server.errors[0]):
                    for words in ('OTEL_METRIC_EXPORT_INTERVAL', bad, '60000'):  # culprit, value, what counts instead
                        contains(said, words)
                server.get('/v1/health')
                equal(scrape(server).value('ogx_requests_total', api='inspect', method='health', status='success',
                                           status_code='200'), 1, bad)
                equal(server.end(), 0)
            equal(receiver.arrived, 1, bad)  # the last push
    for good in ('', ' ', '60000', ' 60000 '):
        with otlp.Receiver() as receiver, Server(REFERENCE, pushing(receiver, good, **SCRAPED)) as server:
            equal(server.line('push: '), f'push: pushing to {receiver.url}/v1/metrics every 60000 ms', repr(good))
            equal(server.errors, [], repr(good))


@check('R14: an endpoint that is no URL, or one that can not be served, stops the push alone, and says why')
def _():
    for endpoint, words in [
            ('localhost:4318', 'write it as http://host:port'), ('//localhost:4318', 'write it as http://host:port'),
            ('http://', 'write it as http://host:port'), ('http://:4318', 'write it as http://host:port'),
            ('http:///v1', 'write it as http://host:port'), ('http://a b', 'write it as http://host:port'),
            ('ftp://localhost', 'the transport can\'t send ftp'), ('file:///etc/passwd', None),
            ('grpc://localhost:4317', 'the transport can\'t send grpc'), ('x' * 100000, 'write it as http://host:port'),
            ('http://user:pass word@localhost', 'write it as http://host:port')]:
        with Server(REFERENCE, {**SCRAPED, 'OTEL_EXPORTER_OTLP_ENDPOINT': endpoint}) as server:
            line = server.line('push: ')
            holds(line.startswith('push: not pushing'), line)
            contains(line, words or 'file')
            holds(len(line) < 1000, f'{len(line)} bytes')
            wait_until(lambda: server.errors, 'it is said')
            server.get('/v1/health')
            equal(requests_total(server), {('inspect', 'health', 'success', '200'): 1}, endpoint[:50])


@check('R14: nobody who answers at the endpoint, by http or https, stops nothing, and is said')
def _():
    port = free_port()
    for endpoint in (f'http://127.0.0.1:{port}', f'https://127.0.0.1:{port}', 'http://256.0.0.1:4318'):
        variables = {**SCRAPED, 'OTEL_EXPORTER_OTLP_ENDPOINT': endpoint, 'OTEL_METRIC_EXPORT_INTERVAL': '50',
                     'OTEL_EXPORTER_OTLP_TIMEOUT': '40'}
        with Server(REFERENCE, variables) as server:
            holds(server.line('push: ').startswith('push: pushing to ' + endpoint), server.line('push: '))
            server.get('/v1/health')
            wait_until(lambda: server.errors, 'it is said')
            contains(server.errors[0], endpoint)
            equal(requests_total(server), {('inspect', 'health', 'success', '200'): 1}, endpoint)


@check('R14: the scheme of an endpoint may be written in capitals')  # RFC 3986, 3.1
def _():
    with otlp.Receiver() as receiver:
        variables = {**pushing(receiver), 'OTEL_EXPORTER_OTLP_ENDPOINT': receiver.url.replace('http', 'HTTP')}
        with Server(REFERENCE, variables) as server:
            holds(server.line('push: ').startswith('push: pushing to'), server.line('push: '))
            server.get('/v1/health')
            receiver.wait_for_push()


@check('R14: a receiver that speaks http where https was asked for gets nothing readable')
def _():
    with otlp.Receiver() as receiver:
        endpoint = receiver.url.replace('http:', 'https:')
        with Server(REFERENCE, {**pushing(receiver, **SCRAPED), 'OTEL_EXPORTER_OTLP_ENDPOINT': endpoint}) as server:
            server.get('/v1/health')
            wait_until(lambda: server.errors, 'it is said')
            contains(server.errors[0], endpoint)
            equal(requests_total(server), {('inspect', 'health', 'success', '200'): 1})
        equal(receiver.arrived, 0)


@check('R14: a password in the endpoint is used, and never printed')
def _():
    with otlp.Receiver() as receiver:
        endpoint = receiver.url.replace('http://', 'http://me:pa55@')
        variables = {**pushing(receiver, **SCRAPED), 'OTEL_EXPORTER_OTLP_ENDPOINT': endpoint}
        with Server(REFERENCE, variables) as server:
            receiver.status = 400
            server.get('/v1/health')
            receiver.wait_for_push()
            equal(receiver.pushes[0].headers['Authorization'], 'Basic bWU6cGE1NQ==')
            wait_until(lambda: server.errors, 'it is said')
            equal(server.end(), 0)
            holds('pa55' not in '\n'.join(server.lines + server.errors), server.lines + server.errors)


@check('Bad input: values of the environment that are very long or no text do not stop the service')
def _():
    with otlp.Receiver() as receiver:
        nonsense = '\udcff\udcfe'  # bytes that are no UTF-8
        wrong = {'OTEL_EXPORTER_OTLP_PROTOCOL': nonsense, 'OTEL_METRICS_EXPORTER': 'otlp,' + nonsense,
                 'OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE': 'sometimes', 'OTEL_SDK_DISABLED': 'perhaps',
                 'OTEL_EXPORTER_OTLP_COMPRESSION': 'zip', 'OTEL_EXPORTER_OTLP_TIMEOUT': 'soon'}
        long = {'OTEL_SERVICE_NAME': 'n' * 100_000, 'OTEL_RESOURCE_ATTRIBUTES': 'a=' + 'v' * 50_000}
        variables = pushing(receiver, **SCRAPED, **wrong, **long)
        with Server(REFERENCE, variables) as server:
            request_health(server)
            labels, attributes = resource_of(server, receiver)
            equal(attributes['service.name'], 'n' * 100_000)
            equal(labels['a'], 'v' * 50_000)
            said = '\n'.join(server.errors)
            for name in wrong:
                contains(said, name)
            for line in server.report + server.errors:
                holds('\udcff' not in line and '\\xff' not in line, f'no UTF-8: {line!r}')


# ---- R16, R17: its start and its end.

@check('R16: started twice it runs once, and what runs is extended, not replaced')
def _():
    with otlp.Receiver() as receiver:
        variables = pushing(receiver, 60000, **SCRAPED, OGX_METRICS_PORT='0')
        with Program([TWICE], variables) as program:
            program.wait_for_line('ready')
            said = dict(line.split(': ', 1) for line in program.lines if ': ' in line)
            pushes = f'pushing to {receiver.url}/v1/metrics every 60000 ms'
            equal([said[f'{n} push'] for n in ('first', 'second', 'third')], [pushes] * 3)
            equal(said['first scrape'], 'off: not enabled; OGX_PROMETHEUS_ENABLED=1 does that')
            equal(said['third scrape'], said['second scrape'])
            port = int(re.fullmatch(r'listening on http://127\.0\.0\.1:(\d+)/metrics', said['second scrape']).group(1))
            page = exposition.read(request(port, 'GET', '/metrics').body)
            equal(page.value('starts_total'), 3)
            program.process.send_signal(signal.SIGUSR1)
            program.wait_for_line('pushed: yes')
            equal(receiver.arrived, 1)
            equal(program.end(), 0)
            equal(program.errors, [])
        equal(receiver.arrived, 2)  # the one that was asked for, and the last one; two pushers would have sent more
        equal([[p.value for p in points] for points in receiver.points()], [[3], [3]])


@check('R17: the last push has what was recorded last, whichever signal ends the service')
def _():
    for by in (signal.SIGTERM, signal.SIGINT):
        for preference in ({}, DELTA):
            variables = {**SCRAPED, **preference}
            with otlp.Receiver() as receiver, Server(REFERENCE, pushing(receiver, 60000, **variables)) as server:
                service.exercise(server, lambda: scrape(server))
                equal(receiver.arrived, 0)
                equal(server.end(by), 0)
                equal(server.errors, [])
                points, = receiver.points()
                pushed = otlp.scraped_values(points)
                equal_maps({k: pushed.get(k) for k in service.counted()}, service.counted(), f'{by}, {preference}')


@check('R17: the end is bounded when the receiver does not answer, not even a push that began before')
def _():
    for interval in (60000, 50):  # the last push alone, and one that is under way
        with otlp.Receiver() as receiver:
            receiver.open.clear()
            variables = pushing(receiver, interval, **SCRAPED, **PATIENT)
            with Server(REFERENCE, variables) as server:
                server.get('/v1/health')
                if interval == 50:
                    wait_until(lambda: receiver.arrived, 'a push is under way')
                equal(server.end(), 0)  # while the receiver still keeps it waiting
                contains('\n'.join(server.errors), 'It was the last push')


@check('R17: the end is bounded when nobody answers, or somebody who asks to come back much later')
def _():
    nobody = f'http://127.0.0.1:{free_port()}'
    variables = {**SCRAPED, 'OTEL_EXPORTER_OTLP_ENDPOINT': nobody, 'OTEL_EXPORTER_OTLP_TIMEOUT': '0'}
    with Server(REFERENCE, variables) as server:
        server.get('/v1/health')
        equal(server.end(), 0)
        contains('\n'.join(server.errors), nobody)
    for interval in (60000, 50):
        with otlp.Receiver() as receiver:
            receiver.status, receiver.headers = 503, {'Retry-After': '3600'}
            variables = pushing(receiver, interval, **PATIENT)
            with Server(REFERENCE, variables) as server:
                server.get('/v1/health')
                if interval == 50:
                    wait_until(lambda: receiver.arrived, 'a push was refused')
                equal(server.end(), 0)


@check('R17: requests in flight and open connections do not keep the service from ending')
def _():
    with otlp.Receiver() as receiver, Server(REFERENCE, pushing(receiver, 60000, **SCRAPED)) as server:
        held = [Held(server.api) for _ in range(2)]
        idle = socket.create_connection(('127.0.0.1', server.api))
        half = socket.create_connection(('127.0.0.1', server.api))
        half.sendall(b'GET /v1/health HTTP/1.1\r\nHost')
        equal(in_flight(server), 2)
        equal(server.end(), 0)
        for connection in (idle, half, *(h.socket for h in held)):
            connection.close()
        points, = receiver.points()
        equal(values(points, 'ogx.concurrent_requests', api='inspect'), [2])


@check('R17: a signal that comes before the service is up ends it as well')
def _():
    for _ in range(20):
        with Program([REFERENCE, '--plain'], SCRAPED, before=signalled) as server:
            server.wait_for_line('ready')
            try:
                equal(server.process.wait(LIMIT), 0)
            except subprocess.TimeoutExpired:
                raise AssertionError('it goes on for ever') from None


tap.main()
