"""Each question that the database is asked of a grant has the answer that the row computes."""

import copy
import random
import uuid
from datetime import timedelta

import pytest

from reviews.models import AccessGrant, GrantSuspension, PartnerTerms, Submission
from reviews.models import grant_queries as queries
from reviews.models.grant_states import GrantState, Side
from reviews.services import lifecycle
from reviews.workflow import Status
from tests import factories

pytestmark = pytest.mark.django_db
DAY, MICROSECOND = timedelta(days=1), timedelta(microseconds=1)
PAST = 3 * DAY  # within which every fact came
NUMBER = 250


def made_up(chance, row, submission, people, start):
    """A grant with facts that chance has come, all before ``start + PAST``."""
    grant = copy.copy(row)
    grant.pk, grant.key, grant.submission = None, uuid.uuid4(), submission

    def said(name, likely, who):
        if chance.random() < likely:
            setattr(grant, f"{name}_at", start + chance.random() * PAST)
            setattr(grant, f"{name}_by", who)
            return True
        return False

    grant.starts_at = start + chance.random() * 6 * DAY
    grant.ends_at = grant.starts_at + (1 + 20 * chance.random()) * DAY
    if chance.random() < 0.4:
        grant.partner = factories.organization("keystone-utility")
        said("agreed", 0.7, people.administrator)
    granted = 0.8 if grant.agreed_at or not grant.partner else 0
    if said("consented", 0.8, people.northlight_liaison):
        if said("authorized", granted, people.administrator) and chance.random() < 0.4:
            grant.lapses_at = start + chance.random() * 9 * DAY
            grant.lapses_because = "training_lapsed"
        if grant.authorized_at:
            grant.recertify_by = start + chance.random() * 30 * DAY
        if grant.authorized_at and grant.partner:
            grant.terms = PartnerTerms.objects.last()
            grant.terms_until = chance.choice([None, grant.lapses_at])
        if said("revoked", 0.2, people.administrator):
            grant.revoked_because = "by_administration"
        if grant.authorized_at and grant.over_at(start + PAST):
            for side, who in (("agency", people.nsa_lead), ("lab", people.northlight_liaison)):
                if said(f"{side}_attested", 0.6, who):
                    setattr(grant, f"{side}_attested_at", start + PAST)
    else:
        said("declined", 0.3, people.northlight_liaison)
    return grant


@pytest.fixture(params=range(2))
def chance(request):
    return random.Random(request.param)


@pytest.fixture
def instants(chance, people, start):
    """Grants with windows of every kind; the instants to ask about, ends to the microsecond."""
    running, short, concluded, withdrawn = (factories.filed(people) for _ in range(4))
    template = factories.grant(running, people, state="requested")
    factories.terms(people)
    lifecycle.shorten(short, closes_at=start + 5 * DAY, by=people.northlight_liaison, at=start)
    lifecycle.withdraw(withdrawn, by=people.northlight_liaison, at=start)
    Submission.objects.filter(pk=concluded.pk).update(
        status=Status.CONCLUDED, ended_at=start + 2 * DAY
    )
    windows = list(Submission.objects.filter(opens_at__isnull=False))
    grants = AccessGrant.objects.bulk_create(
        made_up(chance, template, chance.choice(windows), people, start) for _ in range(NUMBER)
    )
    for grant in chance.sample(grants, NUMBER // 3):
        if grant.authorized_at:
            resumed = chance.choice([None, start + PAST])
            GrantSuspension.objects.create(
                grant=grant,
                side=chance.choice(list(Side)),
                suspended_at=start,
                suspended_by=people.administrator,
                resumed_at=resumed,
                resumed_by=resumed and people.administrator,
            )
    ends = {grant.effective_end() for grant in AccessGrant.objects.select_related("submission")}
    late = chance.sample(sorted(end for end in ends if end > start + PAST), 8)
    return [
        *(start + PAST, start + 5 * DAY, start + 40 * DAY),
        *(start + PAST + chance.random() * 25 * DAY for _ in range(6)),
        *(end + tick for end in late for tick in (-MICROSECOND, timedelta(0))),
    ]


def test_the_database_answers_as_the_row_does(instants):
    rows = list(AccessGrant.objects.select_related("submission").prefetch_related("suspensions"))
    every, week = AccessGrant.objects, timedelta(days=7)
    seen = set()
    for at in instants:

        def agree(condition, truth):
            asked = set(every.filter(condition).values_list("pk", flat=True))
            assert asked == {row.pk for row in rows if truth(row)}
            return asked

        computed = {row.pk: (row.state_at(at), row.effective_end()) for row in rows}
        columns = every.annotate(said=queries.state(at), until=queries.effective_end())
        told = {pk: rest for pk, *rest in columns.values_list("pk", "said", "until")}
        assert {pk: (GrantState(state), end) for pk, (state, end) in told.items()} == computed
        for wanted in GrantState:
            found = agree(
                queries.in_state(wanted, at),
                lambda row, at=at, wanted=wanted: row.state_at(at) is wanted,
            )
            if found:
                seen.add(wanted)
        agree(queries.over(at), lambda row, at=at: row.over_at(at))
        agree(
            queries.running(at),
            lambda row, at=at: not row.over_at(at) and not row.declined_at,
        )
        agree(
            queries.ends_within(at, week),
            lambda row, at=at: row.live_at(at) and row.over_at(at + week),
        )
        whole = agree(
            queries.to_close_out(at),
            lambda row, at=at: row.attestable_at(at, "lab") or row.attestable_at(at, "agency"),
        )
        parts = [every.filter(part) for part in queries.to_close_out_parts(at)]
        assert sorted(grant.pk for part in parts for grant in part) == sorted(whole)
        for said in ("agreeable", "acceptable", "recertifiable"):
            asked = set(getattr(every, said)(at).values_list("pk", flat=True))
            assert asked == {row.pk for row in rows if getattr(row, f"{said}_at")(at)}, said
        for side in ("lab", "agency"):
            asked = every.attestable(at, side).values_list("pk", flat=True)
            assert set(asked) == {row.pk for row in rows if row.attestable_at(at, side)}
    assert seen == set(GrantState)
