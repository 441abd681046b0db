"""Receiving large files in as many connections as it takes, by the tus protocol 1.0.0.

What has arrived stays: on the disk first, then in the row. A connection that comes later goes
on there; the one before it, should it still be read, stops at its next write. Nothing is a
document before all of it is here.
"""

import errno
import fcntl
import hashlib
import logging
import os
import shutil
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.base import File
from django.db import transaction
from django.http.request import UnreadablePostError

from accounts import audit
from accounts.models import User
from reviews import policy, uploads
from reviews.exceptions import Conflict, FileRefused
from reviews.models import Submission, Upload
from reviews.policy import Action
from reviews.services import room, rows, timekeeping

KEPT = timedelta(days=7)
MOST_AT_ONCE = 100  # of one submission, complete and not
READ = 256 * 1024
# After so many bytes, and after so many seconds, the row says how much is there.
NOTED_EVERY, NOTED_AFTER = 8 * 1024 * 1024, 1.0
# Policy is asked again after so many seconds.
ASKED_AFTER = 5.0
ORPHANED = timedelta(hours=1)

log = logging.getLogger(__name__)


class Superseded(Conflict):
    """A newer connection goes on with the upload, or it is gone."""

    def __init__(self) -> None:
        super().__init__("Another connection goes on with this upload.")


@transaction.atomic
def begin(
    submission: Submission, *, name: str, size: int, modified: str = "", by: User, at: datetime
) -> Upload:
    """An upload of ``size`` bytes may be sent, of which none has arrived.

    Raises FileRefused for a kind or size that is never taken, and when there is no room for it.
    """
    submission, _, at = rows.begin(submission, Action.ADD_DOCUMENT, by=by, at=at)
    shown = uploads.display_name(name)
    uploads.require_kind_and_size(shown, size)
    room.require(submission, size)
    if room.on_disk() < size:
        raise no_space()
    if submission.uploads.count() >= MOST_AT_ONCE:
        raise FileRefused(
            f"{MOST_AT_ONCE} files of this submission are on their way already. Add those that "
            "have arrived as documents, or remove some.",
            status=409,
        )
    upload = Upload.objects.create(
        submission=submission,
        file_name=shown,
        modified=modified[:20] if modified.isascii() and modified.isdigit() else "",
        size=size,
        begun_at=at,
        begun_by=by,
        expires_at=at + KEPT,
    )
    _record("upload.begun", upload, by=by, at=at, size=size)
    return upload


def receive(upload: Upload, stream: Any, *, offset: int, by: User, at: datetime) -> Upload:
    """The upload as it is once the connection has ended, with all that arrived.

    Raises Conflict when ``offset`` is not how much has arrived, Superseded when another
    connection took over, NotPermitted or NotVisible when access ended meanwhile, and FileRefused
    when the disk is full.
    """
    policy.check(by, Action.SEND_UPLOAD, upload, at=at)
    with _Arriving(upload, offset, at) as arriving:
        digest = hashlib.sha256() if offset == 0 else None
        asked_at = time.monotonic()
        for data in _chunks(stream, upload.size - offset):
            if time.monotonic() - asked_at > ASKED_AFTER:
                policy.check(by, Action.SEND_UPLOAD, upload, at=timekeeping.now())
                asked_at = time.monotonic()
            arriving.write(data)
            if digest is not None:
                digest.update(data)
        if arriving.at == upload.size:
            sha256 = digest.hexdigest() if digest else arriving.hashed()
            with arriving.alone(), transaction.atomic():
                now = timekeeping.now()
                arriving.note(sha256=sha256, writer=None, expires_at=now + KEPT)
                facts = {"size": upload.size, "sha256": sha256}
                _record("upload.received", upload, by=by, at=now, **facts)
        else:
            arriving.note()
    return arriving.row()


class _Arriving:
    """The upload's file while one connection writes it, from ``at`` on.

    A newer connection takes its place under a lock of the file, and each write looks under
    that lock who has it, so that a connection that is late changes nothing.
    """

    def __init__(self, upload: Upload, offset: int, at: datetime) -> None:
        self.upload, self.at, self._writer = upload, offset, uuid.uuid4()
        self._ours = Upload.objects.filter(pk=upload.pk, writer=self._writer)
        folder = upload.path.parent
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file = os.open(upload.path, os.O_RDWR | os.O_CREAT, 0o600)
        self._noted, self._noted_at = offset, time.monotonic()
        try:
            with self.alone():
                self._take_over(offset, at)
        except BaseException:
            os.close(self._file)
            raise

    def _take_over(self, offset: int, at: datetime) -> None:
        there = Upload.objects.filter(pk=self.upload.pk, sha256="")
        kept = os.fstat(self._file).st_size
        if kept < offset:  # a disk that lost what it had promised to keep
            there.filter(received=offset).update(received=kept)
        if not there.filter(received=offset).update(writer=self._writer, expires_at=at + KEPT):
            raise Conflict("That is not where this upload goes on. Ask how much has arrived.")
        self._holder.write_text(self._writer.hex)

    @property
    def _holder(self) -> Path:
        """Who writes, beside the bytes: asking the row at each write would cost more than it."""
        return self.upload.path.with_name(f"{self.upload.key.hex}-writer")

    def __enter__(self) -> "_Arriving":
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._file)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else writes or takes over meanwhile."""
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def write(self, data: bytes) -> None:
        """All of ``data`` stands at its place; now and then the row says so."""
        if self.at - self._noted >= NOTED_EVERY or time.monotonic() - self._noted_at > NOTED_AFTER:
            self.note()
        with self.alone():
            self._require_turn()
            view = memoryview(data)
            try:
                while view:
                    count = os.pwrite(self._file, view, self.at)
                    self.at, view = self.at + count, view[count:]
            except OSError as error:
                if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                    raise
                raise no_space() from None

    def _require_turn(self) -> None:
        try:
            holder = self._holder.read_text()
        except FileNotFoundError:
            holder = ""
        if holder != self._writer.hex:
            raise Superseded

    def note(self, **more: Any) -> None:
        """The row says how much has arrived, which is on the disk. Raises Superseded."""
        os.fdatasync(self._file)
        if not self._ours.update(received=self.at, **more):
            raise Superseded
        self._noted, self._noted_at = self.at, time.monotonic()

    def hashed(self) -> str:
        """The SHA-256 of all of it. Raises Conflict when the disk has less than was noted."""
        with os.fdopen(os.dup(self._file), "rb") as file:
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256")
            if file.tell() != self.upload.size:
                raise Conflict("Part of this upload was lost. Remove it, and send the file again.")
        return digest.hexdigest()

    def row(self) -> Upload:
        """The upload as it is now. Raises Superseded when it is gone."""
        row = Upload.objects.filter(pk=self.upload.pk).first()
        if row is None:
            raise Superseded
        return row


def no_space() -> FileRefused:
    """The refusal of bytes for which the disk has no room."""
    return FileRefused(
        "Foreview has no room for more bytes just now. What has arrived is kept; go on later, or "
        "tell your administrator.",
        status=507,
    )


def _chunks(stream: Any, most: int) -> Iterator[bytes]:
    """What the connection brings, up to ``most`` bytes, until it ends however it ends."""
    while most > 0:
        try:
            data = stream.read(min(READ, most))
        except (OSError, UnreadablePostError):
            return
        if not data:
            return
        most -= len(data)
        yield data


@transaction.atomic
def drop(upload: Upload, *, by: User, at: datetime) -> None:
    """The upload and its bytes are gone; whoever still sends it is told so."""
    _, upload, at = rows.begin(upload, Action.SEND_UPLOAD, by=by, at=at)
    _record("upload.removed", upload, by=by, at=at, received=upload.received)
    _forget(upload)


def _forget(upload: Upload) -> None:
    """The row goes with the transaction, the bytes once it is committed."""
    path = upload.path
    upload.delete()

    def remove() -> None:
        for each in (path, path.with_name(f"{path.name}-writer")):
            each.unlink(missing_ok=True)

    # Robust: what is committed must not fail for a file that the sweep can remove later.
    transaction.on_commit(remove, robust=True)


class Arrived(File):  # type: ignore[type-arg]
    """A complete upload as a file that may be moved away; its own bytes stay until it is taken."""

    def __init__(self, upload: Upload, link: Path) -> None:
        super().__init__(link.open("rb"), name=upload.file_name)
        self.size, self.sha256, self._link = upload.size, upload.sha256, link

    def temporary_file_path(self) -> str:
        """Another name of the same bytes."""
        return str(self._link)


@contextmanager
def arrived(chosen: Sequence[Upload]) -> Iterator[list[Arrived]]:
    """The complete uploads as files, each to be moved or read, and nothing of them lost."""
    with ExitStack() as until_done:
        files = []
        for upload in chosen:
            link = upload.path.with_name(f"{upload.key.hex}-{uuid.uuid4().hex}")
            until_done.callback(link.unlink, missing_ok=True)
            try:
                os.link(upload.path, link)
            except FileNotFoundError:
                raise Conflict(
                    f"“{upload.file_name}” is not there any more. Remove it, and send it again."
                ) from None
            except OSError:  # a file system without hard links
                shutil.copyfile(upload.path, link)
            files.append(until_done.enter_context(Arrived(upload, link)))
        yield files


def take(chosen: Sequence[Upload], submission: Submission) -> None:
    """The uploads become documents of the locked ``submission`` in the same transaction.

    Raises Conflict when one of them is gone, or is not the submission's.
    """
    for upload in chosen:
        there = submission.uploads.select_for_update().filter(pk=upload.pk, sha256=upload.sha256)
        if not there.exists():
            raise Conflict(
                f"“{upload.file_name}” was added or removed meanwhile. Nothing more was added: "
                "see the list of documents."
            )
        _forget(upload)


def sweep(*, at: datetime) -> dict[str, int]:
    """Uploads that nobody went on with are gone, and bytes without a row; how many of each."""
    counts = {"expired": 0, "orphaned": 0}
    for upload in Upload.objects.filter(expires_at__lte=at)[:100]:
        with transaction.atomic():
            ours = Upload.objects.select_for_update(of=("self",))
            for row in ours.filter(pk=upload.pk, expires_at__lte=at):
                _record("upload.expired", row, by=audit.SYSTEM, at=at, received=row.received)
                _forget(row)
                counts["expired"] += 1
    folder = Path(settings.UPLOADS_DIR)
    if folder.is_dir():
        before = (at - ORPHANED).timestamp()
        old = [path for path in folder.iterdir() if _changed_at(path) < before]
        known = {key.hex for key in Upload.objects.values_list("key", flat=True)}
        for path in old:
            # Another name of an upload's bytes stands beside them while they are taken.
            if path.name.partition("-")[0] not in known:
                path.unlink(missing_ok=True)
                counts["orphaned"] += 1
                log.warning("Bytes of no upload were removed: %s", path.name)
    return counts


def _changed_at(path: Path) -> float:
    """When it was last written; never for one that is gone meanwhile."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return float("inf")


def _record(action: str, upload: Upload, *, by: audit.Actor, at: datetime, **details: Any) -> None:
    rows.record(action, upload, by=by, for_=upload.submission.lab, at=at, **details)
