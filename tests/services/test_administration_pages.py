"""Seats, attachments, the audit log and the profile: who reaches them, and what they change."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEvent, Organization, User
from reviews import policy
from reviews.policy import Action
from reviews.services import attachments, lifecycle
from tests import factories

pytestmark = pytest.mark.django_db
SEATS, GIVE, TAKE = "/seats/", "/seats/nsa/give/", "/seats/nsa/take/"
CONFIRM, DECLINE = "/seats/nsa/confirm/", "/seats/nsa/decline/"
AUDIT, ATTACHMENTS = "/audit/", "/attachments/"


def body(response):
    return response.content.decode()


def queries(client, address):
    client.get(address)  # what a process asks only once
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


class TestSeats:
    @pytest.mark.parametrize(
        "who", ["nsa_lead", "northlight_admin", "auditor", "superuser", "partner_contact"]
    )
    def test_only_administrators_reach_the_pages(self, act, who):
        nothing = act(who, "get", "/no/such/page/")
        for address in (SEATS, GIVE, TAKE, CONFIRM, DECLINE, ATTACHMENTS):
            response = act(who, "get", address)
            assert (response.status_code, response.content) == (404, nothing.content)
        asked = {"email": "nsa-reviewer@demo.example", "role": "lead"}
        for address in (GIVE, TAKE, CONFIRM, DECLINE):
            assert act(who, "post", address, asked).status_code == 404

    def test_the_list_names_every_holder(self, act):
        page = body(act("administrator", "get", SEATS))
        for words in ("nsa-lead@demo.example", "Trusted partner", "Nobody", "account disabled"):
            assert words in page
        assert "Remove seat" in page
        assert ">Take<" not in page

    def test_the_list_asks_the_same_of_the_database_for_more_organizations(
        self, act, client, people
    ):
        act("administrator", "get", SEATS)
        before = queries(client, SEATS)
        for number in range(5):
            Organization.objects.create(
                code=f"lab-{number}", name=f"Lab {number}", short_name=f"Lab {number}", kind="lab"
            )
        assert queries(client, SEATS) == before

    def test_a_seat_given_is_held_at_the_next_click(self, act, people):
        submission = factories.filed(people)
        asked = {"email": "DOD-Reviewer@demo.example", "role": "lead"}
        assert act("administrator", "post", GIVE, asked).url == SEATS
        assert people.dod_reviewer.groups.filter(name="nsa:lead").exists()
        at = factories.now()
        assert policy.may(people.dod_reviewer, Action.REQUEST_GRANT, submission, at=at)
        event = AuditEvent.objects.latest("sequence")
        assert (event.action, event.actor) == ("seat.given", people.administrator.email)
        assert "dod reviewer now holds the seat of lead at NSA" in body(
            act("administrator", "get", SEATS)
        )

    def test_a_seat_taken_is_lost_at_the_next_click(self, act, people):
        link = f"{TAKE}?email=nsa-lead@demo.example&role=lead"
        page = body(act("administrator", "get", link))
        assert "Remove seat" in page
        assert 'value="nsa-lead@demo.example"' in page
        assert 'value="lead"' in page
        assert "checked" in page
        asked = {"email": "nsa-lead@demo.example", "role": "lead"}
        assert act("administrator", "post", link, asked).url == SEATS
        assert not people.nsa_lead.groups.exists()
        assert AuditEvent.objects.latest("sequence").action == "seat.taken"

    def test_nobody_gives_a_seat_to_herself(self, act, people):
        asked = {"email": "Administrator@demo.example", "role": "reviewer"}
        response = act("administrator", "post", GIVE, asked)
        assert response.status_code == 403
        assert "Nobody gives a seat to themselves" in body(response)
        assert 'value="Administrator@demo.example"' in body(response)
        assert [group.name for group in people.administrator.groups.all()] == ["oncd:administrator"]
        event = AuditEvent.objects.latest("sequence")
        assert (event.action, event.outcome) == ("refused.seat-give", "refused")
        assert event.actor == people.administrator.email

    @pytest.mark.parametrize(
        ("address", "changes", "words"),
        [
            (GIVE, {"email": "nobody@demo.example"}, "Nobody with that address"),
            (GIVE, {"email": "not an address"}, "valid email"),
            (GIVE, {"email": "disabled@demo.example"}, "disabled"),
            (GIVE, {"role": "reviewer"}, "holds this seat already"),
            (GIVE, {"role": "liaison"}, "not one of the available choices"),
            (GIVE, {"role": ""}, "Choose an answer."),
            (TAKE, {"role": "lead"}, "does not hold this seat"),
            (CONFIRM, {}, "Nobody asks for this seat"),
            (DECLINE, {"email": "nobody@demo.example"}, "Nobody with that address"),
        ],
    )
    def test_bad_input_is_kept_and_explained(self, act, people, address, changes, words):
        typed = {"email": "nsa-reviewer@demo.example", "role": "lead"} | changes
        response = act("administrator", "post", address, typed)
        assert response.status_code == 422
        assert words in body(response)
        assert f'value="{typed["email"]}"' in body(response)

    def test_an_organization_that_does_not_exist(self, act):
        assert act("administrator", "get", "/seats/nowhere/give/").status_code == 404


class TestAttachments:
    def test_an_agency_detached_sees_nothing_and_attached_again_sees_it_again(self, act, people):
        submission = factories.filed(people)
        page = f"/submissions/{submission.reference}/"
        edit = f"{ATTACHMENTS}{submission.reference}/"
        assert act("dod_reviewer", "get", page).status_code == 200
        confirm = body(act("administrator", "get", f"{edit}?detach=dod"))
        assert "no longer see the submission" in confirm
        assert act("dod_reviewer", "get", page).status_code == 200
        assert act("administrator", "post", f"{edit}?detach=dod", {"agency": "dod"}).url == edit
        assert act("dod_reviewer", "get", page).status_code == 404
        assert act("nsa_reviewer", "get", page).status_code == 200
        assert act("administrator", "post", edit, {"agency": "dod"}).url == edit
        assert act("dod_reviewer", "get", page).status_code == 200
        actions = AuditEvent.objects.filter(action__startswith="submission.agency_")
        assert [event.action for event in actions.order_by("sequence")] == [
            "submission.agency_detached",
            "submission.agency_attached",
        ]

    @pytest.mark.parametrize(
        ("query", "agency"),
        [
            ("", "dod"),
            ("", "northlight"),
            ("", "nowhere"),
            ("", ""),
            ("?detach=1", "northlight"),
            ("?detach=1", "nowhere"),
        ],
    )
    def test_what_cannot_be_attached_or_detached_is_refused(self, act, people, query, agency):
        submission = factories.filed(people)
        edit = f"{ATTACHMENTS}{submission.reference}/{query}"
        response = act("administrator", "post", edit, {"agency": agency})
        assert response.status_code == 422
        assert (
            act("northlight_liaison", "get", f"/submissions/{submission.reference}/").status_code
            == 200
        )

    def test_newest_first_with_agencies_and_without_drafts(self, act, people, start):
        first = factories.filed(people, at=start)
        second = factories.filed(people, "basalt", at=start + timedelta(hours=1))
        draft = factories.draft(people)
        rows = act("administrator", "get", ATTACHMENTS).context["page"].rows
        assert [row["reference"] for row in rows] == [second.reference, first.reference]
        assert rows[0]["lab"] == "Basalt"
        assert rows[0]["agencies"] == "CAISI, CISA, DoD, NSA, ONCD, OSTP, Outpost, Treasury"
        address = f"{ATTACHMENTS}{draft.reference}/"
        assert act("administrator", "get", address).status_code == 404
        assert act("administrator", "post", address, {"agency": "dod"}).status_code == 404

    def test_the_state_is_the_clocks(self, act, people, move_clock):
        submission = factories.filed(people)
        other = factories.filed(people)
        lifecycle.withdraw(other, by=people.northlight_liaison, at=factories.now())
        move_clock(submission.closes_at)
        rows = act("administrator", "get", ATTACHMENTS).context["page"].rows
        assert {row["state"] for row in rows} == {"expired", "withdrawn"}

    def test_queries_are_the_same_for_3_and_for_9(self, act, client, people):
        counts = []
        for _ in range(2):
            for _ in range(3 + 3 * len(counts)):
                factories.filed(people)
            act("administrator", "get", ATTACHMENTS)
            counts.append(queries(client, ATTACHMENTS))
        assert counts[0] == counts[1]

    def test_one_is_found_by_its_reference(self, act, people):
        submission, _ = factories.filed(people), factories.filed(people)
        found = act(
            "administrator", "get", f"{ATTACHMENTS}?reference={submission.reference.lower()}"
        )
        assert [row["reference"] for row in found.context["page"].rows] == [submission.reference]

    def test_whoever_sees_the_submission_still_may_not(self, act, people):
        edit = f"{ATTACHMENTS}{factories.filed(people).reference}/"
        for who in ("northlight_liaison", "nsa_lead"):
            assert act(who, "get", edit).status_code == 403
            assert act(who, "post", edit, {"agency": "dod"}).status_code == 403
        for who in ("basalt_liaison", "auditor", "superuser"):
            assert act(who, "get", edit).status_code == 404


class TestAuditLog:
    @pytest.mark.parametrize(
        "who", ["administrator", "nsa_official", "superuser", "northlight_admin"]
    )
    def test_only_auditors_read_it(self, act, who):
        assert act(who, "get", AUDIT).status_code == 404
        assert act(who, "get", f"{AUDIT}?verify=1").status_code == 404

    def test_filters_are_in_the_address(self, act, people, move_clock, start):
        submission = factories.filed(people)
        move_clock(start + timedelta(days=3))
        other = factories.filed(people, "basalt")
        act("nsa_lead", "get", "/access/00000000-0000-4000-8000-000000000000/")

        def found(query):
            events = act("auditor", "get", f"{AUDIT}?{query}").context["page"].rows
            return {(event.action, event.submission, event.actor) for event in events}

        filed = ("submission.filed", submission.reference, people.northlight_liaison.email)
        other_filed = ("submission.filed", other.reference, people.basalt_liaison.email)
        what = "action=submission.filed"
        assert found(what) == {filed, other_filed}
        assert found(f"{what}&submission={submission.reference.lower()}") == {filed}
        assert found(f"{what}&actor={people.basalt_liaison.email}") == {other_filed}
        assert found(f"{what}&actor=BASALT%20L") == {other_filed}
        assert found(f"{what}&actor=liaison") == {filed, other_filed}
        assert found(f"{what}&organization=northlight") == {filed}
        assert found(f"{what}&since=2026-10-22") == {other_filed}
        assert found(f"{what}&until=2026-10-22") == {filed}
        assert found(f"{what}&since=2026-10-20&until=2026-10-20") == {filed}
        assert {event[0] for event in found("outcome=refused")} == {"refused.grant-detail"}
        assert {event[2] for event in found("actor=forev")} == {"system"}
        assert found("actor=nobody@demo.example") == set()

    def test_somebody_whose_address_changed_is_found_by_the_old_one(self, act, people):
        act("nsa_lead", "get", "/access/00000000-0000-4000-8000-000000000000/")
        User.objects.filter(pk=people.nsa_lead.pk).update(email="renamed@demo.example")
        rows = act("auditor", "get", f"{AUDIT}?actor=nsa-lead@demo.example").context["page"].rows
        assert [event.action for event in rows] == ["refused.grant-detail"]

    def test_it_speaks_in_plain_words(self, act, people):
        submission = factories.filed(people)
        outpost = factories.organization("outpost")
        attachments.detach(submission, outpost, by=people.administrator, at=factories.now())
        page = body(act("auditor", "get", AUDIT))
        assert "Filed; the window opened<br>" in page
        assert '<small class="fv-code fv-quiet">submission.filed</small>' in page
        assert "Window ends: Nov. 19, 2026, 10:00 a.m. EST" in page
        assert "Agency: Outpost" in page
        assert "Answers: access level, contacts, " in page
        assert "For Northlight" in page
        assert "Nondisclosure terms run until: " in page
        for code in ("closes_at", "[&#x27;", "+00:00", ">submission <"):
            assert code not in page

    def test_its_filters_say_what_they_take(self, act, people):
        User.objects.filter(pk=people.auditor.pk).update(zone="America/Los_Angeles")
        people.auditor.refresh_from_db()
        page = body(act("auditor", "get", AUDIT))
        assert "The start of the day, Pacific" in page
        assert "The end of the day, Pacific" in page
        assert '<option value="grant.revoked">Access revoked</option>' in page
        assert '<option value="caisi">CAISI</option>' in page

    def test_it_asks_the_same_of_the_database_for_more_events(self, act, client, people):
        act("auditor", "get", AUDIT)
        before = queries(client, f"{AUDIT}?actor=liaison")
        factories.document(factories.filed(people), people)
        assert queries(client, f"{AUDIT}?actor=liaison") == before

    @pytest.mark.parametrize(
        "query",
        [
            "since=yesterday",
            "outcome=kept",
            "action=submission.f",
            "organization=nowhere",
            "after=x",
            "before=1~2",
        ],
    )
    def test_an_address_that_means_nothing_is_refused(self, act, query):
        assert act("auditor", "get", f"{AUDIT}?{query}").status_code == 400

    def test_pages_go_back_in_time(self, act, client, people):
        first = act("auditor", "get", AUDIT).context["page"]
        assert AuditEvent.objects.count() < 101 or first.next_url
        sequences, page = [event.sequence for event in first.rows], first
        while page.next_url:
            page = client.get(AUDIT + page.next_url).context["page"]
            sequences += [event.sequence for event in page.rows]
        assert sequences == list(range(AuditEvent.objects.count(), 0, -1))

    def test_the_chain_is_verified_when_asked(self, act, people):
        factories.filed(people)
        count = AuditEvent.objects.count()
        last = AuditEvent.objects.latest("sequence")
        assert "The audit log holds" not in body(act("auditor", "get", AUDIT))
        page = body(act("auditor", "get", f"{AUDIT}?verify=1"))
        assert "The audit log holds" in page
        assert f"{count} events, verified <time" in page
        assert "Oct. 20, 2026, 11:00 a.m. EDT</time>: every event follows" in page
        assert f"The last is event {last.sequence}, with the SHA-256" in page
        assert f'<span class="fv-code">{last.sha256}</span>' in page
        assert AuditEvent.objects.count() == count


class TestProfile:
    def test_times_are_shown_in_the_zone_chosen(self, act, people):
        factories.filed(people)
        chosen = {"zone": "America/Los_Angeles", "shortcuts": "on"}
        response = act("administrator", "post", "/profile/", chosen)
        assert response.status_code == 302
        assert "8:00 a.m. PDT" in body(act("administrator", "get", ATTACHMENTS))
        event = AuditEvent.objects.latest("sequence")
        assert (event.action, event.details) == (
            "account.zone_changed",
            {"zone": "America/Los_Angeles"},
        )

    def test_nothing_else_can_be_changed_there(self, act, people):
        typed = {"zone": "UTC", "name": "Other", "email": "other@demo.example", "is_superuser": "1"}
        assert act("nsa_lead", "post", "/profile/", typed).status_code == 302
        before = (people.nsa_lead.name, people.nsa_lead.email, False)
        people.nsa_lead.refresh_from_db()
        person = people.nsa_lead
        assert (person.name, person.email, person.is_superuser) == before
        assert person.zone == "UTC"

    @pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../../etc/passwd"])
    def test_a_zone_that_does_not_exist_is_refused(self, act, people, zone):
        response = act("nsa_lead", "post", "/profile/", {"zone": zone})
        assert response.status_code == 422
        people.nsa_lead.refresh_from_db()
        assert people.nsa_lead.zone == "America/New_York"

    def test_it_names_the_seats(self, act):
        assert "Lead, CISA" in body(act("cisa_lead", "get", "/profile/"))
        assert "No seat yet" in body(act("superuser", "get", "/profile/"))
