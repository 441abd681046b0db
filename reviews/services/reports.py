"""The final report to the lab: what it gathers, issuing it, the lab's response.

Issuing it is what concludes a submission. What it says is composed in report_content.py.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery

from accounts import audit
from accounts.models import Organization, Seat, User
from accounts.roles import Role
from reviews import audience, policy, workflow
from reviews.exceptions import Conflict, Incomplete
from reviews.models import AgencyPosition, Determination, Report, Submission
from reviews.models.notice import NoticeKind
from reviews.policy import Action
from reviews.rules import There
from reviews.services import attachments, ends, gateway_signals, notices, report_content, rows
from reviews.services.report_content import AgencyLine, Content
from reviews.workflow import Step

FILED_UNREAD = "You can read it once your agency has filed its own."


def lines(submission: Submission) -> list[AgencyLine]:
    """Each reviewing agency, and any that filed before it was detached, by name."""
    return report_content.lines([submission])[submission.pk]


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
    return report_content.determinations_for_lab([submission]).get(submission.pk)


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


def preview(
    submission: Submission, *, at: datetime, issued_by: Organization | None = None
) -> Content:
    """What the report would say if it were issued at that instant."""
    return report_content.reports({submission: at}, issued_by=issued_by)[submission.pk]


def preview_for(user: User, submission: Submission, *, at: datetime) -> Content:
    """The preview as ``user`` may read it: of positions not open to her yet, only that they are.

    It is issued in the name of the agency that she leads.
    """
    agency = policy.organizations(user, Action.ISSUE_REPORT, submission).first()
    content = report_content.readable(preview(submission, at=at, issued_by=agency))
    positions = policy.allowed(user, Action.READ_POSITION, at=at).filter(submission=submission)
    open_to_her = set(positions.values_list("agency__code", flat=True))
    for one in content["agencies"]:
        if one["filed_at"] and one["code"] not in open_to_her:
            one |= {"says": "Filed", "summary": FILED_UNREAD}
    return content


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
    agency = policy.organizations(by, Action.ISSUE_REPORT, submission).first()
    content = report_content.placed(
        preview(submission, issued_by=agency, at=at), audit.locked_head()
    )
    report = Report.objects.create(
        submission=submission, issued_at=at, issued_by=by, content=content
    )
    rows.record(
        "submission.concluded",
        submission,
        by=by,
        for_=agency,
        at=at,
        content_sha256=report_content.sha256(content),
    )
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
    report = issued(submission, at=at)
    if report is None:
        raise Conflict("There is no report to respond to yet.")
    if report.responded_at:
        raise Conflict("Your lab's response is on record already.")
    report.response, report.responded_at, report.responded_by = response, at, by
    report.save(update_fields=["response", "responded_at", "responded_by"])
    rows.record(
        "report.answered",
        submission,
        by=by,
        for_=submission.lab,
        at=at,
        content_sha256=audit.digest_of(response),
    )
    return report


def issued(submission: Submission, *, at: datetime) -> Report | None:
    """The report; an end of the window that has come issues it, recorded by now or not."""
    ends.record(submission.pk, at=at)
    return Report.objects.filter(submission=submission).first()
