"""What falls when: the calendar agrees with the reminders that are sent, and with policy."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import seats
from accounts.models import User
from reviews.models import AccessGrant, Notice, Submission
from reviews.models.notice import ESCALATIONS
from reviews.services import access, agency_reviews, agenda, ends, lifecycle, notices
from reviews.services.reminders import REMINDERS, SERIES
from tests import factories

OVERDUE = {"closeout_agency_10", "closeout_lab_10"}
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def entries(person, at, since=None, until=None):
    """What falls for her in the range, or from now to a hundred days ahead."""
    return agenda.of(person, since or at, until or at + 100 * DAY, at=at).entries


def kinds(person, at, **asked):
    return {entry.kind for entry in entries(person, at, **asked)}


def elsewhere(notice):
    """What a person is told of beyond her calendar.

    To administrators an agency's silence goes on, and they see no window; the midpoint is told
    to every reviewer, and is a date of those who have a review to write. A closeout is overdue
    to administrators in their list of closeouts.
    """
    administrators = ("administrator@demo.example", "second-administrator@demo.example")
    if notice.kind in {*ESCALATIONS, *OVERDUE} and notice.recipient.email in administrators:
        return True
    assigned = notice.submission.assignments.filter(reviewer=notice.recipient)
    return notice.kind == "midpoint" and not assigned.exists()


def test_every_reminder_that_is_sent_was_on_its_readers_calendar(people, start, move_clock):
    """Two windows and a grant, hour by hour of reminders from filing to the last closeout."""
    submission = factories.filed(people)
    short = factories.filed(people, "basalt", planned_partner_release_at=start + 9 * DAY)
    factories.assigned(submission, people)
    factories.assigned(short, people)
    for days in (10, 20):
        factories.grant(submission, people, ends_at=start + days * DAY)
    shown = {
        person.pk: {(entry.kind, entry.reference, entry.at) for entry in entries(person, start)}
        for person in User.objects.filter(is_active=True)
    }
    at = start
    while at < start + 45 * DAY:
        at += 6 * HOUR
        move_clock(at)
        ends.record_overdue(at=at)
        notices.queue_reminders(at=at)
    told = Notice.objects.filter(kind__in=REMINDERS).select_related("submission", "grant")
    missing = [
        (notice.kind, notice.recipient.email)
        for notice in told.select_related("recipient")
        if (
            notice.kind,
            str(notice.grant.key) if notice.grant else notice.submission.reference,
            notice.due_at,
        )
        not in shown[notice.recipient_id]
        and not elsewhere(notice)
    ]
    assert missing == []
    assert {notice.kind for notice in told} >= {
        *("items_missing", "midpoint", "drafts_due", "preliminary_issues_due", "ends_in_1_day"),
        *("access_ends_in_1", "recertification_due", "access_lapsed"),
        *("closeout_agency_5", "closeout_agency_10", "closeout_lab_10"),
    }


@pytest.mark.parametrize("state", ["requested", "consented", "declined", "live", "revoked"])
def test_the_one_row_form_of_a_series_is_its_rows(people, start, move_clock, state):
    submission = factories.filed(people)
    grant = factories.grant(submission, people, state=state, ends_at=start + 8 * DAY)
    asked = factories.information_request(submission, people)
    for days in (0, 1, 8, 12, 20):
        at = start + days * DAY
        if days == 12:
            move_clock(at)
            submission.refresh_from_db()
            if state == "live":
                grant = access.attest(grant, for_lab=False, by=people.nsa_lead, at=at)
            lifecycle.withdraw(submission, by=people.northlight_liaison, at=at)
        for series in SERIES:
            rows = series.rows(at)
            numbers = {Submission: submission.pk, AccessGrant: grant.pk}
            row = rows.model.objects.get(pk=numbers.get(rows.model, asked.pk))
            assert series.holds(row, at) == rows.filter(pk=row.pk).exists(), (series, days)


def test_each_sees_the_points_of_a_role_like_hers(people, start):
    submission = factories.filed(people)
    factories.assigned(submission, people)
    everybody = {"window_ends", "ends_in_7_days", "ends_in_3_days", "ends_in_1_day"}
    leads = {
        *("nobody_assigned", "nobody_assigned_still", "no_activity", "no_activity_still"),
        "preliminary_issues_due",
    }
    assert kinds(people.oncd_official, start) == everybody
    assert kinds(people.dod_reviewer, start) == everybody
    assert kinds(people.nsa_reviewer, start) == everybody | {"midpoint", "drafts_due"}
    assert kinds(people.nsa_lead, start) == everybody | leads
    assert kinds(people.northlight_liaison, start) == everybody | {"items_missing"}
    for code in ("basalt_liaison", "administrator", "auditor", "superuser", "partner_contact"):
        assert kinds(getattr(people, code), start) == set(), code


def test_a_grant_is_on_the_calendars_of_its_parties(people, start):
    submission = factories.filed(people)
    factories.grant(submission, people, starts_at=start + DAY, ends_at=start + 9 * DAY)
    access_itself = {"access_starts", "access_ends"}
    agency = {*("access_ends_in_7", "access_ends_in_1"), "closeout_agency_5", "closeout_agency_10"}
    lab = {*("access_ends_in_7", "access_ends_in_1"), "closeout_lab_5", "closeout_lab_10"}

    def of_grants(person):
        return {entry.kind for entry in entries(person, start) if entry.grant is not None}

    assert of_grants(people.nsa_reviewer) == access_itself | agency
    assert of_grants(people.nsa_lead) == access_itself | agency
    assert of_grants(people.northlight_liaison) == access_itself | lab
    assert of_grants(people.administrator) == access_itself
    assert of_grants(people.dod_lead) == of_grants(people.basalt_liaison) == set()


def at_of(person, at, kind):
    return [entry.at for entry in entries(person, at, since=at - 20 * DAY) if entry.kind == kind]


def test_access_never_outlasts_its_window(people, start, settings):
    settings.RECERTIFICATION_DAYS = 60
    submission = factories.filed(people)
    factories.grant(submission, people, ends_at=start + 60 * DAY)
    assert at_of(people.nsa_lead, start, "access_ends") == [start + 30 * DAY]
    assert at_of(people.nsa_lead, start, "closeout_agency_5") == [start + 35 * DAY]


def test_a_request_nobody_answers_lapses_and_starts_nothing(people, start):
    submission = factories.filed(people)
    factories.grant(submission, people, state="requested", ends_at=start + 4 * DAY)
    factories.grant(submission, people, state="consented", ends_at=start + 60 * DAY)
    factories.grant(submission, people, state="declined")
    taken_back = factories.grant(submission, people, state="requested")
    access.revoke(taken_back, reason="No need.", by=people.nsa_lead, at=start)
    mine = [entry for entry in entries(people.nsa_lead, start) if entry.grant is not None]
    assert [(entry.kind, entry.at) for entry in mine] == [
        ("request_lapses", start + 4 * DAY),
        ("request_lapses", start + 30 * DAY),
    ]


def test_access_that_ends_before_it_starts_has_no_start(people, start, move_clock):
    submission = factories.filed(people)
    grant = factories.grant(submission, people, starts_at=start + 5 * DAY, ends_at=start + 9 * DAY)
    move_clock(start + DAY)
    access.revoke(grant, reason="Finished.", by=people.administrator, at=start + DAY)
    assert at_of(people.nsa_lead, start + DAY, "access_starts") == []
    assert at_of(people.nsa_lead, start + DAY, "access_ends") == [start + DAY]


@pytest.mark.parametrize("recorded", [True, False])
def test_after_the_end_only_the_end_is_left(people, start, move_clock, recorded):
    factories.filed(people)
    at = start + 31 * DAY
    move_clock(at)
    if recorded:
        ends.record_overdue(at=at)
    found = entries(people.nsa_lead, at, since=start - DAY)
    assert [(entry.kind, entry.at) for entry in found] == [("window_ends", start + 30 * DAY)]


def test_the_range_is_half_open(people, start):
    factories.filed(people)
    end = start + 30 * DAY
    moment = timedelta(microseconds=1)

    def ends_in(since, until):
        return "window_ends" in kinds(people.nsa_lead, start, since=since, until=until)

    assert ends_in(end, end + moment)
    assert not ends_in(end - DAY, end)
    assert not ends_in(end + moment, end + DAY)


def test_a_grant_that_ended_just_before_the_range_keeps_its_closeout(people, start, move_clock):
    submission = factories.filed(people)
    factories.grant(submission, people, ends_at=start + 3 * DAY)
    at = start + 4 * DAY
    move_clock(at)
    due = start + 13 * DAY
    assert kinds(people.nsa_lead, at, since=due, until=due + HOUR) == {"closeout_agency_10"}


def test_an_attested_closeout_is_due_no_more(people, start, move_clock):
    grant = factories.grant(factories.filed(people), people, ends_at=start + 3 * DAY)
    at = start + 4 * DAY
    move_clock(at)
    access.attest(grant, for_lab=False, by=people.nsa_lead, at=at)
    assert at_of(people.nsa_lead, at, "closeout_agency_5") == []
    assert at_of(people.northlight_liaison, at, "closeout_lab_5") == [start + 8 * DAY]


def test_a_draft_has_no_time(people, start):
    factories.draft(people)
    assert entries(people.northlight_liaison, start) == []


def test_who_loses_her_seat_or_is_recused_loses_the_entries(people, start):
    factories.grant(factories.filed(people), people)
    assert entries(people.nsa_lead, start) != []
    (submission,) = Submission.objects.all()
    agency_reviews.recuse(submission, reason="", by=people.nsa_reviewer, at=start)
    assert entries(people.nsa_reviewer, start) == []
    nsa = factories.organization("nsa")
    seats.take(
        person=people.nsa_lead, organization=nsa, role="lead", by=people.administrator, at=start
    )
    assert entries(people.nsa_lead, start) == []


def test_a_range_is_bounded(people, start):
    agenda.of(people.nsa_lead, start, start + 366 * DAY, at=start)
    with pytest.raises(ValueError, match="366 days"):
        agenda.of(people.nsa_lead, start, start + 366 * DAY + HOUR, at=start)


def test_a_thousand_rows_take_as_many_queries_as_one(people, start):
    def cost(person):
        with CaptureQueriesContext(connection) as queries:
            entries(person, start)
        return len(queries)

    factories.grant(factories.filed(people), people)
    codes = ("nsa_lead", "nsa_reviewer", "northlight_liaison", "administrator")
    before = [cost(getattr(people, code)) for code in codes]
    for _ in range(3):
        another = factories.filed(people)
        factories.grant(another, people)
        factories.grant(another, people, state="consented")
    assert [cost(getattr(people, code)) for code in codes] == before
    assert max(before) <= 20


def test_what_is_capped_says_so(people, start, monkeypatch):
    monkeypatch.setattr(agenda, "LIMIT", 1)
    factories.grant(factories.filed(people), people)
    assert not agenda.of(people.nsa_lead, start, start + 99 * DAY, at=start).capped
    factories.grant(Submission.objects.get(), people)
    found = agenda.of(people.nsa_lead, start, start + 99 * DAY, at=start)
    assert found.capped
    assert AccessGrant.objects.count() == 2
    assert len({entry.grant.pk for entry in found.entries if entry.grant}) == 1
