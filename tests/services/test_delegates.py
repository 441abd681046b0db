"""While somebody is away: her delegate gets copies, of what the delegate's own seats show her."""

from datetime import timedelta

from accounts.models import Absence
from reviews.models import Notice
from reviews.services import agency_reviews, determinations, notices
from tests import factories
from tests.services.test_delivery import said, sent

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


class TestAbsence:
    def away(self, person, delegate, start, days=3):
        return Absence.objects.create(
            person=person, delegate=delegate, starts_at=start, ends_at=start + days * DAY
        )

    def test_the_delegate_is_told_on_whose_behalf(self, people, start, smtp):
        submission = factories.filed(people)
        sent(smtp)
        self.away(people.dod_reviewer, people.dod_lead, start)
        factories.assigned(submission, people, "dod")
        got = {m["To"]: said(m) for m in sent(smtp)}
        assert set(got) == {people.dod_reviewer.email, people.dod_lead.email}
        assert "For dod reviewer, who is away: " in got[people.dod_lead.email]
        assert "who is away" not in got[people.dod_reviewer.email]

    def test_before_and_after_the_absence_nobody_else_is_told(self, people, start, smtp):
        submission = factories.filed(people)
        sent(smtp)
        self.away(people.dod_reviewer, people.dod_lead, start + HOUR)
        self.away(people.nsa_reviewer, people.nsa_lead, start - 3 * DAY)  # ends at this instant
        factories.assigned(submission, people, "dod")
        factories.assigned(submission, people, "nsa")
        assert {m["To"] for m in sent(smtp)} == {
            people.dod_reviewer.email,
            people.nsa_reviewer.email,
        }

    def test_a_delegate_who_is_told_already_is_told_once(self, people, start, smtp):
        self.away(people.dod_lead, people.cisa_lead, start)
        factories.filed(people)
        assert len([m for m in sent(smtp) if m["To"] == people.cisa_lead.email]) == 1

    def test_a_delegate_gets_no_authority(self, people, start, smtp):
        """She is told nothing of what her own seats do not reach."""
        submission = factories.filed(people)
        sent(smtp)
        self.away(people.dod_reviewer, people.partner_contact, start)
        self.away(people.nsa_reviewer, people.recused, start)
        agency_reviews.recuse(submission, reason="", by=people.recused, at=start)
        factories.assigned(submission, people, "dod")
        factories.assigned(submission, people, "nsa")
        got = {m["To"] for m in sent(smtp)}
        assert got == {people.dod_reviewer.email, people.nsa_reviewer.email}

    def test_a_delegate_who_could_not_do_it_is_not_told_of_it(self, people, start, smtp):
        """That a determination waits is known to NSA's officials alone, until it is signed."""
        submission = factories.filed(people)
        determinations.request_consultations(submission, by=people.nsa_official, at=start)
        sent(smtp)
        self.away(people.nsa_signer, people.nsa_reviewer, start)
        factories.determination(submission, people)
        assert {m["To"] for m in sent(smtp)} == {people.nsa_signer.email}
        assert not Notice.objects.filter(recipient=people.nsa_reviewer, on_behalf_of__isnull=False)

    def test_a_reminder_that_stops_concerning_her_stops_for_the_delegate(
        self, people, start, smtp, move_clock
    ):
        submission = factories.filed(people)
        factories.assigned(submission, people, "dod")
        sent(smtp)
        move_clock(start + 20 * DAY)
        self.away(people.dod_reviewer, people.dod_lead, start + 20 * DAY)
        notices.queue_reminders(at=start + 20 * DAY)
        kinds = Notice.objects.filter(recipient=people.dod_lead, on_behalf_of=people.dod_reviewer)
        assert set(kinds.values_list("kind", flat=True)) == {"drafts_due"}
        factories.review_filed(submission, people, "dod")
        drafts = [m for m in sent(smtp) if "draft review" in m["Subject"]]
        assert drafts == []
