"""Sending what waits in the outbox: claimed with a lease, one connection a batch.

Exactly-once SMTP cannot be had (RFC 1047): a crash between the server's 250 and our commit
repeats one message, with the same Message-ID; nothing is lost.
"""

import logging
import random
import smtplib
from datetime import datetime, timedelta
from typing import Any

from django.core.mail import get_connection
from django.db import transaction

from reviews import emails, policy
from reviews.models import Notice
from reviews.services import notices, timekeeping

BATCH = 100
LEASE = timedelta(minutes=5)
MAX_BACKOFF = timedelta(hours=1)

log = logging.getLogger(__name__)


def deliver_notices() -> dict[str, int]:
    """Everything that waited was tried once; how many were sent, skipped, deferred, dead."""
    counts = {"sent": 0, "skipped": 0, "deferred": 0, "dead": 0}
    while batch := claim(timekeeping.now()):
        connection = get_connection()
        try:
            for notice in batch:
                counts[_deliver(notice, connection)] += 1
        except Unreachable as failure:
            # Each of the others would only wait for the same time-out.
            unsent = Notice.objects.filter(pk__in=[n.pk for n in batch]).exclude(claimed_until=None)
            for notice in unsent:
                counts[_failed(notice, timekeeping.now(), 0, str(failure))] += 1
        finally:
            connection.close()
    return counts


class Unreachable(Exception):
    """The mail server did not take a connection."""


@transaction.atomic
def claim(at: datetime) -> list[Notice]:
    """Up to a batch of waiting notices that nobody else sends until the lease runs out.

    On SQLite the transaction holds the only write lock; on PostgreSQL rows that another
    worker is claiming are passed over.
    """
    batch = list(
        notices.waiting(at)
        .select_for_update(skip_locked=True, of=("self",))
        .select_related("recipient", "submission", "grant")[:BATCH]
    )
    Notice.objects.filter(pk__in=[notice.pk for notice in batch]).update(claimed_until=at + LEASE)
    return batch


def still_true(notice: Notice, at: datetime) -> bool:
    """Whether the notice still holds: its recipient sees what it is about, and it is not stale."""
    submission, grant = notice.submission, notice.grant
    if grant is not None:
        return policy.may(notice.recipient, policy.Action.VIEW_GRANT, grant, at=at)
    if notice.kind in notices.REMINDERS and not submission.is_open(at):
        return False
    return policy.may(notice.recipient, policy.Action.VIEW, submission, at=at)


def _deliver(notice: Notice, connection: Any) -> str:
    at = timekeeping.now()
    if not still_true(notice, at):
        return _finish(notice, "skipped", skipped_at=at)
    try:
        connection.open()
    except OSError as failure:
        raise Unreachable(str(failure)) from failure
    try:
        emails.compose(notice, connection).send()
    except OSError as failure:
        # After a refusal or a drop nobody knows the conversation's state: begin a new one.
        connection.close()
        return _failed(notice, at, *_reason(failure))
    return _finish(notice, "sent", sent_at=timekeeping.now())


def _reason(failure: OSError) -> tuple[int, str]:
    """The server's code and words; code 0 for a time-out or a dropped connection."""
    if isinstance(failure, smtplib.SMTPRecipientsRefused):
        code, text = next(iter(failure.recipients.values()))
        return code, str(text)
    if isinstance(failure, smtplib.SMTPResponseException):
        return failure.smtp_code, str(failure.smtp_error)
    return 0, str(failure)


def _failed(notice: Notice, at: datetime, code: int, text: str) -> str:
    attempts = notice.attempts + 1
    error = f"{code} {text}"[:300]
    if code >= 500:
        log.error("Notice %s cannot be delivered: %s", notice.pk, error)
        return _finish(notice, "dead", dead_at=at, error=error, attempts=attempts)
    backoff = min(timedelta(minutes=1) * 2 ** min(attempts - 1, 6), MAX_BACKOFF)
    wait = backoff * random.uniform(0.5, 1)  # noqa: S311 - spreads retries, keeps no secret
    return _finish(notice, "deferred", next_attempt_at=at + wait, error=error, attempts=attempts)


def _finish(notice: Notice, outcome: str, **facts: Any) -> str:
    Notice.objects.filter(pk=notice.pk).update(claimed_until=None, **facts)
    return outcome
