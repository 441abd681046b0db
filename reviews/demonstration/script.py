"""The demonstration's past, as data: who did what, and when, in one order.

A story is one submission. Its events are told in days since it was filed, and the whole in
time before the base instant, so that "day 10" is day 10 whenever the demonstration is seeded.
"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from reviews.demonstration.checkpoints import Checkpoint

MINUTE = timedelta(minutes=1)
WORKING_DAY = timedelta(hours=8)
SETTING_UP = timedelta(days=75)
# The workers' daily turn, by whose end everything older than MAIL_WAITS has been sent.
TURN = timedelta(days=1)
MAIL_WAITS = timedelta(days=2)


@dataclass(frozen=True)
class Event:
    """``by`` does ``act`` (a method of acts.World) ``after`` the filing, with these facts."""

    after: timedelta
    by: str
    act: str
    facts: dict[str, Any]


def on(day: float, by: str, act: str, **facts: Any) -> Event:
    """An event whole days after filing, before it when negative; the rest is of a working day.

    So 3.5 is the fourth day, four hours later than the hour of filing, and not the night.
    """
    whole = math.floor(day)
    after = timedelta(days=whole) + MINUTE * round((day - whole) * (WORKING_DAY / MINUTE))
    return Event(after, by, act, facts)


@dataclass(frozen=True)
class Story:
    """One submission: its model version, how long ago it was filed, and what happened.

    For one that is never filed, ``filed_ago`` only anchors its events.
    """

    code: str
    checkpoint: Checkpoint
    filed_ago: timedelta
    events: tuple[Event, ...]
    kind: str = "early_access"
    tracking: str = ""


def ago(*, day: int | None = None, days: float = 0, hours: float = 2) -> timedelta:
    """How long ago a window opened that is on ``day`` now, since ``hours``; or ``days`` ago."""
    return timedelta(days=days if day is None else day - 1, hours=hours)


@dataclass(frozen=True)
class Moment:
    """One event at its instant. Without a story it is the portal's: set-up, or a worker's turn."""

    at: datetime
    act: str
    by: str = ""
    story: Story | None = None
    facts: dict[str, Any] | None = None


def timeline(stories: list[Story], base: datetime) -> list[Moment]:
    """Everything that happened before ``base``, oldest first: the audit log only advances."""
    moments = [
        Moment(base - story.filed_ago + event.after, event.act, event.by, story, event.facts)
        for story in stories
        for event in story.events
    ]
    start = base - SETTING_UP
    moments.append(Moment(start, "set_up"))
    turns = SETTING_UP // TURN
    moments += [
        Moment(
            start + turn * TURN + 7 * MINUTE,
            "workers_turn",
            facts={"deliver": (turns - turn) * TURN > MAIL_WAITS},
        )
        for turn in range(1, turns)
    ]
    late = [moment for moment in moments if moment.at >= base]
    if late:
        raise ValueError(f"Not yet past: {late[0]}")
    return sorted(moments, key=lambda moment: moment.at)
