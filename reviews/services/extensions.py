"""More time for access that has not ended, by the same words: agency, lab, administrator.

Only inside the window: nobody extends that.
"""

from datetime import datetime

from django.db import transaction

from accounts.models import User
from reviews import audience, policy
from reviews.exceptions import Conflict, WindowRefused
from reviews.models import AccessGrant, GrantExtension, Submission
from reviews.models.notice import NoticeKind
from reviews.policy import Action
from reviews.services import access, grants, rows

ANSWERED = "This extension was answered already, or the access has ended."


@transaction.atomic
def request(
    grant: AccessGrant, *, ends_at: datetime, reason: str, by: User, at: datetime
) -> GrantExtension:
    """A later end waits for the lab; it is cut to the window's. The grant's own still stands.

    Raises Conflict unless the grant is authorized and not over, and while another extension
    waits; WindowRefused for an end that is no later than the grant's.
    """
    submission, grant, at = grants.begin(grant, Action.EXTEND_GRANT, by, at)
    if not grant.authorized_now(at):
        raise Conflict("Only access that is authorized and has not ended can be extended.")
    if grant.partner_id is not None:
        raise Conflict("A partner's access is not extended. Propose it again for more time.")
    if grant.extensions.pending().exists():
        raise Conflict("An extension of this access waits already.")
    closes_at = submission.window()[1]
    ends_at = min(ends_at, closes_at)
    if ends_at <= grant.ends_at:
        raise WindowRefused(
            "This access already lasts until the review window ends, and nobody extends that."
            if grant.ends_at >= closes_at
            else "Ask for an end that is later than the one that this access has."
        )
    extension = GrantExtension.objects.create(
        grant=grant, ends_at=ends_at, reason=reason, requested_at=at, requested_by=by
    )
    asked = {"asked_ends_at": ends_at.isoformat()}
    grants.record("grant.extension_requested", grant, by, grant.agency, at, **asked)
    lab = audience.people(Action.OWN, submission)
    grants.notify(NoticeKind.EXTENSION_REQUESTED, grant, lab, at)
    return extension


@transaction.atomic
def consent(extension: GrantExtension, *, by: User, at: datetime) -> GrantExtension:
    """The lab agrees; an administrator may now authorize. Raises Conflict if it was answered."""
    submission, extension, at = _begin(extension, Action.CONSENT_EXTENSION, by, at)
    if not extension.answerable_at(at):
        raise Conflict(ANSWERED)
    extension.consented_at, extension.consented_by = at, by
    extension.save(update_fields=["consented_at", "consented_by"])
    grant = extension.grant
    grants.record("grant.extension_consented", grant, by, submission.lab, at)
    administrators = audience.people(Action.ADMINISTER, submission)
    grants.notify(NoticeKind.EXTENSION_CONSENTED, grant, administrators, at)
    return extension


@transaction.atomic
def decline(extension: GrantExtension, *, reason: str, by: User, at: datetime) -> GrantExtension:
    """The lab declines; the grant keeps its end. Raises Conflict if it was answered."""
    submission, extension, at = _begin(extension, Action.CONSENT_EXTENSION, by, at)
    if not extension.answerable_at(at):
        raise Conflict(ANSWERED)
    extension.declined_at, extension.declined_by, extension.decline_reason = at, by, reason
    extension.save(update_fields=["declined_at", "declined_by", "decline_reason"])
    grant = extension.grant
    grants.record("grant.extension_declined", grant, by, submission.lab, at)
    asking = {extension.requested_by, grant.grantee}
    grants.notify(NoticeKind.EXTENSION_DECLINED, grant, asking, at)
    return extension


@transaction.atomic
def take_back(extension: GrantExtension, *, by: User, at: datetime) -> GrantExtension:
    """The agency asks no longer; the grant keeps its end. Raises Conflict if none waits."""
    _, grant, at = grants.begin(extension.grant, Action.EXTEND_GRANT, by, at)
    extension.refresh_from_db()
    if not extension.pending:
        raise Conflict(ANSWERED)
    extension.taken_back_at, extension.taken_back_by = at, by
    extension.save(update_fields=["taken_back_at", "taken_back_by"])
    grants.record("grant.extension_taken_back", grant, by, grant.agency, at)
    return extension


@transaction.atomic
def authorize(extension: GrantExtension, *, by: User, at: datetime) -> GrantExtension:
    """The grant's end is the later one, cut to the window as it now is; its parties are told.

    Raises Conflict unless the lab has consented, the grant is not over and its grantee still
    works on the submission; WindowRefused when the window now leaves no more time.
    """
    submission, extension, at = _begin(extension, Action.AUTHORIZE_EXTENSION, by, at)
    if not extension.authorizable_at(at):
        raise Conflict(
            "Only an extension that the lab has consented to, of access that has not ended, can "
            "be authorized."
        )
    grant = extension.grant
    access.require_people(submission, grant, at)
    ends_at = min(extension.ends_at, submission.window()[1])
    if ends_at <= grant.ends_at:
        raise WindowRefused("The review window now ends no later than this access.")
    extension.authorized_at, extension.authorized_by = at, by
    extension.save(update_fields=["authorized_at", "authorized_by"])
    before, grant.ends_at = grant.ends_at, ends_at
    if grant.asked_ends_at and grant.asked_ends_at <= ends_at:
        grant.asked_ends_at = None
    grant.save(update_fields=["ends_at", "asked_ends_at"])
    acting = policy.organizations(by, Action.AUTHORIZE_GRANT, grant).first()
    moved = {"ended_at": before.isoformat(), "ends_at": ends_at.isoformat()}
    grants.record("grant.extended", grant, by, acting, at, **moved)
    grants.notify(NoticeKind.GRANT_EXTENDED, grant, grants.parties(grant, at), at)
    return extension


def _begin(
    extension: GrantExtension, action: Action, by: User, at: datetime
) -> tuple[Submission, GrantExtension, datetime]:
    submission, extension, at = rows.begin(extension, action, by=by, at=at)
    extension.grant.submission = submission
    return submission, extension, at
