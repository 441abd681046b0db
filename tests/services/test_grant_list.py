"""The list of access to labs' models: states, filters, pages, and who is shown what."""

import copy
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts import audit, seats
from accounts.models import User
from reviews.models import AccessGrant
from reviews.models.grant_states import GrantState
from reviews.services import access, lifecycle
from tests import factories
from tests.services.grant_pages import LIST, body, url

pytestmark = pytest.mark.django_db
MICROSECOND = timedelta(microseconds=1)
WAITING = "Waiting, scheduled or suspended"
CANARY = "Kittiwake-only-for-readers"


def copies(grant, ends):
    """Rows like ``grant``, which went the whole way, but for their end."""
    rows = []
    for end in ends:
        row = copy.copy(grant)
        row.pk, row.key, row.ends_at = None, uuid.uuid4(), end
        rows.append(row)
    AccessGrant.objects.bulk_create(rows)


def another_lead(people, start, agency="nsa", role="lead"):
    person = User.objects.create_user(f"{role}-2@demo.example", f"second {role}", people.password)
    seats.give(
        person=person,
        organization=factories.organization(agency),
        role=role,
        by=audit.SYSTEM,
        at=start,
    )
    return person


class TestList:
    @pytest.fixture
    def everything(self, people, move_clock, start):
        """A grant in every state, seen at the instant returned."""
        first, ended = factories.filed(people), factories.filed(people, lab="basalt")
        later = start + timedelta(days=5)
        for state in ("requested", "declined", "consented", "live", "suspended", "revoked"):
            factories.grant(first, people, state=state)
        factories.grant(first, people, starts_at=start + timedelta(days=8))
        for state in ("requested", "live", "revoked"):
            factories.grant(ended, people, "caisi", state=state, lab="basalt")
        closed = factories.grant(first, people, ends_at=start + timedelta(days=1))
        lifecycle.shorten(ended, closes_at=later - MICROSECOND, by=people.basalt_liaison, at=start)
        move_clock(later)
        access.attest(closed, for_lab=True, by=people.northlight_liaison, at=later)
        access.attest(closed, for_lab=False, by=people.nsa_lead, at=later)
        return later

    def test_every_state_is_asked_of_the_database_as_the_row_has_it(self, everything, people):
        factories.partner_grant(factories.with_release(people), people, state="awaiting")
        grants = AccessGrant.objects.select_related("submission")
        for state in GrantState:
            by_row = {grant.pk for grant in grants if grant.state_at(everything) == state}
            asked = grants.in_state(state, everything)
            assert set(asked.values_list("pk", flat=True)) == by_row
            assert by_row, state
        for side in ("lab", "agency"):
            by_row = {grant.pk for grant in grants if grant.attestable_at(everything, side)}
            asked = grants.attestable(everything, side)
            assert set(asked.values_list("pk", flat=True)) == by_row
            assert by_row, side
        for grant in grants.listed(everything):
            assert grant.place == grant.state_at(everything).place

    def test_it_begins_with_all_that_is_not_over_and_what_is_live_comes_first(
        self, act, everything
    ):
        for query in ("", "?sort=-end"):
            response = act("administrator", "get", LIST + query)
            rows = response.context["page"].rows
            assert [row.place for row in rows] == ["Live now", *[WAITING] * 4]
            assert {row.state for row in rows} == {
                *("Live", "Scheduled", "Suspended"),
                *("Waiting for the lab's consent", "Waiting for an administrator"),
            }
            assert body(response).count('scope="rowgroup"') == 2

    def test_clear_leads_to_the_page_as_it_begins(self, act, everything):
        filtered = body(act("administrator", "get", LIST + "?state=revoked&lab=northlight"))
        assert f'<a class="usa-link" href="{LIST}">Clear</a>' in filtered
        begun = act("administrator", "get", LIST)
        assert '<option value="" selected>Any state, not over</option>' in body(begun)
        assert len(begun.context["page"].rows) == 5

    def test_filters_are_in_the_address(self, act, everything):
        def rows(who, query=""):
            response = act(who, "get", LIST + query)
            assert response.status_code == 200
            return [(row.lab, row.agency) for row in response.context["page"].rows]

        assert rows("administrator", "?state=live") == [("Northlight", "NSA")]
        assert len(rows("administrator", "?state=all")) == 11
        assert rows("administrator", "?state=ended&lab=basalt") == [("Basalt", "CAISI")]
        assert len(rows("administrator", "?state=all&agency=caisi")) == 3
        assert rows("administrator", "?state=all&agency=nsa&lab=basalt") == []
        assert len(rows("administrator", "?state=all&ends_before=2026-10-22")) == 1
        assert len(rows("northlight_liaison", "?state=all")) == 8
        assert len(rows("nsa_reviewer", "?state=all")) == 8  # she is the grantee of all
        assert len(rows("caisi_lead", "?state=all")) == 3
        assert rows("dod_lead", "?state=all") == []
        assert rows("superuser", "?state=all") == []

    def test_a_lab_is_offered_no_other_lab_or_its_agencies_as_a_choice(self, act, everything):
        fields = act("northlight_liaison", "get", LIST).context["form"].fields
        assert [code for code, _ in fields["lab"].choices] == ["", "northlight"]
        assert [code for code, _ in fields["agency"].choices] == ["", "nsa"]

    def test_queries_are_the_same_for_5_and_for_60(self, client, people, start):
        grants = [factories.grant(factories.filed(people), people) for _ in range(5)]
        whose = ("administrator", "northlight_liaison", "nsa_lead")
        counts = []
        for expected in (5, 50):
            for who in whose:
                client.force_login(getattr(people, who))
                client.get(LIST)  # what a process asks only once
                with CaptureQueriesContext(connection) as captured:
                    response = client.get(LIST)
                assert len(response.context["page"].rows) == expected
                counts.append(len(captured))
            for grant in grants:
                copies(grant, [start + timedelta(days=3)] * 11)
        assert len(set(counts)) == 1
        assert counts[0] <= 8

    def test_pages_go_forward_and_back_in_both_orders(self, act, people, submission, start):
        for state in ("live", "requested"):
            ends = [start + timedelta(days=2, hours=hour // 2) for hour in range(29)]
            copies(factories.grant(submission, people, state=state), ends)
        for sort in ("end", "-end"):
            first = act("administrator", "get", f"{LIST}?sort={sort}").context["page"]
            assert (len(first.rows), first.previous_url) == (50, "")
            second = act("administrator", "get", LIST + first.next_url).context["page"]
            assert (len(second.rows), second.next_url) == (10, "")
            assert f"sort={sort}" in second.previous_url
            # No row number: it would count other labs' grants, too.
            assert first.next_url.endswith(f"~{first.rows[-1].url.split('/')[-2]}")
            seen = first.rows + second.rows
            assert len({row.url for row in seen}) == 60
            assert [row.place for row in seen] == [
                *["Live now"] * 30,
                *[WAITING] * 30,
            ]
            back = act("administrator", "get", LIST + second.previous_url).context["page"]
            assert [row.url for row in back.rows] == [row.url for row in first.rows]
            assert back.previous_url == ""


class TestWhoIsShownWhat:
    def test_administrators_see_reference_lab_and_parties_and_no_content(self, act, people):
        text = {
            name: f"{CANARY} {name}"
            for name in factories.ANSWERS
            if name not in ("weights", "access_level")
        }
        submission = factories.filed(people, family=CANARY, **text)
        factories.document(submission, people, title=CANARY)
        grant = factories.grant(
            submission, people, state="consented", purpose=CANARY, environment=CANARY
        )
        pages = [
            LIST,
            LIST + "?state=all",
            url(grant),
            url(grant, "authorize"),
            url(grant, "revoke"),
        ]
        for address in pages:
            page = body(act("administrator", "get", address))
            assert CANARY not in page
        page = body(act("administrator", "get", url(grant, "authorize")))
        for words in (submission.reference, "Northlight", "nsa reviewer", "nsa lead"):
            assert words in page
        assert CANARY in body(act("nsa_lead", "get", url(grant)))
        assert CANARY in body(act("northlight_admin", "get", LIST + "?state=all"))
        access.authorize(grant, by=people.administrator, at=factories.now())
        access.revoke(grant, reason=CANARY, by=people.nsa_lead, at=factories.now())
        assert CANARY not in body(act("administrator", "get", url(grant)))
        for address in ("/attachments/", f"/attachments/{submission.reference}/", "/seats/"):
            assert CANARY not in body(act("administrator", "get", address))

    def test_a_lab_sees_grantee_and_named_users_and_no_other_agency_person(
        self, act, people, submission, start
    ):
        other = another_lead(people, start)
        grant = factories.grant(submission, people, users=[people.nsa_official])
        access.revoke(grant, reason="", by=other, at=start)
        access.attest(grant, for_lab=False, by=other, at=start)
        seen = body(act("northlight_liaison", "get", url(grant)))
        listed = body(act("northlight_liaison", "get", LIST + "?state=all"))
        for page in (seen, listed):
            assert "nsa reviewer" in page
            assert "northlight liaison" in page
            assert not {name for name in ("nsa lead", other.name) if name in page}
        assert "nsa official" in seen
        assert "Authorized: an administrator of the portal" in seen
        assert "Revoked: NSA" in seen
        assert "Asked by NSA" in listed
        assert "Authorized by an administrator of the portal" in listed
        assert other.name in body(act("nsa_lead", "get", url(grant)))
        assert "Asked by nsa lead" in body(act("nsa_lead", "get", LIST + "?state=all"))

    def test_one_submission_shows_only_what_its_reader_may_see(self, act, people, submission):
        grant = factories.grant(submission, people)
        here = reverse("reviews:submission-grants", args=[submission.reference])

        def rows(who):
            return [row.url for row in act(who, "get", here).context["page"].rows]

        theirs = [url(grant)]
        assert rows("northlight_liaison") == rows("nsa_lead") == rows("nsa_reviewer") == theirs
        assert rows("dod_lead") == rows("oncd_official") == []
        assert act("basalt_liaison", "get", here).status_code == 404
        assert act("administrator", "get", here).status_code == 404
        assert "Ask for access" in body(act("nsa_lead", "get", here))
        assert "Ask for access" not in body(act("nsa_reviewer", "get", here))
