"""Scanning by a real daemon: only what it looked through and passed is ever opened."""

import gzip
import io
import socket
import threading
import zipfile
from contextlib import contextmanager
from datetime import timedelta

import pytest

from accounts.models import AuditEvent
from reviews import policy
from reviews.exceptions import NotPermitted
from reviews.models import DocumentVersion, Notice
from reviews.models.document import ScanState
from reviews.policy import Action
from reviews.services import downloads, health, scanning, scans
from tests import factories
from tests.scanner import EICAR
from tests.services.lab_pages import text_of, url

pytestmark = pytest.mark.django_db
NOTHING = dict.fromkeys(ScanState, 0)


def added(people, content=b"# Card\n\nText.\n", name="card.md", **document):
    """The version of a document that was just added to a draft."""
    row = factories.document(
        factories.draft(people), people, content=content, name=name, **document
    )
    return row.versions.get()


def readable(version, reader, at):
    return policy.may(reader, Action.READ_DOCUMENT, version, at=at)


def pdf_with(content):
    """A PDF that carries ``content`` in a stream."""
    from fpdf import FPDF

    paper = FPDF()
    paper.add_page()
    paper.embed_file(basename="attached.txt", bytes=content)
    return bytes(paper.output())


def test_what_is_added_is_closed_until_the_scanner_passed_it(clamd, people, start):
    version = added(people)
    assert (version.scan_state, version.scan_note) == ("waiting", scanning.WAITS)
    assert not readable(version, people.northlight_liaison, start)
    with pytest.raises(NotPermitted):
        downloads.open_for_reading(version, by=people.northlight_liaison, at=start)

    assert scans.scan_waiting() == NOTHING | {"clean": 1}

    version.refresh_from_db()
    assert (version.scan_state, version.scan_note) == ("clean", "Scanned: nothing was found.")
    assert (version.scanned_at, version.scan_claimed_until) == (start, None)
    assert version.scanner.startswith("ClamAV ")
    assert version.scanner.endswith("test signatures only")
    assert readable(version, people.northlight_liaison, start)
    event = AuditEvent.objects.get(action="document.scanned")
    assert event.object_reference == str(version.document.key)
    assert event.details == {
        "version": 1,
        "sha256": version.sha256,
        "state": "clean",
        "found": "Scanned: nothing was found.",
        "scanner": version.scanner,
    }
    assert not Notice.objects.filter(kind="file_quarantined").exists()
    assert scans.scan_waiting() == NOTHING


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("plain.txt", EICAR),
        ("after.md", b"# Card\n\n" * 40_000 + EICAR),
        ("attached.pdf", pdf_with(EICAR)),
    ],
    ids=["plain", "after other text", "in a PDF"],
)
def test_what_is_infected_is_kept_closed_and_the_lab_is_told(clamd, people, start, name, content):
    version = added(people, content, name)
    assert scans.scan_waiting() == NOTHING | {"infected": 1}
    version.refresh_from_db()
    assert version.scan_note.startswith("The scanner found Test.EICAR")
    assert not readable(version, people.northlight_liaison, start)
    told = Notice.objects.filter(kind="file_quarantined").order_by("recipient__email")
    assert {notice.recipient for notice in told} == {
        people.northlight_liaison,
        people.northlight_admin,
    }
    # The bytes are evidence, and the lab's copy of record.
    with version.open() as file:
        assert file.read() == content


@pytest.mark.parametrize("wrap", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])
def test_the_scanner_looks_into_archives_in_archives(clamd, wrap):
    content = EICAR
    for name in ("a.txt", "b.zip"):
        box = io.BytesIO()
        with zipfile.ZipFile(box, "w", wrap) as archive:
            archive.writestr(name, content)
        content = box.getvalue()
    verdict = scanning.ClamAV().scan(io.BytesIO(content), len(content))
    assert verdict.state is ScanState.INFECTED
    packed = gzip.compress(content)
    assert scanning.ClamAV().scan(io.BytesIO(packed), len(packed)).state is ScanState.INFECTED


def test_a_file_over_the_scanners_limit_is_not_passed(clamd, people, settings, start):
    version = added(people, pdf_with(b"x" * 1024), "large.pdf")
    settings.CLAMD_MAX_BYTES = 1024
    assert scans.scan_waiting() == NOTHING | {"unscannable": 1}
    version.refresh_from_db()
    assert version.scan_note == "The scanner takes at most 0 MB of such a file."
    assert not readable(version, people.northlight_liaison, start)
    assert Notice.objects.filter(kind="file_quarantined").count() == 2


@pytest.mark.parametrize("before", [0, 1, 500_000, 1_000_000 - 40, 1_000_000, 2_999_990, 4_000_000])
def test_text_over_the_limit_is_scanned_in_parts_that_overlap(clamd, settings, before):
    settings.CLAMD_MAX_BYTES = 1_000_000
    clamd.kill()
    clamd.start(StreamMaxLength="1000000")
    content = b"line\n" * 800_000
    scanner = scanning.ClamAV()
    verdict = scanner.scan(io.BytesIO(content), len(content), in_parts=True)
    assert (verdict.state, verdict.note) == (
        ScanState.CLEAN,
        "Scanned in parts: nothing was found.",
    )
    content = content[:before] + EICAR + content[before:]
    verdict = scanner.scan(io.BytesIO(content), len(content), in_parts=True)
    assert verdict.state is ScanState.INFECTED


def test_a_long_scan_keeps_its_claim_and_ends_when_it_is_lost(
    clamd, people, start, move_clock, monkeypatch
):
    monkeypatch.setattr(scans, "RENEWED_AFTER", -1)
    version = added(people)
    claimed = scans.claim(start)
    move_clock(start + timedelta(minutes=5))
    with version.open() as file:
        scans._Hashed(file, claimed).read(1)
        version.refresh_from_db()
        assert version.scan_claimed_until == claimed.scan_claimed_until
        assert version.scan_claimed_until > start + timedelta(minutes=10)
        DocumentVersion.objects.update(scan_claimed_until=None)
        with pytest.raises(scans.ClaimLost):
            scans._Hashed(file, claimed).read(1)


def test_what_the_daemon_gave_up_on_is_not_passed(clamd):
    clamd.kill()
    clamd.start(MaxScanSize="1M")
    box = io.BytesIO()
    with zipfile.ZipFile(box, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("large.txt", b"a" * 8 * 1024 * 1024)
    verdict = scanning.ClamAV().scan(io.BytesIO(box.getvalue()), len(box.getvalue()))
    assert verdict.state is ScanState.UNSCANNABLE
    assert verdict.note == scanning.UNFINISHED["Heuristics.Limits.Exceeded"]


def never_opened(version, reader, at):
    version.refresh_from_db()
    assert version.scan_state == "waiting"
    assert version.scan_attempts > 0
    assert version.scan_note == f"{scanning.WAITS} It gave no answer so far; it is asked again."
    return not readable(version, reader, at)


def test_a_scanner_that_is_away_only_delays(clamd, people, start, move_clock, settings):
    clamd.kill()
    version = added(people)
    assert scans.scan_waiting() == NOTHING | {"waiting": 1}
    assert never_opened(version, people.northlight_liaison, start)
    assert scans.scan_waiting() == NOTHING  # not before its time
    clamd.start()
    move_clock(start + timedelta(seconds=settings.SCAN_RETRY_SECONDS))
    assert scans.scan_waiting() == NOTHING | {"clean": 1}


def test_a_scanner_that_hangs_is_left_and_asked_again(clamd, people, start, move_clock, settings):
    settings.CLAMD_TIMEOUT_SECONDS = 0.3
    version = added(people)
    clamd.hang()
    assert scans.scan_waiting() == NOTHING | {"waiting": 1}
    assert never_opened(version, people.northlight_liaison, start)
    clamd.go_on()
    settings.CLAMD_TIMEOUT_SECONDS = 30
    move_clock(start + timedelta(seconds=settings.SCAN_RETRY_SECONDS))
    assert scans.scan_waiting() == NOTHING | {"clean": 1}


def test_a_scanner_killed_in_the_middle_has_said_nothing(clamd, people, start, monkeypatch):
    version = added(people, b"line\n" * 2_000_000)
    read = scans._Hashed.read
    done = []

    def read_and_kill(self, size):
        done.append(size)
        if len(done) == 1000:
            clamd.kill()
        return read(self, size)

    monkeypatch.setattr(scans._Hashed, "read", read_and_kill)
    assert scans.scan_waiting() == NOTHING | {"waiting": 1}
    assert len(done) >= 1000
    assert never_opened(version, people.northlight_liaison, start)


@contextmanager
def answering(words):
    """A server that takes whatever comes for a moment, says ``words`` and closes; its address."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer():
            while True:
                try:
                    there, _ = server.accept()
                except OSError:
                    return
                with there:
                    there.settimeout(0.2)
                    try:
                        while there.recv(65536):
                            pass
                    except OSError:
                        pass
                    there.sendall(words)

        threading.Thread(target=answer, daemon=True).start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    "words",
    [
        b"",
        b"\n",
        b"\xff\xfe\x00\n",
        b"OK\n",
        b"stream: OK, more or less\n",
        b"stream: lstat() failed: Permission denied. ERROR\n",
        b"COMMAND READ TIMED OUT\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
    ],
)
def test_nonsense_is_no_verdict(people, start, settings, words):
    settings.CLAMD = "127.0.0.1:1"
    version = added(people)
    with answering(words) as address:
        settings.CLAMD = address
        with pytest.raises(scanning.NoVerdict):
            scanning.ClamAV().scan(io.BytesIO(b"text"), 4)
        assert scans.scan_waiting() == NOTHING | {"waiting": 1}
    assert never_opened(version, people.northlight_liaison, start)


def test_what_was_changed_on_the_disk_is_not_passed(clamd, people, document_store):
    version = added(people)
    (path,) = (path for path in document_store.rglob("*") if path.is_file())
    path.write_bytes(b"# Another card\n")
    assert scans.scan_waiting() == NOTHING | {"unscannable": 1}
    version.refresh_from_db()
    assert version.scan_note == scans.CHANGED


def test_what_is_missing_on_the_disk_waits_and_stops_nothing_else(
    clamd, people, document_store, caplog
):
    missing = added(people)
    (path,) = (path for path in document_store.rglob("*") if path.is_file())
    path.unlink()
    there = added(people, b"Another.\n")
    assert scans.scan_waiting() == NOTHING | {"waiting": 1, "clean": 1}
    there.refresh_from_db()
    missing.refresh_from_db()
    assert (missing.scan_state, there.scan_state) == ("waiting", "clean")
    assert "Scan of version 1 of" in caplog.text
    assert missing.scan_note.endswith("That failed, and is tried again.")


def test_one_version_is_scanned_by_one_worker_until_its_lease_runs_out(
    clamd, people, start, move_clock, settings
):
    version = added(people)
    first = scans.claim(start)
    assert first == version
    assert scans.claim(start) is None
    lease = timedelta(seconds=2 * settings.CLAMD_TIMEOUT_SECONDS)
    assert scans.claim(start + lease - timedelta(microseconds=1)) is None
    move_clock(start + lease)
    second = scans.claim(start + lease)
    assert second == version
    # Whoever lost the claim says nothing more.
    clean = scanning.Verdict(ScanState.CLEAN, "Scanned: nothing was found.")
    assert scans._record(first, clean, "ClamAV") == ScanState.WAITING
    scans._defer(first, "It broke off.")
    version.refresh_from_db()
    assert (version.scan_state, version.scan_attempts) == ("waiting", 0)
    assert not AuditEvent.objects.filter(action="document.scanned").exists()
    assert scans._record(second, clean, "ClamAV") == ScanState.CLEAN


def test_health_says_what_waits_and_whether_the_scanner_answers(clamd, people, start, move_clock):
    def part(broker=None):
        return {part.code: part for part in health.parts(health.facts(), broker=broker)}["scanner"]

    assert (part().state, part().words) == ("working", "No document waits.")
    assert "test signatures only. No document waits." in part(broker=True).words
    added(people)
    move_clock(start + timedelta(minutes=6))
    assert part().state == "late"
    move_clock(start + timedelta(minutes=31))
    assert (part().state, part().is_wrong) == ("not_working", True)
    assert part().words == "1 document not scanned, the oldest for 31 minutes."
    clamd.kill()
    assert part(broker=True).words.startswith("It does not answer: Error 111 connecting")
    DocumentVersion.objects.update(scan_state="clean")
    assert part(broker=True).state == "not_working"


def test_auditors_see_hashes_and_neither_names_nor_bytes(clamd, people, client):
    version = added(people, EICAR, "secret-plan.txt", title="A title")
    scans.scan_waiting()
    client.force_login(people.auditor)
    page = text_of(client.get(url("quarantine-list")))
    assert version.sha256 in page
    assert "The scanner found Test.EICAR" in page
    assert version.document.submission.reference in page
    assert "secret-plan" not in page
    assert "A title" not in page
    assert client.get(url("version-download", version.document.key, 1)).status_code == 404
