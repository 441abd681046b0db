"""What gateways are told of access: each change once, with its cause, by the model's own ends."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from reviews.models import AccessGrant, GatewaySignal
from reviews.models.gateway import enforced
from reviews.models.grant_states import Side
from reviews.services import (
    access,
    attachments,
    ends,
    extensions,
    gateway_signals,
    lifecycle,
    readiness,
    reports,
    suspensions,
)
from reviews.services import gateways as service
from tests import factories, gateways

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def gateway(people, start):
    return gateways.added(people, start)[0]


def told(grant=None):
    """(kind, sequence, state, when it happened) of each signal, of one grant or all."""
    rows = GatewaySignal.objects.order_by("grant", "sequence")
    rows = rows.filter(grant=grant) if grant else rows
    return [(s.kind, s.sequence, s.facts["state"], s.occurred_at) for s in rows]


def suspend(grant, people, at, side=Side.LAB):
    by = people.northlight_liaison if side is Side.LAB else people.administrator
    suspensions.suspend(grant, side=side, reason="", by=by, at=at)


def resume(grant, people, at, side=Side.LAB):
    by = people.northlight_liaison if side is Side.LAB else people.administrator
    suspensions.resume(grant, side=side, by=by, at=at)


def test_each_step_is_told_in_its_own_transaction(people, start, gateway, move_clock):
    submission = factories.filed(people)
    grant = factories.grant(submission, people)
    move_clock(start + HOUR)
    suspend(grant, people, start + HOUR)
    move_clock(start + 2 * HOUR)
    resume(grant, people, start + 2 * HOUR)
    move_clock(start + 3 * HOUR)
    access.revoke(grant, reason="", by=people.administrator, at=start + 3 * HOUR)
    assert told() == [
        ("activate", 1, "active", start),
        ("suspend", 2, "suspended", start + HOUR),
        ("resume", 3, "active", start + 2 * HOUR),
        ("revoke", 4, "ended", start + 3 * HOUR),
    ]


def test_what_was_rolled_back_was_never_told(people, start, gateway):
    submission = factories.filed(people)
    with transaction.atomic():
        factories.grant(submission, people)
        assert GatewaySignal.objects.count() == 1
        transaction.set_rollback(True)
    assert told() == []


def test_words_before_authorization_are_no_ones_business(people, start, gateway):
    submission = factories.filed(people)
    for state in ("requested", "declined", "consented"):
        factories.grant(submission, people, state=state)
    assert told() == []


def test_without_a_gateway_nothing_is_written(people, start):
    factories.grant(factories.filed(people), people)
    assert gateway_signals.sweep(at=start) == 0
    assert told() == []


def test_another_labs_gateway_is_told_nothing(people, start, gateway):
    gateways.added(people, start, "basalt")
    grant = factories.grant(factories.filed(people), people)
    assert [s.gateway for s in GatewaySignal.objects.filter(grant=grant)] == [gateway]


def test_a_second_sweep_writes_nothing(people, start, gateway, move_clock):
    submission = factories.filed(people)
    later = factories.grant(submission, people, starts_at=start + DAY, ends_at=start + 2 * DAY)
    assert told() == []
    move_clock(start + DAY + HOUR)
    assert [gateway_signals.sweep(at=start + DAY + HOUR) for _ in range(2)] == [1, 0]
    move_clock(start + 3 * DAY)
    assert [gateway_signals.sweep(at=start + 3 * DAY) for _ in range(2)] == [1, 0]
    assert told(later) == [
        ("activate", 1, "active", start + DAY),
        ("end", 2, "ended", start + 2 * DAY),
    ]


def test_what_began_and_ended_unseen_is_not_told(people, start, gateway, move_clock):
    factories.grant(factories.filed(people), people, starts_at=start + DAY, ends_at=start + 2 * DAY)
    move_clock(start + 3 * DAY)
    assert gateway_signals.sweep(at=start + 3 * DAY) == 0


def test_a_gateway_added_later_learns_what_lives(people, start, move_clock):
    submission = factories.filed(people)
    factories.grant(submission, people)
    factories.grant(submission, people, state="suspended")
    factories.grant(submission, people, state="revoked")
    move_clock(start + HOUR)
    gateways.added(people, start + HOUR)
    assert gateway_signals.sweep(at=start + HOUR) == 1
    assert told() == [("activate", 1, "active", start)]


def test_two_sides_suspend_and_one_signal_says_so(people, start, gateway):
    grant = factories.grant(factories.filed(people), people)
    suspend(grant, people, start)
    suspend(grant, people, start, Side.ADMINISTRATION)
    resume(grant, people, start)
    assert [kind for kind, *_ in told()] == ["activate", "suspend"]
    resume(grant, people, start, Side.ADMINISTRATION)
    assert [kind for kind, *_ in told()] == ["activate", "suspend", "resume"]


def test_a_suspension_before_the_start_is_told_once_it_is_lifted(
    people, start, gateway, move_clock
):
    grant = factories.grant(factories.filed(people), people, starts_at=start + HOUR)
    suspend(grant, people, start)
    move_clock(start + 2 * HOUR)
    assert gateway_signals.sweep(at=start + 2 * HOUR) == 0
    resume(grant, people, start + 2 * HOUR)
    assert told() == [("activate", 1, "active", start + 2 * HOUR)]


def test_more_time_is_told(people, start, gateway):
    grant = factories.grant(factories.filed(people), people)
    later = start + 12 * DAY
    asked = extensions.request(grant, ends_at=later, reason="", by=people.nsa_lead, at=start)
    extensions.consent(asked, by=people.northlight_liaison, at=start)
    extensions.authorize(asked, by=people.administrator, at=start)
    assert [kind for kind, *_ in told()] == ["activate", "change"]
    assert GatewaySignal.objects.get(sequence=2).facts["until"] == later.isoformat()


def test_a_shorter_window_is_told(people, start, gateway):
    submission = factories.filed(people)
    factories.grant(submission, people)
    sooner = start + 2 * DAY
    lifecycle.shorten(submission, closes_at=sooner, by=people.northlight_liaison, at=start)
    assert GatewaySignal.objects.get(kind="change").facts["until"] == sooner.isoformat()


def test_withdrawal_is_told_with_it(people, start, gateway):
    submission = factories.filed(people)
    factories.grant(submission, people)
    lifecycle.withdraw(submission, by=people.northlight_liaison, at=start)
    assert [kind for kind, *_ in told()] == ["activate", "end"]


def test_so_is_the_reports_issue(people, start, gateway):
    submission = factories.filed(people)
    factories.grant(submission, people)
    outpost = factories.organization("outpost")
    attachments.detach(submission, outpost, by=people.administrator, at=start)
    for agency in ("nsa", "dod", "cisa", "caisi", "treasury"):
        factories.position_filed(submission, people, agency)
    reports.issue(submission, by=people.nsa_lead, at=start)
    assert [kind for kind, *_ in told()] == ["activate", "end"]


def test_the_windows_end_is_told_at_its_own_instant(people, start, gateway, move_clock):
    submission = factories.filed(people)
    grant = factories.grant(submission, people, ends_at=start + 60 * DAY)
    late = submission.closes_at + HOUR
    move_clock(late)
    ends.record_overdue(at=late)
    # It lapsed before: nobody said in time that it is still needed.
    assert gateway_signals.sweep(at=late) == 1
    assert told()[-1] == ("end", 2, "ended", grant.effective_end())


def test_a_lapse_ends_it_when_it_comes(people, start, gateway, move_clock):
    grant = factories.grant(factories.filed(people), people)
    lapses_at = start + 3 * DAY
    readiness.record(
        people.nsa_reviewer,
        nondisclosure_until=lapses_at,
        training_until=start + 90 * DAY,
        by=people.administrator,
        at=start,
    )
    assert GatewaySignal.objects.get(kind="change").facts["until"] == lapses_at.isoformat()
    move_clock(lapses_at)
    assert gateway_signals.sweep(at=lapses_at) == 1
    grant.refresh_from_db()
    assert told()[-1] == ("end", 3, "ended", grant.effective_end())
    assert grant.effective_end() == lapses_at


def test_a_named_persons_own_lapse_leaves_the_rest(people, start, gateway, move_clock):
    grant = factories.grant(factories.filed(people), people, users=[people.recused])
    second = people.recused.email
    assert set(GatewaySignal.objects.get().facts["users"]) == {people.nsa_reviewer.email, second}
    lapses_at = start + 3 * DAY
    readiness.record(
        people.recused,
        nondisclosure_until=lapses_at,
        training_until=start + 90 * DAY,
        by=people.administrator,
        at=start,
    )
    assert GatewaySignal.objects.get(sequence=2).facts["users"][second] == lapses_at.isoformat()
    move_clock(lapses_at)
    assert [gateway_signals.sweep(at=lapses_at) for _ in range(2)] == [1, 0]
    assert set(GatewaySignal.objects.get(sequence=3).facts["users"]) == {people.nsa_reviewer.email}
    assert told(grant)[-1][:3] == ("change", 3, "active")


def test_a_revoked_gateway_is_told_nothing_more(people, start, gateway):
    grant = factories.grant(factories.filed(people), people)
    service.revoke(gateway, by=people.northlight_liaison, at=start)
    access.revoke(grant, reason="", by=people.administrator, at=start)
    assert [kind for kind, *_ in told()] == ["activate"]
    assert gateway_signals.sweep(at=start) == 0


def test_the_database_takes_no_number_twice_and_no_second_end(people, start, gateway):
    grant = factories.grant(factories.filed(people), people, state="revoked")
    last = GatewaySignal.objects.get(kind="revoke")
    for changes in ({}, {"sequence": 9}):
        last.pk, last.key = None, None
        last.key = factories.sha256(changes)[:32]
        for name, value in changes.items():
            setattr(last, name, value)
        with pytest.raises(IntegrityError), transaction.atomic():
            last.save()
    assert len(told(grant)) == 2


@pytest.mark.parametrize("state", ["requested", "declined", "consented", "live", "suspended"])
def test_what_is_to_be_enforced_agrees_with_what_lives(people, start, state):
    submission = factories.filed(people)
    grant = factories.grant(submission, people, state=state, starts_at=start + DAY)
    instants = [start + hours * HOUR for hours in (0, 23, 24, 25, 239, 240, 241, 2000)]
    for at in instants:
        assert (enforced(grant, at) == "active") is grant.live_at(at)
        assert AccessGrant.objects.live(at).filter(pk=grant.pk).exists() is grant.live_at(at)


def test_the_past_is_told_by_what_was_true_then(people, start, move_clock):
    grant = factories.grant(factories.filed(people), people)
    move_clock(start + HOUR)
    suspend(grant, people, start + HOUR)
    move_clock(start + 2 * HOUR)
    resume(grant, people, start + 2 * HOUR)
    move_clock(start + 3 * HOUR)
    grant = access.revoke(grant, reason="", by=people.administrator, at=start + 3 * HOUR)
    states = [
        enforced(grant, start + minutes * HOUR / 60) for minutes in (-1, 0, 60, 119, 120, 180)
    ]
    assert states == ["not_begun", "active", "suspended", "suspended", "active", "ended"]


def test_a_gateway_that_replaces_another_counts_on(people, start, gateway, move_clock):
    """Its receiver remembers the numbers of the one before."""
    grant = factories.grant(factories.filed(people), people)
    suspend(grant, people, start)
    resume(grant, people, start)
    service.revoke(gateway, by=people.northlight_liaison, at=start)
    move_clock(start + HOUR)
    gateways.added(people, start + HOUR)
    gateway_signals.sweep(at=start + HOUR)
    assert [said[:2] for said in told(grant)][-1] == ("activate", 4)


@pytest.mark.parametrize(("stopped", "said"), [("suspended", "suspend"), ("revoked", "revoke")])
def test_a_gateway_that_replaces_another_is_told_what_that_one_never_took(
    people, start, gateway, move_clock, stopped, said
):
    """Else its receiver lets in, until the agreed end, whom the one before was told of."""
    grant = factories.grant(factories.filed(people), people)
    GatewaySignal.objects.update(sent_at=start)
    if stopped == "suspended":
        suspend(grant, people, start)
    else:
        access.revoke(grant, reason="", by=people.administrator, at=start)
    service.revoke(gateway, by=people.northlight_liaison, at=start)
    move_clock(start + HOUR)
    second, _ = gateways.added(people, start + HOUR)
    for _ in range(2):
        gateway_signals.sweep(at=start + HOUR)
    assert [one.kind for one in GatewaySignal.objects.filter(gateway=second)] == [said]
    assert not gateway_signals.untold(second, start + HOUR).exists()


def test_what_a_third_gateway_took_is_no_word_to_the_one_that_is_replaced(
    people, start, gateway, move_clock
):
    third, _ = gateways.added(people, start)
    grant = factories.grant(factories.filed(people), people)
    GatewaySignal.objects.update(sent_at=start)
    access.revoke(grant, reason="", by=people.administrator, at=start)
    GatewaySignal.objects.filter(gateway=third).update(sent_at=start)
    service.revoke(gateway, by=people.northlight_liaison, at=start)
    move_clock(start + HOUR)
    second, _ = gateways.added(people, start + HOUR)
    gateway_signals.sweep(at=start + HOUR)
    assert [one.kind for one in GatewaySignal.objects.filter(gateway=second)] == ["revoke"]


def test_a_window_that_was_shortened_meanwhile_and_an_answer_that_came_too_late(
    people, start, gateway, move_clock
):
    """The receiver may have it, until the end that it was told then."""
    submission = factories.filed(people)
    factories.grant(submission, people)
    GatewaySignal.objects.update(attempts=1)
    service.revoke(gateway, by=people.northlight_liaison, at=start)
    lifecycle.shorten(submission, closes_at=start + DAY, by=people.northlight_liaison, at=start)
    move_clock(start + 2 * DAY)
    second, _ = gateways.added(people, start + 2 * DAY)
    gateway_signals.sweep(at=start + 2 * DAY)
    assert [one.kind for one in GatewaySignal.objects.filter(gateway=second)] == ["end"]


def test_a_gateway_that_replaces_another_hears_nothing_of_what_ended_there(
    people, start, gateway, move_clock
):
    grant = factories.grant(factories.filed(people), people)
    access.revoke(grant, reason="", by=people.administrator, at=start)
    GatewaySignal.objects.update(sent_at=start)
    service.revoke(gateway, by=people.northlight_liaison, at=start)
    move_clock(start + HOUR)
    second, _ = gateways.added(people, start + HOUR)
    assert not gateway_signals.untold(second, start + HOUR).exists()
    assert gateway_signals.sweep(at=start + HOUR) == 0


def test_a_sweep_that_began_earlier_lifts_no_suspension(people, start, gateway, move_clock):
    submission = factories.filed(people)
    grant = factories.grant(submission, people)
    factories.grant(submission, people, starts_at=start + HOUR, ends_at=start + DAY)
    move_clock(start + 2 * HOUR)
    suspend(grant, people, start + 2 * HOUR)
    gateway_signals.sweep(at=start + HOUR)
    assert [kind for kind, *_ in told(grant)] == ["activate", "suspend"]
