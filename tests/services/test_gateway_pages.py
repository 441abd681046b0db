"""The pages of gateways: the lab's own, what others see, and the two addresses for machines."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEvent
from reviews.models import Gateway, GatewaySignal, Notice
from reviews.models.grant_states import Side
from reviews.models.notice import NoticeKind
from reviews.services import access, gateways, receivers, signal_delivery, signing, suspensions
from tests import factories
from tests.gateways import URL, Door, added, opened
from tests.services.grant_pages import body

HOUR = timedelta(hours=1)
LIST, ADD = "/gateways/", "/gateways/new/"


@pytest.fixture
def gateway(people, start):
    return added(people, start)[0]


@pytest.fixture
def grant(people, gateway):
    return factories.grant(factories.filed(people), people)


def page(gateway, verb=""):
    return f"{LIST}{gateway.key}/{verb}/" if verb else f"{LIST}{gateway.key}/"


def file(text, name="state.csv"):
    return {"upload": factories.upload(name, text.encode())}


def line(grant, state, at):
    return f"grant,state,as_of\n{grant.key},{state},{at.isoformat()}\n"


class TestAdding:
    def test_the_secret_address_is_shown_once_and_leads_to_the_grants(self, act, people, client):
        grant = factories.grant(factories.filed(people), people)
        answer = act("northlight_liaison", "post", ADD, {"name": "Main", "url": URL})
        assert answer.status_code == 200
        (path,) = re.findall(r">http://127.0.0.1:8000(/gateways/current/[^<]+)<", body(answer))
        gateway = Gateway.objects.get()
        assert gateway.token_sha256 == factories.sha256(path[18:-4])
        again = body(act("northlight_liaison", "get", page(gateway)))
        assert path not in again
        assert path[18:-4] not in again
        client.logout()
        listed = client.get(path)
        assert listed.headers["Content-Type"] == "application/jose"
        assert [one["grant"] for one in opened(listed.content.decode())["grants"]] == [
            str(grant.key)
        ]
        assert AuditEvent.objects.filter(action="gateway.added").count() == 1

    @pytest.mark.parametrize(
        "url",
        [
            *("http://gateway.example/", "gateway.example", "https://", "ftp://gateway.example/"),
            *("https://u:p@gateway.example/", "https://gateway.example/#x", "https://a b.example/"),
            *("https://localhost/", "https://gateway/", "https://x.internal/", "https://[::1/"),
            *("https://127.0.0.1/", "https://10.1.2.3/", "https://169.254.169.254/latest/"),
            *("https://[::1]/", "https://[fd00::1]/", "https://[::ffff:10.0.0.1]/"),
            *("https://[64:ff9b::a00:1]/", "https://224.0.0.1/", "https://0.0.0.0/"),
            *("https://gateway.example:99999/", "https://gätéway.example/"),
        ],
    )
    def test_an_address_that_may_not_be_told_is_refused(self, act, people, url):
        answer = act("northlight_liaison", "post", ADD, {"name": "Main", "url": url})
        assert answer.status_code == 422
        assert not Gateway.objects.exists()

    def test_a_lab_has_at_most_five(self, act, people, start):
        for _ in range(gateways.MOST):
            added(people, start)
        added(people, start, "basalt")
        answer = act("northlight_liaison", "post", ADD, {"name": "Main", "url": URL})
        assert answer.status_code == 409
        assert "Revoke one before" in body(answer)
        gateways.revoke(
            Gateway.objects.filter(lab__code="northlight")[0],
            by=people.northlight_liaison,
            at=start,
        )
        answer = act("northlight_liaison", "post", ADD, {"name": "Main", "url": URL})
        assert answer.status_code == 200

    @pytest.mark.parametrize("who", ["nsa_lead", "administrator", "auditor", "superuser"])
    def test_nobody_else_adds_one(self, act, people, who):
        assert act(who, "get", ADD).status_code == 404
        assert act(who, "post", ADD, {"name": "Main", "url": URL}).status_code == 404
        assert AuditEvent.objects.filter(action="refused.gateway-add").count() == 2


class TestCurrentGrants:
    def test_it_is_the_clocks_word_at_every_asking(self, people, start, client, move_clock):
        gateway, token = added(people, start)
        submission = factories.filed(people)
        live = factories.grant(submission, people, ends_at=start + 2 * HOUR)
        factories.grant(submission, people, state="suspended")
        factories.grant(submission, people, state="consented")
        factories.grant(factories.filed(people, "basalt"), people, lab="basalt")

        def listed(at):
            move_clock(at)
            payload = opened(client.get(f"/gateways/current/{token}.jws").content.decode())
            assert payload["iat"] == at.timestamp()
            assert payload["exp"] == payload["iat"] + 300
            assert payload["aud"] == str(gateway.key)
            return [(one["grant"], one["state"]) for one in payload["grants"]]

        assert listed(start) == [(str(live.key), "active")]
        assert listed(start + 2 * HOUR - timedelta(seconds=1)) == [(str(live.key), "active")]
        assert listed(start + 2 * HOUR) == []

    def test_a_revocation_counts_at_once(self, people, start, client):
        _, token = added(people, start)
        grant = factories.grant(factories.filed(people), people)
        access.revoke(grant, reason="", by=people.administrator, at=start)
        payload = opened(client.get(f"/gateways/current/{token}.jws").content.decode())
        assert payload["grants"] == []

    def test_a_read_is_on_record_once_an_hour(self, people, start, client, move_clock):
        gateway, token = added(people, start)
        for minutes in (0, 1, 59, 60, 61):
            move_clock(start + minutes * HOUR / 60)
            assert client.get(f"/gateways/current/{token}.jws").status_code == 200
        assert AuditEvent.objects.filter(action="gateway.read").count() == 2
        gateway.refresh_from_db()
        assert gateway.last_read_at == start + HOUR

    def test_a_revoked_and_an_unknown_address_answer_alike(self, people, start, client):
        gateway, token = added(people, start)
        gateways.revoke(gateway, by=people.northlight_liaison, at=start)
        revoked = client.get(f"/gateways/current/{token}.jws")
        unknown = client.get(f"/gateways/current/{token[::-1]}.jws")
        assert (revoked.status_code, unknown.status_code) == (404, 404)
        assert revoked.content == unknown.content
        assert dict(revoked.headers) == dict(unknown.headers)

    def test_it_costs_the_same_for_many(self, people, start, client, settings):
        settings.GRANTS_PER_PERSON = 100
        _, token = added(people, start)
        submission, counts = factories.filed(people), []
        client.get(f"/gateways/current/{token}.jws")
        for number in (1, 20):
            for _ in range(number):
                factories.grant(submission, people, users=[people.recused])
            with CaptureQueriesContext(connection) as asked:
                client.get(f"/gateways/current/{token}.jws")
            counts.append(len(asked))
        assert counts[0] == counts[1]

    def test_the_public_keys_are_public(self, client, db):
        answer = client.get("/.well-known/jwks.json")
        assert answer.json() == signing.public_keys()
        assert answer.headers["Cache-Control"] == "public, max-age=300"
        assert "d" not in answer.json()["keys"][0]
        assert not answer.cookies


class TestLog:
    def test_it_says_what_was_taken_what_waits_and_what_was_given_up(
        self, act, people, start, gateway, grant, monkeypatch, move_clock
    ):
        door = Door(monkeypatch)
        assert "Waits since" in body(act("northlight_liaison", "get", page(gateway)))
        door.failure = receivers.NotTaken("The receiver answered 500.")
        signal_delivery.deliver_signals()
        shown = body(act("northlight_liaison", "get", page(gateway)))
        assert "The receiver answered 500." in shown
        assert "next attempt" in shown
        assert "Send again what was given up" not in shown
        door.failure = receivers.Gone("The receiver answered 410: it is gone.")
        move_clock(start + HOUR)
        signal_delivery.deliver_signals()
        assert "Send again what was given up" in body(
            act("northlight_liaison", "get", page(gateway))
        )
        assert "Messages were given up" in body(act("northlight_liaison", "get", LIST))
        door.failure = None
        answer = act("northlight_liaison", "post", page(gateway, "again"))
        assert answer.status_code == 302
        signal_delivery.deliver_signals()
        assert "Taken" in body(act("northlight_liaison", "get", page(gateway)))
        assert "No message failed" in body(act("northlight_liaison", "get", LIST))

    @pytest.mark.parametrize("who", ["administrator", "auditor"])
    def test_others_read_it_and_change_nothing(self, act, people, gateway, grant, who):
        shown = body(act(who, "get", page(gateway)))
        assert grant.submission.reference in shown
        assert URL not in shown
        assert (f'href="/access/{grant.key}/"' in shown) is (who == "administrator")
        for verb in ("revoke", "again", "compare"):
            assert act(who, "post", page(gateway, verb)).status_code == 403
        assert "Add a gateway" not in body(act(who, "get", LIST))

    def test_another_lab_sees_nothing_of_it(self, act, people, gateway, grant):
        assert "There is no gateway." in body(act("basalt_liaison", "get", LIST))
        for verb in ("", "revoke", "compare"):
            assert act("basalt_liaison", "get", page(gateway, verb)).status_code == 404

    def test_a_page_of_many_costs_what_one_of_few_does(
        self, act, people, gateway, client, settings
    ):
        settings.GRANTS_PER_PERSON = 100
        submission, counts = factories.filed(people), []
        for number in (1, 60):
            for _ in range(number):
                factories.grant(submission, people, ends_at=submission.closes_at)
            for path in (page(gateway), LIST):
                act("northlight_liaison", "get", path)
                with CaptureQueriesContext(connection) as asked:
                    answer = client.get(path)
                assert answer.status_code == 200
                counts.append(len(asked))
        assert counts[:2] == counts[2:]
        first = client.get(page(gateway))
        (following,) = re.findall(r'href="(\?after=[^"]+)"', body(first))
        second = client.get(page(gateway) + following.replace("&amp;", "&"))
        found = [len(re.findall("Activate", body(answer))) for answer in (first, second)]
        assert found == [50, 11]

    def test_revoking_asks_first_and_happens_once(self, act, people, gateway):
        assert act("northlight_admin", "get", page(gateway, "revoke")).status_code == 200
        assert act("northlight_admin", "post", page(gateway, "revoke")).status_code == 302
        assert act("northlight_admin", "post", page(gateway, "revoke")).status_code == 409
        assert AuditEvent.objects.filter(action="gateway.revoked").count() == 1
        assert "Revoke the gateway" not in body(act("northlight_admin", "get", page(gateway)))


class TestComparing:
    def compare(self, act, gateway, text, name="state.csv", who="northlight_liaison"):
        return act(who, "post", page(gateway, "compare"), file(text, name))

    def test_what_agrees_is_said_to_agree(self, act, people, start, gateway, grant):
        answer = self.compare(act, gateway, line(grant, "active", start))
        assert answer.status_code == 302
        shown = body(act("northlight_liaison", "get", answer.url))
        assert "The gateway enforces what Foreview has on record." in shown
        assert not Notice.objects.filter(kind=NoticeKind.GATEWAY_DIFFERS).exists()

    def test_who_is_let_in_after_the_end_is_found_and_told(
        self, act, people, start, gateway, grant, move_clock
    ):
        move_clock(start + HOUR)
        access.revoke(grant, reason="", by=people.administrator, at=start + HOUR)
        move_clock(start + 2 * HOUR)
        before = self.compare(act, gateway, line(grant, "active", start + HOUR / 2))
        assert "No difference" not in body(act("northlight_liaison", "get", before.url))
        assert not Notice.objects.filter(kind=NoticeKind.GATEWAY_DIFFERS).exists()
        after = self.compare(act, gateway, line(grant, "active", start + HOUR))
        for who in ("northlight_liaison", "administrator", "auditor"):
            shown = " ".join(body(act(who, "get", after.url)).split())
            assert "1 grant, 1 difference" in shown
            assert "<strong>Active</strong>" in shown
            assert "Ended" in shown
        told = Notice.objects.filter(kind=NoticeKind.GATEWAY_DIFFERS)
        assert {notice.recipient for notice in told} == {
            *(people.northlight_liaison, people.northlight_admin),
            *(people.administrator, people.second_administrator),
        }
        event = AuditEvent.objects.filter(action="gateway.attested").latest("sequence")
        assert event.details["mismatches"] == 1
        count = told.count()
        self.compare(act, gateway, line(grant, "active", start + HOUR))
        assert told.count() == count  # one mail a day, however often it is uploaded

    def test_a_revoked_gateway_is_compared_with_nothing(self, act, people, start, gateway, grant):
        gateways.revoke(gateway, by=people.northlight_liaison, at=start)
        answer = self.compare(act, gateway, line(grant, "active", start))
        assert answer.status_code == 409
        assert "This gateway is revoked" in body(answer)
        assert not gateway.comparisons.exists()

    def test_a_live_grant_that_is_left_out_is_found(self, act, people, start, gateway, grant):
        second = factories.grant(grant.submission, people)
        answer = self.compare(act, gateway, line(grant, "active", start))
        row = gateway.comparisons.get()
        assert [(one["grant"], one["lab"]) for one in row.mismatches] == [
            (str(second.key), "not_listed")
        ]
        assert "Not in the file" in body(act("northlight_liaison", "get", answer.url))

    def test_a_suspension_that_was_lifted_since_hides_nothing_that_is_left_out(
        self, act, people, start, gateway, grant, move_clock
    ):
        second, lab = factories.grant(grant.submission, people), people.northlight_liaison
        by = {"side": Side.LAB, "by": lab}
        move_clock(start + 2 * HOUR)
        suspensions.suspend(second, reason="", at=start + 2 * HOUR, **by)
        move_clock(start + 3 * HOUR)
        suspensions.resume(second, at=start + 3 * HOUR, **by)
        self.compare(act, gateway, line(grant, "active", start + HOUR))
        assert [one["grant"] for one in gateway.comparisons.get().mismatches] == [str(second.key)]

    def test_a_table_of_thousands_of_columns_is_refused_by_its_head(self, act, people, gateway):
        wide = ",".join(f"c{number}" for number in range(200_000))
        answer = self.compare(act, gateway, wide + "\n" + "x\n" * 100_000)
        assert answer.status_code == 422
        assert "more than 20 columns" in body(answer)

    def test_another_labs_grant_is_as_unknown_as_none(self, act, people, start, gateway):
        other = factories.grant(factories.filed(people, "basalt"), people, lab="basalt")
        answer = self.compare(act, gateway, line(other, "active", start))
        shown = body(act("northlight_liaison", "get", answer.url))
        assert "No such grant of this lab" in shown
        assert other.submission.reference not in shown

    def test_json_says_the_same(self, act, people, start, gateway, grant):
        text = f'[{{"grant": "{grant.key}", "state": "suspended", "as_of": "{start.isoformat()}"}}]'
        answer = self.compare(act, gateway, text, "state.json")
        assert gateway.comparisons.get().differing == 1
        assert answer.status_code == 302

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("state.csv", ""),
            ("state.csv", "grant,state,as_of\n"),
            ("state.csv", "grant,state\nx,active\n"),
            ("state.csv", "grant,state,as_of\nnot-a-key,active,2026-10-20T15:00:00Z\n"),
            ("state.csv", "grant,state,as_of\n{key},asleep,2026-10-20T15:00:00Z\n"),
            ("state.csv", "grant,state,as_of\n{key},not_begun,2026-10-20T15:00:00Z\n"),
            ("state.csv", "grant,state,as_of\n{key},active,2026-10-20T15:00:00\n"),
            ("state.csv", "grant,state,as_of\n{key},active,2026-10-20T15:00:01Z\n"),
            ("state.csv", "grant,state,as_of\n" + "{key},active,2026-10-20T15:00:00Z\n" * 2),
            ("state.csv", 'grant,state,as_of\n"{key},active'),
            ("state.csv", "\x00"),
            ("state.json", "{{}}"),
            ("state.json", "[1]"),
            ("state.json", "[" * 100_000),
            ("state.json", '[{{"grant": 1, "state": 2, "as_of": 3}}]'),
        ],
    )
    def test_a_file_that_cannot_be_compared_is_refused(
        self, act, people, gateway, grant, name, text
    ):
        answer = self.compare(act, gateway, text.format(key=grant.key), name)
        assert answer.status_code == 422
        assert not gateway.comparisons.exists()

    def test_a_large_file_is_refused(self, act, people, gateway):
        answer = self.compare(act, gateway, "x" * (2 * 1024 * 1024 + 1))
        assert answer.status_code == 413
        assert "larger than 2 MB" in body(answer)

    def test_no_file_is_asked_for_again(self, act, people, gateway):
        answer = act("northlight_liaison", "post", page(gateway, "compare"), {})
        assert answer.status_code == 422

    def test_a_comparison_of_another_gateway_is_not_found_here(
        self, act, people, start, gateway, grant
    ):
        answer = self.compare(act, gateway, line(grant, "active", start))
        other = added(people, start)[0]
        moved = answer.url.replace(str(gateway.key), str(other.key))
        assert act("northlight_liaison", "get", moved).status_code == 404


def test_the_notices_lead_to_the_grant(act, people, start, gateway, grant, monkeypatch):
    door = Door(monkeypatch)
    door.failure = receivers.Gone("The receiver answered 410: it is gone.")
    signal_delivery.deliver_signals()
    assert GatewaySignal.objects.dead().count() == 1
    for who in ("northlight_liaison", "administrator"):
        notice = Notice.objects.get(
            kind=NoticeKind.GATEWAY_UNREACHED, recipient=getattr(people, who)
        )
        answer = act(who, "get", f"/notices/{notice.reference}/")
        assert answer.url == f"/access/{grant.key}/"
        assert "does not take what it is told" in body(act(who, "get", "/notices/"))
