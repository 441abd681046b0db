"""Documents leave only through policy and the audit log, and only as they came."""

import errno
import hashlib
import io
import shutil
import tempfile
import time
from datetime import datetime
from typing import Any, NoReturn

from django.core.files.base import File
from django.core.files.storage import storages
from django.db import transaction
from django.db.models import Q

from accounts import audit
from accounts.models import User
from reviews import policy
from reviews.exceptions import Conflict, NotPermitted, NotVisible, Unavailable
from reviews.models import DocumentVersion
from reviews.services import parsing, rows, timekeeping

# A download asks policy again after this many bytes, and after this many seconds.
ASKED_EVERY = 1024 * 1024
ASKED_AFTER = 5
# A download that goes on in parts does not hash the whole for each: so many seconds after it was
# hashed, and as long as the storage says that nobody changed it.
HASHED_FOR, MOST_HASHED = 600, 1000
_hashed: dict[str, tuple[datetime, float]] = {}
# The formats of which a page can be shown as text, by what file_parser.py calls them.
# No larger file is shown in pages: each page parses all of it.
PAGES_OF_AT_MOST = 100 * 1024**2
READABLE = {
    "application/pdf": "pdf",
    "text/markdown": "md",
    "text/plain": "txt",
    "text/csv": "csv",
    "application/json": "json",
}


def open_for_reading(
    version: DocumentVersion, *, by: User, at: datetime, part: str | None = None, **details: Any
) -> "File[Any]":
    """The file, open at its start, found unchanged, and the read is on record.

    Its SHA-256 is that of the upload: now, or for ``part``, which says in words of RFC 9110 what
    of it is asked for, within ``HASHED_FOR``, and nobody has written the file since. Raises
    NotPermitted or NotVisible, and Conflict when the stored bytes are not those that were
    uploaded.
    """
    policy.check(by, policy.Action.READ_DOCUMENT, version, at=at)
    # Before the transaction, which would hold a lock of the database for as long.
    file = _unchanged(version, goes_on=part is not None)
    try:
        _note(version, by=by, at=at, **({"range": part} if part else {}), **details)
    except BaseException:
        file.close()
        raise
    return file


@transaction.atomic
def _note(version: DocumentVersion, *, by: User, at: datetime, **details: Any) -> None:
    """The read is on record. Raises NotPermitted or NotVisible when access ended meanwhile."""
    # Hashing took time: what counts is the instant at which bytes would begin to leave.
    at = timekeeping.after_lock(at)
    policy.check(by, policy.Action.READ_DOCUMENT, version, at=at)
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


def read_page(
    version: DocumentVersion, number: int, *, by: User, at: datetime
) -> parsing.Page | None:
    """That page as text, and its reading is on record; None when there is no text to be had.

    Raises as ``open_for_reading`` does.
    """
    with open_for_reading(version, by=by, at=at, page=number) as stored:
        kind = READABLE.get(version.content_type)
        if kind is None or version.size > PAGES_OF_AT_MOST:
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
    """``length`` bytes of a file, fewer where its reader's access ends meanwhile."""

    def __init__(
        self, file: "File[Any]", version: DocumentVersion, by: User, *, length: int
    ) -> None:
        super().__init__(file, name=None)
        self.left = length
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
        data: bytes = self.source.read(min(size, self.left) if size >= 0 else self.left)
        self.left -= len(data)
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


def _unchanged(version: DocumentVersion, *, goes_on: bool) -> "File[Any]":
    """The stored file. Who ``goes_on`` with it need not wait for what was hashed lately."""
    storage, name = storages["documents"], version.storage_name
    try:
        file = version.open()
        changed_at = storage.get_modified_time(name)
    except FileNotFoundError:
        raise Conflict("The stored file is missing. Tell your administrator.") from None
    found = _hashed.get(name)
    if goes_on and found and found[0] == changed_at and time.monotonic() < found[1]:
        return file
    if sha256_of(file) == version.sha256:
        if len(_hashed) >= MOST_HASHED:
            _hashed.clear()
        _hashed[name] = (changed_at, time.monotonic() + HASHED_FOR)
        return file
    file.close()
    raise Conflict(
        "The stored file is not the one that was uploaded, so it is not handed out. Tell your "
        "administrator."
    )


def sha256_of(file: Any) -> str:
    """The SHA-256 of the file, which is at its start then."""
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256").hexdigest()
    file.seek(0)
    return digest
