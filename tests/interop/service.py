# SPDX-License-Identifier: MIT
"""What the reference service measures: its 17 instruments, requests that use them all, and what these are worth."""
import collections

from exposition import canonical, key
from reference import TOKEN, wait_until

Instrument = collections.namedtuple('Instrument', 'scope kind unit labels bounds')

SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0]
WIDE = SECONDS + [30.0, 60.0]
SPEEDS = [1.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1000.0]


def counter(scope, *labels):
    return Instrument(scope, 'counter', '1', labels, None)


def histogram(scope, *labels, unit='s', bounds=None):
    return Instrument(scope, 'histogram', unit, labels, bounds or SECONDS)


# By the names that OTLP shows; a scrape shows them with _ for each dot.
INSTRUMENTS = {
    'ogx.requests_total': counter('ogx.server', 'api', 'method', 'status', 'status_code'),
    'ogx.request_duration_seconds': histogram('ogx.server', 'api', 'method'),
    'ogx.concurrent_requests': Instrument('ogx.server', 'up_down', '1', ('api',), None),
    'ogx.inference.duration_seconds': histogram('ogx.inference', 'model', 'provider', 'stream', 'status'),
    'ogx.inference.time_to_first_token_seconds': histogram('ogx.inference', 'model', 'provider', 'stream', 'status'),
    'ogx.inference.tokens_per_second': histogram('ogx.inference', 'model', 'provider', 'stream', 'status', unit='',
                                                 bounds=SPEEDS),
    'ogx.tool_runtime.invocations_total': counter('ogx.tool_runtime', 'tool_group', 'tool_name', 'provider', 'status'),
    'ogx.tool_runtime.duration_seconds': histogram('ogx.tool_runtime', 'tool_group', 'tool_name', 'provider', 'status'),
    'ogx.vector_io.inserts_total': counter('ogx.vector_io', 'vector_db', 'operation', 'provider', 'status'),
    'ogx.vector_io.queries_total': counter('ogx.vector_io', 'vector_db', 'operation', 'provider', 'search_mode',
                                           'status'),
    'ogx.vector_io.deletes_total': counter('ogx.vector_io', 'vector_db', 'operation', 'provider', 'status'),
    'ogx.vector_io.stores_total': counter('ogx.vector_io', 'provider', 'operation'),
    'ogx.vector_io.files_total': counter('ogx.vector_io', 'vector_db', 'operation', 'provider', 'status'),
    'ogx.vector_io.chunks_processed_total': counter('ogx.vector_io', 'vector_db', 'operation', 'provider'),
    'ogx.vector_io.insert_duration_seconds': histogram('ogx.vector_io', 'vector_db', 'operation', 'provider',
                                                       bounds=WIDE),
    'ogx.vector_io.retrieval_duration_seconds': histogram('ogx.vector_io', 'vector_db', 'operation', 'provider',
                                                          'search_mode', bounds=WIDE),
    'ogx.responses.parameter_usage_total': counter('ogx.responses', 'operation', 'parameter'),
}

# The requests: how often, verb, path, body, whether with the token, and what is answered.
REQUESTS = [
    (1, 'GET', '/v1/health', None, False, 200),
    (1, 'GET', '/v1/version', None, False, 200),
    (2, 'GET', '/v1/models', None, True, 200),
    (1, 'GET', '/v1/models', None, False, 401),
    (1, 'GET', '/v1/models/tiny', None, True, 200),
    (1, 'GET', '/v1/models/huge', None, True, 404),
    (2, 'POST', '/v1/chat/completions', b'{"stream":true}', True, 200),
    (3, 'POST', '/v1/chat/completions', b'{"stream":false}', True, 200),
    (2, 'POST', '/v1/vector-io/insert', b'{}', True, 200),
    (1, 'POST', '/v1/vector-io/query', b'{}', True, 200),
    (2, 'POST', '/v1/vector-io/query?mode=hybrid', b'{}', True, 200),
    (1, 'POST', '/v1/vector-io/delete', b'{}', True, 200),
    (1, 'POST', '/v1/vector-io/create', b'{}', True, 200),
    (1, 'POST', '/v1/vector-io/attach', b'{}', True, 200),
    (1, 'POST', '/v1/vector-io/unheard-of', b'{}', True, 400),
    (3, 'POST', '/v1/tool-runtime/invoke', b'{}', True, 200),
    (1, 'POST', '/v1/responses', b'{"temperature":1,"tools":[]}', True, 200),
    (1, 'POST', '/v1/responses', b'{"max_output_tokens":1}', True, 200),
    (1, 'GET', '/v1/fail', None, True, 500),
    (1, 'GET', '/v1/not-there', None, True, 404),
]

ON_DOCS = {'vector_db': 'docs', 'provider': 'local'}
CHAT = {'model': 'tiny', 'provider': 'local', 'status': 'success'}
TOOL = {'tool_group': 'search', 'tool_name': 'web_search', 'provider': 'local', 'status': 'success'}
HYBRID = {**ON_DOCS, 'operation': 'query', 'search_mode': 'hybrid'}
QUERY = {**ON_DOCS, 'operation': 'query'}  # without a mode: then there is no such label
INSERT = {**ON_DOCS, 'operation': 'insert'}


def requests_series(api, method, status, code):
    return {'api': api, 'method': method, 'status': status, 'status_code': code}


# What one round of them is worth: the series of each instrument, and its count.
WORTH = {
    'ogx.requests_total': [
        (requests_series('inspect', 'health', 'success', 200), 1),
        (requests_series('inspect', 'version', 'success', 200), 1),
        (requests_series('models', 'list_models', 'success', 200), 2),
        (requests_series('models', 'list_models', 'error', 401), 1),
        (requests_series('models', 'get_model', 'success', 200), 1),
        (requests_series('models', 'get_model', 'error', 404), 1),
        (requests_series('inference', 'chat_completion', 'success', 200), 5),
        (requests_series('vector_io', 'vector_operation', 'success', 200), 8),
        (requests_series('vector_io', 'vector_operation', 'error', 400), 1),
        (requests_series('tool_runtime', 'invoke_tool', 'success', 200), 3),
        (requests_series('responses', 'create_response', 'success', 200), 2),
        (requests_series('inspect', 'fail', 'error', 500), 1),
        (requests_series('unknown', 'unknown', 'error', 404), 1)],
    'ogx.request_duration_seconds': [
        ({'api': api, 'method': method}, n) for api, method, n in [
            ('inspect', 'health', 1), ('inspect', 'version', 1), ('models', 'list_models', 3),
            ('models', 'get_model', 2), ('inference', 'chat_completion', 5), ('vector_io', 'vector_operation', 9),
            ('tool_runtime', 'invoke_tool', 3), ('responses', 'create_response', 2), ('inspect', 'fail', 1),
            ('unknown', 'unknown', 1)]],
    'ogx.concurrent_requests': [({'api': api}, 0) for api in [
        'inspect', 'models', 'inference', 'vector_io', 'tool_runtime', 'responses', 'unknown']],
    'ogx.inference.duration_seconds': [({**CHAT, 'stream': True}, 2), ({**CHAT, 'stream': False}, 3)],
    'ogx.inference.time_to_first_token_seconds': [({**CHAT, 'stream': True}, 2)],
    'ogx.inference.tokens_per_second': [({**CHAT, 'stream': True}, 2), ({**CHAT, 'stream': False}, 3)],
    'ogx.tool_runtime.invocations_total': [(TOOL, 3)],
    'ogx.tool_runtime.duration_seconds': [(TOOL, 3)],
    'ogx.vector_io.inserts_total': [({**INSERT, 'status': 'success'}, 2)],
    'ogx.vector_io.queries_total': [({**QUERY, 'status': 'success'}, 1), ({**HYBRID, 'status': 'success'}, 2)],
    'ogx.vector_io.deletes_total': [({**ON_DOCS, 'operation': 'delete', 'status': 'success'}, 1)],
    'ogx.vector_io.stores_total': [({'provider': 'local', 'operation': 'create'}, 1)],
    'ogx.vector_io.files_total': [({**ON_DOCS, 'operation': 'attach', 'status': 'error'}, 1)],
    'ogx.vector_io.chunks_processed_total': [(INSERT, 6)],
    'ogx.vector_io.insert_duration_seconds': [(INSERT, 2)],
    'ogx.vector_io.retrieval_duration_seconds': [(QUERY, 1), (HYBRID, 2)],
    'ogx.responses.parameter_usage_total': [
        ({'operation': 'create_response', 'parameter': p}, 1) for p in ['temperature', 'tools', 'max_output_tokens']],
}


def shown(name):
    return name.replace('.', '_')


def shown_labels(labels):
    return {k: str(v).lower() if isinstance(v, bool) else str(v) for k, v in labels.items()}


def exercise(server, read, times=1):
    """Sends every request, and waits until all of them are counted: a stream is, only after its last byte was sent.
    `read` scrapes the server."""
    for _ in range(times):
        for count, verb, path, body, with_token, status in REQUESTS:
            for _ in range(count):
                headers = TOKEN if with_token else {}
                answer = server.get(path, headers) if verb == 'GET' else server.post(path, body, headers)
                if answer.status != status:
                    raise AssertionError(f'{verb} {path} was answered {answer.status} instead of {status}')
    wanted = counted(times)
    wait_until(lambda: wanted.items() <= read().numbers().items(), 'all requests are counted')


def counted(times=1):
    """The series of a scrape that have a known number: all but durations, and of these the count."""
    out = {}
    for name, series in WORTH.items():
        for labels, count in series:
            suffix = '_count' if INSTRUMENTS[name].kind == 'histogram' else ''
            out[key(shown(name) + suffix, shown_labels(labels))] = count * times
    return out


def series_of_a_scrape(openmetrics=False):
    """Every series, whatever its number."""
    out = set()
    for name, series in WORTH.items():
        instrument = INSTRUMENTS[name]
        for labels, _ in series:
            labels = shown_labels(labels)
            if instrument.kind != 'histogram':
                out.add(key(shown(name), labels))
                continue
            out |= {key(shown(name) + '_bucket', {**labels, 'le': canonical(b, openmetrics)})
                    for b in instrument.bounds + [float('inf')]}
            out |= {key(shown(name) + '_sum', labels), key(shown(name) + '_count', labels)}
    return out
