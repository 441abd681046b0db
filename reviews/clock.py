"""The 30-day window: 720 elapsed hours of UTC, half-open, cumulative per model version.

Executive Order 14409, section 3(b); docs/domain.md section 3, invariants 3 and 4. Every
function is pure, but for ``system``, the one reading of the machine's clock.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from reviews.exceptions import WindowRefused

FULL_WINDOW = timedelta(hours=720)
DAY = timedelta(hours=24)

_rehearsed: datetime | None = None


def system() -> datetime:
    """The machine's clock in UTC, or the instant being rehearsed."""
    return _rehearsed or datetime.now(UTC)


def rehearsing() -> bool:
    """Whether the clock is held at an instant; production never does."""
    return _rehearsed is not None


@contextmanager
def rehearsal(at: datetime) -> Iterator[None]:
    """Inside, ``system`` answers ``at`` in every thread: for tests and the demonstration's past."""
    global _rehearsed
    before, _rehearsed = _rehearsed, at
    try:
        yield
    finally:
        _rehearsed = before


@dataclass(frozen=True)
class Window:
    """The time in which agencies have access: ``opens_at`` is inside, ``closes_at`` outside."""

    opens_at: datetime
    closes_at: datetime
    allowance: timedelta


def window(
    opens_at: datetime, *, used: timedelta, planned_partner_release_at: datetime | None
) -> Window:
    """The window that filing at ``opens_at`` opens.

    ``used`` is the time that earlier windows of the same model version took. Raises
    WindowRefused when nothing is left of the 720 hours or the release has come.
    """
    opens_at = opens_at.astimezone(UTC)
    allowance = FULL_WINDOW - used
    if allowance <= timedelta(0):
        raise WindowRefused(
            "This model version has been open for review for all of its 720 hours. "
            "File a new version instead."
        )
    closes_at = opens_at + allowance
    if planned_partner_release_at is not None:
        release_at = planned_partner_release_at.astimezone(UTC)
        if release_at <= opens_at:
            raise WindowRefused(
                "The planned partner release has passed, so no time is left for review. "
                "Change the planned partner release."
            )
        closes_at = min(closes_at, release_at)
    return Window(opens_at, closes_at, allowance)


def shortened(opens_at: datetime, closes_at: datetime, *, to: datetime, at: datetime) -> datetime:
    """``to`` in UTC, when it lies after ``at`` and before the present end; else WindowRefused."""
    # Python compares two instants of one zone by wall clock, which November repeats.
    opens_at, closes_at, to, at = (
        instant.astimezone(UTC) for instant in (opens_at, closes_at, to, at)
    )
    if to <= max(at, opens_at):
        raise WindowRefused("The new end must be later than now. To end the review now, withdraw.")
    if to >= closes_at:
        raise WindowRefused(
            "The new end must be earlier than the present one: nobody extends a window."
        )
    return to


def is_open(opens_at: datetime, closes_at: datetime, at: datetime) -> bool:
    """Whether ``at`` is inside the window."""
    return opens_at <= at < closes_at


def day(opens_at: datetime, at: datetime) -> int:
    """Which day of the window ``at`` falls on, the first 24 hours being day 1."""
    return (at - opens_at) // DAY + 1


def days(opens_at: datetime, closes_at: datetime) -> int:
    """How many days the window has, a part of a day counting as one."""
    return -((opens_at - closes_at) // DAY)


def latest_reached(points: dict[str, datetime], at: datetime) -> str | None:
    """The name of the last point that is not after ``at``; None before the first.

    After an outage only this one of a series is still worth sending (docs/domain.md section 7).
    """
    reached = [(due, name) for name, due in points.items() if due <= at]
    return max(reached)[1] if reached else None


def point_of_day(opens_at: datetime, closes_at: datetime, number: int) -> datetime:
    """When ``number`` of 30 parts of the window are over: day ``number`` of a full window.

    A shorter window has earlier points.
    """
    return opens_at + (closes_at - opens_at) * number / 30


def before_end(opens_at: datetime, closes_at: datetime, days_before: int) -> datetime | None:
    """``days_before`` times 24 hours before the end; None when that is not inside the window."""
    due = closes_at - days_before * DAY
    return due if due > opens_at else None
