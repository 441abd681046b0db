"""A large file goes in and out through a real web server in flat memory.

``LARGE_MIB=5120 python3 run.py test -n 0 -s tests/faults/test_large_files.py`` is the size that
is claimed. What it prints are ratios to cp and sha256sum of the same file in the same run.
"""

import base64
import hashlib
import http.client
import os
import subprocess
import threading
import time
from contextlib import ExitStack

import psutil
import pytest
from django.urls import reverse

from reviews.models import DocumentVersion, Upload
from tests import factories
from tests.benchmarks.people import cookies
from tests.faults.conftest import HERE
from tests.services.lab_pages import DOCUMENT

pytestmark = pytest.mark.postgresql
MEBIBYTE = 1024 * 1024
SIZE = int(os.environ.get("LARGE_MIB", "256")) * MEBIBYTE
MOST_MEMORY = 300 * MEBIBYTE
TOKEN = "a" * 32


class Peak:
    """The most resident memory that any process of the server has had."""

    def __init__(self, process):
        self.bytes, self._process, self._over = 0, psutil.Process(process.pid), threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()

    def _watch(self):
        while not self._over.wait(0.05):
            for each in (self._process, *self._process.children(recursive=True)):
                self.bytes = max(self.bytes, each.memory_info().rss)


class Lab:
    """The liaison's requests, each on a connection of its own."""

    def __init__(self, server, session):
        self.port, self.cookie = server.port, f"{session}; csrf={TOKEN}"
        self.until_done = ExitStack()

    def ask(self, method, address, body=None, **headers):
        connection = http.client.HTTPConnection(HERE, self.port, timeout=600, blocksize=MEBIBYTE)
        self.until_done.callback(connection.close)
        named = {name.replace("_", "-"): str(value) for name, value in headers.items()}
        named |= {"Cookie": self.cookie, "X-CSRFToken": TOKEN, "Tus-Resumable": "1.0.0"}
        connection.request(method, address, body=body, headers=named)
        return self.until_done.enter_context(connection.getresponse())


def seconds(act):
    begun = time.monotonic()
    answer = act()
    return time.monotonic() - begun, answer


@pytest.fixture
def large(tmp_path):
    """(the file, its SHA-256)."""
    path, digest = tmp_path / "large.txt", hashlib.sha256()
    block = b"%063d\n" % 14409 * (MEBIBYTE // 64)
    with path.open("wb") as file:
        for _ in range(SIZE // MEBIBYTE):
            file.write(block)
            digest.update(block)
    return path, digest.hexdigest()


def test_a_large_file_arrives_and_leaves_in_flat_memory(
    server, people_now, large, tmp_path, capsys, request
):
    path, sha256 = large
    draft = factories.draft(people_now)
    session = cookies(vars(people_now), "northlight_liaison")["northlight_liaison"]
    lab = Lab(server, session)
    request.addfinalizer(lab.until_done.close)

    def copy_and_hash():
        copy = tmp_path / "copy"
        subprocess.run(["cp", path, copy], check=True)  # noqa: S603, S607 - the yardstick
        subprocess.run(["sha256sum", copy], check=True, stdout=subprocess.DEVNULL)  # noqa: S603, S607
        copy.unlink()

    base, _ = seconds(copy_and_hash)
    name = base64.b64encode(b"large.txt").decode()
    begun = lab.ask(
        "POST",
        reverse("reviews:upload-add", args=[draft.reference]),
        Upload_Length=SIZE,
        Upload_Metadata=f"filename {name}",
    )
    assert begun.status == 201

    def send():
        with path.open("rb") as body:
            return lab.ask(
                "PATCH",
                begun.getheader("Location"),
                body,
                Content_Type="application/offset+octet-stream",
                Content_Length=SIZE,
                Upload_Offset=0,
            ).status

    with Peak(server.process) as up:
        sending, status = seconds(send)
    assert status == 204
    upload = Upload.objects.get()
    assert upload.sha256 == sha256

    form = "&".join(
        f"{field}={value}"
        for field, value in (DOCUMENT | {"title": "Large", "uploads": upload.pk}).items()
    )
    address = reverse("reviews:document-add", args=[draft.reference])
    kind = "application/x-www-form-urlencoded"
    with Peak(server.process) as adding:
        describing, answer = seconds(lambda: lab.ask("POST", address, form, Content_Type=kind))
    assert answer.status == 302
    version = DocumentVersion.objects.get()
    assert (version.sha256, version.size) == (sha256, SIZE)

    def take():
        digest = hashlib.sha256()
        answer = lab.ask("GET", f"/documents/{version.document.key}/1/download/")
        assert answer.status == 200
        while data := answer.read(MEBIBYTE):
            digest.update(data)
        return digest.hexdigest()

    with Peak(server.process) as down:
        taking, received = seconds(take)
    assert received == sha256
    peaks = {"in": up.bytes, "described": adding.bytes, "out": down.bytes}
    with capsys.disabled():
        print(
            f"\nlarge file: {SIZE // MEBIBYTE} MiB; cp and sha256sum {base:.1f} s; in "
            f"{sending:.1f} s (ratio {base / sending:.2f}), described {describing:.1f} s, out "
            f"{taking:.1f} s (ratio {base / taking:.2f}); peak memory of a process "
            + ", ".join(f"{what} {peak // MEBIBYTE} MiB" for what, peak in peaks.items())
        )
    assert max(peaks.values()) < MOST_MEMORY
