"""Terms that a partner accepted and that a later version supersedes."""

from datetime import timedelta

import pytest

from reviews.exceptions import Conflict, NotVisible
from reviews.models import AccessGrant, Notice, PartnerTerms, TermsAcceptance
from reviews.models.grant_states import EndReason
from reviews.models.notice import NoticeKind
from reviews.services import (
    access,
    partner_terms,
    partners,
)
from tests import factories

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def submission(people):
    return factories.with_release(people)


def accept(grant, people, at):
    """The latest terms are accepted."""
    sha256 = PartnerTerms.objects.last().sha256
    return partners.accept(grant, sha256=sha256, by=people.partner_contact, at=at)


def told(kind, person):
    return Notice.objects.filter(kind=kind, recipient=person).count()


class TestSupersededTerms:
    @pytest.fixture(autouse=True)
    def granted(self, submission, people, start, settings):
        settings.RECERTIFICATION_DAYS = 40
        self.grant = factories.partner_grant(submission, people, state="scheduled")
        self.people, self.start = people, start

    def publish(self, text="The second text.", after=25 * DAY, at=None):
        return partner_terms.publish(
            text,
            accept_by=self.start + after,
            by=self.people.administrator,
            at=at or self.start,
        )

    def fresh(self):
        return AccessGrant.objects.get(pk=self.grant.pk)

    def test_whoever_lost_the_seat_while_she_waited_publishes_nothing(self, monkeypatch):
        def lost(at):
            self.people.administrator.groups.clear()
            return at

        monkeypatch.setattr("reviews.services.timekeeping.after_lock", lost)
        with pytest.raises(NotVisible):
            self.publish()
        assert PartnerTerms.objects.count() == 1

    def test_it_lapses_when_the_new_ones_are_not_accepted_in_time(self):
        self.publish()
        grant, until = self.fresh(), self.start + 25 * DAY
        assert told(NoticeKind.TERMS_SUPERSEDED, self.people.partner_contact) == 1
        assert grant.live_at(until - timedelta(microseconds=1))
        assert grant.end_reason_at(until) is EndReason.TERMS_SUPERSEDED
        assert not AccessGrant.objects.live(until).exists()
        with pytest.raises(Conflict):
            accept(grant, self.people, until)

    def test_it_lasts_when_they_are(self):
        self.publish()
        assert self.fresh().acceptable_at(self.start)
        accept(self.fresh(), self.people, self.start)
        grant = self.fresh()
        assert grant.terms.version == 2
        assert grant.live_at(self.start + 25 * DAY)
        assert not grant.acceptable_at(self.start)
        versions = TermsAcceptance.objects.filter(grant=grant).values_list("terms__version")
        assert [version for (version,) in versions] == [1, 2]

    def test_the_first_of_two_times_holds_until_the_latest_is_accepted(self):
        self.publish(after=26 * DAY)
        self.publish("The third text.", after=24 * DAY)
        self.publish("The fourth text.", after=30 * DAY)
        assert self.fresh().lapses_at == self.start + 24 * DAY
        accept(self.fresh(), self.people, self.start)
        assert self.fresh().terms.version == 4
        assert self.fresh().terms_until is None

    def test_what_was_read_is_what_is_accepted(self):
        first = PartnerTerms.objects.first().sha256
        self.publish()
        with pytest.raises(Conflict, match="Newer terms were published"):
            partners.accept(
                self.fresh(), sha256=first, by=self.people.partner_contact, at=self.start
            )
        assert TermsAcceptance.objects.count() == 1

    def test_what_is_over_stays_over(self):
        access.revoke(self.fresh(), reason="", by=self.people.northlight_liaison, at=self.start)
        self.publish()
        grant = self.fresh()
        assert grant.terms_until is None
        assert grant.end_reason_at(self.start + 25 * DAY) is EndReason.BY_LAB

    def test_bad_versions_and_wrong_people_are_refused(self):
        with pytest.raises(Conflict, match="in force already"):
            self.publish(PartnerTerms.objects.last().text)
        with pytest.raises(Conflict, match="has not passed"):
            self.publish(after=-DAY)
        for who in ("nsa_lead", "partner_contact", "northlight_liaison", "auditor"):
            with pytest.raises(NotVisible):
                partner_terms.publish(
                    "Mine.",
                    accept_by=self.start + DAY,
                    by=getattr(self.people, who),
                    at=self.start,
                )
        assert PartnerTerms.objects.count() == 1
