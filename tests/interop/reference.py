# SPDX-License-Identifier: MIT
"""The reference server as a child process, and requests to it."""
import collections
import email.parser
import http.client
import os
import queue
import re
import signal
import socket
import subprocess
import threading
import time

LIMIT = 60  # seconds; how long anything may take before it counts as never happening


def wait_until(condition, what, limit=LIMIT):
    """Waits for a condition and returns its value, whatever time it takes within the limit."""
    end = time.monotonic() + limit
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f'within {limit} s it did not come to be that {what}')
        time.sleep(0.005)


Answer = collections.namedtuple('Answer', 'status headers body')

TOKEN = {'Authorization': 'Bearer secret'}


def request(port, method, path, headers=None, body=None, host='127.0.0.1'):
    """One request on a connection of its own, with no headers but those given and the needed ones."""
    connection = http.client.HTTPConnection(host, port, timeout=LIMIT)
    try:
        connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in (headers or {}).items():
            connection.putheader(name, value)
        connection.putheader('Connection', 'close')
        if body is not None:
            connection.putheader('Content-Length', str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read().decode('utf-8'))
    finally:
        connection.close()


def raw(port, data, host='127.0.0.1'):
    """Sends bytes as they are, and returns the first answer: its head, and what has come of its body. The connection
    stays whole until then, since a server may take a half-closed one for a client that has left."""
    with socket.create_connection((host, port), timeout=LIMIT) as connection:
        received = b''
        try:
            connection.sendall(data)
            while b'\r\n\r\n' not in received:
                piece = connection.recv(65536)
                if not piece:
                    break
                received += piece
        except (ConnectionResetError, BrokenPipeError):
            pass  # a server may close before it has read all
        return received


def status_of(received):
    """The status code of a raw answer; 0 when there is none."""
    found = re.match(rb'HTTP/1\.1 (\d{3}) ', received)
    return int(found.group(1)) if found else 0


class Held:
    """A request whose answer has begun and not ended: GET /v1/hold."""

    def __init__(self, port, path='/v1/hold'):
        self.socket = socket.create_connection(('127.0.0.1', port), timeout=LIMIT)
        self.socket.sendall(f'GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer secret\r\n'
                            'Connection: close\r\n\r\n'.encode())
        self.head = b''
        while b'\r\n\r\n' not in self.head:
            piece = self.socket.recv(4096)
            if not piece:
                raise AssertionError(f'the server closed after {self.head!r}')
            self.head += piece

    def rest(self):
        """What comes until the server closes."""
        out = self.head.split(b'\r\n\r\n', 1)[1]
        while piece := self.socket.recv(4096):
            out += piece
        self.socket.close()
        return out

    def leave(self):
        """Closes as a client does that has lost interest."""
        self.socket.close()


def free_port(host='127.0.0.1'):
    with socket.socket() as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]


def clean_environment(variables):
    """That of this process without what would configure telemetry, and with `variables`. What scrapes show of
    themselves changes with each, and is left out unless a test asks for it."""
    kept = {k: v for k, v in os.environ.items()
            if not k.startswith(('OTEL_', 'OGX_')) and not k.lower().endswith('_proxy')}
    return {**kept, 'OGX_SCRAPE_METRICS_ENABLED': 'off', **variables}


class Program:
    """A child process that prints lines, among them `ready`, and ends on a signal."""

    def __init__(self, command, variables, before=None, stdin=subprocess.DEVNULL):
        self.process = subprocess.Popen(command, env=clean_environment(variables), stdin=stdin,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=before)
        self.lines, self.errors = [], []
        self._heard = queue.Queue()
        self._readers = [threading.Thread(target=self._read, args=(self.process.stdout, self.lines), daemon=True),
                         threading.Thread(target=self._read, args=(self.process.stderr, self.errors), daemon=True)]
        for thread in self._readers:
            thread.start()

    def _read(self, stream, lines):
        for line in stream:
            lines.append(line.decode('utf-8', 'backslashreplace').rstrip('\n'))
            self._heard.put(None)
        self._heard.put(None)

    def wait_for_line(self, start):
        """Waits for a line that begins so, and returns it."""
        end = time.monotonic() + LIMIT
        while True:
            over = self.process.poll() is not None and not any(t.is_alive() for t in self._readers)
            for line in self.lines:
                if line.startswith(start):
                    return line
            if over or time.monotonic() > end:
                self.kill()
                raise AssertionError(f'the program did not print {start!r}, but {self.lines + self.errors}')
            try:
                self._heard.get(timeout=0.1)
            except queue.Empty:
                pass

    def end(self, by=signal.SIGTERM):
        """Asks it to end, and returns its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(by)
        try:
            status = self.process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f'the program did not end within {LIMIT} s of signal {by}') from None
        for thread in self._readers:
            thread.join()
        return status

    def kill(self):
        self.process.kill()
        self.process.wait()
        for thread in self._readers:
            thread.join()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            return self.kill()
        if self.process.poll() is None and self.end() != 0:
            raise AssertionError(f'the program ended with {self.process.returncode}: {self.errors}')


def signalled():
    """To run in a child before it becomes the program: a signal waits for it from its first instruction on."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    os.kill(os.getpid(), signal.SIGTERM)


class Server(Program):
    """The reference server; `api` is its port, `report` what it said at its start. `with` ends it, and looks how."""

    def __init__(self, binary, variables=None, arguments=('--plain',)):
        super().__init__([binary, *arguments], variables or {})
        self.wait_for_line('ready')
        self.api = int(re.fullmatch(r'api http://127\.0\.0\.1:(\d+)', self.lines[0]).group(1))
        self.report = self.lines[1:self.lines.index('ready')]

    def line(self, start):
        """The line of the report that begins so; fails when there is not exactly one."""
        found = [line for line in self.report if line.startswith(start)]
        if len(found) != 1:
            raise AssertionError(f'there are {len(found)} lines "{start}..." in {self.report}')
        return found[0]

    def get(self, path, headers=TOKEN):
        return request(self.api, 'GET', path, headers)

    def post(self, path, body=b'{}', headers=TOKEN):
        return request(self.api, 'POST', path, headers, body)

    def scrape(self, accept=None):
        return request(self.api, 'GET', '/v1/metrics', {'Accept': accept} if accept else {})


def parse_headers(text):
    return email.parser.Parser().parsestr(text)
