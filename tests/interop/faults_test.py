# SPDX-License-Identifier: MIT
"""What pushes do when the receiver does not do what it should, and scrapes meanwhile: faults_test.py FAULTS [httplib]
Each fault is met by pushes of totals and of deltas; by cpp-httplib, of deltas alone. First a push is taken, then one
meets the fault, then the receiver is as before, and the next push goes there."""
import collections
import concurrent.futures
import contextlib
import itertools
import json
import random
import ssl
import subprocess
import sys
import threading
import time

import nginx
import otlp
import tap
from faulty import (HTML, UNREAD_HANG, UNREAD_RESET, Receiver, answer, at_a_date, close, drip, farewell, hang, head,
                    huge, in_seconds, reset)
from reference import LIMIT, Program, request, wait_until
from rows import DELTA
from tap import check, contains, equal, equal_maps, holds

TRANSPORT = 'httplib' if 'httplib' in sys.argv[2:] else 'curl'
PROGRAM = [sys.argv[1]] + ([] if TRANSPORT == 'curl' else [TRANSPORT])
SOON = 45  # seconds in which a push is over that must not wait for what would last longer
DELTAS = (False, True) if TRANSPORT == 'curl' else (True,)  # whether deltas are pushed
AMOUNTS = (5, 3, 2)  # recorded before the first push, the one that meets the fault, and the one after it


class Pushing(Program):
    """The program of faults.cpp; `with` ends it, after a last push."""

    def __init__(self, url, timeout, **variables):
        super().__init__(PROGRAM, {'OTEL_EXPORTER_OTLP_METRICS_ENDPOINT': url,
                                   'OTEL_EXPORTER_OTLP_TIMEOUT': str(timeout * 1000),
                                   'OTEL_METRIC_EXPORT_TIMEOUT': str(timeout * 1000),
                                   'OTEL_METRIC_EXPORT_INTERVAL': '3600000', **variables},
                         stdin=subprocess.PIPE)
        self.port = int(self.wait_for_line('ready ').split()[1])
        self.recorded, self.pushes = [], 0

    def tell(self, line):
        self.process.stdin.write(line.encode() + b'\n')
        self.process.stdin.flush()

    def record(self, amount):
        self.tell(f'record {amount}')
        self.recorded.append(amount)
        wait_until(lambda: len([x for x in self.lines if x.startswith('recorded ')]) == len(self.recorded), 'recorded')

    def start_push(self):
        self.pushes += 1
        self.tell('push')

    def is_pushed(self):
        return any(line.startswith(f'pushed {self.pushes} ') for line in self.lines)

    def pushed(self):
        """What came of the push that was started."""
        return json.loads(self.wait_for_line(f'pushed {self.pushes} ').split(' ', 2)[2])

    def push(self):
        self.start_push()
        return self.pushed()

    def said(self):
        return [line[5:] for line in self.lines if line.startswith('said ')]

    def scrape(self):
        answer = request(self.port, 'GET', '/metrics')
        equal(answer.status, 200)
        return answer.body

    def end(self, by=None):
        if not self.process.stdin.closed:
            self.process.stdin.close()
        return super().end(0)  # signal 0 does nothing


def page(amounts):
    """The scrape after these amounts were recorded, all of it."""
    total = sum(amounts)
    below = [len([a for a in amounts if a <= bound]) for bound in (2, 4)]
    return f'''# HELP jobs_total Done
# TYPE jobs_total counter
jobs_total{{queue="mail"}} {total}
# HELP level Now
# TYPE level gauge
level {amounts[-1]}
# HELP size_bytes Of one
# TYPE size_bytes histogram
size_bytes_bucket{{le="2"}} {below[0]}
size_bytes_bucket{{le="4"}} {below[1]}
size_bytes_bucket{{le="+Inf"}} {len(amounts)}
size_bytes_sum {total}
size_bytes_count {len(amounts)}
'''


def totals(amounts, level):
    """What a receiver should have, to which these amounts were delivered."""
    buckets = [len([a for a in amounts if low < a <= high]) for low, high in ((0, 2), (2, 4), (4, 9))]
    return {'jobs': sum(amounts), 'level': level,
            'size': otlp.Distribution(len(amounts), sum(amounts), buckets, [2, 4])}



# ---- Where it happens: a receiver that a program pushes to, which breaks down and is healed; `with` ends it.

class Place:
    """The receiver does what is staged, a request after the other."""

    variables = {}

    def __init__(self, keep=False, context=None):
        self.receiver = Receiver(keep, context)
        self.url = self.receiver.url + '/v1/metrics'

    def break_down(self, _, stages):
        self.receiver.script = list(stages)

    def heal(self, _):
        self.receiver.script = []
        self.receiver.healed.set()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.receiver.__exit__()


class Closed(Place):
    """Nobody listens."""

    def break_down(self, *_):
        self.receiver.refuse()

    def heal(self, _):
        self.receiver.open()


class Named(Place):
    """The receiver's name can't be looked up; what does, is told by the program."""

    def __init__(self, how):
        super().__init__()
        self.how = how
        self.url = self.url.replace('127.0.0.1', 'receiver.test')

    def break_down(self, program, _):
        program.tell(f'names {self.how}')

    def heal(self, program):
        program.tell('names answered')


class Secured(Place):
    """By TLS to nginx, which passes on what it gets. It has another certificate, or asks for one, or nobody listens
    behind it; else the receiver does what is staged."""

    def __init__(self, certificate='good', asks=False, closed=False):
        nginx.find()
        super().__init__()
        self.certificate, self.asks, self.closed = certificate, asks, closed
        self.variables = trust()
        self.nginx = nginx.Nginx(certificates(), self.receiver.port)
        self.url = self.nginx.url + '/v1/metrics'

    def break_down(self, program, stages):
        super().break_down(program, stages)
        if self.closed:
            self.receiver.refuse()
        self.nginx.start(self.certificate, self.asks)

    def heal(self, program):
        super().heal(program)
        if self.closed:
            self.receiver.open()
        self.nginx.start()

    def __exit__(self, *_):
        self.nginx.__exit__()
        super().__exit__()


def trust():
    return {'OTEL_EXPORTER_OTLP_CERTIFICATE': certificates().path('ca.pem')}


def tls():
    """Of a receiver that speaks TLS itself."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates().path('good.pem'), certificates().path('good.key'))
    return context


class Parting(Place):
    """The receiver keeps the connection of the first push, and ends it before the next."""

    def __init__(self, context=None):
        super().__init__(True, context)
        self.said = threading.Event()
        self.receiver.script = [farewell(self.said)]
        self.variables = trust() if context else {}

    def break_down(self, *_):
        holds(self.said.wait(LIMIT), 'no farewell')


class Asking(Place):
    """By TLS to the receiver itself, which ends a connection without a client certificate."""

    def __init__(self):
        self.context = tls()
        self.context.load_verify_locations(certificates().path('ca.pem'))
        self.context.num_tickets = 0  # who came without a certificate before, must not come back without one
        super().__init__(context=self.context)
        self.variables = trust()

    def break_down(self, *_):
        self.context.verify_mode = ssl.CERT_REQUIRED

    def heal(self, _):
        self.context.verify_mode = ssl.CERT_NONE


until_the_end, one_at_a_time = contextlib.ExitStack(), threading.Lock()
made = []


def certificates():
    """Made when they are first asked for."""
    with one_at_a_time:
        if not made:
            made.append(until_the_end.enter_context(nginx.Certificates()))
    return made[0]


# ---- What comes of the push that meets the fault: whether it is taken in the end, how often it is tried again (None:
# as long as there is time, once at least), how many requests reach the receiver whole (None: one each time), whether
# its points count as accepted, and what is said of it.

Outcome = collections.namedtuple('Outcome', 'taken retries requests has_points says')

AT_ONCE = Outcome(True, 0, 1, True, '')
TRIED_AGAIN = Outcome(True, 1, 2, True, '')
GIVEN_UP = Outcome(False, 0, 1, False, '; not tried again')
CUT_SHORT = '; the last try was cut short: '
OUT_OF_TIME = Outcome(False, 0, 1, False, '; there is no time left to try again')
TRIED_TO_THE_END = OUT_OF_TIME._replace(retries=None, requests=None)
HALF_READ = Outcome(False, 0, 1, True, ' is not sent again; whether points of it were rejected is not known')


def unheard(outcome):
    """The same where no request reaches the receiver in vain."""
    return outcome._replace(requests=1 if outcome.taken else 0)


# ---- The table. A row: what the receiver does, or a function that says it of a receiver that has counted the request
# and of one that has not, where nobody can know which it is (189); what comes of the push; the words that name culprit
# and cure; the rules of CONFORMANCE. `slow`: it lasts until the deadline. `wait`: seconds that the receiver asks for.
# `first`: it meets the first push of all.
Fault = collections.namedtuple('Fault', 'does outcome words rules place slow wait first',
                               defaults=(Place, False, 0, False))


def fault(does, outcome, words, *rules, **more):
    return Fault(does, outcome, words, rules, **more)


REFUSAL = b'{"code":3,"message":"no thanks","details":[]}'
PARTLY = b'{"partialSuccess":{"rejectedDataPoints":"1","errorMessage":"too old"}}'
ONLY_WORDS = b'{"partialSuccess":{"errorMessage":"mind the names"}}'
BEGUN = head(200, 2)[:12]  # of the head of an answer
HALF = head(200, 2) + b'{'

# What each transport says.
Words = collections.namedtuple('Words', 'late half_late broken reset refused unknown silent other_name')
SAYS = {
    'curl': Words('Timeout was reached', 'Timeout was reached', 'closed', 'reset', 'Failed to connect to 127.0.0.1',
                  # Its own words, "Could not resolve host: ...", come too early where the answer is there at once.
                  'resolve host', 'Resolving timed out', "target host name '127.0.0.1'"),
    'httplib': Words('no answer in time', 'no whole answer in time', 'broke off', 'broke off',
                     'could not connect to 127.0.0.1', 'could not find the host receiver.test',
                     'no name server has told in time where receiver.test is', 'IP address mismatch'),
}[TRANSPORT]
CERTIFICATE = '(OTEL_EXPORTER_OTLP_CERTIFICATE), or in the system\'s store if that is empty'

FAULTS = {
    # Answers that ask for another try.
    '429, Retry-After in seconds': fault([answer(429, in_seconds(1))], TRIED_AGAIN, [], 183, 185, wait=1),
    '429, Retry-After as a date': fault([answer(429, at_a_date(2))], TRIED_AGAIN, [], 183, 185, wait=1),
    '503, Retry-After in seconds': fault([answer(503, in_seconds(1))], TRIED_AGAIN, [], 183, 185, wait=1),
    '503, Retry-After as a date': fault([answer(503, at_a_date(2))], TRIED_AGAIN, [], 183, 185, wait=1),
    '503, a date in the past': fault([answer(503, at_a_date(-60))], TRIED_AGAIN, [], 185),
    '503, Retry-After that is none': fault([answer(503, 'Retry-After: soon')], TRIED_AGAIN, [], 185),
    '429, and a wait beyond the deadline': fault([answer(429, in_seconds(3600))], OUT_OF_TIME, ['answered 429'], 186),
    '503, and a date beyond the deadline': fault([answer(503, at_a_date(3600))], OUT_OF_TIME, ['answered 503'], 186),
    '503, again and again': fault([answer(503, body=HTML)] * 99, TRIED_TO_THE_END, ['answered 503 Sign in; there'], 186,
                                  slow=True),
    '502 in HTML': fault([answer(502, body=HTML)], TRIED_AGAIN, [], 183, 187),
    '504': fault([answer(504)], TRIED_AGAIN, [], 183),
    '503 of 5 MiB': fault([huge(503, False)], TRIED_AGAIN, [], 165, 183),
    '503 that breaks off': fault([close(False, head(503, 9, [in_seconds(1)]) + b'{')], TRIED_AGAIN, [], 183, wait=1),

    # Answers that do not.
    '400': fault([answer(400, body=REFUSAL)], GIVEN_UP, ['answered 400 no thanks; not tried'], 183, 187),
    '400 without a body': fault([answer(400, body=b'')], GIVEN_UP, ['answered 400; not tried'], 183, 187),
    '400 that breaks off': fault([close(False, head(400, 9) + b'{')], GIVEN_UP, ['answered 400'], 183, 187),
    '401': fault([answer(401, body=b'')], GIVEN_UP, ['answered 401', 'Set the headers or the client certificate'], 183),
    '404 in HTML': fault([answer(404, body=HTML)], GIVEN_UP, ['answered 404 Sign in; not tried', 'Check the URL'], 183,
                         187),
    '413': fault([answer(413, body=b'')], GIVEN_UP, ['answered 413', 'or lower pusher_options::split_above'], 183),
    '500': fault([answer(500, body=b'oh \x1b[31m\nno')], GIVEN_UP, ['answered 500 oh  [31m no; not tried'], 183, 187),
    '302': fault([answer(302, 'Location: /elsewhere', body=b'')], GIVEN_UP,
                 ['answered 302', 'Redirects are not followed: set the URL that it leads to'], 188),
    '308 to itself': fault([answer(308, 'Location: /v1/metrics', body=b'')], GIVEN_UP, ['answered 308'], 188),
    'no HTTP': fault([close(False, b'SSH-2.0-OpenSSH\r\n')], GIVEN_UP, ['HTTP/0.9'], 184),

    # Success that is not as it should be.
    '200 in HTML': fault([answer(200, body=HTML)], AT_ONCE,
                         ['no receiver of OTLP answers like this: Sign in', 'Check the URL'], 181),
    '200 without a body': fault([answer(200, body=b'')], AT_ONCE, [], 181),
    '202': fault([answer(202, takes=True)], AT_ONCE, [], 181),
    'partial success': fault([answer(200, body=PARTLY)], AT_ONCE, ['points were rejected (1): too old', 'not sent again'],
                             182),
    'partial success, only words': fault([answer(200, body=ONLY_WORDS)], AT_ONCE, ['mind the names'], 182),
    '200 of 5 MiB': fault([huge(200, True)], HALF_READ, ['answered 200', 'more than 4 MiB'], 165),
    '200, and a hang in the body': fault([hang(True, HALF)], HALF_READ, ['answered 200', SAYS.half_late], 186,
                                         slow=True),
    '200, and a slow drip': fault([drip(200, True)], HALF_READ, ['answered 200', SAYS.half_late], 186, slow=True),
    '200 that breaks off': fault([close(True, HALF)], HALF_READ, ['answered 200', SAYS.broken], 181),
    '200, and a reset in the body': fault([reset(True, HALF)], HALF_READ, ['answered 200', SAYS.reset], 181),

    # No answer, and nobody knows whether the request was counted.
    'a hang': fault(lambda taken: [hang(taken)], OUT_OF_TIME, [SAYS.late], 186, 189, slow=True),
    'a hang in the head': fault(lambda taken: [hang(taken, BEGUN)], OUT_OF_TIME, [SAYS.late], 186, 189, slow=True),
    'a reset': fault(lambda taken: [reset(taken)], TRIED_AGAIN, [], 184, 189),
    'a reset in the head': fault(lambda taken: [reset(taken, BEGUN)], TRIED_AGAIN, [], 184, 189),
    'an end without an answer': fault(lambda taken: [close(taken)], TRIED_AGAIN, [], 184, 189),
    # libcurl sends again at once, by itself, where a connection was kept from an earlier push and turns out to be dead.
    'a reset of a kept connection': fault(lambda taken: [reset(taken)], AT_ONCE._replace(requests=2), [], 184, 189,
                                          place=lambda: Place(keep=True)),

    # A connection that was kept is looked at before it is used.
    'an end between pushes': fault([], AT_ONCE, [], 164, place=Parting),

    # The request did not arrive.
    'a reset before it is read': fault([UNREAD_RESET], unheard(TRIED_AGAIN), [], 184),
    'a hang before it is read': fault([UNREAD_HANG], unheard(OUT_OF_TIME), [SAYS.late], 186, slow=True),
    'a refused connection': fault([], unheard(TRIED_TO_THE_END), [SAYS.refused], 184, place=Closed, slow=True),
    'a name that nobody knows': fault([], unheard(TRIED_TO_THE_END), [SAYS.unknown], 184,
                                      place=lambda: Named('unknown'), slow=True, first=True),
    'name servers that do not answer': fault([], unheard(OUT_OF_TIME), [SAYS.silent], 186,
                                             place=lambda: Named('silent'), slow=True, first=True),

    # By TLS, to nginx. Certificates are met by the first push: libcurl may tell of how it left a kept connection.
    'TLS: an unknown authority': fault([], unheard(GIVEN_UP), ['unable to get local issuer certificate', CERTIFICATE],
                                       190, place=lambda: Secured('stranger'), first=True),
    'TLS: an expired certificate': fault([], unheard(GIVEN_UP), ['certificate has expired', CERTIFICATE], 190,
                                         place=lambda: Secured('expired'), first=True),
    'TLS: another host name': fault([], unheard(GIVEN_UP), [SAYS.other_name, CERTIFICATE], 190,
                                    place=lambda: Secured('elsewhere'), first=True),
    'TLS: no client certificate': fault([], unheard(GIVEN_UP), ['answered 400 No required SSL certificate was sent'],
                                        190, place=lambda: Secured(asks=True)),
    'TLS: no client certificate, and an end': fault([], unheard(TRIED_TO_THE_END),
                                                    ['may want a client certificate, and', '(OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE) is empty'],
                                                    190, place=Asking, slow=True),
    'TLS: a farewell between pushes': fault([], AT_ONCE, [], 164, place=lambda: Parting(tls())),
    'TLS: nobody behind nginx': fault([], unheard(TRIED_TO_THE_END), ['answered 502 Bad Gateway'], 183,
                                      place=lambda: Secured(closed=True), slow=True),
    'TLS: 503 behind nginx, Retry-After': fault([answer(503, in_seconds(1))], TRIED_AGAIN, [], 183, 185, place=Secured,
                                                wait=1),
    'TLS: 302 behind nginx': fault([answer(302, 'Location: /elsewhere')], GIVEN_UP, ['answered 302'], 188,
                                   place=Secured),
    'TLS: a reset behind nginx': fault(lambda taken: [reset(taken)], TRIED_AGAIN, [], 183, 189, place=Secured),
    'TLS: a hang behind nginx': fault(lambda taken: [hang(taken)], OUT_OF_TIME, [SAYS.late], 186, 189,
                                      place=Secured, slow=True),
    'TLS: 200 of 5 MiB behind nginx': fault([huge(200, True)], HALF_READ, ['answered 200', 'more than 4 MiB'], 165,
                                            place=Secured),
}
if TRANSPORT == 'httplib':
    # It can't be told from an end without an answer.
    FAULTS['no HTTP'] = FAULTS['no HTTP']._replace(outcome=TRIED_AGAIN, words=[])
    FAULTS['a reset of a kept connection'] = FAULTS['a reset of a kept connection']._replace(outcome=TRIED_AGAIN)


def meet(row, delta, taken):
    """A program meets the fault, and is asked for all that the row says."""
    # Far enough for healthy pushes on a busy machine, and where the fault doesn't last, out of reach.
    timeout = 10 if row.slow else 120
    with row.place() as place, Pushing(place.url, timeout, **place.variables, **(DELTA if delta else {})) as program:
        receiver = place.receiver
        program.record(AMOUNTS[0])
        if not row.first:
            holds(program.push()['taken'], f'the first push: {program.said()}')
        place.break_down(program, row.does(taken) if callable(row.does) else row.does)
        program.record(AMOUNTS[1])

        program.start_push()
        while True:  # a scrape meanwhile shows what it shows without the fault
            equal(program.scrape(), page(AMOUNTS[:2]), 'a scrape')
            if program.is_pushed():
                break
            time.sleep(0.2 if row.slow else 0.02)  # two processors are for more than scrapes
        came = program.pushed()
        equal(came['taken'], row.outcome.taken, f'taken; {program.said()}')
        holds(came['seconds'] < SOON, f'it took {came["seconds"]} s')
        if row.outcome.retries is None:
            holds(came['retries'] >= 1, 'it was not tried again')
        else:
            equal(came['retries'], row.outcome.retries, 'tries after the first')

        said = program.said()
        requests = receiver.requests[0 if row.first else 1:]
        tries = came['retries'] + 1
        if row.outcome.requests is not None:
            equal(len(requests), row.outcome.requests, 'requests')
        elif CUT_SHORT in ''.join(said):  # the deadline came before its request was whole, or after
            holds(len(requests) in (tries - 1, tries), f'{len(requests)} requests of {tries} tries')
        else:
            equal(len(requests), tries, 'requests')
        equal({r.body for r in requests[1:]} - {requests[0].body} if requests else set(), set(), 'a try says the same')
        if row.wait:  # the clocks of both sides differ in how fine they are
            waited = requests[1].time - requests[0].time
            holds(waited > row.wait - 0.05, f'it was tried again after {waited} s')

        equal(len(said), 1 if row.words else 0, f'messages: {said}')
        for words in [f'warning pushing to {place.url}: ', row.outcome.says, *row.words] if row.words else []:
            contains(said[0], words)
        # Who has answered speaks HTTP, without TLS.
        holds(not ('answered ' in ''.join(said) and 'may want https' in ''.join(said)), said)
        equal('Nothing is lost: the next push covers the same time' in ''.join(said), not row.outcome.has_points, said)

        place.heal(program)
        program.record(AMOUNTS[2])
        came = program.push()
        equal(came['taken'], True, 'the push after it')
        # All is counted once; what was counted and not answered, twice in deltas (189).
        twice = delta and taken and not (row.outcome.taken and row.outcome.requests == 1)
        got = AMOUNTS[:2] + AMOUNTS[1:] if twice else AMOUNTS
        equal_maps(receiver.totals(delta), totals(got, AMOUNTS[2]), 'what the receiver has')
        if delta:
            accepted = 0 if row.first else 1  # requests, before the last one
            if row.outcome.has_points:
                accepted += len(requests)
            since = otlp.find(otlp.read(receiver.requests[-1].body), 'jobs')[0].start
            before = [otlp.find(otlp.read(r.body), 'jobs')[0].time for r in receiver.requests[:accepted]]
            if before:
                equal(since, before[-1], 'where the last delta begins')

        rejected = 1 if row.does == FAULTS['partial success'].does else 0
        pushes = [not row.first, row.outcome.taken, True]
        counts = [not row.first, row.outcome.has_points, True]
        equal(came['accepted'], sum(pushes), 'accepted pushes')
        equal(came['failed'], 3 - sum(pushes) - row.first, 'failed pushes')
        equal(came['points'], [3 * sum(counts) - rejected, rejected, 0 if row.outcome.has_points else 3],
              'points accepted, rejected and failed')
        equal(came['rejected_points'], rejected, 'rejected points')
        equal(program.end(), 0)
        equal(program.said(), said, 'said later')


def meet_all(row):
    ways = list(itertools.product(DELTAS, (False, True) if callable(row.does) else (False,)))
    with concurrent.futures.ThreadPoolExecutor(len(ways)) as pool:
        for (delta, taken), done in [(way, pool.submit(meet, row, *way)) for way in ways]:
            try:
                done.result()
            except AssertionError as wrong:
                way = f'{"deltas" if delta else "totals"}{", counted by the receiver" if taken else ""}'
                raise AssertionError(f'{way}: {wrong}').with_traceback(wrong.__traceback__) from None


ahead = concurrent.futures.ThreadPoolExecutor(6)  # what lasts until a deadline is begun before its turn


def check_fault(name, row):
    sentence = f'{name} ({", ".join(map(str, row.rules))})'
    begun = ahead.submit(meet_all, row) if row.slow and tap.is_chosen(sentence) else None

    @check(sentence)
    def _():
        begun.result() if begun else meet_all(row)


for name, row in FAULTS.items():
    check_fault(name, row)

@check('Faults of all kinds, one after another: nothing is lost, and nothing delivered twice')
def _():
    rows = [r for r in FAULTS.values() if r.place is Place and not callable(r.does) and not r.slow and not r.wait]
    holds(len(rows) > 20, f'{len(rows)} rows')
    chance = random.Random(7)
    for delta in DELTAS:
        with Place() as place, Pushing(place.url, 120, **(DELTA if delta else {})) as program:
            amounts = []
            for row in chance.sample(rows, len(rows)) + chance.sample(rows, len(rows)):
                amounts.append(chance.randrange(1, 9))
                program.record(amounts[-1])
                place.break_down(program, row.does)
                equal(program.push()['taken'], row.outcome.taken, program.said())
                equal(program.scrape(), page(amounts))
            program.record(5)
            equal(program.push()['taken'], True)
            equal_maps(place.receiver.totals(delta), totals(amounts + [5], 5), f'deltas: {delta}')


@check('What is recorded while a push hangs is scraped at once, and delivered by the next one')
def _():
    for delta in DELTAS:
        with Place() as place, Pushing(place.url, 10, **(DELTA if delta else {})) as program:
            program.record(5)
            place.break_down(program, [hang(False)])
            program.start_push()
            wait_until(lambda: place.receiver.begun == 1, 'the push hangs')
            program.record(3)
            equal(program.scrape(), page([5, 3]))
            holds(not program.is_pushed(), 'it has ended too early')
            equal(program.pushed()['taken'], False)
            place.heal(program)
            equal(program.push()['taken'], True)
            equal_maps(place.receiver.totals(delta), totals([5, 3], 3), f'deltas: {delta}')


@check('The end is bounded, whatever a push waits for, and what is lost then is said')  # 186
def _():
    def end(where, stages):
        with where() as place, Pushing(place.url, 600) as program:
            place.break_down(program, stages)
            program.record(5)
            program.start_push()
            begin = time.monotonic()
            equal(program.end(), 0)
            took = time.monotonic() - begin
            holds(took < SOON, f'it took {took} s: {program.said()}')
            contains(program.said()[-1], 'It was the last push: what was recorded since the last accepted one is not '
                                         'delivered')
    places = [(Place, [hang(False)] * 2), (Place, [drip(503)] * 2), (Place, [answer(503)] * 99),
              (lambda: Named('silent'), []), (Closed, [])]
    with concurrent.futures.ThreadPoolExecutor(len(places)) as pool:
        for done in [pool.submit(end, *place) for place in places]:
            done.result()


@check('TLS: a client certificate that is wanted and given')  # 190
def _():
    with Secured() as place:
        place.nginx.start(asks=True)
        variables = {**place.variables, 'OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE': certificates().path('client.pem'),
                     'OTEL_EXPORTER_OTLP_CLIENT_KEY': certificates().path('client.key')}
        with Pushing(place.url, 120, **variables) as program:
            program.record(5)
            equal(program.push()['taken'], True, program.said())
            equal_maps(place.receiver.totals(False), totals([5], 5), 'what the receiver has')
            equal(program.said(), [])


@check('TLS: files of certificates that are not there, or hold something else, are named')
def _():
    for variable, file in itertools.product(('CERTIFICATE', 'CLIENT_CERTIFICATE'), ('nowhere.pem', 'client.key')):
        path = certificates().path(file)
        with Secured() as place, Pushing(place.url, 120, **place.variables,
                                         **{f'OTEL_EXPORTER_OTLP_METRICS_{variable}': path}) as program:
            program.record(5)
            equal(program.push()['taken'], False)
            contains(program.said()[0], path)
            contains(program.said()[0], 'not tried again')
            equal(place.receiver.requests, [])


with until_the_end:
    tap.main()
