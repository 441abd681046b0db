"""Information requests: agencies ask a lab, alone or jointly, and it answers.

Agencies see each other's drafts and can join them, so that a lab is not asked twice. Nothing
here moves the window: the clock runs on while a lab is asked, late or not.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Max

from accounts.models import Organization, User
from reviews import audience
from reviews.exceptions import Conflict, Incomplete, StaleForm
from reviews.models import (
    Document,
    InformationRequest,
    RequestAnswer,
    RequestParty,
    Submission,
)
from reviews.models.notice import NoticeKind
from reviews.policy import Action
from reviews.services import business_days, notices, rows

USUAL_DAYS = 3
MOST_DAYS = 10


@transaction.atomic
def draft(
    submission: Submission,
    *,
    agency: Organization,
    subject: str,
    question: str,
    follows: InformationRequest | None = None,
    key: UUID,
    by: User,
    at: datetime,
) -> InformationRequest:
    """A draft that every deliberating agency sees and the lab does not.

    Raises StaleForm when one with that ``key`` was saved before, and Conflict when it
    ``follows`` a request that the lab was not sent here.
    """
    submission, _, at = rows.begin(submission, Action.DRAFT_INFORMATION_REQUEST, by=by, at=at)
    rows.require_agency(by, Action.DRAFT_INFORMATION_REQUEST, submission, agency)
    _require_new(InformationRequest.objects.filter(key=key).exists())
    _require_sent(submission, follows)
    asked: InformationRequest = InformationRequest.objects.create(
        key=key,
        submission=submission,
        agency=agency,
        drafted_at=at,
        drafted_by=by,
        subject=subject,
        question=question,
        follows=follows,
    )
    RequestParty.objects.create(request=asked, agency=agency, joined_by=by, joined_at=at)
    rows.record("information_request.drafted", asked, by=by, for_=agency, at=at)
    leads = audience.people(Action.JOIN_INFORMATION_REQUEST, submission)
    own = audience.people(Action.JOIN_INFORMATION_REQUEST, submission, of=agency)
    others = leads.exclude(pk__in=own.values("pk"))
    _tell(NoticeKind.INFORMATION_REQUEST_DRAFTED, asked, others, at=at)
    return asked


@transaction.atomic
def edit(
    asked: InformationRequest,
    *,
    subject: str,
    question: str,
    follows: InformationRequest | None = None,
    revision: int,
    by: User,
    at: datetime,
) -> InformationRequest:
    """The draft says so now. Raises StaleForm when somebody changed it in between."""
    submission, asked, at = rows.begin(asked, Action.EDIT_INFORMATION_REQUEST, by=by, at=at)
    _require_draft(asked)
    rows.require_revision(asked, revision)
    _require_sent(submission, follows)
    asked.subject, asked.question, asked.follows = subject, question, follows
    asked.revision += 1
    asked.save(update_fields=["subject", "question", "follows", "revision"])
    rows.record(
        "information_request.edited",
        asked,
        by=by,
        for_=asked.agency,
        at=at,
        revision=asked.revision,
    )
    return asked


@transaction.atomic
def join(
    asked: InformationRequest, *, agency: Organization, by: User, at: datetime
) -> InformationRequest:
    """The agency asks too, before or after the lab was sent it.

    Raises Conflict when it does already, and for one that was dropped or taken back.
    """
    submission, asked, at = rows.begin(asked, Action.JOIN_INFORMATION_REQUEST, by=by, at=at)
    rows.require_agency(by, Action.JOIN_INFORMATION_REQUEST, submission, agency)
    if asked.taken_back_at:
        raise Conflict("This information request was taken back. Draft one of your own.")
    if asked.parties.filter(agency=agency).exists():
        raise Conflict(f"{agency.short_name} asks this already.")
    RequestParty.objects.create(request=asked, agency=agency, joined_by=by, joined_at=at)
    rows.record("information_request.joined", asked, by=by, for_=agency, at=at)
    return asked


@transaction.atomic
def issue(
    asked: InformationRequest, *, days: int, revision: int, by: User, at: datetime
) -> InformationRequest:
    """The lab is asked, under the next number of its submission; its words stay as they are.

    An answer is due at the close of business, ``days`` business days on, and no later than the
    window's end. Raises Conflict for a number of days that nobody may choose, and StaleForm
    when the draft is another than the one looked at.
    """
    submission, asked, at = rows.begin(asked, Action.ISSUE_INFORMATION_REQUEST, by=by, at=at)
    _require_draft(asked)
    rows.require_revision(asked, revision)
    if not 1 <= days <= MOST_DAYS:
        raise Conflict(f"Choose from 1 to {MOST_DAYS} business days.")
    issued = submission.information_requests.aggregate(last=Max("number"))
    asked.number = (issued["last"] or 0) + 1
    asked.issued_at, asked.issued_by = at, by
    asked.due_at = due_at(submission, days, at=at)
    asked.save(update_fields=["number", "issued_at", "issued_by", "due_at"])
    rows.record(
        "information_request.issued",
        asked,
        by=by,
        for_=asked.agency,
        at=at,
        number=asked.number,
        due_at=asked.due_at.isoformat(),
    )
    lab = audience.people(Action.ANSWER_INFORMATION_REQUEST, submission)
    _tell(NoticeKind.INFORMATION_REQUESTED, asked, lab, at=at)
    return asked


def due_at(submission: Submission, days: int, *, at: datetime) -> datetime:
    """When the answer to a request issued at ``at`` is due, so many business days on."""
    return min(business_days.close_after(at, days), submission.window()[1])


@transaction.atomic
def take_back(
    asked: InformationRequest, *, reason: str, by: User, at: datetime
) -> InformationRequest:
    """Nobody waits for an answer any more: a draft is dropped, an issued one taken back.

    The lab reads the reason for taking back what it was sent, and Incomplete is raised without
    one. Raises Conflict for one that was answered, or taken back before.
    """
    submission, asked, at = rows.begin(asked, Action.TAKE_BACK_INFORMATION_REQUEST, by=by, at=at)
    if asked.taken_back_at:
        raise Conflict("This information request was taken back already.")
    if asked.answers.exists():
        raise Conflict("The lab has answered this information request. It stays on record.")
    if asked.issued_at and not reason:
        raise Incomplete("Say why. The lab reads the reason.", ["reason"])
    told = audience.requesters(asked).exclude(pk=by.pk)
    asked.taken_back_at, asked.taken_back_by, asked.taken_back_reason = at, by, reason
    asked.save(update_fields=["taken_back_at", "taken_back_by", "taken_back_reason"])
    step = "taken_back" if asked.issued_at else "dropped"
    rows.record(f"information_request.{step}", asked, by=by, for_=asked.agency, at=at)
    lab: Iterable[User] = ()
    if asked.issued_at:
        lab = audience.people(Action.ANSWER_INFORMATION_REQUEST, submission)
    _tell(NoticeKind.INFORMATION_REQUEST_TAKEN_BACK, asked, [*lab, *told], at=at)
    return asked


@transaction.atomic
def answer(
    asked: InformationRequest,
    *,
    text: str,
    documents: Iterable[Document],
    key: UUID,
    by: User,
    at: datetime,
) -> RequestAnswer:
    """The lab's answer is on record beside any earlier one, on time or late alike.

    Raises Conflict for a request that was taken back, StaleForm when an answer with that
    ``key`` was recorded before, and Incomplete for one that says nothing to some agency.
    """
    submission, asked, at = rows.begin(asked, Action.ANSWER_INFORMATION_REQUEST, by=by, at=at)
    if asked.taken_back_at:
        raise Conflict(
            "This information request was taken back. No answer is needed, and yours was not "
            "recorded."
        )
    _require_new(RequestAnswer.objects.filter(key=key).exists())
    chosen = submission.documents.filter(pk__in=[document.pk for document in documents])
    if not text and not chosen.exists():
        raise Incomplete("Write an answer or choose a document.", ["text"])
    # Without words, whom no document is open to would learn from the gap that there is one.
    if not text and chosen.filter(restrictions__isnull=False).exists():
        raise Incomplete(
            "A document that you chose is not open to every agency. Answer in words, too.",
            ["text"],
        )
    answered = RequestAnswer.objects.create(
        key=key, request=asked, text=text, answered_at=at, answered_by=by
    )
    answered.documents.set(chosen)
    rows.record(
        "information_request.answered",
        asked,
        by=by,
        for_=submission.lab,
        at=at,
        number=asked.number,
    )
    _tell(
        NoticeKind.INFORMATION_ANSWERED, asked, audience.requesters(asked), at=at, part=answered.key
    )
    return answered


def _require_new(known: bool) -> None:
    if known:
        raise StaleForm(
            "This was saved already, by a second click or from another window. Nothing more was "
            "saved."
        )


def _require_draft(asked: InformationRequest) -> None:
    if asked.issued_at:
        raise Conflict(
            "The lab was sent this information request, and it stays as it is. To ask more, "
            "draft a follow-up."
        )
    if asked.taken_back_at:
        raise Conflict("This draft was dropped. Draft another one.")


def _require_sent(submission: Submission, follows: InformationRequest | None) -> None:
    if follows and (follows.submission_id != submission.pk or follows.issued_at is None):
        raise Conflict("Only a request that the lab was sent can be followed up.")


def _tell(
    kind: NoticeKind,
    asked: InformationRequest,
    recipients: Iterable[User],
    *,
    at: datetime,
    part: object = "",
) -> None:
    notices.queue(
        kind,
        asked.submission,
        recipients,
        due_at=at,
        at=at,
        information_request=asked,
        part=part,
    )
