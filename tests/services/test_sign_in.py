"""Signing in: nothing is learned by guessing, nothing typed is lost, nobody registers."""

import html
import re

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import get_resolver, reverse

from accounts.models import AuditEvent
from reviews.models import AccessGrant
from tests import factories

pytestmark = pytest.mark.django_db
SIGN_IN = "/sign-in/"


def token(response):
    return re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', response.content.decode())[1]


def own(response):
    """The token of a page's forms, and the mark of whoever they were drawn for."""
    page = response.content.decode()
    found = re.search(r'name="typist" value="([^"]+)"', page)
    return {"csrfmiddlewaretoken": token(response)} | ({"typist": found[1]} if found else {})


def hidden(response, action):
    """What the form that goes to ``action`` carries hidden, as the browser would send it."""
    page = response.content.decode()
    form = re.search(rf'<form [^>]*action="{re.escape(action)}".*?</form>', page, re.DOTALL)[0]
    inputs = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form)
    fields = {}
    for name, value in inputs:
        fields.setdefault(html.unescape(name), []).append(html.unescape(value))
    return fields


def credentials(people, who="nsa_lead"):
    return {"username": getattr(people, who).email, "password": people.password}


class TestEntering:
    def test_by_email_in_any_case_and_password(self, client, people):
        typed = credentials(people) | {"username": "NSA-Lead@Demo.Example"}
        response = client.post(SIGN_IN, typed)
        assert (response.status_code, response.url) == (302, "/")
        event = AuditEvent.objects.latest("sequence")
        assert (event.action, event.actor) == ("account.signed_in", people.nsa_lead.email)
        assert event.source == "127.0.0.1"

    def test_the_session_is_a_new_one(self, client, people):
        client.get("/access/")
        before = client.session.session_key
        client.post(SIGN_IN, credentials(people))
        assert client.session.session_key != before

    def test_every_wrong_attempt_gets_the_same_answer(self, people):
        answers = set()
        for typed in [
            {"username": people.nsa_lead.email, "password": "wrong"},
            {"username": people.disabled.email, "password": people.password},
            {"username": people.disabled.email, "password": "wrong"},
            {"username": "nobody@demo.example", "password": "wrong"},
        ]:
            response = Client().post(SIGN_IN, typed)
            page = re.sub(r'value="[^"]*"', "", response.content.decode())
            answers.add((response.status_code, page))
        assert len(answers) == 1
        ((status, page),) = answers
        assert status == 422
        assert "do not match an account" in page
        refused = AuditEvent.objects.filter(action="account.sign_in_refused")
        assert {(event.actor, event.source) for event in refused} == {("anonymous", "127.0.0.1")}

    def test_an_empty_form_is_refused_in_words(self, client, people):
        response = client.post(SIGN_IN, {})
        assert response.status_code == 422
        assert "Enter an answer." in response.content.decode()

    def test_the_password_is_never_shown_again(self, client, people):
        response = client.post(SIGN_IN, {"username": "x@demo.example", "password": "Secret words"})
        assert b"Secret words" not in response.content

    def test_it_leads_to_the_page_that_was_asked_for(self, client, people):
        asked = client.get("/access/?state=all")
        assert asked.url == f"{SIGN_IN}?next=/access/%3Fstate%3Dall"
        page = client.get(asked.url)
        typed = credentials(people) | {"next": hidden(page, SIGN_IN)["next"][0]}
        assert client.post(SIGN_IN, typed).url == "/access/?state=all"
        assert client.get(asked.url).url == "/access/?state=all"  # signed in already

    @pytest.mark.parametrize(
        "elsewhere",
        [
            "https://elsewhere.example/",
            "//elsewhere.example",
            "/\\elsewhere.example",
            "javascript:alert(1)",
            "http:elsewhere.example",
            " //elsewhere.example",
        ],
    )
    def test_it_never_leads_elsewhere(self, client, people, elsewhere):
        typed = credentials(people) | {"next": elsewhere}
        assert client.post(SIGN_IN, typed).url == "/"
        assert client.get(SIGN_IN, {"next": elsewhere}).url == "/"
        hers = {"interrupted": own(client.get("/"))["typist"], "kept:a": "b"}
        kept = client.post(SIGN_IN, typed | hers)
        assert hidden(kept, "/")["a"] == ["b"]


class TestLeaving:
    def test_signing_out_ends_the_session_on_the_server(self, client, people):
        client.post(SIGN_IN, credentials(people))
        assert Session.objects.count() == 1
        assert client.get("/sign-out/").status_code == 405
        response = client.post("/sign-out/")
        assert response.url == SIGN_IN
        assert not Session.objects.exists()
        assert client.get("/access/").status_code == 302
        assert AuditEvent.objects.latest("sequence").action == "account.signed_out"

    def test_signing_out_twice_is_harmless(self, client, people):
        assert client.post("/sign-out/").url == SIGN_IN

    def test_a_disabled_person_is_out_at_the_next_click(self, client, people):
        client.post(SIGN_IN, credentials(people))
        people.nsa_lead.is_active = False
        people.nsa_lead.save()
        assert client.get("/access/").url.startswith(SIGN_IN)


class TestInterruptedForm:
    """The session ends while somebody fills in a long form."""

    PURPOSE = 'Line one, with "quotes" & <marks>.\r\nLine two.'

    @pytest.fixture
    def browser(self, people):
        browser = Client(enforce_csrf_checks=True)
        page = browser.get(SIGN_IN)
        browser.post(SIGN_IN, credentials(people) | {"csrfmiddlewaretoken": token(page)})
        return browser

    @pytest.fixture
    def asking(self, people, browser):
        """(the form's address, what was typed into it), once the session has ended."""
        submission = factories.filed(people)
        address = reverse("reviews:grant-request", args=[submission.reference])
        page = browser.get(address)
        typed = (
            own(page)
            | {
                "grantee": people.nsa_reviewer.email,
                "purpose": self.PURPOSE,
                "access_level": "al1",
                "safeguards": "in_place",
                "environment": "Isolated evaluation network",
            }
            | {
                f"{name}_{part}": value
                for name, values in {
                    "starts_at": ("10", "21", "2026", "9:00 a.m."),
                    "ends_at": ("10", "28", "2026", "17:00"),
                }.items()
                for part, value in zip(("month", "day", "year", "time"), values, strict=True)
            }
        )
        Session.objects.all().delete()
        return address, typed

    def test_what_was_typed_is_kept_through_signing_in_and_saved(self, browser, asking, people):
        address, typed = asking
        refused = browser.post(address, typed)
        assert refused.status_code == 401
        assert "What you typed is kept" in refused.content.decode()
        assert not AccessGrant.objects.exists()

        kept = hidden(refused, SIGN_IN)
        assert kept["kept:purpose"] == [self.PURPOSE]
        assert kept["next"] == [address]
        assert "kept:csrfmiddlewaretoken" not in kept
        wrong = browser.post(
            SIGN_IN, kept | {"username": people.nsa_lead.email, "password": "wrong"}
        )
        assert wrong.status_code == 422
        kept_still = hidden(wrong, SIGN_IN)
        assert kept_still.pop("csrfmiddlewaretoken") != kept.pop("csrfmiddlewaretoken")
        assert kept_still == kept

        fresh = {"csrfmiddlewaretoken": token(wrong)}
        offered = browser.post(SIGN_IN, kept_still | fresh | credentials(people))
        assert offered.status_code == 200
        assert not AccessGrant.objects.exists()  # only sending it again saves it
        saved = browser.post(address, hidden(offered, address))
        assert saved.status_code == 302
        grant = AccessGrant.objects.get()
        assert grant.purpose == self.PURPOSE.replace("\r\n", "\n")
        assert grant.requested_by == people.nsa_lead

    @pytest.mark.parametrize("other", ["basalt_liaison", "nsa_official"])
    def test_another_person_is_not_handed_what_was_typed(self, browser, asking, people, other):
        address, typed = asking
        kept = hidden(browser.post(address, typed), SIGN_IN)
        arrived = browser.post(SIGN_IN, kept | credentials(people, other))
        assert (arrived.status_code, arrived.url) == (302, "/")
        home = browser.get("/").content.decode()
        assert "it was not yours" in home
        assert "Line one" not in home

    def test_nor_is_anybody_when_the_form_was_drawn_for_nobody(self, asking, people):
        address, typed = asking
        elsewhere = Client()
        del typed["typist"]
        kept = hidden(elsewhere.post(address, typed), SIGN_IN)
        assert elsewhere.post(SIGN_IN, kept | credentials(people)).status_code == 302

    def test_a_form_from_elsewhere_is_not_kept(self, asking):
        address, typed = asking
        stranger = Client(enforce_csrf_checks=True)
        answer = stranger.post(address, typed, headers={"Origin": "https://elsewhere.example"})
        assert answer.status_code == 403
        assert "Line one" not in answer.content.decode()

    def test_files_are_named_as_lost(self, client, people):
        submission = factories.draft(people)
        address = reverse("reviews:document-add", args=[submission.reference])
        response = client.post(address, {"title": "Card", "upload": factories.upload()})
        assert response.status_code == 401
        assert "Files are not kept" in response.content.decode()
        assert hidden(response, SIGN_IN)["kept:title"] == ["Card"]

    def test_a_button_without_fields_is_offered_again_too(self, client, people):
        grant = factories.grant(factories.filed(people), people)
        address = f"/access/{grant.key}/use/"
        client.post(SIGN_IN, credentials(people, "nsa_reviewer"))
        mine = {"typist": own(client.get("/"))["typist"]}
        Session.objects.all().delete()
        kept = hidden(client.post(address, mine), SIGN_IN)
        offered = client.post(SIGN_IN, kept | credentials(people, "nsa_reviewer"))
        assert "Do it now" in offered.content.decode()
        assert client.post(address, hidden(offered, address)).status_code == 200

    def test_a_secret_is_never_carried_along(self, client, people):
        response = client.post("/profile/", {"password": "Secret words", "zone": "UTC"})
        assert b"Secret words" not in response.content


def test_there_is_no_way_to_register():
    names = [str(name) for name in get_resolver().reverse_dict if isinstance(name, str)]
    for _, (_, nested) in get_resolver().namespace_dict.items():
        names += [name for name in nested.reverse_dict if isinstance(name, str)]
    assert "sign-in" in names
    assert not [name for name in names if re.search("regist|sign-?up|create-account", name)]
