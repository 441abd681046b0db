"""Sending what waits in the outbox: claimed with a lease, one connection a batch.

Exactly-once SMTP cannot be had (RFC 1047): a crash between the server's 250 and our commit
repeats one message, with the same Message-ID, or puts on record as skipped what went out and
no longer holds; nothing is lost. Each message is committed as sent before the next begins; a
commit that finds its claim gone to another worker makes us ask for each that follows.
"""

import logging
import re
import smtplib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.core.mail import get_connection
from django.db import connection as database
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from reviews import audience, clock, emails
from reviews.models import Notice
from reviews.models.notice import ESCALATIONS, Delivery
from reviews.services import notices, outbox, timekeeping
from reviews.services.outbox import TASK, Since, one_line
from reviews.services.validity import Validity

BATCH = 100
LEASE = timedelta(seconds=settings.MAIL_LEASE_SECONDS)
# An older claim is renewed before its mail begins, so that two thirds of a lease are left to it.
AGED = LEASE / 3
# What a batch knows of its notices is read again when it is older.
FRESH = timedelta(seconds=1)
# The longest wait between two attempts.
LONGEST = timedelta(hours=1)
# So many mails in a row refused by policy, and it is not about their recipients.
SUSPICIOUS = 3
POLICY = re.compile(r"5\.7\.\d")
# MAIL FROM may be refused for the size of its one message.
TOO_LARGE = 552
# Written for every mail: Django takes longer over the words than the database over the deed.
SENT = (
    "UPDATE reviews_notice SET sent_at = %s, claimed_until = NULL "
    "WHERE id = %s AND claimed_until = %s"
)

log = logging.getLogger(__name__)
Mail = list[Notice]  # one notice, or a person's notices of one day


class Unreachable(Exception):
    """The mail server takes nothing from us now, whatever the mail."""


class Unwanted(Exception):
    """The mail server's policy refuses this mail: its recipient's business, or all of ours."""


def deliver_notices() -> dict[str, int]:
    """What waited was tried once; how many notices were sent, skipped, deferred, dead."""
    counts = {"sent": 0, "skipped": 0, "deferred": 0, "dead": 0}
    begun = Since(timekeeping.now())
    while begun.age() < TASK:
        claimed = Since(timekeeping.now())
        if not (batch := claim(claimed.at)):
            break
        connection = get_connection()
        try:
            for outcome, number in _send(batch, connection, begun=begun, claimed=claimed):
                counts[outcome] += number
        finally:
            # Whatever ends the batch: what it did not come to waits for nobody.
            _ours(batch).update(claimed_until=None)
            connection.close()
    return counts


@transaction.atomic
def claim(at: datetime) -> list[Notice]:
    """Up to a batch of waiting notices that nobody else sends until the lease runs out.

    A digest comes whole, by its first unsent notice, or not at all.
    """
    earlier = _digest(OuterRef("recipient"), OuterRef("digest_for")).filter(
        Q(pk__lt=OuterRef("pk")) | Q(claimed_until__gt=at)
    )
    leading = Q(digest_for__isnull=True) | ~Exists(earlier)
    found = list(_related(outbox.locked(notices.waiting(at).filter(leading)))[:BATCH])
    digests = _whole({_day(notice) for notice in found if notice.digest_for}, at)
    batch = [
        notice
        for first in found
        for notice in (digests.get(_day(first), []) if first.digest_for else [first])
    ]
    for notice in batch:
        notice.claimed_until = at + LEASE
    numbers = [notice.pk for notice in batch]
    Notice.objects.filter(pk__in=numbers).update(claimed_until=at + LEASE)
    return batch


def _whole(days: set[tuple[int, date | None]], at: datetime) -> dict[tuple[int, Any], Mail]:
    """Those of the people's days of which every unsent notice could be locked, first to last."""
    if not days:
        return {}
    wanted = reduce(or_, (Q(recipient=person, digest_for=day) for person, day in days))
    unsent = _digest().filter(wanted)
    free = unsent.filter(outbox.unclaimed(at))
    # Whoever waited for a lock here could meet somebody who waits for one of ours.
    locked = set(outbox.locked(free).values_list("pk", flat=True))
    digests: dict[tuple[int, Any], Mail] = defaultdict(list)
    for notice in _related(unsent.order_by("pk")):
        digests[_day(notice)].append(notice)
    return {
        day: mail for day, mail in digests.items() if all(notice.pk in locked for notice in mail)
    }


def _digest(person: Any = None, day: Any = None) -> QuerySet[Notice]:
    """What is unsent of the person's digest of that day, or of every digest."""
    unsent = Notice.objects.filter(
        sent_at__isnull=True, skipped_at__isnull=True, dead_at__isnull=True
    ).filter(digest_for__isnull=False)
    return unsent if person is None else unsent.filter(recipient=person, digest_for=day)


def _related(rows: QuerySet[Notice]) -> QuerySet[Notice]:
    about = ("submission", "grant__submission", "information_request__submission")
    return rows.select_related("recipient", "on_behalf_of", *about)


def _day(notice: Notice) -> tuple[int, date | None]:
    return notice.recipient_id, notice.digest_for


class _Knowledge:
    """What a batch knows of its notices at ``at``, and how old that is."""

    def __init__(self, mails: Sequence[Mail]) -> None:
        batch = [notice for mail in mails for notice in mail]
        self.read = Since(timekeeping.now())
        self.validity = Validity(batch, self.read.at)
        escalated = {notice.submission for notice in batch if notice.kind in ESCALATIONS}
        self._viewers = audience.viewers(escalated) if escalated else set()

    @property
    def now(self) -> datetime:
        """The present instant, never before the one of the reading."""
        return max(clock.system(), self.read.at)

    def sees(self, notice: Notice) -> bool:
        """Whether the notice leads its recipient to the submission, not to its attachments."""
        if notice.kind not in ESCALATIONS:
            return True
        return (notice.submission_id, notice.recipient_id) in self._viewers


def _send(
    batch: Sequence[Notice], connection: Any, *, begun: Since, claimed: Since
) -> Iterator[tuple[str, int]]:
    """(outcome, how many notices) of each mail of the batch that is still ours, in its time."""
    mails = _mails(batch)
    known = _Knowledge(mails)
    sure = True  # of our claim, as the last write showed: others take claims by the batch
    suspected: list[tuple[Mail, str]] = []
    for number, mail in enumerate(mails):
        if begun.age() >= TASK:
            break
        if known.read.age() > FRESH:
            known, sure = _Knowledge(mails[number:]), False
        at = known.now
        stale = [notice for notice in mail if not known.validity.holds(notice, at)]
        if stale:
            yield _finish(stale, "skipped", skipped_at=at)
        current = [notice for notice in mail if notice not in stale]
        sure = sure and claimed.age() <= AGED
        if not current or not (sure or _still_ours(current, claimed)):
            continue
        try:
            outcome = _deliver(current, connection, known)
        except Unwanted as refusal:
            suspected.append((current, str(refusal)))
            if len(suspected) == SUSPICIOUS:
                doubted = [one for one, _ in suspected]
                yield from _put_off([*doubted, *mails[number + 1 :]], str(refusal))
                return
            continue
        except Unreachable as failure:
            # Each of the others would only meet the same.
            doubted = [one for one, _ in suspected]
            yield from _put_off([*doubted, current, *mails[number + 1 :]], str(failure))
            return
        yield from _bury_all(suspected)
        suspected, sure = [], outcome[1] == len(current)
        yield outcome
    yield from _bury_all(suspected)


def _mails(batch: Sequence[Notice]) -> list[Mail]:
    """The batch as mails: each notice by itself, but those of one digest together."""
    digests: dict[tuple[int, Any], Mail] = defaultdict(list)
    mails: list[Mail] = []
    for notice in batch:
        if notice.delivery != Delivery.DIGEST:
            mails.append([notice])
            continue
        mail = digests[_day(notice)]
        if not mail:
            mails.append(mail)
        mail.append(notice)
    return mails


def _ours(mail: Sequence[Notice]) -> QuerySet[Notice]:
    """The rows of the mail on which our claim still is; nobody else's is ever written."""
    claims = {notice.claimed_until for notice in mail}
    return Notice.objects.filter(pk__in=[notice.pk for notice in mail], claimed_until__in=claims)


def _still_ours(mail: Mail, claimed: Since) -> bool:
    """Whether the whole mail is claimed by us, for two thirds of a lease at least."""
    age = claimed.age()
    if age <= AGED:
        return len(_ours(mail).values_list("pk")) == len(mail)
    until = claimed.at + age + LEASE
    kept = _ours(mail).update(claimed_until=until)
    for notice in mail:
        notice.claimed_until = until
    return kept == len(mail)


def _deliver(mail: Mail, connection: Any, known: _Knowledge) -> tuple[str, int]:
    """The mail's outcome. Raises Unwanted and Unreachable when it is not for this mail alone."""
    at = known.now
    try:
        connection.open()
    except OSError as failure:
        raise Unreachable(_said(*_reason(failure))) from failure
    try:
        envelope = _compose(mail, known)
    except SoftTimeLimitExceeded:
        raise
    except Exception as failure:
        # One row that cannot be composed must not stop the others: it is kept and shown.
        log.exception("Notice %s cannot be composed", mail[0].pk)
        return _bury(mail, at, f"Cannot be composed: {failure!r}")
    try:
        connection.connection.sendmail(*envelope)
    except OSError as failure:
        return _refused(mail, connection, failure, at)
    sent_at = max(clock.system(), at)
    if len(mail) > 1:
        return _finish(mail, "sent", sent_at=sent_at)
    adapted = database.ops.adapt_datetimefield_value
    facts = [adapted(sent_at), mail[0].pk, adapted(mail[0].claimed_until)]
    with database.cursor() as cursor:
        cursor.execute(SENT, facts)
        return _counted(mail, "sent", cursor.rowcount)


def _compose(mail: Mail, known: _Knowledge) -> tuple[str, list[str], bytes]:
    worded = [(one, notices.wording(one.kind), known.sees(one)) for one in mail]
    if mail[0].delivery == Delivery.DIGEST:
        return emails.compose_digest(worded).envelope()
    return emails.compose(*worded[0]).envelope()


def _refused(mail: Mail, connection: Any, failure: OSError, at: datetime) -> tuple[str, int]:
    code, text = _reason(failure)
    if code in (0, 421):
        # Nobody knows the conversation's state: begin a new one.
        connection.close()
    if isinstance(failure, smtplib.SMTPHeloError | smtplib.SMTPAuthenticationError) or (
        isinstance(failure, smtplib.SMTPSenderRefused) and code != TOO_LARGE
    ):
        raise Unreachable(_said(code, text)) from failure
    if code < 500:
        return _defer(mail, _said(code, text))
    if POLICY.match(text):
        raise Unwanted(_said(code, text)) from failure
    return _bury(mail, at, _said(code, text))


def _reason(failure: OSError) -> tuple[int, str]:
    """The server's code and words; code 0 for a time-out or a dropped connection."""
    if isinstance(failure, smtplib.SMTPRecipientsRefused):
        code, text = next(iter(failure.recipients.values()))
        return code, one_line(text)
    if isinstance(failure, smtplib.SMTPResponseException):
        return failure.smtp_code, one_line(failure.smtp_error)
    return 0, one_line(str(failure))


def _said(code: int, text: str) -> str:
    return f"{code} {text}" if code else text


def _put_off(mails: Sequence[Mail], text: str) -> Iterator[tuple[str, int]]:
    log.error("The mail server takes no mail from us: %s", text)
    for mail in mails:
        yield _defer(mail, text)


def _defer(mail: Mail, text: str) -> tuple[str, int]:
    """Tried again later, each time later; given up, and shown as undelivered, after days.

    What is one mail stays one: it waits as long as its most tried notice.
    """
    at = timekeeping.now()
    attempts = max(notice.attempts for notice in mail) + 1
    first = timedelta(seconds=settings.MAIL_RETRY_SECONDS)
    facts = outbox.deferred(attempts, text, at=at, first=first, longest=LONGEST)
    late = [one for one in mail if outbox.late(one, at)]
    rest = [one for one in mail if one not in late]
    number = sum(
        _finish(part, "deferred", **facts, **dead)[1]
        for part, dead in ((rest, {}), (late, {"dead_at": at}))
        if part
    )
    return "deferred", number


def _bury_all(refused: Sequence[tuple[Mail, str]]) -> Iterator[tuple[str, int]]:
    for mail, text in refused:
        yield _bury(mail, timekeeping.now(), text)


def _bury(mail: Mail, at: datetime, text: str) -> tuple[str, int]:
    log.error("Notice %s cannot be delivered: %s", mail[0].pk, text)
    attempts = max(notice.attempts for notice in mail) + 1
    return _finish(mail, "dead", dead_at=at, error=text[:300], attempts=attempts)


def _finish(mail: Mail, outcome: str, **facts: Any) -> tuple[str, int]:
    """The outcome of what of the mail is still ours is on record, and how many that are."""
    return _counted(mail, outcome, _ours(mail).update(claimed_until=None, **facts))


def _counted(mail: Mail, outcome: str, number: int) -> tuple[str, int]:
    if number < len(mail):
        log.warning("Notice %s was %s when another worker had claimed it", mail[0].pk, outcome)
    return outcome, number
