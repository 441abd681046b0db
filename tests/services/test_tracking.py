"""The board, the timeline and the export: what they count and list, for whom, at what cost."""

import csv
import io
import re
from datetime import timedelta
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEvent, User
from reviews.models import AccessGrant
from reviews.models.grant_states import GrantState
from reviews.services import access, lifecycle, tracking
from reviews.services.tracking import Tracked, tracked
from tests import factories
from tests.services.grant_pages import body, url
from tests.services.test_grant_list import copies

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
BOARD, TIMELINE, EXPORT = "/access/board/", "/access/timeline/", "/access/export.csv"
CANARY = "Kittiwake-only-for-readers"
OVERSEERS = ("administrator", "auditor")


@pytest.fixture
def everything(people, move_clock, start, settings):
    """Grants of two labs in every state that is counted, seen at the instant returned."""
    settings.RECERTIFICATION_DAYS = 30  # so that none lapses before its end
    first, ended = factories.filed(people), factories.filed(people, lab="basalt")
    for state in ("requested", "declined", "consented", "live", "suspended", "revoked"):
        factories.grant(first, people, state=state, ends_at=start + 25 * DAY)
    factories.grant(first, people, "dod", ends_at=start + 15 * DAY)
    factories.grant(first, people, starts_at=start + 20 * DAY, ends_at=start + 25 * DAY)
    for state in ("requested", "live"):
        factories.grant(ended, people, "caisi", state=state, lab="basalt")
    half = factories.grant(first, people, ends_at=start + DAY)
    closed = factories.grant(first, people, ends_at=start + DAY)
    lifecycle.shorten(ended, closes_at=start + 2 * DAY, by=people.basalt_liaison, at=start)
    later = start + 12 * DAY
    move_clock(later)
    for grant in (half, closed):
        access.attest(grant, for_lab=True, by=people.northlight_liaison, at=later)
    access.attest(closed, for_lab=False, by=people.nsa_lead, at=later)
    return later


def counted(**counts):
    return dict.fromkeys(Tracked, 0) | {Tracked(name): number for name, number in counts.items()}


ALL = counted(live=2, ending=1, requested=1, consented=1, suspended=1, overdue=3)
NORTHLIGHT = ALL | {Tracked.OVERDUE: 2}


class TestBoard:
    def test_it_counts_what_each_reader_may_track(self, people, everything):
        def counts(who):
            return tracking.board(getattr(people, who), "lab", at=everything).counts

        assert counts("administrator") == counts("auditor") == ALL
        assert counts("northlight_liaison") == counts("northlight_admin") == NORTHLIGHT
        assert counts("basalt_liaison") == counted(overdue=1)

    def test_what_it_counts_is_what_the_condition_finds(self, people, everything):
        found = {
            one: AccessGrant.objects.filter(tracked(one, everything)).count() for one in Tracked
        }
        for by in tracking.BREAKDOWNS:
            assert found == tracking.board(people.administrator, by, at=everything).counts

    def test_it_is_broken_down_by_lab_agency_and_person(self, people, everything):
        found = {
            by: [
                (line.name, line.counts)
                for line in tracking.board(people.administrator, by, at=everything).lines
            ]
            for by in tracking.BREAKDOWNS
        }
        assert found["lab"] == [("Northlight", NORTHLIGHT), ("Basalt", counted(overdue=1))]
        assert dict(found["agency"])["CAISI"] == counted(overdue=1)
        assert dict(found["agency"])["DoD"] == counted(live=1, ending=1)
        assert dict(found["grantee"])["dod reviewer"] == counted(live=1, ending=1)
        assert {name for name, _ in found["grantee"]} == {
            *("nsa reviewer", "dod reviewer", "caisi reviewer"),
        }

    def test_a_count_leads_to_the_list_of_as_many(self, act, everything):
        for who in (*OVERSEERS, "northlight_liaison"):
            board = act(who, "get", BOARD).context
            for count in board["counts"]:
                page = act(who, "get", count.url).context["page"]
                assert len(page.rows) == count.count, (who, count.label)
            for way in board["ways"]:
                for line in act(who, "get", BOARD + way.url).context["lines"]:
                    assert act(who, "get", line.url).context["page"].rows
                    for address, number in re.findall('href="([^"]+)">([0-9]+)<', line.cells):
                        found = act(who, "get", unescape(address)).context["page"].rows
                        assert len(found) == int(number), address

    def test_it_is_divided_by_what_the_address_says_and_nothing_else(self, act, everything):
        assert act("administrator", "get", BOARD).context["by"] == "Lab"
        assert act("northlight_liaison", "get", BOARD).context["by"] == "Agency"
        asked = act("administrator", "get", f"{BOARD}?by=grantee").context
        assert [way.label for way in asked["ways"] if way.current] == ["Person"]
        assert act("administrator", "get", f"{BOARD}?by=person").status_code == 400

    def test_a_lab_sees_who_where_until_when_and_can_revoke_or_attest(self, act, everything):
        board = act("basalt_liaison", "get", BOARD).context
        grant = AccessGrant.objects.get(agency__code="caisi", authorized_at__isnull=False)
        assert board["own"] == []
        assert [task.url for task in board["closeouts"]] == [url(grant)]
        board = act("northlight_liaison", "get", BOARD).context
        rows = board["own"]
        assert (len(rows), len(board["closeouts"])) == (6, 1)  # one was revoked
        assert {row.environment for row in rows} == {"Isolated evaluation network"}
        live = next(row for row in rows if row.state == "Live")
        assert "Revoke access?" in body(act("northlight_liaison", "get", live.revoke_url))

    def test_overseers_see_no_content_and_a_lab_nothing_of_another(self, act, people, start):
        own, other = factories.filed(people, family=CANARY), factories.filed(people, lab="basalt")
        factories.grant(own, people, purpose=CANARY, environment=CANARY)
        factories.grant(other, people, "dod", lab="basalt", environment=f"{CANARY} other")
        for who in OVERSEERS:
            for address in (BOARD, TIMELINE, EXPORT):
                response = act(who, "get", address)
                text = b"".join(response).decode() if response.streaming else body(response)
                assert CANARY not in text
                assert "Basalt" in text
        for address in (BOARD, TIMELINE, EXPORT):
            response = act("northlight_liaison", "get", address)
            text = b"".join(response).decode() if response.streaming else body(response)
            for word in ("Basalt", "basalt", f"{CANARY} other", "dod reviewer"):
                assert word not in text, (address, word)
        assert CANARY in body(act("northlight_liaison", "get", BOARD))

    def test_an_auditor_is_offered_no_way_into_a_grant(self, act, everything):
        for address in (BOARD, TIMELINE):
            page = body(act("auditor", "get", address))
            assert "/access/revoke/" not in page
            assert 'href="/access/' + str(AccessGrant.objects.first().key)[:4] not in page
        assert "/access/revoke/" in body(act("administrator", "get", BOARD))

    @pytest.mark.parametrize("address", [BOARD, TIMELINE, EXPORT])
    @pytest.mark.parametrize("who", ["nsa_lead", "nsa_reviewer", "partner_contact", "superuser"])
    def test_for_everybody_else_there_is_no_such_page(self, act, people, address, who):
        factories.grant(factories.filed(people), people)
        assert act(who, "get", address).status_code == 404


class TestTimeline:
    def rows(self, act, who, query=""):
        response = act(who, "get", TIMELINE + query)
        assert response.status_code == 200
        return response.context["page"].rows

    def test_every_state_has_the_words_of_the_row(self, act, people, everything):
        rows = self.rows(act, "administrator", "?state=")
        said = {row.key: row.state for row in rows}
        grants = AccessGrant.objects.select_related("submission")
        assert said == {grant.key: grant.state_at(everything) for grant in grants}
        ends = {row.key: row.ended for row in rows}
        assert ends == {grant.key: grant.effective_end() for grant in grants}
        for state in GrantState:
            found = self.rows(act, "administrator", f"?state={state}")
            assert {row.key for row in found} == {key for key in said if said[key] == state}

    def test_it_is_filtered_by_whose_and_when(self, act, people, everything, start):
        def number(query):
            return len(self.rows(act, "administrator", query))

        assert number("?lab=basalt") == 2
        assert number("?agency=dod") == number("?person=DOD+reviewer") == 1
        assert number("?agency=dod&lab=basalt") == number("?person=nobody") == 0
        assert number("?since=2026-10-22") == 9  # the day on which basalt's window ends
        assert number("?since=2026-10-23") == 7
        assert number("?until=2026-11-08") == 11
        assert number("?until=2026-11-09") == 12
        assert number("?until=2026-10-19") == 0

    def test_somebody_named_besides_is_found_by_name(self, act, people):
        submission = factories.filed(people)
        factories.grant(submission, people, users=[people.nsa_lead])
        factories.grant(submission, people)
        assert len(self.rows(act, "administrator", "?person=nsa+lead")) == 1

    def test_unless_asked_it_shows_the_month_to_either_side(self, act, people, start, move_clock):
        factories.grant(factories.filed(people), people)
        assert len(self.rows(act, "auditor")) == 1
        # What it leads on to is what it shows.
        shown = "since=2026-09-20&amp;until=2026-11-19"
        assert f"{EXPORT}?{shown}" in body(act("auditor", "get", TIMELINE))
        move_clock(start + 60 * DAY)
        page = act("auditor", "get", TIMELINE)
        assert page.context["page"].rows == []
        assert "Show the month before and after today" in body(page)

    def test_days_in_the_wrong_order_are_an_error_and_no_empty_list(self, act, everything):
        for page in (TIMELINE, "/access/revoke/"):
            answer = act(
                "auditor" if page == TIMELINE else "administrator",
                "get",
                f"{page}?since=2026-11-20&until=2026-11-01",
            )
            assert answer.status_code == 400
            assert "Enter a day no later than Through" in body(answer)
            assert 'value="2026-11-20"' in body(answer)
            assert "No access matches" not in body(answer)
            assert "None of the grants" not in body(answer)
        same = act("auditor", "get", f"{TIMELINE}?since=2026-11-01&until=2026-11-01")
        assert same.status_code == 200

    def test_its_title_says_that_it_is_filtered_only_when_it_is(self, act, everything):
        assert "<title>Timeline of access | Foreview" in body(act("administrator", "get", TIMELINE))
        asked = body(act("administrator", "get", f"{TIMELINE}?state=live"))
        assert "<title>Timeline of access, filtered | Foreview" in asked

    def test_the_table_says_what_the_drawing_says(self, act, people, everything):
        response = act("administrator", "get", TIMELINE + "?state=live")
        page = body(response)
        bars = response.context["drawing"].bars
        assert page.count('height="12" fill="#00703c"') == len(bars) == 2
        for bar in bars:
            assert page.count(f">{bar.person}: {bar.state}<") == 1
            assert page.count(f", {bar.agency}, {bar.lab} {bar.reference}<") == 1
            assert f'<th scope="row" data-label="Person"><span>{bar.person}' in page
            assert f'<td data-label="End">{bar.ends}</td>' in page
        assert "style=" not in page.partition("<main")[2]

    def test_bars_are_to_scale(self, act, people, start):
        submission = factories.filed(people)
        factories.grant(submission, people, ends_at=start + 5 * DAY)
        factories.grant(submission, people, starts_at=start + 5 * DAY, ends_at=start + 10 * DAY)
        factories.grant(submission, people, state="requested", ends_at=start + 10 * DAY)
        bars = act("auditor", "get", TIMELINE + "?state=").context["drawing"].bars
        places = {(bar.x, bar.width, bar.fill) for bar in bars}
        assert places == {
            ("0.00", "50.00", "#00703c"),
            ("50.00", "50.00", "#005ea2"),
            ("0.00", "100.00", "none"),
        }

    def test_a_filter_that_is_none_is_said(self, act, people):
        factories.grant(factories.filed(people), people)
        for query in ("?state=nonsense", "?since=never", "?agency=nonsense"):
            response = act("administrator", "get", TIMELINE + query)
            assert (response.status_code, response.context["page"].rows) == (400, [])

    def test_pages_follow_each_other(self, act, people, start):
        grant = factories.grant(factories.filed(people), people)
        copies(grant, [start + timedelta(days=3, hours=hour // 2) for hour in range(59)])
        first = act("auditor", "get", TIMELINE).context["page"]
        second = act("auditor", "get", TIMELINE + first.next_url).context["page"]
        assert (len(first.rows), len(second.rows), second.next_url) == (50, 10, "")
        assert len({row.key for row in [*first.rows, *second.rows]}) == 60


def test_queries_are_the_same_for_3_and_for_60(client, people, start):
    grants = [factories.grant(factories.filed(people), people) for _ in range(3)]
    counts = {}
    for number in (3, 60):
        for address in (BOARD, TIMELINE, EXPORT, "/access/revoke/"):
            for who in ("administrator", "northlight_liaison"):
                client.force_login(getattr(people, who))
                client.get(address)  # what a process asks only once
                with CaptureQueriesContext(connection) as captured:
                    response = client.get(address)
                    if response.streaming:
                        assert len(list(response)) == number + 1
                counts.setdefault((address, who), set()).add(len(captured))
        for grant in grants:
            copies(grant, [start + timedelta(days=3)] * 19)
    assert all(len(found) == 1 for found in counts.values()), counts
    assert max(max(found) for found in counts.values()) <= 14, counts


class TestExport:
    def read(self, act, who, query=""):
        response = act(who, "get", EXPORT + query)
        assert response.streaming
        assert response["Content-Type"] == "text/csv; charset=utf-8"
        return list(csv.DictReader(io.StringIO(b"".join(response).decode())))

    def test_it_has_the_grants_of_the_filter(self, act, people, everything):
        assert len(self.read(act, "auditor")) == AccessGrant.objects.count()
        rows = self.read(act, "administrator", "?state=live&agency=dod")
        (row,) = rows
        grant = AccessGrant.objects.get(agency__code="dod")
        assert row["Grant"] == str(grant.key)
        assert (row["Lab"], row["Person"], row["State"]) == ("Northlight", "dod reviewer", "live")
        assert row["End"] == grant.effective_end().isoformat(timespec="seconds")
        assert row["Revoked"] == ""
        assert {row["Lab"] for row in self.read(act, "basalt_liaison")} == {"Basalt"}

    def test_it_is_on_record_with_filter_and_count_before_a_line_is_read(
        self, act, people, everything
    ):
        response = act("auditor", "get", EXPORT + "?state=live&since=2026-10-01")
        event = AuditEvent.objects.get(action="grants.exported")
        assert event.actor == people.auditor.email
        assert event.details == {"count": 2, "filter": {"state": "live", "since": "2026-10-01"}}
        response.close()

    @pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "\n"])
    def test_nothing_in_it_is_a_formula(self, act, people, sign):
        User.objects.filter(pk=people.nsa_reviewer.pk).update(name=f'{sign}HYPERLINK("x","y")')
        factories.grant(factories.filed(people), people)
        (row,) = self.read(act, "administrator")
        assert row["Person"] == f'\'{sign}HYPERLINK("x","y")'

    def test_a_filter_that_is_none_exports_nothing_and_is_shown_with_what_is_wrong(
        self, act, people
    ):
        factories.grant(factories.filed(people), people)
        answer = act("auditor", "get", EXPORT + "?state=nonsense")
        assert answer.status_code == 302
        assert act("auditor", "get", answer.url).status_code == 400
        assert not AuditEvent.objects.filter(action__contains="export").exists()
