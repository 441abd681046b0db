"""One real web worker on loopback, and asking it for pages the way a browser does."""

import http.client
import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

HERE = "127.0.0.1"
BASE_DIR = Path(__file__).resolve().parents[2]
PATIENCE = 30  # seconds
COUNT = {"X-Count-Queries": "yes"}


class WorkerError(Exception):
    """The worker did not start, or answered with an error; the message says which page."""


@dataclass(frozen=True)
class Answer:
    """One page as it came back, and how long it took from connecting to the last byte."""

    milliseconds: float
    body: bytes
    queries: int | None


@dataclass(frozen=True)
class Worker:
    """A running gunicorn with one worker process of one thread."""

    port: int
    master: psutil.Process

    def get(self, path: str, cookie: str, *, count: bool = False) -> Answer:
        """The page at ``path`` for the person of ``cookie``. Raises WorkerError unless 200."""
        headers = {"Cookie": cookie} | (COUNT if count else {})
        connection = http.client.HTTPConnection(HERE, self.port, timeout=PATIENCE)
        try:
            start = time.perf_counter()
            connection.request("GET", path, headers=headers)
            response = connection.getresponse()
            body = response.read()
            took = (time.perf_counter() - start) * 1000
        finally:
            connection.close()
        if response.status != 200:
            raise WorkerError(f"{path} answered {response.status}: {body[:500]!r}")
        queries = response.getheader("X-Queries")
        return Answer(took, body, int(queries) if queries else None)

    def memory(self) -> float:
        """The resident memory of the worker process, in MiB."""
        (process,) = self.master.children()
        return process.memory_info().rss / 2**20


@contextmanager
def running(application: str, settings: str):
    """Inside, gunicorn serves ``application`` under ``settings``; ended by its own pid after."""
    with socket.socket() as free:
        free.bind((HERE, 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(  # noqa: S603 - every word is ours
        [
            *(sys.executable, "-m", "gunicorn", application, "--bind", f"{HERE}:{port}"),
            *("--workers", "1", "--worker-class", "sync", "--no-control-socket"),
            *("--log-level", "warning", "--timeout", "120"),
        ],
        cwd=BASE_DIR,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": settings, "FOREVIEW_TEST": "1"},
    )
    try:
        _wait(process, port)
        yield Worker(port, psutil.Process(process.pid))
    finally:
        process.terminate()
        try:
            process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process, port):
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if process.poll() is not None:
            raise WorkerError(f"gunicorn ended with exit code {process.returncode}.")
        with socket.socket() as probe:
            if probe.connect_ex((HERE, port)) == 0:
                return
        time.sleep(0.1)
    raise WorkerError(f"gunicorn did not listen within {PATIENCE} seconds.")
