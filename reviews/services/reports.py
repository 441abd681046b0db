"""The final report to the lab: what it gathers, issuing it, the lab's response.

Issuing it is what concludes a submission. It names agencies and never a person, and an
agency that filed nothing is shown as having recorded no view (docs/domain.md
section 3, invariant 5).
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery

from accounts.models import Organization, Seat, User
from accounts.roles import Role
from reviews import audience, policy, workflow
from reviews.exceptions import Conflict, Incomplete
from reviews.models import AgencyPosition, Determination, Report, Submission
from reviews.models.notice import NoticeKind
from reviews.policy import Action
from reviews.rules import There
from reviews.services import attachments, ends, gateway_signals, notices, rows
from reviews.workflow import Step

NO_VIEW = "No view recorded"


@dataclass(frozen=True)
class AgencyLine:
    """One agency's line in the report; ``position`` is None where no view was recorded."""

    agency: Organization
    position: AgencyPosition | None

    @property
    def outcome(self) -> str:
        """The outcome in words."""
        return NO_VIEW if self.position is None else self.position.get_outcome_display()


def lines(submission: Submission) -> list[AgencyLine]:
    """Each reviewing agency, and any that filed before it was detached, by name."""
    latest = {
        position.agency_id: position
        for position in AgencyPosition.objects.filter(submission=submission).order_by("version")
    }
    agencies = Organization.objects.filter(
        Q(pk__in=attachments.reviewing_agencies(submission)) | Q(pk__in=latest)
    )
    return [AgencyLine(agency, latest.get(agency.pk)) for agency in agencies]


def filed_by_agency(submission: Submission) -> list[tuple[str, bool]]:
    """Each agency of ``lines`` by its short name, and whether it has filed: one query."""
    filed = There(F("organization"), model=AgencyPosition, key="agency", submission=submission.pk)
    leading = audience.seats(Action.FILE_POSITION, submission)
    seats = Seat.objects.filter(leading | Q(filed, role=Role.LEAD)).order_by("organization__name")
    return list(seats.values_list("organization__short_name", filed))


def determination_in_force(submission: Submission) -> Determination | None:
    """The last signed determination; None where none was made."""
    return Determination.objects.signed().filter(submission=submission).first()


def determination_for_lab(submission: Submission) -> Determination | None:
    """The one of which the lab was told; None where none was, whether one is in force or not."""
    shared = Determination.objects.signed().filter(shared_at__isnull=False)
    return shared.filter(submission=submission).first()


def outcome_in_force(readable: QuerySet[Determination]) -> Subquery:
    """Of a submission, as a fact annotated: the last signed outcome among ``readable``, or None."""
    rows = readable.filter(submission=OuterRef("pk"), signed_at__isnull=False)
    return Subquery(rows.order_by("-number").values("outcome")[:1])


def outstanding(submission: Submission) -> list[Organization]:
    """The reviewing agencies that have neither filed a position nor recused."""
    return [line.agency for line in lines(submission) if line.position is None]


def everyone_has_filed() -> Q:
    """The condition on submissions that no reviewing agency is outstanding."""
    filed = AgencyPosition.objects.filter(
        submission=OuterRef("content_object"), agency=OuterRef("group__seat__organization")
    )
    leads = attachments.leads_of(OuterRef("pk"))
    return Q(Exists(leads)) & ~Q(Exists(leads.filter(~Exists(filed))))


@transaction.atomic
def issue(submission: Submission, *, by: User, at: datetime) -> Report:
    """The report is the lab's to read and the submission concluded; access ended with it.

    Raises Incomplete while an agency is outstanding, IllegalTransition when it has ended.
    """
    submission, _, at = rows.begin(submission, Action.ISSUE_REPORT, by=by, at=at)
    status = workflow.advance(submission.status, Step.CONCLUDE)
    missing = [agency.short_name for agency in outstanding(submission)]
    if missing:
        raise Incomplete(
            f"The report waits for positions from: {', '.join(missing)}. If they file none, "
            "the end of the window issues it.",
            missing,
        )
    submission.status, submission.ended_at = status, at
    submission.save(update_fields=["status", "ended_at"])
    gateway_signals.note(submission, at)
    report = Report.objects.create(submission=submission, issued_at=at, issued_by=by)
    agency = policy.organizations(by, Action.ISSUE_REPORT, submission).first()
    rows.record("submission.concluded", submission, by=by, for_=agency, at=at)
    notices.queue(
        NoticeKind.CONCLUDED,
        submission,
        audience.people(Action.VIEW, submission),
        due_at=at,
        at=at,
    )
    return report


@transaction.atomic
def respond(submission: Submission, *, response: str, by: User, at: datetime) -> Report:
    """The lab's response stands with the report. Raises Conflict before it, or a second time."""
    submission, _, at = rows.begin(submission, Action.RESPOND, by=by, at=at)
    ends.record(submission.pk, at=at)  # the end issues the report, recorded or not
    report = Report.objects.filter(submission=submission).first()
    if report is None:
        raise Conflict("There is no report to respond to yet.")
    if report.responded_at:
        raise Conflict("Your lab's response is on record already.")
    report.response, report.responded_at, report.responded_by = response, at, by
    report.save()
    rows.record("report.answered", submission, by=by, for_=submission.lab, at=at)
    return report
