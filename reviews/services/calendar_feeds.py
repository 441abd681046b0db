"""A person's calendar as a feed: whoever has its secret address can read it, until it is revoked.

RFC 5545, by the icalendar library. An entry has its instant, words without lab, model or
content, and the address of a page that asks for sign-in. The same state gives the same bytes:
nothing in them comes from the time of asking but the range.
"""

import hashlib
import secrets
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.utils.crypto import salted_hmac
from icalendar import Calendar, Event, Timezone, TimezoneDaylight, TimezoneStandard

from accounts import audit
from accounts.models import User
from reviews.models import CalendarFeed
from reviews.services import agenda
from reviews.services.agenda import Entry

BACK = timedelta(days=30)
AHEAD = timedelta(days=120)
REFRESH = timedelta(hours=1)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
PRODUCT = "-//Foreview//Calendar feed//EN"
MORE = "There are more entries than a feed holds; see the calendar in Foreview."


@transaction.atomic
def make(*, by: User, at: datetime) -> str:
    """The token of a new address for the person's feed; an older one leads nowhere any more.

    Only its SHA-256 is kept, so nobody can be told the address again.
    """
    token = secrets.token_urlsafe(32)
    facts = {"token_sha256": _sha256(token), "made_at": at}
    CalendarFeed.objects.update_or_create(person=by, defaults=facts)
    audit.record("feed.created", by=by, at=at, object_type="feed")
    return token


@transaction.atomic
def revoke(*, by: User, at: datetime) -> bool:
    """The person's feed has no address any more; whether it had one."""
    deleted, _ = CalendarFeed.objects.filter(person=by).delete()
    if deleted:
        audit.record("feed.revoked", by=by, at=at, object_type="feed")
    return bool(deleted)


def person_of(token: str) -> User | None:
    """Whose feed has the token now; None for an unknown or revoked one, or a disabled person."""
    found = CalendarFeed.objects.filter(token_sha256=_sha256(token), person__is_active=True)
    feed = found.select_related("person").first()
    return feed.person if feed else None


def _sha256(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def document(person: User, *, at: datetime) -> bytes:
    """What falls from 30 days ago to 120 days ahead of what the person may see, as iCalendar."""
    since, until = at - BACK, at + AHEAD
    found = agenda.of(person, since, until, at=at)
    zone = ZoneInfo(person.zone)
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    for name in ("name", "x-wr-calname"):
        calendar.add(name, "Foreview")
    calendar.add("refresh-interval", REFRESH)
    calendar["refresh-interval"].params["value"] = "DURATION"
    calendar.add("x-published-ttl", "PT1H")
    if found.capped:
        calendar.add("description", MORE)
    if person.zone != "UTC":
        calendar.add("x-wr-timezone", person.zone)
        calendar.add_component(timezone(zone, since.year, until.year))
    for entry in found.entries:
        # A calendar counts the days to an end by itself.
        if not entry.counts_down:
            calendar.add_component(_event(entry, person, zone))
    return bytes(calendar.to_ical())


def _event(entry: Entry, person: User, zone: ZoneInfo) -> Event:
    event = Event()
    about = f"{person.pk}:{entry.kind}:{entry.reference}"
    name = salted_hmac("calendar-entry", about, algorithm="sha256").hexdigest()[:32]
    changed_at = entry.changed_at.astimezone(UTC)
    event.add("uid", f"{name}@{urlsplit(settings.SITE_URL).hostname}")
    event.add("dtstamp", changed_at)
    event.add("last-modified", changed_at)
    event.add("dtstart", _start(entry.at, zone))
    event.add("summary", f"Foreview: {entry.words[0].lower()}{entry.words[1:]}")
    event.add("url", settings.SITE_URL + entry.path)
    event.add("transp", "TRANSPARENT")
    return event


def _start(at: datetime, zone: ZoneInfo) -> datetime:
    """The instant, to the second, in the zone; in UTC where the zone's clock repeats the hour.

    Of such an hour RFC 5545, section 3.3.5, can name only the first; the second is written
    without a zone rather than an hour early.
    """
    at = at.astimezone(UTC).replace(microsecond=0)
    local = at.astimezone(zone)
    return at if local.fold or zone.key == "UTC" else local


def timezone(zone: ZoneInfo, first: int, last: int) -> Timezone:
    """The zone's offsets from the year ``first`` to the end of ``last``, exact at each change.

    The library's own search takes the hour that spring leaves out for winter, and so has every
    summer begin an hour late.
    """
    since, until = (datetime(year, 1, 1, tzinfo=UTC) - DAY for year in (first, last + 1))
    component = Timezone()
    component.add("tzid", zone.key)
    begins = since.astimezone(zone)
    component.add_component(_observance(begins.replace(tzinfo=None), begins, begins))
    for instant in _changes(zone, since, until + 2 * DAY):
        before = (instant - SECOND).astimezone(zone)
        onset = instant.replace(tzinfo=None) + _offset(before)
        component.add_component(_observance(onset, before, instant.astimezone(zone)))
    return component


def _observance(
    onset: datetime, before: datetime, after: datetime
) -> TimezoneStandard | TimezoneDaylight:
    """From ``onset``, which the clock before it shows, the offset is that of ``after``."""
    part = TimezoneDaylight() if after.dst() else TimezoneStandard()
    part.add("dtstart", onset)
    part.add("tzoffsetfrom", _offset(before))
    part.add("tzoffsetto", _offset(after))
    part.add("tzname", after.tzname() or "")
    return part


def _changes(zone: ZoneInfo, since: datetime, until: datetime) -> list[datetime]:
    """The instants, to the second, at which the zone changes its offset or its name."""
    found = []
    day = since
    while day < until:
        low, high = day, day + DAY
        if _rule(low, zone) != _rule(high, zone):
            while high - low > SECOND:
                middle = (low + (high - low) / 2).replace(microsecond=0)
                if _rule(middle, zone) == _rule(low, zone):
                    low = middle
                else:
                    high = middle
            found.append(high)
        day += DAY
    return found


def _rule(at: datetime, zone: ZoneInfo) -> tuple[timedelta, str | None]:
    local = at.astimezone(zone)
    return _offset(local), local.tzname()


def _offset(local: datetime) -> timedelta:
    return local.utcoffset() or timedelta(0)
