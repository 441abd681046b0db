"""A review window drawn to scale, for ``templates/components/timeline.html``.

Nothing here decides anything. ``reviews/clock.py`` says what day it is, whether the window is
open and when its points fall (docs/domain.md section 3); this gives them words and places.
"""

from dataclasses import dataclass
from datetime import UTC, timedelta
from itertools import pairwise

from django.utils import timezone

from portal.timeline import MONTHS, hour_text, instant_text, span_text, zone_code
from reviews import clock

HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Milestone:
    """One named instant of a window: ``x`` is its place in percent of the whole width."""

    label: str
    short: str
    """The label in the drawing; none for the two ends, which have no mark."""
    more: str
    when: str
    x: float
    passed: bool
    show: str
    """Where its label has room: ``always``, ``wide`` screens only, or nowhere (empty)."""


@dataclass(frozen=True)
class Timeline:
    """A window as the template draws it: along it in elapsed hours, but for the percents."""

    state: str
    """``before``, ``open``, ``ended`` (by the clock) or ``ended_early``."""
    day_label: str
    rest: str
    """What follows the day label: the exact end with its zone, and what is left."""
    opens_day: str
    opens_hour: str
    closes_day: str
    closes_hour: str
    hours: float
    elapsed_x: float
    tick_path: str
    weekend_path: str
    elapsed_weekend_path: str
    now_percent: float
    """Where the day label stands: now, or where the window stopped."""
    milestones: tuple[Milestone, ...]

    @property
    def description(self) -> str:
        """The drawing in words, for those who cannot see it."""
        return f"{self.rest} {'; '.join(f'{m.label}: {m.when}' for m in self.milestones)}."

    @property
    def now_anchor(self) -> str:
        """The side of the day label that stands at its place: it leans away from an edge."""
        if self.now_percent < 15:
            return "start"
        return "end" if self.now_percent > 85 else "middle"

    @property
    def labelled(self) -> tuple[Milestone, ...]:
        """Milestones drawn with a mark on the bar, in order."""
        return tuple(m for m in self.milestones if m.short)


CLOSING_WORDS = {
    "before": "Ends",
    "open": "Ends",
    "ended": "Ended",
    "ended_early": "Would have ended",
}


def timeline(opens_at, closes_at, at, over_at=None) -> Timeline:
    """Return the drawing, in the active zone, of a window of instants in UTC as seen at ``at``.

    ``over_at`` is when the window ended, once it has: before ``closes_at`` if work ended early.
    """
    zone = timezone.get_current_timezone()
    state = _state(opens_at, closes_at, at, over_at)
    stop = min(at, over_at or closes_at)
    day_label, rest = _words(state, opens_at, closes_at, at, over_at, zone)
    opening, closing = opens_at.astimezone(zone), closes_at.astimezone(zone)
    # One path each: thirty elements cost a page more than one.
    ticks = range(24, 24 * clock.days(opens_at, closes_at), 24)
    return Timeline(
        state=state,
        day_label=day_label,
        rest=rest,
        opens_day=f"{'Opens' if state == 'before' else 'Opened'} {_short_day(opening)}",
        opens_hour=f"{hour_text(opening)} {zone_code(opening)}",
        closes_day=f"{CLOSING_WORDS[state]} {_short_day(closing)}",
        closes_hour=f"{hour_text(closing)} {zone_code(closing)}",
        hours=round((closes_at - opens_at) / HOUR, 3),
        elapsed_x=round(max(stop - opens_at, timedelta()) / HOUR, 3),
        tick_path="".join(f"M{x} 0V22" for x in ticks),
        weekend_path=_weekends(opens_at, closes_at, zone),
        elapsed_weekend_path=_weekends(opens_at, stop, zone),
        now_percent=_percent(stop, opens_at, closes_at),
        milestones=_milestones(state, opens_at, closes_at, at, over_at, zone),
    )


def _short_day(local):
    return f"{MONTHS[local.month - 1]} {local.day}"


def _state(opens_at, closes_at, at, over_at):
    if over_at is not None and over_at < closes_at:
        return "ended_early"
    if clock.is_open(opens_at, closes_at, at):
        return "open"
    return "before" if at < opens_at else "ended"


def _words(state, opens_at, closes_at, at, over_at, zone):
    closes = instant_text(closes_at, zone)
    days = clock.days(opens_at, closes_at)
    if state == "open":
        label = f"Day {clock.day(opens_at, at)} of {days}"
        return label, f"The window ends {closes}: {span_text(closes_at - at)} left."
    if state == "before":
        return "Not open yet", f"The window opens {instant_text(opens_at, zone)} and ends {closes}."
    if state == "ended":
        return "Window ended", f"It ended {closes}, after {span_text(closes_at - opens_at)}."
    return (
        f"Ended on day {clock.day(opens_at, over_at)} of {days}",
        f"It ended {instant_text(over_at, zone)}. The window would have run to {closes}.",
    )


def _milestones(state, opens_at, closes_at, at, over_at, zone):
    """Return every milestone in order of time; those before the end only where they fit inside."""
    opening = "Window opens" if state == "before" else "Window opened"
    named = [
        ("open", opening, "", opens_at),
        ("midpoint", "Midpoint", "Midpoint", clock.point_of_day(opens_at, closes_at, 15)),
        *(
            (f"minus-{left}", words, f"\N{MINUS SIGN}{left}", instant)
            for left, words in ((7, "7 days left"), (3, "3 days left"), (1, "1 day left"))
            if (instant := clock.before_end(opens_at, closes_at, left))
        ),
        *([("ended", "Ended", "Ended", over_at)] if state == "ended_early" else []),
        ("close", f"Window {CLOSING_WORDS[state].lower()}", "", closes_at),
    ]
    places = {code: _percent(instant, opens_at, closes_at) for code, _, _, instant in named}
    show = _room({code: (short, places[code]) for code, _, short, _ in named})
    return tuple(
        Milestone(
            label=label,
            short=short,
            more=MORE.get(code, ""),
            when=instant_text(instant, zone),
            x=places[code],
            passed=instant <= at,
            show=show.get(code, ""),
        )
        for code, label, short, instant in sorted(named, key=lambda item: item[3])
    )


MORE = {"minus-7": " days"}
"""Further words of a drawn label where there is room for them."""
LABEL_ORDER = ("ended", "minus-7", "midpoint", "minus-1", "minus-3")
"""Which label keeps its place when two would touch."""
CHARACTER = 7.5
"""Pixels: a wide guess at one character of the label face."""
GAP = 4
"""Pixels between two labels."""
WIDTHS = {"always": 272, "wide": 600}
"""Pixels of the bar on a 320-pixel screen, and on the narrowest one called wide."""


def _room(labels):
    """Return where each label that has room anywhere is shown, from its words and its place."""
    show = {}
    for name, width in WIDTHS.items():
        extents = {
            code: _extent(code, *labels[code], name) for code in LABEL_ORDER if code in labels
        }
        taken = [extents[code] for code in show]
        for code, (left, right) in extents.items():
            inside = left >= 0 and right <= width
            if inside and all(right + GAP <= a or left - GAP >= b for a, b in taken):
                show[code] = name
                taken.append((left, right))
    return show


def _extent(code, short, x, name):
    words = short + MORE.get(code, "") if name == "wide" else short
    centre, half = x / 100 * WIDTHS[name], len(words) * CHARACTER / 2
    return centre - half, centre + half


def _weekends(opens_at, until, zone):
    """Return Saturdays and Sundays of the viewer's calendar as boxes of one SVG path."""
    boxes = []
    midnight = opens_at.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    saturday = midnight - timedelta(days=midnight.weekday() - 5)
    while saturday.astimezone(UTC) < until:
        # Local midnights, found by the calendar: a day across a clock change has 23 or 25 hours.
        nights = [(saturday + timedelta(days=n)).astimezone(UTC) for n in range(3)]
        saturday += timedelta(days=7)
        for start, end in pairwise(nights):
            left, right = max(start, opens_at), min(end, until)
            if left < right:
                x, width = round((left - opens_at) / HOUR, 3), round((right - left) / HOUR, 3)
                boxes.append(f"M{x:g} 0h{width:g}v22h-{width:g}z")
    return "".join(boxes)


def _percent(instant, opens_at, closes_at):
    return round(max((instant - opens_at) / (closes_at - opens_at) * 100, 0.0), 3)
