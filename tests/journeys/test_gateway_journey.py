"""A lab's gateway by keyboard: added, told, compared, revoked; its list read by a machine."""

from datetime import timedelta

import pytest

from reviews.models import GatewaySignal
from reviews.services import access, receivers, signal_delivery
from tests import factories
from tests.gateways import URL, Door, opened
from tests.journeys.conftest import violations

pytestmark = [pytest.mark.browser, pytest.mark.postgresql]


def test_a_lab_adds_a_gateway_and_finds_where_it_differs(
    committed_people, someone, browser, server, start, move_clock, monkeypatch, tmp_path
):
    people, door = committed_people, Door(monkeypatch)
    grant = factories.grant(factories.filed(people, family="Aurora", version="4"), people)
    liaison = someone()
    liaison.sign_in(people.northlight_liaison, people.password)
    liaison.follow("Access")
    liaison.follow("Gateways")
    liaison.sees("There is no gateway.")
    assert violations(liaison.page) == []
    liaison.follow("Add a gateway")
    liaison.write(name="Main", url="https://10.0.0.1/")
    liaison.press("Add the gateway")
    liaison.sees("The address must be public.")
    assert violations(liaison.page) == []
    liaison.write(url=URL)
    liaison.press("Add the gateway")
    liaison.sees("It is shown once.")
    assert violations(liaison.page) == []
    shown = liaison.page.locator("dt:has-text('Secret address') + dd").inner_text()
    path = "/gateways/current/" + shown.split("/gateways/current/")[1]
    stranger = browser.new_context()
    answer = stranger.request.get(server + path)
    assert [one["grant"] for one in opened(answer.text())["grants"]] == [str(grant.key)]
    assert stranger.cookies() == []
    later = start + timedelta(hours=1)
    move_clock(later)
    access.revoke(grant, reason="", by=people.administrator, at=later)
    assert GatewaySignal.objects.count() == 0  # of what ended before it was told, nothing is told
    second = factories.grant(grant.submission, people)
    door.failure = receivers.Gone("The receiver answered 410: it is gone.")
    signal_delivery.deliver_signals()
    liaison.follow("go to the gateway’s page")
    liaison.sees("The receiver answered 410: it is gone.")
    assert violations(liaison.page) == []
    door.failure = None
    liaison.press("Send again what was given up")
    liaison.sees("1 message will be sent again.")
    signal_delivery.deliver_signals()
    assert door.said() == [("grant.activate", 1, "active")]
    state = tmp_path / "state.csv"
    lines = [f"{one.key},active,{later.isoformat()}" for one in (grant, second)]
    state.write_text("\n".join(["grant,state,as_of", *lines, ""]))
    liaison.follow("Compare with what it enforces")
    assert violations(liaison.page) == []
    liaison.attach("upload", state)
    liaison.press("Compare")
    liaison.sees("2 grants, 1 difference")
    assert violations(liaison.page) == []
    liaison.follow("The gateway’s page")
    liaison.follow("Revoke the gateway")
    assert violations(liaison.page) == []
    liaison.press("Revoke the gateway")
    liaison.sees("This gateway is revoked.")
    assert violations(liaison.page) == []
    assert stranger.request.get(server + path).status == 404
    stranger.close()
