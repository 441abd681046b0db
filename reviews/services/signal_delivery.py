"""Telling labs' gateways what waits: one signal claimed at a time, tried until it is taken.

A receiver may get a signal twice, after a crash between its answer and our commit; it knows
it again by its name, and an older one by its number (docs/gateway.md). Nothing is lost.
"""

import logging
from collections import defaultdict
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from accounts import audit
from reviews import audience
from reviews.models import GatewaySignal
from reviews.models.notice import NoticeKind
from reviews.policy import Action
from reviews.services import notices, outbox, receivers, rows, signing, timekeeping
from reviews.services.outbox import TASK, Since

LEASE = timedelta(seconds=settings.GATEWAY_LEASE_SECONDS)
# The longest wait between two attempts: a revocation must not wait for long after an outage.
LONGEST = timedelta(minutes=5)
# After so long without an answer people are told, long before anything is given up.
TOLD_AFTER = timedelta(minutes=30)
# A lab whose gateways answer, but slowly, has so much of a turn before others go first.
SHARE = timedelta(seconds=20)

log = logging.getLogger(__name__)


def deliver_signals() -> dict[str, int]:
    """What waited was tried once; how many signals were sent, deferred, dead."""
    counts = {"sent": 0, "deferred": 0, "dead": 0}
    begun, used = Since(timekeeping.now()), defaultdict[int, timedelta](timedelta)
    while begun.age() < TASK:
        slow = [lab for lab, time in used.items() if time >= SHARE]
        signal = claim(timekeeping.now(), but=slow) or (slow and claim(timekeeping.now()))
        if not signal:
            break
        one = Since(timekeeping.now())
        counts[_deliver(signal)] += 1
        used[signal.gateway.lab_id] += one.age()
    return counts


def waiting(at: datetime) -> QuerySet[GatewaySignal]:
    """Signals that are due and that nobody is sending.

    What a later one of the same grant supersedes leaves after it: else access that has ended
    would begin at a gateway that was away meanwhile, until the next message.
    """
    later = GatewaySignal.objects.filter(
        gateway=OuterRef("gateway"),
        grant=OuterRef("grant"),
        sequence__gt=OuterRef("sequence"),
        sent_at__isnull=True,
    )
    due = GatewaySignal.objects.filter(
        outbox.due(at), ~Exists(later), gateway__revoked_at__isnull=True
    )
    return due.order_by("next_attempt_at", "id")


@transaction.atomic
def claim(at: datetime, *, but: Collection[int] = ()) -> GatewaySignal | None:
    """The next waiting signal, which nobody else sends until the lease runs out.

    Of any lab but those numbered ``but``.
    """
    others = waiting(at).exclude(gateway__lab__in=but)
    found = others.select_related("gateway", "grant__submission__model_version__lab")
    signal = outbox.locked(found).first()
    if signal is not None:
        signal.claimed_until = at + LEASE
        signal.save(update_fields=["claimed_until"])
    return signal


def message(signal: GatewaySignal, *, at: datetime) -> tuple[dict[str, str], bytes]:
    """(headers, body) of the signal as it leaves at ``at``."""
    payload = {
        "type": f"grant.{signal.kind}",
        "timestamp": signal.occurred_at.isoformat(),
        "data": {
            **signal.facts,
            "sequence": signal.sequence,
            "gateway": str(signal.gateway.key),
        },
    }
    return signing.webhook(f"msg_{signal.key.hex}", payload, at=at)


def _deliver(signal: GatewaySignal) -> str:
    headers, body = message(signal, at=timekeeping.now())
    try:
        receivers.post(signal.gateway.url, headers, body)
    except receivers.Gone as failure:
        return _bury(signal, str(failure))
    except receivers.NotTaken as failure:
        return _defer(signal, failure)
    except Exception as failure:
        # One row that cannot be sent must not stop the others: it waits and is shown.
        log.exception("Signal %s could not be sent", signal.key)
        return _defer(signal, receivers.Unreached(f"{type(failure).__name__}: {failure}"))
    at = timekeeping.now()
    return _finish(signal, "sent", at, sent_at=at, attempts=signal.attempts + 1, error="")


def _defer(signal: GatewaySignal, failure: receivers.NotTaken) -> str:
    """Tried again later, each time later; given up, and shown as undelivered, after days."""
    at, text = timekeeping.now(), outbox.one_line(str(failure))
    if outbox.late(signal, at):
        return _bury(signal, text)
    first = timedelta(seconds=settings.GATEWAY_RETRY_SECONDS)
    facts = outbox.deferred(signal.attempts + 1, text, at=at, first=first, longest=LONGEST)
    if isinstance(failure, receivers.Unreached):
        rest = waiting(at).filter(gateway=signal.gateway)
        rest.update(next_attempt_at=facts["next_attempt_at"])
    if at - signal.waiting_since > TOLD_AFTER:
        _tell(signal, due_at=signal.waiting_since, at=at)
    return _finish(signal, "deferred", at, **facts)


def _bury(signal: GatewaySignal, text: str) -> str:
    at = timekeeping.now()
    log.error("Signal %s cannot be delivered: %s", signal.key, text)
    facts = {"error": text[:300], "attempts": signal.attempts + 1}
    return _finish(signal, "dead", at, dead_at=at, **facts)


@transaction.atomic
def _finish(signal: GatewaySignal, outcome: str, at: datetime, **facts: Any) -> str:
    """The outcome is on record, unless our claim ran out and went to another worker."""
    ours = GatewaySignal.objects.filter(pk=signal.pk, claimed_until=signal.claimed_until)
    if not ours.update(claimed_until=None, **facts):
        log.warning("Signal %s was %s when another worker had claimed it", signal.key, outcome)
        return outcome
    if outcome == "dead":
        # Before the log's head: what is written names the submission.
        rows.lock_submission(signal.grant.submission_id)
        _tell(signal, due_at=at, at=at)
    if outcome != "deferred":
        rows.record(f"signal.{outcome}", signal, by=audit.SYSTEM, for_=None, at=at)
    return outcome


def _tell(signal: GatewaySignal, *, due_at: datetime, at: datetime) -> None:
    """The lab's people and the administrators know, once for all that waits there."""
    others = GatewaySignal.objects.filter(gateway=signal.gateway).exclude(pk=signal.pk)
    earlier = others.unsent().filter(attempts__gt=0, waiting_since__lt=signal.waiting_since)
    if earlier.exists() or others.dead().exists():
        return
    submission = signal.grant.submission
    told = {
        *audience.people(Action.OWN, submission),
        *audience.people(Action.ADMINISTER, submission),
    }
    notices.queue(
        NoticeKind.GATEWAY_UNREACHED,
        submission,
        told,
        due_at=due_at,
        at=at,
        grant=signal.grant,
        part=signal.gateway.key,
    )
