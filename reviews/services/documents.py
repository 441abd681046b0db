"""Documents come in checked and hashed, and leave only through policy and the audit log."""

import errno
import hashlib
import io
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn

from django.core.files.base import File
from django.core.files.storage import storages
from django.db import transaction
from django.db.models import Q

from accounts import audit
from accounts.models import Organization, User
from reviews import policy, uploads
from reviews.exceptions import (
    Conflict,
    FileRefused,
    NotPermitted,
    NotVisible,
    Unavailable,
)
from reviews.models import Document, DocumentVersion, Submission, Upload
from reviews.services import attachments, parsing, receiving, room, rows, scanning, timekeeping

# A download asks policy again after this many bytes, and after this many seconds.
ASKED_EVERY = 1024 * 1024
ASKED_AFTER = 5
# The formats of which a page can be shown as text, by what file_parser.py calls them.
READABLE = {
    "application/pdf": "pdf",
    "text/markdown": "md",
    "text/plain": "txt",
    "text/csv": "csv",
    "application/json": "json",
}


# SHA-256 and, where it was given, the name of the file that should have it.
Expected = Sequence[tuple[str, str | None]]


@dataclass(frozen=True)
class Facts:
    """What the lab says of a document besides its title."""

    kind: str
    designation: str
    restricted_to: Sequence[Organization] = ()


def add(
    submission: Submission,
    *,
    kind: str,
    title: str,
    designation: str,
    restricted_to: Iterable[Organization] = (),
    upload: "File[Any]",
    by: User,
    at: datetime,
) -> Document:
    """The document exists with its first version stored, which opens once it is scanned.

    Raises FileRefused when the file cannot be taken or is in this submission already.
    """
    facts = Facts(kind, designation, tuple(restricted_to))
    (document,) = add_all(submission, [(title, upload)], facts, by=by, at=at)
    return document


def add_all(
    submission: Submission,
    titled: Sequence[tuple[str, "File[Any]"]],
    facts: Facts,
    *,
    sent: Sequence[Upload] = (),
    expected: Expected = (),
    by: User,
    at: datetime,
) -> list[Document]:
    """A document for each file with its title, of which ``sent`` had arrived before; all or none.

    Raises FileRefused as ``add`` does, which names the file.
    """
    policy.check(by, policy.Action.ADD_DOCUMENT, submission, at=at)
    with ExitStack() as stored:
        versions = [stored.enter_context(_received(file, by)) for _, file in titled]
        _require_expected(versions, expected)
        stored.enter_context(transaction.atomic())
        submission, _, at = rows.begin(submission, policy.Action.ADD_DOCUMENT, by=by, at=at)
        receiving.take(sent, submission)
        return [
            _added(submission, title, facts, version, by=by, at=at)
            for (title, _), version in zip(titled, versions, strict=True)
        ]


def _added(
    submission: Submission,
    title: str,
    facts: Facts,
    version: DocumentVersion,
    *,
    by: User,
    at: datetime,
) -> Document:
    document = Document.objects.create(
        submission=submission,
        kind=facts.kind,
        title=title,
        designation=facts.designation,
        created_at=at,
        created_by=by,
    )
    _restrict(document, facts.restricted_to)
    _keep(version, document, by=by, at=at)
    return document


def add_version(
    document: Document,
    *,
    upload: "File[Any]",
    sent: Sequence[Upload] = (),
    expected: Expected = (),
    by: User,
    at: datetime,
) -> DocumentVersion:
    """A newer version stands beside the old ones. Raises FileRefused as ``add`` does."""
    policy.check(by, policy.Action.MANAGE_DOCUMENT, document, at=at)
    with _received(upload, by) as version, transaction.atomic():
        _require_expected([version], expected)
        submission, document, at = rows.begin(document, policy.Action.MANAGE_DOCUMENT, by=by, at=at)
        receiving.take(sent, submission)
        _keep(version, document, by=by, at=at)
    return version


@transaction.atomic
def restrict(
    document: Document, *, restricted_to: Iterable[Organization], by: User, at: datetime
) -> None:
    """Only these agencies may open or know of the document; none given means all attached."""
    _, document, at = rows.begin(document, policy.Action.MANAGE_DOCUMENT, by=by, at=at)
    chosen = list(restricted_to)
    _restrict(document, chosen)
    rows.record(
        "document.restricted",
        document,
        by=by,
        for_=document.submission.lab,
        at=at,
        agencies=sorted(agency.code for agency in chosen),
    )


@transaction.atomic
def open_for_reading(
    version: DocumentVersion, *, by: User, at: datetime, **details: Any
) -> "File[Any]":
    """The file, open at its start, after its SHA-256 was found unchanged and the read recorded.

    Raises NotPermitted or NotVisible, and Conflict when the stored bytes are not those
    that were uploaded.
    """
    policy.check(by, policy.Action.READ_DOCUMENT, version, at=at)
    file = _unchanged(version)
    try:
        # Hashing took time: what counts is the instant at which bytes would begin to leave.
        at = timekeeping.after_lock(at)
        policy.check(by, policy.Action.READ_DOCUMENT, version, at=at)
    except BaseException:
        file.close()
        raise
    reader = policy.organizations(by, policy.Action.READ_PACKAGE, version.document.submission)
    listed = version.document.restricted_to.all()
    if by_list := reader.filter(Q(pk__in=listed) | Q(pk=version.document.submission.lab.pk)):
        reader = by_list  # by whose seat she reads what only some may
    rows.record(
        "document.read",
        version.document,
        by=by,
        for_=reader.first(),
        at=at,
        version=version.number,
        sha256=version.sha256,
        **details,
    )
    return file


def read_page(
    version: DocumentVersion, number: int, *, by: User, at: datetime
) -> parsing.Page | None:
    """That page as text, and its reading is on record; None when there is no text to be had.

    Raises as ``open_for_reading`` does.
    """
    with open_for_reading(version, by=by, at=at, page=number) as stored:
        kind = READABLE.get(version.content_type)
        if kind is None:
            return None
        with tempfile.TemporaryFile() as file:  # the parser reads a real file, whatever stores it
            shutil.copyfileobj(stored, file)
            file.seek(0)
            return parsing.page(file, kind, number)


class AccessEnded(NotVisible, ConnectionResetError):
    """Access ended under a download that had begun.

    To the web server this is a lost connection: it closes it and logs no error. Were the
    file to end instead, the browser would wait for the rest of the promised length.
    """

    def __init__(self) -> None:
        super().__init__()
        self.errno = errno.ECONNRESET


class WhileAllowed(File):  # type: ignore[type-arg]
    """A file that breaks off where its reader's access ends, though the download has begun."""

    def __init__(self, file: "File[Any]", version: DocumentVersion, by: User) -> None:
        super().__init__(file, name=None)
        self.source: Any = file
        self.version, self.reader, self.handed_out = version, by, 0
        self.unasked, self.asked_at = 0, 0.0
        self.reader.standing = None  # a page's reading of the seats is too old for this

    def fileno(self) -> NoReturn:
        """None: with it the web server would have the kernel send the file, past ``read``."""
        raise io.UnsupportedOperation("These bytes leave through read() only.")

    def read(self, size: int = -1) -> bytes:
        """The next bytes. Raises AccessEnded, which is on record, once access has ended."""
        if self.unasked <= 0 or time.monotonic() - self.asked_at > ASKED_AFTER:
            self._ask()
        data: bytes = self.source.read(size)
        self.unasked -= len(data)
        self.handed_out += len(data)
        return data

    def _ask(self) -> None:
        try:
            at = timekeeping.now()
            policy.check(self.reader, policy.Action.READ_DOCUMENT, self.version, at=at)
        except Unavailable:  # which is in the server's log, and dates no event
            raise AccessEnded from None
        except (NotPermitted, NotVisible):
            with transaction.atomic():
                audit.record(
                    "refused.version-download",
                    by=self.reader,
                    at=at,
                    object_type="version",
                    object_reference=self.version.document.key,
                    outcome=audit.REFUSED,
                    reason="Access ended during the download.",
                    version=self.version.number,
                    bytes_before=self.handed_out,
                )
            raise AccessEnded from None
        self.unasked, self.asked_at = ASKED_EVERY, time.monotonic()


@contextmanager
def _received(upload: "File[Any]", by: User) -> Iterator[DocumentVersion]:
    """The upload as an unsaved version, checked, hashed and stored; a worker scans it.

    All this before any row is locked: a large file must not make an agency's filing wait
    past the end. The bytes are gone again if what follows fails.
    """
    name = uploads.display_name(upload.name or "")
    found = uploads.inspect(upload, name)
    verdict = scanning.before()
    version = DocumentVersion(
        file_name=name,
        content_type=found.content_type,
        warnings=",".join(found.notes),
        size=upload.size,
        sha256=getattr(upload, "sha256", "") or _sha256(upload),
        uploaded_by=by,
        scan_state=verdict.state,
        scan_note=verdict.note,
    )
    storage = storages["documents"]
    storage.save(version.storage_name, upload)
    try:
        yield version
    except BaseException:
        storage.delete(version.storage_name)
        raise


def _keep(version: DocumentVersion, document: Document, *, by: User, at: datetime) -> None:
    twin = (
        DocumentVersion.objects.filter(
            document__submission=document.submission_id, sha256=version.sha256
        )
        .select_related("document")
        .first()
    )
    if twin is not None:
        raise FileRefused(
            f"This file is already in the submission as “{twin.document.title}”, version "
            f"{twin.number}. Choose another file.",
            status=409,
        )
    room.require(document.submission, version.size)
    version.document = document
    version.number = document.versions.count() + 1
    version.uploaded_at = at
    version.save()
    rows.record(
        "document.added",
        document,
        by=by,
        for_=document.submission.lab,
        at=at,
        version=version.number,
        sha256=version.sha256,
        size=version.size,
    )


def _require_expected(versions: Sequence[DocumentVersion], expected: Expected) -> None:
    """Nothing, when each expected SHA-256 is that of the file of its name, or of any file."""
    for sha256, name in expected:
        named = uploads.display_name(name) if name else ""
        meant = [one for one in versions if not named or one.file_name == named]
        if not meant:
            raise FileRefused(f"You expect “{named}”, which is not among the files.", status=422)
        if all(one.sha256 != sha256 for one in meant):
            differs = " and ".join(f"“{one.file_name}” has {one.sha256}" for one in meant)
            raise FileRefused(
                f"You expect the SHA-256 {sha256}, and {differs}. Nothing was added. Send the "
                "file again, or correct what you expect.",
                status=422,
            )


def _unchanged(version: DocumentVersion) -> "File[Any]":
    try:
        file = version.open()
    except FileNotFoundError:
        raise Conflict("The stored file is missing. Tell your administrator.") from None
    if _sha256(file) == version.sha256:
        return file
    file.close()
    raise Conflict(
        "The stored file is not the one that was uploaded, so it is not handed out. Tell your "
        "administrator."
    )


def _sha256(file: Any) -> str:
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256").hexdigest()
    file.seek(0)
    return digest


def _restrict(document: Document, organizations: Iterable[Organization]) -> None:
    chosen = {organization.pk for organization in organizations}
    agencies = attachments.possible_readers()
    if not chosen <= {agency.pk for agency in agencies}:
        raise Conflict("A document can be restricted to agencies only.")
    document.restricted_to.set(chosen)
