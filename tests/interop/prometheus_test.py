# SPDX-License-Identifier: MIT
"""What Prometheus itself makes of it: it scrapes the live server and the gallery, and PromQL answers with the numbers
that were recorded: prometheus_test.py REFERENCE GALLERY [built]. It is Debian's, or the one that is built: 3."""
import json
import math
import re
import subprocess
import sys

import exposition
import gallery
import programs
import service
import tap
from exposition import canonical, key
from pages import Pages
from prometheus import Prometheus
from reference import Held, Server, free_port, wait_until
from tap import check, equal, equal_maps, holds

REFERENCE, GALLERY = sys.argv[1:3]
IS_3 = 'built' in sys.argv[3:]
TYPES = {'text': 'text/plain; version=0.0.4; charset=utf-8',
         'openmetrics': 'application/openmetrics-text; version=1.0.0; charset=utf-8'}
PAGES = [(form, page) for form in TYPES for page in ('kinds', 'numbers', 'texts')]
FOLDER = programs.built('prometheus') if IS_3 else programs.unpacked()


class setting:
    """What all checks look at; the first one makes it."""
    prometheus = server = own = None


def seen():
    holds(setting.prometheus, 'Prometheus does not run')
    return setting.prometheus


def floats(samples):
    return {k: float(v) for k, v in samples.items()}


def stored(samples):
    """The series as Prometheus keeps them: 3 writes the bounds of buckets as OpenMetrics does, however they came."""
    def kept(at):
        return tuple((k, canonical(float(v), True)) if k == 'le' else (k, v) for k, v in at[1:])
    return {(at[0], *kept(at)) if IS_3 and at[0].endswith('_bucket') else at: float(v) for at, v in samples.items()}


def scraped(server):
    """By hand, in the format that Prometheus asks for first."""
    return exposition.read(server.scrape('application/openmetrics-text').body, True)


def wait_for_equal(got, wanted, what):
    """Waits until two maps are equal: a scrape that came too late is followed by the next one."""
    def are_equal():
        a, b = got(), wanted()
        return a.keys() == b.keys() and all(tap.same(a[k], b[k]) for k in a)
    try:
        wait_until(are_equal, what, limit=30)
    except AssertionError:
        equal_maps(got(), wanted(), what)
        raise


@check('Prometheus finds every target up: the server, its own port, and each page of the gallery in both formats')
def _():
    setting.server = Server(REFERENCE, {'OGX_PROMETHEUS_ENABLED': '1'})
    port = free_port()
    setting.own = Server(REFERENCE, {'OGX_PROMETHEUS_ENABLED': '1', 'OGX_METRICS_PORT': str(port)})
    pages = Pages({f'/{form}/{page}': (TYPES[form], gallery.printed(GALLERY, form, page)) for form, page in PAGES})
    jobs = {'reference': (f'127.0.0.1:{setting.server.api}', '/v1/metrics', '100ms'),
            'own-port': (f'127.0.0.1:{port}', '/metrics', '100ms')}
    jobs.update({f'{form}-{page}': (pages.address, f'/{form}/{page}', '2s') for form, page in PAGES})
    prometheus = Prometheus(FOLDER, jobs)
    setting.prometheus = prometheus

    prometheus.wait_until_it_answers()
    wait_until(lambda: prometheus.value('count(up == 1)') == len(jobs), 'all targets are up')
    targets = json.loads(prometheus.get('/api/v1/targets'))['data']['activeTargets']
    equal_maps({t['labels']['job']: t['lastError'] for t in targets}, {job: '' for job in jobs}, 'errors of targets')


@check('Live: every series has the number that was scraped by hand, and the one that was requested')
def _():
    prometheus, server = seen(), setting.server
    service.exercise(server, lambda: scraped(server), times=2)
    page = scraped(server)
    wait_for_equal(lambda: prometheus.samples('reference'), lambda: floats(page.numbers()), 'Prometheus beside it')
    samples = prometheus.samples('reference')
    equal_maps({k: samples.get(k) for k in service.counted(2)}, floats(service.counted(2)), 'what was requested')
    equal({k for k in samples if k[0] != 'target_info'}, service.series_of_a_scrape(True))


@check('Live: a counter counts on, and a histogram has its buckets, sum and count')
def _():
    prometheus, server = seen(), setting.server
    before = prometheus.value('sum(ogx_requests_total{method="health",status="success"})') or 0
    for _ in range(5):
        server.get('/v1/health')
    wait_until(lambda: prometheus.value('sum(ogx_requests_total{method="health",status="success"})') == before + 5,
               'five more requests are counted')
    page = scraped(server)
    wait_for_equal(lambda: prometheus.query('ogx_request_duration_seconds_bucket{job="reference"}'),
                   lambda: {k: float(v) for k, v in page.numbers('ogx_request_duration_seconds').items()
                            if k[0].endswith('_bucket')}, 'buckets')
    for expression in ('ogx_request_duration_seconds_bucket{job="reference",le="+Inf"} - ignoring(le) '
                       'ogx_request_duration_seconds_count',):
        differences = prometheus.query(expression)
        holds(len(differences) > 5 and set(differences.values()) == {0.0}, f'{expression}: {differences}')
    equal(prometheus.value('sum(ogx_inference_tokens_per_second_sum{job="reference",stream="false"})'), 6 * 42.0)
    speeds = 'sum by (le) (ogx_inference_tokens_per_second_bucket{stream="false"})'
    equal(prometheus.value(f'histogram_quantile(1, {speeds})'), 50.0)


@check('Live: requests in flight go up to 3 and down to 0')
def _():
    prometheus, server = seen(), setting.server

    def in_flight():
        return prometheus.value('sum(ogx_concurrent_requests{job="reference",api="inspect"})')
    held = [Held(server.api) for _ in range(3)]
    wait_until(lambda: in_flight() == 3, 'three are seen in flight')
    for h in held:
        h.leave()
    wait_until(lambda: in_flight() == 0, 'none is seen in flight')


@check('Live: target_info says which service it is, and can be joined to every series')
def _():
    prometheus = seen()
    version = re.search(r'telemetry_sdk_version="(.*?)"', setting.server.scrape().body).group(1)
    equal_maps(prometheus.query('target_info{job="reference"}'), {key('target_info', {
        'service_name': 'ogx', 'telemetry_sdk_name': 'tacho', 'telemetry_sdk_language': 'cpp',
        'telemetry_sdk_version': version}): 1.0}, 'target_info')
    equal_maps(prometheus.query('count by (service_name) (ogx_requests_total{job="reference"} * on (job, instance) '
                                'group_left (service_name) target_info)'),
               {key('', {'service_name': 'ogx'}): prometheus.value('count(ogx_requests_total{job="reference"})')},
               'the join')


@check('Live: the listener on its own port is scraped as the API port is')
def _():
    prometheus, server = seen(), setting.own
    for _ in range(4):
        server.get('/v1/health')
    wait_until(lambda: prometheus.value('sum(ogx_requests_total{job="own-port"})') == 4, 'four requests are counted')
    equal(prometheus.value('sum(ogx_request_duration_seconds_count{job="own-port"})'), 4)


@check('Live: no counter ever went down')
def _():
    prometheus = seen()
    names = {k[0] for k in scraped(setting.server).samples if re.search('_(total|count|bucket|sum)$', k[0])}
    holds(len(names) > 20, names)
    for name in names:
        equal(prometheus.value(f'max(resets({name}{{job="reference"}}[1h]))'), 0, name)


@check('Gallery: every kind of instrument has its number, in both formats')  # CONFORMANCE 29-37, 51-55
def _():
    prometheus = seen()
    for form in TYPES:
        wanted = stored(gallery.scraped_kinds(form == 'openmetrics'))
        wait_for_equal(lambda: prometheus.samples(f'{form}-kinds'), lambda: wanted, f'{form} in Prometheus')


@check('Gallery: type, description and unit of each family are understood')  # CONFORMANCE 25, 59
def _():
    prometheus = seen()
    kinds = {s.shown: 'gauge' if s.kind in ('gauge', 'up_down') else s.kind for s in gallery.KINDS}
    for form in TYPES:
        answer = json.loads(prometheus.get('/api/v1/targets/metadata', match_target=f'{{job="{form}-kinds"}}'))
        told = {m['metric']: (m['type'], m['help'], m['unit']) for m in answer['data']
                if m['metric'] not in ('target', 'target_info')}
        if form == 'openmetrics':
            wanted = {re.sub('_total$', '', n) if k == 'counter' else n: (k, gallery.HELP[n], gallery.UNITS.get(n, ''))
                      for n, k in kinds.items()}
        else:
            wanted = {n: (k, gallery.HELP[n], '') for n, k in kinds.items()}
        equal_maps(told, wanted, form)


@check('Gallery: 1200 doubles and integers are the numbers that they should be, as doubles')  # CONFORMANCE 30, 31
def _():
    prometheus = seen()
    for form in TYPES:
        names = {'gauge_double': gallery.double_of, 'gauge_integer': lambda b: float(gallery.signed_of(b)),
                 'counter_integer_total': lambda b: float(int(b, 16)),
                 'counter_double_total': lambda b: max(finite(b), 0.0),
                 'histogram_sum': lambda b: finite(b)}
        for name, wanted in names.items():
            series = prometheus.query(f'{name}{{job="{form}-numbers"}}')
            holds(len(series) > 500, f'{form}: only {len(series)} of {name}')
            equal_maps(series, {at: wanted(dict(at[1:])['bits']) + 0.0 for at in series}, f'{form} {name}')


def finite(bits):
    d = gallery.double_of(bits)
    return d if math.isfinite(d) else 0.0


@check('Gallery: 300 texts of any bytes are the labels that they should be')  # CONFORMANCE 26, 27
def _():
    prometheus = seen()
    for form in TYPES:
        count = 0
        for (name, *labels), value in prometheus.samples(f'{form}-texts').items():
            labels = dict(labels)
            digits = labels.get('hex', '')
            if name == 'text_total':
                equal(labels.get('text', ''), gallery.text_of(digits, 1024), digits)
            elif re.fullmatch('s[0-9]+', name):
                equal(labels.get('otel_scope_name', ''), gallery.text_of(digits), digits)
            count += 1
        holds(count > 900, f'{form}: there were only {count} series')
        answer = json.loads(prometheus.get('/api/v1/targets/metadata', match_target=f'{{job="{form}-texts"}}'))
        help_of = {m['metric']: m['help'] for m in answer['data']}
        series = [k for k in prometheus.samples(f'{form}-texts') if re.fullmatch('n[0-9]+', k[0])]
        for name, *labels in series:
            wanted = gallery.text_of(dict(labels).get('hex', ''))
            got = help_of.get(name, '')
            # Of a description that is but blanks its text parser makes none.
            if form == 'text' and not wanted.strip(' \t\0') and not got:
                continue
            equal(got, wanted, f'{form} {name}')


@check('Prometheus dropped nothing: no sample was there twice, none was out of order, and it has no complaint')
def _():
    prometheus = seen()
    own = dict(re.findall(r'^(prometheus_target_scrapes_\w+_total) (\S+)$', prometheus.get('/metrics'), re.M))
    holds('prometheus_target_scrapes_sample_duplicate_timestamp_total' in own, own)
    equal_maps({k: float(v) for k, v in own.items()}, dict.fromkeys(own, 0.0), 'what was dropped')
    lost = prometheus.query('scrape_samples_scraped - scrape_samples_post_metric_relabeling', without=())
    equal((len(lost), set(lost.values())), (2 + len(PAGES), {0.0}))
    equal([line for line in prometheus.complaints() if 'scrape' in line], [])


def promtool(page):
    """What `promtool check metrics` says about a page in text, and its exit status."""
    done = subprocess.run([FOLDER / 'promtool', 'check', 'metrics'], input=page, capture_output=True,
                          text=True)
    return sorted(set((done.stdout + done.stderr).splitlines())), done.returncode


@check('promtool finds nothing to complain about in the page of the live server')
def _():
    with Server(REFERENCE, {'OGX_PROMETHEUS_ENABLED': '1'}) as server:
        service.exercise(server, lambda: scraped(server))
        equal(promtool(server.scrape().body), ([], 0))


@check('promtool finds in the gallery what was put there, and nothing else')
def _():
    said, _ = promtool(gallery.printed(GALLERY, 'text', 'kinds').decode())
    equal(said, ['a_b_c_d_e_total metric names should not contain abbreviated units',
                 'bounded_total non-histogram metrics should not have "le" label',
                 'bounded_total non-summary metrics should not have "quantile" label', 'load_percent no help text'])


try:
    tap.main()
finally:
    for running in (setting.prometheus, setting.server, setting.own):
        if running:
            running.end()
