"""The feed: who can read it, what it tells, and that its times are right in every zone."""

import hashlib
import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import icalendar
import pytest
from django.test import Client
from django.urls import reverse

from accounts import audit, seats
from accounts.models import AuditEvent, Seat
from reviews.models import CalendarFeed
from reviews.services import access, agency_reviews, calendar_feeds, lifecycle
from tests import factories
from tests.people import create

DAY = timedelta(days=1)
ZONES = [
    "America/New_York",
    "America/Los_Angeles",
    "America/Phoenix",
    "Europe/London",
    "Europe/Dublin",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "Asia/Kathmandu",
    "UTC",
]
# Each side of both nights of both years, in Eastern Time, and the hour that is there twice.
NIGHTS = [
    datetime(*parts, tzinfo=UTC)
    for parts in [
        (2026, 3, 8, 6, 59, 59),
        (2026, 3, 8, 7, 0, 0),
        (2026, 3, 8, 7, 30, 0),
        (2026, 11, 1, 5, 30, 0),
        (2026, 11, 1, 5, 59, 59),
        (2026, 11, 1, 6, 0, 0),
        (2026, 11, 1, 6, 30, 0),
        (2026, 11, 1, 7, 0, 0),
        (2027, 3, 14, 6, 59, 59),
        (2027, 3, 14, 7, 0, 0),
        (2027, 11, 7, 5, 30, 0),
        (2027, 11, 7, 6, 30, 0),
        (2027, 11, 7, 7, 30, 0),
        # The same nights of Lord Howe, where summer is half an hour.
        (2026, 4, 4, 14, 45, 0),
        (2026, 4, 4, 15, 15, 0),
        (2026, 10, 3, 15, 29, 59),
        (2026, 10, 3, 15, 30, 0),
    ]
]
NIGHTS.sort()


def parsed(person, at):
    """The person's feed at that instant, as a maintained parser reads it."""
    return icalendar.Calendar.from_ical(calendar_feeds.document(person, at=at))


def zone_of(calendar):
    """The zone as the file itself defines it, without the system's data."""
    (component,) = calendar.walk("VTIMEZONE")
    return component.to_tz(lookup_tzid=False)


def instant(event, calendar):
    """The event's start in UTC, by the file's own zone."""
    start = event["dtstart"].dt
    if event["dtstart"].params.get("TZID") is None:
        assert start.utcoffset() == timedelta(0)
        return start.astimezone(UTC)
    naive = start.replace(tzinfo=None)
    return naive.replace(tzinfo=zone_of(calendar)).astimezone(UTC)


def starts(person, at, summary):
    """The instants of the events with that summary."""
    calendar = parsed(person, at)
    return [
        instant(event, calendar) for event in calendar.walk("VEVENT") if event["summary"] == summary
    ]


def in_zone(person, zone):
    person.zone = zone
    person.save(update_fields=["zone"])
    return person


@pytest.fixture
def nights(db, move_clock):
    """Everyone, and a window that ends at each of NIGHTS."""
    move_clock(NIGHTS[0] - 40 * DAY)
    everyone = create(NIGHTS[0] - 40 * DAY)
    for end in NIGHTS:
        move_clock(end - 20 * DAY)
        factories.filed(everyone, planned_partner_release_at=end)
    return everyone


def test_ends_on_both_nights_are_exact_by_the_files_own_zone(nights):
    for zone in ZONES:
        lead = in_zone(nights.nsa_lead, zone)
        for night in NIGHTS:
            asked = night - 5 * DAY
            found = starts(lead, asked, "Foreview: a review window ends")
            near = [end for end in NIGHTS if asked - 30 * DAY <= end < asked + 120 * DAY]
            assert found == near, (zone, night)


@pytest.mark.parametrize("zone", [zone for zone in ZONES if zone != "UTC"])
def test_the_files_zone_is_right_at_every_hour_of_its_range(zone):
    component = calendar_feeds.timezone(ZoneInfo(zone), 2026, 2027)
    text = component.to_ical()
    (again,) = icalendar.Component.from_ical(text, multiple=True)
    own = again.to_tz(lookup_tzid=False)
    at = datetime(2026, 1, 1, tzinfo=UTC)
    while at < datetime(2027, 12, 31, tzinfo=UTC):
        local = at.astimezone(ZoneInfo(zone))
        if not local.fold:
            assert local.replace(tzinfo=own).utcoffset() == local.utcoffset(), at
        at += timedelta(minutes=30)


def address(answer):
    """The path of the address that the page shows."""
    (shown,) = [
        line for line in answer.content.decode().splitlines() if 'id="feed-address"' in line
    ]
    return "/calendar/feed/" + re.split('[<"]', shown.split("/calendar/feed/")[1])[0]


def made(act, who):
    answer = act(who, "post", reverse("reviews:feed-create"))
    assert answer.status_code == 200
    return address(answer)


def fetch(path, **headers):
    """What somebody gets who has the address and nothing else."""
    return Client().get(path, headers=headers)


def test_the_address_is_shown_once_and_only_its_hash_is_kept(people, act, start):
    path = made(act, "nsa_lead")
    token = path.removeprefix("/calendar/feed/").removesuffix(".ics")
    feed = CalendarFeed.objects.get()
    assert feed.person == people.nsa_lead
    assert feed.token_sha256 == hashlib.sha256(token.encode()).hexdigest()
    assert len(token) >= 43
    page = act("nsa_lead", "get", reverse("reviews:feed-detail")).content.decode()
    assert token not in page
    assert "Whoever has the address can read the times" in page
    events = AuditEvent.objects.filter(action__startswith="feed.")
    assert [(event.action, event.actor) for event in events] == [
        ("feed.created", people.nsa_lead.email)
    ]
    assert token not in str(list(events.values()))


def test_the_feed_needs_no_sign_in_and_leaves_nothing_behind(people, act):
    answer = fetch(made(act, "nsa_lead"))
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    assert answer["Cache-Control"] == "no-store, private"
    assert answer.cookies == {}
    assert not answer.has_header("Content-Disposition")


def test_where_an_address_leads_nowhere_all_answers_are_the_same(people, act):
    unknown = fetch("/calendar/feed/" + "A" * 43 + ".ics")
    first = made(act, "nsa_lead")
    second = made(act, "nsa_lead")
    assert first != second
    gone = [fetch(first)]
    assert fetch(second).status_code == 200
    answer = act("nsa_lead", "post", reverse("reviews:feed-revoke"))
    assert answer.status_code == 302
    gone.append(fetch(second))
    third = made(act, "nsa_lead")
    people.nsa_lead.is_active = False
    people.nsa_lead.save()
    gone.append(fetch(third))
    for answer in gone:
        assert answer.status_code == unknown.status_code == 404
        assert answer.content == unknown.content
        assert dict(answer.headers) == dict(unknown.headers)
    actions = AuditEvent.objects.filter(action__startswith="feed.").order_by("sequence")
    assert list(actions.values_list("action", flat=True)) == [
        *("feed.created", "feed.created", "feed.revoked", "feed.created")
    ]


def test_revoking_what_is_not_there_changes_nothing(people, act):
    assert act("nsa_lead", "post", reverse("reviews:feed-revoke")).status_code == 302
    assert not AuditEvent.objects.filter(action="feed.revoked").exists()


def test_a_new_address_is_nobody_elses_to_make_or_revoke(people, act):
    path = made(act, "nsa_lead")
    made(act, "dod_lead")
    act("dod_lead", "post", reverse("reviews:feed-revoke"))
    assert fetch(path).status_code == 200


def test_the_same_state_gives_the_same_bytes_and_a_304(people, act, move_clock, start):
    factories.grant(factories.filed(people), people)
    path = made(act, "nsa_lead")
    first = fetch(path)
    move_clock(start + timedelta(minutes=7))
    again = fetch(path)
    assert (again.content, again["ETag"]) == (first.content, first["ETag"])
    unchanged = fetch(path, if_none_match=first["ETag"])
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    submission = factories.filed(people)
    changed = fetch(path, if_none_match=first["ETag"])
    assert changed.status_code == 200
    names = {event["uid"] for event in icalendar.Calendar.from_ical(first.content).walk("VEVENT")}
    later = {event["uid"] for event in icalendar.Calendar.from_ical(changed.content).walk("VEVENT")}
    assert names < later
    assert not any(str(submission.pk) == name.split("@")[0] for name in later)


def test_the_file_is_as_the_standard_asks(people, start):
    factories.grant(factories.filed(people), people)
    content = calendar_feeds.document(people.nsa_lead, at=start)
    lines = content.split(b"\r\n")
    assert all(len(line) <= 75 for line in lines)
    for line in (
        b"VERSION:2.0",
        b"PRODID:-//Foreview//Calendar feed//EN",
        b"REFRESH-INTERVAL;VALUE=DURATION:PT1H",
        b"X-PUBLISHED-TTL:PT1H",
    ):
        assert line in lines
    calendar = icalendar.Calendar.from_ical(content)
    assert [str(zone["tzid"]) for zone in calendar.walk("VTIMEZONE")] == ["America/New_York"]
    events = calendar.walk("VEVENT")
    assert len({event["uid"] for event in events}) == len(events) > 5
    for event in events:
        assert event.errors == []
        assert {"UID", "DTSTAMP", "DTSTART", "SUMMARY", "URL"} <= set(event)
        assert not {"ATTENDEE", "ORGANIZER", "DESCRIPTION", "LOCATION"} & set(event)
        assert event["dtstart"].params["TZID"] == "America/New_York"
    found = [instant(event, calendar) for event in events]
    assert found == sorted(found)


def test_a_feed_says_nothing_of_lab_model_or_content(people, start):
    submission = factories.filed(people, family="Canaryfamily", version="Canaryversion")
    factories.document(submission, people, title="Canarytitle")
    factories.grant(submission, people, purpose="Canarypurpose", environment="Canaryplace")
    for code in ("northlight_liaison", "nsa_lead", "nsa_reviewer", "administrator"):
        content = calendar_feeds.document(getattr(people, code), at=start)
        assert b"BEGIN:VEVENT" in content
        for word in (b"canary", b"northlight", b"nsa", b"basalt", b"reviewer"):
            # Folding breaks words.
            assert word not in content.replace(b"\r\n ", b"").lower().replace(
                b"reviewers are", b""
            ), (code, word)


def test_what_was_ended_early_has_its_present_time(people, start, move_clock):
    submission = factories.filed(people)
    said = "Foreview: a review window ends"
    assert starts(people.nsa_lead, start, said) == [start + 30 * DAY]
    (before,) = [
        event["uid"]
        for event in parsed(people.nsa_lead, start).walk("VEVENT")
        if event["summary"] == said
    ]
    move_clock(start + DAY)
    lifecycle.shorten(
        submission, closes_at=start + 9 * DAY, by=people.northlight_liaison, at=start + DAY
    )
    assert starts(people.nsa_lead, start + DAY, said) == [start + 9 * DAY]
    (event,) = [
        event
        for event in parsed(people.nsa_lead, start + DAY).walk("VEVENT")
        if event["summary"] == said
    ]
    assert event["uid"] == before
    assert event["dtstamp"].dt == event["last-modified"].dt == start + DAY
    move_clock(start + 2 * DAY)
    submission.refresh_from_db()
    lifecycle.withdraw(submission, by=people.northlight_liaison, at=start + 2 * DAY)
    assert starts(people.nsa_lead, start + 2 * DAY, said) == [start + 2 * DAY]


def test_a_revoked_grant_ends_when_it_was_revoked(people, start, move_clock):
    grant = factories.grant(factories.filed(people), people)
    said = "Foreview: access to a model ends"
    assert starts(people.nsa_reviewer, start, said) == [start + 10 * DAY]
    move_clock(start + DAY)
    access.revoke(grant, reason="Finished.", by=people.administrator, at=start + DAY)
    assert starts(people.nsa_reviewer, start + DAY, said) == [start + DAY]


def test_who_loses_her_seat_or_is_recused_loses_the_entries(people, start):
    submission = factories.filed(people)
    reviewer, lead = people.nsa_reviewer, people.nsa_lead
    for person in (reviewer, lead):
        assert parsed(person, start).walk("VEVENT") != []
    agency_reviews.recuse(submission, reason="", by=reviewer, at=start)
    assert parsed(reviewer, start).walk("VEVENT") == []
    seats.take(
        person=lead,
        organization=factories.organization("nsa"),
        role="lead",
        by=people.administrator,
        at=start,
    )
    assert not Seat.objects.held_by(lead).exists()
    assert parsed(lead, start).walk("VEVENT") == []


def test_a_feed_reads_and_writes_nothing_else(people, act, start):
    factories.filed(people)
    path = made(act, "nsa_lead")
    head = audit.examine()
    assert fetch(path).status_code == 200
    assert fetch("/calendar/feed/none.ics").status_code == 404
    assert audit.examine() == head


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_the_address_only_reads(people, act, method):
    assert getattr(Client(), method)(made(act, "nsa_lead")).status_code == 405
