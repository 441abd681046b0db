"""Notices: who is told what, once. A row commits with its cause; delivery.py sends it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from accounts.models import User
from reviews import clock, policy
from reviews.models import AccessGrant, Notice, Submission
from reviews.models.notice import NoticeKind
from reviews.policy import Action


def queue(
    kind: NoticeKind,
    submission: Submission,
    recipients: Iterable[User],
    *,
    due_at: datetime,
    at: datetime,
    grant: AccessGrant | None = None,
) -> int:
    """How many recipients had not been told of this; each has one row for it now."""
    subject = f"grant:{grant.key}" if grant else submission.reference
    rows = [
        Notice(
            key=f"{kind}:{subject}:{due_at.isoformat()}:{person.pk}",
            recipient=person,
            kind=kind,
            submission=submission,
            grant=grant,
            due_at=due_at,
            queued_at=at,
            next_attempt_at=at,
        )
        for person in recipients
    ]
    known = Notice.objects.filter(key__in=[row.key for row in rows]).count() if rows else 0
    if known < len(rows):
        Notice.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows) - known


@dataclass(frozen=True)
class Series:
    """Reminders of which only the latest due is worth sending (docs/domain.md section 7)."""

    name: str
    audience: Action
    points: Callable[[datetime, datetime], dict[NoticeKind, datetime | None]]


SERIES = (
    Series(
        "midpoint",
        Action.WRITE_REVIEW,
        lambda opens_at, closes_at: {NoticeKind.MIDPOINT: clock.midpoint(opens_at, closes_at)},
    ),
    Series(
        "ending",
        Action.VIEW,
        lambda opens_at, closes_at: {
            NoticeKind.ENDS_IN_7_DAYS: clock.before_end(opens_at, closes_at, 7),
            NoticeKind.ENDS_IN_3_DAYS: clock.before_end(opens_at, closes_at, 3),
            NoticeKind.ENDS_IN_1_DAY: clock.before_end(opens_at, closes_at, 1),
        },
    ),
)
REMINDERS = frozenset(
    {
        NoticeKind.MIDPOINT,
        NoticeKind.ENDS_IN_7_DAYS,
        NoticeKind.ENDS_IN_3_DAYS,
        NoticeKind.ENDS_IN_1_DAY,
    }
)


def queue_reminders(*, at: datetime) -> int:
    """The latest due reminder of each series of each open window has its rows; how many are new."""
    new = 0
    for submission in Submission.objects.window_open(at).select_related("model_version__lab"):
        for series in SERIES:
            points = {
                str(kind): due
                for kind, due in series.points(*submission.window()).items()
                if due is not None
            }
            reached = clock.latest_reached(points, at)
            if reached is None:
                continue
            with transaction.atomic():
                new += queue(
                    NoticeKind(reached),
                    submission,
                    policy.people(series.audience, submission),
                    due_at=points[reached],
                    at=at,
                )
    return new


def waiting(at: datetime) -> QuerySet[Notice]:
    """Notices that are due to be sent and that nobody is sending."""
    return Notice.objects.filter(
        Q(claimed_until__isnull=True) | Q(claimed_until__lte=at),
        sent_at__isnull=True,
        skipped_at__isnull=True,
        dead_at__isnull=True,
        next_attempt_at__lte=at,
    ).order_by("next_attempt_at", "id")
