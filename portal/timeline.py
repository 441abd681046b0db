"""Time as people read it: instants with hour and zone, and a review window drawn to scale.

Nothing here decides anything. The window is half-open and counts elapsed UTC hours
(domain.md section 3); these functions only say so in words and positions.
"""

import functools
import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo

from django.utils import timezone

MONTHS = (
    "Jan.",
    "Feb.",
    "March",
    "April",
    "May",
    "June",
    "July",
    "Aug.",
    "Sept.",
    "Oct.",
    "Nov.",
    "Dec.",
)
ZONE_NAMES = {
    "America/New_York": "Eastern Time",
    "America/Chicago": "Central Time",
    "America/Denver": "Mountain Time",
    "America/Phoenix": "Mountain Standard Time",
    "America/Los_Angeles": "Pacific Time",
    "America/Anchorage": "Alaska Time",
    "Pacific/Honolulu": "Hawaii Time",
    "UTC": "Coordinated Universal Time (UTC)",
}
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def zone_label(zone: tzinfo | None = None) -> str:
    """Return the name people use for a zone, the active one if none is given."""
    key = str(zone or timezone.get_current_timezone())
    name = ZONE_NAMES.get(key)
    if name is None:
        return key.replace("_", " ")
    return name


def instant_text(value: datetime, zone: tzinfo | None = None) -> str:
    """Return an aware instant as ``Nov. 23, 2026, 5:00 p.m. EST`` in ``zone`` or the active one."""
    return _texts(value, zone or timezone.get_current_timezone())[0]


def instant_element(value: datetime | None, zone: tzinfo | None = None) -> str:
    """Return the instant as an HTML ``time`` element; an empty string where there is none."""
    if value is None:
        return ""
    return _texts(value, zone or timezone.get_current_timezone())[1]


@functools.lru_cache(maxsize=8192)
def _texts(value, zone):
    local = _utc(value).astimezone(zone)
    text = f"{day_text(local)}, {hour_text(local)} {zone_code(local)}"
    machine = _utc(value).strftime("%Y-%m-%dT%H:%M:%SZ")
    return text, f'<time datetime="{machine}">{text}</time>'


def _utc(value):
    if value.tzinfo is None:
        # Python would read it in the server's own zone and say nothing.
        raise ValueError("An instant needs its zone.")
    return value.astimezone(UTC)


def day_text(local: datetime) -> str:
    """Return the calendar day of a local time as ``Nov. 23, 2026``."""
    return f"{MONTHS[local.month - 1]} {local.day}, {local.year}"


def hour_text(local: datetime) -> str:
    """Return the clock time of a local time as ``5:00 p.m.``."""
    half = "a.m." if local.hour < 12 else "p.m."
    return f"{local.hour % 12 or 12}:{local.minute:02d} {half}"


def zone_code(local: datetime) -> str:
    """Return the abbreviation a zone uses at that time; zones without one show their offset."""
    code = local.tzname()
    return f"UTC{code}" if code[:1] in "+-" else code


def span_text(span: timedelta) -> str:
    """Return a length of time in its two largest units, rounded down: ``6 days 4 hours``."""
    minutes = max(span, timedelta()) // timedelta(minutes=1)
    if not minutes:
        return "less than a minute"
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "day"), (hours, "hour")] if days else [(hours, "hour"), (minutes, "minute")]
    return " ".join(f"{n} {unit}{'' if n == 1 else 's'}" for n, unit in parts if n)


@dataclass(frozen=True)
class Milestone:
    """One named instant of a window: ``x`` is its place in percent of the whole width."""

    code: str
    label: str
    short: str
    more: str
    """Further words of the drawn label where there is room for them."""
    at: datetime
    when: str
    x: float
    passed: bool
    show: str = ""
    """Where its label has room: ``always``, ``wide`` screens only, or nowhere (empty)."""


@dataclass(frozen=True)
class Timeline:
    """A window as the template draws it; ``*_x`` in elapsed hours, ``*_percent`` in percent."""

    state: str
    """``before``, ``open``, ``ended`` (by the clock) or ``ended_early``."""
    day: int | None
    days: int
    day_label: str
    rest: str
    """What follows the day label: the exact end with its zone, and what is left."""
    description: str
    remaining: str
    opens: str
    closes: str
    opens_day: str
    opens_hour: str
    closes_day: str
    closes_hour: str
    hours: float
    elapsed_x: float
    ticks: tuple[float, ...]
    weekends: tuple[tuple[float, float], ...]
    """Pairs of start and width."""
    elapsed_weekends: tuple[tuple[float, float], ...]
    now_percent: float
    """Where the day label stands: now, or where the window stopped."""
    now_anchor: str
    milestones: tuple[Milestone, ...]
    ended: str = ""

    @property
    def sentence(self) -> str:
        """The whole state in words, for places without the drawing."""
        return f"{self.day_label}. {self.rest}"

    @property
    def tick_path(self) -> str:
        """The ticks as one SVG path: thirty elements cost a page more than one."""
        return "".join(f"M{x:g} 0V22" for x in self.ticks)

    @property
    def weekend_path(self) -> str:
        """The weekends as one SVG path."""
        return _boxes(self.weekends)

    @property
    def elapsed_weekend_path(self) -> str:
        """The weekends already gone by as one SVG path."""
        return _boxes(self.elapsed_weekends)

    @property
    def labelled(self) -> tuple[Milestone, ...]:
        """Milestones drawn with a mark on the bar, in order."""
        return tuple(m for m in self.milestones if m.short)


def timeline(opens_at, closes_at, at, ended_at=None, marks=(), *, zone=None) -> Timeline:
    """Return the drawing of the window ``[opens_at, closes_at)`` as it stands at ``at``.

    ``ended_at`` is when work ended before the clock did (withdrawn, concluded). ``marks`` are
    further (label, instant) pairs, drawn where they fall inside. Day N is the number of whole
    24 hours elapsed, plus one; ``closes_at`` itself is outside. Raises ValueError for a window
    without length.
    """
    if closes_at <= opens_at:
        raise ValueError("A window ends after it opens.")
    zone = zone or timezone.get_current_timezone()
    opens_at, closes_at, at = _utc(opens_at), _utc(closes_at), _utc(at)
    ended_at = _utc(ended_at) if ended_at and ended_at < closes_at else None
    length = closes_at - opens_at
    stop = min(at, closes_at, ended_at or closes_at)
    state = _state(opens_at, closes_at, at, ended_at)
    days = math.ceil(length / DAY)
    day = (at - opens_at) // DAY + 1 if state == "open" else None
    words = _words(state, opens_at, closes_at, at, ended_at, day, days, zone)
    milestones = _milestones(opens_at, closes_at, at, ended_at, marks, zone)
    opening, closing = opens_at.astimezone(zone), closes_at.astimezone(zone)
    now = _percent(stop, opens_at, length)
    return Timeline(
        state=state,
        day=day,
        days=days,
        day_label=words[0],
        rest=words[1],
        description=words[1] + " " + "; ".join(f"{m.label}: {m.when}" for m in milestones) + ".",
        remaining=span_text(closes_at - at) if state == "open" else "",
        opens=instant_text(opens_at, zone),
        closes=instant_text(closes_at, zone),
        opens_day=f"{'Opens' if state == 'before' else 'Opened'} {_short_day(opening)}",
        opens_hour=f"{hour_text(opening)} {zone_code(opening)}",
        closes_day=f"{CLOSING_WORDS[state]} {_short_day(closing)}",
        closes_hour=f"{hour_text(closing)} {zone_code(closing)}",
        hours=round(length / HOUR, 3),
        elapsed_x=round(max(stop - opens_at, timedelta()) / HOUR, 3),
        ticks=tuple(float(24 * n) for n in range(1, days)),
        weekends=_weekends(opens_at, closes_at, zone),
        elapsed_weekends=_weekends(opens_at, stop, zone),
        now_percent=now,
        now_anchor=_anchor(now),
        milestones=milestones,
        ended=instant_text(ended_at, zone) if ended_at else "",
    )


CLOSING_WORDS = {
    "before": "Ends",
    "open": "Ends",
    "ended": "Ended",
    "ended_early": "Would have ended",
}


def _boxes(bands):
    return "".join(f"M{start:g} 0h{width:g}v22h-{width:g}z" for start, width in bands)


def _short_day(local):
    return f"{MONTHS[local.month - 1]} {local.day}"


def _state(opens_at, closes_at, at, ended_at):
    if ended_at is not None and at >= ended_at:
        return "ended_early"
    if at >= closes_at:
        return "ended"
    return "open" if at >= opens_at else "before"


def _words(state, opens_at, closes_at, at, ended_at, day, days, zone):
    closes = instant_text(closes_at, zone)
    if state == "open":
        label = f"Day {day} of {days}"
        return label, f"The window ends {closes}: {span_text(closes_at - at)} left."
    if state == "before":
        opens = instant_text(opens_at, zone)
        return "Not open yet", f"The window opens {opens} and ends {closes}."
    if state == "ended":
        return "Window ended", f"It ended {closes}, after {span_text(closes_at - opens_at)}."
    ended = instant_text(ended_at, zone)
    last = (ended_at - opens_at) // DAY + 1
    return (
        f"Ended on day {last} of {days}",
        f"It ended {ended}. The window would have run to {closes}.",
    )


FIXED_MARKS = (
    ("midpoint", "Midpoint", "Midpoint", None),
    ("minus-7", "7 days left", "\N{MINUS SIGN}7", 7 * DAY),
    ("minus-3", "3 days left", "\N{MINUS SIGN}3", 3 * DAY),
    ("minus-1", "1 day left", "\N{MINUS SIGN}1", DAY),
)


def _milestones(opens_at, closes_at, at, ended_at, marks, zone):
    """Return every milestone in order of time; the fixed ones only where they fit inside."""
    length = closes_at - opens_at
    named = [("open", "Window opened" if at >= opens_at else "Window opens", "", opens_at)]
    for code, label, short, before_end in FIXED_MARKS:
        instant = opens_at + length / 2 if before_end is None else closes_at - before_end
        if opens_at < instant:
            named.append((code, label, short, instant))
    further = [("mark", label, label, _utc(instant)) for label, instant in marks]
    named += [mark for mark in further if opens_at < mark[3] < closes_at]
    if ended_at is not None:
        named.append(("ended", "Ended", "Ended", ended_at))
    named.append(("close", _closing_label(closes_at, at, ended_at), "", closes_at))
    named.sort(key=lambda item: item[3])
    placed = [
        Milestone(
            code=code,
            label=label,
            short=short,
            more=" days" if code == "minus-7" else "",
            at=instant,
            when=instant_text(instant, zone),
            x=_percent(instant, opens_at, length),
            passed=instant <= at,
        )
        for code, label, short, instant in named
    ]
    return _with_room(placed)


def _closing_label(closes_at, at, ended_at):
    if ended_at is not None:
        return "Window would have ended"
    return "Window ended" if at >= closes_at else "Window ends"


LABEL_ORDER = ("ended", "minus-7", "midpoint", "minus-1", "minus-3", "mark")
"""Which label keeps its place when two would touch."""
CHARACTER = 7.5
"""Pixels: a wide guess at one character of the label face."""
GAP = 4
"""Pixels between two labels."""
WIDTHS = (("always", 272), ("wide", 600))
"""Pixels of the bar on a 320-pixel screen, and on the narrowest one called wide."""


def _with_room(placed):
    """Return the milestones, each saying on which widths its label stands clear of the others."""
    ranked = sorted(
        (m for m in placed if m.short),
        key=lambda m: LABEL_ORDER.index(m.code),
    )
    show = {}
    for name, width in WIDTHS:
        taken = [_extent(m, name, width) for m in ranked if m.code + m.label in show]
        for m in ranked:
            left, right = _extent(m, name, width)
            inside = left >= 0 and right <= width
            if inside and all(right + GAP <= a or left - GAP >= b for a, b in taken):
                show.setdefault(m.code + m.label, name)
                taken.append((left, right))
    return tuple(replace(m, show=show.get(m.code + m.label, "")) for m in placed)


def _extent(milestone, name, width):
    words = milestone.short + (milestone.more if name == "wide" else "")
    centre, half = milestone.x / 100 * width, len(words) * CHARACTER / 2
    return centre - half, centre + half


def _weekends(opens_at, closes_at, zone):
    """Return Saturdays and Sundays of the viewer's calendar as (start, width) in elapsed hours."""
    bands = []
    midnight = opens_at.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    while (start := midnight.astimezone(UTC)) < closes_at:
        # Local midnights, found by the calendar: a day across a clock change has 23 or 25 hours.
        midnight = midnight + DAY
        if (midnight - DAY).weekday() < 5:
            continue
        left, right = max(start, opens_at), min(midnight.astimezone(UTC), closes_at)
        if left < right:
            bands.append((round((left - opens_at) / HOUR, 3), round((right - left) / HOUR, 3)))
    return tuple(bands)


def _percent(instant, opens_at, length):
    return round(max((instant - opens_at) / length * 100, 0.0), 3)


def _anchor(percent):
    if percent < 15:
        return "start"
    return "end" if percent > 85 else "middle"
