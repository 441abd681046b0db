"""An auditor looks back: who had access at an instant, by keyboard, wide and narrow."""

from datetime import timedelta

import pytest
from django.test import Client

from reviews.services import access
from tests import factories
from tests.journeys.conftest import violations

pytestmark = [pytest.mark.browser, pytest.mark.postgresql]


def test_an_auditor_asks_who_had_access(browser, server, committed_people, start, move_clock):
    people = committed_people
    grant = factories.grant(factories.filed(people), people, users=[people.nsa_lead])
    move_clock(start + timedelta(days=2))
    access.revoke(grant, reason="", by=people.administrator, at=start + timedelta(days=2))
    factories.grant(grant.submission, people, "dod", state="requested")
    client = Client()
    client.force_login(people.auditor)
    context = browser.new_context()
    session = client.cookies["session"].value
    context.add_cookies([{"name": "session", "value": session, "url": server}])
    page = context.new_page()
    page.goto(f"{server}/access/as-of/")
    assert "By the audit log, there was none." in page.inner_text("main")
    page.fill("[name=at_day]", "21")
    page.fill("[name=at_time]", "9:30 am")
    page.press("[name=at_time]", "Enter")
    told = page.inner_text("main")
    assert "As of Oct. 21, 2026, 9:30 a.m. EDT" in told
    assert ("nsa reviewer" in told, "nsa lead" in told, "Live" in told) == (True, True, True)
    assert "Verified" in told
    page.select_option("[name=show]", "all")
    page.press("[name=at_time]", "Enter")
    assert violations(page) == []
    context.close()
