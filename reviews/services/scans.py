"""Scanning what waits: one version claimed at a time, tried until a scanner has answered.

A verdict commits with its event in the audit log. Nothing but a verdict opens a file, so a
scanner that is away, hangs or talks nonsense delays reading and does nothing else.
"""

import hashlib
import logging
import time
from datetime import datetime, timedelta
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import transaction
from django.db.models import Count, Min, Q, QuerySet

from accounts import audit
from reviews import audience
from reviews.models import DocumentVersion
from reviews.models.document import ScanState
from reviews.models.notice import NoticeKind
from reviews.policy import Action
from reviews.services import notices, outbox, rows, scanning, timekeeping
from reviews.services.outbox import Since
from reviews.services.scanning import NoVerdict, Scanner, Verdict

LONGEST = timedelta(minutes=10)
# Of one turn. What it began may last longer than the broker waits: others find it claimed.
BEGINS = timedelta(minutes=1)
CHANGED = "The stored file is not the one that was uploaded."

RENEWED_AFTER = 30.0  # seconds
# Of these what is too large for the scanner in one piece is scanned in parts.
TEXT = frozenset({"text/markdown", "text/plain", "text/csv", "application/json"})

log = logging.getLogger(__name__)


class ClaimLost(Exception):
    """Another worker scans the version now."""


def scan_waiting() -> dict[str, int]:
    """What waited was scanned, or tried; how many became what."""
    counts = {state.value: 0 for state in ScanState}
    scanner, begun = scanning.scanner(), Since(timekeeping.now())
    while scanner and begun.age() < BEGINS and (version := claim(timekeeping.now())):
        counts[_scan(version, scanner)] += 1
    return counts


def waiting() -> QuerySet[DocumentVersion]:
    """Versions of which no scanner has said anything yet, the oldest first."""
    return DocumentVersion.objects.filter(scan_state=ScanState.WAITING).order_by(
        "uploaded_at", "pk"
    )


def backlog(most: int) -> tuple[int, datetime | None]:
    """(how many wait, counted up to ``most``; since when the oldest of them does)."""
    found = waiting()[:most].aggregate(number=Count("pk"), oldest=Min("uploaded_at"))
    return found["number"], found["oldest"]


@transaction.atomic
def claim(at: datetime) -> DocumentVersion | None:
    """The next version to scan, which nobody else scans until the lease runs out."""
    due = Q(next_scan_at__isnull=True) | Q(next_scan_at__lte=at)
    free = Q(scan_claimed_until__isnull=True) | Q(scan_claimed_until__lte=at)
    found = waiting().filter(due, free).select_related("document__submission__model_version__lab")
    version = outbox.locked(found).first()
    if version is not None:
        version.scan_claimed_until = at + _lease()
        version.save(update_fields=["scan_claimed_until"])
    return version


def _lease() -> timedelta:
    """The daemon may be silent for as long as the timeout after it has taken the last byte."""
    return timedelta(seconds=2 * settings.CLAMD_TIMEOUT_SECONDS)


def _scan(version: DocumentVersion, scanner: Scanner) -> str:
    """What became of it: where the file or the scanner fails, it is offered again later."""
    try:
        engine = scanner.version()
        return _record(version, _verdict(version, scanner), engine)
    except ClaimLost:
        return ScanState.WAITING
    except NoVerdict as error:
        log.warning("Scan of %s: %s", _name(version), outbox.one_line(str(error)))
        _defer(version, "It gave no answer so far; it is asked again.")
        return ScanState.WAITING
    except SoftTimeLimitExceeded:
        raise  # the worker is about to be killed; the claim runs out, and another takes it
    except Exception:  # one file that cannot be read must not stop the others
        log.exception("Scan of %s", _name(version))
        _defer(version, "That failed, and is tried again.")
        return ScanState.WAITING


def _name(version: DocumentVersion) -> str:
    """What the server's log calls it, which has no names of files."""
    return f"version {version.number} of {version.document.key}"


def _verdict(version: DocumentVersion, scanner: Scanner) -> Verdict:
    with version.open() as file:
        read = _Hashed(file, version)
        verdict = scanner.scan(read, version.size, in_parts=version.content_type in TEXT)
        while read.read(1024 * 1024):  # the daemon may have heard enough before the end
            pass
    if read.digest.hexdigest() != version.sha256:
        return Verdict(ScanState.UNSCANNABLE, CHANGED)
    return verdict


class _Hashed:
    """A file whose bytes are hashed as they are read: what was scanned is what was uploaded.

    While it is read the claim on the version is renewed. Raises ClaimLost once it is another's.
    """

    def __init__(self, file: Any, version: DocumentVersion) -> None:
        self.file, self.version, self.digest = file, version, hashlib.sha256()
        self._renewed_at = time.monotonic()

    def read(self, size: int) -> bytes:
        if time.monotonic() - self._renewed_at > RENEWED_AFTER:
            _renew(self.version)
            self._renewed_at = time.monotonic()
        data: bytes = self.file.read(size)
        self.digest.update(data)
        return data


def _renew(version: DocumentVersion) -> None:
    until = timekeeping.now() + _lease()
    if not _ours(version).update(scan_claimed_until=until):
        raise ClaimLost
    version.scan_claimed_until = until


def _ours(version: DocumentVersion) -> QuerySet[DocumentVersion]:
    return waiting().filter(pk=version.pk, scan_claimed_until=version.scan_claimed_until)


def _defer(version: DocumentVersion, text: str) -> None:
    attempts = version.scan_attempts + 1
    first = timedelta(seconds=settings.SCAN_RETRY_SECONDS)
    at = timekeeping.now()
    later = outbox.deferred(attempts, text, at=at, first=first, longest=LONGEST)
    _ours(version).update(
        scan_attempts=attempts,
        next_scan_at=later["next_attempt_at"],
        scan_claimed_until=None,
        scan_note=f"{scanning.WAITS} {text}",
    )


@transaction.atomic
def _record(version: DocumentVersion, verdict: Verdict, engine: str) -> str:
    """The verdict stands, with its event, and the lab hears of a file in quarantine.

    ``waiting`` when the claim ran out meanwhile: whoever holds it now says what it is.
    """
    at = timekeeping.now()
    facts = {"scan_state": verdict.state, "scan_note": verdict.note, "scanner": engine}
    if not _ours(version).update(scanned_at=at, scan_claimed_until=None, **facts):
        return ScanState.WAITING
    document = version.document
    rows.record(
        "document.scanned",
        document,
        by=audit.SYSTEM,
        for_=document.submission.lab,
        at=at,
        version=version.number,
        sha256=version.sha256,
        found=verdict.note,
        state=verdict.state.value,
        scanner=engine,
    )
    if verdict.state is not ScanState.CLEAN:
        notices.queue(
            NoticeKind.FILE_QUARANTINED,
            document.submission,
            audience.people(Action.ADD_DOCUMENT, document.submission),
            due_at=at,
            at=at,
            part=f"{document.key}:{version.number}",
        )
    return verdict.state
