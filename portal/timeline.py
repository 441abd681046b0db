"""Time as people read it: instants with hour and zone, and lengths of time."""

import functools
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
