"""The part of the machine of tests/services/grant_machine.py that is about trusted partners."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from reviews.models import PartnerTerms
from reviews.services import partner_terms, partners
from tests import factories
from tests.services.grant_law import CONTACT, DAY, EVERYONE, HOUR, LEADS, PARTNER, Access

numbers = st.integers(0, 10**6)


class PartnerRules:
    """Proposing a partner, and publishing terms; accepting them is one of the words."""

    @precondition(lambda self: self.submissions)
    @rule(number=numbers, other=numbers, begins=st.integers(-2, 60), lasts=st.integers(1, 740))
    def propose(self, number, other, begins, lasts):
        number %= len(self.submissions)
        submission, law = self.submissions[number], self.law
        leads = ["nsa_lead", "dod_lead"] if other % 4 else EVERYONE
        who = leads[other // 4 % len(leads)]
        agency = "dod" if who == "dod_lead" else "nsa"
        release = submission.planned_partner_release_at
        starts = max(release, self.at) + begins * HOUR
        ends = starts + lasts * HOUR
        asks = who in LEADS[agency] and (who, number) not in law.recused
        fits = release <= starts <= self.at + 720 * HOUR and ends > self.at and lasts <= 720
        done = self.does(
            "propose",
            lambda: partners.propose(
                submission,
                agency=factories.organization(agency),
                partner=factories.organization(PARTNER),
                grantee=self.person(CONTACT),
                purpose=f"Purpose {len(self.rows)}.",
                access_level="al2",
                environment="Network",
                starts_at=starts,
                ends_at=ends,
                by=self.person(who),
                at=self.at,
            ),
            asks and fits and not law.windows[number][2] and (CONTACT, PARTNER) not in law.absent,
        )
        if done:
            self.rows.append(done.pk)
            law.grants.append(Access(number, agency, CONTACT, who, starts, ends, partner=True))

    @rule(days=st.integers(-1, 20), really=st.integers(0, 3))
    def publish(self, days, really):
        """What was accepted is superseded, and lapses by the time that is given."""
        if really:
            return
        self.does(
            "publish",
            lambda: partner_terms.publish(
                f"Text {PartnerTerms.objects.count()}.",
                accept_by=self.at + days * DAY,
                by=self.person("administrator"),
                at=self.at,
            ),
            days >= 0,
        )
        for one in self.law.grants:
            if days >= 0 and one.partner and self.law.stage(one, self.at) == "authorized":
                one.terms = min(one.terms or self.at + days * DAY, self.at + days * DAY)
                one.lapses(self.law.until, self.at)
