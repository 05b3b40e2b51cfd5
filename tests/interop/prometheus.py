# SPDX-License-Identifier: MIT
"""Prometheus as a child process, and what PromQL answers."""
import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import urllib.parse
import urllib.request

from exposition import key
from reference import LIMIT, free_port, wait_until
from tap import equal, holds


class Prometheus:
    """One for all checks: its first scrape takes about five seconds, whatever the interval."""

    def __init__(self, folder, jobs, arguments=(), **settings):
        self.folder = tempfile.mkdtemp(prefix='tacho-prometheus-')
        self.address = f'127.0.0.1:{free_port()}'
        config = {**settings, 'scrape_configs': [
            {'job_name': name, 'metrics_path': path, 'scrape_interval': interval, 'scrape_timeout': interval,
             'static_configs': [{'targets': [address]}]} for name, (address, path, interval) in jobs.items()]}
        (pathlib.Path(self.folder) / 'prometheus.yml').write_text(json.dumps(config))  # which is YAML, too
        self.log = open(f'{self.folder}/log', 'w+')
        self.command = [folder / 'prometheus', *arguments, f'--config.file={self.folder}/prometheus.yml',
                        f'--storage.tsdb.path={self.folder}/data', f'--web.listen-address={self.address}']
        self.start()

    def start(self):
        """Also again, after stop(): with what it had stored."""
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                                        cwd=self.folder)

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def get(self, path, **parameters):
        if self.process.poll() is not None:
            raise AssertionError(f'Prometheus ended: {self.said()[-2000:]}')
        url = f'http://{self.address}{path}?{urllib.parse.urlencode(parameters)}'
        with urllib.request.urlopen(url, timeout=LIMIT) as answer:
            return answer.read().decode()

    def vector(self, expression):
        answer = json.loads(self.get('/api/v1/query', query=expression))
        equal(answer['status'], 'success')
        return answer['data']['result']

    def query(self, expression, without=('job', 'instance')):
        """An instant vector: the series and their values."""
        out = {}
        for item in self.vector(expression):
            labels = {k: v for k, v in item['metric'].items() if k not in ('__name__', *without)}
            at = key(item['metric'].get('__name__', ''), labels)
            holds(at not in out, f'twice: {at}')
            out[at] = float(item['value'][1])
        return out

    def value(self, expression):
        """What an expression without labels is worth; None when there is nothing."""
        return self.query(expression).get(key('', {}))

    def samples(self, job):
        """All series of a job but those that Prometheus itself adds."""
        return {k: v for k, v in self.query(f'{{job="{job}"}}').items() if not re.match('up$|scrape_', k[0])}

    def wait_until_it_answers(self):
        def answers():
            try:
                return self.get('/-/ready')
            except OSError:
                return None
        wait_until(answers, 'Prometheus answers')

    def said(self):
        self.log.seek(0)
        return self.log.read()

    def complaints(self):
        return [line for line in self.said().splitlines() if re.search('(?i)level=(warn|error)', line)]

    def end(self):
        self.stop()
        self.log.close()
        shutil.rmtree(self.folder)
