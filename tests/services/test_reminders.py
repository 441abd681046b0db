"""Every series of docs/domain.md section 7: when, to whom, while it still holds, once."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import audit, seats
from accounts.models import Organization
from accounts.roles import Role
from reviews.models import Notice
from reviews.models.document import DocumentKind
from reviews.models.notice import ESCALATIONS
from reviews.services import (
    access,
    agency_reviews,
    attachments,
    business_days,
    delivery,
    documents,
    ends,
    lifecycle,
    notices,
    reminders,
)
from tests import factories
from tests.people import keep_records

DAY = timedelta(days=1)
MICROSECOND = timedelta(microseconds=1)
AGENCIES = ("nsa", "dod", "cisa", "caisi", "treasury")


@pytest.fixture
def sweep(move_clock):
    """Move the clock there and queue what is due; who is told what for the first time."""

    def run(at):
        before = set(Notice.objects.values_list("pk", flat=True))
        move_clock(at)
        notices.queue_reminders(at=at)
        told = {}
        for notice in Notice.objects.exclude(pk__in=before).select_related("recipient"):
            told.setdefault(notice.kind, set()).add(notice.recipient.name)
        return told

    return run


def leads(*but):
    return {f"{agency} lead" for agency in AGENCIES if agency not in but}


def of_kind(told, kind):
    return told.get(kind, set())


def expected_documents(submission, people):
    for kind in reminders.EXPECTED:
        documents.add(
            submission,
            kind=kind,
            title="Text",
            designation="none",
            restricted_to=[],
            upload=factories.upload(),
            by=people.northlight_liaison,
            at=factories.now(),
        )


def test_a_lab_hears_of_missing_items_after_two_business_days(people, start, sweep):
    factories.filed(people)
    due = business_days.after(start, 2)
    assert "items_missing" not in sweep(due - MICROSECOND)
    assert sweep(due)["items_missing"] == {"northlight liaison", "northlight admin"}


def test_a_lab_that_added_them_hears_nothing(people, start, sweep):
    submission = factories.filed(people)
    expected_documents(submission, people)
    assert "items_missing" not in sweep(business_days.after(start, 2))


def test_one_of_two_missing_items_is_missing(people, start, sweep):
    submission = factories.filed(people)
    document = factories.document(submission, people)
    assert document.kind == DocumentKind.MODEL_CARD
    assert "items_missing" in sweep(business_days.after(start, 2))


def test_items_added_before_the_mail_leaves_make_it_pointless(people, start, sweep, smtp):
    submission = factories.filed(people)
    delivery.deliver_notices()
    sweep(business_days.after(start, 2))
    expected_documents(submission, people)
    assert delivery.deliver_notices()["skipped"] == 2


def test_on_day_3_leads_hear_that_nobody_is_assigned(people, start, sweep):
    submission = factories.filed(people)
    factories.assigned(submission, people, "dod")
    assert "nobody_assigned" not in sweep(start + 3 * DAY - MICROSECOND)
    assert sweep(start + 3 * DAY)["nobody_assigned"] == leads("dod")


def test_an_agency_with_a_position_is_asked_for_nobody(people, start, sweep):
    submission = factories.filed(people)
    factories.position_filed(submission, people, "dod")
    told = sweep(start + 3 * DAY)
    assert "dod lead" not in told["nobody_assigned"]


def test_an_assigned_reviewer_who_recuses_is_nobody(people, start, sweep):
    submission = factories.filed(people)
    reviewer = factories.assigned(submission, people, "dod")
    agency_reviews.recuse(submission, reason="", by=reviewer, at=start)
    assert "dod lead" in sweep(start + 3 * DAY)["nobody_assigned"]


def test_two_days_later_it_goes_on_to_administrators_too(people, start, sweep):
    submission = factories.filed(people)
    for agency in AGENCIES[1:]:
        factories.assigned(submission, people, agency)
    sweep(start + 3 * DAY)
    told = sweep(start + 5 * DAY)
    # NSA has no administrator of its own, so those of the portal are told.
    administrators = {"administrator", "second administrator"}
    assert told["nobody_assigned_still"] == {"nsa lead"} | administrators


def test_an_agencys_own_administrator_is_told_and_no_other(people, start, sweep):
    submission = factories.filed(people)
    # It is attached and nobody leads it, which is what administrators would hear of.
    attachments.detach(
        submission, factories.organization("outpost"), by=people.administrator, at=start
    )
    for agency in AGENCIES:
        if agency != "caisi":
            factories.assigned(submission, people, agency)
    told = sweep(start + 5 * DAY)
    assert told["nobody_assigned_still"] == {"caisi lead", "second administrator"}


def test_an_agency_that_nobody_leads_goes_on_to_administrators(people, start, sweep):
    submission = factories.filed(people)
    for agency in AGENCIES:
        factories.assigned(submission, people, agency)
    told = sweep(start + 5 * DAY)
    assert told["nobody_assigned_still"] == {"administrator", "second administrator"}


def test_nothing_goes_on_once_somebody_is_assigned(people, start, sweep):
    submission = factories.filed(people)
    # It is attached and nobody leads it, which is what administrators would hear of.
    attachments.detach(
        submission, factories.organization("outpost"), by=people.administrator, at=start
    )
    sweep(start + 3 * DAY)
    for agency in AGENCIES:
        factories.assigned(submission, people, agency)
    assert "nobody_assigned_still" not in sweep(start + 5 * DAY)


def test_an_agency_without_a_review_is_idle_on_day_7_and_9(people, start, sweep):
    submission = factories.filed(people)
    for agency in AGENCIES:
        factories.assigned(submission, people, agency)
    factories.review_drafted(submission, people, "dod")
    factories.position_filed(submission, people, "cisa")
    idle = leads("dod", "cisa")
    assert "no_activity" not in sweep(start + 7 * DAY - MICROSECOND)
    assert sweep(start + 7 * DAY)["no_activity"] == idle
    told = sweep(start + 9 * DAY)["no_activity_still"]
    assert told == idle | {"administrator", "second administrator"}


def test_administrators_get_a_mail_that_leads_to_what_they_may_see(people, start, sweep, smtp):
    submission = factories.filed(people)
    delivery.deliver_notices()
    smtp.messages.clear()
    sweep(start + 5 * DAY)
    delivery.deliver_notices()
    (mail,) = (m for m in smtp.messages if m["To"] == people.administrator.email)
    text = mail.get_body(("plain",)).get_content()
    assert f"/attachments/{submission.reference}/" in text
    assert Notice.objects.get(recipient=people.administrator).kind in ESCALATIONS


def test_leads_without_a_position_hear_of_the_letter_on_day_10(people, start, sweep):
    submission = factories.filed(people)
    factories.position_filed(submission, people, "treasury")
    assert "preliminary_issues_due" not in sweep(start + 10 * DAY - MICROSECOND)
    assert sweep(start + 10 * DAY)["preliminary_issues_due"] == leads("treasury")


def test_reviewers_who_have_not_filed_hear_on_day_20(people, start, sweep):
    submission = factories.filed(people)
    factories.assigned(submission, people, "dod")
    factories.review_filed(submission, people, "nsa")
    factories.review_drafted(submission, people, "cisa")
    assert "drafts_due" not in sweep(start + 20 * DAY - MICROSECOND)
    assert sweep(start + 20 * DAY)["drafts_due"] == {"dod reviewer", "cisa reviewer"}


def test_a_review_filed_meanwhile_stops_the_mail(people, start, sweep, smtp):
    submission = factories.filed(people)
    factories.assigned(submission, people, "dod")
    factories.assigned(submission, people, "nsa")
    delivery.deliver_notices()
    smtp.messages.clear()
    sweep(start + 20 * DAY)
    factories.review_filed(submission, people, "nsa")
    delivery.deliver_notices()
    drafts = [m["To"] for m in smtp.messages if "draft review" in m["Subject"]]
    assert drafts == [people.dod_reviewer.email]


@pytest.mark.parametrize(
    ("length", "days", "kinds"),
    [
        (30 * DAY, (14, 7, 1), ["access_ends_in_14", "access_ends_in_7", "access_ends_in_1"]),
        (8 * DAY, (7, 1), ["access_ends_in_7", "access_ends_in_1"]),
        (2 * DAY, (1,), ["access_ends_in_1"]),
    ],
)
def test_a_grants_parties_hear_before_it_ends_if_it_is_long_enough(
    people, start, sweep, settings, length, days, kinds
):
    settings.RECERTIFICATION_DAYS = 60
    submission = factories.filed(people)
    grant = factories.grant(submission, people, ends_at=start + length)
    parties = {"nsa reviewer", "nsa lead", "northlight liaison", "northlight admin"}
    seen = []
    for left in days:
        told = sweep(grant.ends_at - left * DAY)
        seen += [kind for kind in told if kind.startswith("access_ends")]
        assert all(told[kind] == parties for kind in told if kind.startswith("access_ends"))
    assert seen == kinds


def test_a_revoked_grant_reminds_nobody_of_its_end(people, start, sweep):
    submission = factories.filed(people)
    grant = factories.grant(submission, people)
    access.revoke(grant, reason="Done.", by=people.administrator, at=start)
    told = sweep(grant.ends_at - DAY)
    assert not [kind for kind in told if kind.startswith("access_ends")]


@pytest.mark.parametrize("days", [5, 10])
def test_each_side_hears_of_closeout_until_it_attests(people, start, sweep, days):
    submission = factories.filed(people)
    grant = factories.grant(submission, people, ends_at=start + 4 * DAY)
    due = grant.ends_at + days * DAY
    agency, lab = f"closeout_agency_{days}", f"closeout_lab_{days}"
    early = sweep(due - MICROSECOND)
    assert agency not in early
    assert lab not in early
    access.attest(grant, for_lab=True, by=people.northlight_liaison, at=factories.now())
    told = sweep(due)
    escalated = {"administrator", "second administrator"} if days == 10 else set()
    assert of_kind(told, agency) == {"nsa reviewer", "nsa lead"} | escalated
    assert lab not in told


def test_closeout_counts_from_the_end_whatever_ended_it(people, start, sweep):
    submission = factories.filed(people)
    factories.grant(submission, people)
    lifecycle.withdraw(submission, by=people.northlight_liaison, at=start + 2 * DAY)
    assert "closeout_lab_5" not in sweep(start + 7 * DAY - MICROSECOND)
    assert "closeout_lab_5" in sweep(start + 7 * DAY)


def test_only_the_latest_of_a_series_is_sent_after_an_outage(people, start, sweep, smtp):
    factories.filed(people)
    told = sweep(start + 29 * DAY + 12 * timedelta(hours=1))
    kinds = set(told)
    assert "ends_in_1_day" in kinds
    assert not kinds & {"ends_in_7_days", "ends_in_3_days", "nobody_assigned", "no_activity"}


def test_an_unsent_reminder_gives_way_to_the_next_of_its_series(people, start, sweep, smtp):
    about = factories.filed(people).reference
    delivery.deliver_notices()
    smtp.messages.clear()
    sweep(start + 27 * DAY)
    sweep(start + 29 * DAY)
    delivery.deliver_notices()
    subjects = {m["Subject"] for m in smtp.messages if "ends within" in m["Subject"]}
    assert subjects == {f"Foreview: A review window ends within 1 day ({about})"}


def test_a_shortened_window_has_its_points_anew_and_the_old_ones_lapse(
    people, start, sweep, move_clock, smtp
):
    submission = factories.filed(people)
    sweep(start + 23 * DAY)
    shorter = start + 25 * DAY
    lifecycle.shorten(
        submission, closes_at=shorter, by=people.northlight_liaison, at=start + 23 * DAY
    )
    sweep(start + 23 * DAY)
    due = set(
        Notice.objects.filter(kind__startswith="ends_in").values_list("kind", "due_at").distinct()
    )
    assert due == {
        ("ends_in_7_days", start + 23 * DAY),
        ("ends_in_3_days", shorter - 3 * DAY),
    }
    delivery.deliver_notices()
    subjects = {m["Subject"] for m in smtp.messages if "ends within" in m["Subject"]}
    about = submission.reference
    assert subjects == {f"Foreview: A review window ends within 3 days ({about})"}


def test_points_shrink_with_a_shorter_window(people, start, sweep):
    factories.filed(people, planned_partner_release_at=start + 10 * DAY)
    assert "nobody_assigned" not in sweep(start + DAY - MICROSECOND)
    assert "nobody_assigned" in sweep(start + DAY)


def test_nothing_is_told_twice_and_nobody_who_came_later_is_told_of_the_past(people, start, sweep):
    factories.filed(people)
    assert sweep(start + 15 * DAY)["midpoint"]
    seats.give(
        person=people.superuser,
        organization=Organization.objects.get(code="nsa"),
        role=Role.REVIEWER,
        by=audit.SYSTEM,
        at=start + 15 * DAY,
    )
    assert sweep(start + 16 * DAY) == {}


def test_the_reminders_of_an_ended_window_are_over(people, start, sweep):
    submission = factories.filed(people)
    ends.record(submission.pk, at=start + 30 * DAY)
    assert sweep(start + 30 * DAY) == {}


def test_every_reminder_of_the_table_is_declared():
    assert set(reminders.REMINDERS) == {
        "items_missing",
        *("nobody_assigned", "nobody_assigned_still", "no_activity", "no_activity_still"),
        *("preliminary_issues_due", "midpoint", "drafts_due"),
        *("ends_in_7_days", "ends_in_3_days", "ends_in_1_day"),
        *("recertification_due", "access_lapsed"),
        *("information_due_half_time", "information_due_in_1_day", "information_overdue"),
        *("access_ends_in_14", "access_ends_in_7", "access_ends_in_1"),
        *("closeout_agency_5", "closeout_agency_10", "closeout_lab_5", "closeout_lab_10"),
    }


def test_a_sweep_costs_the_same_however_many_grants_there_are(people, start, move_clock):
    """Everybody has been told: the rows are read with their parties, and nobody is asked."""
    keep_records(people.nsa_reviewer, start, most_grants=8)
    submission = factories.filed(people)
    counts = []
    for _ in range(2):
        for _ in range(4):
            grant = factories.grant(submission, people, ends_at=start + 4 * DAY)
        move_clock(grant.ends_at + 10 * DAY)
        notices.queue_reminders(at=grant.ends_at + 10 * DAY)
        with CaptureQueriesContext(connection) as captured:
            notices.queue_reminders(at=grant.ends_at + 10 * DAY)
        counts.append(len(captured))
        move_clock(start)
    assert counts[0] == counts[1]


def test_of_several_shortenings_only_the_last_is_mailed(people, start, smtp):
    submission = factories.filed(people)
    delivery.deliver_notices()
    smtp.messages.clear()
    for days in (20, 18, 16):
        lifecycle.shorten(
            submission,
            closes_at=start + days * DAY,
            by=people.northlight_liaison,
            at=start,
        )
    delivery.deliver_notices()
    told = [m["To"] for m in smtp.messages if "ends earlier" in m["Subject"]]
    assert len(told) == len(set(told)) > 10
