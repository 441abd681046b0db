"""How far the audit log had come, kept outside the database: ``settings.AUDIT_ANCHOR``, a file.

An older backup that is restored in the database's place lacks what came after it: withdrawals,
ends of access, recusals. The log's head is then behind what the file says, or is another one,
and nothing is decided until an operator accepts what is missing (docs/operations.md). Only what
is committed goes into the file, and it is read before the database is, so that a head that
grows meanwhile is never taken for an older one.
"""

import contextlib
import fcntl
import json
import logging
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import connection

WRITTEN_EVERY = 5.0  # seconds, in each process
log = logging.getLogger(__name__)


class BehindAnchor(Exception):
    """The database is not the one, or not as far, as what was seen of it; ``str`` says how."""


@dataclass(frozen=True)
class Mark:
    """A head of the audit log that was committed. ``generation`` counts accepted restorations."""

    generation: int
    sequence: int
    sha256: str
    latest_at: datetime


@dataclass
class _Memory:
    """What this process knows of one anchor's file."""

    mark: Mark | None = None  # the highest seen, in the file or in the database
    filed: Mark | None = None  # what the file said last
    read: tuple[int, ...] = ()  # which state of the file that was
    written_at: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)


_memories: dict[str, _Memory] = {}


def known() -> Mark | None:
    """The highest head that this process or the file has seen; None before the first.

    Raises BehindAnchor when the file is there and cannot be read: it might say anything.
    """
    if not settings.AUDIT_ANCHOR:
        return None
    memory = _memories.setdefault(settings.AUDIT_ANCHOR, _Memory())
    path = Path(settings.AUDIT_ANCHOR)
    try:
        state = path.stat()
    except FileNotFoundError:
        memory.filed, memory.read = None, ()
        return memory.mark
    except OSError as failure:
        raise BehindAnchor(f"the anchor {path} cannot be read: {failure.strerror}") from failure
    seen = (state.st_ino, state.st_mtime_ns, state.st_size)
    if seen != memory.read:
        mark = _read(path)
        with memory.lock:
            memory.mark = _later(memory.mark, mark)
            memory.filed, memory.read = mark, seen
    return memory.mark


def check(
    before: Mark | None,
    *,
    sequence: int,
    sha256: str,
    latest_at: datetime,
    hash_at: Callable[[int], str | None],
) -> None:
    """The database's head, read after ``before`` was known, is that one's continuation.

    Kept as the new mark when it is committed. ``hash_at`` answers the hash of an event, and is
    asked only when the file is written. Raises BehindAnchor.
    """
    if not settings.AUDIT_ANCHOR:
        return
    if before is not None:
        if sequence < before.sequence:
            raise BehindAnchor(
                f"the audit log ends at event {sequence}, and event {before.sequence} was seen"
            )
        if sequence == before.sequence and sha256 != before.sha256:
            raise BehindAnchor(f"event {sequence} of the audit log is not the one that was seen")
        if latest_at < before.latest_at:
            raise BehindAnchor(
                f"the latest instant acted upon is {latest_at}, and {before.latest_at} was seen"
            )
    if not connection.in_atomic_block:  # or it might roll back, and would be missed for ever
        generation = before.generation if before else 0
        _keep(Mark(generation, sequence, sha256, latest_at), before, hash_at)


def accept(*, sequence: int, sha256: str, latest_at: datetime) -> None:
    """The head given is the mark from now on, for every process, however far another was."""
    memory = _memories.setdefault(settings.AUDIT_ANCHOR, _Memory())
    path = Path(settings.AUDIT_ANCHOR)
    with _locked(path, wait=True):
        generation = max((mark.generation for mark in _both(memory, path)), default=0) + 1
        mark = Mark(generation, sequence, sha256, latest_at)
        _write(path, mark)
    with memory.lock:
        memory.mark = mark


def last() -> Mark | None:
    """As ``known``; None also when the file cannot be read: for whoever repairs it."""
    try:
        return known()
    except BehindAnchor:
        return None


def _both(memory: _Memory, path: Path) -> list[Mark]:
    marks = [memory.mark] if memory.mark else []
    with contextlib.suppress(BehindAnchor, FileNotFoundError):
        marks.append(_read(path))
    return marks


def _later(one: Mark | None, other: Mark) -> Mark:
    """The later of two marks; the instants of one generation never go back either."""
    if one is None or one.generation < other.generation:
        return other
    if one.generation > other.generation:
        return one
    later = one if one.sequence > other.sequence else other
    return replace(later, latest_at=max(one.latest_at, other.latest_at))


def _keep(mark: Mark, before: Mark | None, hash_at: Callable[[int], str | None]) -> None:
    """This process knows the mark at once, and the file before long."""
    memory = _memories.setdefault(settings.AUDIT_ANCHOR, _Memory())
    if mark == memory.filed:
        return
    path = Path(settings.AUDIT_ANCHOR)
    due = time.monotonic() - memory.written_at >= WRITTEN_EVERY or not memory.written_at
    if due and before is not None and hash_at(before.sequence) != before.sha256:
        # The log went on from a backup, where nobody knew of this file.
        raise BehindAnchor(f"event {before.sequence} of the audit log is not the one that was seen")
    with memory.lock:
        memory.mark = _later(memory.mark, mark)
        if not due:
            return
        memory.written_at = time.monotonic()
        mark = memory.mark
    try:
        with _locked(path) as mine:
            if not mine:
                return
            if path.exists():
                mark = _later(_read(path), mark)
            else:
                log.warning("There is no anchor at %s: it begins at event %s", path, mark.sequence)
            _write(path, mark)
    except OSError as failure:
        log.critical("The anchor %s cannot be written: %s", path, failure)


def _read(path: Path) -> Mark:
    try:
        content = json.loads(path.read_text())
        return Mark(
            int(content["generation"]),
            int(content["sequence"]),
            str(content["sha256"]),
            datetime.fromisoformat(content["latest_at"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as failure:
        log.critical("The anchor %s cannot be read: %r", path, failure)
        raise BehindAnchor(f"the anchor {path} cannot be read") from failure


def _write(path: Path, mark: Mark) -> None:
    """In one step: whoever reads finds the old mark or the new one, whole."""
    content = json.dumps(asdict(mark) | {"latest_at": mark.latest_at.isoformat()})
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")  # 0600
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def _locked(path: Path, *, wait: bool = False) -> Iterator[bool]:
    """Whether this process alone may write the file now; ``wait`` until it may."""
    descriptor = os.open(f"{path}.lock", os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
            return
        yield True
    finally:
        os.close(descriptor)
