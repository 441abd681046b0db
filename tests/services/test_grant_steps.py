"""What each person is offered to do to a grant in each state, and asking for more than offered."""

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse

from accounts import audit, seats
from accounts.models import AuditEvent, User
from reviews.models import AccessGrant
from reviews.models.access_grant import GrantState
from reviews.services import access, agency_reviews, attachments, lifecycle
from tests import factories
from tests.services.grant_pages import body, url, when

pytestmark = pytest.mark.django_db
TAKE_BACK = "Take back the request"
PEOPLE = ("northlight_liaison", "nsa_lead", "nsa_reviewer", "administrator")
# By state: what the lab, the agency's lead, the grantee and an administrator are offered.
OFFERED = {
    "requested": (["Consent", "Decline"], [TAKE_BACK], [], []),
    "declined": ([], [], [], []),
    "consented": (["Revoke access"], ["Revoke access"], [], ["Authorize", "Revoke access"]),
    "live": (
        ["Revoke access"],
        ["Revoke access"],
        ["Show how to reach the model"],
        ["Revoke access"],
    ),
    "revoked": (
        ["Attest closeout for the lab"],
        ["Attest closeout for the agency"],
        ["Attest closeout for the agency"],
        [],
    ),
}


@pytest.fixture
def submission(people):
    return factories.filed(people, access_level="al1")


class TestOffered:
    @pytest.mark.parametrize("state", OFFERED)
    def test_only_what_the_state_leaves_open_and_its_page_keeps_the_promise(
        self, act, submission, people, state
    ):
        grant = factories.grant(submission, people, state=state)
        for who, expected in zip(PEOPLE, OFFERED[state], strict=True):
            buttons = act(who, "get", url(grant)).context["buttons"]
            assert [button["label"] for button in buttons] == expected
            for button in buttons:
                if not button["post"]:
                    page = act(who, "get", button["url"])
                    assert page.context["fits"]
                    assert page.context["step"].label == button["label"]

    @pytest.mark.parametrize("who", ["northlight_liaison", "administrator"])
    def test_what_nobody_consented_to_is_not_for_the_lab_or_an_administrator_to_revoke(
        self, act, submission, people, who
    ):
        grant = factories.grant(submission, people, state="requested")
        assert "nothing to do here now" in body(act(who, "get", url(grant, "revoke")))
        refused = act(who, "post", url(grant, "revoke"), {"reason": "Not needed."})
        assert refused.status_code == 409
        assert "The lab can decline this request, and the lead of NSA" in body(refused)
        assert "Not needed." in body(refused)
        grant.refresh_from_db()
        assert grant.revoked_at is None


class TestTakingBack:
    @pytest.fixture
    def grant(self, submission, people):
        return factories.grant(submission, people, state="requested")

    def test_a_request_taken_back_is_over_and_the_lab_can_no_longer_answer(
        self, act, grant, people, start
    ):
        page = body(act("nsa_lead", "get", url(grant, "revoke")))
        assert f"{TAKE_BACK}?" in page
        assert "Revoke" not in page
        assert act("nsa_lead", "post", url(grant, "revoke")).status_code == 302
        grant.refresh_from_db()
        assert grant.state_at(start) == GrantState.REVOKED
        seen = act("northlight_liaison", "get", url(grant))
        assert [event["what"] for event in seen.context["facts"].events()][-1] == (
            "NSA took the request back"
        )
        assert seen.context["buttons"] == []
        assert act("northlight_liaison", "post", url(grant, "consent")).status_code == 409

    def test_any_lead_of_the_agency_may_and_an_administrator_seated_there_may_not(
        self, act, grant, people, start
    ):
        def seated(role):
            person = User.objects.create_user(f"{role}-2@demo.example", role, people.password)
            nsa = factories.organization("nsa")
            seats.give(person=person, organization=nsa, role=role, by=audit.SYSTEM, at=start)
            return person

        assert act(seated("administrator"), "post", url(grant, "revoke")).status_code == 409
        assert act("dod_lead", "post", url(grant, "revoke")).status_code == 404
        assert act(seated("lead"), "post", url(grant, "revoke")).status_code == 302

    def test_when_the_lab_consented_meanwhile_the_same_click_revokes(self, act, grant, people):
        access.consent(grant, by=people.northlight_liaison, at=factories.now())
        assert act("nsa_lead", "post", url(grant, "revoke")).status_code == 302
        grant.refresh_from_db()
        assert grant.revoked_by == people.nsa_lead


class TestMoreThanOffered:
    WARNING = "NSA asks for AL3, white box, which is more than Northlight offers in its answers"

    def test_the_form_names_the_level_offered_and_marks_what_is_more(self, act, submission):
        ask = reverse("reviews:grant-request", args=[submission.reference])
        page = act("nsa_lead", "get", ask)
        assert "The lab offers AL1, black box." in body(page)
        labels = [label for _, label in page.context["form"].fields["access_level"].choices]
        assert [label.endswith("more than the lab offers") for label in labels] == [
            False,
            True,
            True,
        ]

    def test_asking_is_taken_and_lab_and_agency_are_warned_until_the_lab_answers(
        self, act, submission, people, start
    ):
        ask = reverse("reviews:grant-request", args=[submission.reference])
        asked = {
            "grantee": people.nsa_reviewer.email,
            "purpose": "Read activations.",
            "access_level": "al3",
            "environment": "Isolated network",
            **when("starts_at", start),
            **when("ends_at", submission.closes_at),
        }
        assert act("nsa_lead", "post", ask, asked).status_code == 302
        grant = AccessGrant.objects.get()
        for who, verb in (
            ("nsa_lead", ""),
            ("northlight_liaison", ""),
            ("northlight_liaison", "consent"),
        ):
            assert self.WARNING in body(act(who, "get", url(grant, verb)))
        # What the lab offers is one of its answers, which an administrator does not read.
        assert "more than" not in body(act("administrator", "get", url(grant))).lower()
        access.decline(grant, reason="AL1 only.", by=people.northlight_liaison, at=start)
        assert self.WARNING not in body(act("northlight_liaison", "get", url(grant)))

    def test_the_agency_reads_no_answer_of_the_lab_once_the_window_is_over(
        self, act, submission, people, move_clock
    ):
        factories.grant(submission, people, access_level="al3", state="requested")
        grant = AccessGrant.objects.get()
        lifecycle.withdraw(submission, by=people.northlight_liaison, at=factories.now())
        for who in ("nsa_lead", "northlight_liaison"):
            assert "offers" not in body(act(who, "get", url(grant)))

    @pytest.mark.parametrize(("offered", "asked"), [("al3", "al3"), ("al2", "al1")])
    def test_within_the_offer_nothing_is_said(self, act, people, offered, asked):
        submission = factories.filed(people, access_level=offered)
        grant = factories.grant(submission, people, access_level=asked, state="requested")
        assert "more than" not in body(act("northlight_liaison", "get", url(grant))).lower()


class TestLeaving:
    """Whoever leaves a submission has no access left that a page could call live."""

    @pytest.fixture
    def live(self, people):
        submission = factories.filed(people)
        return {agency: factories.grant(submission, people, agency) for agency in ("nsa", "caisi")}

    def states(self, live, at):
        return {
            agency: AccessGrant.objects.get(pk=grant.pk).state_at(at).value
            for agency, grant in live.items()
        }

    def test_detachment_ends_the_agency_s_access(self, people, start, live):
        submission, caisi = live["caisi"].submission, factories.organization("caisi")
        attachments.detach(submission, caisi, by=people.administrator, at=start)
        assert self.states(live, start) == {"nsa": "live", "caisi": "revoked"}
        attachments.attach(submission, caisi, by=people.administrator, at=start)
        assert self.states(live, start) == {"nsa": "live", "caisi": "revoked"}

    def test_recusal_ends_one_s_own(self, people, start, live):
        agency_reviews.recuse(
            live["nsa"].submission, reason="Kin.", by=people.nsa_reviewer, at=start
        )
        assert self.states(live, start) == {"nsa": "revoked", "caisi": "live"}

    def test_the_seat_s_removal_ends_what_it_carried(self, act, people, start, live):
        page = "/seats/nsa/take/"
        sent = {"email": people.nsa_reviewer.email, "role": "reviewer"}
        assert act("administrator", "post", page, sent).status_code == 302
        assert self.states(live, start) == {"nsa": "revoked", "caisi": "live"}
        event = AuditEvent.objects.get(action="grant.revoked")
        assert event.details == {"agency": "NSA", "grantee": people.nsa_reviewer.email}

    def test_another_seat_there_keeps_it(self, act, people, start, live):
        lead = Group.objects.get(name="nsa:lead")
        people.nsa_reviewer.groups.add(lead)
        sent = {"email": people.nsa_reviewer.email, "role": "reviewer"}
        act("administrator", "post", "/seats/nsa/take/", sent)
        assert self.states(live, start) == {"nsa": "live", "caisi": "live"}
