"""Information requests in reminders, mail, calendars and on Home: until there is an answer."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Absence
from reviews.models import Notice
from reviews.services import agenda, delivery, lifecycle, notices
from tests import factories
from tests.services.agency_pages import signed_in
from tests.services.asking import join, take_back, told

DAY = timedelta(days=1)
MICROSECOND = timedelta(microseconds=1)
LAB = {"northlight liaison", "northlight admin"}
HALF, DAY_BEFORE, OVERDUE = (
    *("information_due_half_time", "information_due_in_1_day"),
    "information_overdue",
)


@pytest.fixture
def asked(people):
    """NSA and DoD ask, and an answer is due in three days."""
    row = factories.information_request(factories.filed(people), people)
    return join(row, people, "dod")


@pytest.fixture
def sweep(move_clock):
    """Move the clock there and queue what is due; how many notices are new."""

    def run(at):
        move_clock(at)
        return notices.queue_reminders(at=at)

    return run


def points(asked):
    """When each reminder is due."""
    half = asked.issued_at + (asked.due_at - asked.issued_at) / 2
    return {HALF: half, DAY_BEFORE: asked.due_at - DAY, OVERDUE: asked.due_at}


def test_the_lab_and_whoever_asks_are_reminded_at_each_point(asked, sweep):
    for kind, point in points(asked).items():
        sweep(point - MICROSECOND)
        assert told(kind) == set()
        sweep(point)
        assert told(kind) == LAB | {"nsa lead", "dod lead"}
        assert sweep(point) == 0


def test_after_an_outage_only_the_last_is_sent(asked, sweep):
    sweep(asked.due_at)
    assert [told(kind) != set() for kind in (HALF, DAY_BEFORE, OVERDUE)] == [False, False, True]


def test_two_requests_that_are_due_at_once_are_two_reminders(people, asked, sweep):
    another = factories.information_request(asked.submission, people, "cisa")
    assert another.due_at == asked.due_at
    sweep(asked.due_at)
    found = Notice.objects.filter(kind=OVERDUE).values_list("information_request", flat=True)
    assert {pk: list(found).count(pk) for pk in found} == {asked.pk: 4, another.pk: 3}


@pytest.mark.parametrize("how", ["answered", "taken back", "withdrawn"])
def test_what_no_longer_waits_reminds_nobody(people, asked, sweep, how):
    if how == "answered":
        factories.information_answer(asked, people)
    elif how == "taken back":
        take_back(asked, people.nsa_lead)
    else:
        at = factories.now()
        lifecycle.withdraw(asked.submission, by=people.northlight_liaison, at=at)
    for kind, point in points(asked).items():
        sweep(point)
        assert told(kind) == set()


def test_an_answer_before_the_mail_leaves_makes_it_pointless(people, asked, sweep, smtp):
    delivery.deliver_notices()
    sweep(asked.due_at)
    factories.information_answer(asked, people)
    delivery.deliver_notices()
    skipped = Notice.objects.filter(skipped_at__isnull=False)
    assert set(skipped.values_list("kind", flat=True)) >= {OVERDUE}
    assert not Notice.objects.filter(kind=OVERDUE, skipped_at=None).exists()
    assert Notice.objects.filter(kind="information_answered", sent_at=None).count() == 0


def test_nothing_is_overdue_where_the_window_ends_first(people, asked, sweep, start):
    end = start + 2 * DAY
    lifecycle.shorten(
        asked.submission, closes_at=end, by=people.northlight_liaison, at=factories.now()
    )
    sweep(start + DAY)
    assert told(DAY_BEFORE) == LAB | {"nsa lead", "dod lead"}
    sweep(end)
    sweep(asked.due_at)
    assert told(OVERDUE) == set()


def test_a_draft_reminds_nobody(people, sweep, start):
    factories.information_request(factories.filed(people), people, state="draft")
    sweep(start + 5 * DAY)
    assert told(HALF) | told(DAY_BEFORE) | told(OVERDUE) == set()


def test_a_mail_says_when_and_names_no_lab_no_agency_and_no_content(people, asked, smtp):
    delivery.deliver_notices()
    mails = [str(mail) for mail in smtp.messages if "ask your lab" in str(mail["Subject"])]
    assert len(mails) == 2
    for mail in mails:
        assert "October 23, 2026, 5:00 p.m. EDT" in mail
        assert f"/requests/{asked.key}/" in mail
        for name in ("Northlight", "NSA", "DoD", asked.subject, asked.question):
            assert name not in mail


def test_the_inbox_leads_to_the_request(people, asked):
    browser = signed_in(people.northlight_liaison)
    said = {row.said.subject: row.said.path for row in browser.get("/notices/").context["rows"]}
    assert said["Agencies ask your lab for information"] == asked.get_absolute_url()


def test_a_delegate_is_told_what_she_may_read(people, start):
    submission = factories.filed(people)
    for person, delegate in (
        (people.dod_lead, people.dod_reviewer),
        (people.cisa_lead, people.oncd_official),
    ):
        Absence.objects.create(
            person=person, delegate=delegate, starts_at=start, ends_at=start + DAY
        )
    factories.information_request(submission, people, state="draft")
    copies = Notice.objects.filter(kind="information_request_drafted", on_behalf_of__isnull=False)
    assert [notice.recipient for notice in copies] == [people.dod_reviewer]


# Calendars


def entries(person, at):
    """What falls for her of information requests, by kind."""
    found = agenda.of(person, at, at + 100 * DAY, at=at).entries
    return {entry.kind: entry for entry in found if entry.kind in (HALF, DAY_BEFORE, OVERDUE)}


def test_the_day_that_an_answer_is_due_is_in_both_sides_calendars(people, asked, start):
    for code in ("northlight_liaison", "nsa_lead", "dod_reviewer", "oncd_official"):
        found = entries(getattr(people, code), start)
        assert {kind: entry.at for kind, entry in found.items()} == points(asked)
        due = found[OVERDUE]
        assert (due.words, due.counts_down) == (
            "The answer to an information request is due",
            False,
        )
        assert (due.path, due.submission) == (asked.get_absolute_url(), asked.submission)
        assert found[HALF].counts_down
    assert entries(people.basalt_liaison, start) == {}
    assert entries(people.administrator, start) == {}


def test_what_is_answered_or_only_drafted_is_in_no_calendar(people, asked, start):
    factories.information_request(asked.submission, people, state="draft")
    factories.information_answer(asked, people)
    for code in ("northlight_liaison", "nsa_lead"):
        assert entries(getattr(people, code), start) == {}


def test_an_agenda_costs_the_same_however_many_requests(people, asked, start):
    counts = []
    for number in (0, 5):
        for _ in range(number):
            factories.information_request(asked.submission, people)
        with CaptureQueriesContext(connection) as captured:
            agenda.of(people.nsa_lead, start, start + 100 * DAY, at=start)
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_the_pages_of_the_calendar_show_it(people, asked):
    for code in ("northlight_liaison", "nsa_lead"):
        browser = signed_in(getattr(people, code))
        for page in ("/calendar/", "/calendar/day/?day=2026-10-23"):
            answer = browser.get(page)
            assert answer.status_code == 200
            assert "The answer to an information request is due" in answer.content.decode()


# Home


def waiting(person):
    """(what waits on her Home, where it leads) of information requests."""
    tasks = signed_in(person).get("/").context["waiting"]
    return [(task.text, task.url) for task in tasks if "information request" in task.text]


def test_the_lab_is_asked_to_answer_what_is_due_first(people, asked, move_clock):
    sooner = factories.information_request(asked.submission, people, days=1)
    factories.information_request(asked.submission, people, state="draft")
    text = "Answer an information request"
    urls = [sooner.get_absolute_url(), asked.get_absolute_url()]
    assert waiting(people.northlight_liaison) == [(text, url) for url in urls]
    assert waiting(people.northlight_admin) == [(text, url) for url in urls]
    assert waiting(people.basalt_liaison) == []
    factories.information_answer(sooner, people)
    take_back(asked, people.nsa_lead)
    assert waiting(people.northlight_liaison) == []


def test_leads_are_asked_to_issue_their_own_agencys_drafts(people, move_clock):
    submission = factories.filed(people)
    draft = factories.information_request(submission, people, state="draft")
    join(draft, people, "dod")
    task = ("Issue an information request", draft.get_absolute_url())
    assert waiting(people.nsa_lead) == [task]
    for code in ("dod_lead", "nsa_reviewer", "northlight_liaison"):
        assert waiting(getattr(people, code)) == []
    issued = factories.information_request(submission, people)
    assert issued.agency == draft.agency
    assert waiting(people.nsa_lead) == [task]
    move_clock(submission.closes_at)
    assert waiting(people.nsa_lead) == []
