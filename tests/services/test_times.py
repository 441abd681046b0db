"""Every date that a page or a mail states comes with its hour and its zone."""

import re
from functools import partial
from html import unescape

import pytest
from django.test import Client

from reviews.services import delivery, ends, lifecycle, notices
from tests import factories
from tests.links import PEOPLE, walk

MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
DATE = re.compile(rf"\b(?:{MONTHS})[a-z]*\.? \d{{1,2}}(?:, \d{{4}})?\b|\b\d{{4}}-\d\d-\d\d\b")
WHOLE = re.compile(
    rf"\b(?:{MONTHS})[a-z]*\.? \d{{1,2}}, \d{{4}}, "
    r"(?:\d{1,2}(?::\d\d)? (?:a\.m\.|p\.m\.)|noon|midnight) (?:[A-Z]{2,5}|UTC[+-]\d+)"
)
# What names a day and no instant, and why.
DAYS = {
    "A day of the calendar, by which its entries are sorted": (
        rf"(?:Sun|Mon|Tues|Wednes|Thurs|Fri|Satur)day, (?:{MONTHS})[a-z]*\.? \d{{1,2}}, \d{{4}}"
    ),
    "The window's ends on the drawing, whose caption has both in full": (
        rf"(?:Opened|Opens|Ends?|Ended|Would have ended) (?:{MONTHS})[a-z]*\.? \d{{1,2}}"
    ),
}


def without_an_hour(text):
    """The dates of ``text`` that say neither hour nor zone."""
    text = WHOLE.sub(" ", text)
    for sentence in DAYS.values():
        text = re.sub(sentence, " ", text)
    return DATE.findall(text)


def words(page):
    """What a reader sees of a page, with attributes left out."""
    text = re.sub(r"<(script|style)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", text)))


@pytest.fixture
def world(people, start, move_clock):
    submission = factories.filed(people)
    factories.document(submission, people)
    factories.review_filed(submission, people)
    factories.position_filed(submission, people)
    for state in ("live", "requested", "consented", "declined", "revoked"):
        factories.grant(submission, people, state=state)
    factories.determination(submission, people)
    factories.draft(people)
    over = factories.filed(people)
    soon = start + (over.closes_at - start) / 2
    lifecycle.shorten(over, closes_at=soon, by=people.northlight_liaison, at=start)
    move_clock(soon)
    ends.record_overdue(at=soon)
    notices.queue_reminders(at=soon)
    return people


def read(client, path):
    """The page and the links on it."""
    page = client.get(path).content.decode()
    return page, [unescape(link) for link in re.findall(r'<a[^>]* href="(/[^"#]*)', page)]


@pytest.mark.parametrize("code", PEOPLE)
def test_every_page_states_the_hour_and_zone_of_its_dates(world, code):
    client = Client()
    client.force_login(getattr(world, code))
    pages = walk(partial(read, client))
    found = {name: without_an_hour(words(page)) for name, _, page in pages}
    assert len(found) >= 2
    assert {name: dates for name, dates in found.items() if dates} == {}


def test_every_mail_states_the_hour_and_zone_of_its_dates(world, smtp):
    delivery.deliver_notices()
    said = [
        message.get_body((kind,)).get_content()
        for message in smtp.messages
        for kind in ("plain", "html")
    ]
    assert len([text for text in said if WHOLE.search(text)]) > 20
    assert [date for text in said for date in without_an_hour(text)] == []


@pytest.mark.parametrize(
    "text",
    [
        *("It ends on Nov. 19, 2026.", "November 19, 2026, 10 a.m.", "on 2026-11-19"),
        *("Nov. 19, 2026, 10:00 EST", "Ends by Nov. 19"),
    ],
)
def test_a_date_without_an_hour_is_found(text):
    assert without_an_hour(text) != []


@pytest.mark.parametrize(
    "text",
    [
        "It ends Nov. 19, 2026, 10:00 a.m. EST.",
        "November 19, 2026, noon EST",
        "May 3, 2027, 5 p.m. UTC+9",
    ],
)
def test_an_instant_is_not_taken_for_one(text):
    assert without_an_hour(text) == []
