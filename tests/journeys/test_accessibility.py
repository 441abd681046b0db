"""Every kind of page that each person can reach by links: no axe violation, wide and narrow."""

from functools import partial
from io import BytesIO

import pytest
from django.test import Client

from reviews.models.export import ExportFormat
from reviews.services import comparisons, exports, gateway_signals, lifecycle, receiving
from tests import factories, gateways
from tests.discussions import edited, opened
from tests.journeys.conftest import violations
from tests.links import PEOPLE, walk
from tests.services.issued_documents import concluded, issued_letter, under_review

pytestmark = [pytest.mark.browser, pytest.mark.postgresql]


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
    factories.determination(submission, people)
    factories.criterion(people, "CC-9", confirmed=False)
    issued_letter(submission, people)
    concluded(under_review(people), people)
    exports.ask(ExportFormat.CSV, {}, by=people.northlight_liaison, at=start)
    opened(submission, "own_agency", people.nsa_reviewer)
    edited(opened(submission, "with_lab", people.nsa_lead).posts.get())
    factories.information_request(submission, people, state="answered")
    factories.information_request(submission, people, "dod", days=1)
    factories.information_request(submission, people, "dod", state="draft")
    factories.information_request(submission, people, state="draft")
    factories.draft(people, complete=False)
    compared(people, start)
    factories.assigned(factories.filed(people, declared=False), people)
    for size in (4, 8):
        upload = receiving.begin(
            submission, name="log.txt", size=size, by=people.northlight_liaison, at=start
        )
        receiving.receive(
            upload, BytesIO(b"text"), offset=0, by=people.northlight_liaison, at=start
        )
    quarantined = factories.document(submission, people, title="Quarantined")
    quarantined.versions.update(scan_state="infected", scan_note="Found.", scanned_at=start)
    withdrawn = factories.filed(people, "basalt")
    lifecycle.withdraw(withdrawn, by=people.basalt_liaison, at=start)
    return people


def compared(people, start):
    """A gateway with messages that wait or were given up, and a comparison that differs."""
    gateway, _ = gateways.added(people, start)
    gateway_signals.sweep(at=start)
    gateway.signals.update(dead_at=start, error="The receiver answered 410: it is gone.")
    grant = gateway.signals.get().grant
    factories.grant(grant.submission, people, "dod")
    comparisons.compare(
        gateway,
        name="state.csv",
        content=f"grant,state,as_of\n{grant.key},ended,{start.isoformat()}\n".encode(),
        by=people.northlight_liaison,
        at=start,
    )


def visit(page, url, path):
    """The page is open; it and the paths that its links lead to."""
    answer = page.goto(url + path)
    assert answer.status == 200, (path, answer.status)
    links = page.eval_on_selector_all("a[href]", "all => all.map(link => link.href.split('#')[0])")
    return page, [link.removeprefix(url) for link in links if link.startswith(url)]


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
    for name, path, _ in walk(partial(visit, page, server)):
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
