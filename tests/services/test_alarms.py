"""Operators hear of each cause once, and once that it is over, whoever notices it first."""

import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import InterfaceError, OperationalError, connection

from reviews.models import Heartbeat
from reviews.services import alarms, health, heartbeats
from reviews.services.health import Part, State
from tests import factories

MINUTE = timedelta(minutes=1)
OPERATORS = ["operator@demo.example", "second-operator@demo.example"]


@pytest.fixture(autouse=True)
def operators(settings, tmp_path):
    settings.OPERATOR_EMAILS = OPERATORS
    settings.VAR_DIR = tmp_path


def beating(at, *, but=()):
    for name in (*heartbeats.SWEEPS, heartbeats.BEAT, "worker:clock@one"):
        if name not in but:
            heartbeats.beat(name, at=at)


def test_a_cause_is_told_once_and_its_end_once(people, start, move_clock):
    beating(start)
    alarms.watch()
    assert mail.outbox == []
    for minute in range(4, 9):
        move_clock(start + minute * MINUTE)
        beating(start + minute * MINUTE, but=("beat",))
        alarms.watch()
    (told,) = mail.outbox
    assert told.subject == "Foreview: not working: Beat, which gives the signal"
    assert told.to == OPERATORS
    assert told.extra_headers["Auto-Submitted"] == "auto-generated"
    assert "October 20, 2026, 3:04 p.m. UTC" in told.body
    for minute in (9, 10):
        move_clock(start + minute * MINUTE)
        beating(start + minute * MINUTE)
        alarms.watch()
    assert [message.subject.split(": ")[1] for message in mail.outbox] == [
        "not working",
        "working again",
    ]
    move_clock(start + 30 * MINUTE)
    alarms.watch()
    assert len(mail.outbox) == 3  # a new cause, and told as such


def test_several_causes_at_once_are_one_mail(people, start):
    alarms.watch()
    (told,) = mail.outbox
    for words in ("Recording of ends", "Reminders", "Sending of mail", "Beat", "Workers"):
        assert f"Not working: {words}" in told.body


def test_every_cause_of_the_list_alarms(people, start, move_clock):
    submission = factories.filed(people)
    beating(start)
    at = submission.closes_at + 6 * MINUTE
    move_clock(at)
    wrong = {part.code for part in health.parts(health.facts()) if part.is_wrong}
    assert wrong == {*heartbeats.SWEEPS, "beat", "workers", "ends", "mail"}


def test_no_lab_or_content_is_in_an_alarm(people, start, move_clock):
    submission = factories.filed(people)
    move_clock(submission.closes_at + 6 * MINUTE)
    alarms.watch()
    (told,) = mail.outbox
    for secret in (submission.reference, "orthlight", submission.model_version.family):
        assert secret not in told.subject + told.body


class Refusing:
    """A mail backend whose server takes no connection."""

    def __init__(self, *args, **kwargs):
        pass

    def send_messages(self, messages):
        raise ConnectionRefusedError(111, "Connection refused")


def test_what_could_not_be_told_is_told_later(people, start, move_clock, settings):
    working = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = f"{__name__}.Refusing"
    alarms.watch()
    alarms.watch()
    settings.EMAIL_BACKEND = working
    move_clock(start + MINUTE)
    alarms.watch()
    assert mail.outbox == []  # another process might be sending it
    move_clock(start + 2 * MINUTE)
    alarms.watch()
    alarms.watch()
    assert len(mail.outbox) == 1


def test_an_end_that_could_not_be_told_is_told_later(people, start, move_clock, settings):
    alarms.watch()
    working = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = f"{__name__}.Refusing"
    beating(start)
    alarms.watch()
    settings.EMAIL_BACKEND = working
    move_clock(start + 2 * MINUTE)
    beating(start + 2 * MINUTE)
    alarms.watch()
    alarms.watch()
    assert [message.subject.split(": ")[1] for message in mail.outbox] == [
        "not working",
        "working again",
    ]
    assert not Heartbeat.objects.filter(name__startswith=alarms.CAUSE).exists()


def test_what_was_never_told_needs_no_end(people, start, move_clock, settings):
    working = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = f"{__name__}.Refusing"
    alarms.watch()
    settings.EMAIL_BACKEND = working
    move_clock(start + 2 * MINUTE)
    beating(start + 2 * MINUTE)
    alarms.watch()
    assert mail.outbox == []
    assert not Heartbeat.objects.filter(name__startswith=alarms.CAUSE).exists()


def test_many_processes_that_notice_it_send_one_mail(committed_people, start, move_clock):
    def at_once():
        barrier, failures = threading.Barrier(6), []

        def look():
            try:
                barrier.wait()
                alarms.watch()
            except Exception as failure:
                failures.append(failure)
            finally:
                connection.close()

        threads = [threading.Thread(target=look) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []

    at_once()
    assert sum("Not working: Workers" in message.body for message in mail.outbox) == 1
    mail.outbox.clear()
    beating(start)
    at_once()
    assert sum("Working again: Workers" in message.body for message in mail.outbox) == 1


def test_another_machine_with_a_right_clock_does_not_call_off_the_alarm(people, start, monkeypatch):
    def look(machine, ahead):
        monkeypatch.setattr("socket.gethostname", lambda: machine)
        found = replace(health.facts(start), clock_ahead=ahead)
        alarms.tell(health.parts(found), at=start)

    beating(start)
    for _ in range(3):
        look("one", 6 * MINUTE)
        look("two", 0 * MINUTE)
    look("one", 0 * MINUTE)
    assert [message.subject for message in mail.outbox] == [
        "Foreview: not working: Clock",
        "Foreview: working again: Clock",
    ]
    assert "seen from one:" in mail.outbox[0].body


def test_without_operators_nothing_is_mailed_and_the_log_says_it(people, settings, caplog):
    settings.OPERATOR_EMAILS = []
    alarms.watch()
    alarms.watch()
    assert mail.outbox == []
    critical = [r.getMessage() for r in caplog.records if r.levelname == "CRITICAL"]
    assert len(critical) == len(set(critical)) == 9


def test_the_command_alarms_only_when_told_to(people):
    for options, mails in (([], 0), (["--alarm"], 1), (["--alarm"], 1)):
        with pytest.raises(SystemExit):
            call_command("check_health", *options)
        assert len(mail.outbox) == mails


@pytest.mark.parametrize("failure", [OperationalError, InterfaceError])
def test_a_database_that_fails_in_any_way_is_told(db, failure):
    def down(execute, sql, params, many, context):
        raise failure

    with connection.execute_wrapper(down), pytest.raises(SystemExit) as left:
        call_command("check_health", "--alarm")
    assert left.value.code == 3
    assert [message.subject for message in mail.outbox] == ["Foreview: not working: Database"]


def test_its_timer_takes_only_that_answer_for_success(settings):
    unit = Path(settings.BASE_DIR, "deploy", "systemd", "foreview-health.service").read_text()
    assert "\nSuccessExitStatus=3\n" in unit


def test_an_unreachable_database_is_told_once_from_a_file(tmp_path):
    part = alarms.unreachable(OperationalError("connection refused to 10.0.0.1"))
    assert part == Part("database", part.name, State.NOT_WORKING, part.words, part.remedy)
    assert "10.0.0.1" not in part.words
    for _ in range(3):
        alarms.tell_outside(part)
    for _ in range(3):
        alarms.tell_outside(None)
    assert [message.subject for message in mail.outbox] == [
        "Foreview: not working: Database",
        "Foreview: working again: Database",
    ]
    assert not (Path(tmp_path) / "alarm-database").exists()
