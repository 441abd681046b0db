"""What of reviews, positions, the letter and the report waits for a person on her Home."""

from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse

from accounts.roles import Role
from reviews.models import AgencyPosition, Assignment, LetterEntry, PreliminaryLetter
from reviews.models.preliminary_letter import letter_due_at
from reviews.policy import Action
from reviews.rules import There
from reviews.services import agency_reviews, reports
from reviews.services import assignments as assigning
from reviews.views.home_tasks import Task, open_to, said, submission_tasks


def of(seats, role):
    """The organizations, by primary key, at which the person holds the role."""
    return [seat.organization_id for seat in seats if seat.role == role]


def there(model, **values):
    """Whether the model has a row of the submission with those values."""
    return Q(There(F("pk"), model=model, key="submission", **values))


def reviews(request, seats):
    """What she is assigned to and has not filed."""
    filed = agency_reviews.filed_by(request.user)
    unfiled = open_to(request, Action.ANSWER_ASSIGNMENT).filter(~filed)
    return submission_tasks("Write and file your review", "reviews:review-write", unfiled)


def unanswered(request, seats):
    """The page on which she answers them together, when more than one waits for her answer."""
    waiting = list(assigning.unanswered(request.user, at=request.at)[:2])
    if len(waiting) < 2:
        return []
    first_end = waiting[0].submission.closes_at
    return [
        Task(
            "Answer the reviews assigned to you",
            reverse("reviews:assignments-accept"),
            when=said("The first window ends", first_end),
            due=first_end,
        )
    ]


def assignments(request, seats):
    """What nobody of the lead's agency reviews, and it has no position on."""
    nobody = ~Exists(
        Assignment.objects.still_reviewing().filter(
            submission=OuterRef("pk"), agency__in=of(seats, Role.LEAD)
        )
    )
    silent = ~there(AgencyPosition, agency=of(seats, Role.LEAD))
    without = open_to(request, Action.ASSIGN).filter(nobody, silent)
    return submission_tasks("Assign a reviewer", "reviews:review-assign", without)


def positions(request, seats):
    """What the lead's agency has no position on."""
    none = ~there(AgencyPosition, agency=of(seats, Role.LEAD))
    return submission_tasks(
        "File your agency's position",
        "reviews:position-file",
        open_to(request, Action.FILE_POSITION).filter(none),
    )


def letter_entries(request, seats):
    """The letters that the lead's agency has neither entry nor position for."""
    agencies = of(seats, Role.LEAD)
    has_said = there(LetterEntry, agency=agencies) | there(AgencyPosition, agency=agencies)
    missing = open_to(request, Action.FILE_LETTER_ENTRY).filter(
        ~has_said, ~there(PreliminaryLetter)
    )
    return submission_tasks(
        "File your agency's entry for the preliminary letter",
        "reviews:letter-file",
        missing.only("reference", "opens_at", "closes_at", "model_version"),
        lambda submission: ("Due by", letter_due_at(submission)),
    )


def reports_to_issue(request, seats):
    """What every agency has filed its position on."""
    complete = open_to(request, Action.ISSUE_REPORT).filter(reports.everyone_has_filed())
    return submission_tasks("Issue the report", "reviews:report-issue", complete)
