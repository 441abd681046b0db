"""Mail that comes back: a delivery-status notification marks what it names as undelivered.

RFC 3464 says how one looks. It is believed about a message whose Message-ID it knows, which
nobody can guess, and about nothing else. The log says what came of it, and no word of it.
"""

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from email import message_from_bytes, policy
from email.message import Message
from email.parser import BytesHeaderParser
from enum import StrEnum
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from reviews import emails
from reviews.models import Notice
from reviews.models.notice import Delivery

# Servers give up after days; a report about an older digest is nobody's.
REMEMBERED = timedelta(days=14)
STATUS = ("message/delivery-status", "message/global-delivery-status")
RETURNED = ("message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers")
OURS = re.compile(r"<?([0-9a-f]{32})@[^<>\s]+>?")
GAP = re.compile(rb"\r?\n\r?\n+")
CODE = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")


class Outcome(StrEnum):
    """What came of one message to the mailbox of bounces."""

    MARKED = "marked what it names as undelivered"
    NOT_FINAL = "says that nothing has failed for good"
    UNKNOWN = "names no mail that Foreview waits to hear of"
    UNREADABLE = "is no delivery-status notification"


def take(content: bytes, *, at: datetime) -> Outcome:
    """What the message says has happened to a mail of ours is on record; twice is once."""
    try:
        failure, names = read(content)
    except Exception:
        # Anybody may write to that address, and Python's parser fails in many ways.
        return Outcome.UNREADABLE
    if not names:
        return Outcome.UNREADABLE
    if failure is None:
        return Outcome.NOT_FINAL
    return Outcome.MARKED if mark(names, failure, at=at) else Outcome.UNKNOWN


def read(content: bytes) -> tuple[str | None, list[str]]:
    """(the first permanent failure in the server's words, names of the returned mail).

    The failure is None where there is none; the names are empty for what is no notification.
    """
    message = message_from_bytes(content, policy=policy.compat32)
    statuses: list[Message] = []
    names: list[str] = []
    if message.get_content_type() != "multipart/report":
        return None, []
    for part in message.walk():
        kind = part.get_content_type()
        if kind in STATUS:
            statuses += _blocks(part)
        elif kind in RETURNED:
            names += _names(part)
    return next(filter(None, map(_failure, statuses)), None), names if statuses else []


def _blocks(part: Message) -> Iterator[Message]:
    """The groups of fields: the message's own, and one for each recipient."""
    # Python takes the kind for addresses beyond ASCII apart otherwise, so both are read as text.
    yield from map(BytesHeaderParser().parsebytes, GAP.split(part.as_bytes())[1:])


def _failure(block: Message) -> str | None:
    """The status and the server's words, where the block says that delivery failed for good.

    "failed" is final whatever the class of the status; a server that waits says "delayed".
    """
    code = CODE.search(str(block.get("Status", "")))
    action = str(block.get("Action", "")).strip().lower()
    if code is None or (action or "failed") != "failed":
        return None
    if not action and not code[0].startswith("5"):
        return None
    words = str(block.get("Diagnostic-Code", "")).partition(";")[2]
    return " ".join(f"{code[0]} {words}".split())


def _names(part: Message) -> list[str]:
    """The names in the returned mail's Message-ID; empty where it has none of ours."""
    payload = part.get_payload()
    if isinstance(payload, list) and payload and isinstance(payload[0], Message):
        headers = payload[0]
    else:
        decoded = part.get_payload(decode=True)
        headers = BytesHeaderParser().parsebytes(decoded if isinstance(decoded, bytes) else b"")
    return OURS.findall(str(headers.get("Message-ID", "")))[:1]


@transaction.atomic
def mark(names: list[str], failure: str, *, at: datetime) -> int:
    """The notices of the mails so named have come back at ``at``; how many are new.

    Only of mail that was sent, or is being sent: after it was queued again, an old report
    that arrives once more says nothing about what is yet to go.
    """
    meant = Q(reference__in=[UUID(name) for name in names])
    if not Notice.objects.filter(meant).exists():
        for person, day in _digests(at):
            if emails.digest_name(person, day) in names:
                meant |= Q(recipient=person, digest_for=day)
    gone = Q(sent_at__isnull=False) | Q(claimed_until__gt=at)
    return Notice.objects.filter(meant, gone, bounced_at__isnull=True).update(
        bounced_at=at, error=f"Came back: {failure}"[:300]
    )


def _digests(at: datetime) -> list[tuple[int, date]]:
    """(person, day) of every digest that a report may still be about."""
    sent = Notice.objects.filter(delivery=Delivery.DIGEST, digest_for__gte=(at - REMEMBERED).date())
    return list(sent.values_list("recipient", "digest_for").distinct())
