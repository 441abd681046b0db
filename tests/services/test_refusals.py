"""Forms refused before their view runs: on record, without what was typed, which is kept."""

import html
import logging

import pytest
from django.db import DatabaseError
from django.test import Client
from django.urls import reverse

from accounts import audit
from accounts.models import AuditEvent
from reviews.models import AccessGrant
from reviews.services import lifecycle
from tests import factories
from tests.services.test_sign_in import SIGN_IN, credentials, hidden, own, token

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

    def test_no_address_that_opens_something(self, people):
        browser = signed_in(people)
        assert browser.post("/calendar/feed/a-token-of-somebody.ics", OUTDATED).status_code == 403
        (event,) = events("refused.csrf")
        assert event.object_reference == ""
        assert "a-token-of-somebody" not in str(vars(event))

    def test_one_of_somebody_not_signed_in_leaves_the_audit_log_alone(
        self, people, client, decline, caplog
    ):
        before = AuditEvent.objects.count()
        Client(enforce_csrf_checks=True).post(decline, {"reason": SECRET})
        assert client.post(decline, {"reason": SECRET, "x" * 300: "y" * 9000}).status_code == 401
        assert AuditEvent.objects.count() == before
        warnings = [row.getMessage() for row in caplog.records if row.name == "portal.errors"]
        assert warnings == [
            "refused.csrf at reviews:grant-decline from '127.0.0.1'",
            "refused.signed_out at reviews:grant-decline from '127.0.0.1'",
        ]

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

        monkeypatch.setattr(audit, "append", full)
        mine = own(browser.get("/")) | OUTDATED
        kept = browser.post(decline, mine | {"reason": SECRET}, headers=HERE)
        assert kept.status_code == 403
        assert hidden(kept, decline)["reason"] == [SECRET]
        assert Client().post(decline, {"reason": SECRET}).status_code == 401
        alerts = [row.getMessage() for row in caplog.records if row.levelno == logging.CRITICAL]
        assert alerts == ["refused.csrf could not be recorded in the audit log"]
        grant.refresh_from_db()
        assert grant.declined_at is None


class TestKept:
    def test_what_was_typed_into_an_outdated_page_is_sent_again(self, people, grant, decline):
        browser = signed_in(people, "northlight_liaison")
        text = 'No "capacity" & <more>.\r\nSorry.'
        mine = own(browser.get(decline)) | OUTDATED
        kept = browser.post(decline, mine | {"reason": text, "password": "x"}, headers=HERE)
        assert kept.status_code == 403
        page = kept.content.decode()
        assert "That page was out of date" in page
        assert "signed in as northlight liaison" in page
        fields = hidden(kept, decline)
        assert fields["reason"] == [text]
        assert set(fields) == {"csrfmiddlewaretoken", "typist", "reason"}
        assert browser.post(decline, fields, headers=HERE).status_code == 302
        assert AccessGrant.objects.get().declined_at is not None

    def test_a_file_is_named_as_lost(self, people):
        submission = factories.draft(people)
        address = f"/submissions/{submission.reference}/documents/new/"
        browser = signed_in(people, "northlight_liaison")
        typed = (
            own(browser.get(address)) | OUTDATED | {"title": "Card", "upload": factories.upload()}
        )
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


class TestTwoWindows:
    """A page to sign in is open in one window while somebody signs in in another."""

    @pytest.fixture
    def interrupted(self, people, decline):
        """(the browser, what its page to sign in carries), after the session ended."""
        browser = signed_in(people, "northlight_liaison")
        page = browser.get(decline)
        browser.post("/sign-out/", {"csrfmiddlewaretoken": token(page)})
        refused = browser.post(decline, own(page) | {"reason": "No capacity."}, headers=HERE)
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


class TestTwoPeople:
    """One browser: a page of hers is open in one tab while somebody else signs in in another."""

    @pytest.fixture
    def tab(self, people, decline):
        """(the browser, what her open form sends), after she signed out in another tab."""
        browser = signed_in(people, "northlight_liaison")
        sends = own(browser.get(decline)) | {"reason": SECRET}
        browser.post("/sign-out/", own(browser.get("/")))
        return browser, sends

    def enter(self, people, browser, who):
        form = own(browser.get(SIGN_IN))
        assert "typist" not in form
        assert browser.post(SIGN_IN, credentials(people, who) | form).status_code == 302

    def test_her_text_is_not_offered_to_whoever_is_signed_in_now(self, people, tab, grant, decline):
        browser, sends = tab
        self.enter(people, browser, "basalt_liaison")
        answer = browser.post(decline, sends, headers=HERE)
        assert answer.status_code == 403
        page = answer.content.decode()
        assert "That form was not opened by you" in page
        assert SECRET not in page
        grant.refresh_from_db()
        assert grant.declined_at is None

    def test_nor_to_the_last_one_who_signed_in_when_she_is_out_again(self, people, tab, decline):
        browser, sends = tab
        self.enter(people, browser, "basalt_liaison")
        browser.post("/sign-out/", own(browser.get("/")))
        refused = browser.post(decline, sends, headers=HERE)
        assert refused.status_code == 401
        carried = hidden(refused, SIGN_IN)
        arrived = browser.post(
            SIGN_IN, carried | credentials(people, "basalt_liaison"), headers=HERE
        )
        assert (arrived.status_code, arrived.url) == (302, "/")
        assert SECRET not in browser.get("/").content.decode()

    def test_she_herself_is_offered_it_though_another_was_here(self, people, tab, decline):
        browser, sends = tab
        self.enter(people, browser, "basalt_liaison")
        browser.post("/sign-out/", own(browser.get("/")))
        carried = hidden(browser.post(decline, sends, headers=HERE), SIGN_IN)
        offered = browser.post(
            SIGN_IN, carried | credentials(people, "northlight_liaison"), headers=HERE
        )
        assert hidden(offered, decline)["reason"] == [SECRET]
        assert browser.post(decline, hidden(offered, decline), headers=HERE).status_code == 302


class TestTooLate:
    """A form whose step closed meanwhile: its long texts are there to be copied."""

    LONG = "We lack <staff> for this, and " + "explain why at length. " * 3
    NOWHERE = "/access/00000000-0000-4000-8000-000000000000/decline/"

    def test_a_page_that_is_gone(self, people, decline):
        browser = signed_in(people, "basalt_liaison")
        mine = own(browser.get("/"))
        bare = browser.get(decline)
        assert browser.post(decline, mine | {"reason": "Short"}).content == bare.content
        hidden_row = browser.post(decline, mine | {"reason": self.LONG})
        nowhere = browser.post(self.NOWHERE, mine | {"reason": self.LONG})
        assert hidden_row.status_code == nowhere.status_code == bare.status_code == 404
        assert hidden_row.content == nowhere.content
        page = nowhere.content.decode()
        assert f"readonly>\n{html.escape(self.LONG)}</textarea>" in page
        assert ">Reason</label>" in page
        assert page.count("<textarea") == 1
        assert mine["csrfmiddlewaretoken"] not in page
        assert mine["typist"] not in page

    def test_a_draft_that_was_withdrawn_meanwhile(self, people, start):
        browser = signed_in(people, "northlight_liaison")
        draft = factories.draft(people)
        edit = reverse("reviews:submission-edit", args=[draft.reference, "capabilities"])
        mine = own(browser.get(edit))
        lifecycle.withdraw(draft, by=people.northlight_admin, at=start)
        late = browser.post(edit, mine | {"risk_summary": self.LONG})
        assert late.status_code == 409
        assert html.escape(self.LONG) in late.content.decode()

    def test_a_step_that_is_another_seats(self, people, decline):
        browser = signed_in(people, "nsa_lead")
        late = browser.post(decline, own(browser.get("/")) | {"reason": self.LONG})
        assert late.status_code == 403
        page = late.content.decode()
        assert html.escape(self.LONG) in page
        assert "No seat includes a step whose time has passed" in page

    def test_nothing_is_shown_to_a_form_without_its_token(self, people, decline):
        browser = signed_in(people, "basalt_liaison")
        assert (
            self.LONG[30:]
            not in browser.post(decline, OUTDATED | {"reason": self.LONG}).content.decode()
        )
