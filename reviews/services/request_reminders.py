"""The reminders about information requests: to the lab, and to whoever waits for an answer."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import QuerySet

from accounts.models import User
from reviews import audience, clock
from reviews.models import InformationRequest
from reviews.models.notice import Topic
from reviews.policy import Action
from reviews.services.series import Reminder, Series


def _outstanding(at: datetime) -> QuerySet[InformationRequest]:
    found: QuerySet[InformationRequest] = InformationRequest.objects.outstanding(at)
    return found.select_related("submission")


def _span(asked: InformationRequest) -> tuple[datetime, datetime]:
    """When it was issued and when its answer is due: of an issued one both are known."""
    issued_at, deadline = asked.issued_at, asked.deadline()
    assert issued_at is not None and deadline is not None  # noqa: S101, PT018
    return issued_at, deadline


def _half_time(asked: InformationRequest) -> datetime:
    issued_at, deadline = _span(asked)
    return issued_at + (deadline - issued_at) / 2


def _day_before(asked: InformationRequest) -> datetime | None:
    return clock.before_end(*_span(asked), 1)


def _concerned(asked: InformationRequest) -> Iterable[User]:
    lab = audience.people(Action.ANSWER_INFORMATION_REQUEST, asked.submission)
    return {*lab, *audience.requesters(asked)}


SERIES = (
    Series(
        _outstanding,
        (
            Reminder(
                "information_due_half_time",
                _half_time,
                _concerned,
                "Half the time for an information request has passed",
                "An information request has no answer yet. The answer is due on {due}, and the "
                "window ends on {end}.",
            ),
            Reminder(
                "information_due_in_1_day",
                _day_before,
                _concerned,
                "The answer to an information request is due within 1 day",
                "An information request has no answer yet. The answer is due on {due}, and the "
                "window ends on {end}.",
            ),
            Reminder(
                "information_overdue",
                InformationRequest.overdue_since,
                _concerned,
                "The answer to an information request is overdue",
                "The answer to an information request was due on {due}. The lab can still answer "
                "until the window ends on {end}.",
                Topic.REMINDERS,
                "The answer to an information request is due",
            ),
        ),
        (Action.READ_INFORMATION_REQUEST,),
        InformationRequest.outstanding_at,
    ),
)
