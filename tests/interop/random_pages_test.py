# SPDX-License-Identifier: MIT
"""Pages of random registries, read by the parsers of prometheus_client: random_pages_test.py RANDOM_PAGES [newest].
They are Debian's, or the newest ones; only the latter read names in quotes."""
import collections
import json
import re
import subprocess
import sys

import programs
import tap
from tap import check, equal, equal_maps, holds

RANDOM_PAGES = sys.argv[1]
IS_NEWEST = 'newest' in sys.argv[2:]
if IS_NEWEST:
    sys.path.insert(0, str(programs.newest_client()))

try:
    from prometheus_client.openmetrics import parser as strict
    from prometheus_client import parser as lax
except ImportError:
    tap.skip_all('python3-prometheus-client is not installed')

from exposition import key

SEEDS = 400
Page = collections.namedtuple('Page', 'seed form escaping samples exemplars families page')


def pages(form):
    """Those of a form that these parsers are specified to read."""
    done = subprocess.run([RANDOM_PAGES, '0', str(SEEDS)], capture_output=True, check=True)
    # By line feeds alone: what stands in a text may end a line elsewhere.
    read = [Page(**json.loads(line)) for line in done.stdout.decode('utf-8').split('\n')[:-1]]
    return [p for p in read if p.form == form and (IS_NEWEST or p.escaping != 'allow-utf-8')]


def called(name, page):
    """As they call it: their text parser gives all counters the name that they would have in OpenMetrics."""
    is_bare = page.form == 'text' and page.families.get(name, [None])[0] == 'counter' and not name.endswith('_total')
    return name + '_total' if is_bare else name


def nanoseconds(time):
    """As far as their clock goes, of which one keeps a fraction apart and another has a float."""
    return round(float(time) * 1e6) * 1000


def check_pages(form, parser):
    lines, exemplars, types, escapings = 0, 0, set(), collections.Counter()
    for p in pages(form):
        what = f'{p.form} of seed {p.seed}, escaping {p.escaping}'
        try:
            families = list(parser.text_string_to_metric_families(p.page))
        except Exception as why:
            raise AssertionError(f'{what}: {why!r}\n{p.page}') from why
        got, shown = {}, {}
        for family in families:
            for sample in family.samples:
                holds(sample.timestamp is None, f'{what}: a time: {sample}')
                at = key(sample.name, sample.labels)
                holds(at not in got, f'{what}: twice: {at}')
                got[at] = float(sample.value)
                if sample.exemplar:
                    e = sample.exemplar
                    shown[at] = e.labels, float(e.value), nanoseconds(e.timestamp)
        resource = {at: got.pop(at) for at in [at for at in got if at[0] == 'target_info']}
        equal([(len(at), at[1][1], value) for at, value in resource.items()], [(2, 'x', 1.0)], what)
        wanted = {key(called(name, p), labels): float(value) for name, labels, value in p.samples}
        equal_maps(got, wanted, f'{what}\n{p.page}')
        equal_maps(shown, {key(name, labels): (told, float(value), nanoseconds(time))
                           for name, labels, told, value, time in p.exemplars}, f'{what}: exemplars\n{p.page}')
        for name, (kind, helps) in p.families.items():
            # Their text parser takes the suffix off a counter's name. It and the newer one take blanks off a
            # description, too.
            at = re.sub('_total$', '', name) if form == 'text' and kind == 'counter' else name
            read = [f for f in families if f.name == at]
            equal([f.type for f in read], [kind], f'{what}: the type of {name}\n{p.page}')
            is_exact = form == 'openmetrics' and not IS_NEWEST
            told, wanted = read[0].documentation, helps
            if not is_exact:
                told, wanted = told.strip(), [h.strip() for h in helps]
            holds(told in wanted, f'{what}: {told!r} is none of {wanted}\n{p.page}')
            types.add(kind)
        equal(len(families), len(p.families) + 1, f'{what}: families\n{p.page}')
        lines += len(got)
        exemplars += len(shown)
        escapings[p.escaping] += 1
    holds(lines > 5000 and len(escapings) == (4 if IS_NEWEST else 3), f'there were only {lines} lines of {escapings}')
    holds(exemplars > 500 if form == 'openmetrics' else exemplars == 0, f'there were {exemplars} exemplars')
    equal(types, {'counter', 'gauge', 'histogram', 'info', 'stateset', 'unknown'} if form == 'openmetrics' else
          {'counter', 'gauge', 'histogram'})


# CONFORMANCE 1.9, 26, 29, 30, 37, 45, 62, 63
for form, parser in ('openmetrics', strict), ('text', lax):
    check(f'{form}: pages of {SEEDS} random registries are what was recorded')(
        lambda form=form, parser=parser: check_pages(form, parser))

tap.main()
