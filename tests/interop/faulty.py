# SPDX-License-Identifier: MIT
"""An OTLP/HTTP receiver that does what a script says, a request after the other, by a real socket on 127.0.0.1."""
import collections
import contextlib
import email.utils
import fcntl
import math
import select
import socket
import ssl
import struct
import termios
import threading
import time

import otlp
from reference import LIMIT, wait_until

# A request that came whole: when, its body, and whether the receiver counts what is in it.
Request = collections.namedtuple('Request', 'time body taken')

# What is done with a request: `then`, after it was read, or `before`, with a connection that is not read at all.
# `takes` tells whether the receiver has counted what was in it.
Stage = collections.namedtuple('Stage', 'then takes before', defaults=(None, False, None))

REASONS = {200: 'OK', 302: 'Found', 400: 'Bad Request', 404: 'Not Found', 429: 'Too Many Requests',
           500: 'Internal Server Error', 502: 'Bad Gateway', 503: 'Service Unavailable', 504: 'Gateway Timeout'}
HTML = (b'<!DOCTYPE html>\r\n<html><head><title>Sign in</title></head>\r\n'
        b'<body>{"partialSuccess":{"rejectedDataPoints":"1"}}</body></html>\r\n')


def head(status, length, headers=()):
    lines = [f'HTTP/1.1 {status} {REASONS.get(status, "Other")}', f'Content-Length: {length}', *headers]
    return '\r\n'.join(lines + ['', '']).encode()


class Receiver:
    """Takes every request and answers 200 `{}`, once what is in `script` has been done. `with` ends it."""

    def __init__(self, keep=False, context=None):
        self.keep, self.context = keep, context  # whether connections are kept; TLS
        self.script, self.requests = [], []
        self.begun = 0  # stages so far
        self.healed = threading.Event()  # ends what hangs
        self.lock = threading.Lock()
        self.listener, self.port, self.threads = None, 0, []
        self.open()

    def open(self):
        """Listens, on the port that it had before if there was one."""
        if self.listener is not None:
            self.listener.close()
        self._bind()
        self.listener.listen(64)
        self.accepting = threading.Thread(target=self._accept, args=(self.listener,), daemon=True)
        self.accepting.start()
        self.url = f'http{"s" if self.context else ""}://127.0.0.1:{self.port}'

    def refuse(self):
        """Whoever connects is refused, and nobody else can have the port: it is bound, and nobody listens."""
        self._close()
        self._bind()

    def _bind(self):
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(('127.0.0.1', self.port))
        self.port = self.listener.getsockname()[1]

    def _close(self):
        try:
            self.listener.shutdown(socket.SHUT_RDWR)  # wakes who accepts
        except OSError:
            pass  # it did not listen
        self.accepting.join(LIMIT)
        self.listener.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.healed.set()
        self._close()
        for thread in self.threads:
            thread.join(LIMIT)

    def _accept(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self.threads.append(thread)
            thread.start()

    def _next(self):
        with self.lock:
            self.begun += 1
            return self.script.pop(0) if self.script else HEALTHY

    def _serve(self, connection):
        try:
            connection.settimeout(LIMIT)
            if self.context is not None:
                connection = self.context.wrap_socket(connection, server_side=True)
            while True:
                stage = None
                with self.lock:
                    if self.script and self.script[0].before:
                        stage = self.script.pop(0)
                        self.begun += 1
                if stage is not None:
                    return stage.before(self, connection)
                body = self._read(connection)
                if body is None:
                    return
                stage = self._next()
                with self.lock:
                    self.requests.append(Request(time.time(), body, stage.takes))
                stage.then(self, connection)
                if not self.keep:
                    return
        except (OSError, ssl.SSLError):
            pass  # whoever pushed has gone
        finally:
            connection.close()

    @staticmethod
    def _read(connection):
        """The body of the next request; None at the end."""
        received = b''
        while b'\r\n\r\n' not in received:
            piece = connection.recv(65536)
            if not piece:
                return None
            received += piece
        lines, body = received.split(b'\r\n\r\n', 1)
        length, = [int(line.split(b':')[1]) for line in lines.lower().split(b'\r\n') if
                   line.startswith(b'content-length:')]
        while len(body) < length:
            piece = connection.recv(65536)
            if not piece:
                return None
            body += piece
        return body

    def totals(self, delta):
        """What the receiver has of each metric, from all that it has taken: of deltas the sum, of totals the last."""
        out = {}
        for request in self.requests:
            for p in otlp.read(request.body) if request.taken else []:
                had = out.get(p.name)
                if had is None or p.temporality != 1 or not delta:
                    out[p.name] = p.value
                elif p.kind == 'histogram':
                    out[p.name] = had._replace(count=had.count + p.value.count, sum=had.sum + p.value.sum,
                                               buckets=[a + b for a, b in zip(had.buckets, p.value.buckets)])
                else:
                    out[p.name] = had + p.value
        return out


# ---- What can be done with a request.

def answer(status, *headers, body=b'{}', takes=None):
    """Headers are text, or functions that make it when it is time."""
    def then(receiver, connection):
        lines = [h() if callable(h) else h for h in headers]
        if not receiver.keep:
            lines.append('Connection: close')
        connection.sendall(head(status, len(body), lines) + body)
    return Stage(then, status == 200 if takes is None else takes)


HEALTHY = answer(200)


def in_seconds(seconds):
    return f'Retry-After: {seconds}'


def at_a_date(seconds):
    """A date that many seconds from then on, at most one less."""
    return lambda: 'Retry-After: ' + email.utils.formatdate(math.floor(time.time()) + seconds, usegmt=True)


def until_it_leaves(receiver, connection, each=lambda: None, interval=0.05):
    """Waits until the other side has closed, or all is well again."""
    while not receiver.healed.is_set():
        readable, _, _ = select.select([connection], [], [], interval)
        if readable and not connection.recv(4096):
            return
        each()


def hang(takes=False, after=b''):
    """Says nothing more; of the answer, only `after`."""
    def then(receiver, connection):
        connection.sendall(after)
        until_it_leaves(receiver, connection)
    return Stage(then, takes)


def drip(status, takes=False):
    """An answer that comes a byte at a time, and would take minutes."""
    def then(receiver, connection):
        left = [head(status, 10**6) + b'{"' + b' ' * 10**6]

        def one():
            connection.sendall(left[0][:1])
            left[0] = left[0][1:]
        until_it_leaves(receiver, connection, one, 0.005)
    return Stage(then, takes)


def reset_now(_, connection):
    """Ends a connection by RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    connection.close()


def reset(takes=False, after=b''):
    """A reset when the request has come and, of the answer, only `after` was sent."""
    def then(receiver, connection):
        connection.sendall(after)
        # A reset takes with it whatever has not arrived yet.
        wait_until(lambda: not fcntl.ioctl(connection, termios.TIOCOUTQ, b'1234').strip(b'\0'), 'all has arrived')
        reset_now(receiver, connection)
    return Stage(then, takes)


def farewell(said):
    """200, and some time later an end: by TLS, with the farewell before it. `said` is set then."""
    def then(receiver, connection):
        HEALTHY.then(receiver, connection)
        if receiver.context is not None:
            connection.settimeout(0)  # nobody waits for one in return
            with contextlib.suppress(ssl.SSLWantReadError):
                connection.unwrap()
        connection.close()
        said.set()
    return Stage(then, True)


def close(takes=False, after=b''):
    """An end without a word, or in the middle of one."""
    return Stage(lambda _, connection: connection.sendall(after), takes)


UNREAD_RESET = Stage(before=reset_now)
UNREAD_HANG = Stage(before=lambda receiver, connection: receiver.healed.wait(LIMIT))


def huge(status, takes):
    """An answer of 5 MiB, where at most 4 are read (165)."""
    def then(receiver, connection):
        connection.sendall(head(status, 5 << 20))
        for _ in range(5):
            connection.sendall(b' ' * (1 << 20))
    return Stage(then, takes)
