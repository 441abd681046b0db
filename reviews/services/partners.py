"""Access for trusted partners, whom the lab and the government select together.

An agency's lead proposes; the lab consents and an administrator agrees for the government, in
either order; then the partner accepts the terms, which is the last word (Executive Order 14409,
section 3(b); docs/domain.md section 6).
"""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from accounts.models import Organization, User
from accounts.roles import Kind
from reviews import audience, clock, policy
from reviews.exceptions import Conflict, WindowRefused
from reviews.models import AccessGrant, PartnerTerms, Submission, TermsAcceptance
from reviews.models.notice import NoticeKind
from reviews.models.package import Safeguards
from reviews.policy import Action
from reviews.services import access, grants, readiness, rows
from reviews.workflow import Status

# How long a partner's access lasts at most, and how long before its start it can be proposed:
# whoever needs longer asks again.
LONGEST = PROPOSED_WITHIN = clock.FULL_WINDOW


@transaction.atomic
def propose(
    submission: Submission,
    *,
    agency: Organization,
    partner: Organization,
    grantee: User,
    purpose: str,
    access_level: str,
    safeguards: str = Safeguards.IN_PLACE,
    environment: str,
    starts_at: datetime,
    ends_at: datetime,
    team: str = "",
    users: Iterable[User] = (),
    by: User,
    at: datetime,
) -> AccessGrant:
    """A proposal that waits for the lab and for an administrator, who are both told.

    Raises Conflict for somebody who is no contact of the partner, the same proposal again, and
    after a withdrawal; WindowRefused for a time that a partner cannot have.
    """
    submission, _, at = rows.begin(submission, Action.PROPOSE_PARTNER, by=by, at=at)
    rows.require_agency(by, Action.PROPOSE_PARTNER, submission, agency)
    if submission.status == Status.WITHDRAWN:
        raise Conflict("The lab withdrew this submission, so no partner gets the model by it.")
    access.require_latest(submission)
    if partner.kind != Kind.PARTNER:
        raise Conflict(f"{partner.short_name} is no trusted partner.")
    others = access.others(grantee, users)
    possible = set(audience.contacts(partner, submission).values_list("pk", flat=True))
    for person in (grantee, *others):
        if person.pk not in possible:
            raise Conflict(
                f"{person.name} cannot be named: only a contact of {partner.short_name} can. An "
                "administrator gives that seat."
            )
    _require_time(submission, starts_at, ends_at, at)
    grant = access.ask(
        submission,
        agency,
        others,
        by,
        at,
        partner=partner,
        grantee=grantee,
        purpose=purpose,
        access_level=access_level,
        safeguards=safeguards,
        environment=environment,
        team=team,
        starts_at=starts_at,
        ends_at=ends_at,
    )
    administrators = audience.people(Action.ADMINISTER, submission)
    grants.notify(NoticeKind.PARTNER_PROPOSED, grant, administrators, at)
    return grant


def _require_time(
    submission: Submission, starts_at: datetime, ends_at: datetime, at: datetime
) -> None:
    """Nothing, for a time that a partner can have (docs/domain.md section 6)."""
    release = submission.planned_partner_release_at
    if release is None:
        raise WindowRefused(
            "The lab named no planned partner release in this submission, and a partner's access "
            f"starts no earlier. {submission.lab.short_name} can name it in a new submission."
        )
    if starts_at < release:
        raise WindowRefused(
            "A partner's access starts no earlier than the planned partner release. Choose a "
            "later start."
        )
    if starts_at > at + PROPOSED_WITHIN:
        raise WindowRefused(
            "A partner is proposed within 720 hours of the start. Choose an earlier start, or "
            "propose it later."
        )
    if ends_at <= max(at, starts_at):
        raise WindowRefused("Access must end after it starts, and later than now.")
    if ends_at > starts_at + LONGEST:
        raise WindowRefused(
            "A partner's access lasts 720 hours at most. Choose an earlier end, and ask again for "
            "more when it is near."
        )


def agree(grant: AccessGrant, *, by: User, at: datetime) -> AccessGrant:
    """The government agrees to the partner; once the lab does too, the partner is told.

    Raises Conflict if an administrator has agreed, while no terms are published, and for people
    whose terms, training or number of grants do not allow it.
    """
    with transaction.atomic():
        submission, grant, at = grants.begin(grant, Action.AUTHORIZE_GRANT, by, at)
        if not grant.agreeable_at(at):
            raise Conflict("Only a partner's request that waits for the government can be agreed.")
        access.require_latest(submission)
        if not PartnerTerms.objects.exists():
            raise Conflict(
                "No terms for trusted partners are published yet, and a partner gets no access "
                "without accepting them. An administrator can publish them on the page of partners."
            )
        access.require_ready(submission, grant, at)
        grant.agreed_at, grant.agreed_by = at, by
        grant.save(update_fields=["agreed_at", "agreed_by"])
        acting = policy.organizations(by, Action.AUTHORIZE_GRANT, grant).first()
        grants.record("grant.agreed", grant, by, acting, at)
        grants.tell_if_agreed(grant, at)
    return grant


@transaction.atomic
def accept(grant: AccessGrant, *, sha256: str, by: User, at: datetime) -> AccessGrant:
    """The partner has accepted the version with that hash: the first time, access is authorized.

    Raises Conflict when there is nothing to accept, another version was published, or the people
    may not be given access.
    """
    submission, grant, at = grants.begin(grant, Action.ACCEPT_TERMS, by, at)
    if not grant.acceptable_at(at):
        raise Conflict("There are no terms to accept for this access now.")
    terms = _require_current(sha256)
    grant.terms, grant.terms_until = terms, None
    TermsAcceptance.objects.create(grant=grant, terms=terms, accepted_at=at, accepted_by=by)
    said = {"version": terms.version, "terms_sha256": terms.sha256}
    if grant.authorized_at is None:
        if access.replacement(submission):
            raise Conflict(
                f"This proposal no longer stands. A lead of {grant.agency.short_name} can propose "
                f"{grant.holder().short_name} again."
            )
        access.require_people(submission, grant, at)
        if readiness.missing_locked(grant, at):
            raise Conflict(readiness.FOR_OUTSIDERS)
        grant.authorized_at, grant.authorized_by = at, grant.agreed_by
        readiness.begin(grant, at)
        said |= readiness.user_lapses(grant, at)
    else:
        readiness.move(grant, at)
    grant.save(
        update_fields=["terms", "terms_until", "authorized_at", "authorized_by", *readiness.SET]
    )
    lapse = readiness.lapse(grant)
    grants.record("grant.terms_accepted", grant, by, grant.partner, at, **said, **lapse)
    grants.notify(NoticeKind.TERMS_ACCEPTED, grant, grants.parties(grant, at), at)
    # The log is locked: no version can be published any more before this commits.
    _require_current(sha256)
    return grant


def _require_current(sha256: str) -> PartnerTerms:
    latest = PartnerTerms.objects.last()
    if latest is None or latest.sha256 != sha256:
        raise Conflict("Newer terms were published after you opened this page. Read them above.")
    return latest
