# SPDX-License-Identifier: MIT
"""The OpenTelemetry Collector as a child process, and what it got."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

from reference import LIMIT, free_port, request, wait_until


class Collector:
    """Receives on a port, writes each request as a line of JSON to a file, and shows all as Prometheus does on another
    port. `with` ends it; until then it can be ended and started again on the same ports, with a new file."""

    def __init__(self, folder):
        self.program = folder / 'otelcol'
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix='tacho-collector-'))
        self.port, self.page_port = free_port(), free_port()
        self.url = f'http://127.0.0.1:{self.port}'
        self.starts, self.process = 0, None
        self.log = open(self.folder / 'log', 'w+')

    def start(self):
        self.starts += 1
        self.file = self.folder / f'got-{self.starts}.json'
        config = {
            'receivers': {'otlp': {'protocols': {'http': {'endpoint': f'127.0.0.1:{self.port}'}}}},
            'exporters': {'debug': {'verbosity': 'basic'},
                          'file': {'path': str(self.file), 'flush_interval': '20ms'},
                          'prometheus': {'endpoint': f'127.0.0.1:{self.page_port}', 'metric_expiration': '1h'}},
            'service': {'telemetry': {'metrics': {'level': 'none'}},
                        'pipelines': {'metrics': {'receivers': ['otlp'],
                                                  'exporters': ['debug', 'file', 'prometheus']}}}}
        (self.folder / 'config.yaml').write_text(json.dumps(config))  # which is YAML, too
        self.process = subprocess.Popen([self.program, f'--config=file:{self.folder}/config.yaml'],
                                        stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, cwd=self.folder,
                                        env={**os.environ, 'GOMAXPROCS': '1'})
        wait_until(self.answers, 'the Collector answers')
        return self

    def answers(self):
        """Whether it takes a request without points."""
        if self.process.poll() is not None:
            raise AssertionError(f'the Collector ended: {self.said()[-2000:]}')
        try:
            return self.post(b'{}').status == 200
        except OSError:
            return False

    def post(self, body):
        return request(self.port, 'POST', '/v1/metrics', {'Content-Type': 'application/json'}, body)

    def requests(self):
        """What has come since its last start, a line for each request that had points."""
        lines = self.file.read_text().split('\n') if self.file.exists() else ['']
        return lines[:-1]  # the last one is not whole yet, or empty

    def page(self, accept='application/openmetrics-text'):
        return request(self.page_port, 'GET', '/metrics', {'Accept': accept}).body

    def said(self):
        self.log.seek(0)
        return self.log.read()

    def complaints(self):
        return [line for line in self.said().splitlines() if re.search('\t(warn|error)\t', line)]

    def end(self):
        self.process.terminate()
        return self.process.wait(LIMIT)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.kill()
        self.log.close()
        shutil.rmtree(self.folder)
