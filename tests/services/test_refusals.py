"""Forms refused before their view runs: on record, without what was typed, which is kept."""

import logging

import pytest
from django.db import DatabaseError
from django.test import Client

from accounts import audit
from accounts.models import AuditEvent
from reviews.models import AccessGrant
from tests import factories
from tests.services.test_sign_in import SIGN_IN, credentials, hidden, token

pytestmark = pytest.mark.django_db
HERE = {"Origin": "http://testserver"}
SECRET = "Secret words"
OUTDATED = {"csrfmiddlewaretoken": "a" * 64}


def events(action):
    return list(AuditEvent.objects.filter(action=action))


def signed_in(people, who="nsa_lead"):
    """(a browser that checks tokens, as the portal's visitors have, the page it shows)."""
    browser = Client(enforce_csrf_checks=True)
    form = {"csrfmiddlewaretoken": token(browser.get(SIGN_IN))}
    assert browser.post(SIGN_IN, credentials(people, who) | form).status_code == 302
    return browser


@pytest.fixture
def grant(people):
    return factories.grant(factories.filed(people), people, state="requested")


@pytest.fixture
def decline(grant):
    return f"/access/{grant.key}/decline/"


class TestOnRecord:
    @pytest.mark.parametrize(
        "headers",
        [{}, HERE, {"Origin": f"https://{'x' * 500}.example"}, {"Referer": "https://x.example/"}],
    )
    def test_a_form_without_its_token(self, people, grant, decline, headers):
        browser = signed_in(people, "northlight_liaison")
        sent = browser.post(decline, OUTDATED | {"reason": SECRET}, headers=headers)
        assert sent.status_code == 403
        (event,) = events("refused.csrf")
        assert (event.actor, event.outcome) == (people.northlight_liaison.email, "refused")
        assert (event.source, event.object_type) == ("127.0.0.1", "grant")
        assert event.object_reference == str(grant.key)
        assert event.details == {}
        assert 0 < len(event.reason) < 60
        assert "example" not in event.reason
        assert not events("refused.signed_out")
        assert audit.verify() is None
        grant.refresh_from_db()
        assert grant.declined_at is None

    def test_one_of_somebody_not_signed_in(self, people, decline):
        Client(enforce_csrf_checks=True).post(decline, {"reason": SECRET})
        (event,) = events("refused.csrf")
        assert (event.actor, event.source) == ("anonymous", "127.0.0.1")
        assert not events("refused.signed_out")

    def test_a_form_sent_without_signing_in(self, people, client, grant, decline):
        assert client.post(decline, {"reason": SECRET, "x" * 300: "y" * 9000}).status_code == 401
        (event,) = events("refused.signed_out")
        assert (event.actor, event.source) == ("anonymous", "127.0.0.1")
        assert (event.object_type, event.object_reference) == ("grant", str(grant.key))
        assert (event.reason, event.details) == ("", {})

    def test_nothing_that_is_no_refusal(self, people, client, decline):
        before = AuditEvent.objects.count()
        client.get(decline)
        client.post("/sign-out/")
        client.post("/no/such/page/", {"reason": SECRET})
        assert AuditEvent.objects.count() == before

    def test_a_log_that_fails_is_an_alert_and_lets_nothing_through(
        self, people, grant, decline, monkeypatch, caplog
    ):
        browser = signed_in(people, "northlight_liaison")

        def full(*args, **kwargs):
            raise DatabaseError("disk full")

        monkeypatch.setattr(AuditEvent, "save", full)
        kept = browser.post(decline, OUTDATED | {"reason": SECRET}, headers=HERE)
        assert kept.status_code == 403
        assert hidden(kept, decline)["reason"] == [SECRET]
        assert Client().post(decline, {"reason": SECRET}).status_code == 401
        alerts = [row.getMessage() for row in caplog.records if row.levelno == logging.CRITICAL]
        assert alerts == [
            "refused.csrf could not be recorded in the audit log",
            "refused.signed_out could not be recorded in the audit log",
        ]
        grant.refresh_from_db()
        assert grant.declined_at is None


class TestKept:
    def test_what_was_typed_into_an_outdated_page_is_sent_again(self, people, grant, decline):
        browser = signed_in(people, "northlight_liaison")
        text = 'No "capacity" & <more>.\r\nSorry.'
        kept = browser.post(decline, OUTDATED | {"reason": text, "password": "x"}, headers=HERE)
        assert kept.status_code == 403
        page = kept.content.decode()
        assert "That page was out of date" in page
        assert "signed in as northlight liaison" in page
        fields = hidden(kept, decline)
        assert fields["reason"] == [text]
        assert set(fields) == {"csrfmiddlewaretoken", "reason"}
        assert browser.post(decline, fields, headers=HERE).status_code == 302
        assert AccessGrant.objects.get().declined_at is not None

    def test_a_file_is_named_as_lost(self, people):
        submission = factories.draft(people)
        address = f"/submissions/{submission.reference}/documents/new/"
        browser = signed_in(people, "northlight_liaison")
        typed = OUTDATED | {"title": "Card", "upload": factories.upload()}
        page = browser.post(address, typed, headers=HERE)
        assert page.status_code == 403
        assert "Files are not kept" in page.content.decode()
        assert hidden(page, address)["title"] == ["Card"]

    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"Origin": "null"},
            {"Origin": "https://testserver"},
            {"Origin": "http://testserver.example"},
            {"Origin": "http://testserver:8000"},
        ],
    )
    def test_nothing_from_elsewhere_is_handed_back(self, people, decline, headers):
        browser = signed_in(people, "northlight_liaison")
        response = browser.post(decline, OUTDATED | {"reason": SECRET}, headers=headers)
        assert response.status_code == 403
        page = response.content.decode()
        assert SECRET not in page
        assert "did not come from Foreview" in page
        assert f'action="{decline}"' not in page

    def test_somebody_not_signed_in_signs_in_first(self, people, decline):
        browser = Client(enforce_csrf_checks=True)
        response = browser.post(decline, OUTDATED | {"reason": SECRET}, headers=HERE)
        assert response.status_code == 401
        assert hidden(response, SIGN_IN)["kept:reason"] == [SECRET]
        assert len(events("refused.csrf")) == 1


class TestTwoWindows:
    """A page to sign in is open in one window while somebody signs in in another."""

    @pytest.fixture
    def interrupted(self, people, decline):
        """(the browser, what its page to sign in carries), after the session ended."""
        browser = signed_in(people, "northlight_liaison")
        page = browser.get(decline)
        browser.post("/sign-out/", {"csrfmiddlewaretoken": token(page)})
        refused = browser.post(
            decline, {"reason": "No capacity.", "csrfmiddlewaretoken": token(page)}, headers=HERE
        )
        assert refused.status_code == 401
        return browser, hidden(refused, SIGN_IN)

    def sign_in(self, people, browser, who):
        form = {"csrfmiddlewaretoken": token(browser.get(SIGN_IN))}
        assert browser.post(SIGN_IN, credentials(people, who) | form).status_code == 302

    def test_her_text_is_handed_back_to_the_same_person(self, people, interrupted, decline):
        browser, carried = interrupted
        self.sign_in(people, browser, "northlight_liaison")
        typed = carried | credentials(people, "northlight_liaison")
        offered = browser.post(SIGN_IN, typed, headers=HERE)
        assert hidden(offered, decline)["reason"] == ["No capacity."]

    def test_and_to_nobody_else(self, people, interrupted):
        browser, carried = interrupted
        self.sign_in(people, browser, "basalt_liaison")
        arrived = browser.post(
            SIGN_IN, carried | credentials(people, "basalt_liaison"), headers=HERE
        )
        assert (arrived.status_code, arrived.url) == (302, "/")
        assert "No capacity." not in browser.get("/").content.decode()

    def test_a_page_to_sign_in_that_is_out_of_date_keeps_what_it_carried(
        self, people, interrupted, decline
    ):
        browser, carried = interrupted
        typed = carried | credentials(people, "northlight_liaison")
        again = browser.post(SIGN_IN, typed | OUTDATED, headers=HERE)
        assert again.status_code == 403
        page = again.content.decode()
        assert "This page was out of date" in page
        assert 'value="northlight-liaison@demo.example"' in page
        assert people.password not in page
        fresh = hidden(again, SIGN_IN)
        assert {**fresh, "csrfmiddlewaretoken": 0} == {**carried, "csrfmiddlewaretoken": 0}
        offered = browser.post(
            SIGN_IN, fresh | credentials(people, "northlight_liaison"), headers=HERE
        )
        assert hidden(offered, decline)["reason"] == ["No capacity."]

    def test_signing_in_twice_leads_where_one_was_going(self, people):
        browser = Client(enforce_csrf_checks=True)
        form = {"csrfmiddlewaretoken": token(browser.get(SIGN_IN)), "next": "/access/"}
        self.sign_in(people, browser, "nsa_lead")
        arrived = browser.post(SIGN_IN, credentials(people) | form, headers=HERE)
        assert (arrived.status_code, arrived.url) == (302, "/access/")
