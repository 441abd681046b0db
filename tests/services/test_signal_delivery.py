"""Signals are tried until their gateway has taken them; whoever must know of a failure does."""

import json
from datetime import timedelta

import pytest

from accounts.models import AuditEvent
from reviews.models import GatewaySignal, Notice
from reviews.models.notice import NoticeKind
from reviews.services import (
    access,
    gateways,
    health,
    receivers,
    signal_delivery,
    signing,
    timekeeping,
)
from reviews.services.outbox import GIVES_UP
from reviews.services.signal_delivery import (
    LEASE,
    LONGEST,
    SHARE,
    TOLD_AFTER,
    claim,
    deliver_signals,
)
from tests import factories
from tests.gateways import URL, Door, added, receiver

MINUTE = timedelta(minutes=1)
UNREACHED = receivers.Unreached("TimeoutError: timed out")


@pytest.fixture
def door(monkeypatch):
    return Door(monkeypatch)


@pytest.fixture
def gateway(people, start):
    return added(people, start)[0]


@pytest.fixture
def grant(people, start, gateway):
    return factories.grant(factories.filed(people), people)


def counted(sent=0, deferred=0, dead=0):
    return {"sent": sent, "deferred": deferred, "dead": dead}


def told_of_failure():
    rows = Notice.objects.filter(kind=NoticeKind.GATEWAY_UNREACHED)
    return sorted(rows.values_list("recipient__email", flat=True))


def test_a_signal_leaves_once(people, start, grant, door):
    assert deliver_signals() == counted(sent=1)
    assert deliver_signals() == counted()
    signal = GatewaySignal.objects.get()
    assert (signal.sent_at, signal.claimed_until, signal.attempts) == (start, None, 1)
    ((url, headers, _),) = door.taken
    assert (url, headers["webhook-id"]) == (signal.gateway.url, f"msg_{signal.key.hex}")
    assert AuditEvent.objects.filter(action="signal.sent", object_reference=signal.key).count() == 1


def test_the_reference_receiver_takes_it_and_enforces_it(
    people, start, gateway, grant, door, move_clock
):
    deliver_signals()
    at_lab, (_, headers, body) = receiver(gateway), door.taken[0]
    now = start.timestamp()
    assert at_lab.take(headers, body, now)
    who = people.nsa_reviewer.email
    assert at_lab.lets_in(str(grant.key), who, start)
    assert not at_lab.lets_in(str(grant.key), people.dod_reviewer.email, start)
    assert not at_lab.lets_in(str(grant.key), who, grant.effective_end())
    move_clock(start + MINUTE)
    access.revoke(grant, reason="", by=people.administrator, at=start + MINUTE)
    deliver_signals()
    assert at_lab.take(*door.taken[1][1:], now + 60)
    assert not at_lab.lets_in(str(grant.key), who, start + MINUTE)


def test_a_retry_has_the_same_name_and_body_and_a_new_time(people, start, grant, door, move_clock):
    signal = GatewaySignal.objects.get()
    first, second = (signal_delivery.message(signal, at=start + n * MINUTE) for n in (0, 1))
    assert first[1] == second[1]
    assert first[0]["webhook-id"] == second[0]["webhook-id"]
    assert first[0]["webhook-signature"] != second[0]["webhook-signature"]
    body = json.loads(first[1])
    assert (body["type"], body["timestamp"]) == ("grant.activate", start.isoformat())
    assert body["data"]["sequence"] == 1


def test_each_wait_is_longer_up_to_the_longest(people, start, grant, door, move_clock):
    door.failure, at, waits = receivers.NotTaken("The receiver answered 500."), start, []
    for _ in range(12):
        move_clock(at)
        assert deliver_signals() == counted(deferred=1)
        signal = GatewaySignal.objects.get()
        waits.append(signal.next_attempt_at - at)
        move_clock(signal.next_attempt_at - timedelta(seconds=1))
        assert deliver_signals() == counted()
        at = signal.next_attempt_at
    assert all(timedelta(seconds=5 * 2**n) <= wait for n, wait in enumerate(waits[:5]))
    assert max(waits) <= LONGEST
    assert waits[-1] >= LONGEST / 2
    door.failure = None
    move_clock(at)
    assert deliver_signals() == counted(sent=1)
    assert GatewaySignal.objects.get().error == ""


def two_labs(people, start, monkeypatch, *, grants, of_first):
    """Whom messages are sent to, in order: ``grants`` of the first lab and one of another.

    ``of_first`` is what a message to the first lab's gateway meets.
    """
    added(people, start, "basalt", "https://basalt.example/")
    for _ in range(grants):
        factories.grant(factories.filed(people), people)
    factories.grant(factories.filed(people, "basalt"), people, lab="basalt")
    asked = []

    def post(url, headers, body):
        asked.append(url)
        if url == URL:
            of_first()

    monkeypatch.setattr("reviews.services.receivers.post", post)
    return asked


def test_a_silent_gateway_is_asked_once_a_turn_and_holds_up_no_other(
    people, start, gateway, monkeypatch
):
    def silent():
        raise UNREACHED

    asked = two_labs(people, start, monkeypatch, grants=3, of_first=silent)
    assert deliver_signals() == counted(sent=1, deferred=1)
    assert sorted(asked) == ["https://basalt.example/", URL]
    assert GatewaySignal.objects.filter(gateway=gateway, attempts=0).count() == 2


def test_a_message_that_is_refused_holds_up_no_other_of_its_gateway(people, start, gateway, door):
    for _ in range(3):
        factories.grant(factories.filed(people), people)
    door.failure = receivers.NotTaken("The receiver answered 400.")
    assert deliver_signals() == counted(deferred=3)


def test_a_lab_whose_gateways_answer_slowly_has_its_share_of_a_turn(
    people, start, gateway, monkeypatch, move_clock
):
    def slow():
        move_clock(timekeeping.now() + SHARE / 2)

    added(people, start)
    asked = two_labs(people, start, monkeypatch, grants=2, of_first=slow)
    assert deliver_signals() == counted(sent=5)
    assert [url == URL for url in asked] == [True, True, False, True, True]


def test_people_hear_of_a_silent_gateway_once(people, start, gateway, door, move_clock):
    for _ in range(2):
        factories.grant(factories.filed(people), people)
    door.failure = UNREACHED
    deliver_signals()
    assert told_of_failure() == []
    for minutes in (40, 50, 60):
        assert minutes * MINUTE > TOLD_AFTER
        move_clock(start + minutes * MINUTE)
        deliver_signals()
    lab_and_administrators = (
        *(people.northlight_liaison, people.northlight_admin),
        *(people.administrator, people.second_administrator),
    )
    assert told_of_failure() == sorted(person.email for person in lab_and_administrators)


def test_what_is_given_up_is_shown_and_sent_again(people, start, grant, door, move_clock):
    door.failure = UNREACHED
    deliver_signals()
    late = start + GIVES_UP + MINUTE
    move_clock(late)
    assert deliver_signals() == counted(dead=1)
    assert deliver_signals() == counted()
    assert AuditEvent.objects.filter(action="signal.dead").count() == 1
    assert told_of_failure()
    gateway = GatewaySignal.objects.get().gateway
    assert gateways.send_again(gateway, by=people.northlight_liaison, at=late) == 1
    assert gateways.send_again(gateway, by=people.northlight_liaison, at=late) == 0
    assert AuditEvent.objects.filter(action="signal.requeued").count() == 1
    door.failure = None
    assert deliver_signals() == counted(sent=1)


def test_a_receiver_that_is_gone_is_not_asked_again(people, start, grant, door):
    door.failure = receivers.Gone("The receiver answered 410: it is gone.")
    assert deliver_signals() == counted(dead=1)
    assert GatewaySignal.objects.get().error == "The receiver answered 410: it is gone."


def test_a_revoked_gateway_is_sent_nothing(people, start, grant, gateway, door):
    gateways.revoke(gateway, by=people.northlight_liaison, at=start)
    assert deliver_signals() == counted()
    assert door.taken == []


def test_what_one_worker_claimed_no_other_sends_until_the_lease_is_over(people, start, grant, door):
    assert claim(start) == GatewaySignal.objects.get()
    assert claim(start + LEASE - timedelta(seconds=1)) is None
    assert claim(start + LEASE) == GatewaySignal.objects.get()


def test_whose_claim_is_gone_writes_nothing(people, start, grant, monkeypatch, caplog):
    def post(url, headers, body):
        GatewaySignal.objects.update(claimed_until=start + 2 * LEASE)  # another worker's by now

    monkeypatch.setattr("reviews.services.receivers.post", post)
    deliver_signals()
    assert GatewaySignal.objects.get().sent_at is None
    assert "another worker had claimed it" in caplog.text
    assert not AuditEvent.objects.filter(action="signal.sent").exists()


def test_health_says_that_a_gateway_fails(people, start, grant, door, move_clock):
    def state():
        return {part.code: part.state for part in health.parts(health.facts())}["gateways"]

    assert state() == "working"
    door.failure = UNREACHED
    deliver_signals()
    assert state() == "working"
    move_clock(start + health.UNSENT_TOO_OLD)
    assert state() == "attention"
    move_clock(start + timedelta(hours=1))
    door.failure = None
    deliver_signals()
    assert state() == "working"


def test_after_rotation_a_receiver_with_either_key_goes_on(
    people, start, gateway, grant, door, settings
):
    old = signing.public_keys()
    added_key = "A" * 43 + "="
    settings.GATEWAY_SIGNING_KEYS = [added_key, *settings.GATEWAY_SIGNING_KEYS]
    deliver_signals()
    from tests.gateways import reference

    both = signing.public_keys()
    only_new = {"keys": both["keys"][:1]}
    assert [key["kid"] for key in both["keys"][1:]] == [key["kid"] for key in old["keys"]]
    for known in (old, only_new, both):
        at_lab = reference.Receiver(str(gateway.key), ":memory:", known)
        assert at_lab.take(*door.taken[0][1:], start.timestamp())


def test_a_signal_that_cannot_be_sent_at_all_stops_no_other(people, start, grant, door):
    door.failure = RuntimeError("nobody thought of it")
    assert deliver_signals() == counted(deferred=1)
    signal = GatewaySignal.objects.get()
    assert "nobody thought of it" in signal.error
    assert signal.next_attempt_at > start


def test_what_a_later_message_supersedes_leaves_after_it(
    people, start, gateway, grant, door, move_clock
):
    """A gateway that was away hears of the end first, so nobody is let in between the two."""
    door.failure = UNREACHED
    deliver_signals()
    move_clock(start + MINUTE)
    access.revoke(grant, reason="", by=people.administrator, at=start + MINUTE)
    door.failure = None
    move_clock(start + 10 * MINUTE)
    while deliver_signals()["sent"]:
        pass
    assert [(sequence, state) for _, sequence, state in door.said()] == [
        (2, "ended"),
        (1, "active"),
    ]
    at_lab = receiver(gateway)
    for _, headers, body in door.taken:
        at_lab.take(headers, body, (start + 10 * MINUTE).timestamp())
        assert not at_lab.lets_in(str(grant.key), people.nsa_reviewer.email, start + 2 * MINUTE)


def test_while_the_later_one_is_given_up_the_earlier_stays(people, start, grant, door, move_clock):
    access.revoke(grant, reason="", by=people.administrator, at=start)
    GatewaySignal.objects.filter(sequence=2).update(dead_at=start)
    assert deliver_signals() == counted()
    assert GatewaySignal.objects.get(sequence=1).sent_at is None
