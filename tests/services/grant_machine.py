"""Access under every order of words, suspensions, seats, records and ends, beside the law.

Each rule tries somebody at random, and is refused exactly when the law says so.
"""

import os
from collections import Counter
from functools import partial
from typing import ClassVar

from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from accounts import seats
from portal.authority import take_seat
from reviews import policy
from reviews.exceptions import DomainError
from reviews.models import AccessGrant, PartnerTerms
from reviews.models.grant_states import Side
from reviews.policy import Action
from reviews.services import (
    access,
    agency_reviews,
    extensions,
    lifecycle,
    partners,
    readiness,
    suspensions,
)
from tests import factories
from tests.conftest import START
from tests.services.grant_law import (
    CONTACT,
    DAY,
    EVERYONE,
    HOLDERS,
    HOUR,
    LEADS,
    PARTNER,
    TEAMS,
    Access,
    Law,
)
from tests.services.partner_machine import PartnerRules

STEPS = int(os.environ.get("GRANT_STEPS", "300"))
WORKING = sorted({CONTACT} | {who for team in TEAMS.values() for who in team})
RELEASES = (300, 50, 2000)  # hours after filing: the last beyond its window
EACH, TURNS = 38, 40  # steps of one world, about, and its turns

moves = st.sampled_from([HOUR, 2 * HOUR, 5 * HOUR, DAY])
numbers = st.integers(0, 10**6)
sides = st.sampled_from(list(Side))
words = st.sampled_from(
    [
        *("consent", "authorize", "suspend", "resume", "extend", "consent later"),
        *("authorize later", "consent", "authorize", "decline", "revoke", "recertify"),
        *("agree", "accept", "accept"),
    ]
)

said = st.lists(st.tuples(numbers, words, sides, st.integers(-5, 200)), min_size=6, max_size=16)


class Machine(PartnerRules, RuleBasedStateMachine):
    world: ClassVar = None
    move: ClassVar = None
    counts: ClassVar = Counter()

    def __init__(self):
        super().__init__()
        self.law, self.at, self.rows, self.submissions = Law(), START, [], []
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        type(self).move(START)

    def teardown(self):
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)

    def person(self, code):
        return self.world[code]

    def does(self, word, call, expected):
        """The portal does it exactly when the law says so; nothing is left of a refusal."""
        self.counts[word, bool(expected)] += 1
        try:
            with transaction.atomic():
                found = call()
        except DomainError:
            assert not expected, f"{word} was refused"
            return None
        assert expected, f"{word} was done"
        return found or True

    def picked(self, number, word, side=None):
        """(grant, its row, who): mostly as the law allows, but seldom what ends the grant."""
        grants = self.law.grants
        pairs = [(one, who) for one in grants for who in EVERYONE]
        fitting = [pair for pair in pairs if self.law.may(pair[1], word, pair[0], self.at, side)]
        rest = [pair for pair in pairs if pair not in fitting]
        likely = number % 8 == 0 if word in ("decline", "revoke") else number % 8 > 1
        among = (fitting if likely else rest) or pairs
        one, who = among[number // 4 % len(among)]
        return one, AccessGrant.objects.get(pk=self.rows[grants.index(one)]), who

    @initialize()
    def begin(self):
        self.law.until = {who: [START + 400 * DAY] * 2 for who in WORKING}
        factories.terms(self.world_people)
        self.file()

    @rule(
        who=st.sampled_from(WORKING),
        dates=st.tuples(st.integers(-2, 60), st.integers(-2, 60)),
        most=st.sampled_from([None, None, 1, 8]),
        really=st.integers(0, 3),
    )
    def keep_record(self, who, dates, most, really):
        """Her dates are others now: what has not lapsed lapses by them."""
        if really:
            return
        until = [self.at + days * DAY for days in dates]
        by = "second_administrator"
        self.does(
            "keep record",
            lambda: readiness.record(
                self.person(who),
                nondisclosure_until=until[0],
                training_until=until[1],
                most_grants=most,
                most_grants_reason="Two evaluations at once." if most else "",
                by=self.person(by),
                at=self.at,
            ),
            True,
        )
        running = self.law.has(who, self.at)
        self.law.until[who] = until
        self.law.most.pop(who, None)
        if most:
            self.law.most[who] = most
        for one in running:
            if one.holder == who:
                one.lapses(self.law.until, self.at)
            else:
                one.users[who] = max(min(until), self.at)

    @precondition(lambda self: len(self.submissions) < 3)
    @rule()
    def file(self):
        release = self.at + RELEASES[len(self.submissions)] * HOUR
        submission = factories.filed(self.world_people, planned_partner_release_at=release)
        self.submissions.append(submission)
        self.law.windows.append([self.at, submission.closes_at, False])
        self.counts["file", True] += 1

    @precondition(lambda self: self.submissions)
    @rule(
        number=numbers,
        agency=st.sampled_from(["nsa", "dod"]),
        other=numbers,
        begins=st.integers(-24, 48),
        lasts=st.integers(24, 800),
        holder=numbers,
        team=st.lists(numbers, max_size=2),
    )
    def request(self, number, agency, other, begins, lasts, holder, team):
        number %= len(self.submissions)
        leads = sorted(LEADS[agency]) if other % 4 else EVERYONE
        who = leads[other // 4 % len(leads)]
        holder = HOLDERS[agency][holder % len(HOLDERS[agency])]
        users = {TEAMS[agency][one % len(TEAMS[agency])] for one in team} - {holder}
        starts, law = self.at + begins * HOUR, self.law
        ends, closes = starts + lasts * HOUR, law.windows[number][1]
        there = all(
            (one, agency) not in law.absent and (one, number) not in law.recused
            for one in (holder, *users)
        )
        asks = who in LEADS[agency] and (who, number) not in law.recused
        expected = law.open(number, self.at) and asks and there
        expected = expected and ends > max(self.at, starts) and starts < closes
        done = self.does(
            "request",
            lambda: access.request(
                self.submissions[number],
                agency=factories.organization(agency),
                grantee=self.person(holder),
                purpose=f"Purpose {len(self.rows)}.",
                access_level="al2",
                environment="Network",
                users=[self.person(user) for user in users],
                starts_at=starts,
                ends_at=ends,
                by=self.person(who),
                at=self.at,
            ),
            expected,
        )
        if done:
            self.rows.append(done.pk)
            ends = min(ends, closes)
            one = Access(number, agency, holder, who, starts, ends)
            one.users, one.named = dict.fromkeys(users), set(users)
            law.grants.append(one)

    @precondition(lambda self: self.law.grants)
    @rule(said=said)
    def talk_on(self, said):
        self.talk_of(said)

    @precondition(lambda self: self.law.grants)
    @rule(said=said)
    def talk(self, said):
        self.talk_of(said)

    def talk_of(self, said):
        for one in said:
            self.say(*one)

    def say(self, number, word, side, hours):
        """One word about one grant: done, or refused, as the law has it."""
        one, row, who = self.picked(number, word, side)
        closes, extension = self.law.windows[one.number][1], row.extensions.last()
        expected = self.law.may(who, word, one, self.at, side)
        by = {"by": self.person(who), "at": self.at}
        if word == "consent":
            ends = one.end - abs(hours) // 8 * HOUR
            expected = expected and ends > max(self.at, one.start)
            kept = sorted(one.users)[hours % 2 :]
            users = [self.person(user) for user in kept]
            call = partial(access.consent, row, ends_at=ends, users=users, **by)
        elif word == "extend":
            ends = min(one.end + hours * HOUR, closes)
            expected = expected and ends > one.end
            call = partial(extensions.request, row, ends_at=ends, reason="More.", **by)
        elif word in ("consent later", "authorize later"):
            if extension is None:
                return
            act = extensions.consent if word == "consent later" else extensions.authorize
            call = partial(act, extension, **by)
        elif word == "suspend":
            call = partial(suspensions.suspend, row, side=side, reason="", **by)
        elif word == "resume":
            call = partial(suspensions.resume, row, side=side, **by)
        elif word == "agree":
            call = partial(partners.agree, row, **by)
        elif word == "accept":
            call = partial(partners.accept, row, sha256=PartnerTerms.objects.last().sha256, **by)
        elif word == "recertify":
            call = partial(readiness.recertify, row, **by)
        elif word == "authorize":
            call = partial(access.authorize, row, **by)
        else:
            call = partial(
                {"decline": access.decline, "revoke": access.revoke}[word], row, reason="No.", **by
            )
        if self.does(word, call, expected):
            ends = ends if word in ("consent", "extend") else None
            one.heard(word, who, side, closes, ends, self.at, self.law.until)
            if word == "consent":
                one.users = dict.fromkeys(kept)

    @precondition(lambda self: self.submissions)
    @rule(number=numbers, hours=st.integers(1, 400), really=st.integers(0, 7))
    def shorten(self, number, hours, really):
        if really:
            return
        number %= len(self.submissions)
        ends, window = self.at + hours * HOUR, self.law.windows[number]
        expected = self.law.open(number, self.at) and ends < window[1]
        if self.does(
            "shorten",
            lambda: lifecycle.shorten(
                self.submissions[number],
                closes_at=ends,
                by=self.person("northlight_liaison"),
                at=self.at,
            ),
            expected,
        ):
            window[1] = ends
            for one in self.law.grants:
                if one.number == number and not one.partner and one.start < ends < one.end:
                    one.end = ends

    @precondition(lambda self: len(self.submissions) == 3)
    @rule(number=numbers, really=st.integers(0, 5))
    def withdraw(self, number, really):
        if really:
            return
        number %= len(self.submissions)
        if self.does(
            "withdraw",
            lambda: lifecycle.withdraw(
                self.submissions[number], by=self.person("northlight_liaison"), at=self.at
            ),
            self.law.open(number, self.at),
        ):
            self.law.windows[number][2] = True
            for one in self.law.grants:
                one.over = one.over or (one.partner and one.number == number)

    @precondition(lambda self: self.law.grants)
    @rule(number=numbers, really=st.integers(0, 5))
    def recuse(self, number, really):
        if really:
            return
        one = self.law.grants[number % len(self.law.grants)]
        who = (one.holder, one.number)
        if one.holder in ("both", CONTACT) or (one.holder, one.agency) in self.law.absent:
            return
        if self.does(
            "recuse",
            lambda: agency_reviews.recuse(
                self.submissions[one.number], reason="", by=self.person(one.holder), at=self.at
            ),
            self.law.open(one.number, self.at) and who not in self.law.recused,
        ):
            self.law.recused.add(who)
            self.end(one.holder, lambda other: other.number == one.number)

    @rule(
        holder=st.sampled_from(
            [("nsa_reviewer", "nsa"), ("dod_reviewer", "dod"), (CONTACT, PARTNER)]
        ),
        really=st.integers(0, 5),
    )
    def seat(self, holder, really):
        if really and holder not in self.law.absent:
            return
        code, agency = holder
        seat = {
            "person": self.person(code),
            "organization": factories.organization(agency),
            "role": "partner_contact" if code == CONTACT else "reviewer",
            "by": self.person("administrator"),
            "at": self.at,
        }
        if holder in self.law.absent:
            self.does("give seat", lambda: seats.give(**seat), True)
            self.law.absent.remove(holder)
        else:
            self.does("take seat", lambda: take_seat(**seat) or True, True)
            self.law.absent.add(holder)
            self.end(code, lambda one: (PARTNER if one.partner else one.agency) == agency)

    def end(self, who, which):
        """What is hers of them and not over is over now, and others' no longer name her."""
        for one in self.law.grants:
            if which(one) and self.law.stage(one, self.at) != "over":
                one.over = one.over or one.holder == who
                one.users.pop(who, None)

    @rule(by=moves)
    def advance(self, by):
        self.at += by
        type(self).move(self.at)
        self.counts["advance", True] += 1

    @invariant()
    def live_agrees(self):
        ends = [one.lapse or one.end for one in self.law.grants if one.end >= self.at]
        starts = [one.start for one in self.law.grants if one.partner and one.start >= self.at]
        for at in {self.at, *ends[-1:], *starts[-1:]}:
            expected = {
                pk
                for pk, one in zip(self.rows, self.law.grants, strict=True)
                if self.law.live(one, at)
            }
            found = AccessGrant.objects.filter(pk__in=self.rows)
            assert set(found.live(at).values_list("pk", flat=True)) == expected
            assert {row.pk for row in found if row.live_at(at)} == expected
            for code in WORKING:
                mine = {
                    pk
                    for pk, one in zip(self.rows, self.law.grants, strict=True)
                    if self.law.uses(code, one, at)
                }
                usable = policy.allowed(self.person(code), Action.USE_MODEL, at=at)
                assert set(usable.values_list("pk", flat=True)) == mine, code
