"""The audit log's one door.

An event commits with the thing it describes or not at all. Each event's SHA-256 covers the
one before (RFC 6962's idea, as a chain), so an edit, insertion, deletion or reordering
breaks a link that ``verify`` names.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol

from django.conf import settings
from django.db import connection, transaction
from django.db.models.functions import Now

from accounts import anchor
from accounts.models import AuditEvent, AuditHead

GENESIS = "0" * 64
DONE = "done"
REFUSED = "refused"
COLUMNS = [field.name for field in AuditEvent._meta.concrete_fields if field.name != "sha256"]


class Actor(Protocol):
    """Whoever acts: a person, or one of the unattended actors below."""

    email: Any
    name: Any
    source: Any


@dataclass
class Unattended:
    """An actor that is not a person."""

    email: str
    name: str
    source: str = ""


SYSTEM = Unattended("system", "Foreview")
NOBODY = Unattended("anonymous", "Someone not signed in")


def nobody(meta: dict[str, Any]) -> Unattended:
    """Whoever sent a request without being signed in, with its network address."""
    return replace(NOBODY, source=source_of(meta))


class AuditError(RuntimeError):
    """An event was offered outside the transaction that it belongs to."""


def source_of(meta: dict[str, Any]) -> str:
    """The network address of a request's sender, as its ``META`` has it.

    Behind our own proxy that is the last address the proxy wrote; what stands before it the
    sender may have invented.
    """
    if settings.BEHIND_TLS_PROXY:
        forwarded = meta.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip()
        if forwarded:
            return str(forwarded)[:45]
    return str(meta.get("REMOTE_ADDR", ""))


def record(action: str, *, by: Actor, at: datetime, **facts: Any) -> AuditEvent:
    """The event is the chain's new end, and commits or rolls back with its cause.

    ``facts`` are those of ``entry``. Raises AuditError outside a transaction, ValueError for an
    unknown outcome.
    """
    (event,) = append([entry(action, by=by, at=at, **facts)])
    return event


def entry(
    action: str,
    *,
    by: Actor,
    at: datetime,
    object_type: str = "",
    object_reference: object = "",
    submission: str = "",
    organization: str = "",
    outcome: str = DONE,
    reason: str = "",
    **details: Any,
) -> AuditEvent:
    """An event that is not in the log yet; ``append`` puts it there.

    Raises ValueError for an unknown outcome.
    """
    if outcome not in (DONE, REFUSED):
        raise ValueError(f"An event's outcome is {DONE} or {REFUSED}, not {outcome}.")
    return AuditEvent(
        at=at,
        actor=by.email,
        actor_name=by.name,
        organization=organization,
        action=action,
        outcome=outcome,
        object_type=object_type,
        object_reference=str(object_reference),
        submission=submission,
        reason=reason,
        source=by.source,
        details=details,
    )


def append(events: Iterable[AuditEvent]) -> list[AuditEvent]:
    """The events are the chain's new end, in their order, and commit or roll back together.

    Each stands in the chain before the next is asked for, which may so name it.
    Raises AuditError outside a transaction.
    """
    if not connection.in_atomic_block:
        actions = ", ".join(sorted({event.action for event in events}))
        raise AuditError(f"{actions} must be recorded in the transaction that does it.")
    head, added = locked_head(), []
    for event in events:
        event.sequence, event.previous_sha256 = head.sequence + 1, head.sha256
        event.sha256 = digest(event)
        head.sequence, head.sha256 = event.sequence, event.sha256
        head.latest_at = max(head.latest_at, event.at)
        added.append(event)
    AuditEvent.objects.bulk_create(added)
    head.save(update_fields=["sequence", "sha256", "latest_at"])
    return added


def locked_head() -> AuditHead:
    """The log's head; the transaction's next event follows it, and nobody else's does."""
    return AuditHead.objects.select_for_update().get(pk=1)


def digest(event: AuditEvent) -> str:
    """The SHA-256, in hexadecimal, of the event's canonical JSON."""
    content = {name: getattr(event, name) for name in COLUMNS}
    content["at"] = content["at"].astimezone(UTC).isoformat(timespec="microseconds")
    return digest_of(content)


def digest_of(content: Any) -> str:
    """The SHA-256, in hexadecimal, of the canonical JSON of what is only text and numbers."""
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


@dataclass(frozen=True)
class Examination:
    """What reading the whole log found: its last event, and the first break, None if it holds."""

    sequence: int
    sha256: str
    broken: str | None


def examine(*, since: tuple[int, str] | None = None) -> Examination:
    """The log as it stands now, every link of it checked.

    ``since`` is a (sequence, sha256) pair exported earlier: it must still be in the chain,
    which shows a cut tail or a rewritten log.
    """
    head = AuditHead.objects.get(pk=1)  # what is appended from now on is another reading's
    return Examination(head.sequence, head.sha256, _first_break(head, since))


def verify(*, since: tuple[int, str] | None = None) -> str | None:
    """The first break in the chain, in words, or None when every link holds."""
    return examine(since=since).broken


def verify_to(sequence: int) -> str | None:
    """As ``verify``, up to the event of that number and the one that follows it now.

    The next one, or the head where there is none, shows whether any between was cut out.
    """
    following = AuditEvent.objects.filter(sequence__gt=sequence).order_by("sequence").first()
    end = following or AuditHead.objects.get(pk=1)
    return _first_break(AuditHead(sequence=end.sequence, sha256=end.sha256), None)


def last_by(at: datetime) -> AuditEvent | None:
    """The last event in the log of those that happened by ``at``; None before the first."""
    return AuditEvent.objects.filter(at__lte=at).order_by("-sequence").first()


def _first_break(head: AuditHead, since: tuple[int, str] | None) -> str | None:
    previous, expected = GENESIS, 1
    rows = AuditEvent.objects.filter(sequence__lte=head.sequence).order_by("sequence")
    for event in rows.iterator(chunk_size=2000):
        if event.sequence != expected:
            return f"event {expected} is missing: the next one found is {event.sequence}"
        if event.previous_sha256 != previous:
            return f"event {event.sequence} does not follow the event before it"
        if event.sha256 != digest(event):
            return f"event {event.sequence} was changed after it was recorded"
        if since and event.sequence == since[0] and event.sha256 != since[1]:
            return f"event {event.sequence} differs from the exported head: the log was rewritten"
        previous, expected = event.sha256, expected + 1
    if (head.sequence, head.sha256) != (expected - 1, previous):
        return f"event {head.sequence} was recorded last, and the log ends at {expected - 1}"
    if since and since[0] >= expected:
        return f"event {since[0]} was exported as the head, and the log ends at {expected - 1}"
    return None


class Head(NamedTuple):
    """The end of the log, the latest instant acted upon, and the database server's own clock."""

    sequence: int
    sha256: str
    latest_at: datetime
    database_at: datetime


# Every page asks it, so it is put together once.
_HEAD = (
    AuditHead.objects.filter(pk=1)
    .annotate(database_at=Now())
    .values_list("sequence", "sha256", "latest_at", "database_at")
)


def head() -> Head:
    """The log's head as it is now, in one query, whatever the anchor says."""
    (values,) = _HEAD.all()
    return Head(*values)


def anchored_head() -> Head:
    """As ``head``, which goes on from the anchor. Raises BehindAnchor when it does not."""
    before = anchor.known()
    now = head()
    anchor.check(
        before,
        sequence=now.sequence,
        sha256=now.sha256,
        latest_at=now.latest_at,
        hash_at=hash_at,
    )
    return now


def hash_at(sequence: int) -> str | None:
    """The hash of one event; None when there is no such event."""
    if sequence == 0:
        return GENESIS
    found = AuditEvent.objects.filter(sequence=sequence).values_list("sha256", flat=True)
    return found.first()


def high_water() -> tuple[datetime, datetime]:
    """(the latest instant acted upon, the database server's own clock)."""
    now = head()
    return now.latest_at, now.database_at


@transaction.atomic
def advance(at: datetime) -> None:
    """The high-water mark is ``at`` or later, unless an event is being appended right now.

    Whoever holds the row is about to advance it, so waiting would add nothing.
    """
    head = (
        AuditHead.objects.select_for_update(skip_locked=connection.features.has_select_for_update)
        .filter(pk=1, latest_at__lt=at)
        .first()
    )
    if head is not None:
        head.latest_at = at
        head.save(update_fields=["latest_at"])
