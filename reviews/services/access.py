"""Access grants to a lab's model: asked, consented, authorized, revoked, closed out.

Three different words are needed, from a lead, the lab and an administrator; the clock ends
what they began (docs/domain.md section 6).
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import Organization, User
from reviews import audience, policy
from reviews.exceptions import Conflict, WindowRefused
from reviews.models import AccessGrant, GrantUser, Submission
from reviews.models.grant_states import EndReason
from reviews.models.notice import NoticeKind
from reviews.models.package import Safeguards, beyond
from reviews.policy import Action
from reviews.services import departures, grants, readiness, rows

ANSWERED = "The lab has answered this request already."


@transaction.atomic
def request(
    submission: Submission,
    *,
    agency: Organization,
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
    """A request that waits for the lab, for the grantee and the ``users`` named besides.

    Its end is clipped to the window's. Raises Conflict for somebody who is not of the agency or
    the same request again, WindowRefused for a time outside.
    """
    submission, _, at = rows.begin(submission, Action.REQUEST_GRANT, by=by, at=at)
    rows.require_agency(by, Action.REQUEST_GRANT, submission, agency)
    others_named = others(grantee, users)
    possible = set(possible_grantees(submission, agency).values_list("pk", flat=True))
    for person in (grantee, *others_named):
        if person.pk not in possible:
            raise Conflict(
                f"{person.name} cannot be named: only a person of {agency.short_name} who works "
                "on this submission and is not recused can."
            )
    closes_at = submission.window()[1]
    if ends_at <= max(at, starts_at) or starts_at >= closes_at:
        raise WindowRefused(
            "Access must end after it starts and lie inside the review window. Change start or end."
        )
    return ask(
        submission,
        agency,
        others_named,
        by,
        at,
        grantee=grantee,
        purpose=purpose,
        access_level=access_level,
        safeguards=safeguards,
        environment=environment,
        team=team,
        starts_at=starts_at,
        ends_at=min(ends_at, closes_at),
    )


def others(grantee: User, users: Iterable[User]) -> list[User]:
    """Who is named besides the grantee, each once, by name."""
    found = {user.pk: user for user in users if user != grantee}.values()
    return sorted(found, key=lambda person: (person.name, person.pk))


def ask(
    submission: Submission,
    agency: Organization,
    users: Iterable[User],
    by: User,
    at: datetime,
    **asked: Any,
) -> AccessGrant:
    """The request waits for the lab, which is told. The submission is locked, ``by`` may ask.

    Raises Conflict for the same request again.
    """
    asked["agency"] = agency
    twin = {"authorized_at": None, "declined_at": None, "revoked_at": None}
    if submission.grants.filter(**asked, **twin).exists():
        raise Conflict("The same request waits already, perhaps from a second click.")
    grant = AccessGrant.objects.create(
        submission=submission,
        lab=submission.model_version.lab,
        requested_at=at,
        requested_by=by,
        **asked,
    )
    GrantUser.objects.bulk_create(GrantUser(grant=grant, person=person) for person in users)
    grants.record(
        "grant.requested",
        grant,
        by,
        agency,
        at,
        users=[person.email for person in users],
        **({"partner": grant.partner.short_name} if grant.partner else {}),
        access_level=grant.access_level,
        safeguards=grant.safeguards,
        starts_at=grant.starts_at.isoformat(),
        ends_at=grant.ends_at.isoformat(),
    )
    grants.notify(NoticeKind.GRANT_REQUESTED, grant, audience.people(Action.OWN, submission), at)
    return grant


def possible_grantees(submission: Submission, agency: Organization) -> Any:
    """The agency's people who may read the submission's package, by name."""
    return audience.people(Action.READ_PACKAGE, submission, of=agency)


def require_people(submission: Submission, grant: AccessGrant, at: datetime) -> None:
    """Nothing, while everybody named works on the submission or is the partner's; else Conflict."""
    if grant.partner is not None:
        possible, who = audience.contacts(grant.partner, submission), "is no contact of it any more"
    else:
        possible = possible_grantees(submission, grant.agency)
        who = "no longer works on this submission"
    there = set(possible.values_list("pk", flat=True))
    named = (one.person for one in grants.users(grant, at).select_related("person"))
    for person in (grant.grantee, *named):
        if person.pk not in there:
            raise Conflict(
                f"{person.name} of {grant.holder().short_name} {who}, or the account is disabled, "
                "so access can neither begin nor last longer. An administrator can give the seat "
                f"again; a lead of {grant.agency.short_name} can ask anew, without that person."
            )


def require_ready(submission: Submission, grant: AccessGrant, at: datetime) -> None:
    """Nothing, while everybody named may be given access; else Conflict. Locks their records."""
    require_people(submission, grant, at)
    if missing := readiness.missing_locked(grant, at):
        raise Conflict(" ".join(missing))


def require_latest(submission: Submission) -> None:
    """Nothing, while no later submission of the model version stands in place of this one.

    Else Conflict: a partner's access goes by the planned release that stands.
    """
    if later := replacement(submission):
        raise Conflict(
            f"A later submission of the same model version, {later.reference}, stands in place of "
            "this one, with its own planned release. A lead can propose the partner there."
        )


def replacement(submission: Submission) -> Submission | None:
    """The latest submission that stands in place of the one that was filed; None if none does."""
    later = Submission.objects.replacing(submission.model_version_id, submission.opens_at)
    latest: Submission | None = later.order_by("opens_at").last()
    return latest


@transaction.atomic
def consent(
    grant: AccessGrant,
    *,
    access_level: str = "",
    safeguards: str = "",
    ends_at: datetime | None = None,
    users: Iterable[User] | None = None,
    by: User,
    at: datetime,
) -> AccessGrant:
    """The lab agrees, to what was asked or to less of it; whoever comes next is told.

    That is an administrator or, once the government has agreed to it, the partner.

    ``users`` are those named besides the grantee who remain; None leaves all of them. What was
    asked for stays on record. Raises Conflict if it was answered, or for more than was
    asked; WindowRefused for an end that leaves no time.
    """
    submission, grant, at = grants.begin(grant, Action.CONSENT_GRANT, by, at)
    if not grant.answerable_at(at):
        raise Conflict(ANSWERED)
    if grant.partner is not None:
        require_latest(submission)
    less = _narrow(grant, access_level, safeguards, ends_at, at)
    fewer = _without(grant, users, by, at)
    grant.consented_at, grant.consented_by = at, by
    grant.save(update_fields=["consented_at", "consented_by", *less])
    said = {name: str(getattr(grant, name)) for name in less}
    grants.record("grant.consented", grant, by, submission.lab, at, **said)
    if grant.agreed_at is None:
        administrators = audience.people(Action.ADMINISTER, submission)
        grants.notify(NoticeKind.GRANT_CONSENTED, grant, administrators, at)
    grants.tell_if_agreed(grant, at)
    if grant.narrowed or fewer:
        grants.notify(NoticeKind.GRANT_NARROWED, grant, {grant.requested_by, grant.grantee}, at)
    return grant


def _narrow(
    grant: AccessGrant, level: str, safeguards: str, ends_at: datetime | None, at: datetime
) -> list[str]:
    """The grant is as the lab answers it; the fields that are not as they were asked."""
    changed = []
    if level and level != grant.access_level:
        if beyond(level, grant.access_level):
            raise Conflict("Consent to the access level that was asked for, or to a lower one.")
        grant.asked_access_level, grant.access_level = grant.access_level, level
        changed += ["access_level", "asked_access_level"]
    if safeguards and safeguards != grant.safeguards:
        if Safeguards(safeguards).weaker_than(Safeguards(grant.safeguards)):
            raise Conflict("Consent to the safeguards that were asked for, or to stronger ones.")
        grant.asked_safeguards, grant.safeguards = grant.safeguards, safeguards
        changed += ["safeguards", "asked_safeguards"]
    if ends_at and ends_at != grant.ends_at:
        if ends_at > grant.ends_at:
            raise Conflict("Consent to the end that was asked for, or to an earlier one.")
        if ends_at <= max(at, grant.starts_at):
            raise WindowRefused("Access must end after it starts, and later than now.")
        grant.asked_ends_at, grant.ends_at = grant.ends_at, ends_at
        changed += ["ends_at", "asked_ends_at"]
    return changed


def _without(grant: AccessGrant, users: Iterable[User] | None, by: User, at: datetime) -> bool:
    """Whether somebody is named no more, because the lab left her out."""
    named = list(grants.users(grant, at).select_related("person"))
    kept = {one.person_id for one in named} if users is None else {user.pk for user in users}
    if kept - {one.person_id for one in named}:
        raise Conflict("Consent to the people who were asked for, or to fewer.")
    left_out = [one for one in named if one.person_id not in kept]
    for one in left_out:
        one.grant = grant
        departures.drop(one, by=by, for_=grant.submission.lab, at=at)
    return bool(left_out)


@transaction.atomic
def decline(grant: AccessGrant, *, reason: str, by: User, at: datetime) -> AccessGrant:
    """The lab declines; the request ends there. Raises Conflict if it was answered."""
    submission, grant, at = grants.begin(grant, Action.CONSENT_GRANT, by, at)
    if not grant.answerable_at(at):
        raise Conflict(ANSWERED)
    grant.declined_at, grant.declined_by, grant.decline_reason = at, by, reason
    grant.save(update_fields=["declined_at", "declined_by", "decline_reason"])
    grants.record("grant.declined", grant, by, submission.lab, at)
    grants.notify(NoticeKind.GRANT_DECLINED, grant, [grant.requested_by], at)
    return grant


@transaction.atomic
def authorize(grant: AccessGrant, *, by: User, at: datetime) -> AccessGrant:
    """The grant lives by the clock from its start to its end, clipped to the window's.

    Raises Conflict unless the lab has consented and nobody has authorized, and for people whose
    terms, training or number of grants do not allow it; WindowRefused when its time has passed;
    NotPermitted for whoever asked or consented, and for everybody whom it ever named.
    """
    submission, grant, at = grants.begin(grant, Action.AUTHORIZE_GRANT, by, at)
    if not grant.authorizable_at(at):
        raise Conflict(
            "Only a request that the lab has consented to, and nobody has authorized, can be "
            "authorized."
        )
    require_ready(submission, grant, at)
    grant.ends_at = min(grant.ends_at, submission.window()[1])
    if grant.ends_at <= max(at, grant.starts_at):
        raise WindowRefused("The time that was asked for has passed. Ask for a new grant.")
    grant.authorized_at, grant.authorized_by = at, by
    readiness.begin(grant, at)
    grant.save(update_fields=["ends_at", "authorized_at", "authorized_by", *readiness.SET])
    grants.tell_parties(
        NoticeKind.GRANT_AUTHORIZED,
        grant,
        by,
        Action.AUTHORIZE_GRANT,
        at,
        ends_at=grant.ends_at.isoformat(),
        **readiness.lapse(grant),
        **readiness.user_lapses(grant, at),
    )
    return grant


@transaction.atomic
def revoke(grant: AccessGrant, *, reason: str, by: User, at: datetime) -> AccessGrant:
    """Access by this grant ended now and never comes back; other grants are untouched.

    So ends a request that its agency takes back before the lab answers. Needs no open window.
    Raises Conflict when it has ended or was revoked, and for a request that waits for the lab
    unless ``by`` leads its agency, or is an administrator and the government has agreed.
    """
    _, grant, at = grants.begin(grant, Action.REVOKE_GRANT, by, at)
    leads = policy.may(by, Action.TAKE_BACK_REQUEST, grant, at=at)
    if grant.answerable_at(at):
        agreed = policy.may(by, Action.TAKE_BACK_AGREEMENT, grant, at=at)
        if not leads and not (agreed and grant.disagreeable_at(at)):
            raise Conflict(nothing_to_revoke(grant, at))
    elif not grant.revocable_at(at):
        raise Conflict("This grant has ended, so there is nothing to revoke.")
    because = _whose_word(grant, by, leads=leads)
    grants.revoke(grant, because=because, reason=reason, by=by, at=at)
    why = {"because": grant.revoked_because}
    grants.tell_parties(NoticeKind.GRANT_REVOKED, grant, by, Action.REVOKE_GRANT, at, **why)
    return grant


def nothing_to_revoke(grant: AccessGrant, at: datetime) -> str:
    """Why a grant that the lab has not answered is not revoked, and who can end it."""
    lab = grant.submission.lab.short_name
    agreement = (
        " An administrator can take the government's agreement back."
        if grant.disagreeable_at(at)
        else ""
    )
    return (
        f"The lab has not consented, so there is nothing to revoke. {lab} can decline "
        f"this request, and a lead of {grant.agency.short_name} can take it back."
        f"{agreement}"
    )


def _whose_word(grant: AccessGrant, by: User, *, leads: bool) -> EndReason:
    if not grant.consented_at:
        return EndReason.TAKEN_BACK if leads else EndReason.BY_ADMINISTRATION
    speaking_for = policy.organizations(by, Action.REVOKE_GRANT, grant)
    if speaking_for.contains(grant.submission.lab):
        return EndReason.BY_LAB
    return EndReason.BY_AGENCY if leads else EndReason.BY_ADMINISTRATION


@transaction.atomic
def use(grant: AccessGrant, *, by: User, at: datetime) -> AccessGrant:
    """The grantee may be shown how to reach the model, and that is on record.

    Raises NotPermitted or NotVisible unless the grant is hers and live.
    """
    _, grant, at = grants.begin(grant, Action.USE_MODEL, by, at)
    grants.record("grant.used", grant, by, grant.holder(), at)
    return grant


@transaction.atomic
def attest(
    grant: AccessGrant, *, for_lab: bool, exceptions: str = "", by: User, at: datetime
) -> AccessGrant:
    """One side attests that credentials are disabled and copies destroyed or returned.

    ``exceptions`` says what is not, and why. Closed out when both have. Raises Conflict before
    access ended, or a second time.
    """
    action = Action.ATTEST_FOR_LAB if for_lab else Action.ATTEST_FOR_AGENCY
    submission, grant, at = grants.begin(grant, action, by, at)
    side = "lab" if for_lab else "agency"
    if not grant.attestable_at(at, side):
        raise Conflict(
            "This side has attested already."
            if getattr(grant, f"{side}_attested_at")
            else "Closeout is attested after access has ended."
        )
    setattr(grant, f"{side}_attested_at", at)
    setattr(grant, f"{side}_attested_by", by)
    setattr(grant, f"{side}_exceptions", exceptions)
    said = [f"{side}_attested_at", f"{side}_attested_by", f"{side}_exceptions"]
    grant.save(update_fields=said)
    acting = submission.lab if for_lab else policy.organizations(by, action, grant).first()
    with_exceptions = {"exceptions": True} if exceptions else {}
    grants.record(f"grant.{side}_attested", grant, by, acting, at, **with_exceptions)
    return grant
