# SPDX-License-Identifier: MIT
"""nginx before a receiver, with TLS, and the certificates for it, which openssl makes for this run."""
import contextlib
import pathlib
import shutil
import socket
import subprocess
import tempfile

import tap
from reference import LIMIT, wait_until

# Whom a certificate names, and for how many days it holds.
SERVERS = {'good': ('ca', 'IP:127.0.0.1,DNS:localhost', 2), 'stranger': ('other', 'IP:127.0.0.1', 2),
           'expired': ('ca', 'IP:127.0.0.1', -1), 'elsewhere': ('ca', 'DNS:elsewhere.test', 2),
           'client': ('ca', 'DNS:client.test', 2)}


class Certificates:
    """PEM files in a folder of their own: ca and other are authorities, of which only ca is trusted. `with` removes
    them."""

    def __init__(self):
        if shutil.which('openssl') is None:
            raise tap.Skipped('there is no openssl to make certificates with')
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix='tacho-certificates-'))
        for name in ('ca', 'other'):
            self._run('req', '-x509', *self._key(name), '-out', f'{name}.pem', '-days', '2', '-subj',
                      f'/CN={name} authority', '-addext', 'basicConstraints=critical,CA:TRUE')
        for name, (by, names, days) in SERVERS.items():
            (self.folder / 'names').write_text(f'subjectAltName={names}\n')
            self._run('req', *self._key(name), '-out', 'asked', '-subj', f'/CN={name}')
            self._run('x509', '-req', '-in', 'asked', '-CA', f'{by}.pem', '-CAkey', f'{by}.key', '-CAcreateserial',
                      '-days', str(days), '-extfile', 'names', '-out', f'{name}.pem')

    @staticmethod
    def _key(name):
        return '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', f'{name}.key'

    def _run(self, *arguments):
        done = subprocess.run(['openssl', *arguments], cwd=self.folder, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f'openssl {" ".join(arguments)}: {done.stderr}')

    def path(self, name):
        return str(self.folder / name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder)


def find():
    """Where nginx is, which is not in everybody's PATH; skips the check when there is none."""
    found = shutil.which('nginx') or shutil.which('nginx', path='/usr/sbin:/usr/local/sbin:/sbin')
    if found is None:
        raise tap.Skipped('there is no nginx; on Debian it is in nginx-light')
    return found


class Nginx:
    """Passes on what it gets by TLS on a port of its own to the receiver's. `with` ends it."""

    def __init__(self, certificates, to):
        self.program, self.certificates, self.to = find(), certificates, to
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix='tacho-nginx-'))
        # Bound here as well, so that nobody else is given the port while nginx is not there.
        self.bound = socket.socket()
        self.bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.bound.bind(('127.0.0.1', 0))
        self.port = self.bound.getsockname()[1]
        self.url = f'https://127.0.0.1:{self.port}'
        self.process = None
        self.start()

    def start(self, certificate='good', asks=False):
        """With this certificate, also again; `asks`: whoever connects must have one of the same authority."""
        self.stop()
        made = self.certificates
        ask = f'ssl_client_certificate {made.path("ca.pem")}; ssl_verify_client on;' if asks else ''
        # One process, which nobody has to be root for, and which ends when it is told to.
        (self.folder / 'nginx.conf').write_text(f'''
            daemon off; master_process off; pid {self.folder}/pid; error_log {self.folder}/log warn;
            events {{ worker_connections 64; }}
            http {{
                access_log off; client_body_temp_path {self.folder}/body; proxy_temp_path {self.folder}/proxy;
                fastcgi_temp_path {self.folder}/f; uwsgi_temp_path {self.folder}/u; scgi_temp_path {self.folder}/s;
                server {{
                    listen 127.0.0.1:{self.port} ssl;
                    ssl_certificate {made.path(certificate)}.pem; ssl_certificate_key {made.path(certificate)}.key;
                    {ask}
                    location / {{ proxy_pass http://127.0.0.1:{self.to}; proxy_read_timeout {LIMIT}s; }}
                }}
            }}''')
        self.process = subprocess.Popen([self.program, '-c', self.folder / 'nginx.conf', '-p', self.folder, '-e',
                                         self.folder / 'log'], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        wait_until(self._listens, 'nginx listens')

    def _listens(self):
        if self.process.poll() is not None:
            raise AssertionError(f'nginx ended: {(self.folder / "log").read_text()}')
        # It writes this file once it has bound its port and before it waits for connections, which the system keeps.
        return (self.folder / 'pid').exists() and (self.folder / 'pid').read_text().strip() == str(self.process.pid)

    def stop(self):
        if self.process is not None:
            while self.process.poll() is None:  # a signal that comes before nginx waits for events, it sees at the next
                self.process.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.process.wait(0.1)
            self.process = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        self.bound.close()
        shutil.rmtree(self.folder)
