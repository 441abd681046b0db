"""What a reminder is, and what a series of them: the latest due replaces the earlier."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from accounts.models import User
from reviews import clock
from reviews.emails import Wording
from reviews.models import AccessGrant, InformationRequest, Submission
from reviews.models.notice import Topic
from reviews.policy import Action

Row = Submission | AccessGrant | InformationRequest


@dataclass(frozen=True)
class Reminder:
    """One point of a series. ``due`` is None where the row has no such point.

    ``concerns`` is whom it still concerns. The sentence may say {end}: the window's, or the
    grant's; of an information request also {due}. ``calendar`` is what falls due then; a point
    that only counts the days to another has none.
    """

    kind: str
    due: Callable[[Any], datetime | None]
    concerns: Callable[[Any], Iterable[User]]
    subject: str
    sentence: str
    topic: Topic = Topic.REMINDERS
    calendar: str = ""

    @property
    def wording(self) -> Wording:
        """What its notices say."""
        return Wording(self.topic, self.subject, self.sentence)


@dataclass(frozen=True)
class Series:
    """Reminders of which a later one replaces the earlier; ``rows`` are those it may concern.

    ``holds`` is the one-row form of ``rows``. Who may do one of ``actions`` has a role such as
    its reminders concern: her calendar shows their points before they are due.
    """

    rows: Callable[[datetime], QuerySet[Any]]
    reminders: tuple[Reminder, ...]
    actions: tuple[Action, ...] = (Action.VIEW,)
    holds: Callable[[Any, datetime], bool] = Submission.is_open

    def current(self, row: Row, at: datetime) -> tuple[Reminder, datetime] | None:
        """The reminder of the row whose time has come last, with that time; None before any."""
        due = {r.kind: point for r in self.reminders if (point := r.due(row)) is not None}
        kind = clock.latest_reached(due, at)
        return next(((r, due[kind]) for r in self.reminders if r.kind == kind), None)
