"""Whether reports and letters still say what the audit log says that they said."""

from collections.abc import Iterator

from django.db.models import QuerySet

from accounts import audit
from accounts.models import AuditEvent
from reviews.models import PreliminaryLetter, Report
from reviews.services import report_content

REPORTS = ("submission.concluded", "submission.expired")
LETTERS = ("letter.issued",)
RESPONSES = ("report.answered",)
CHANGED = "it was changed after it was issued"


def broken() -> Iterator[str]:
    """Each report or letter that the log does not bear out, in words."""
    for report in Report.objects.select_related("submission").order_by("pk").iterator():
        reference = report.submission.reference
        if why := _why(report, REPORTS):
            yield f"The report on {reference}: {why}"
        told = _event(reference, RESPONSES)
        said = audit.digest_of(report.response) if report.responded_at else None
        if told and "content_sha256" not in told.details and said:
            continue  # from before hashes of responses were recorded
        if (told and told.details["content_sha256"]) != said:
            yield f"The response to the report on {reference}: it was changed after it was recorded"
    for letter in PreliminaryLetter.objects.select_related("submission").order_by("pk").iterator():
        if why := _why(letter, LETTERS):
            yield f"The letter on {letter.submission.reference}: {why}"


def _why(issued: Report | PreliminaryLetter, actions: tuple[str, ...]) -> str:
    """What is wrong with it; empty where the log bears it out.

    What was issued before the log recorded hashes of content is checked by its place alone.
    """
    event = _event(issued.submission.reference, actions)
    if event is None:
        return "the log does not know of it"
    place = {"sequence": event.sequence - 1, "sha256": event.previous_sha256}
    if issued.content.get("audit_head") != place:
        return CHANGED
    known = event.details.get("content_sha256")
    return CHANGED if known and known != report_content.sha256(issued.content) else ""


def _event(reference: str, actions: tuple[str, ...]) -> AuditEvent | None:
    events: QuerySet[AuditEvent] = AuditEvent.objects.filter(
        submission=reference, action__in=actions
    )
    return events.order_by("sequence").first()
