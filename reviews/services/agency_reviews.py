"""What agencies write: reviews, positions, recusal (docs/domain.md section 5)."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NotRequired, TypedDict, Unpack

from django.db import transaction
from django.db.models import F, OuterRef, Q

from accounts.models import Organization, User
from reviews import audience, clauses, policy
from reviews.exceptions import Incomplete, NotVisible, StaleForm
from reviews.models import (
    AgencyPosition,
    AgencyReview,
    Assignment,
    Coauthor,
    Document,
    Rating,
    Recusal,
    Submission,
)
from reviews.models.agency_review import Criterion, Outcome
from reviews.models.grant_states import EndReason
from reviews.models.notice import NoticeKind
from reviews.policy import Action
from reviews.rules import There
from reviews.services import assignments, coauthors, departures, notices, rows
from reviews.services.autosaving import Sending, is_old, mark

# What a filed review must say; the rest may stay blank.
REQUIRED = ("access_level_used", "hours_spent", "limits")
# What a next version begins with. A declaration is made for one version only.
CARRIED = (
    *("access_level_used", "hours_spent", "limits", "concerns", "suggested_mitigations"),
    *("dissent", "external_reference"),
)


class Written(TypedDict):
    """A review as its author, or one who writes it with her, wrote it.

    ``revision`` is that of the draft the form was opened on, 0 when there was none, and
    ``version`` the one that it was to become; ``page`` and ``turn`` as in ``Sending``. What is
    left out stays as it was, ``evidence`` when None. Without ``author`` it is one's own.
    """

    agency: Organization
    answers: dict[str, Any]
    ratings: dict[str, dict[str, Any]]
    evidence: Iterable[Document] | None
    revision: int
    version: NotRequired[int | None]
    page: NotRequired[str]
    turn: NotRequired[int]
    author: NotRequired[User]


def latest_of(submission: Submission, agency: Organization, author: User) -> AgencyReview | None:
    """The author's draft for that agency or, without one, her last filed version."""
    return (
        AgencyReview.objects.filter(submission=submission, agency=agency, author=author)
        .prefetch_related("ratings", "evidence", "coauthors__person")
        .order_by("-version")
        .first()
    )


def filed_by(person: User) -> Q:
    """The condition on submissions that a review which she wrote, or helped to, is filed."""
    own = There(
        F("pk"),
        model=AgencyReview,
        key="submission",
        each=True,
        present=("filed_at",),
        author=person.pk,
    )
    return Q(own) | clauses.filed_with(person.pk, OuterRef("pk"))


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
    review = _save(submission, written, by, at, filing=True)
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


def _save(
    submission: Submission, written: Written, by: User, at: datetime, *, filing: bool = False
) -> AgencyReview:
    agency, author = written["agency"], written.get("author", by)
    rows.require_agency(by, Action.WRITE_REVIEW, submission, agency)
    assignments.take_up(submission, agency, by, at)
    latest = latest_of(submission, agency, author)
    if author != by:
        if latest is None:
            raise NotVisible
        policy.check(by, Action.CONTINUE_REVIEW, latest, at=at)
    if latest is not None and latest.filed_at is None:
        begun_from, review = None, latest
    else:
        begun_from, review = latest, _following(submission, agency, author, latest, at)
    rows.require_next(review.version, written.get("version"))
    sent = Sending(written["revision"], written.get("page", ""), written.get("turn", 0))
    if is_old(review, sent, by=by):
        if filing:
            raise StaleForm("A later state of this page is saved already. Compare, then file.")
        return review
    for name, value in written["answers"].items():
        setattr(review, name, value)
    mark(review, sent, by=by, at=at)
    review.save()
    if begun_from is not None:
        _carry_over(begun_from, review)
    if filing:
        review.coauthors.exclude(person__in=coauthors.possible(review)).delete()
    _rely_on(review, written["evidence"], by, at)
    _rate(review, written["ratings"])
    rows.record("review.saved", review, by=by, for_=agency, at=at, revision=review.revision)
    return review


def _following(
    submission: Submission,
    agency: Organization,
    author: User,
    latest: AgencyReview | None,
    at: datetime,
) -> AgencyReview:
    """The author's next version, not written yet, with the answers of the last."""
    said = {name: getattr(latest, name) for name in CARRIED} if latest else {}
    return AgencyReview(
        submission=submission,
        agency=agency,
        author=author,
        version=latest.version + 1 if latest else 1,
        revision=0,
        created_at=at,
        **said,
    )


def _carry_over(latest: AgencyReview, review: AgencyReview) -> None:
    """The next version is written by the same people, with the same ratings and evidence."""
    Coauthor.objects.bulk_create(
        Coauthor(review=review, person=one.person, added_at=one.added_at)
        for one in latest.coauthors.filter(person__in=coauthors.possible(review))
    )
    for rating in latest.ratings.all():
        rating.pk, rating.review = None, review
        rating.save(force_insert=True)
    review.evidence.set(latest.evidence.all())


def _rate(review: AgencyReview, given: dict[str, dict[str, Any]]) -> None:
    """Every line of the rubric has its rating, as given."""
    there = {rating.criterion: rating for rating in Rating.objects.filter(review=review)}
    for line in Criterion:
        rating = there.get(line) or Rating(review=review, criterion=line)
        changed = [
            name for name, value in given.get(line, {}).items() if getattr(rating, name) != value
        ]
        for name in changed:
            setattr(rating, name, given[line][name])
        if changed or rating.pk is None:
            rating.save()


def _rely_on(
    review: AgencyReview, documents: Iterable[Document] | None, by: User, at: datetime
) -> None:
    """The review relies on these, and still on those that ``by`` may not know of."""
    if documents is None:
        return
    readable = policy.allowed(by, Action.VIEW_DOCUMENT, at=at).filter(submission=review.submission)
    chosen = readable.filter(pk__in=[document.pk for document in documents])
    kept = review.evidence.exclude(pk__in=readable.values("pk"))
    review.evidence.set([*chosen, *kept])


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
