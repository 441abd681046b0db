"""The lab's answer to a request for access, whole or to less of it; and why access is over."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from accounts.models import AuditEvent
from reviews.models import AccessGrant, Notice
from reviews.models.grant_states import EndReason
from reviews.services import access, agency_reviews, attachments, ends, lifecycle, reports
from tests import factories
from tests.services.grant_pages import body, url, when

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def grant(submission, people):
    return factories.grant(
        submission, people, state="requested", access_level="al3", safeguards="reduced"
    )


def consented(act, grant, **answer):
    """The lab's answer is sent; the status, and the grant as it is then."""
    status = act("northlight_liaison", "post", url(grant, "consent"), answer).status_code
    return status, AccessGrant.objects.get(pk=grant.pk)


class TestNarrowing:
    def test_the_page_offers_what_was_asked_for_and_less_of_it(self, act, grant):
        form = act("northlight_liaison", "get", url(grant, "consent")).context["form"]
        assert [level for level, _ in form.fields["access_level"].choices] == ["al1", "al2", "al3"]
        assert [state for state, _ in form.fields["safeguards"].choices] == ["in_place", "reduced"]
        assert form["access_level"].value() == "al3"
        assert form["safeguards"].value() == "reduced"
        assert form["ends_at"].value() == grant.ends_at

    def test_what_has_no_less_is_not_asked(self, act, submission, people):
        least = factories.grant(submission, people, state="requested")
        form = act("northlight_liaison", "get", url(least, "consent")).context["form"]
        assert list(form.fields) == ["ends_at"]
        status, answered = consented(act, least, access_level="al3", safeguards="removed")
        assert (status, answered.access_level, answered.safeguards) == (302, "al1", "in_place")

    def test_sent_as_shown_nothing_is_less(self, act, grant):
        """The end is typed to the minute; the seconds that were asked for are kept."""
        AccessGrant.objects.filter(pk=grant.pk).update(ends_at=grant.ends_at + DAY / 7)
        grant.refresh_from_db()
        shown = {"access_level": "al3", "safeguards": "reduced", **when("ends_at", grant.ends_at)}
        status, answered = consented(act, grant, **shown)
        assert status == 302
        assert answered.ends_at == grant.ends_at
        assert not answered.narrowed
        assert not Notice.objects.filter(kind="grant_narrowed").exists()

    def test_less_is_what_lives_and_what_was_asked_for_stays_on_record(
        self, act, grant, people, start
    ):
        sooner = start + 4 * DAY
        status, answered = consented(
            act, grant, access_level="al1", safeguards="in_place", **when("ends_at", sooner)
        )
        assert status == 302
        assert (answered.access_level, answered.safeguards) == ("al1", "in_place")
        assert (answered.asked_access_level, answered.asked_safeguards) == ("al3", "reduced")
        assert (answered.ends_at, answered.asked_ends_at) == (sooner, grant.ends_at)
        told = Notice.objects.filter(kind="grant_narrowed")
        assert {notice.recipient for notice in told} == {people.nsa_lead, people.nsa_reviewer}
        details = AuditEvent.objects.get(action="grant.consented").details
        assert (details["access_level"], details["asked_access_level"]) == ("al1", "al3")
        access.authorize(answered, by=people.administrator, at=start)
        answered.refresh_from_db()
        assert answered.live_at(sooner - DAY)
        assert not answered.live_at(sooner)
        page = body(act("nsa_lead", "get", url(grant)))
        assert "AL1, black box (asked for: AL3, white box)" in page
        assert "In place, as for customers (asked for: Reduced for this work)" in page
        assert "Northlight consented to less than was asked for" in page

    @pytest.mark.parametrize(
        "more", [{"access_level": "al9"}, {"safeguards": "removed"}, {"access_level": "AL1"}]
    )
    def test_the_form_takes_nothing_that_was_not_asked_for(self, act, grant, more):
        status, answered = consented(act, grant, **more)
        assert (status, answered.consented_at) == (422, None)

    @pytest.mark.parametrize(("days", "status"), [(10.5, 409), (0, 409), (-1, 409), (5, 302)])
    def test_an_end_that_is_later_than_asked_or_leaves_no_time_is_refused(
        self, act, grant, start, days, status
    ):
        answered = consented(act, grant, **when("ends_at", start + days * DAY))
        assert answered[0] == status
        assert bool(answered[1].consented_at) == (status == 302)

    @pytest.mark.parametrize(
        "facts",
        [
            {"asked_access_level": "al2", "access_level": "al3"},
            {"asked_access_level": "al3"},
            {"asked_ends_at_days": 9},
        ],
    )
    def test_the_database_keeps_no_answer_to_more(self, grant, facts):
        days = facts.pop("asked_ends_at_days", None)
        if days is not None:
            facts["asked_ends_at"] = grant.ends_at - days * DAY
        with pytest.raises(IntegrityError, match="narrowed"), transaction.atomic():
            AccessGrant.objects.filter(pk=grant.pk).update(**facts)


class TestWhyItIsOver:
    """Each way in which access, or the request for it, ends says which it was."""

    def reason(self, grant, at):
        return AccessGrant.objects.get(pk=grant.pk).end_reason_at(at)

    @pytest.mark.parametrize(
        ("state", "who", "reason"),
        [
            ("requested", "nsa_lead", EndReason.TAKEN_BACK),
            ("consented", "nsa_lead", EndReason.BY_AGENCY),
            ("live", "nsa_lead", EndReason.BY_AGENCY),
            ("live", "northlight_liaison", EndReason.BY_LAB),
            ("live", "administrator", EndReason.BY_ADMINISTRATION),
            ("suspended", "northlight_liaison", EndReason.BY_LAB),
        ],
    )
    def test_revoked(self, act, submission, people, start, state, who, reason):
        grant = factories.grant(submission, people, state=state)
        assert self.reason(grant, start) is None
        assert act(who, "post", url(grant, "revoke")).status_code == 302
        assert self.reason(grant, start) is reason
        assert reason.label in body(act("nsa_reviewer", "get", url(grant)))

    def test_declined(self, submission, people, start):
        grant = factories.grant(submission, people, state="declined")
        assert self.reason(grant, start) is EndReason.DECLINED
        assert self.reason(grant, start + 60 * DAY) is EndReason.DECLINED

    def test_by_the_clock(self, submission, people, start, settings):
        settings.RECERTIFICATION_DAYS = 30  # would lapse just as the window ends
        short = factories.grant(submission, people)
        whole = factories.grant(submission, people, ends_at=start + 60 * DAY)
        never = factories.grant(submission, people, state="consented")
        end = submission.closes_at
        assert self.reason(short, short.ends_at - DAY) is None
        assert self.reason(short, short.ends_at) is EndReason.OWN_END
        assert self.reason(short, end + DAY) is EndReason.OWN_END
        assert self.reason(never, never.ends_at) is EndReason.RAN_OUT
        assert self.reason(whole, end - DAY) is None
        assert self.reason(whole, end) is EndReason.WINDOW
        ends.record(submission.pk, at=end)
        assert self.reason(whole, end) is EndReason.WINDOW
        assert self.reason(short, end) is EndReason.OWN_END

    def test_with_the_submission(self, submission, people, start, move_clock):
        grant = factories.grant(submission, people)
        at = start + DAY
        move_clock(at)
        lifecycle.withdraw(submission, by=people.northlight_liaison, at=at)
        assert self.reason(grant, at) is EndReason.WITHDRAWN
        other = factories.filed(people)
        concluded = factories.grant(other, people)
        outpost = factories.organization("outpost")
        attachments.detach(other, outpost, by=people.administrator, at=at)
        for agency in ("nsa", "dod", "cisa", "caisi", "treasury"):
            factories.position_filed(other, people, agency)
        other.refresh_from_db()
        reports.issue(other, by=people.nsa_lead, at=at)
        assert self.reason(concluded, at) is EndReason.CONCLUDED

    def test_with_what_tied_the_grantee_to_it(self, submission, people, start):
        recused = factories.grant(submission, people)
        agency_reviews.recuse(submission, reason="", by=people.nsa_reviewer, at=start)
        assert self.reason(recused, start) is EndReason.RECUSED
        detached = factories.grant(submission, people, "dod")
        attachments.detach(
            submission, factories.organization("dod"), by=people.administrator, at=start
        )
        assert self.reason(detached, start) is EndReason.DETACHED

    def test_with_the_grantees_seat(self, act, submission, people, start):
        grant = factories.grant(submission, people)
        sent = {"email": people.nsa_reviewer.email, "role": "reviewer"}
        assert act("administrator", "post", "/seats/nsa/take/", sent).status_code == 302
        assert self.reason(grant, start) is EndReason.SEAT_REMOVED

    def test_what_was_revoked_before_the_cause_was_kept_claims_none(
        self, act, submission, people, start
    ):
        grant = factories.grant(submission, people, state="revoked")
        AccessGrant.objects.filter(pk=grant.pk).update(revoked_because="")
        assert self.reason(grant, start) is None
        assert "Why it is over" not in body(act("nsa_reviewer", "get", url(grant)))
