"""Sending what waits in the outbox: claimed with a lease, one connection a batch.

Exactly-once SMTP cannot be had (RFC 1047): a crash between the server's 250 and our commit
repeats one message, with the same Message-ID; nothing is lost. Each message is committed as
sent before the next begins.
"""

import logging
import random
import smtplib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any

from django.conf import settings
from django.core.mail import get_connection
from django.db import transaction
from django.db.models import Q

from reviews import clock, emails
from reviews.models import Notice
from reviews.models.notice import Delivery
from reviews.services import notices, timekeeping
from reviews.services.validity import Validity

BATCH = 100
LEASE = timedelta(seconds=settings.MAIL_LEASE_SECONDS)
# A batch begins no message after this, so that none is being sent when its lease runs out.
BEGINS = LEASE / 3
# One task leaves the rest to the next tick, well before the broker would hand it out again.
TASK = timedelta(minutes=4)
# What a batch knows of its notices is read again when it is older.
FRESH = timedelta(seconds=1)
GIVES_UP = timedelta(days=3)

log = logging.getLogger(__name__)
Mail = list[Notice]  # one notice, or a person's notices of one day


def deliver_notices() -> dict[str, int]:
    """What waited was tried once; how many notices were sent, skipped, deferred, dead."""
    counts = {"sent": 0, "skipped": 0, "deferred": 0, "dead": 0}
    begun = timekeeping.now()
    while (at := timekeeping.now()) < begun + TASK and (batch := claim(at)):
        connection = get_connection()
        try:
            for outcome, number in _send(batch, connection, until=at + BEGINS):
                counts[outcome] += number
        finally:
            connection.close()
    return counts


class Unreachable(Exception):
    """The mail server did not take a connection."""


@transaction.atomic
def claim(at: datetime) -> list[Notice]:
    """Up to a batch of waiting notices that nobody else sends until the lease runs out.

    On SQLite the transaction holds the only write lock; on PostgreSQL rows that another
    worker is claiming are passed over. A digest comes whole: with a notice of it, the rest.
    """
    waiting = notices.waiting(at).select_for_update(skip_locked=True, of=("self",))
    related = waiting.select_related("recipient", "submission", "grant__submission", "on_behalf_of")
    batch = list(related[:BATCH])
    digests = {(notice.recipient_id, notice.digest_for) for notice in batch if notice.digest_for}
    if digests:
        wanted = reduce(or_, (Q(recipient=person, digest_for=day) for person, day in digests))
        batch += related.filter(wanted).exclude(pk__in=[notice.pk for notice in batch])
    numbers = [notice.pk for notice in batch]
    Notice.objects.filter(pk__in=numbers).update(claimed_until=at + LEASE)
    return batch


def _send(
    batch: Sequence[Notice], connection: Any, *, until: datetime
) -> Iterator[tuple[str, int]]:
    """(outcome, how many notices) of each mail of the batch; what is not begun is given back."""
    mails, validity = _mails(batch), Validity(batch, timekeeping.now())
    for number, mail in enumerate(mails):
        at = max(clock.system(), validity.at)
        if at >= until:
            return _give_back(mails[number:])
        if at - validity.at > FRESH:
            validity = Validity([n for rest in mails[number:] for n in rest], timekeeping.now())
        stale = [notice for notice in mail if not validity.holds(notice, at)]
        if stale:
            yield _finish(stale, "skipped", skipped_at=at)
        current = [notice for notice in mail if notice not in stale]
        try:
            if current:
                yield _deliver(current, connection, at)
        except Unreachable as failure:
            # Each of the others would only wait for the same time-out.
            rest = [notice for one in [current, *mails[number + 1 :]] for notice in one]
            yield _defer(rest, timekeeping.now(), str(failure))
            return None
    return None


def _mails(batch: Sequence[Notice]) -> list[Mail]:
    """The batch as mails: each notice by itself, but those of one digest together."""
    digests: dict[tuple[int, Any], Mail] = defaultdict(list)
    mails: list[Mail] = []
    for notice in batch:
        if notice.delivery != Delivery.DIGEST:
            mails.append([notice])
            continue
        mail = digests[notice.recipient_id, notice.digest_for]
        if not mail:
            mails.append(mail)
        mail.append(notice)
    return mails


def _give_back(mails: Sequence[Mail]) -> None:
    numbers = [notice.pk for mail in mails for notice in mail]
    Notice.objects.filter(pk__in=numbers).update(claimed_until=None)


def _deliver(mail: Mail, connection: Any, at: datetime) -> tuple[str, int]:
    try:
        connection.open()
    except OSError as failure:
        raise Unreachable(str(failure)) from failure
    try:
        _compose(mail, connection).send()
    except OSError as failure:
        code, text = _reason(failure)
        if code in (0, 421):
            # Nobody knows the conversation's state: begin a new one.
            connection.close()
        if code < 500:
            return _defer(mail, timekeeping.now(), f"{code} {text}")
        log.error("Notice %s cannot be delivered: %s %s", mail[0].pk, code, text)
        return _bury(mail, at, f"{code} {text}")
    except Exception as failure:
        # One row that cannot be composed must not stop the others: it is kept and shown.
        log.exception("Notice %s cannot be composed", mail[0].pk)
        return _bury(mail, at, f"Cannot be composed: {failure!r}")
    return _finish(mail, "sent", sent_at=max(clock.system(), at))


def _compose(mail: Mail, connection: Any) -> Any:
    worded = [(notice, notices.wording(notice.kind)) for notice in mail]
    if mail[0].delivery == Delivery.DIGEST:
        return emails.compose_digest(worded, connection)
    return emails.compose(*worded[0], connection)


def _reason(failure: OSError) -> tuple[int, str]:
    """The server's code and words; code 0 for a time-out or a dropped connection."""
    if isinstance(failure, smtplib.SMTPRecipientsRefused):
        code, text = next(iter(failure.recipients.values()))
        return code, _words(text)
    if isinstance(failure, smtplib.SMTPResponseException):
        return failure.smtp_code, _words(failure.smtp_error)
    return 0, str(failure)


def _words(text: str | bytes) -> str:
    return text.decode(errors="replace") if isinstance(text, bytes) else text


def _defer(mail: Mail, at: datetime, text: str) -> tuple[str, int]:
    """Tried again later, each time later; given up, and shown as undelivered, after days."""
    for notice in mail:
        attempts = notice.attempts + 1
        first = timedelta(seconds=settings.MAIL_RETRY_SECONDS)
        backoff = min(first * 2 ** min(attempts - 1, 10), timedelta(hours=1))
        wait = backoff * random.uniform(0.5, 1)  # noqa: S311 - spreads retries, keeps no secret
        facts = {"attempts": attempts, "error": text[:300], "next_attempt_at": at + wait}
        if at - notice.queued_at > GIVES_UP and notice.attempts:
            facts["dead_at"] = at
        _finish([notice], "deferred", **facts)
    return "deferred", len(mail)


def _bury(mail: Mail, at: datetime, text: str) -> tuple[str, int]:
    for notice in mail:
        _finish([notice], "dead", dead_at=at, error=text[:300], attempts=notice.attempts + 1)
    return "dead", len(mail)


def _finish(mail: Mail, outcome: str, **facts: Any) -> tuple[str, int]:
    numbers = [notice.pk for notice in mail]
    Notice.objects.filter(pk__in=numbers).update(claimed_until=None, **facts)
    return outcome, len(mail)
