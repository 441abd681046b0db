"""Operators are told once that a part has stopped, and once that it works again.

What they were told stands in the database, one row for each cause, so that several processes
that notice the same send one mail; an unreachable database is remembered in a file of this
machine's. Mail goes out directly and not through the outbox, which may be what has stopped.
"""

import logging
import socket
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import Error
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import dateformat

from reviews import clock
from reviews.models import Heartbeat
from reviews.services import health
from reviews.services.health import Part, State

CAUSE = "alarm:"
TOLD = "told"
# Whoever claims a cause sends its mail within this, or another process does.
CLAIM = timedelta(minutes=2)

log = logging.getLogger(__name__)


def watch() -> list[Part]:
    """The parts as they are now, of whose stopping and return operators have been told."""
    found = health.facts()
    parts = health.parts(found)
    tell(parts, at=found.at)
    return parts


def unreachable(failure: Error) -> Part:
    """The database as a part that does not work."""
    return Part(
        "database",
        "Database",
        State.NOT_WORKING,
        f"It cannot be used ({type(failure).__name__}), so nothing is shown or decided.",
        "Start PostgreSQL, or correct DATABASE_URL. The portal needs no restart afterwards.",
    )


def tell(parts: Sequence[Part], *, at: datetime) -> None:
    """Each cause that began has one mail, and each that ended too."""
    known = {
        row.name.removeprefix(CAUSE): row
        for row in Heartbeat.objects.filter(name__startswith=CAUSE)
    }
    begun = [
        part for part in parts if part.is_wrong and _claim_begun(part, known.get(part.cause), at)
    ]
    ended = [
        part
        for part in parts
        if not part.is_wrong and part.cause in known and _claim_ended(known[part.cause], at)
    ]
    if not _send(begun, ended, at):
        return  # the claims run out, and the next look tries again
    _rows(begun).update(holder=TOLD, lease_ends_at=None)
    _rows(ended).delete()


def tell_outside(part: Part | None) -> None:
    """As ``tell`` for the database itself; None when it can be used."""
    note, at = Path(settings.VAR_DIR) / "alarm-database", clock.system()
    if part is not None and not note.exists():
        if _send([part], [], at):
            note.touch(mode=0o600)
    elif part is None and note.exists():
        well = Part("database", "Database", State.WORKING, "It can be used again.")
        if _send([], [well], at):
            note.unlink(missing_ok=True)


def _rows(parts: Sequence[Part]) -> QuerySet[Heartbeat]:
    return Heartbeat.objects.filter(name__in=[CAUSE + part.cause for part in parts])


def _claim_begun(part: Part, row: Heartbeat | None, at: datetime) -> bool:
    name = CAUSE + part.cause
    if row is None:
        facts = {"at": at, "holder": "", "lease_ends_at": at + CLAIM}
        return Heartbeat.objects.get_or_create(name=name, defaults=facts)[1]
    if row.holder == TOLD:
        return False
    untold = Heartbeat.objects.filter(name=name, holder="", lease_ends_at__lte=at)
    return untold.update(lease_ends_at=at + CLAIM) == 1


def _claim_ended(row: Heartbeat, at: datetime) -> bool:
    rows = Heartbeat.objects.filter(name=row.name)
    if row.holder != TOLD:
        # Nobody could be told that it stopped, so nobody need be told that it works.
        rows.filter(holder="", lease_ends_at__lte=at).delete()
        return False
    free = Q(lease_ends_at__isnull=True) | Q(lease_ends_at__lte=at)
    return rows.filter(free, holder=TOLD).update(lease_ends_at=at + CLAIM) == 1


def _send(begun: Sequence[Part], ended: Sequence[Part], at: datetime) -> bool:
    """Whether one mail about all of them left, or there is nobody to mail or nothing to say."""
    for part in begun:
        log.critical("Not working: %s. %s %s", part.name, part.words, part.remedy)
    for part in ended:
        log.warning("Working again: %s. %s", part.name, part.words)
    if not (settings.OPERATOR_EMAILS and (begun or ended)):
        return True
    subject = "not working" if begun else "working again"
    names = ", ".join(part.name for part in begun or ended)
    message = EmailMessage(
        subject=f"Foreview: {subject}: {names}",
        body=_text(begun, ended, at),
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=settings.OPERATOR_EMAILS,
        headers={"Auto-Submitted": "auto-generated"},
    )
    try:
        message.send()
    except OSError as failure:
        log.critical("Operators could not be told (%s): %s", subject, failure)
        return False
    return True


def _text(begun: Sequence[Part], ended: Sequence[Part], at: datetime) -> str:
    moment = dateformat.format(at.astimezone(UTC), "F j, Y, g:i a T")
    lines = [f"As of {moment}, seen from {socket.gethostname()}:", ""]
    for part in begun:
        lines += [f"Not working: {part.name}", f"  {part.words}", f"  {part.remedy}", ""]
    for part in ended:
        lines += [f"Working again: {part.name}", f"  {part.words}", ""]
    lines += [
        f"The whole picture: {settings.SITE_URL}{reverse('reviews:health-detail')}",
        "or, on a server: manage.py check_health",
    ]
    return "\n".join(lines)
