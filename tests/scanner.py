"""A real ClamAV daemon on loopback, which knows one signature: the EICAR test file's."""

import re
import signal
import subprocess
import time

import pytest

from deploy.local import ports, services

# Harmless, and found by every scanner; in parts, so that none finds it in this checkout.
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!" + b"$H+H*"


class Daemon:
    """The process: it can be killed, started again, and made to hang."""

    def __init__(self, folder):
        self.folder, self.port, self.process = folder, ports.free(), None

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def start(self, **limits):
        command = services.scanner_command(self.folder, self.port)
        for name, value in limits.items():
            settings = command[-1].read_text()
            command[-1].write_text(re.sub(f"^{name} .*", f"{name} {value}", settings, flags=re.M))
        with (self.folder / "clamd.log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)  # noqa: S603 - ours
        until = time.monotonic() + 30
        while not services.scanner_answers(self.port):
            assert time.monotonic() < until, (self.folder / "clamd.log").read_text()
            time.sleep(0.02)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def hang(self):
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)


@pytest.fixture
def clamd(settings, tmp_path):
    """The daemon, running, and settings that name it."""
    folder = tmp_path / "clamd"
    folder.mkdir()
    daemon = Daemon(folder)
    daemon.start()
    settings.CLAMD = daemon.address
    yield daemon
    daemon.kill()
