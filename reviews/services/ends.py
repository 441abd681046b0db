"""The ends of windows that the clock has already made, recorded at their true instants."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts import audit
from reviews import audience, workflow
from reviews.models import Report, Submission
from reviews.models.notice import NoticeKind
from reviews.services import notices, report_content, rows
from reviews.workflow import Status, Step

BATCH = 200


def record_overdue(*, at: datetime) -> int:
    """Every end that has come by ``at`` is on record; how many were new.

    Windows that somebody else has locked are left to the next call, so that no two writers of
    several rows wait for each other.
    """
    recorded = 0
    while new := _record_batch(at):
        recorded += new
    return recorded


@transaction.atomic
def _record_batch(at: datetime) -> int:
    overdue = (
        Submission.objects.overdue(at)
        .select_for_update(skip_locked=True, of=("self",))
        .select_related("model_version__lab")
        .order_by("closes_at", "reference")
    )
    return _record(list(overdue[:BATCH]), at)


@transaction.atomic
def record(submission_id: int, *, at: datetime) -> bool:
    """One window's end is on record; whether it was this call that recorded it."""
    submission = rows.lock_submission(submission_id)
    over = submission.status_at(at) == Status.EXPIRED != submission.status
    return bool(_record([submission] if over else [], at))


def _record(ended: Sequence[Submission], at: datetime) -> int:
    """The locked windows have expired: report, event and notices stand with the status."""
    ends = {submission: submission.window()[1] for submission in ended}
    for submission, end in ends.items():
        submission.status = workflow.advance(submission.status, Step.EXPIRE)
        submission.ended_at = end
    Submission.objects.bulk_update(ended, ["status", "ended_at"])
    followers = audience.followers(ended)
    notices.insert(
        [
            notices.row(NoticeKind.WINDOW_ENDED, submission, person, due_at=end, at=at)
            for submission, end in ends.items()
            for person in followers[submission.pk]
        ],
        at=at,
    )
    if ended:
        _issue(ends, at)
    return len(ended)


def _issue(ends: Mapping[Submission, datetime], at: datetime) -> None:
    """Each has its report, which names the event before the one that records its end."""
    contents = report_content.reports(ends)

    def events() -> Iterator[Any]:
        before: Any = audit.locked_head()
        for one, end in ends.items():
            contents[one.pk] = report_content.placed(contents[one.pk], before)
            before = rows.entry(
                "submission.expired",
                one,
                by=audit.SYSTEM,
                for_=None,
                at=at,
                ended_at=end.isoformat(),
                content_sha256=report_content.sha256(contents[one.pk]),
            )
            yield before

    audit.append(events())
    Report.objects.bulk_create(
        Report(submission=one, issued_at=end, content=contents[one.pk]) for one, end in ends.items()
    )
