"""The dry run of the clock: it says what the real turn then does, and does nothing itself."""

import re
from collections import Counter
from datetime import UTC, timedelta
from io import StringIO

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command

from accounts import audit
from accounts.models import Absence
from reviews.exceptions import ClockDisagreement, RecordsBehind
from reviews.models import Notice, Submission
from reviews.models.notice import Delivery, Topic
from reviews.services import agency_reviews, notices, timekeeping
from tests import factories, gateways

DAY = timedelta(days=1)
END = timedelta(hours=720)


def dry_run(at=None):
    """What the dry run prints, by section: the title's words, its lines."""
    out = StringIO()
    options = {"at": at.isoformat()} if at else {}
    call_command("run_clock", dry_run=True, stdout=out, **options)
    sections, counts, title = {}, {}, ""
    for line in out.getvalue().splitlines()[1:]:
        if line.startswith("  "):
            sections[title].append(line.strip())
        else:
            title, number = line.rsplit(": ", 1)
            sections[title] = []
            counts[title] = int(number)
    assert counts == {title: len(lines) for title, lines in sections.items()}
    return list(sections.values())


def everything():
    """Every row of every table, as text."""
    models = [model for model in apps.get_models() if model._meta.managed]
    return {
        model._meta.label: sorted(repr(row) for row in model.objects.values_list())
        for model in models
    }


def utc(at):
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


@pytest.fixture
def busy(people, start, move_clock):
    """Windows that end, reminders that come due, choices, an absence, and mail already waiting."""
    ending = [factories.filed(people, family="Canaryfamily") for _ in range(2)]
    factories.grant(ending[0], people)
    factories.filed(people, "basalt", at=start + 7 * DAY)
    move_clock(start + 15 * DAY)
    running = factories.filed(people)
    factories.assigned(running, people)
    notices.choose(people.nsa_lead, Topic.REMINDERS, Delivery.MUTED)
    notices.choose(people.dod_lead, Topic.REMINDERS, Delivery.DIGEST)
    Absence.objects.create(
        person=people.caisi_lead,
        delegate=people.caisi_reviewer,
        starts_at=start + 20 * DAY,
        ends_at=start + 40 * DAY,
    )
    move_clock(start + 18 * DAY)
    notices.queue_reminders(at=start + 18 * DAY)
    agency_reviews.recuse(running, reason="", by=people.treasury_lead, at=start + 18 * DAY)
    return people


def test_the_real_turn_does_what_the_dry_run_said(busy, start, move_clock, smtp):
    at = start + END + timedelta(microseconds=3)
    recorded, sent, dropped, queued, _ = dry_run(at)
    assert smtp.messages == []
    last = Notice.objects.order_by("-pk").first().pk
    move_clock(at)
    call_command("run_clock")
    now_ended = Submission.objects.filter(status="expired")
    assert sorted(recorded) == sorted(
        f"{window.reference}  ended {utc(window.ended_at)}" for window in now_ended
    )
    assert len(recorded) == 2

    def names(lines):
        return Counter(re.match(r"(\S+)  (\S+)  due (\S+)", line).groups() for line in lines)

    def rows(**facts):
        found = Notice.objects.filter(**facts).select_related("recipient")
        return Counter((n.kind, n.recipient.email, utc(n.due_at)) for n in found)

    assert names(sent) == rows(sent_at__isnull=False)
    assert names(dropped) == rows(skipped_at__isnull=False)
    waiting = {"sent_at__isnull": True, "skipped_at__isnull": True, "pk__gt": last}
    assert names(queued) == rows(**waiting)
    assert len(sent) > 20
    assert dropped != []
    assert {line.split("  ")[3].split(" of ")[0] for line in sent} == {"at once", "in the digest"}
    assert {line.split("  ")[3].split(" of ")[0] for line in queued} == {"muted", "in the digest"}
    single = [message for message in smtp.messages if "of the day" not in message["Subject"]]
    assert Counter(str(message["To"]) for message in single) == Counter(
        line.split("  ")[1] for line in sent if line.endswith("at once")
    )


def test_nothing_is_touched(busy, start, smtp, document_store):
    factories.document(Submission.objects.order_by("pk").last(), busy)
    before, head = everything(), audit.high_water()[0]
    files = sorted(document_store.rglob("*"))
    dry_run(start + 50 * DAY)
    assert everything() == before
    assert audit.high_water()[0] == head
    assert sorted(document_store.rglob("*")) == files
    assert smtp.connections == 0


def test_reading_the_clock_for_it_advances_nothing(people, start, move_clock):
    move_clock(start + DAY)
    dry_run()
    assert audit.high_water()[0] == start


def test_it_names_no_lab_no_model_and_only_instants_with_zone(busy, start):
    out = StringIO()
    call_command("run_clock", dry_run=True, at=(start + END).isoformat(), stdout=out)
    text = out.getvalue()
    assert "Canaryfamily" not in text
    assert "Northlight" not in text
    assert re.findall(r"\d\d:\d\d:\d\d(?:\.\d+)?(?!Z)\b", text.replace("Z", "Z ")) == []
    assert f"One turn of the clock at {utc(start + END)}." in text


def test_without_an_instant_it_is_the_present_one(people, start, move_clock):
    factories.filed(people)
    move_clock(start + END - timedelta(microseconds=1))
    assert dry_run()[0] == []
    move_clock(start + END)
    assert len(dry_run()[0]) == 1


@pytest.mark.parametrize("dry", [True, False])
@pytest.mark.parametrize(
    "text",
    [
        *("tomorrow", "2026-12-01", "2026-12-01T15:00:00", "2026-13-01T00:00:00Z", "9999-12-31"),
        *("9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "2026-10-20T14:59:59Z", "\x00"),
    ],
)
def test_a_bad_or_past_instant_gets_a_message(people, text, dry):
    with pytest.raises(CommandError, match=r"^--at "):
        call_command("run_clock", dry_run=dry, at=text)


@pytest.mark.parametrize("refusal", [ClockDisagreement, RecordsBehind])
def test_while_nothing_can_be_decided_a_dry_run_says_why(people, monkeypatch, refusal):
    def now():
        raise refusal("Nothing can be decided.")

    monkeypatch.setattr(timekeeping, "now", now)
    with pytest.raises(CommandError, match="Nothing can be decided"):
        call_command("run_clock", dry_run=True)


def test_the_clock_is_not_the_operators_to_set(people, start, smtp):
    factories.filed(people)
    before = everything()
    with pytest.raises(CommandError, match="nobody sets the clock"):
        call_command("run_clock", at=(start + END).isoformat())
    assert everything() == before
    assert smtp.messages == []


def test_a_digest_waits_for_its_hour_in_words(people, start, move_clock):
    factories.filed(people)
    notices.choose(people.nsa_lead, Topic.REMINDERS, Delivery.DIGEST)
    _, _, _, queued, _ = dry_run(start + 23 * DAY)
    (line,) = [line for line in queued if people.nsa_lead.email in line and "ends_in_7" in line]
    assert line.endswith("in the digest of 2026-11-13, 2026-11-13T13:00:00Z")


def test_what_gateways_would_be_told_is_shown_and_told_by_the_real_turn(
    people, start, move_clock, smtp, monkeypatch
):
    gateways.added(people, start)
    grant = factories.grant(factories.filed(people), people, ends_at=start + DAY)
    door = gateways.Door(monkeypatch)
    *_, told = dry_run(start + 2 * DAY)
    assert told == [f"end  grant {grant.key}  happened 2026-10-21T15:00:00Z"]
    assert door.taken == []
    move_clock(start + 2 * DAY)
    call_command("run_clock")
    assert door.said() == [("grant.end", 2, "ended"), ("grant.activate", 1, "active")]
