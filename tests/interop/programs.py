# SPDX-License-Identifier: MIT
"""Programs that others have written: where they are, outside of the tree. Skips all when they can't be had."""
import os
import pathlib
import subprocess
import sys
import tempfile
import urllib.parse

import tap
from tap import holds


CLIENT = '0.26.0'  # of prometheus_client: the newest


def cache_folder():
    return pathlib.Path(os.environ.get('XDG_CACHE_HOME') or pathlib.Path.home() / '.cache') / 'tacho'


def unpacked():
    """The folder of Debian's Prometheus, fetched once and never installed."""
    cache = cache_folder()
    for folder in sorted(cache.glob('prometheus-*'), reverse=True):
        if (folder / 'usr/bin/prometheus').exists():
            return folder / 'usr/bin'
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as room:
            done = subprocess.run(['apt-get', 'download', 'prometheus'], cwd=room, capture_output=True, text=True,
                                  timeout=300)
            packages = list(pathlib.Path(room).glob('prometheus_*.deb'))
            if done.returncode != 0 or len(packages) != 1:
                last = (done.stderr.strip().splitlines() or ['no package came'])[-1]
                tap.skip_all(f'apt-get download prometheus: {last}')
            subprocess.run(['dpkg-deb', '-x', packages[0], f'{room}/tree'], check=True)
            version = urllib.parse.unquote(packages[0].name.split('_')[1])
            folder = cache / f'prometheus-{version}'
            try:
                os.rename(f'{room}/tree', folder)  # whole, or not there
            except OSError:
                holds(folder.exists(), f'{folder} can not be made')  # somebody else was faster
            return folder / 'usr/bin'
    except (OSError, subprocess.SubprocessError) as why:
        tap.skip_all(f'the package prometheus can not be had: {why}')


def newest_client():
    """The folder to import the newest prometheus_client from: of a virtual environment that is made once."""
    cache = cache_folder()
    folder = cache / f'prometheus-client-{CLIENT}'
    try:
        if not folder.exists():
            cache.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=cache) as room:
                for command in ([sys.executable, '-m', 'venv', f'{room}/made'],
                                [f'{room}/made/bin/python', '-m', 'pip', 'install', f'prometheus_client=={CLIENT}']):
                    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
                    if done.returncode != 0:
                        last = ((done.stderr.strip() or done.stdout.strip()).splitlines() or ['no reason is told'])[-1]
                        tap.skip_all(f'prometheus_client {CLIENT} can not be had: {last}')
                try:
                    os.rename(f'{room}/made', folder)  # whole, or not there; only what is imported is used of it
                except OSError:
                    holds(folder.exists(), f'{folder} can not be made')  # somebody else was faster
        (modules,) = folder.glob('lib/python3.*/site-packages')
        return modules
    except (OSError, subprocess.SubprocessError) as why:
        tap.skip_all(f'prometheus_client {CLIENT} can not be had: {why}')


def built(name):
    """The folder of what real/build makes from Go modules."""
    script = pathlib.Path(__file__).resolve().parent / 'real/build'
    done = subprocess.run([script, name], capture_output=True, text=True)
    if done.returncode == 3:
        tap.skip_all(done.stderr.strip().splitlines()[-1])
    if done.returncode != 0:
        raise RuntimeError(f'{script} {name}: {done.stderr[-2000:]}')
    return pathlib.Path(done.stdout.strip())
