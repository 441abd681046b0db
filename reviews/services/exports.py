"""Files of the list of submissions: a small one at once, a larger one prepared by a worker.

Policy answers at both ends: what stands in a file is what its person may export while it is
written, and it is handed out only while she still may export all of it.
"""

import hashlib
import logging
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import storages
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts import audit
from accounts.models import User
from reviews import policy
from reviews.exceptions import Conflict
from reviews.forms.submissions import SubmissionFilter
from reviews.models import Export, ExportedSubmission, Submission
from reviews.models.export import UNFINISHED, ExportFormat
from reviews.policy import Action
from reviews.services import export_files, outbox, timekeeping
from reviews.services.outbox import Since

KEPT = timedelta(hours=24)
MOST_KEPT = 10  # files of one person
CHUNK = 400
# What a killed worker was preparing waits this long; each chunk renews it.
LEASE = timedelta(seconds=60)
MOST_ATTEMPTS = 3
# Of one turn: both together end before the broker would hand the task out again.
BEGINS, LONGEST = timedelta(minutes=1), timedelta(minutes=4)
NARROWER = "Ask again with a narrower filter, such as one state."
STOPPED = (
    f"Preparing it stopped {MOST_ATTEMPTS} times. {NARROWER} If that fails too, tell your "
    "administrator."
)
NO_LONGER = "Your seats no longer include exporting submissions. Ask your administrator."

log = logging.getLogger(__name__)


class GivenUp(Exception):
    """The file will not be prepared; ``str`` says why and what to do."""


class ClaimLost(Exception):
    """Another worker prepares the file now."""


def matching(by: User, asked: dict[str, str], at: datetime) -> QuerySet[Submission]:
    """The submissions that ``by`` may export and that match what she asked for, newest first."""
    allowed = policy.allowed(by, Action.EXPORT_SUBMISSIONS, at=at, each=True)
    return SubmissionFilter(asked).rows(allowed, at).order_by("-created_at", "-reference")


@transaction.atomic
def at_once(kind: ExportFormat, asked: dict[str, str], *, by: User, at: datetime) -> Any:
    """The open file, on record, or None when more match than are handed out at once."""
    at = timekeeping.after_lock(at)
    most = settings.EXPORT_AT_ONCE
    count = matching(by, asked, at)[: most + 1].count()
    if count > most:
        return None
    file = tempfile.TemporaryFile()  # noqa: SIM115 - whoever sends it closes it
    try:
        chunks = _chunks(by, asked, at)
        rows = (row for chunk in chunks for row in export_files.rows_of(chunk, at))
        export_files.write(kind, file, rows)
        digest, size = _measured(file)
        facts = {"count": count, "sha256": digest, "size": size}
        _record("submissions.exported", kind, asked, by=by, at=at, **facts)
    except BaseException:
        file.close()
        raise
    return file


@transaction.atomic
def ask(kind: ExportFormat, asked: dict[str, str], *, by: User, at: datetime) -> Export:
    """A worker will prepare the file; one that waits already for the same filter is that one.

    Raises Conflict when the person has as many as are kept for one.
    """
    User.objects.select_for_update(of=("self",)).get(pk=by.pk)  # her requests, one by one
    at = timekeeping.after_lock(at)
    if not policy.has_a_way(by, Action.EXPORT_SUBMISSIONS, at=at):
        raise Conflict(NO_LONGER)
    own = policy.allowed(by, Action.READ_EXPORT, at=at)
    facts: dict[str, Any] = {"format": kind.value, "query": urlencode(asked)}
    waiting: Export | None = own.filter(UNFINISHED, **facts).first()
    if waiting is not None:
        return waiting
    if own.count() >= MOST_KEPT:
        raise Conflict(
            f"You have {MOST_KEPT} files, and no more are kept for one person. Each goes a day "
            "after it is ready; ask again then."
        )
    export = Export.objects.create(person=by, asked_at=at, **facts)
    _record("export.asked", kind, asked, by=by, at=at, object_reference=export.key)
    return export


def prepare_waiting() -> dict[str, int]:
    """What waited was prepared, and what has expired is gone; how many ready, failed, stopped."""
    counts = {"ready": 0, "failed": 0, "stopped": 0}
    begun = Since(timekeeping.now())
    sweep(at=begun.at)
    while begun.age() < BEGINS and (export := claim(timekeeping.now())):
        counts[_prepare(export)] += 1
    return counts


@transaction.atomic
def claim(at: datetime) -> Export | None:
    """The next file that waits, which nobody else prepares until the lease runs out."""
    waiting = Export.objects.filter(UNFINISHED, outbox.unclaimed(at), attempts__lt=MOST_ATTEMPTS)
    found = waiting.select_related("person").order_by("asked_at", "pk")
    export = outbox.locked(found).first()
    if export is not None:
        ExportedSubmission.objects.filter(export=export).delete()
        export.attempts += 1
        export.started_at, export.claimed_until, export.row_count = at, at + LEASE, 0
        export.save(update_fields=["attempts", "started_at", "claimed_until", "row_count"])
    return export


def sweep(*, at: datetime) -> None:
    """What was tried in vain has failed; what has expired is gone, its files first."""
    tried = Export.objects.filter(UNFINISHED, outbox.unclaimed(at), attempts__gte=MOST_ATTEMPTS)
    tried.update(failed_at=at, expires_at=at + KEPT, reason=STOPPED)
    for export in Export.objects.filter(expires_at__lte=at)[:100]:
        for name in export.storage_names():
            storages["documents"].delete(name)
        export.delete()


def _prepare(export: Export) -> str:
    at, kind = timekeeping.now(), ExportFormat(export.format)
    stored = export.storage_names()[-1]
    try:
        try:
            with tempfile.TemporaryFile() as file:
                export_files.write(kind, file, _rows(export, at))
                digest, size = _measured(file)
                storages["documents"].save(stored, File(file, name=stored))
        except GivenUp as refusal:
            return _finish(export, "failed", reason=str(refusal))
        return _finish(export, "ready", sha256=digest, size=size)
    except ClaimLost:
        storages["documents"].delete(stored)
        log.warning("Export %s went to another worker", export.key)
    except Exception:
        # One file that cannot be prepared must not stop the others: its claim runs out first.
        log.exception("Export %s could not be prepared", export.key)
    return "stopped"


def _rows(export: Export, at: datetime) -> Iterator[export_files.Row]:
    """The file's rows, noted as its own chunk by chunk."""
    if not policy.has_a_way(export.person, Action.EXPORT_SUBMISSIONS, at=at):
        raise GivenUp(NO_LONGER)
    begun = Since(at)
    for chunk in _chunks(export.person, dict(parse_qsl(export.query)), at):
        if begun.age() > LONGEST or export.row_count + len(chunk) > export_files.MOST_ROWS:
            raise GivenUp(f"More submissions match than go into one file. {NARROWER}")
        _note(export, chunk)
        yield from export_files.rows_of(chunk, at)


def _chunks(by: User, asked: dict[str, str], at: datetime) -> Iterator[list[Submission]]:
    """What ``matching`` has, a chunk at a time; each asks policy anew."""
    found: list[Submission] = []
    while not found or len(found) == CHUNK:
        rows = matching(by, asked, at).select_related("model_version__lab")
        if found:
            made_at, reference = found[-1].created_at, found[-1].reference
            after = Q(created_at__lt=made_at) | Q(created_at=made_at, reference__lt=reference)
            rows = rows.filter(after, created_at__lte=made_at)
        found = list(rows[:CHUNK])
        if not found:
            return
        yield found


@transaction.atomic
def _note(export: Export, chunk: list[Submission]) -> None:
    """The chunk is part of the file, and the claim renewed. Raises ClaimLost."""
    facts = {
        "claimed_until": timekeeping.now() + LEASE,
        "row_count": export.row_count + len(chunk),
    }
    _update(export, **facts)
    ExportedSubmission.objects.bulk_create(
        [ExportedSubmission(export=export, submission=submission) for submission in chunk]
    )


@transaction.atomic
def _finish(export: Export, outcome: str, **facts: Any) -> str:
    """The file is ready or has failed, and a ready one on record. Raises ClaimLost."""
    at = timekeeping.now()
    ends = {f"{outcome}_at": at, "expires_at": at + KEPT, "claimed_until": None}
    _update(export, **ends, **facts)
    if outcome == "ready":
        _record(
            "submissions.exported",
            ExportFormat(export.format),
            dict(parse_qsl(export.query)),
            by=export.person,
            at=at,
            object_reference=export.key,
            count=export.row_count,
            **facts,
        )
    return outcome


def _update(export: Export, **facts: Any) -> None:
    """The row says so. Raises ClaimLost where the claim ran out and went to another."""
    ours = Export.objects.filter(UNFINISHED, pk=export.pk, claimed_until=export.claimed_until)
    if not ours.update(**facts):
        raise ClaimLost
    for name, value in facts.items():
        setattr(export, name, value)


@transaction.atomic
def open_for_reading(export: Export, *, by: User, at: datetime) -> "File[Any]":
    """The file, open at its start, and that it was taken is on record.

    Raises NotVisible when it is not hers or has expired, and Conflict when it is not ready, when
    she may not export all of it any more, and when the stored bytes are not those written.
    """
    at = timekeeping.after_lock(at)
    policy.check(by, Action.READ_EXPORT, export, at=at)
    if export.ready_at is None:
        raise Conflict("This file is not ready. The page of your exports says how far it is.")
    allowed = policy.allowed(by, Action.EXPORT_SUBMISSIONS, at=at)
    inside = ExportedSubmission.objects.filter(export=export)
    if inside.exclude(Exists(allowed.filter(pk=OuterRef("submission")))).exists():
        raise Conflict(
            "Since this file was prepared, you lost sight of a submission in it, so it is not "
            "handed out any more. Ask for a new one: it holds what you may export now."
        )
    file = _unchanged(export)
    export.read_at = at
    export.save(update_fields=["read_at"])
    facts = {"count": export.row_count, "sha256": export.sha256}
    audit.record(
        "export.read", by=by, at=at, object_type="export", object_reference=export.key, **facts
    )
    return file


def _unchanged(export: Export) -> "File[Any]":
    try:
        file: File[Any] = storages["documents"].open(export.storage_names()[-1])
    except FileNotFoundError:
        raise Conflict("The stored file is missing. Ask for a new one.") from None
    if _measured(file) == (export.sha256, export.size):
        return file
    file.close()
    raise Conflict(
        "The stored file is not the one that was prepared, so it is not handed out. Tell your "
        "administrator, and ask for a new one."
    )


def _measured(file: Any) -> tuple[str, int]:
    """(SHA-256, size) of the file, which is at its start then."""
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256").hexdigest()
    size: int = file.tell()
    file.seek(0)
    return digest, size


def _record(
    action: str,
    kind: ExportFormat,
    asked: dict[str, str],
    *,
    by: User,
    at: datetime,
    object_reference: object = "",
    **facts: Any,
) -> None:
    audit.record(
        action,
        by=by,
        at=at,
        object_type="export",
        object_reference=object_reference,
        format=kind.value,
        # What was searched for could be a model's name.
        filter={name: value if name != "q" else "words" for name, value in asked.items()},
        **facts,
    )
