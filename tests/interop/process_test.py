# SPDX-License-Identifier: MIT
"""Process metrics beside those that prometheus_client finds for the same process: process_test.py ITSELF"""
import subprocess
import sys

import tap
from tap import check, equal, holds

try:
    from prometheus_client import CollectorRegistry, ProcessCollector, parser
except ImportError:
    tap.skip_all('python3-prometheus-client is not installed')


def samples(families):
    return {s.name: s.value for f in families for s in f.samples}


class Itself:
    def __enter__(self):
        self.program = subprocess.Popen([sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(self, *_):
        self.program.stdin.close()
        self.program.wait()

    def ours(self):
        self.program.stdin.write('\n')
        self.program.stdin.flush()
        page = ''
        while (line := self.program.stdout.readline()).strip():
            page += line
        return samples(parser.text_string_to_metric_families(page))

    def theirs(self):
        return samples(ProcessCollector(pid=lambda: self.program.pid, registry=CollectorRegistry()).collect())


@check('What prometheus_client finds of a process is what it shows itself, by the same names')  # CONFORMANCE 223
def _():
    with Itself() as program:
        program.ours()  # the first page allocates, the next ones do not
        before, ours, after = program.theirs(), program.ours(), program.theirs()
        holds(set(before) >= {'process_open_fds', 'process_start_time_seconds', 'process_resident_memory_bytes'}, before)
        equal(sorted(set(before) - set(ours)), [], 'what is missing')
        for name, theirs in before.items():
            if name == 'process_cpu_seconds_total':  # they count in ticks of 10 ms
                holds(theirs - 0.021 <= ours[name] <= after[name] + 0.021, f'{name}: {theirs}, {ours[name]}')
            else:
                equal(ours[name], theirs, name)


tap.main()
