"""Closeouts: attested with exceptions or without, due, overdue, and who oversees them."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEvent
from reviews.models import Notice
from reviews.services import access, notices
from tests import factories
from tests.services.grant_pages import BOXES, body, url

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
LIST = "/access/closeouts/"
SECRET = "One endpoint stays until the patch is out."


@pytest.fixture
def over(people, start):
    """Access that was revoked at the start."""
    return factories.grant(factories.filed(people), people, state="revoked")


class TestAttesting:
    def test_neither_affirmed_nor_explained_names_each_box_and_keeps_nothing(
        self, act, over, people
    ):
        refused = act("nsa_lead", "post", url(over, "attest"), {"copies_gone": "on"})
        assert refused.status_code == 422
        assert body(refused).count("If it is not, say why under Exceptions.") >= 1
        over.refresh_from_db()
        assert over.agency_attested_at is None

    def test_what_is_not_so_is_said_and_only_the_parties_read_what(self, act, over, people):
        response = act("nsa_lead", "post", url(over, "attest"), {"exceptions": SECRET})
        assert response.status_code == 302
        over.refresh_from_db()
        assert over.agency_exceptions == SECRET
        for reader in ("northlight_liaison", "nsa_reviewer", "nsa_lead"):
            assert SECRET in body(act(reader, "get", url(over)))
        for reader in ("administrator", "auditor"):
            page = body(act(reader, "get", f"{LIST}?show=exceptions"))
            assert "Attested, with exceptions," in page
            assert SECRET not in page
        assert SECRET not in body(act("administrator", "get", url(over)))
        assert not AuditEvent.objects.filter(details__icontains=SECRET[:12]).exists()

    def test_each_side_once(self, act, over, people):
        for who in ("nsa_lead", "northlight_liaison"):
            assert act(who, "post", url(over, "attest"), BOXES).status_code == 302
            assert act(who, "post", url(over, "attest"), BOXES).status_code == 409


class TestList:
    def shown(self, act, who, show=""):
        page = act(who, "get", f"{LIST}?show={show}")
        return [row.reference for row in page.context["page"].rows]

    @pytest.mark.parametrize("who", ["administrator", "auditor"])
    def test_overdue_ten_days_after_the_end_and_not_before(self, act, over, start, move_clock, who):
        reference = over.submission.reference
        move_clock(start + 10 * DAY - timedelta(seconds=1))
        assert self.shown(act, who) == []
        assert self.shown(act, who, "waiting") == [reference]
        move_clock(start + 10 * DAY)
        assert self.shown(act, who) == [reference]
        assert "<strong>Overdue</strong> since" in body(act(who, "get", LIST))

    def test_one_side_is_not_enough(self, act, over, people, start, move_clock):
        access.attest(over, for_lab=True, by=people.northlight_liaison, at=start)
        move_clock(start + 11 * DAY)
        assert self.shown(act, "auditor") == [over.submission.reference]
        access.attest(over, for_lab=False, by=people.nsa_lead, at=start + 11 * DAY)
        assert self.shown(act, "auditor") == []
        assert self.shown(act, "auditor", "all") == [over.submission.reference]

    def test_what_never_began_owes_nothing(self, act, people, start, move_clock):
        submission = factories.filed(people)
        factories.grant(submission, people, state="declined")
        factories.grant(submission, people, state="consented")
        move_clock(start + 30 * DAY)
        assert self.shown(act, "administrator", "all") == []

    @pytest.mark.parametrize("who", ["northlight_liaison", "nsa_lead", "nsa_reviewer"])
    def test_is_not_there_for_others(self, act, over, who):
        assert act(who, "get", LIST).status_code == 404

    def test_a_filter_that_is_not_offered_is_named(self, act, over):
        refused = act("auditor", "get", f"{LIST}?show=mine")
        assert refused.status_code == 400
        assert "mine is not one of the available choices" in body(refused)

    def test_a_fixed_number_of_queries(self, act, people):
        submission = factories.filed(people)
        factories.grant(submission, people, state="revoked")
        act("auditor", "get", f"{LIST}?show=all")
        with CaptureQueriesContext(connection) as few:
            act("auditor", "get", f"{LIST}?show=all")
        for _ in range(4):
            factories.grant(submission, people, state="revoked")
        with CaptureQueriesContext(connection) as many:
            act("auditor", "get", f"{LIST}?show=all")
        assert len(few) == len(many)


def test_overdue_goes_on_to_administrators(over, people, start, move_clock):
    for days in (5, 10):
        move_clock(start + days * DAY)
        notices.queue_reminders(at=start + days * DAY)
    told = Notice.objects.filter(recipient=people.administrator, kind__startswith="closeout")
    assert sorted(told.values_list("kind", flat=True)) == [
        "closeout_agency_10",
        "closeout_lab_10",
    ]
