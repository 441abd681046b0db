"""As of any past instant: the log's answer equals a naive replay and what was true then.

``AS_OF_INSTANTS`` says how many instants; the acceptance is 1,000.
"""

import ast
import os
import re
from collections import Counter, defaultdict
from datetime import datetime

import pytest
from django.db import transaction

from accounts import audit, audit_words
from accounts.models import AuditEvent
from reviews.models.grant_states import AUTHORIZED, WAITING, GrantState
from reviews.models.notice import NoticeKind
from reviews.services import grants_as_of
from reviews.services.grant_replay import GRANT_EVENTS, WINDOW_EVENTS
from tests import factories
from tests.architecture.source import dotted, product
from tests.conftest import START
from tests.services.grant_law import DAY
from tests.services.past_history import History

pytestmark = pytest.mark.django_db
INSTANTS = int(os.environ.get("AS_OF_INSTANTS", "300"))
SEEDS, STEPS = range(max(5, INSTANTS // 100)), 220
# What happens in a history is by chance: there are more until every kind of event was in one.
MOST_SEEDS = len(SEEDS) + 15
NOT_OVER = (*WAITING, *AUTHORIZED)


class Naive:
    """The log read by itself, once for each question: what it last said of each thing."""

    def __init__(self):
        self.of_grant, self.of_window = defaultdict(list), defaultdict(list)
        for event in AuditEvent.objects.order_by("sequence").values():
            if event["object_type"] == "grant":
                self.of_grant[event["object_reference"]].append(event)
            elif event["object_type"] == "submission":
                self.of_window[event["submission"]].append(event)

    def at(self, at):
        """{key: (state, why it is over, who may use it)} as of that instant."""
        return {
            key: self.one([event for event in events if event["at"] <= at], at)
            for key, events in self.of_grant.items()
            if events[0]["at"] <= at
        }

    def one(self, events, at):
        window = [e for e in self.of_window[events[0]["submission"]] if e["at"] <= at]
        happened = {event["action"].partition(".")[2]: event for event in events}
        begun = events[0]["details"]
        starts, ends = time(begun["starts_at"]), time(begun["ends_at"])
        closes, ended = [], {}
        for event in sorted([*events, *window], key=lambda event: event["sequence"]):
            kind, _, what = event["action"].partition(".")
            if kind == "grant" and what in ("consented", "authorized", "extended"):
                ends = time(event["details"].get("ends_at", ends.isoformat()))
            elif event["action"] in ("submission.filed", "submission.shortened"):
                closes.append(time(event["details"]["closes_at"]))
                later = event["sequence"] > events[0]["sequence"] and not begun.get("partner")
                if later and starts < closes[-1] < ends:
                    ends = closes[-1]
            elif event["action"] in ("submission.withdrawn", "submission.concluded"):
                ended[event["at"]] = what
        lapse = {}
        for event in events:
            if "lapses_because" in event["details"]:
                lapse = {time(event["details"]["lapses_at"]): event["details"]["lapses_because"]}
        revoked = happened.get("revoked")
        window = {closes[-1]: "window", **ended}
        if begun.get("partner"):
            window = {}
        authorized = {"authorized", "terms_accepted"} & set(happened)
        why = {ends: "own_end", **window, **lapse}
        if not authorized:
            why = dict.fromkeys(why, "ran_out")
        if revoked:
            why[revoked["at"]] = revoked["details"]["because"]
        over = min(why) <= at
        reason = why[min(why)] if over else None
        sides = Counter()
        for event in events:
            if event["action"] in ("grant.suspended", "grant.resumed"):
                sides[event["details"]["side"]] += 1
        if "declined" in happened:
            return "declined", "declined", []
        if {"lab_attested", "agency_attested"} <= set(happened):
            return "closed_out", reason, []
        if revoked:
            return "revoked", reason, []
        if over:
            return ("ended" if authorized else "ran_out"), reason, []
        if not authorized:
            if {"consented", "agreed"} <= set(happened):
                return "awaiting_terms", None, []
            return ("consented" if "consented" in happened else "requested"), None, []
        if any(count % 2 for count in sides.values()):
            return "suspended", None, []
        if starts > at:
            return "scheduled", None, []
        return "live", None, sorted({begun["grantee"], *self.users(events, begun, at)})

    def users(self, events, begun, at):
        until = {}
        for event in events:
            said = event["details"]
            if event["action"] == "grant.authorized" or "users_lapse_at" in said:
                until = dict(zip(said["users"], said["users_lapse_at"], strict=True))
            elif event["action"] == "grant.user_lapse_set":
                until[said["user"]] = said["lapses_at"]
            elif event["action"] == "grant.user_dropped":
                until.pop(said["user"], None)
        return {who for who, lapses in until.items() if time(lapses) > at}


def time(text):
    return datetime.fromisoformat(text)


def as_of(at, auditor, now):
    """The log's answer, with everything read; and the two lists that read 720 hours of it."""
    events = grants_as_of.events_by(at, for_=auditor, at=now)
    told, _ = grants_as_of.told_of(events, list(grants_as_of.requests(events)))
    live = set(grants_as_of.not_over(events, at, (GrantState.LIVE,)))
    return {
        grant.key: (
            grant.state_at(at),
            grant.end_reason_at(at),
            sorted(grant.people_at(at)) if grant.key in live else [],
        )
        for grant in told
    }, set(grants_as_of.not_over(events, at, NOT_OVER))


def test_as_of_any_instant_is_a_replay_and_what_was_true(people, move_clock, capsys, settings):
    settings.RECERTIFICATION_DAYS = 9
    compared, done, instants, lines = Counter(), set(), 0, []
    for seed in range(MOST_SEEDS):
        if seed >= len(SEEDS) and set(GRANT_EVENTS) <= done:
            break
        with transaction.atomic():
            history = History(people, move_clock, seed)
            history.run(STEPS, (INSTANTS + seed) // len(SEEDS))
            naive, now = Naive(), history.at + 400 * DAY
            for at, true in history.truth.items():
                found, not_over = as_of(at, people.auditor, now)
                assert found == true, at
                assert found == naive.at(at), at
                assert not_over == {key for key, (state, *_) in true.items() if state in NOT_OVER}
                compared.update(state for state, *_ in true.values())
            instants += len(history.truth)
            done |= set(AuditEvent.objects.values_list("action", flat=True))
            events, days = AuditEvent.objects.count(), (history.at - START).days
            acts = ", ".join(f"{word} {n}" for word, n in sorted(history.done.items()))
            grants = f"{len(naive.of_grant)} grants, {days} days"
            lines.append(f"seed {seed}: {events:,} events, {grants}; {acts}")
            transaction.set_rollback(True)
    with capsys.disabled():
        states = ", ".join(f"{state} {count:,}" for state, count in sorted(compared.items()))
        print(f"\nas of: {instants:,} instants; grants compared: {states}", *lines, sep="\n")
    assert instants >= INSTANTS
    assert set(compared) == set(GrantState) or INSTANTS < 300
    assert set(GRANT_EVENTS) <= done


def recorded():
    """Every code of an event about a grant that the product writes down."""
    for source in product():
        for node in source.nodes(ast.Constant):
            if source.module.startswith("reviews.services") and isinstance(node.value, str):
                yield from re.findall(r"^grant\.[a-z_]+$", node.value)
        for call in source.nodes(ast.Call):
            said = call.args[0] if call.args else None
            if dotted(call.func).endswith("tell_parties"):
                yield NoticeKind[said.attr].replace("_", ".", 1)
            elif isinstance(said, ast.JoinedStr) and ast.unparse(said).startswith("f'grant."):
                assert ast.unparse(said) == "f'grant.{side}_attested'"
                yield from (f"grant.{side}_attested" for side in ("agency", "lab"))


def test_the_replay_knows_every_event_about_a_grant():
    """One that it does not know would be left out of every answer."""
    written = set(recorded())
    assert written - set(GRANT_EVENTS) == set()
    named = {code for code in audit_words.WORDS if code.startswith("grant.")}
    assert named == set(GRANT_EVENTS)
    assert {"grant.suspended", "grant.revoked", "grant.lab_attested"} <= written


def test_policy_shows_every_event_that_the_replay_asks_for(people, start):
    """And an act that was refused changed nothing."""
    submission = factories.filed(people)
    about = {"object_type": "grant", "submission": submission.reference}
    for action in GRANT_EVENTS:
        audit.record(action, by=audit.SYSTEM, at=start, **about)
        audit.record(action, by=audit.SYSTEM, at=start, outcome=audit.REFUSED, **about)
    for action in WINDOW_EVENTS:
        about |= {"object_type": "submission"}
        audit.record(action, by=audit.SYSTEM, at=start, **about)
    for who in (people.auditor, people.administrator, people.northlight_liaison):
        found = grants_as_of.events_by(start, for_=who, at=start).values_list("action", flat=True)
        expected = [*GRANT_EVENTS, *WINDOW_EVENTS, "submission.filed"]
        assert sorted(found) == sorted(expected)
    assert not grants_as_of.events_by(start, for_=people.basalt_liaison, at=start).exists()
