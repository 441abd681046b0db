"""Every kind of page that each person can reach by links: no axe violation, wide and narrow."""

from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.urls import Resolver404, resolve

from reviews.services import determinations, lifecycle
from tests import factories
from tests.journeys.conftest import violations
from tests.people import SEATS

pytestmark = [pytest.mark.browser, pytest.mark.postgresql]
PEOPLE = [code for code in SEATS if code not in ("disabled", "northlight_admin", "dod_lead")]
# Doors to submit by hand that no link leads to, or that belong to everybody.
NEVER = {"accounts:sign-out", "reviews:version-download"}


@pytest.fixture
def world(committed_people, start):
    """Rows in many states, so that pages have something to show."""
    people = committed_people
    submission = factories.filed(people)
    factories.document(submission, people)
    factories.document(submission, people, restricted_to=["dod"], title="Restricted")
    factories.review_filed(submission, people)
    factories.review_drafted(submission, people, "dod")
    factories.position_filed(submission, people)
    factories.grant(submission, people)
    factories.grant(submission, people, state="requested")
    factories.grant(submission, people, state="consented")
    determinations.request_consultations(submission, by=people.nsa_official, at=start)
    determinations.write(
        submission,
        outcome="covered",
        rationale="Reasons.",
        authority="Order",
        by=people.nsa_official,
        at=start,
    )
    factories.draft(people, complete=False)
    withdrawn = factories.filed(people, "basalt")
    lifecycle.withdraw(withdrawn, by=people.basalt_liaison, at=start)
    return people


def walk(page, url):
    """Visit one page of every kind that links lead to; (URL name, path) of each."""
    waiting, seen = ["/"], {}
    while waiting:
        path = waiting.pop(0)
        try:
            name = resolve(urlsplit(path).path).view_name
        except Resolver404:
            continue
        if name in seen or name in NEVER:
            continue
        seen[name] = path
        answer = page.goto(url + path)
        assert answer.status == 200, (path, answer.status)
        yield name, path
        links = page.eval_on_selector_all(
            "a[href]", "all => all.map(link => link.href.split('#')[0])"
        )
        waiting += [link.removeprefix(url) for link in links if link.startswith(url)]


@pytest.mark.parametrize("code", PEOPLE)
def test_every_page(browser, server, world, code, capsys):
    client = Client()
    client.force_login(getattr(world, code))
    context = browser.new_context()
    context.add_cookies(
        [{"name": "session", "value": client.cookies["session"].value, "url": server}]
    )
    page = context.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    found = {}
    visited = 0
    for name, path in walk(page, server):
        visited += 1
        wrong = violations(page)
        if wrong:
            found[name, path] = wrong
    context.close()
    assert (found, errors) == ({}, [])
    with capsys.disabled():
        print(f"\naxe: {code}, {visited} kinds of page at 1280 and 320 px, no violation")


@pytest.mark.parametrize("path", ["/sign-in/", "/no-such-page/"])
def test_pages_for_those_not_signed_in(browser, server, path):
    context = browser.new_context()
    page = context.new_page()
    page.goto(server + path)
    assert violations(page) == []
    context.close()
