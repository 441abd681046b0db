"""Why access is live or is not, in the fewest words, and who can supply what is missing.

Pages and refusals draw on it, so that whoever is turned away reads what the page says.
"""

from datetime import datetime

from accounts.models import User
from portal.timeline import instant_text
from reviews import policy
from reviews.models import AccessGrant
from reviews.models.grant_states import WAITING, EndReason, GrantState, Side
from reviews.policy import Action
from reviews.services import access, readiness

UNDECLARED = (
    "You have not declared yet that you have no conflict of interest in this submission. Open its "
    "answers to declare it."
)
FOR_OUTSIDERS = (
    "Terms or training of somebody named in it stand against it as well. Administrators see which."
)


def why(grant: AccessGrant, at: datetime, *, outside: bool) -> list[str]:
    """What makes the grant live at ``at``; or else only what is missing, and who can supply it.

    Who is ``outside`` learns nobody's terms and training but that they keep access from beginning.
    """
    state = grant.state_at(at)
    if state is GrantState.LIVE:
        return [_live(grant)]
    said = {
        GrantState.REQUESTED: _requested,
        GrantState.CONSENTED: _consented,
        GrantState.AWAITING_TERMS: _awaiting_terms,
        GrantState.SCHEDULED: _scheduled,
        GrantState.SUSPENDED: _suspended,
    }
    proposed = grant.partner is not None and state in WAITING
    if proposed and access.replacement(grant.submission):
        return [
            "This proposal no longer stands, and no word on it is taken. A lead of "
            f"{grant.agency.short_name} can propose {grant.partner.short_name} again."
        ]
    found = list(said.get(state, _over)(grant, at))
    waits = state in (GrantState.CONSENTED, GrantState.AWAITING_TERMS)
    if waits and outside:
        found += [FOR_OUTSIDERS] if readiness.unfit(grant, at) else []
    elif waits:
        found += readiness.missing(grant, at)
    return found


def why_not_hers(grant: AccessGrant, person: User, at: datetime) -> list[str]:
    """Why the person, whom the grant names, may not use it while it is live."""
    named = {grant.grantee_id, *(one.person_id for one in grant.users.all())}
    undeclared = person.pk in named and policy.may(person, Action.DECLARE, grant.submission, at=at)
    return [UNDECLARED] * undeclared + [
        f"Your own use of it lapsed on {instant_text(one.lapses_at)}, with your nondisclosure "
        "terms or your training, and does not come back. Once an administrator has recorded the "
        f"new dates, a lead of {grant.agency.short_name} can ask for new access."
        for one in grant.users.all()
        if one.person_id == person.pk and one.lapses_at and one.lapses_at <= at
    ]


def _live(grant):
    lab, end, lapse = grant.submission.lab.short_name, grant.planned_end(), grant.effective_end()
    kept = f" if a lead of {grant.agency.short_name} recertifies it before {instant_text(lapse)}"
    word = f"an administrator authorized it on {instant_text(grant.authorized_at)}"
    if grant.partner is not None:
        word = (
            f"the government agreed on {instant_text(grant.agreed_at)}, {grant.partner.short_name} "
            f"accepted the terms on {instant_text(grant.authorized_at)}"
        )
    return (
        f"{lab} consented on {instant_text(grant.consented_at)}, {word}, no suspension is in "
        f"force, and it lasts until {instant_text(end)}{kept if lapse < end else ''}."
    )


def _requested(grant, at):
    yield f"{grant.submission.lab.short_name} has not consented yet. Its liaison can."
    if grant.partner is None:
        yield f"After that, {_administrator()}"
    elif not grant.agreed_at:
        yield from _consented(grant, at)


def _awaiting_terms(grant, at):
    yield (
        f"{grant.partner.short_name} has not accepted the terms yet. A contact of it who gave no "
        "other word on it can."
    )


def _consented(grant, at):
    if grant.partner is None:
        yield f"No administrator has authorized it yet: {_administrator()}"
    else:
        yield f"The government has not agreed yet: {_administrator('agree')}"
        yield f"After both have agreed, {grant.partner.short_name} accepts the terms."


def _administrator(can="authorize"):
    return f"an administrator who neither asked for it, consented nor is named in it can {can}."


def _scheduled(grant, at):
    yield f"It starts on {instant_text(grant.starts_at)}. Until then nobody needs to do anything."


def _suspended(grant, at):
    who = {
        Side.LAB: (grant.submission.lab.short_name, "Its liaison"),
        Side.AGENCY: (grant.agency.short_name, "A lead there"),
        Side.ADMINISTRATION: ("An administrator", "Any administrator"),
    }
    for one in grant.suspensions.all():
        if one.in_force(at):
            side, lifts = who[Side(one.side)]
            since = instant_text(one.suspended_at)
            yield f"{side} suspended it on {since}. {lifts} who is not named in it can resume it."


def _over(grant, at):
    reason, over_at = grant.end_reason_at(at), grant.declined_at or grant.over_at(at)
    words = reason.label if reason else "It was revoked"
    never = "Access that is over never comes back."
    yield f"{words}, on {instant_text(over_at)}. {never} {_again(grant, reason)}"


def _again(grant, reason):
    lead = f"a lead of {grant.agency.short_name}"
    if grant.partner is None:
        return f"While the review window is open, {lead} can ask for new access."
    if reason is EndReason.WITHDRAWN:
        return "No partner can be proposed by this submission any more."
    return f"A{lead[1:]} can propose {grant.partner.short_name} again."
