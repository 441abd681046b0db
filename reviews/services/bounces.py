"""Mail that comes back: a delivery-status notification marks what it names as undelivered.

RFC 3464 says how one looks. It is believed about a message whose Message-ID it knows, which
nobody can guess, and about nothing else: that is a notice's reference, of a digest its first
notice's. The log says what came of it, and no word of it.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from email import message_from_bytes, policy
from email.message import Message
from email.parser import BytesHeaderParser
from enum import StrEnum
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from reviews.models import Notice

# Far more than any report about a mail of ours. Python's parser asks of each line whether it ends
# any of the parts around it, so lines and nesting together decide what a stranger's mail costs.
MAX_BYTES = 128 * 1024
MAX_DECLARED = 50
MAX_NESTING = 10
STATUS = ("message/delivery-status", "message/global-delivery-status")
RETURNED = ("message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers")
OURS = re.compile(r"<?([0-9a-f]{32})@[^<>\s]+>?")
GAP = re.compile(rb"\r?\n\r?\n+")
# What makes the parser nest, wherever it stands; most of it is only text.
DECLARED = re.compile(rb"boundary|message/", re.IGNORECASE)
# A part begins to have parts, or has no more of them.
NESTS = re.compile(
    rb"^--(?P<closed>[^\r\n]{1,200}?)--[ \t]*\r?$"
    rb"|boundary[*0]*[ \t]*=[ \t]*\"?(?P<opened>[^\"\s;]*)",
    re.IGNORECASE | re.MULTILINE,
)
CODE = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")


class Outcome(StrEnum):
    """What came of one message to the mailbox of bounces."""

    MARKED = "marked what it names as undelivered"
    NOT_FINAL = "says that nothing has failed for good"
    UNKNOWN = "names no mail that Foreview waits to hear of"
    UNREADABLE = "is no delivery-status notification"


def take(content: bytes, *, at: datetime) -> Outcome:
    """What the message says has happened to a mail of ours is on record; twice is once."""
    if too_costly(content):
        return Outcome.UNREADABLE
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


def too_costly(content: bytes) -> bool:
    """Whether it is longer or more nested than any report, by one pass that parses nothing."""
    if len(content) > MAX_BYTES or len(DECLARED.findall(content)) > MAX_DECLARED:
        return True
    around: list[bytes] = []
    for found in NESTS.finditer(content):
        if (closed := found["closed"]) is None:
            around.append(found["opened"])
        elif closed in around:
            del around[around.index(closed) :]
        if len(around) > MAX_NESTING:
            return True
    return False


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
    shown = "".join(letter if letter.isprintable() else " " for letter in words)
    return " ".join(f"{code[0]} {shown}".split())


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
    named = Notice.objects.filter(reference__in=[UUID(name) for name in names])
    meant = Q(pk__in=[])
    for number, person, day in named.values_list("pk", "recipient", "digest_for"):
        meant |= Q(pk=number) if day is None else Q(recipient=person, digest_for=day)
    gone = Q(sent_at__isnull=False) | Q(claimed_until__gt=at)
    return Notice.objects.filter(meant, gone, bounced_at__isnull=True).update(
        bounced_at=at, error=f"Came back: {failure}"[:300]
    )
