"""What each person is offered to do to a grant in each state, and asking for more than offered."""

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse

from accounts import audit, seats
from accounts.models import AuditEvent, User
from reviews.models import AccessGrant, Notice
from reviews.models.grant_states import GrantState
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
        ["Suspend access for the lab", "Revoke access"],
        ["Ask for more time", "Suspend access for the agency", "Revoke access"],
        ["Show how to reach the model"],
        ["Suspend access as administrator", "Revoke access"],
    ),
    # By the lab, which alone resumes it; the others may suspend it too.
    "suspended": (
        ["Resume access for the lab", "Revoke access"],
        ["Ask for more time", "Suspend access for the agency", "Revoke access"],
        [],
        ["Suspend access as administrator", "Revoke access"],
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
        said = "Northlight can decline this request, and a lead of NSA can take it back."
        assert said in body(refused)
        assert "Not needed." in body(refused)
        grant.refresh_from_db()
        assert grant.revoked_at is None


class TestSuspending:
    """A stop that the side that made it lifts, while the time runs on."""

    SIDES = (
        ("northlight_liaison", "Northlight"),
        ("nsa_lead", "NSA"),
        ("administrator", "An administrator"),
    )

    @pytest.fixture
    def grant(self, submission, people):
        return factories.grant(submission, people)

    @pytest.mark.parametrize(("who", "side"), SIDES)
    def test_the_next_use_is_refused_and_its_side_alone_resumes_it(
        self, act, grant, people, who, side
    ):
        others = [one for one, _ in self.SIDES if one != who]
        assert act("nsa_reviewer", "post", url(grant, "use")).status_code == 200
        assert "from the next click on" in body(act(who, "get", url(grant, "suspend")))
        assert act(who, "post", url(grant, "suspend"), {"reason": "A leak."}).status_code == 302
        assert act("nsa_reviewer", "post", url(grant, "use")).status_code == 403
        for other in others:
            assert act(other, "post", url(grant, "resume")).status_code == 409
        assert act(who, "post", url(grant, "suspend")).status_code == 409
        page = body(act("nsa_reviewer", "get", url(grant)))
        assert f"{side} suspended access" in page
        assert "A leak." in page
        assert act(who, "post", url(grant, "resume")).status_code == 302
        assert act("nsa_reviewer", "post", url(grant, "use")).status_code == 200
        assert f"{side} resumed access" in body(act("nsa_reviewer", "get", url(grant)))

    def test_two_sides_that_suspended_it_must_both_lift_theirs(self, act, grant):
        for who in ("northlight_liaison", "administrator"):
            assert act(who, "post", url(grant, "suspend")).status_code == 302
        assert act("northlight_liaison", "post", url(grant, "resume")).status_code == 302
        assert act("nsa_reviewer", "post", url(grant, "use")).status_code == 403
        assert act("administrator", "post", url(grant, "resume")).status_code == 302
        assert act("nsa_reviewer", "post", url(grant, "use")).status_code == 200

    def test_another_grant_for_the_same_person_is_untouched(self, act, submission, people, grant):
        twin = factories.grant(submission, people)
        assert act("northlight_liaison", "post", url(grant, "suspend")).status_code == 302
        assert act("nsa_reviewer", "post", url(twin, "use")).status_code == 200

    def test_its_time_runs_on_and_nothing_is_resumed_after_its_end(
        self, act, grant, people, move_clock
    ):
        assert act("northlight_liaison", "post", url(grant, "suspend")).status_code == 302
        move_clock(grant.ends_at)
        assert act("northlight_liaison", "post", url(grant, "resume")).status_code == 409
        grant.refresh_from_db()
        assert grant.state_at(grant.ends_at) == GrantState.ENDED

    def test_the_parties_are_told_and_every_step_is_on_record(self, act, grant, people, start):
        Notice.objects.all().delete()
        act("administrator", "post", url(grant, "suspend"), {"reason": "Checking."})
        act("administrator", "post", url(grant, "resume"))
        parties = {people.nsa_reviewer, people.nsa_lead}
        parties |= {people.northlight_liaison, people.northlight_admin}
        for kind in ("grant_suspended", "grant_resumed"):
            assert {one.recipient for one in Notice.objects.filter(kind=kind)} == parties
        events = AuditEvent.objects.filter(object_reference=str(grant.key)).order_by("sequence")
        assert [event.action for event in events][-2:] == ["grant.suspended", "grant.resumed"]

    @pytest.mark.parametrize("state", ["requested", "consented", "declined", "revoked"])
    def test_what_is_not_authorized_or_over_is_not_suspended(self, act, submission, people, state):
        grant = factories.grant(submission, people, state=state)
        for who, _ in self.SIDES:
            assert act(who, "post", url(grant, "suspend")).status_code == 409
            assert act(who, "post", url(grant, "resume")).status_code == 409


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
            "safeguards": "reduced",
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
        assert event.details == {
            "agency": "NSA",
            "grantee": people.nsa_reviewer.email,
            "because": "seat_removed",
        }

    def test_another_seat_there_keeps_it(self, act, people, start, live):
        lead = Group.objects.get(name="nsa:lead")
        people.nsa_reviewer.groups.add(lead)
        sent = {"email": people.nsa_reviewer.email, "role": "reviewer"}
        act("administrator", "post", "/seats/nsa/take/", sent)
        assert self.states(live, start) == {"nsa": "live", "caisi": "live"}
