"""NSA's determination: consultations first, then written, then signed by a second person.

Executive Order 14409, section 3(a); docs/domain.md section 3, invariant 6. A consulted
office's silence is shown and does not stop a determination: consultation is not a veto.
"""

from datetime import datetime

from django.db import transaction

from accounts.models import Organization, User
from accounts.roles import CONSULTED
from reviews import audience, policy
from reviews.exceptions import Conflict
from reviews.models import Consultation, Determination, Submission
from reviews.models.notice import NoticeKind
from reviews.policy import Action
from reviews.services import notices, rows


@transaction.atomic
def request_consultations(submission: Submission, *, by: User, at: datetime) -> None:
    """Each consulted office is asked once; asking again asks nobody twice."""
    submission, _, at = rows.begin(submission, Action.DETERMINE, by=by, at=at)
    asked = [
        office
        for office in Organization.objects.filter(code__in=CONSULTED)
        if Consultation.objects.get_or_create(
            submission=submission,
            organization=office,
            defaults={"requested_at": at, "requested_by": by},
        )[1]
    ]
    if not asked:
        return
    rows.record(
        "consultation.requested",
        submission,
        by=by,
        for_=_agency(by, Action.DETERMINE, submission),
        at=at,
        offices=[office.code for office in asked],
    )
    notices.queue(
        NoticeKind.CONSULTATION_REQUESTED,
        submission,
        audience.people(Action.CONSULT, submission),
        due_at=at,
        at=at,
    )


@transaction.atomic
def record_consultation(
    submission: Submission, *, statement: str, by: User, at: datetime
) -> Consultation:
    """The office's statement is on record. Raises Conflict when not asked, or on record already."""
    submission, _, at = rows.begin(submission, Action.CONSULT, by=by, at=at)
    office = _agency(by, Action.CONSULT, submission)
    consultation = Consultation.objects.filter(submission=submission, organization=office).first()
    if consultation is None:
        raise Conflict("NSA has not asked for consultations on this submission.")
    if consultation.recorded_at:
        raise Conflict("Your office's statement is on record already.")
    consultation.statement = statement
    consultation.recorded_at, consultation.recorded_by = at, by
    consultation.save()
    rows.record("consultation.recorded", submission, by=by, for_=office, at=at)
    return consultation


@transaction.atomic
def write(
    submission: Submission,
    *,
    outcome: str,
    rationale: str,
    authority: str,
    external_reference: str = "",
    by: User,
    at: datetime,
) -> Determination:
    """A determination waits for its second signer; until then it is not in force.

    Raises Conflict before consultations were asked for, or while another one is unsigned.
    """
    submission, _, at = rows.begin(submission, Action.DETERMINE, by=by, at=at)
    if submission.consultations.count() < len(CONSULTED):
        raise Conflict("Ask ONCD, OSTP and CISA for their consultation first.")
    if submission.determinations.filter(signed_at__isnull=True).exists():
        raise Conflict("A determination is waiting for its second signer already.")
    determination = Determination.objects.create(
        submission=submission,
        number=submission.determinations.count() + 1,
        outcome=outcome,
        rationale=rationale,
        authority=authority,
        external_reference=external_reference,
        written_at=at,
        author=by,
    )
    _record("determination.written", determination, by, at)
    notices.queue(
        NoticeKind.SIGNATURE_NEEDED,
        submission,
        [official for official in audience.people(Action.DETERMINE, submission) if official != by],
        due_at=at,
        at=at,
        part=determination.key,
    )
    return determination


@transaction.atomic
def sign(determination: Determination, *, by: User, at: datetime) -> Determination:
    """The determination is in force and supersedes any before it.

    Raises NotPermitted for its author, Conflict when it is signed already.
    """
    submission, determination, at = rows.begin(
        determination, Action.SIGN_DETERMINATION, by=by, at=at
    )
    if determination.signed_at:
        raise Conflict("This determination has been signed already.")
    determination.signed_at, determination.signer = at, by
    determination.save(update_fields=["signed_at", "signer"])
    _record("determination.issued", determination, by, at)
    notices.queue(
        NoticeKind.DETERMINATION_ISSUED,
        submission,
        audience.people(Action.VIEW, submission),
        due_at=at,
        at=at,
        part=determination.key,
    )
    return determination


def _agency(by: User, action: policy.Action, submission: Submission) -> Organization:
    """The organization that ``by`` acts for; policy has found that there is one."""
    return policy.organizations(by, action, submission)[0]


def _record(action: str, determination: Determination, by: User, at: datetime) -> None:
    rows.record(
        action,
        determination,
        by=by,
        for_=_agency(by, Action.DETERMINE, determination.submission),
        at=at,
        coverage=determination.outcome,
        number=determination.number,
    )
