"""The calendar's pages: a month, a day, the feed's page; bad addresses; what one may not see."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from reviews.services import agency_reviews, agenda, business_days
from tests import factories

DAY = timedelta(days=1)
MONTH = reverse("reviews:agenda-list")
PREVIEW = reverse("reviews:agenda-detail")


def page(act, who, address, status=200, **asked):
    answer = act(who, "get", address, asked)
    assert answer.status_code == status
    return answer.content.decode()


def test_a_month_has_each_entry_on_its_day_with_hour_and_zone(people, start, act):
    submission = factories.filed(people, family="Borealis", version="9")
    html = page(act, "nsa_lead", MONTH, month="2026-11")
    assert "Calendar: November 2026" in html
    (end,) = [day for day in html.split("<section")[1:] if "A review window ends" in day]
    assert "Thursday, Nov. 19, 2026" in end
    assert "Nov. 19, 2026, 10:00 a.m. EST" in end
    assert f'href="{submission.get_absolute_url()}"' in end
    assert "Borealis 9" in end
    assert "Northlight" in end


def test_a_month_is_the_present_one_unless_asked_and_leads_to_its_neighbours(people, act):
    html = page(act, "nsa_lead", MONTH)
    assert "Calendar: October 2026" in html
    assert "Today is Tuesday, Oct. 20, 2026." in html
    assert "?month=2026-09" in html
    assert "?month=2026-11" in html
    assert "Columbus Day (Monday, Oct. 12, 2026)" in html
    december = page(act, "nsa_lead", MONTH, month="2026-12")
    assert "?month=2027-01" in december
    assert "Today" not in december


def test_days_say_what_they_are(people, act, at_instant):
    with at_instant(datetime(2026, 11, 26, 16, 0, tzinfo=UTC)):
        factories.filed(people, planned_partner_release_at=datetime(2026, 11, 28, 17, tzinfo=UTC))
        html = page(act, "nsa_lead", PREVIEW, day="2026-11-28")
        assert "Weekend." in html
        html = page(act, "nsa_lead", PREVIEW)
        assert "Today, federal holiday: Thanksgiving Day" in html
        html = page(act, "nsa_lead", MONTH)
        assert "(weekend)" in html


def test_an_empty_month_says_so(people, act):
    factories.filed(people)
    assert "in this month." in page(act, "nsa_lead", MONTH, month="2031-02")
    assert "in this month." in page(act, "auditor", MONTH)
    assert "in this month." not in page(act, "nsa_lead", MONTH)


@pytest.mark.parametrize(
    "text",
    [
        "0000-01",
        "2026-13",
        "2026-00",
        "9999-12",
        "3000-01",
        "1899-12",
        "20261",
        "x",
        "2026-1\u0661",
        "2026-11-01",
        "'; --",
        "\x00",
        "2026-11\n2026",
        "-1-1",
        "9" * 5000,
    ],
)
def test_a_bad_month_gets_a_message(people, act, text):
    html = page(act, "nsa_lead", MONTH, 400, month=text)
    assert "Error: Calendar" in html
    assert "usa-error-message" in html


@pytest.mark.parametrize("text", ["1900-01", "2999-12", "2026-2", " 2026-11 "])
def test_a_month_at_the_edge_is_shown(people, act, text):
    html = page(act, "nsa_lead", MONTH, month=text)
    assert "1899" not in html
    assert "3000" not in html


@pytest.mark.parametrize(
    "text", ["0000-01-01", "2026-02-30", "2026-13-01", "9999-12-31", "x", "\x00", "1" * 5000]
)
def test_a_bad_day_gets_a_message(people, act, text):
    assert "Error: What lapses" in page(act, "nsa_lead", PREVIEW, 400, day=text)


def test_a_day_that_a_zone_left_out_is_empty(people, act):
    people.nsa_lead.zone = "Pacific/Apia"
    people.nsa_lead.save()
    html = page(act, "nsa_lead", PREVIEW, day="2011-12-30")
    assert "Nothing that you may see ends on this day." in html


def test_days_are_those_of_the_viewers_zone(people, act, start):
    factories.filed(people, planned_partner_release_at=datetime(2026, 11, 11, 3, 0, tzinfo=UTC))
    assert "Borealis" not in page(act, "nsa_lead", PREVIEW, day="2026-11-11")
    eastern = page(act, "nsa_lead", PREVIEW, day="2026-11-10")
    assert "Nov. 10, 2026, 10:00 p.m. EST" in eastern
    people.nsa_lead.zone = "Asia/Tokyo"
    people.nsa_lead.save()
    assert "Nov. 11, 2026, 12:00 p.m. JST" in page(act, "nsa_lead", PREVIEW, day="2026-11-11")


def ends_of(html):
    return html.split("<h2>What ends</h2>")[1].split("<h2>")[0]


def test_what_an_end_closes_is_each_viewers_own(people, act, start):
    submission = factories.filed(people)
    factories.assigned(submission, people)
    closed = {
        who: {
            sentence
            for sentence in agenda.CLOSED_BY_THE_END.values()
            if sentence in ends_of(page(act, who, PREVIEW, day="2026-11-19")).replace("&#x27;", "'")
        }
        for who in ("nsa_reviewer", "dod_reviewer", "nsa_lead", "northlight_liaison", "auditor")
    }
    words = agenda.CLOSED_BY_THE_END
    read, write = words[agenda.Action.READ_PACKAGE], words[agenda.Action.ANSWER_ASSIGNMENT]
    ask = words[agenda.Action.DRAFT_INFORMATION_REQUEST]
    assert closed["nsa_reviewer"] == {read, write, ask}
    assert closed["dod_reviewer"] == {read, ask}
    assert {read, words[agenda.Action.ASSIGN], words[agenda.Action.FILE_POSITION]} <= closed[
        "nsa_lead"
    ]
    assert closed["northlight_liaison"] == {
        words[agenda.Action.ADD_DOCUMENT],
        words[agenda.Action.SHORTEN],
    }
    assert closed["auditor"] == set()


def test_access_that_ends_with_the_window_is_named(people, act, start, settings):
    settings.RECERTIFICATION_DAYS = 40
    submission = factories.filed(people)
    factories.grant(submission, people, ends_at=start + 60 * DAY)
    html = page(act, "nsa_reviewer", PREVIEW, day="2026-11-19")
    assert "Access to a model ends" in ends_of(html)
    assert "A review window ends" in ends_of(html)
    assert "Access to a model ends" not in page(act, "dod_lead", PREVIEW, day="2026-11-19")


def test_reminders_of_a_day_are_shown_before_they_are_due(people, act):
    factories.filed(people)
    html = page(act, "nsa_lead", PREVIEW, day="2026-11-12")
    assert "A review window ends within 7 days" in html
    assert "No reminder would come to you" in page(act, "nsa_lead", PREVIEW, day="2026-11-20")


def test_nobody_sees_what_she_may_not(people, act, start):
    mine = factories.filed(people, family="Canaryfamily")
    theirs = factories.filed(people, "basalt", family="Otherfamily")
    factories.grant(mine, people)
    agency_reviews.recuse(theirs, reason="", by=people.nsa_reviewer, at=start)
    for address, asked in ((MONTH, {"month": "2026-11"}), (PREVIEW, {"day": "2026-11-19"})):
        lab = page(act, "northlight_liaison", address, **asked)
        assert ("Canaryfamily" in lab, "Otherfamily" in lab, "Basalt" in lab) == (
            True,
            False,
            False,
        )
        recused = page(act, "nsa_reviewer", address, **asked)
        assert ("Canaryfamily" in recused, "Otherfamily" in recused) == (True, False)
        # An administrator sees that there is a grant, and not of which model.
        office = page(act, "administrator", address, **asked)
        assert ("Canaryfamily" in office, "Otherfamily" in office) == (False, False)
        nobody = page(act, "auditor", address, **asked)
        assert mine.reference not in nobody
    october = page(act, "administrator", MONTH)
    assert (mine.reference in october, "Northlight" in october) == (True, True)


def test_pages_cost_the_same_for_one_row_and_for_many(people, client):
    client.force_login(people.nsa_lead)

    def cost(address):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(address).status_code == 200
        return len(queries)

    addresses = (f"{MONTH}?month=2026-11", f"{PREVIEW}?day=2026-11-19", f"{PREVIEW}?day=2026-10-23")
    submission = factories.filed(people)
    factories.grant(submission, people)
    for address in addresses:
        cost(address)
    before = [cost(address) for address in addresses]
    for _ in range(4):
        another = factories.filed(people)
        factories.grant(another, people)
        factories.grant(another, people, state="requested")
    assert [cost(address) for address in addresses] == before


def test_more_rows_than_a_page_holds_are_capped_in_words(people, act, monkeypatch):
    monkeypatch.setattr(agenda, "LIMIT", 2)
    for _ in range(2):
        factories.filed(people)
    assert "There are more" not in page(act, "nsa_lead", MONTH, month="2026-11")
    factories.filed(people)
    html = page(act, "nsa_lead", MONTH, month="2026-11")
    assert "There are more windows or grants than one page shows" in html
    assert html.count("A review window ends") == 2


def test_holidays_have_their_names():
    assert business_days.holiday(date(2026, 7, 3)) == "Independence Day (observed)"
    assert business_days.holiday(date(2026, 7, 6)) == ""
