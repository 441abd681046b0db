"""The receiver of the documentation: what it must refuse, and what changes nothing."""

import json
from pathlib import Path

import pytest

from reviews.models import Gateway
from reviews.services import signing
from tests.gateways import receiver, reference

KEY = "11111111-1111-4111-8111-111111111111"
MINE = Gateway(key="22222222-2222-4222-8222-222222222222")


def message(start, name, sequence, state="active", gateway=MINE):
    data = {"gateway": str(gateway.key), "grant": KEY, "sequence": sequence, "state": state}
    data["users"] = {}
    return signing.webhook(name, {"data": data}, at=start)


@pytest.fixture
def now(start):
    return start.timestamp()


def state(at_lab):
    ((facts,),) = at_lab.db.execute("SELECT facts FROM grants")
    return json.loads(facts)["state"]


def test_a_signature_of_somebody_else_is_refused(start, now, settings):
    at_lab = receiver(MINE)
    settings.GATEWAY_SIGNING_KEYS = ["B" * 43 + "="]
    with pytest.raises(ValueError, match="signature"):
        at_lab.take(*message(start, "msg_1", 1), now)


@pytest.mark.parametrize("change", ["webhook-id", "webhook-timestamp", "body", "scheme", "none"])
def test_whatever_was_changed_on_the_way_is_refused(start, now, change):
    headers, body = message(start, "msg_1", 1)
    if change == "body":
        body = body.replace(b"active", b"acting")
    elif change == "scheme":
        headers["webhook-signature"] = headers["webhook-signature"].replace("v1a,", "v1,")
    elif change == "none":
        headers["webhook-signature"] = ""
    else:
        headers[change] = {"webhook-id": "msg_2"}.get(change, str(int(now) + 1))
    with pytest.raises(ValueError, match="signature"):
        receiver(MINE).take(headers, body, now)


def test_what_is_meant_for_another_gateway_is_refused_and_not_remembered(start, now):
    other, at_lab = Gateway(), receiver(MINE)
    with pytest.raises(ValueError, match="another gateway"):
        at_lab.take(*message(start, "msg_1", 1, gateway=other), now)
    assert at_lab.take(*message(start, "msg_1", 1), now)


@pytest.mark.parametrize("seconds", [-301, 301])
def test_an_old_message_and_one_from_the_future_are_refused(start, now, seconds):
    with pytest.raises(ValueError, match="timestamp"):
        receiver(MINE).take(*message(start, "msg_1", 1), now + seconds)


def test_five_minutes_are_taken(start, now):
    assert receiver(MINE).take(*message(start, "msg_1", 1), now + 300)


def test_a_replay_changes_nothing(start, now):
    at_lab = receiver(MINE)
    sent = message(start, "msg_1", 1)
    assert [at_lab.take(*sent, now) for _ in range(3)] == [True, False, False]


def test_an_older_state_never_wins(start, now):
    at_lab = receiver(MINE)
    assert at_lab.take(*message(start, "msg_3", 3, "ended"), now)
    assert not at_lab.take(*message(start, "msg_2", 2), now)
    assert state(at_lab) == "ended"
    assert at_lab.take(*message(start, "msg_4", 4, "later"), now)
    assert state(at_lab) == "later"


def test_what_it_knows_outlives_it(start, now, tmp_path):
    path = tmp_path / "state.sqlite3"
    sent = message(start, "msg_1", 1)
    assert receiver(MINE, path).take(*sent, now)
    assert not receiver(MINE, path).take(*sent, now)


def test_it_is_short():
    assert len(Path(reference.__file__).read_text().splitlines()) < 90


def test_nobody_is_let_in_whom_nothing_names(start):
    assert not receiver(MINE).lets_in(KEY, "reviewer@agency.example", start)
