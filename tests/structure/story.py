# SPDX-License-Identifier: MIT
"""Does what a page of documentation tells its reader to do, in the order of the page and in a folder of its own: writes
its files, runs its commands, compares what they print. `<!-- file: NAME -->` before a block names a file, `<!-- run -->`
before commands runs them, `<!-- start -->` leaves a program running until the page ends."""
import http.server
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

from toolchain import ROOT, SINGLE

WAIT = 30  # seconds, for what takes a fraction of one


def file_of(block):
    """The name of the file that a block is, or nothing."""
    match = re.match(r'file: ([\w./-]+)', block.remark)
    return match[1] if match else None


def is_step(block):
    return file_of(block) is not None or block.remark in ('run', 'start')


class Receiver(http.server.ThreadingHTTPServer):
    """Takes pushes where a page has a collector."""
    daemon_threads = True

    def __init__(self, port):
        self.bodies = []
        super().__init__(('127.0.0.1', port), Take)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Take(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.server.bodies.append(self.rfile.read(int(self.headers['Content-Length'])).decode())
        self.send_response(200)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', '2')
        self.end_headers()
        self.wfile.write(b'{}')

    def log_message(self, *_):
        pass


def free_port():
    with socket.socket() as made:
        made.bind(('127.0.0.1', 0))
        return made.getsockname()[1]


class Story:
    """The ports that a page names may be in use here: others take their place, and what is printed is turned back."""

    def __init__(self, blocks):
        self.blocks = [b for b in blocks if is_step(b)]
        self.ports = {port: str(free_port()) for port in ('8080', '4318')}
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.running, self.receiver = None, None

    def here(self, text):
        for port, free in self.ports.items():
            text = re.sub(rf'\b{port}\b', free, text)
        return text

    def there(self, text):
        for port, free in self.ports.items():
            text = text.replace(free, port)
        return text

    def environment(self):
        clean = {k: v for k, v in os.environ.items() if not k.startswith(('OTEL_', 'SHOP_', 'CXX', 'CPPFLAGS'))}
        return clean | {'NO_PROXY': '*'}

    def prepare(self):
        """What a reader has: this repository, here as the folder that was copied out of it and as a subproject."""
        (self.folder / 'single_include').symlink_to(SINGLE)
        if any(file_of(b) == 'subprojects/tacho.wrap' for b in self.blocks):
            shutil.copytree(ROOT, self.folder / 'subprojects/tacho', ignore=shutil.ignore_patterns(
                'build', '.git', 'subprojects', '__pycache__'))

    def missing(self, block):
        """A program that the block begins a line with and that is not here."""
        for line in re.sub(r'\\\n', ' ', block.code).splitlines():
            words = [w for w in line.split() if not re.match(r'\w+=', w)]
            if words and '/' not in words[0] and words[0] != 'cd' and shutil.which(words[0]) is None:
                return words[0]
        return None

    def run(self, block):
        done = subprocess.run(['bash', '-e', '-c', self.here(block.code)], cwd=self.folder, text=True,
                              capture_output=True, env=self.environment(), timeout=1500)
        said = self.there(done.stdout)
        if done.returncode != 0:
            return f'exit status {done.returncode}: {said[-2000:]}{done.stderr[-4000:]}'
        if block.printed is not None and not said.endswith(block.printed):
            return f'it prints:\n{said}'
        return ''

    def start(self, block):
        """Until it has printed what the page shows."""
        self.receiver = Receiver(int(self.ports['4318']))
        self.running = subprocess.Popen(['bash', '-c', 'exec env ' + self.here(block.code)], cwd=self.folder, text=True,
                                        stdout=subprocess.PIPE, env=self.environment(), start_new_session=True)
        alarm = threading.Timer(WAIT, self.running.kill)
        alarm.start()
        said = ''.join(self.running.stdout.readline() for _ in block.printed.splitlines())
        alarm.cancel()
        if self.there(said) != block.printed:
            return f'it prints:\n{self.there(said)}'
        until = time.monotonic() + WAIT
        while True:  # its server listens
            with socket.socket() as asks:
                if asks.connect_ex(('127.0.0.1', int(self.ports['8080']))) == 0:
                    return ''
            if time.monotonic() > until or self.running.poll() is not None:
                return 'nobody listens at port 8080'
            time.sleep(0.01)

    def end(self):
        """What was started ends when it is asked to, and has pushed what the page recorded."""
        self.running.send_signal(signal.SIGTERM)
        try:
            status = self.running.wait(WAIT)
        except subprocess.TimeoutExpired:
            return 'it does not end at SIGTERM'
        if status != 0:
            return f'exit status {status} at its end'
        names = re.findall(r'"name":"(shop\.\w+)"', ''.join(self.receiver.bodies))
        return '' if {'shop.orders', 'shop.checkout'} <= set(names) else f'it pushed {sorted(set(names))}'

    def wrong_with(self):
        """Also which step is to blame; `SKIP` and why where a program is missing."""
        skipped = []
        try:
            self.prepare()
            for block in self.blocks:
                name = file_of(block)
                if name is not None:
                    (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
                    (self.folder / name).write_text(self.here(block.code))
                    continue
                if program := self.missing(block):
                    skipped.append(f'line {block.line}: there is no {program}')
                    continue
                if wrong := (self.run if block.remark == 'run' else self.start)(block):
                    return f'line {block.line}, {block.code.splitlines()[0]}\n{wrong}'
            if self.running is not None and (wrong := self.end()):
                return wrong
            return 'SKIP ' + '; '.join(skipped) if skipped else ''
        finally:
            if self.running is not None and self.running.poll() is None:
                self.running.kill()
                self.running.wait()
            if self.receiver is not None:
                self.receiver.shutdown()
                self.receiver.server_close()
            shutil.rmtree(self.folder)
