# SPDX-License-Identifier: MIT
"""Scrapers that are slow, that hang, that send what is no request, or that come by the thousand, at a listener of its
own: clients_test.py SCRAPED. Beside them a scraper that does as it should gets its right page each time, recording goes
on, and when they are gone, so are the memory and the descriptors that they took."""
import concurrent.futures
import contextlib
import os
import pathlib
import random
import resource
import socket
import subprocess
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / 'interop'))

import exposition
import tap
from reference import LIMIT, Program, request, wait_until
from tap import check, equal, holds

SCRAPED = sys.argv[1]
REQUEST = b'GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'
KEPT_DESCRIPTORS = 8  # more than there were: connections whose end the server is about to see
KEPT_BYTES = 4 << 20  # more than there were: what its threads keep for their next requests


def allow_descriptors():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 4096 if hard == resource.RLIM_INFINITY else min(4096, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))


allow_descriptors()


class Scraped(Program):
    """The program of scraped.cpp, which is warm: it has been scraped by as many at once as it serves at a time."""

    def __init__(self):
        super().__init__([SCRAPED], {}, stdin=subprocess.PIPE)
        self.port = int(self.wait_for_line('ready ').split()[1])
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            for _ in pool.map(lambda _: self.scrape(), range(64)):
                pass
        self.descriptors, self.heap = self.count_descriptors(), self.heap_in_use()
        self.last = 0

    def scrape(self):
        """A page, read strictly; 503 is the answer when as many as may be are under way, and says to come again."""
        answer = wait_until(lambda: (lambda a: a.status != 503 and a)(request(self.port, 'GET', '/metrics')), 'a page')
        equal(answer.status, 200)
        page = exposition.read(answer.body)
        equal(page.value('took_seconds_count', n='99'), 1)
        return page

    def scrape_on(self):
        """What was recorded goes on from page to page, and all series are there."""
        page = self.scrape()
        equal(len(page.samples), 1 + 50 + 100 * 14 + 1)
        now = page.value('done_total')
        holds(now >= self.last, f'{now} after {self.last}')
        self.last = now

    def count_descriptors(self):
        return len(os.listdir(f'/proc/{self.process.pid}/fd'))

    def heap_in_use(self):
        return self.scrape().value('heap_bytes')

    def connect(self):
        return socket.create_connection(('127.0.0.1', self.port), timeout=LIMIT)

    def expect_all_is_given_back(self):
        wait_until(lambda: self.count_descriptors() <= self.descriptors + KEPT_DESCRIPTORS,
                   f'of {self.count_descriptors()} descriptors it has no more than {self.descriptors} and a few')
        wait_until(lambda: self.heap_in_use() <= self.heap + KEPT_BYTES,
                   f'it has no more than {self.heap} bytes and a few, but {self.heap_in_use()}')

    def end(self, by=None):
        if not self.process.stdin.closed:
            self.process.stdin.close()
        return super().end(0)  # signal 0 does nothing


class setting:
    """What all checks look at."""
    program = None


@contextlib.contextmanager
def beside_a_healthy_one():
    """Whatever else is done, somebody scrapes meanwhile, at least five times, and looks at each page."""
    program, ends, failed, scrapes = setting.program, threading.Event(), [], 0

    def scrape():
        nonlocal scrapes
        try:
            while not ends.is_set() or scrapes < 5:
                program.scrape_on()
                scrapes += 1
                ends.wait(0.1)  # reading strictly takes as much of a processor as it is given
        except BaseException as wrong:
            failed.append(wrong)
    healthy = threading.Thread(target=scrape)
    healthy.start()
    before = program.last
    try:
        yield
    finally:
        ends.set()
        healthy.join()
    if failed:
        raise failed[0]
    holds(program.last > before, 'nothing was recorded meanwhile')
    program.expect_all_is_given_back()


def until_closed(connection):
    """What comes until the server closes, or breaks off."""
    received = b''
    try:
        while piece := connection.recv(65536):
            received += piece
    except ConnectionError:
        pass
    return received


@check('A program is scraped while its threads record')
def _():
    setting.program = Scraped()
    setting.program.scrape_on()


@check('Slow scrapers, which read a byte at a time')
def _():
    with beside_a_healthy_one(), contextlib.ExitStack() as closed:
        slow = [closed.enter_context(setting.program.connect()) for _ in range(4)]
        for connection in slow:
            connection.sendall(REQUEST)
        for _ in range(2000):
            for connection in slow:
                equal(len(connection.recv(1)), 1)
        for connection in slow:  # what is left is whole
            holds(b'\ntook_seconds_count{n="99"} 1\n' in until_closed(connection), 'the end of the page')


@check('Scrapers that connect and say nothing, that send half a request, or that do not read')
def _():
    with beside_a_healthy_one(), contextlib.ExitStack() as closed:
        for sent in [b''] * 16 + [REQUEST[:10], REQUEST[:-2]] * 4 + [REQUEST.replace(b'close', b'keep-alive') * 50] * 4:
            connection = closed.enter_context(setting.program.connect())
            connection.sendall(sent)
            closed.callback(connection.close)
        for _ in range(3):
            setting.program.scrape()


@check('Clients that send what is no request: random bytes, huge headers, endless lines, a body that is too large')
def _():
    chance = random.Random(42)
    bad = [chance.randbytes(size) for size in (1, 10, 1000, 100_000)] + [
        b'\r\n' * 1000, b'\0' * 10_000, b'GET /metrics HTTP/1.1\r\n' + b'A: ' + b'x' * 1_000_000 + b'\r\n\r\n',
        b'GET /metrics HTTP/1.1\r\n' + b'A: b\r\n' * 100_000 + b'\r\n', b'GET /' + b'x' * 1_000_000,
        b'POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n' + b'x' * 1_000_000,
        b'POST /metrics HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n' + b'x' * 100_000,
        b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
        b'GET /metrics?' + b'name[]=x&' * 10_000 + b' HTTP/1.1\r\n\r\n']
    with beside_a_healthy_one():
        for data in bad:
            with setting.program.connect() as connection:
                try:
                    connection.sendall(data)
                    connection.shutdown(socket.SHUT_WR)
                except OSError:
                    pass  # a server may close before it has read all
                received = until_closed(connection)
            status = received.split(b' ')[1] if received.startswith(b'HTTP/1.1 ') else b''
            holds(status == b'' or status.startswith(b'4'), f'{data[:40]}: {received[:200]}')


@check('A thousand connections at once, some of which leave before they have their page')
def _():
    with beside_a_healthy_one(), contextlib.ExitStack() as closed:
        # Each asks at once: a connection that says nothing takes a thread of the listener for a second.
        connections = []
        for _ in range(1000):
            connections.append(closed.enter_context(setting.program.connect()))
            connections[-1].sendall(REQUEST)
        for connection in connections[::5]:
            connection.close()
        for number, connection in enumerate(connections):
            if number % 5 == 0:
                continue
            answer = until_closed(connection)
            holds(answer.startswith((b'HTTP/1.1 200 ', b'HTTP/1.1 503 ')), f'{number}: {answer[:100]}')
            if answer.startswith(b'HTTP/1.1 200 '):
                holds(b'\ntook_seconds_count{n="99"} 1\n' in answer, 'a page is cut off')


@check('In the end the page has all that was recorded, and the program ends')
def _():
    program = setting.program
    program.process.stdin.write(b'\n')
    program.process.stdin.flush()
    recorded = int(program.wait_for_line('recorded ').split()[1])
    page = program.scrape()
    equal(page.value('done_total'), recorded)
    equal(sum(page.numbers('done_by_total', 'done_by').values()), recorded)
    equal(program.end(), 0)
    equal(program.errors, [])


tap.main()
