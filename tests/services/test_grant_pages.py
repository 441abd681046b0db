"""The pages of access to labs' models: asking, answering, using, ending, and who sees what."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from accounts import audit, seats
from accounts.models import AuditEvent
from reviews.models import AccessGrant
from reviews.models.grant_states import GrantState
from reviews.services import lifecycle
from tests import factories
from tests.services.grant_pages import BOXES, LIST, body, url, when

pytestmark = pytest.mark.django_db
MICROSECOND = timedelta(microseconds=1)
NOBODY = "00000000-0000-4000-8000-000000000000"
VERBS = ("consent", "decline", "authorize", "revoke", "attest")


@pytest.fixture
def asked(submission, people, start):
    """What the request's form sends."""
    return {
        "grantee": people.nsa_reviewer.email,
        "purpose": "Measure exploit development.\r\nTwice.",
        "access_level": "al1",
        "safeguards": "in_place",
        "environment": "Isolated evaluation network",
        **when("starts_at", start),
        **when("ends_at", start + timedelta(days=40)),
    }


class TestJourney:
    def test_asked_consented_authorized_used_revoked_attested(
        self, act, submission, asked, people, start, client
    ):
        ask = reverse("reviews:grant-request", args=[submission.reference])
        assert act("nsa_lead", "get", ask).status_code == 200
        response = act("nsa_lead", "post", ask, asked | {"authorized_by": people.nsa_lead.pk})
        grant = AccessGrant.objects.get()
        assert response.status_code == 302
        assert response.url == url(grant)
        assert grant.ends_at == submission.closes_at  # 40 days were asked for
        assert grant.purpose == "Measure exploit development.\nTwice."
        assert grant.authorized_by is None  # undeclared fields change nothing
        assert act("nsa_reviewer", "post", url(grant, "use")).status_code == 403

        for who, verb in (("northlight_liaison", "consent"), ("administrator", "authorize")):
            assert act(who, "get", url(grant, verb)).status_code == 200
            assert act(who, "post", url(grant, verb)).status_code == 302
        assert "Show how to reach the model" in body(act("nsa_reviewer", "get", url(grant)))
        used = act("nsa_reviewer", "post", url(grant, "use"))
        assert used.status_code == 200
        assert factories.ANSWERS["endpoint_reference"] in used.context["answers"][0]["answer"]
        assert AuditEvent.objects.filter(action="grant.used").count() == 1

        # Revoked while the reviewer has the page open: her next click fails.
        assert act("northlight_liaison", "post", url(grant, "revoke")).status_code == 302
        assert act("nsa_reviewer", "post", url(grant, "use")).status_code == 403
        assert AuditEvent.objects.filter(action="grant.used").count() == 1
        assert act("nsa_reviewer", "post", url(grant, "attest"), BOXES).status_code == 302
        assert act("northlight_liaison", "post", url(grant, "attest"), BOXES).status_code == 302
        grant.refresh_from_db()
        assert grant.state_at(start) == GrantState.CLOSED_OUT
        happened = [
            event["what"] for event in act("nsa_lead", "get", url(grant)).context["facts"].events()
        ]
        assert sorted(happened) == sorted(
            [
                "NSA asked",
                "Northlight consented",
                "Authorized",
                "Revoked",
                "Closeout attested for NSA",
                "Closeout attested for Northlight",
            ]
        )

    def test_declined_with_a_reason_that_the_lead_reads(self, act, submission, people):
        grant = factories.grant(submission, people, state="requested")
        refused = act("northlight_liaison", "post", url(grant, "decline"))
        assert refused.status_code == 422
        done = act("northlight_liaison", "post", url(grant, "decline"), {"reason": "No capacity."})
        assert done.status_code == 302
        assert "No capacity." in body(act("nsa_lead", "get", url(grant)))
        assert "No capacity." not in body(act("administrator", "get", url(grant)))
        assert act("northlight_liaison", "post", url(grant, "consent")).status_code == 409

    def test_reading_a_page_changes_nothing(self, act, submission, people):
        grant = factories.grant(submission, people)
        before, events = AccessGrant.objects.values().get(), AuditEvent.objects.count()
        client_answers = [
            act(who, "get", url(grant, verb)).status_code
            for who, verb in [
                ("northlight_liaison", "consent"),
                ("northlight_liaison", "decline"),
                ("administrator", "authorize"),
                ("nsa_lead", "revoke"),
                ("nsa_lead", "attest"),
            ]
        ]
        assert client_answers == [200] * 5
        assert act("nsa_reviewer", "get", url(grant, "use")).status_code == 405
        assert AccessGrant.objects.values().get() == before
        assert AuditEvent.objects.count() == events

    def test_a_form_without_its_token_is_refused(self, submission, people):
        grant = factories.grant(submission, people, state="requested")
        client = Client(enforce_csrf_checks=True)
        client.force_login(people.northlight_liaison)
        assert client.post(url(grant, "consent")).status_code == 403
        grant.refresh_from_db()
        assert grant.consented_at is None


class TestRefusals:
    @pytest.mark.parametrize("who", ["nsa_lead", "nsa_reviewer"])
    def test_sponsor_and_grantee_never_authorize_their_own(
        self, act, submission, people, who, start
    ):
        grant = factories.grant(submission, people, state="consented")
        assert act(who, "post", url(grant, "authorize")).status_code == 403
        # Nobody is given both seats; policy does not rely on that.
        getattr(people, who).groups.add(Group.objects.get(name="nsa:administrator"))
        assert act(who, "get", url(grant, "authorize")).status_code == 403
        assert act(who, "post", url(grant, "authorize")).status_code == 403
        grant.refresh_from_db()
        assert grant.authorized_at is None

    def test_authorizing_twice_is_a_conflict(self, act, submission, people):
        grant = factories.grant(submission, people, state="consented")
        assert act("administrator", "post", url(grant, "authorize")).status_code == 302
        twice = act("second_administrator", "post", url(grant, "authorize"))
        assert twice.status_code == 409
        assert "and nobody has authorized" in body(twice)
        page = body(act("administrator", "get", url(grant, "authorize")))
        assert "nothing to do here now" in page
        assert "Authorize access: nsa reviewer</h1>" in page
        assert "Agree to a trusted partner" not in page

    def test_authorizing_what_the_lab_has_not_consented_to_is_a_conflict(
        self, act, submission, people
    ):
        grant = factories.grant(submission, people, state="requested")
        assert act("administrator", "post", url(grant, "authorize")).status_code == 409

    def test_use_ends_with_the_window_and_not_a_moment_sooner(
        self, act, submission, people, move_clock, settings
    ):
        settings.RECERTIFICATION_DAYS = 40
        grant = factories.grant(submission, people, ends_at=submission.closes_at)
        move_clock(submission.closes_at - MICROSECOND)
        assert act("nsa_reviewer", "post", url(grant, "use")).status_code == 200
        move_clock(submission.closes_at)
        assert act("nsa_reviewer", "post", url(grant, "use")).status_code == 403
        assert "Show how to reach" not in body(act("nsa_reviewer", "get", url(grant)))
        assert act("northlight_liaison", "post", url(grant, "consent")).status_code == 403

    def test_withdrawing_ends_use_at_that_instant(self, act, submission, people):
        grant = factories.grant(submission, people)
        lifecycle.withdraw(submission, by=people.northlight_liaison, at=factories.now())
        assert act("nsa_reviewer", "post", url(grant, "use")).status_code == 403

    @pytest.mark.parametrize(
        "who", ["nsa_lead", "dod_reviewer", "northlight_liaison", "administrator"]
    )
    def test_nobody_but_the_grantee_uses_it(self, act, submission, people, who):
        grant = factories.grant(submission, people)
        expected = 404 if who == "dod_reviewer" else 403
        assert act(who, "post", url(grant, "use")).status_code == expected

    @pytest.mark.parametrize(
        "who", ["basalt_liaison", "dod_lead", "auditor", "superuser", "vendor_contact"]
    )
    def test_others_cannot_tell_it_from_one_that_does_not_exist(self, act, submission, people, who):
        grant = factories.grant(submission, people, state="requested")
        nothing = act(who, "get", f"{LIST}{NOBODY}/")
        for verb in ("", *VERBS):
            answer = act(who, "get", url(grant, verb))
            assert (answer.status_code, answer.content) == (404, nothing.content)
            assert act(who, "post", url(grant, verb)).status_code in (404, 405)

    def test_revoking_twice_keeps_the_reason_that_was_typed(self, act, submission, people):
        grant = factories.grant(submission, people)
        assert act("administrator", "post", url(grant, "revoke")).status_code == 302
        again = act("nsa_lead", "post", url(grant, "revoke"), {"reason": "Work is done."})
        assert again.status_code == 409
        assert "Work is done." in body(again)

    def test_closeout_before_the_end_is_refused(self, act, submission, people):
        grant = factories.grant(submission, people)
        assert act("nsa_lead", "post", url(grant, "attest"), BOXES).status_code == 409
        assert (
            act("nsa_lead", "post", url(grant, "attest"), {"copies_gone": "on"}).status_code == 422
        )
        assert act("administrator", "get", url(grant, "attest")).status_code == 403


class TestBadInput:
    @pytest.mark.parametrize(
        ("changes", "status", "words"),
        [
            ({"ends_at_day": ""}, 422, "Add the day."),
            (
                {"ends_at_month": "10", "ends_at_day": "19"},
                422,
                "Enter an end that is later than the start.",
            ),
            ({"environment": "x" * 201}, 422, "The limit is 200 characters"),
            ({"access_level": "al9"}, 422, "not one of the available choices"),
            ({"grantee": "someone"}, 422, "Choose someone of your agency"),
            ({"starts_at_year": "2027", "ends_at_year": "2028"}, 409, "inside the review window"),
        ],
    )
    def test_what_was_typed_is_kept(self, act, submission, asked, changes, status, words):
        ask = reverse("reviews:grant-request", args=[submission.reference])
        response = act("nsa_lead", "post", ask, asked | changes)
        assert response.status_code == status
        assert words in body(response)
        assert "Measure exploit development." in body(response)
        assert not AccessGrant.objects.exists()

    def test_nobody_of_another_agency_or_recused_can_be_named(self, act, submission, asked, people):
        ask = reverse("reviews:grant-request", args=[submission.reference])
        for person in (people.dod_reviewer, people.disabled, people.northlight_liaison):
            response = act("nsa_lead", "post", ask, asked | {"grantee": person.email})
            assert response.status_code == 422
        assert not AccessGrant.objects.exists()

    def test_a_lead_of_two_agencies_names_the_one_she_asks_for(
        self, act, submission, asked, people, start
    ):
        seats.give(
            person=people.nsa_lead,
            organization=factories.organization("dod"),
            role="lead",
            by=audit.SYSTEM,
            at=start,
        )
        ask = reverse("reviews:grant-request", args=[submission.reference])
        assert act("nsa_lead", "post", ask, asked).status_code == 422
        other = act("nsa_lead", "post", ask, asked | {"agency": "cisa"})
        assert other.status_code == 422
        mismatch = act("nsa_lead", "post", ask, asked | {"agency": "dod"})
        assert mismatch.status_code == 409
        assert "only a person of DoD" in body(mismatch)
        assert "Measure exploit development." in body(mismatch)
        named = asked | {"agency": "dod", "grantee": people.dod_reviewer.email}
        assert act("nsa_lead", "post", ask, named).status_code == 302
        assert AccessGrant.objects.get().agency.code == "dod"

    @pytest.mark.parametrize(
        "query",
        [
            "state=approved",
            "ends_before=soon",
            "lab=basalt",
            "sort=name",
            "after=x",
            "after=0~1~1",
            "after=0~2026-10-20T15:00:00%2B00:00~1",
            f"before=0~2026-10-20T15:00:00~{NOBODY}",
            f"after=x~2026-10-20T15:00:00%2B00:00~{NOBODY}",
            f"after=2026-10-20T15:00:00%2B00:00~{NOBODY}",
        ],
    )
    def test_an_address_that_means_nothing_is_refused(self, act, submission, people, query):
        factories.grant(submission, people)
        assert act("northlight_liaison", "get", f"{LIST}?{query}").status_code == 400
