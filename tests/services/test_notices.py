"""Reminders and mail: one current reminder a series, a real SMTP conversation, nothing twice."""

from datetime import timedelta

import pytest
from django.core.management import call_command

from accounts.models import User
from reviews import tasks
from reviews.models import Notice, Submission
from reviews.models.notice import NoticeKind
from reviews.services import agency_reviews, delivery, ends, notices
from tests import factories

DAY = timedelta(days=1)
END = timedelta(hours=720)


def said(message):
    """The plain text of a mail."""
    return message.get_body(("plain",)).get_content()


def kinds(**facts):
    return sorted(Notice.objects.filter(**facts).values_list("kind", flat=True).distinct())


# What this file moves the clock for; the other series have a file of their own.
REMINDERS = ["midpoint", "ends_in_7_days", "ends_in_3_days", "ends_in_1_day"]


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (timedelta(0), []),
        (15 * DAY - timedelta(microseconds=1), []),
        (15 * DAY, ["midpoint"]),
        (23 * DAY, ["ends_in_7_days"]),
        (27 * DAY, ["ends_in_3_days"]),
        (29 * DAY, ["ends_in_1_day"]),
        (30 * DAY - timedelta(microseconds=1), ["ends_in_1_day"]),
        (30 * DAY, []),
    ],
)
def test_the_latest_due_reminder_of_each_series(people, start, move_clock, after, expected):
    factories.filed(people)
    move_clock(start + after)
    notices.queue_reminders(at=start + after)
    assert kinds(kind__in=REMINDERS) == expected


def test_a_shorter_window_has_its_own_points(people, start, move_clock):
    factories.filed(people, planned_partner_release_at=start + 4 * DAY)
    for after, expected in ((2 * DAY, {"midpoint": 2, "ends_in_3_days": 1}),):
        move_clock(start + after)
        notices.queue_reminders(at=start + after)
        found = dict(Notice.objects.filter(kind__in=REMINDERS).values_list("kind", "due_at"))
        assert found == {kind: start + days * DAY for kind, days in expected.items()}


def test_reminders_queue_once_however_often_the_sweep_runs(people, start, move_clock):
    factories.filed(people)
    move_clock(start + 27 * DAY)
    first = notices.queue_reminders(at=start + 27 * DAY)
    assert first > 0
    assert notices.queue_reminders(at=start + 27 * DAY) == 0
    assert notices.queue_reminders(at=start + 27 * DAY + timedelta(hours=5)) == 0


def test_midpoint_goes_to_reviewers_only(people, start, move_clock):
    submission = factories.filed(people)
    agency_reviews.recuse(submission, reason="", by=people.recused, at=start)
    move_clock(start + 15 * DAY)
    notices.queue_reminders(at=start + 15 * DAY)
    told = set(Notice.objects.filter(kind="midpoint").values_list("recipient__name", flat=True))
    reviewers = {f"{agency} reviewer" for agency in ("nsa", "dod", "cisa", "caisi", "treasury")}
    assert told == reviewers | {"unattached"}


def test_after_a_week_without_workers_one_run_catches_up(people, start, move_clock, smtp):
    ended = [factories.filed(people) for _ in range(3)]
    running = factories.filed(people, at=start + 12 * DAY)
    move_clock(start + END + 7 * DAY)
    call_command("run_clock")
    for submission in Submission.objects.filter(pk__in=[row.pk for row in ended]):
        assert (submission.status, submission.ended_at) == ("expired", start + END)
    assert kinds(submission__in=ended, kind__in=REMINDERS) == []
    assert kinds(submission=running, kind__in=REMINDERS) == ["ends_in_7_days"]
    series = {"midpoint": "midpoint"}
    for submission in [*ended, running]:
        rows = [
            (notice.recipient_id, series.get(notice.kind, "ending"))
            for notice in Notice.objects.filter(submission=submission)
            if notice.kind in [*REMINDERS, NoticeKind.WINDOW_ENDED]
        ]
        assert len(rows) == len(set(rows)) > 0
    before = len(smtp.messages)
    call_command("run_clock")
    assert len(smtp.messages) == before


def test_mail_arrives_once_and_names_no_lab_or_model(people, start, smtp):
    factories.filed(people, family="Borealis", version="9")
    counts = delivery.deliver_notices()
    assert counts == {"sent": Notice.objects.count(), "skipped": 0, "deferred": 0, "dead": 0}
    assert smtp.connections == 1
    assert len(smtp.messages) == counts["sent"]
    assert delivery.deliver_notices()["sent"] == 0
    for message in smtp.messages:
        parts = [message.get_body((kind,)).get_content() for kind in ("plain", "html")]
        for text in (message.as_string(), *parts):
            for canary in ("Northlight", "northlight", "Borealis", *factories.ANSWERS.values()):
                assert canary not in text.replace(message["To"], "")
        assert message["Auto-Submitted"] == "auto-generated"
        for text in parts:
            assert "Nothing in Foreview approves, denies or holds a release" in text
    assert len({message["Message-ID"] for message in smtp.messages}) == len(smtp.messages)


def test_the_end_is_shown_with_hour_and_zone_of_the_reader(people, start, smtp):
    User.objects.filter(pk=people.nsa_lead.pk).update(zone="America/Los_Angeles")
    factories.filed(people)
    delivery.deliver_notices()
    to_lead = [m for m in smtp.messages if m["To"] == people.nsa_lead.email]
    assert "November 19, 2026, 7:00 a.m. PST" in said(to_lead[0])
    to_lab = [m for m in smtp.messages if m["To"] == people.northlight_liaison.email]
    assert "November 19, 2026, 10:00 a.m. EST" in said(to_lab[0])


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("421 4.3.2 later", "deferred"),
        ("451 4.3.0 later", "deferred"),
        ("550 5.1.1 nobody", "dead"),
        ("554 5.7.1 no", "dead"),
    ],
)
def test_one_refused_address_leaves_the_others_alone(people, start, smtp, answer, outcome):
    factories.filed(people)
    smtp.answers[people.nsa_lead.email] = answer
    counts = delivery.deliver_notices()
    assert counts[outcome] == 1
    assert counts["sent"] == Notice.objects.count() - 1
    refused = Notice.objects.get(recipient=people.nsa_lead)
    assert refused.sent_at is None
    assert refused.error.startswith(answer[:3])
    assert (refused.dead_at is not None) == (outcome == "dead")


def test_a_deferred_message_is_tried_again_after_its_back_off(people, start, smtp, move_clock):
    factories.filed(people)
    smtp.answers[people.nsa_lead.email] = "451 later"
    delivery.deliver_notices()
    smtp.answers.clear()
    assert delivery.deliver_notices()["sent"] == 0
    move_clock(start + timedelta(minutes=2))
    assert delivery.deliver_notices()["sent"] == 1


def test_a_server_that_is_down_loses_nothing(people, start, settings, move_clock, smtp):
    factories.filed(people)
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, 1
    counts = delivery.deliver_notices()
    assert counts["deferred"] == Notice.objects.count()
    settings.EMAIL_PORT = port
    move_clock(start + timedelta(hours=2))
    assert delivery.deliver_notices()["sent"] == Notice.objects.count()


def test_what_is_no_longer_true_is_not_sent(people, start, smtp, move_clock):
    submission = factories.filed(people)
    delivery.deliver_notices()
    smtp.messages.clear()
    move_clock(start + 27 * DAY)
    notices.queue_reminders(at=start + 27 * DAY)
    agency_reviews.recuse(submission, reason="", by=people.nsa_reviewer, at=start + 27 * DAY)
    User.objects.filter(pk=people.dod_reviewer.pk).update(is_active=False)
    counts = delivery.deliver_notices()
    to = {message["To"] for message in smtp.messages}
    assert counts["skipped"] == 2
    assert people.nsa_reviewer.email not in to
    assert people.dod_reviewer.email not in to
    notices.queue_reminders(at=start + 29 * DAY)
    move_clock(start + END)
    ends.record(submission.pk, at=start + END)
    smtp.messages.clear()
    delivery.deliver_notices()
    ended = f"Foreview: A review window ended ({submission.reference})"
    assert {message["Subject"] for message in smtp.messages} == {ended}


def test_a_claimed_notice_is_left_to_its_claimer_until_the_lease_ends(people, start, move_clock):
    factories.filed(people)
    claimed = delivery.claim(start)
    assert len(claimed) == Notice.objects.count()
    assert delivery.claim(start) == []
    later = start + delivery.LEASE
    move_clock(later)
    assert len(delivery.claim(later)) == len(claimed)


def test_the_tasks_do_the_same_as_run_clock(people, start, move_clock, smtp):
    submission = factories.filed(people)
    move_clock(start + END)
    for task in (tasks.record_expiries, tasks.queue_reminders, tasks.deliver_notices):
        task.delay  # noqa: B018 - each is a Celery task
        task()
    submission.refresh_from_db()
    assert submission.status == "expired"
    assert any("window ended" in message["Subject"] for message in smtp.messages)
