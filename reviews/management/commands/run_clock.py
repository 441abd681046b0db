"""One turn of the clock's bookkeeping, without Celery; or what one would do at an instant.

A dry run is the same turn in a transaction that is rolled back: the same services decide, given
the instant, and no mail server is asked. It is one turn from the present state, as if none ran
until then. What its notices say is not shown, and no lab or model is named.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.db.models import Max

from reviews import tasks
from reviews.exceptions import Unavailable
from reviews.models import GatewaySignal, Notice, Submission
from reviews.models.notice import Delivery
from reviews.services import delivery, ends, gateway_signals, notices, timekeeping
from reviews.services.validity import Validity

HOW = {Delivery.IMMEDIATE: "at once", Delivery.DIGEST: "in the digest", Delivery.MUTED: "muted"}


class Command(BaseCommand):
    help = (
        "Record overdue ends, queue due reminders and messages to labs' gateways, deliver "
        "what waits, prepare files that were asked for, and scan documents, once. With "
        "--dry-run print what that would record and send, and change nothing; writes of the "
        "portal wait meanwhile."
    )

    def add_arguments(self, parser):
        parser.add_argument(
            "--dry-run", action="store_true", help="print what would be done, and do nothing"
        )
        parser.add_argument(
            "--at",
            metavar="INSTANT",
            help="the instant to try, with its zone, such as 2026-12-01T15:00:00Z",
        )

    def handle(self, *args, **options):
        if options["dry_run"]:
            return self._rehearse(options["at"])
        if options["at"]:
            raise CommandError(
                "--at goes with --dry-run only: nobody sets the clock by which ends are recorded."
            )
        tasks.record_expiries()
        tasks.queue_reminders()
        tasks.queue_signals()
        tasks.deliver_notices()
        tasks.deliver_signals()
        tasks.prepare_exports()
        tasks.scan_documents()
        return None

    def _rehearse(self, text):
        # Reading the clock may advance its mark, so even that is rolled back.
        with transaction.atomic():
            at = _instant(text)
            self._say(f"One turn of the clock at {_utc(at)}. Nothing is recorded or sent.")
            last = Notice.objects.aggregate(last=Max("pk"))["last"] or 0
            self._ends(at)
            notices.queue_reminders(at=at)
            self._mails(at, Notice.objects.filter(pk__gt=last))
            self._signals(at)
            transaction.set_rollback(True)

    def _ends(self, at):
        overdue = list(Submission.objects.overdue(at).values_list("pk", flat=True))
        ends.record_overdue(at=at)
        recorded = Submission.objects.filter(pk__in=overdue, ended_at__isnull=False)
        found = list(recorded.order_by("ended_at", "reference"))
        self._say(f"Ends that would be recorded: {len(found)}")
        for window in found:
            self._say(f"  {window.reference}  ended {_utc(window.ended_at)}")

    def _mails(self, at, new):
        sent, skipped = [], []
        for notice, holds in _claimed(at):
            (sent if holds else skipped).append(_line(notice))
        unclaimed = new.filter(claimed_until__isnull=True).select_related("recipient")
        for title, found in (
            ("Notices that would be sent", sent),
            ("Notices that would be dropped, for nothing is left to say", skipped),
            ("Notices that would be queued, and not sent now", [_line(one) for one in unclaimed]),
        ):
            self._say(f"{title}: {len(found)}")
            for line in sorted(found):
                self._say(f"  {line}")

    def _signals(self, at):
        last = GatewaySignal.objects.aggregate(last=Max("pk"))["last"] or 0
        gateway_signals.sweep(at=at)
        new = list(GatewaySignal.objects.filter(pk__gt=last).select_related("grant"))
        self._say(f"Messages to labs' gateways that would be queued: {len(new)}")
        for one in sorted(new, key=lambda one: (one.occurred_at, one.grant.key)):
            self._say(f"  {one.kind}  grant {one.grant.key}  happened {_utc(one.occurred_at)}")

    def _say(self, line):
        self.stdout.write(line)


def _claimed(at: datetime) -> Iterator[tuple[Notice, bool]]:
    """Every notice that a delivery would claim at ``at``, and whether it holds then."""
    while batch := delivery.claim(at):
        validity = Validity(batch, at)
        yield from ((notice, validity.holds(notice, at)) for notice in batch)


def _line(notice: Notice) -> str:
    how = HOW[Delivery(notice.delivery)]
    if notice.digest_for:
        how += f" of {notice.digest_for}, {_utc(notice.next_attempt_at)}"
    return f"{notice.kind}  {notice.recipient.email}  due {_utc(notice.due_at)}  {how}"


def _utc(at: datetime) -> str:
    """The instant, whole, in UTC: two different ones never look alike."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _instant(text: str | None) -> datetime:
    """The instant to try: the present one unless told. Raises CommandError for a bad one."""
    try:
        present = timekeeping.now()
    except Unavailable as error:
        raise CommandError(str(error)) from error
    if not text:
        return present
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None or at.year >= 2900:
        raise CommandError(
            f"--at {text} is no instant with its zone. Write one such as 2026-12-01T15:00:00Z."
        )
    if at < present:
        raise CommandError(
            f"--at {text} is past: what is acted upon now is {_utc(present)}. Name a later one."
        )
    return at.astimezone(UTC)
