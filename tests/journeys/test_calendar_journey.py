"""The calendar by keyboard: a month, a day, the feed made, read without signing in, revoked."""

from datetime import timedelta

import icalendar
import pytest
from playwright.sync_api import expect

from tests import factories
from tests.journeys.conftest import NARROW, WIDE, violations

pytestmark = [pytest.mark.browser, pytest.mark.postgresql]


def test_a_lead_reads_her_calendar_and_takes_it_with_her(
    committed_people, someone, browser, server, start, settings
):
    settings.RECERTIFICATION_DAYS = 30
    people = committed_people
    submission = factories.filed(people, family="Aurora", version="4")
    factories.grant(submission, people, ends_at=start + timedelta(days=20))
    lead = someone()
    lead.sign_in(people.nsa_lead, people.password)
    lead.follow("Calendar")
    lead.sees("Calendar: October 2026")
    lead.sees("Today is Tuesday, Oct. 20, 2026.")
    lead.follow("Next: November 2026")
    lead.sees("Veterans Day")
    lead.sees("Nov. 19, 2026, 10:00 a.m. EST")
    assert violations(lead.page) == []
    lead.page.set_viewport_size(WIDE)
    month = lead.page.get_by_role("table", name="November 2026: how many entries each day has")
    expect(month.get_by_role("columnheader")).to_have_count(7)
    lead.reach(month.get_by_role("link", name="2 entries on Thursday, Nov. 19, 2026"))
    lead.page.keyboard.press("Enter")
    expect(lead.page).to_have_url(f"{server}/calendar/?month=2026-11#day-2026-11-19")
    lead.follow("What lapses on Thursday, Nov. 19, 2026")
    lead.sees("A review window ends: Aurora 4")
    lead.sees("Reviewers can no longer be assigned.")
    assert violations(lead.page) == []
    lead.page.set_viewport_size(NARROW)
    lead.choose("day_month", "12")
    lead.write(day_day="1")
    lead.press("Show")
    lead.sees("Nothing that you may see ends on this day.")
    lead.follow("The whole month")
    lead.sees("Calendar: December 2026")
    expect(lead.page.locator("table")).to_be_hidden()
    lead.write(month="2026-13")
    lead.press("Show")
    lead.sees("A year has the months 01 to 12.")
    assert violations(lead.page) == []
    lead.follow("read this in another calendar")
    lead.sees("Whoever has the address can read the times")
    assert violations(lead.page) == []
    lead.press("Make an address")
    lead.sees("This address is shown once.")
    assert violations(lead.page) == []
    shown = lead.page.get_by_label("Address").input_value()
    path = "/calendar/feed/" + shown.split("/calendar/feed/")[1]
    stranger = browser.new_context()
    answer = stranger.request.get(server + path)
    assert answer.status == 200
    calendar = icalendar.Calendar.from_ical(answer.body())
    assert "Foreview: a review window ends" in [one["summary"] for one in calendar.walk("VEVENT")]
    assert stranger.cookies() == []
    lead.follow("go to the feed’s page")
    lead.press("Revoke the address")
    lead.sees("The address is revoked")
    lead.sees("Your calendar has no address.")
    assert stranger.request.get(server + path).status == 404
    stranger.close()
