"""Access needs its people's terms and training, lapses with them, and is recertified."""

from datetime import timedelta

import pytest

from accounts.exceptions import PersonnelRefused
from accounts.models import AuditEvent, PersonnelRecord
from reviews.exceptions import Conflict, NotPermitted, NotVisible
from reviews.models import AccessGrant
from reviews.models.grant_states import EndReason, GrantState
from reviews.services import access, ends, extensions, readiness
from tests import factories
from tests.people import keep_records
from tests.services.grant_pages import body, url

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def consented(submission, people):
    return factories.grant(submission, people, state="consented")


def dates(people, at, *, terms, training, by=None):
    """The reviewer's record, in days from ``at``."""
    return readiness.record(
        people.nsa_reviewer,
        nondisclosure_until=at + terms * DAY,
        training_until=at + training * DAY,
        by=by or people.administrator,
        at=at,
    )


class TestAuthorizing:
    def refused(self, grant, people, at):
        with pytest.raises(Conflict) as refusal:
            access.authorize(grant, by=people.administrator, at=at)
        grant.refresh_from_db()
        assert grant.authorized_at is None
        return str(refusal.value)

    def test_without_a_record(self, consented, people, start):
        PersonnelRecord.objects.filter(person=people.nsa_reviewer).delete()
        said = self.refused(consented, people, start)
        assert "nsa reviewer has neither nondisclosure terms nor insider-risk training" in said
        assert "An administrator can record them" in said

    @pytest.mark.parametrize(
        ("terms", "training", "named"),
        [(0, 9, ["nondisclosure"]), (9, 0, ["training"]), (0, 0, ["nondisclosure", "training"])],
    )
    def test_with_dates_that_have_passed(self, consented, people, start, terms, training, named):
        dates(people, start, terms=terms, training=training)
        said = self.refused(consented, people, start)
        assert [
            word
            for word in ("nondisclosure", "training")
            if f"The {word}" in said or f"The insider-risk {word}" in said
        ] == named

    def test_a_person_named_beside_the_grantee_is_asked_the_same(self, submission, people, start):
        grant = factories.grant(submission, people, state="consented", users=[people.recused])
        PersonnelRecord.objects.filter(person=people.recused).delete()
        assert "recused has neither" in self.refused(grant, people, start)

    def test_the_limit_and_its_exception(self, submission, people, start, settings):
        settings.GRANTS_PER_PERSON = 2
        for _ in range(2):
            factories.grant(submission, people)
        third = factories.grant(submission, people, state="consented")
        said = self.refused(third, people, start)
        assert "nsa reviewer has 2 other access grants that are not over, and 2 is the most" in said
        keep_records(people.nsa_reviewer, start, most_grants=3)
        assert access.authorize(third, by=people.administrator, at=start).live_at(start)

    def test_what_is_over_does_not_count(self, submission, people, start, settings):
        settings.GRANTS_PER_PERSON = 1
        factories.grant(submission, people, state="revoked")
        third = factories.grant(submission, people, state="consented")
        assert access.authorize(third, by=people.administrator, at=start).live_at(start)

    def test_the_page_says_before_the_click_what_the_refusal_says(
        self, act, consented, people, start
    ):
        dates(people, start, terms=0, training=9)
        page = body(act("administrator", "get", url(consented)))
        refused = act("administrator", "post", url(consented, "authorize"))
        assert refused.status_code == 409
        said = "The nondisclosure terms of nsa reviewer ended."
        assert said in page
        assert said in body(refused)

    def test_the_lab_is_not_told_whose_terms_those_are(self, act, consented, people, start):
        dates(people, start, terms=0, training=9)
        page = body(act("northlight_liaison", "get", url(consented)))
        assert "Terms or training of somebody named in it" in page
        assert "nondisclosure terms of nsa reviewer" not in page

    def test_the_lab_is_not_told_how_much_access_she_has_at_other_labs(
        self, act, consented, people, start, settings
    ):
        settings.GRANTS_PER_PERSON = 1
        before = act("northlight_liaison", "get", url(consented)).context["why"]
        factories.grant(factories.filed(people, "basalt"), people, lab="basalt")
        assert act("northlight_liaison", "get", url(consented)).context["why"] == before
        assert "1 is the most" in body(act("administrator", "get", url(consented)))


class TestLapsing:
    @pytest.mark.parametrize(
        ("terms", "training", "because"),
        [
            (3, 9, EndReason.NONDISCLOSURE_LAPSED),
            (9, 3, EndReason.TRAINING_LAPSED),
        ],
    )
    def test_with_the_first_of_the_dates_and_no_worker(
        self, submission, people, start, terms, training, because
    ):
        dates(people, start, terms=terms, training=training)
        grant = factories.grant(submission, people)
        end = start + 3 * DAY
        assert grant.live_at(end - timedelta(microseconds=1))
        assert grant.state_at(end) is GrantState.ENDED
        assert grant.end_reason_at(end) is because

    def test_moves_with_the_record_until_it_has_come_and_never_after(
        self, submission, people, start
    ):
        dates(people, start, terms=3, training=9)
        grant = factories.grant(submission, people)
        dates(people, start + DAY, terms=5, training=9)
        grant.refresh_from_db()
        assert grant.live_at(start + 5 * DAY)
        dates(people, start + 6 * DAY, terms=9, training=9)
        grant.refresh_from_db()
        assert not grant.live_at(start + 6 * DAY)
        assert grant.end_reason_at(start + 14 * DAY) is EndReason.NONDISCLOSURE_LAPSED
        moved = AuditEvent.objects.filter(action="grant.lapse_set").values_list(
            "details", flat=True
        )
        assert [event["lapses_at"] for event in moved] == [(start + 6 * DAY).isoformat()]

    def test_a_date_in_the_past_ends_it_now_and_not_before(self, submission, people, start):
        grant = factories.grant(submission, people)
        dates(people, start + 2 * DAY, terms=-1, training=9)
        grant.refresh_from_db()
        assert grant.live_at(start + 2 * DAY - timedelta(microseconds=1))
        assert not grant.live_at(start + 2 * DAY)

    def test_of_a_person_named_beside_the_grantee_ends_only_her_use(
        self, act, submission, people, start, move_clock
    ):
        keep_records(people.recused, start, days=3)
        grant = factories.grant(submission, people, users=[people.recused])
        later = start + 4 * DAY
        assert grant.live_at(later)
        access.use(grant, by=people.nsa_reviewer, at=later)
        with pytest.raises(NotPermitted):
            access.use(grant, by=people.recused, at=later)
        move_clock(later)
        assert "Your own use of it lapsed on" in body(act("recused", "get", url(grant)))
        refused = act("recused", "post", url(grant, "use"))
        assert refused.status_code == 403
        assert "a lead of NSA can ask for new access" in body(refused)

    def test_only_an_administrator_keeps_a_record(self, people, start):
        before = PersonnelRecord.objects.get(person=people.nsa_reviewer)
        with pytest.raises(NotVisible):
            dates(people, start, terms=9, training=9, by=people.nsa_lead)
        after = PersonnelRecord.objects.get(person=people.nsa_reviewer)
        assert after.training_until == before.training_until

    def test_nobody_keeps_her_own_record(self, people, start):
        with pytest.raises(PersonnelRefused, match="another administrator"):
            dates(people, start, terms=9, training=9, by=people.nsa_reviewer)


class TestRecertifying:
    @pytest.fixture
    def grant(self, submission, people, settings):
        settings.RECERTIFICATION_DAYS = 14
        return factories.grant(submission, people, ends_at=factories.now() + 29 * DAY)

    def test_it_lapses_unless_the_lead_says_that_it_is_needed(self, grant, people, start):
        assert grant.live_at(start + 14 * DAY - timedelta(microseconds=1))
        assert grant.end_reason_at(start + 14 * DAY) is EndReason.NOT_RECERTIFIED
        readiness.recertify(grant, by=people.nsa_lead, at=start + 12 * DAY)
        grant.refresh_from_db()
        assert grant.live_at(start + 26 * DAY - timedelta(microseconds=1))
        assert grant.end_reason_at(start + 26 * DAY) is EndReason.NOT_RECERTIFIED

    def test_not_after_it_has_lapsed(self, grant, people, start):
        with pytest.raises((Conflict, NotPermitted)):
            readiness.recertify(grant, by=people.nsa_lead, at=start + 14 * DAY)
        grant.refresh_from_db()
        assert not grant.live_at(start + 14 * DAY)

    def test_not_weeks_ahead(self, grant, people, start):
        with pytest.raises(Conflict, match="in the last"):
            readiness.recertify(grant, by=people.nsa_lead, at=start + timedelta(minutes=1))

    def test_more_time_does_not_recertify(self, grant, people, start):
        ends_at = start + 29.5 * DAY
        extensions.request(grant, ends_at=ends_at, reason="More.", by=people.nsa_lead, at=start)
        asked = grant.extensions.get()
        extensions.consent(asked, by=people.northlight_liaison, at=start)
        extensions.authorize(asked, by=people.administrator, at=start)
        grant.refresh_from_db()
        assert grant.end_reason_at(start + 14 * DAY) is EndReason.NOT_RECERTIFIED

    def test_the_tasks_of_a_lead_are_what_she_may_recertify(self, act, grant, people, start):
        short = factories.grant(grant.submission, people, ends_at=start + 13 * DAY)
        for at in (start, start + 7 * DAY, start + 8 * DAY, start + 14 * DAY):
            shown = set(AccessGrant.objects.recertifiable(at))
            assert shown == {one for one in (grant, short) if one.recertifiable_at(at)}
        assert set(AccessGrant.objects.recertifiable(start + 8 * DAY)) == {grant}

    def test_is_on_the_home_of_the_lead_and_of_nobody_else(
        self, act, grant, people, start, move_clock
    ):
        move_clock(start + 8 * DAY)
        asked = "Say whether access is still needed"
        assert asked in body(act("nsa_lead", "get", "/"))
        for who in ("nsa_reviewer", "dod_lead", "northlight_liaison", "administrator"):
            assert asked not in body(act(who, "get", "/"))

    def test_by_the_page(self, act, grant, people, start, move_clock):
        assert "Recertify" not in body(act("nsa_lead", "get", url(grant)))
        move_clock(start + 12 * DAY)
        assert "Recertify" in body(act("nsa_lead", "get", url(grant)))
        act("nsa_lead", "post", url(grant, "recertify"))
        grant.refresh_from_db()
        assert grant.recertify_by == start + 26 * DAY


def test_a_sweep_neither_ends_nor_revives_what_lapsed(submission, people, start, move_clock):
    keep_records(people.nsa_reviewer, start, days=3)
    grant = factories.grant(submission, people)
    move_clock(start + 4 * DAY)
    ends.record_overdue(at=start + 4 * DAY)
    grant.refresh_from_db()
    assert grant.over_at(start + 4 * DAY) == start + 3 * DAY
