"""What agencies write: reviews, positions, recusal (docs/domain.md section 5)."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NotRequired, TypedDict, Unpack

from django.db import transaction

from accounts.models import Organization, User
from reviews import audience, policy
from reviews.exceptions import Incomplete
from reviews.models import (
    AgencyPosition,
    AgencyReview,
    Assignment,
    Document,
    Rating,
    Recusal,
    Submission,
)
from reviews.models.agency_review import Criterion, Outcome
from reviews.models.grant_states import EndReason
from reviews.models.notice import NoticeKind
from reviews.policy import Action
from reviews.services import assignments, departures, notices, rows

# What a filed review must say; the rest may stay blank.
REQUIRED = ("access_level_used", "hours_spent", "limits")


class Written(TypedDict):
    """A review as its author wrote it.

    ``revision`` is that of the draft the form was opened on, 0 when there was none;
    ``version`` the one that it was to become.
    """

    agency: Organization
    answers: dict[str, Any]
    ratings: dict[str, dict[str, Any]]
    evidence: Iterable[Document]
    revision: int
    version: NotRequired[int | None]


def draft_of(submission: Submission, agency: Organization, author: User) -> AgencyReview | None:
    """The author's unfiled draft for that agency, if she has begun one."""
    return AgencyReview.objects.filter(
        submission=submission, agency=agency, author=author, filed_at__isnull=True
    ).first()


@transaction.atomic
def save_draft(
    submission: Submission, *, by: User, at: datetime, **written: Unpack[Written]
) -> AgencyReview:
    """The author's draft is as written, complete or not.

    Raises StaleForm when another window saved or filed in between.
    """
    submission, _, at = rows.begin(submission, Action.WRITE_REVIEW, by=by, at=at)
    return _save(submission, written, by, at)


@transaction.atomic
def file_review(
    submission: Submission, *, by: User, at: datetime, **written: Unpack[Written]
) -> AgencyReview:
    """A new filed version of the author's review; no earlier version is changed.

    Raises Incomplete, naming what is missing, and StaleForm as ``save_draft`` does.
    """
    submission, _, at = rows.begin(submission, Action.WRITE_REVIEW, by=by, at=at)
    missing = missing_for_filing(written["answers"], written["ratings"])
    if missing:
        raise Incomplete("The review cannot be filed yet.", missing)
    review = _save(submission, written, by, at)
    review.filed_at = at
    review.save(update_fields=["filed_at"])
    agency = written["agency"]
    rows.record("review.filed", review, by=by, for_=agency, at=at, version=review.version)
    notices.queue(
        NoticeKind.REVIEW_FILED,
        submission,
        audience.people(Action.FILE_POSITION, submission, of=agency),
        due_at=at,
        at=at,
        part=review.key,
    )
    return review


def missing_for_filing(answers: dict[str, Any], ratings: dict[str, dict[str, Any]]) -> list[str]:
    """The names of what filing still needs: fields, and criteria scored without evidence."""
    missing = [name for name in REQUIRED if answers.get(name) in (None, "")]
    if not answers.get("no_conflict_declared"):
        missing.append("no_conflict_declared")
    for line in Criterion:
        rating = ratings.get(line, {})
        if rating.get("score") is not None and not (
            rating.get("evidence", "").strip() and rating.get("confidence")
        ):
            missing.append(line.value)
    return missing


def _save(submission: Submission, written: Written, by: User, at: datetime) -> AgencyReview:
    agency = written["agency"]
    rows.require_agency(by, Action.WRITE_REVIEW, submission, agency)
    assignments.take_up(submission, agency, by, at)
    review = draft_of(submission, agency, by)
    if review is None:
        earlier = AgencyReview.objects.filter(submission=submission, agency=agency, author=by)
        review = AgencyReview(
            submission=submission,
            agency=agency,
            author=by,
            version=earlier.count() + 1,
            revision=0,
            created_at=at,
        )
    rows.require_next(review.version, written.get("version"))
    rows.require_revision(review, written["revision"])
    for name, value in written["answers"].items():
        setattr(review, name, value)
    review.revision += 1
    review.saved_at = at
    review.save()
    readable = policy.allowed(by, Action.VIEW_DOCUMENT, at=at)
    keys = [document.pk for document in written["evidence"]]
    review.evidence.set(readable.filter(submission=submission, pk__in=keys))
    for line in Criterion:
        Rating.objects.update_or_create(
            review=review, criterion=line, defaults=written["ratings"].get(line, {})
        )
    rows.record("review.saved", review, by=by, for_=agency, at=at, revision=review.revision)
    return review


@transaction.atomic
def file_position(
    submission: Submission,
    *,
    agency: Organization,
    outcome: str,
    summary: str,
    dissent: str = "",
    version: int | None = None,
    by: User,
    at: datetime,
) -> AgencyPosition:
    """The agency's position as of now; an earlier one is kept and superseded.

    Raises Incomplete when concerns or mitigations are recorded without saying which, and
    StaleForm when this is no longer going to be the given ``version``.
    """
    submission, _, at = rows.begin(submission, Action.FILE_POSITION, by=by, at=at)
    rows.require_agency(by, Action.FILE_POSITION, submission, agency)
    if outcome in (Outcome.CONCERNS_RECORDED, Outcome.MITIGATIONS_SUGGESTED) and not summary:
        raise Incomplete("Say which concerns or mitigations your agency records.", ["summary"])
    following = AgencyPosition.objects.filter(submission=submission, agency=agency).count() + 1
    rows.require_next(following, version)
    position = AgencyPosition.objects.create(
        submission=submission,
        agency=agency,
        version=following,
        outcome=outcome,
        summary=summary,
        dissent=dissent,
        filed_at=at,
        filed_by=by,
    )
    rows.record(
        "position.filed",
        submission,
        by=by,
        for_=agency,
        at=at,
        position=outcome,
        version=following,
    )
    notices.queue(
        NoticeKind.POSITION_FILED,
        submission,
        audience.people(Action.FILE_POSITION, submission),
        due_at=at,
        at=at,
        part=f"{agency.code}-{position.version}",
    )
    return position


@transaction.atomic
def recuse(submission: Submission, *, reason: str, by: User, at: datetime) -> Recusal:
    """``by`` can no longer reach the submission or its model from any seat.

    Leads of agencies that had assigned her are told. There is no way back.
    """
    submission, _, at = rows.begin(submission, Action.RECUSE, by=by, at=at)
    agency = policy.organizations(by, Action.RECUSE, submission).first()
    recusal = Recusal.objects.create(
        submission=submission, person=by, reason=reason, declared_at=at, declared_by=by
    )
    rows.record("review.recused", submission, by=by, for_=agency, at=at)
    departures.end_of_one(
        by,
        submission.grants.all(),
        because=EndReason.RECUSED,
        by=by,
        for_=agency,
        at=at,
    )
    assigned = Assignment.objects.in_force().filter(submission=submission, reviewer=by)
    for left in assigned.select_related("agency"):
        left.submission = submission
        assignments.tell_leads(left, at)
    return recusal
