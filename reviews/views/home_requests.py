"""What of information requests waits for a person on her Home."""

from django.utils.html import format_html

from portal.templatetags.foreview import instant_html
from reviews import policy
from reviews.policy import Action
from reviews.views.home_tasks import SHOWN, Task, said


def to_answer(request, seats):
    """What the lab was asked and has not answered, due first."""
    asked = policy.allowed(request.user, Action.ANSWER_INFORMATION_REQUEST, at=request.at)
    waiting = asked.outstanding(request.at).select_related("submission").order_by("due_at", "pk")
    return [
        Task(
            "Answer an information request",
            one.get_absolute_url(),
            f"Request {one.number}, submission {one.submission.reference}",
            _due(one, request.at),
            one.deadline(),
        )
        for one in waiting[:SHOWN]
    ]


def _due(asked, at):
    """Until when it is to be answered, or since when it is overdue."""
    late = asked.overdue_since()
    if late and late <= at:
        return format_html("<strong>Overdue</strong> since {}", instant_html(late))
    return said("Due", asked.deadline())


def to_issue(request, seats):
    """The drafts of the lead's own agency, oldest first."""
    drafts = policy.allowed(request.user, Action.ISSUE_INFORMATION_REQUEST, at=request.at).drafts()
    return [
        Task(
            "Issue an information request",
            one.get_absolute_url(),
            f"Submission {one.submission.reference}",
            said("Window ends", one.submission.closes_at),
            one.submission.closes_at,
        )
        for one in drafts.select_related("submission").order_by("drafted_at", "pk")[:SHOWN]
    ]
