# SPDX-License-Identifier: MIT
"""How programs end while they push, record and are scraped: exits_test.py EXITS LATE_PUSH STATIC_ONE STATIC_OTHER
Each ends within the limit, as it was told to and with no complaint, such as a sanitizer's."""
import concurrent.futures
import pathlib
import signal
import socket
import ssl
import subprocess
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / 'interop'))

import nginx
import tap
from faulty import Receiver
from reference import LIMIT, clean_environment, wait_until
from rows import DELTA
from tap import check, equal

EXITS, LATE_PUSH, *STATIC = sys.argv[1:5]
CHOSEN = 7  # the status that exits.cpp ends with where it can choose


class Silent:
    """A receiver that takes connections and what is sent, and never answers."""

    def __init__(self):
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        self.connections = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                self.connections.append(self.listener.accept()[0])
            except OSError:
                return

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()
        for connection in self.connections:
            connection.close()


def end(way, pushes=True):
    """The status with which the program ends in this way, once a push hangs, and what it printed."""
    with Silent() as receiver:
        variables = {'OTEL_EXPORTER_OTLP_METRICS_ENDPOINT': f'http://127.0.0.1:{receiver.port}/v1/metrics',
                     'OTEL_EXPORTER_OTLP_TIMEOUT': '3600000', 'OTEL_METRIC_EXPORT_TIMEOUT': '3600000',
                     'OTEL_METRIC_EXPORT_INTERVAL': '3600000'}
        process = subprocess.Popen([EXITS, way], env=clean_environment(variables), stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            if pushes:
                wait_until(lambda: receiver.connections or process.poll() is not None, f'{way}: a push is under way')
            said, _ = process.communicate(b'\n', timeout=LIMIT)
            return process.returncode, said.decode('utf-8', 'backslashreplace')
        except subprocess.TimeoutExpired:
            raise AssertionError(f'{way}: it did not end within {LIMIT} s') from None
        finally:
            process.kill()
            process.wait()


@check('A program ends by return, exit(), quick_exit(), abort() and a signal, though its receiver hangs')
def _():
    ways = {'return': CHOSEN, 'exit': CHOSEN, 'thread': CHOSEN, 'quick_exit': CHOSEN, 'signal': CHOSEN,
            'abandoned': CHOSEN, 'abort': -signal.SIGABRT, 'terminate': -signal.SIGABRT}
    with concurrent.futures.ThreadPoolExecutor(len(ways)) as pool:
        ended = dict(zip(ways, pool.map(end, ways)))
    for way, (status, said) in ended.items():
        equal(status, ways[way], f'{way}: {said}')
        if way != 'terminate':  # of which the C++ library tells
            equal(said, '', way)


@check('Threads record, look up, register and end while the program does')
def _():
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for status, said in pool.map(lambda _: end('recording', False), range(10)):
            equal((status, said), (CHOSEN, ''))


@check('Static instruments count in their destructors, whichever ends first, they or static telemetry')
def _():
    pushed = set()
    for program in STATIC:
        done = subprocess.run([program], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              env=clean_environment({}), timeout=LIMIT, text=True)
        equal(done.returncode, 0, done.stdout)
        pushed.add(done.stdout)
    # Made, and at the thread's end; where telemetry ends last, it tells of the end of the instruments as well.
    equal(pushed, {'pushed 2\n', 'pushed 3\n'})


@check('Static telemetry pushes by TLS after main(), by libcurl, which the first push has used')
def _():
    with nginx.Certificates() as made:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(made.path('good.pem'), made.path('good.key'))
        for keep in (False, True):
            with Receiver(keep, context) as receiver:
                variables = {'OTEL_EXPORTER_OTLP_METRICS_ENDPOINT': receiver.url + '/v1/metrics',
                             'OTEL_EXPORTER_OTLP_CERTIFICATE': made.path('ca.pem'), **DELTA}
                done = subprocess.run([LATE_PUSH], env=clean_environment(variables), timeout=LIMIT,
                                      stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                      text=True)
                what = f'connections kept: {keep}'
                equal((done.returncode, done.stdout), (0, ''), what)
                equal(len(receiver.requests), 2, what)
                equal(receiver.totals(True), {'hits': 3}, what)


tap.main()
