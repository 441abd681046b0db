"""What the health page says of each part, and who may read it."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command
from django.utils.html import escape

from reviews import clock, tasks
from reviews.models import Notice
from reviews.services import amounts, health, heartbeats, notices
from reviews.services.health import State
from tests import factories

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def states(at=None):
    """Each part's state, by its code."""
    return {part.code: part.state.value for part in health.parts(health.facts(at))}


def everything_beats(at):
    for name in (*heartbeats.SWEEPS, heartbeats.BEAT, "worker:clock@one"):
        heartbeats.beat(name, at=at)


def test_when_everything_works(people, start):
    everything_beats(start)
    assert states() == dict.fromkeys(
        (
            *("records", "clock", *heartbeats.SWEEPS, "beat", "workers", "worker:clock@one"),
            *("ends", "mail", "undelivered", "gateways"),
        ),
        "working",
    ) | {"scanner": "not_configured"}


def test_before_anything_ran(people):
    assert {code for code, state in states().items() if state == "not_working"} == {
        *heartbeats.SWEEPS,
        "beat",
        "workers",
    }


@pytest.mark.parametrize(
    ("code", "late", "silent"),
    [
        ("sweep:ends", 2 * MINUTE, 3 * MINUTE),
        ("sweep:reminders", 2 * MINUTE, 3 * MINUTE),
        ("sweep:mail", 6 * MINUTE, 7 * MINUTE),  # one turn of it may take four
        ("beat", MINUTE, 3 * MINUTE),
        ("workers", MINUTE, 3 * MINUTE),
    ],
)
def test_what_falls_silent_is_late_and_then_not_working(people, start, code, late, silent):
    everything_beats(start)
    assert states(start + late)[code] == "working"
    assert states(start + late + SECOND)[code] == "late"
    assert states(start + silent)[code] == "late"
    assert states(start + silent + SECOND)[code] == "not_working"


def test_a_longer_interval_has_more_patience(people, start, settings):
    settings.SWEEP_SECONDS = 300
    everything_beats(start)
    assert states(start + 15 * MINUTE)["sweep:ends"] == "late"
    assert states(start + 15 * MINUTE + SECOND)["sweep:ends"] == "not_working"


def test_one_silent_worker_of_two_is_late_and_no_alarm(people, start):
    everything_beats(start)
    heartbeats.beat("worker:mail@two", at=start - MINUTE - SECOND)
    found = {part.code: part for part in health.parts(health.facts(start))}
    assert found["worker:mail@two"].state is State.LATE
    assert not found["worker:mail@two"].is_wrong
    assert found["workers"].words == "1 worker at work."


def test_a_worker_is_forgotten_after_a_day(people, start):
    heartbeats.beat("worker:old@one", at=start)
    heartbeats.beat("beat", at=start)
    heartbeats.forget_silent_workers(before=start)
    assert "worker:old@one" in states()
    heartbeats.forget_silent_workers(before=start + SECOND)
    assert "worker:old@one" not in states()
    assert "beat" in health.facts().signs


def test_ends_that_wait_for_their_record(people, start, move_clock):
    submission = factories.filed(people)
    end = submission.closes_at
    for after, state in ((-SECOND, "working"), (MINUTE, "working"), (MINUTE + SECOND, "late")):
        assert states(end + after)["ends"] == state
    assert states(end + 5 * MINUTE)["ends"] == "late"
    assert states(end + 5 * MINUTE + SECOND)["ends"] == "not_working"
    move_clock(end)
    tasks.record_expiries()
    assert states(end + 9 * MINUTE)["ends"] == "working"


def test_mail_that_waits(people, start):
    factories.filed(people)
    for after, state in ((5, "working"), (6, "late"), (15, "late"), (16, "not_working")):
        assert states(start + after * MINUTE)["mail"] == state


@pytest.mark.parametrize(
    "facts",
    [
        {"delivery": "muted"},
        {"delivery": "digest", "digest_for": datetime(2026, 10, 21, tzinfo=UTC).date()},
        {"sent": True},
        {"dead": True},
        {"skipped": True},
    ],
)
def test_mail_that_need_not_leave_yet_or_any_more_is_no_alarm(people, start, facts):
    factories.filed(people)
    for name in ("sent", "dead", "skipped"):
        if facts.pop(name, False):
            facts[f"{name}_at"] = start
    if "digest_for" in facts:
        facts["next_attempt_at"] = facts["waiting_since"] = start + timedelta(hours=12)
    Notice.objects.update(**facts)
    assert states(start + timedelta(hours=1))["mail"] == "working"


def test_mail_that_was_tried_in_vain_still_counts(people, start):
    factories.filed(people)
    Notice.objects.update(attempts=3, next_attempt_at=start + timedelta(hours=1))
    assert states(start + 16 * MINUTE)["mail"] == "not_working"


def test_a_digest_counts_from_when_it_is_due(people, start):
    factories.filed(people)
    due = start + timedelta(hours=12)
    day = due.date()
    Notice.objects.update(delivery="digest", digest_for=day, next_attempt_at=due, waiting_since=due)
    assert states(due - SECOND)["mail"] == "working"
    assert states(due + 15 * MINUTE)["mail"] == "late"
    assert states(due + 16 * MINUTE)["mail"] == "not_working"


def test_a_digest_that_is_put_off_again_and_again_counts_from_its_own_hour(people, start):
    factories.filed(people)
    due = start + timedelta(hours=12)
    Notice.objects.update(
        delivery="digest",
        digest_for=due.date(),
        waiting_since=due,
        attempts=5,
        next_attempt_at=due + 40 * MINUTE,
    )
    assert states(due + 16 * MINUTE)["mail"] == "not_working"


def test_the_oldest_unsent_is_found_behind_more_than_are_counted(people, start, monkeypatch):
    monkeypatch.setattr(health, "COUNTED", 3)
    factories.filed(people)
    Notice.objects.update(waiting_since=start + 15 * MINUTE, next_attempt_at=start)
    oldest = Notice.objects.order_by("-pk").first()
    Notice.objects.filter(pk=oldest.pk).update(
        waiting_since=start, next_attempt_at=start + timedelta(hours=1), attempts=4
    )
    found = health.facts(start + 16 * MINUTE)
    assert (found.unsent, found.oldest_unsent_at) == (3, start)


def test_mail_that_is_queued_again_waits_since_then(people, start):
    factories.filed(people)
    Notice.objects.update(dead_at=start)
    later = start + timedelta(days=2)
    assert notices.requeue(Notice.objects.all(), at=later) == Notice.objects.count()
    assert states(later + 5 * MINUTE)["mail"] == "working"
    assert states(later + 16 * MINUTE)["mail"] == "not_working"


def undelivered(at):
    (part,) = [part for part in health.parts(health.facts(at)) if part.code == "undelivered"]
    return part


def test_a_few_undelivered_mails_need_a_person_and_are_no_alarm(people, start):
    for _ in range(3):
        factories.filed(people)
    few = list(Notice.objects.values_list("pk", flat=True)[: health.UNDELIVERED_LATELY])
    Notice.objects.filter(pk__in=few).update(dead_at=start)
    assert len(few) == 20
    assert undelivered(start).state is State.ATTENTION
    assert not undelivered(start).is_wrong


@pytest.mark.parametrize("how", ["dead_at", "bounced_at"])
def test_many_undelivered_mails_within_an_hour_are_an_alarm(people, start, monkeypatch, how):
    for _ in range(3):
        factories.filed(people)
    many = list(Notice.objects.values_list("pk", flat=True)[:21])
    assert len(many) == 21
    Notice.objects.filter(pk__in=many).update(**{how: start})
    assert undelivered(start + 59 * MINUTE).is_wrong
    assert "21 notices of them within the last hour" in undelivered(start).words
    assert undelivered(start + 60 * MINUTE).state is State.ATTENTION
    # Older ones, however many, hide none of the hour's.
    Notice.objects.exclude(pk__in=many).update(dead_at=start - timedelta(days=9))
    monkeypatch.setattr(health, "COUNTED", 22)
    assert undelivered(start).is_wrong


@pytest.mark.parametrize(
    ("apart", "state"),
    [(5, "working"), (45, "attention"), (-45, "attention"), (360, "not_working")],
)
def test_a_clock_that_is_off(people, held_clock, monkeypatch, apart, state):
    held_clock.release()
    monkeypatch.setattr(clock, "system", lambda: datetime.now(UTC) + timedelta(seconds=apart))
    assert states()["clock"] == state


def test_without_a_trusted_clock_ages_are_the_databases(people, held_clock, monkeypatch):
    held_clock.release()
    everything_beats(datetime.now(UTC))
    monkeypatch.setattr(clock, "system", lambda: datetime.now(UTC) + timedelta(days=31))
    found = states()
    assert found["clock"] == "not_working"
    assert {found[name] for name in heartbeats.SWEEPS} == {"working"}


def test_a_reading_costs_seven_queries_however_much_there_is(
    people, start, django_assert_num_queries
):
    with django_assert_num_queries(7):
        health.facts(start)
    for _ in range(3):
        factories.filed(people, "basalt")
        break
    factories.filed(people)
    everything_beats(start)
    with django_assert_num_queries(7):
        health.facts(start + timedelta(days=31))


def test_the_page_says_each_state_in_words_with_the_remedy(
    people, client, start, move_clock, settings
):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    factories.filed(people)
    everything_beats(start)
    move_clock(start + 4 * MINUTE)
    client.force_login(people.administrator)
    html = client.get("/health/").content.decode()
    for part in health.parts(health.facts(start + 4 * MINUTE), broker=False):
        assert escape(part.name) in html
        assert escape(part.words) in html
        assert escape(part.remedy) in html
        assert part.state.label in html
    assert "6 parts not working" in html  # three sweeps, beat, workers, and the broker
    assert "Oct. 20, 2026, 11:00 a.m. EDT" in html


def test_an_absent_broker_does_not_fail_the_page(people, client, start, settings):
    everything_beats(start)
    client.force_login(people.administrator)
    for address in ("redis://127.0.0.1:1/0", "redis://", "nonsense", "redis://:x@127.0.0.1:1/z"):
        settings.REDIS_URL = address
        response = client.get("/health/")
        assert response.status_code == 200
        assert "Pages and records are unharmed" in response.content.decode()


def test_the_page_names_no_lab_and_no_submission(people, client):
    submission = factories.filed(people)
    Notice.objects.update(dead_at=submission.opens_at)
    client.force_login(people.administrator)
    html = client.get("/health/").content.decode()
    for told in (submission.reference, "Northlight", "Basalt", submission.model_version.family):
        assert told not in html


def test_the_command_says_it_and_its_exit_code_does(people, start, capsys):
    with pytest.raises(SystemExit) as stop:
        call_command("check_health")
    assert stop.value.code == 3  # a failure of the command itself is 1
    out = capsys.readouterr().out
    assert "Not working     Beat, which gives the signal: It has never run." in out


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (-5, "0 seconds"),
        (1, "1 second"),
        (59, "59 seconds"),
        (60, "1 minute"),
        (7199, "119 minutes"),
        (7200, "2 hours"),
        (172800, "2 days"),
    ],
)
def test_lengths_of_time(length, words):
    assert amounts.span(timedelta(seconds=length)) == words


def test_counts_say_where_they_end():
    assert [amounts.count(n, "end") for n in (1, 2, 1000)] == [
        "1 end",
        "2 ends",
        "1,000 or more ends",
    ]
