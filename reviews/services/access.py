"""Access grants to a lab's model: asked, consented, authorized, revoked, closed out.

Three different words are needed, from a lead, the lab and an administrator; the clock ends
what they began (docs/domain.md section 6).
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import Organization, User
from reviews import audience, policy
from reviews.exceptions import Conflict, WindowRefused
from reviews.models import AccessGrant, Submission
from reviews.models.notice import NoticeKind
from reviews.policy import Action
from reviews.services import notices, rows

ANSWERED = "The lab has answered this request already."


@transaction.atomic
def request(
    submission: Submission,
    *,
    agency: Organization,
    grantee: User,
    purpose: str,
    access_level: str,
    environment: str,
    starts_at: datetime,
    ends_at: datetime,
    by: User,
    at: datetime,
) -> AccessGrant:
    """A request that waits for the lab. Its end is clipped to the window's.

    Raises Conflict for a grantee who is not of the agency or the same request again,
    WindowRefused for a time outside.
    """
    submission, _, at = rows.begin(submission, Action.REQUEST_GRANT, by=by, at=at)
    rows.require_agency(by, Action.REQUEST_GRANT, submission, agency)
    if not possible_grantees(submission, agency).filter(pk=grantee.pk).exists():
        raise Conflict(
            f"{grantee.name} cannot be named: only a person of {agency.short_name} who works on "
            "this submission and is not recused can."
        )
    closes_at = submission.window()[1]
    if ends_at <= max(at, starts_at) or starts_at >= closes_at:
        raise WindowRefused(
            "Access must end after it starts and lie inside the review window. Change start or end."
        )
    asked = {
        "agency": agency,
        "grantee": grantee,
        "purpose": purpose,
        "access_level": access_level,
        "environment": environment,
        "starts_at": starts_at,
        "ends_at": min(ends_at, closes_at),
    }
    twin = {"authorized_at": None, "declined_at": None, "revoked_at": None}
    if submission.grants.filter(**asked, **twin).exists():
        raise Conflict("The same request waits already, perhaps from a second click.")
    grant = AccessGrant.objects.create(
        submission=submission,
        requested_at=at,
        requested_by=by,
        **asked,
    )
    _record("grant.requested", grant, by, agency, at)
    _notify(NoticeKind.GRANT_REQUESTED, grant, audience.people(Action.OWN, submission), at)
    return grant


def possible_grantees(submission: Submission, agency: Organization) -> Any:
    """The agency's people who may read the submission's package, by name."""
    return audience.people(Action.READ_PACKAGE, submission, of=agency)


def asks_for(person: User, grant: AccessGrant) -> bool:
    """Whether ``person`` may ask for access in the name of the grant's agency."""
    asking = policy.organizations(person, Action.REQUEST_GRANT, grant.submission)
    return asking.contains(grant.agency)


@transaction.atomic
def consent(grant: AccessGrant, *, by: User, at: datetime) -> AccessGrant:
    """The lab agrees; an administrator may now authorize. Raises Conflict if it was answered."""
    submission, grant, at = _begin(grant, Action.CONSENT_GRANT, by, at)
    if not grant.answerable_at(at):
        raise Conflict(ANSWERED)
    grant.consented_at, grant.consented_by = at, by
    grant.save(update_fields=["consented_at", "consented_by"])
    _record("grant.consented", grant, by, submission.lab, at)
    _notify(NoticeKind.GRANT_CONSENTED, grant, audience.people(Action.ADMINISTER, submission), at)
    return grant


@transaction.atomic
def decline(grant: AccessGrant, *, reason: str, by: User, at: datetime) -> AccessGrant:
    """The lab declines; the request ends there. Raises Conflict if it was answered."""
    submission, grant, at = _begin(grant, Action.CONSENT_GRANT, by, at)
    if not grant.answerable_at(at):
        raise Conflict(ANSWERED)
    grant.declined_at, grant.declined_by, grant.decline_reason = at, by, reason
    grant.save(update_fields=["declined_at", "declined_by", "decline_reason"])
    _record("grant.declined", grant, by, submission.lab, at)
    _notify(NoticeKind.GRANT_DECLINED, grant, [grant.requested_by], at)
    return grant


@transaction.atomic
def authorize(grant: AccessGrant, *, by: User, at: datetime) -> AccessGrant:
    """The grant lives by the clock from its start to its end, clipped to the window's.

    Raises Conflict unless the lab has consented and nobody has authorized, WindowRefused when
    its time has passed, NotPermitted for its sponsor or its grantee.
    """
    submission, grant, at = _begin(grant, Action.AUTHORIZE_GRANT, by, at)
    if not grant.authorizable_at(at):
        raise Conflict(
            "Only a request that the lab has consented to, and nobody has authorized, can be "
            "authorized."
        )
    if not possible_grantees(submission, grant.agency).filter(pk=grant.grantee_id).exists():
        raise Conflict("The grantee no longer works on this submission, so access cannot begin.")
    grant.ends_at = min(grant.ends_at, submission.window()[1])
    if grant.ends_at <= max(at, grant.starts_at):
        raise WindowRefused("The time that was asked for has passed. Ask for a new grant.")
    grant.authorized_at, grant.authorized_by = at, by
    grant.save(update_fields=["ends_at", "authorized_at", "authorized_by"])
    acting = policy.organizations(by, Action.AUTHORIZE_GRANT, grant).first()
    _record("grant.authorized", grant, by, acting, at, ends_at=grant.ends_at.isoformat())
    parties = {grant.grantee, grant.requested_by, *audience.people(Action.OWN, submission)}
    _notify(NoticeKind.GRANT_AUTHORIZED, grant, parties, at)
    return grant


@transaction.atomic
def revoke(grant: AccessGrant, *, reason: str, by: User, at: datetime) -> AccessGrant:
    """Access by this grant ended now and never comes back; other grants are untouched.

    So ends a request that its agency takes back before the lab answers. Needs no open window.
    Raises Conflict when it has ended or was revoked, and for a request that waits for the lab
    unless ``by`` asks for its agency.
    """
    submission, grant, at = _begin(grant, Action.REVOKE_GRANT, by, at)
    if grant.answerable_at(at):
        if not asks_for(by, grant):
            raise Conflict(
                "The lab has not consented, so there is nothing to revoke. The lab can decline "
                f"this request, and the lead of {grant.agency.short_name} can take it back."
            )
    elif not grant.revocable_at(at):
        raise Conflict("This grant has ended, so there is nothing to revoke.")
    grant.revoked_at, grant.revoked_by, grant.revocation_reason = at, by, reason
    grant.save(update_fields=["revoked_at", "revoked_by", "revocation_reason"])
    acting = policy.organizations(by, Action.REVOKE_GRANT, grant).first()
    _record("grant.revoked", grant, by, acting, at)
    parties = {grant.grantee, grant.requested_by, *audience.people(Action.OWN, submission)}
    _notify(NoticeKind.GRANT_REVOKED, grant, parties, at)
    return grant


@transaction.atomic
def use(grant: AccessGrant, *, by: User, at: datetime) -> AccessGrant:
    """The grantee may be shown how to reach the model, and that is on record.

    Raises NotPermitted or NotVisible unless the grant is hers and live.
    """
    _, grant, at = _begin(grant, Action.USE_MODEL, by, at)
    _record("grant.used", grant, by, grant.agency, at)
    return grant


@transaction.atomic
def attest(grant: AccessGrant, *, for_lab: bool, by: User, at: datetime) -> AccessGrant:
    """One side attests that credentials are disabled and copies destroyed or returned.

    Closed out when both have. Raises Conflict before access ended, or a second time.
    """
    action = Action.ATTEST_FOR_LAB if for_lab else Action.ATTEST_FOR_AGENCY
    submission, grant, at = _begin(grant, action, by, at)
    side = "lab" if for_lab else "agency"
    if not grant.attestable_at(at, side):
        raise Conflict(
            "This side has attested already."
            if getattr(grant, f"{side}_attested_at")
            else "Closeout is attested after access has ended."
        )
    setattr(grant, f"{side}_attested_at", at)
    setattr(grant, f"{side}_attested_by", by)
    grant.save(update_fields=[f"{side}_attested_at", f"{side}_attested_by"])
    acting = submission.lab if for_lab else grant.agency
    _record(f"grant.{side}_attested", grant, by, acting, at)
    return grant


@transaction.atomic
def end_with_seat(
    take: Callable[[], Any], *, person: User, agency: Organization, by: User, at: datetime
) -> Any:
    """What ``take`` returns, which takes a seat; the access that it carried has ended with it."""
    theirs = AccessGrant.objects.running(at).filter(agency=agency, grantee=person)
    numbers = sorted(set(theirs.values_list("submission", flat=True)))
    submissions = [rows.lock_submission(number) for number in numbers]
    taken = take()
    for submission in submissions:
        if not audience.people(Action.VIEW, submission, of=agency).contains(person):
            end_all(
                submission.grants.filter(agency=agency, grantee=person),
                reason="The holder's seat was removed.",
                by=by,
                for_=policy.organizations(by, Action.ADMINISTER, submission).first(),
                at=at,
            )
    return taken


def end_all(grants: Any, *, reason: str, by: User, for_: Organization | None, at: datetime) -> None:
    """Each of ``grants`` that is not over is revoked, because its holder left the submission.

    The caller has locked the submission.
    """
    for grant in grants.running(at).select_related("submission", "agency", "grantee"):
        grant.revoked_at, grant.revoked_by, grant.revocation_reason = at, by, reason
        grant.save(update_fields=["revoked_at", "revoked_by", "revocation_reason"])
        _record("grant.revoked", grant, by, for_, at)
        parties = {
            grant.grantee,
            grant.requested_by,
            *audience.people(Action.OWN, grant.submission),
        }
        _notify(NoticeKind.GRANT_REVOKED, grant, parties, at)


def _record(
    action: str,
    grant: AccessGrant,
    by: User,
    for_: Organization | None,
    at: datetime,
    **details: Any,
) -> None:
    whose = {"agency": grant.agency.short_name, "grantee": grant.grantee.email}
    rows.record(action, grant, by=by, for_=for_, at=at, **whose, **details)


def _begin(
    grant: AccessGrant, action: policy.Action, by: User, at: datetime
) -> tuple[Submission, AccessGrant, datetime]:
    submission, grant, at = rows.begin(grant, action, by=by, at=at)
    grant.submission = submission
    return submission, grant, at


def _notify(kind: NoticeKind, grant: AccessGrant, people: Any, at: datetime) -> None:
    notices.queue(kind, grant.submission, people, due_at=at, at=at, grant=grant)
