"""NSA's determination: consultations first, then written, then signed by a second person.

It is against criteria of the register, and becomes the lab's to read by a decision of its own.

Executive Order 14409, section 3(a); docs/domain.md section 3, invariant 6. A consulted
office's silence is shown and does not stop a determination: consultation is not a veto.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.models import Organization, Seat, User
from accounts.roles import CONSULTED, Role
from reviews import audience, policy
from reviews.exceptions import Conflict, Incomplete
from reviews.models import (
    Consultation,
    CoverageCriterion,
    CriterionVersion,
    Determination,
    DeterminationResponse,
    Submission,
)
from reviews.models.notice import NoticeKind
from reviews.policy import Action
from reviews.services import determination_record, notices, reports, rows


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


def reached(submission: Submission) -> set[int]:
    """The consulted offices, by primary key, at which somebody can record the statement."""
    officials = audience.people(Action.CONSULT, submission)
    held = Seat.objects.filter(role=Role.CONSULTED_OFFICIAL, group__user__in=officials)
    return set(held.values_list("organization", flat=True))


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
    criteria: Collection[CriterionVersion],
    external_reference: str = "",
    supersedes_reason: str = "",
    replaces: UUID | None = None,
    by: User,
    at: datetime,
) -> Determination:
    """A determination waits for its second signer; until then it is not in force.

    One that waits is set aside for it if it cannot be signed any more, or if its author ``by``
    names it by its key as what this one ``replaces``. Raises Conflict before consultations were
    asked for, while another one that can be signed is waiting, for a criterion that is not in
    force; Incomplete without a rationale, a criterion or the reason why it supersedes.
    """
    submission, _, at = rows.begin(submission, Action.DETERMINE, by=by, at=at)
    if submission.consultations.count() < len(CONSULTED):
        raise Conflict("Ask ONCD, OSTP and CISA for their consultation first.")
    in_force = reports.determination_in_force(submission)
    _require(rationale, criteria, in_force, supersedes_reason)
    _set_aside(submission, replaces, by, at)
    determination = Determination.objects.create(
        submission=submission,
        number=submission.determinations.count() + 1,
        outcome=outcome,
        rationale=rationale,
        authority=authority,
        external_reference=external_reference,
        supersedes=in_force,
        supersedes_reason=supersedes_reason,
        written_at=at,
        author=by,
    )
    determination.criteria.set(criteria)
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


def _require(
    rationale: str,
    criteria: Collection[CriterionVersion],
    in_force: Determination | None,
    supersedes_reason: str,
) -> None:
    if not rationale.strip():
        raise Incomplete("Write the unclassified rationale.", ["rationale"])
    if not criteria:
        raise Incomplete("Cite at least one criterion that is in force.", ["criteria"])
    if ended := not_in_force(criteria):
        raise Conflict(f"{ended[0]} is not in force. Cite a version that is.")
    if in_force and not supersedes_reason.strip():
        raise Incomplete(
            f"Determination {in_force.number} is in force. Say why this one supersedes it.",
            ["supersedes_reason"],
        )
    if supersedes_reason and not in_force:
        raise Conflict("No determination is in force, so this one supersedes none.")


def not_in_force(criteria: Collection[CriterionVersion]) -> list[CriterionVersion]:
    """Those of the versions that cannot be cited: unconfirmed, superseded or retired."""
    current = set(CriterionVersion.objects.in_force().filter(pk__in=[one.pk for one in criteria]))
    return [one for one in criteria if one not in current]


def obstacle(determination: Determination) -> str:
    """Why nobody can sign it any more, in words; empty while it can be signed."""
    cited = list(determination.criteria.select_related("criterion"))
    if determination.submission.recusals.filter(person=determination.author_id).exists():
        return "Its author has recused herself since."
    if not cited:
        return "It was written before the register of criteria, and cites none."
    if ended := not_in_force(cited):
        return f"{ended[0]} is not in force any more."
    (compared,) = determination_record.compare([determination]).values()
    return "" if compared.agrees else "It is not what was written, by the audit log."


def _set_aside(submission: Submission, replaces: UUID | None, by: User, at: datetime) -> None:
    waiting = submission.determinations.unsigned().first()
    if waiting is None:
        return
    own = waiting.author_id == by.pk and waiting.key == replaces
    because = obstacle(waiting) or (own and "Its author wrote it anew.")
    if not because:
        raise Conflict("A determination is waiting for its second signer already.")
    waiting.set_aside_at, waiting.set_aside_by = at, by
    waiting.save(update_fields=["set_aside_at", "set_aside_by"])
    _record("determination.set_aside", waiting, by, at, reason=because)


@transaction.atomic
def sign(determination: Determination, *, by: User, at: datetime) -> Determination:
    """The determination is in force and supersedes any before it.

    If an earlier one was shared with the lab, so is this one. Raises NotPermitted for its author,
    Conflict when it is signed already or cannot be any more.
    """
    submission, determination, at = rows.begin(
        determination, Action.SIGN_DETERMINATION, by=by, at=at
    )
    if determination.signed_at:
        raise Conflict("This determination has been signed already.")
    if determination.set_aside_at:
        raise Conflict("This determination was set aside, and another one written.")
    cited = CoverageCriterion.objects.filter(versions__determinations=determination)
    list(cited.select_for_update(of=("self",)).order_by("pk"))  # none is retired meanwhile
    if because := obstacle(determination):
        raise Conflict(f"{because} It cannot be signed. Write it anew.")
    determination.signed_at, determination.signer = at, by
    determination.save(update_fields=["signed_at", "signer"])
    _record(
        *("determination.issued", determination, by, at),
        evidence=determination_record.evidence(submission),
    )
    readers = audience.people(Action.READ_DETERMINATION, submission)
    notices.queue(
        NoticeKind.DETERMINATION_ISSUED,
        submission,
        readers.exclude(pk__in=audience.people(Action.OWN, submission).values("pk")),
        due_at=at,
        at=at,
        part=determination.key,
    )
    # The lab must not go on acting on what is void.
    if submission.determinations.filter(shared_at__isnull=False).exists():
        _share(determination, by, at)
    return determination


@transaction.atomic
def share(determination: Determination, *, by: User, at: datetime) -> Determination:
    """The lab is told, and reads it from now on.

    Raises Conflict when it was shared already, or when it is not the one in force.
    """
    submission, determination, at = rows.begin(
        determination, Action.SHARE_DETERMINATION, by=by, at=at
    )
    if determination.shared_at:
        raise Conflict("This determination has been shared with the lab already.")
    if determination != reports.determination_in_force(submission):
        raise Conflict("A later determination supersedes this one. Share that one.")
    _share(determination, by, at)
    return determination


def _share(determination: Determination, by: User, at: datetime) -> None:
    determination.shared_at, determination.shared_by = at, by
    determination.save(update_fields=["shared_at", "shared_by"])
    _record("determination.shared", determination, by, at)
    notices.queue(
        NoticeKind.DETERMINATION_SHARED,
        determination.submission,
        audience.people(Action.OWN, determination.submission),
        due_at=at,
        at=at,
        part=determination.key,
    )


@transaction.atomic
def respond(
    determination: Determination, *, text: str, by: User, at: datetime
) -> DeterminationResponse:
    """The lab's response stands beside the determination. Raises Conflict a second time."""
    submission, determination, at = rows.begin(
        determination, Action.RESPOND_TO_DETERMINATION, by=by, at=at
    )
    if DeterminationResponse.objects.filter(determination=determination).exists():
        raise Conflict("Your lab's response is on record already.")
    response = DeterminationResponse.objects.create(
        determination=determination, text=text, responded_at=at, responded_by=by
    )
    rows.record(
        "determination.answered",
        determination,
        by=by,
        for_=submission.lab,
        at=at,
        number=determination.number,
        content_sha256=determination_record.digest_of_response(response),
    )
    return response


def _agency(by: User, action: policy.Action, submission: Submission) -> Organization:
    """The organization that ``by`` acts for; policy has found that there is one."""
    return policy.organizations(by, action, submission)[0]


def _record(
    action: str, determination: Determination, by: User, at: datetime, **details: Any
) -> None:
    rows.record(
        action,
        determination,
        by=by,
        for_=_agency(by, Action.DETERMINE, determination.submission),
        at=at,
        coverage=determination.outcome,
        number=determination.number,
        criteria=determination_record.criteria(determination),
        content_sha256=determination_record.digest(determination),
        **details,
    )
