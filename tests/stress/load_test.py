# SPDX-License-Identifier: MIT
"""The reference server under wrk, while Prometheus scrapes it: load_test.py REFERENCE
What the server has counted is what wrk says it was answered, and Prometheus always found it up."""
import json
import pathlib
import re
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / 'interop'))

import exposition
import programs
import tap
from prometheus import Prometheus
from reference import LIMIT, Server, wait_until
from tap import check, equal, holds

REFERENCE = sys.argv[1]
INTERVAL = '3s'  # and what a scrape may take, which shares two processors with wrk and a sanitizer
CONNECTIONS, SECONDS = 16, 12
if not shutil.which('wrk'):
    tap.skip_all('there is no wrk; install the package wrk')
FOLDER = programs.unpacked()


def requests_of(page):
    """Requests that were counted, by method and status code."""
    return {(dict(at[1:])['method'], dict(at[1:])['status_code']): value
            for at, value in page.numbers('ogx_requests_total').items()}


def errors(prometheus):
    """What each target's last scrape complained of."""
    targets = json.loads(prometheus.get('/api/v1/targets'))['data']['activeTargets']
    return [(t['labels']['job'], t['lastError']) for t in targets]


@check('Under load the server counts each request, and Prometheus sees it up, without an error, to the last count')
def _():
    with Server(REFERENCE, {'OGX_PROMETHEUS_ENABLED': '1'}) as server:
        prometheus = Prometheus(FOLDER, {'reference': (f'127.0.0.1:{server.api}', '/v1/metrics', INTERVAL)})
        try:
            prometheus.wait_until_it_answers()
            wait_until(lambda: prometheus.value('sum(up)') == 1, 'the server is up')
            done = subprocess.run(['wrk', '-t', '2', '-c', str(CONNECTIONS), '-d', f'{SECONDS}s', '--timeout',
                                   f'{LIMIT}s', f'http://127.0.0.1:{server.api}/v1/health'],
                                  capture_output=True, text=True, timeout=SECONDS + LIMIT)
            equal(done.returncode, 0, done.stderr)
            holds('Socket errors' not in done.stdout and 'Non-2xx' not in done.stdout, done.stdout)
            answered = int(re.search(r'(\d+) requests in ', done.stdout).group(1))

            # The server may yet find requests of connections that wrk has left.
            def last_count():
                page = exposition.read(server.scrape().body)
                (counted,) = requests_of(page).values()
                seen = (page.value('ogx_request_duration_seconds_count', api='inspect', method='health'),
                        prometheus.value('sum(ogx_requests_total)'))
                at_rest = page.value('ogx_concurrent_requests', api='inspect') == 0
                return at_rest and seen == (counted, counted) and counted
            counted = wait_until(last_count, 'nothing is in flight, and Prometheus has what the server has')
            # wrk leaves without the answers that each of its connections may be waiting for.
            holds(answered <= counted <= answered + CONNECTIONS, f'{counted} were counted, {answered} answered')
            holds(counted > 1000, f'{counted} is no load')
            equal(prometheus.value('min(min_over_time(up[10m]))'), 1)
            holds(prometheus.value('sum(count_over_time(up[10m]))') >= 4, 'scrapes meanwhile')
            equal(prometheus.value('sum(resets(ogx_requests_total[10m]))'), 0)
            equal(errors(prometheus), [('reference', '')])
            equal(prometheus.complaints(), [])
        finally:
            prometheus.end()
        equal(server.end(), 0)
        equal(server.errors, [])


tap.main()
