"""A long random history of access through the real services, and what was true as it happened."""

from collections import Counter
from contextlib import suppress
from datetime import timedelta
from random import Random

from django.db import transaction

from accounts import seats
from portal.authority import take_seat
from reviews import policy
from reviews.exceptions import DomainError
from reviews.models import AccessGrant, PartnerTerms, Submission
from reviews.models.grant_states import GrantState, Side
from reviews.policy import Action
from reviews.rules import Standing
from reviews.services import (
    access,
    agency_reviews,
    attachments,
    ends,
    extensions,
    lifecycle,
    partner_terms,
    partners,
    readiness,
    reports,
    suspensions,
)
from tests import factories
from tests.conftest import START
from tests.services.grant_law import CONTACT, DAY, HOUR, PARTNER, TEAMS

TICK = timedelta(microseconds=1)
HOLDERS = [*TEAMS["dod"], *("nsa_reviewer", "nsa_lead"), CONTACT]
LAB, OFFICES = "northlight_liaison", ("administrator", "second_administrator")
MOVES = [*(0 * HOUR,) * 3, timedelta(minutes=7), HOUR, 5 * HOUR, 9 * HOUR, DAY]
# How often each thing is tried, beside the others.
WORDS = {
    **{"file": 4, "request": 24, "consent": 20, "decline": 2, "authorize": 24, "revoke": 3},
    **{"suspend": 8, "resume": 8, "extend": 8, "say of extension": 20, "recertify": 8, "use": 6},
    **{"attest": 12, "keep record": 3, "shorten": 1, "withdraw": 0.3, "conclude": 0.3, "expire": 1},
    **{"recuse": 0.5, "seat": 0.7, "detach": 0.5},
    **{"propose": 8, "agree": 10, "accept": 10, "publish": 2},
}


class History:
    """What happens until it stops, by one seed; ``truth`` is what was true at each instant.

    ``truth`` maps an instant to {key of a grant: (state, reason, who may use it)}, read from the
    rows as they were then, and asked of policy.
    """

    def __init__(self, people, move, seed):
        self.people, self.move, self.random = people, move, Random(seed)
        self.at, self.truth, self.done, self.most = START, {}, Counter(), 0
        self.away, self.detached = set(), set()

    def person(self, code):
        return getattr(self.people, code)

    def by(self, code):
        return {"by": self.person(code), "at": self.at}

    def run(self, steps, instants):
        """So many things are tried, and about so many instants looked at as they pass."""
        self.move(self.at)
        factories.terms(self.people)
        self.most = instants
        self.file()
        for step in range(steps):
            self.try_one()
            if by := self.random.choice(MOVES):
                share = instants * (step + 1) // steps - len(self.truth)
                self.look(self.at + by, max(share, 1))
                self.at += by
                self.move(self.at)
        self.look(self.at + 40 * DAY, max(instants - len(self.truth), 1))

    def try_one(self):
        """Something is done, or refused; what nothing fits gives way to another."""
        for word in self.random.choices([*WORDS], WORDS.values(), k=4):
            with suppress(DomainError), transaction.atomic():
                if getattr(self, word.replace(" ", "_"))() is not None:
                    self.done[word] += 1
                    return

    # What was true

    def look(self, until, count):
        """The truth from now on until that instant, at its edges and between."""
        rows = list(
            AccessGrant.objects.select_related("submission").prefetch_related(
                "suspensions", "users__person"
            )
        )
        edges = {self.at, self.at + TICK, until - TICK}
        for row in rows:
            lapses = [one.lapses_at for one in row.users.all()]
            times = [row.starts_at, row.ends_at, row.lapses_at, row.submission.closes_at, *lapses]
            edges |= {time + by for time in times if time for by in (-TICK, 0 * TICK, TICK)}
        edges = sorted(edge for edge in edges if self.at <= edge < until)
        standing = {code: Standing.of(self.person(code)) for code in HOLDERS}
        length = (until - self.at) // TICK
        between = [self.at + self.random.randrange(length) * TICK for _ in range(count // 2)]
        chosen = self.random.sample(edges, min(len(edges), count - len(between)))
        for at in {self.at, *chosen, *between}:
            if len(self.truth) < self.most:
                self.move(at)
                self.truth[at] = self.true_at(at, rows, standing)
        self.move(self.at)

    def true_at(self, at, rows, standing):
        usable = {
            code: set(policy.rows(who, Action.USE_MODEL, at).values_list("key", flat=True))
            for code, who in standing.items()
        }
        return {
            str(row.key): (
                row.state_at(at),
                row.end_reason_at(at),
                sorted(self.person(code).email for code in HOLDERS if row.key in usable[code]),
            )
            for row in rows
        }

    # What happens

    def any_grant(self, *states):
        rows = AccessGrant.objects.select_related("submission", "agency", "grantee")
        fitting = [row for row in rows if not states or row.state_at(self.at) in states]
        return self.random.choice(fitting) if fitting else None

    def open_one(self):
        rows = list(Submission.objects.window_open(self.at))
        return self.random.choice(rows) if rows else None

    def file(self):
        if Submission.objects.window_open(self.at).count() > 2:
            return None
        with_release = self.at + self.random.randrange(6, 60) * DAY
        submission = factories.filed(self.people, planned_partner_release_at=with_release)
        outpost = factories.organization("outpost")  # whose position nobody would file
        attachments.detach(submission, outpost, **self.by("administrator"))
        return submission

    def request(self):
        submission = self.open_one()
        if submission is None:
            return None
        agency = self.random.choice(["nsa", "dod"])
        team = [f"{agency}_{role}" for role in ("reviewer", "lead")]
        begins = self.at + self.random.randrange(-24, 72) * HOUR
        return access.request(
            submission,
            agency=factories.organization(agency),
            grantee=self.person(self.random.choice(team)),
            users=[self.person(who) for who in team if self.random.random() < 0.4],
            purpose=f"Purpose {self.random.random()}.",
            access_level="al2",
            environment="Network",
            starts_at=begins,
            ends_at=begins + self.random.randrange(12, 700) * HOUR,
            **self.by(f"{agency}_lead"),
        )

    def propose(self):
        filed = [*Submission.objects.filter(opens_at__lte=self.at).exclude(status="withdrawn")]
        if not filed:
            return None
        submission = self.random.choice(filed)
        starts = max(submission.planned_partner_release_at, self.at)
        starts += self.random.randrange(0, 48) * HOUR
        return partners.propose(
            submission,
            agency=factories.organization("nsa"),
            partner=factories.organization(PARTNER),
            grantee=self.person(CONTACT),
            purpose=f"Purpose {self.random.random()}.",
            access_level="al2",
            environment="Network",
            starts_at=starts,
            ends_at=starts + self.random.randrange(12, 700) * HOUR,
            **self.by("nsa_lead"),
        )

    def agree(self):
        rows = list(AccessGrant.objects.agreeable(self.at))
        row = self.random.choice(rows) if rows else None
        return row and partners.agree(row, **self.by(self.random.choice(OFFICES)))

    def accept(self):
        rows = list(AccessGrant.objects.acceptable(self.at))
        row = self.random.choice(rows) if rows else None
        sha256 = PartnerTerms.objects.last().sha256
        return row and partners.accept(row, sha256=sha256, **self.by(CONTACT))

    def publish(self):
        return partner_terms.publish(
            f"Text {self.random.random()}.",
            accept_by=self.at + self.random.randrange(0, 20) * DAY,
            **self.by("administrator"),
        )

    def consent(self):
        if (row := self.any_grant(GrantState.REQUESTED)) is None:
            return None
        less = self.random.random() < 0.3
        return access.consent(
            row,
            access_level="al1" if less else "",
            ends_at=row.ends_at - 6 * HOUR if self.random.random() < 0.3 else None,
            users=[] if less else None,
            **self.by(LAB),
        )

    def decline(self):
        row = self.any_grant(GrantState.REQUESTED)
        return row and access.decline(row, reason="No.", **self.by(LAB))

    def authorize(self):
        row = self.any_grant(GrantState.CONSENTED)
        return row and access.authorize(row, **self.by(self.random.choice(OFFICES)))

    def revoke(self):
        row = self.any_grant()
        return row and access.revoke(row, reason="", **self.by(self.anyone(row)))

    def anyone(self, row):
        return self.random.choice([LAB, f"{row.agency.code}_lead", *OFFICES])

    def side(self, row):
        side = self.random.choice([*Side])
        sides = {Side.LAB: LAB, Side.AGENCY: f"{row.agency.code}_lead"}
        return {"side": side} | self.by(sides.get(side) or self.random.choice(OFFICES))

    def suspend(self):
        row = self.any_grant(GrantState.LIVE, GrantState.SCHEDULED, GrantState.SUSPENDED)
        return row and suspensions.suspend(row, reason="", **self.side(row))

    def resume(self):
        row = self.any_grant(GrantState.SUSPENDED)
        return row and suspensions.resume(row, **self.side(row))

    def extend(self):
        row = self.any_grant(GrantState.LIVE, GrantState.SCHEDULED)
        ends = row and row.ends_at + self.random.randrange(1, 200) * HOUR
        lead = row and self.by(f"{row.agency.code}_lead")
        return row and extensions.request(row, ends_at=ends, reason="More.", **lead)

    def say_of_extension(self):
        grants = AccessGrant.objects.running(self.at).filter(extensions__authorized_at=None)
        waiting = [
            one
            for row in grants.distinct()
            for one in row.extensions.pending().select_related("grant__submission")
        ]
        if not waiting:
            return None
        one = self.random.choice(waiting)
        if self.random.random() < 0.1:
            return extensions.take_back(one, **self.by(f"{one.grant.agency.code}_lead"))
        if one.consented_at:
            return extensions.authorize(one, **self.by("second_administrator"))
        if self.random.random() < 0.15:
            return extensions.decline(one, reason="No.", **self.by(LAB))
        return extensions.consent(one, **self.by(LAB))

    def recertify(self):
        rows = [row for row in AccessGrant.objects.all() if row.recertifiable_at(self.at)]
        row = self.random.choice(rows) if rows else None
        return row and readiness.recertify(row, **self.by(f"{row.agency.code}_lead"))

    def use(self):
        row = self.any_grant(GrantState.LIVE)
        return row and access.use(row, by=row.grantee, at=self.at)

    def attest(self):
        row = self.any_grant(GrantState.ENDED, GrantState.REVOKED)
        for_lab = self.random.random() < 0.5
        who = row and self.by(LAB if for_lab else f"{row.agency.code}_lead")
        return row and access.attest(row, for_lab=for_lab, **who)

    def keep_record(self):
        until = [self.at + self.random.randrange(-1, 40) * DAY for _ in range(2)]
        return readiness.record(
            self.person(self.random.choice(HOLDERS)),
            nondisclosure_until=until[0],
            training_until=until[1],
            most_grants=20,
            most_grants_reason="Many evaluations.",
            **self.by("administrator"),
        )

    def shorten(self):
        submission, hours = self.open_one(), self.random.randrange(1, 400)
        ends_at = self.at + hours * HOUR
        return submission and lifecycle.shorten(submission, closes_at=ends_at, **self.by(LAB))

    def withdraw(self):
        submission = self.open_one()
        return submission and lifecycle.withdraw(submission, **self.by(LAB))

    def conclude(self):
        if (submission := self.open_one()) is None:
            return None
        for agency in attachments.reviewing_agencies(submission):
            factories.position_filed(submission, self.people, agency.code, "no_concerns_recorded")
        return reports.issue(submission, **self.by("nsa_lead"))

    def expire(self):
        return ends.record_overdue(at=self.at) or None

    def recuse(self):
        submission = self.open_one()
        who = self.random.choice(["nsa_reviewer", "dod_reviewer"])
        return submission and agency_reviews.recuse(submission, reason="", **self.by(who))

    def seat(self):
        agency = self.random.choice(["nsa", "dod"])
        code = f"{agency}_reviewer"
        seat = {"organization": factories.organization(agency), "role": "reviewer"}
        seat |= {"person": self.person(code)} | self.by("administrator")
        if code in self.away:
            self.away.remove(code)
            seats.give(**seat)
            return True
        take_seat(**seat)
        self.away.add(code)
        return True

    def detach(self):
        if (submission := self.open_one()) is None:
            return None
        dod, by = factories.organization("dod"), self.by("administrator")
        if submission.pk in self.detached:
            self.detached.remove(submission.pk)
            attachments.attach(submission, dod, **by)
        else:
            attachments.detach(submission, dod, **by)
            self.detached.add(submission.pk)
        return True
