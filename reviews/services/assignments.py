"""Assigning reviewers, their answers, and ending an assignment (docs/domain.md section 5)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from accounts.models import Organization, User
from reviews import audience, policy
from reviews.exceptions import Conflict
from reviews.models import AgencyReview, Assignment, Submission
from reviews.models.notice import NoticeKind
from reviews.policy import Action
from reviews.services import notices, rows


@transaction.atomic
def assign(
    submission: Submission, *, reviewer: User, agency: Organization, by: User, at: datetime
) -> Assignment:
    """The reviewer is responsible for her agency's review; assigning again changes nothing.

    One that she declined, or that a lead ended, is in force again and has no answer.

    Raises Conflict for oneself (docs/domain.md section 3, invariant 12), and for somebody
    who holds no reviewer's seat there or is recused.
    """
    submission, _, at = rows.begin(submission, Action.ASSIGN, by=by, at=at)
    rows.require_agency(by, Action.ASSIGN, submission, agency)
    if reviewer == by:
        raise Conflict(
            f"Nobody assigns themselves. Ask another lead of {agency.short_name} to assign you."
        )
    if not possible_reviewers(submission, agency, by=by).filter(pk=reviewer.pk).exists():
        raise Conflict(
            f"{reviewer.name} cannot be assigned: only a reviewer of {agency.short_name} who is "
            "not recused can."
        )
    whose: dict[str, Any] = {"submission": submission, "agency": agency, "reviewer": reviewer}
    found: Assignment | None = Assignment.objects.in_force().filter(**whose).first()
    if found is not None:
        return found
    anew: dict[str, Any] = {"accepted_at": None, "declined_at": None, "decline_reason": ""}
    anew |= {"ended_at": None, "ended_by": None}
    assignment: Assignment
    assignment, _ = Assignment.objects.update_or_create(
        **whose, defaults=anew | {"assigned_by": by, "assigned_at": at}
    )
    _record("review.assigned", assignment, by, at)
    notices.queue(NoticeKind.ASSIGNED, submission, [reviewer], due_at=at, at=at)
    return assignment


def possible_reviewers(submission: Submission, agency: Organization, *, by: User) -> QuerySet[User]:
    """Whom ``by`` may assign: the agency's other reviewers who are not recused, by name."""
    reviewers = audience.people(Action.ANSWER_ASSIGNMENT, submission, of=agency)
    return reviewers.exclude(pk=by.pk)


@transaction.atomic
def accept(submission: Submission, *, agency: Organization, by: User, at: datetime) -> Assignment:
    """The reviewer has accepted the assignment; again changes nothing."""
    assignment, at = _own(submission, agency, by, at)
    if assignment.accepted_at is None:
        _accept(assignment, by, at)
    return assignment


@transaction.atomic
def accept_all(waiting: Iterable[Assignment], *, by: User, at: datetime) -> None:
    """The reviewer has accepted all of them, or none when one cannot be accepted any more."""
    for one in sorted(waiting, key=lambda one: one.submission_id):  # all who lock do it in order
        accept(one.submission, agency=one.agency, by=by, at=at)


def unanswered(by: User, *, at: datetime) -> QuerySet[Assignment]:
    """Those that wait for the reviewer's answer, the window that ends first in front."""
    open_now = policy.allowed(by, Action.ANSWER_ASSIGNMENT, at=at)
    return (
        Assignment.objects.in_force()
        .filter(reviewer=by, accepted_at=None, submission__in=open_now)
        .select_related("submission__model_version__lab", "agency", "assigned_by")
        .order_by("submission__review_ends_at", "pk")
    )


@transaction.atomic
def decline(
    submission: Submission, *, agency: Organization, reason: str, by: User, at: datetime
) -> Assignment:
    """The reviewer does not review it, and her agency's leads are told.

    Raises Conflict for an assignment that she accepted.
    """
    assignment, at = _own(submission, agency, by, at)
    if assignment.accepted_at is not None:
        raise Conflict(
            "You accepted this assignment, by a click or by saving a draft. A lead of "
            f"{agency.short_name} can take it back."
        )
    assignment.declined_at, assignment.decline_reason = at, reason
    assignment.save(update_fields=["declined_at", "decline_reason"])
    _record("assignment.declined", assignment, by, at)
    tell_leads(assignment, at)
    return assignment


@transaction.atomic
def end(
    submission: Submission, *, reviewer: User, agency: Organization, by: User, at: datetime
) -> None:
    """The reviewer is not assigned any more. A draft of hers is kept, and she cannot go on with it.

    Raises Conflict once she has filed a review, and when she is not assigned.
    """
    submission, _, at = rows.begin(submission, Action.ASSIGN, by=by, at=at)
    rows.require_agency(by, Action.ASSIGN, submission, agency)
    assignment = (
        Assignment.objects.in_force()
        .filter(submission=submission, agency=agency, reviewer=reviewer)
        .first()
    )
    if assignment is None:
        raise Conflict(f"{reviewer.name} is not assigned for {agency.short_name} any more.")
    written = AgencyReview.objects.written_by(reviewer)
    reviews = written.filter(submission=submission, agency=agency)
    if reviews.filter(filed_at__isnull=False).exists():
        raise Conflict(f"{reviewer.name} has filed a review, so the assignment stays.")
    assignment.ended_at, assignment.ended_by = at, by
    assignment.save(update_fields=["ended_at", "ended_by"])
    _record("assignment.ended", assignment, by, at)


@dataclass(frozen=True)
class Member:
    """Somebody whom an agency assigned, and in a word how far she is."""

    assignment: Assignment
    state: str
    can_be_ended: bool

    @property
    def name(self) -> str:
        """Her name."""
        return self.assignment.reviewer.name


def members(submission: Submission, agencies: Iterable[int]) -> list[Member]:
    """Everybody whom one of the agencies ever assigned there, in that order: one query."""
    written = AgencyReview.objects.written_by(OuterRef("reviewer")).filter(
        submission=submission, agency=OuterRef("agency")
    )
    assigned = (
        Assignment.objects.filter(submission=submission, agency__in=agencies)
        .annotate(
            filed=Exists(written.filter(filed_at__isnull=False)),
            written=Exists(written),
            recused=Exists(submission.recusals.filter(person=OuterRef("reviewer"))),
            reviewing=Exists(Assignment.objects.still_reviewing().filter(pk=OuterRef("pk"))),
        )
        .select_related("reviewer", "assigned_by")
        .order_by("assigned_at", "pk")
    )
    return [Member(one, _state(one), one.reviewing and not one.filed) for one in assigned]


def _state(one: Any) -> str:
    left = {
        "recused": one.recused,
        "declined": one.declined_at,
        "taken back": one.ended_at,
        "no longer a reviewer": not one.reviewing,
    }
    far = {"filed": one.filed, "drafted": one.written, "accepted": one.accepted_at}
    return next((word for word, holds in (left | far).items() if holds), "not answered yet")


def take_up(submission: Submission, agency: Organization, by: User, at: datetime) -> None:
    """Whoever writes has accepted: so says her assignment, if she had not answered it."""
    waiting = Assignment.objects.in_force().filter(accepted_at__isnull=True)
    own = waiting.filter(submission=submission, agency=agency, reviewer=by).first()
    if own is not None:
        _accept(own, by, at)


def tell_leads(left: Assignment, at: datetime) -> None:
    """The agency's leads are told that the reviewer left, to assign somebody else."""
    leads = audience.people(Action.ASSIGN, left.submission, of=left.agency)
    notices.queue(
        NoticeKind.REVIEWER_LEFT, left.submission, leads, due_at=at, at=at, part=left.reviewer_id
    )


def _accept(assignment: Assignment, by: User, at: datetime) -> None:
    assignment.accepted_at = at
    assignment.save(update_fields=["accepted_at"])
    _record("assignment.accepted", assignment, by, at)


def _own(
    submission: Submission, agency: Organization, by: User, at: datetime
) -> tuple[Assignment, datetime]:
    submission, _, at = rows.begin(submission, Action.ANSWER_ASSIGNMENT, by=by, at=at)
    rows.require_agency(by, Action.ANSWER_ASSIGNMENT, submission, agency)
    mine: dict[str, Any] = {"submission": submission, "agency": agency, "reviewer": by}
    return Assignment.objects.in_force().get(**mine), at


def _record(action: str, assignment: Assignment, by: User, at: datetime) -> None:
    rows.record(
        action,
        assignment.submission,
        by=by,
        for_=assignment.agency,
        at=at,
        reviewer=assignment.reviewer.email,
    )
