"""Access of trusted partners: who must agree, in which order, when it lives and what ends it."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from accounts import audit, seats
from accounts.models import AuditEvent, User
from portal.authority import take_seat
from reviews import policy
from reviews.exceptions import Conflict, NotPermitted, NotVisible, WindowRefused
from reviews.models import AccessGrant, Notice, PartnerTerms, Recusal, TermsAcceptance
from reviews.models.grant_states import EndReason, GrantState
from reviews.models.notice import NoticeKind
from reviews.policy import Action
from reviews.services import (
    access,
    attachments,
    ends,
    extensions,
    lifecycle,
    partners,
    readiness,
)
from tests import factories
from tests.people import keep_records
from tests.services.agency_pages import content_of, signed_in

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def submission(people):
    return factories.with_release(people)


def step(word, grant, people, at):
    """One of the three words, by whoever may say it."""
    if word == "consent":
        return access.consent(grant, by=people.northlight_liaison, at=at)
    if word == "agree":
        return partners.agree(grant, by=people.administrator, at=at)
    sha256 = PartnerTerms.objects.last().sha256
    return partners.accept(grant, sha256=sha256, by=people.partner_contact, at=at)


def told(kind, person):
    return Notice.objects.filter(kind=kind, recipient=person).count()


@pytest.mark.parametrize("order", [("consent", "agree"), ("agree", "consent")])
def test_lab_and_government_agree_in_either_order_and_the_partner_accepts(
    order, submission, people, start, move_clock
):
    factories.terms(people)
    grant = factories.partner_grant(submission, people)
    assert told(NoticeKind.PARTNER_PROPOSED, people.administrator) == 1
    assert told(NoticeKind.GRANT_REQUESTED, people.northlight_liaison) == 1
    with pytest.raises(NotVisible):
        step("accept", grant, people, start)
    for word in order:
        assert told(NoticeKind.TERMS_TO_ACCEPT, people.partner_contact) == 0
        grant = step(word, grant, people, start)
    assert grant.state_at(start) is GrantState.AWAITING_TERMS
    assert grant.lab == submission.lab
    assert told(NoticeKind.TERMS_TO_ACCEPT, people.partner_contact) == 1
    grant = step("accept", grant, people, start)
    assert (grant.authorized_at, grant.authorized_by) == (start, people.administrator)
    assert grant.state_at(start) is GrantState.SCHEDULED
    accepted = TermsAcceptance.objects.get(grant=grant)
    assert (accepted.accepted_by, accepted.terms) == (people.partner_contact, grant.terms)
    event = AuditEvent.objects.get(action="grant.terms_accepted")
    assert event.organization == "keystone-utility"
    assert event.details["terms_sha256"] == PartnerTerms.digest(grant.terms.text)
    with pytest.raises(Conflict):
        step("accept", grant, people, start)


@pytest.mark.parametrize("missing", ["consent", "agree", "accept"])
def test_without_one_of_the_three_words_it_never_lives(missing, submission, people, start):
    factories.terms(people)
    grant = factories.partner_grant(submission, people)
    for word in ("consent", "agree", "accept"):
        if word != missing:
            try:
                with transaction.atomic():
                    step(word, grant, people, start)
            except (Conflict, NotVisible):
                assert word == "accept"
    later = grant.starts_at + DAY
    assert not AccessGrant.objects.live(later).exists()
    assert not AccessGrant.objects.get().live_at(later)


def test_it_lives_from_its_start_to_its_end_though_the_window_is_over(
    submission, people, start, settings
):
    settings.RECERTIFICATION_DAYS = 40
    grant = factories.partner_grant(submission, people, state="scheduled")
    assert grant.starts_at == submission.closes_at
    ends.record(submission.pk, at=submission.closes_at)
    grant = AccessGrant.objects.get()
    for at, lives in (
        (grant.starts_at - timedelta(microseconds=1), False),
        (grant.starts_at, True),
        (grant.ends_at - timedelta(microseconds=1), True),
        (grant.ends_at, False),
    ):
        usable = policy.allowed(people.partner_contact, Action.USE_MODEL, at=at)
        assert (
            grant.live_at(at) is usable.exists() is AccessGrant.objects.live(at).exists() is lives
        )
    assert grant.end_reason_at(grant.ends_at) is EndReason.OWN_END
    assert grant.attestable_at(grant.ends_at, "agency")
    assert access.attest(grant, for_lab=False, by=people.partner_contact, at=grant.ends_at)


def test_a_shortened_window_and_a_concluded_review_leave_it_and_a_withdrawal_ends_it(
    submission, people, start
):
    kept = factories.partner_grant(submission, people, state="scheduled")
    waiting = factories.partner_grant(submission, people, state="agreed")
    lifecycle.shorten(submission, closes_at=start + DAY, by=people.northlight_liaison, at=start)
    later = AccessGrant.objects.get(pk=kept.pk)
    assert later.state_at(start) is GrantState.SCHEDULED
    assert later.ends_at == kept.ends_at
    at = start + timedelta(hours=1)
    lifecycle.withdraw(submission, by=people.northlight_liaison, at=at)
    for grant in (kept, waiting):
        grant = AccessGrant.objects.get(pk=grant.pk)
        assert grant.state_at(at) is GrantState.REVOKED
        assert grant.end_reason_at(at) is EndReason.WITHDRAWN
    assert told(NoticeKind.GRANT_REVOKED, people.partner_contact) == 2
    with pytest.raises(Conflict, match="withdrew"):
        factories.partner_grant(submission, people)


def test_words_may_come_after_the_window(submission, people, start, settings):
    own = factories.grant(submission, people, state="consented")
    grant = factories.partner_grant(submission, people)
    factories.terms(people)
    at = submission.closes_at + DAY
    for word in ("agree", "consent", "accept"):
        grant = step(word, grant, people, at)
    assert grant.live_at(at)
    with pytest.raises(NotPermitted):
        access.authorize(own, by=people.administrator, at=at)


@pytest.mark.parametrize(
    ("times", "words"),
    [
        ({"starts_at": -timedelta(microseconds=1), "ends_at": DAY}, "no earlier than the planned"),
        ({"starts_at": 15 * DAY, "ends_at": 16 * DAY}, "within 720 hours of the start"),
        ({"starts_at": DAY, "ends_at": DAY}, "must end after it starts"),
        ({"starts_at": DAY, "ends_at": 31 * DAY + timedelta(seconds=1)}, "720 hours at most"),
    ],
)
def test_a_time_that_a_partner_cannot_have(times, words, submission, people):
    release = submission.planned_partner_release_at
    with pytest.raises(WindowRefused, match=words):
        factories.partner_grant(
            submission, people, **{name: release + by for name, by in times.items()}
        )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"grantee": "nsa_reviewer"}, "only a contact of Keystone"),
        ({"users": ["vendor_contact"]}, "only a contact of Keystone"),
    ],
)
def test_only_contacts_of_the_partner_are_named(changes, words, submission, people):
    changes = {
        name: [getattr(people, one) for one in value]
        if isinstance(value, list)
        else getattr(people, value)
        for name, value in changes.items()
    }
    with pytest.raises(Conflict, match=words):
        factories.partner_grant(submission, people, **changes)
    assert not AccessGrant.objects.exists()


def test_only_a_trusted_partner_and_only_once_and_only_by_a_lead(submission, people, start):
    grant = factories.partner_grant(submission, people, purpose="The same.")
    with pytest.raises(Conflict, match="waits already"):
        factories.partner_grant(submission, people, purpose="The same.")
    asked = {
        "agency": factories.organization("nsa"),
        "grantee": people.vendor_contact,
        "purpose": "P.",
        "access_level": "al1",
        "environment": "E",
        "starts_at": grant.starts_at,
        "ends_at": grant.ends_at,
        "at": start,
    }
    with pytest.raises(Conflict, match="no trusted partner"):
        partners.propose(
            submission,
            partner=factories.organization("ridgeline-software"),
            by=people.nsa_lead,
            **asked,
        )
    for who in (people.nsa_reviewer, people.administrator, people.northlight_liaison):
        with pytest.raises((NotPermitted, NotVisible)):
            partners.propose(submission, partner=grant.partner, by=who, **asked)


def test_the_government_agrees_only_once_and_only_while_terms_are_published(
    submission, people, start
):
    grant = factories.partner_grant(submission, people)
    with pytest.raises(Conflict, match="No terms for trusted partners are published"):
        partners.agree(grant, by=people.administrator, at=start)
    factories.terms(people)
    partners.agree(grant, by=people.administrator, at=start)
    with pytest.raises(Conflict, match="waits for the government"):
        partners.agree(grant, by=people.second_administrator, at=start)
    own = factories.grant(submission, people, state="consented")
    with pytest.raises(Conflict, match="waits for the government"):
        partners.agree(own, by=people.administrator, at=start)
    access.consent(grant, by=people.northlight_liaison, at=start)
    with pytest.raises(Conflict, match="can be"):
        access.authorize(grant, by=people.administrator, at=start)


def test_the_government_takes_back_its_agreement_while_the_lab_has_not_answered(
    submission, people, start
):
    grant = factories.partner_grant(submission, people, state="agreed")
    with pytest.raises(Conflict, match="nothing to revoke"):
        access.revoke(grant, reason="", by=people.northlight_liaison, at=start)
    access.revoke(grant, reason="", by=people.second_administrator, at=start)
    grant.refresh_from_db()
    assert grant.end_reason_at(start) is EndReason.BY_ADMINISTRATION
    waiting = factories.partner_grant(submission, people)
    with pytest.raises(Conflict, match="nothing to revoke"):
        access.revoke(waiting, reason="", by=people.administrator, at=start)


def test_who_is_recused_is_not_named(submission, people, start):
    Recusal.objects.create(
        submission=submission,
        person=people.partner_contact,
        declared_at=start,
        declared_by=people.partner_contact,
    )
    with pytest.raises(Conflict, match="only a contact of Keystone"):
        factories.partner_grant(submission, people)


def test_a_later_submission_of_the_version_stands_in_place_of_an_earlier(
    submission, people, start, move_clock
):
    waits = {
        word: factories.partner_grant(submission, people, state=state)
        for word, state in (
            ("consent", "requested"),
            ("agree", "consented"),
            ("accept", "awaiting"),
        )
    }
    lifecycle.shorten(submission, closes_at=start + DAY, by=people.northlight_liaison, at=start)
    move_clock(start + 2 * DAY)
    ends.record(submission.pk, at=start + 2 * DAY)
    version = submission.model_version
    later = factories.with_release(
        people,
        family=version.family,
        version=version.version,
        checkpoint_sha256=version.checkpoint_sha256,
    )
    with pytest.raises(Conflict, match=f"{later.reference}, stands in place"):
        factories.partner_grant(submission, people)
    for word, grant in waits.items():
        with pytest.raises(Conflict) as refused:
            step(word, grant, people, start + 2 * DAY)
        # A partner is told of no submission.
        assert (later.reference in str(refused.value)) is (word != "accept")
        assert "propose" in str(refused.value)
    tasks = {
        people.northlight_liaison: "Answer a request for access to your model",
        people.administrator: "Agree to a trusted partner for the government",
        people.partner_contact: "Read and accept the terms",
    }
    for who, task in tasks.items():
        assert task not in content_of(signed_in(who).get("/"))
    shown = content_of(signed_in(people.nsa_lead).get(waits["agree"].get_absolute_url()))
    assert "This proposal no longer stands" in shown
    factories.partner_grant(later, people)
    lifecycle.withdraw(later, by=people.northlight_liaison, at=start + 2 * DAY)
    factories.partner_grant(submission, people)
    for who, task in tasks.items():
        assert task in content_of(signed_in(who).get("/"))
    for word, grant in waits.items():
        step(word, grant, people, start + 2 * DAY)
    assert not AccessGrant.objects.running(start + 2 * DAY).filter(submission=later).exists()


def test_people_without_terms_training_or_seat_get_no_access(submission, people, start):
    grant = factories.partner_grant(submission, people, state="awaiting")
    keep_records(people.partner_contact, start, days=-1)
    with pytest.raises(Conflict, match="Administrators see which"):
        step("accept", grant, people, start)
    other = factories.partner_grant(submission, people, state="consented")
    with pytest.raises(Conflict, match="insider-risk training"):
        partners.agree(other, by=people.administrator, at=start)
    assert not TermsAcceptance.objects.exists()


def test_only_an_administrator_agrees_and_the_database_takes_no_partys_agreement(
    submission, people, start
):
    factories.terms(people)
    grant = factories.partner_grant(submission, people)
    for who in (people.nsa_lead, people.northlight_liaison, people.partner_contact):
        with pytest.raises((NotPermitted, NotVisible)):
            partners.agree(grant, by=who, at=start)
    for who in (people.nsa_lead, people.partner_contact):
        with transaction.atomic(), pytest.raises(IntegrityError, match="agreement_is_anothers"):
            AccessGrant.objects.filter(pk=grant.pk).update(agreed_at=start, agreed_by=who)


def test_the_database_takes_no_partner_access_without_its_words(submission, people, start):
    grant = factories.partner_grant(submission, people, state="consented")
    said = {"authorized_at": start, "authorized_by": people.administrator}
    with transaction.atomic(), pytest.raises(IntegrityError, match="three_words"):
        AccessGrant.objects.filter(pk=grant.pk).update(**said)
    own = factories.grant(submission, people, state="consented")
    with transaction.atomic(), pytest.raises(IntegrityError, match="agreed_and_terms"):
        AccessGrant.objects.filter(pk=own.pk).update(
            agreed_at=start, agreed_by=people.administrator
        )


def test_losing_the_seat_ends_it(submission, people, start):
    grant = factories.partner_grant(submission, people, state="scheduled")
    own = factories.grant(submission, people)
    take_seat(
        person=people.partner_contact,
        organization=grant.partner,
        role="partner_contact",
        by=people.administrator,
        at=start,
    )
    grant.refresh_from_db()
    assert grant.end_reason_at(start) is EndReason.SEAT_REMOVED
    own.refresh_from_db()
    assert own.live_at(start)


def test_a_person_named_besides_loses_it_with_her_seat_and_the_grant_lives(
    submission, people, start, settings
):
    settings.RECERTIFICATION_DAYS = 40
    engineer = User.objects.create_user("engineer@test.example", "partner engineer")
    keep_records(engineer, start)
    seat = {
        "person": engineer,
        "organization": factories.organization("keystone-utility"),
        "role": "partner_contact",
        "at": start,
    }
    seats.give(**seat, by=audit.SYSTEM)
    grant = factories.partner_grant(submission, people, state="scheduled", users=[engineer])
    at = grant.starts_at
    assert policy.allowed(engineer, Action.USE_MODEL, at=at).exists()
    take_seat(**seat, by=people.administrator)
    assert not policy.allowed(engineer, Action.USE_MODEL, at=at).exists()
    assert policy.allowed(people.partner_contact, Action.USE_MODEL, at=at).exists()


def test_detaching_the_agency_that_proposed_ends_it(submission, people, start):
    grant = factories.partner_grant(submission, people, state="scheduled")
    attachments.detach(submission, grant.agency, by=people.administrator, at=start)
    grant.refresh_from_db()
    assert grant.end_reason_at(start) is EndReason.DETACHED


def test_the_sponsor_recertifies_it_and_it_is_not_extended(submission, people, start):
    grant = factories.partner_grant(submission, people, state="scheduled")
    assert grant.recertify_by == grant.starts_at + 14 * DAY
    assert not grant.extendable_at(start)
    with pytest.raises(Conflict, match="not extended"):
        extensions.request(
            grant, ends_at=grant.ends_at + DAY, reason="More.", by=people.nsa_lead, at=start
        )
    at = grant.recertify_by - DAY
    readiness.recertify(grant, by=people.nsa_lead, at=at)
    grant.refresh_from_db()
    assert grant.recertify_by == at + 14 * DAY
