"""The reminders about access to models: its end, its lapse, its closeout."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, Q, QuerySet

from accounts.models import User
from reviews import audience, clock
from reviews.models import AccessGrant
from reviews.models import grant_queries as queries
from reviews.models.access_grant import CLOSEOUT_DUE, CLOSEOUT_OVERDUE
from reviews.models.grant_states import LAPSES, EndReason
from reviews.models.notice import Topic
from reviews.policy import Action
from reviews.services.series import Reminder, Series


def _with_parties(found: QuerySet[AccessGrant]) -> QuerySet[AccessGrant]:
    return found.select_related("submission", "partner", "grantee", "requested_by")


def _grants(at: datetime) -> QuerySet[AccessGrant]:
    return _with_parties(AccessGrant.objects.running(at).filter(authorized_at__isnull=False))


def _attestable(side: str) -> Callable[[AccessGrant, datetime], bool]:
    return lambda grant, at: grant.attestable_at(at, side)


def _to_attest(side: str) -> Callable[[datetime], QuerySet[AccessGrant]]:
    return lambda at: _with_parties(AccessGrant.objects.attestable(at, side))


def _grant_before_end(days: int) -> Callable[[AccessGrant], datetime | None]:
    return lambda grant: clock.before_end(grant.starts_at, grant.planned_end(), days)


def _after_grant(days: int) -> Callable[[AccessGrant], datetime]:
    return lambda grant: grant.effective_end() + timedelta(days=days)


def _parties(grant: AccessGrant) -> Iterable[User]:
    return {grant.grantee, grant.requested_by, *audience.people(Action.OWN, grant.submission)}


def _agency_side(grant: AccessGrant) -> Iterable[User]:
    if grant.partner:
        return {grant.grantee, *audience.contacts(grant.partner, grant.submission)}
    return {grant.grantee, grant.requested_by}


def _with_administrators(
    side: Callable[[AccessGrant], Iterable[User]],
) -> Callable[[AccessGrant], Iterable[User]]:
    """The side that owes it, and the administrators."""
    return lambda grant: {
        *side(grant),
        *audience.people(Action.ADMINISTER, grant.submission),
    }


def _lapsed(at: datetime) -> QuerySet[AccessGrant]:
    own, windows = (
        [Q(**{f"{end}__isnull": True}) | Q(**{f"{end}__gt": F("lapses_at")}) for end in ends]
        for ends in (("ends_at", "revoked_at"), queries.WINDOW_ENDS)
    )
    first = Q(*own) & (~queries.OF_AGENCY | Q(*windows))
    return _with_parties(
        AccessGrant.objects.filter(first, authorized_at__isnull=False, lapses_at__lte=at)
    )


def _lapsed_at(grant: AccessGrant) -> datetime | None:
    return grant.lapses_at if _lapses_because(grant) else None


def _lapses_because(grant: AccessGrant) -> EndReason | None:
    """Why it lapses, where nothing else ends it first."""
    reason = grant.end_reason_at(grant.effective_end())
    return reason if reason in LAPSES else None


def _recertify_at(grant: AccessGrant) -> datetime | None:
    """Three days before it lapses for want of that word, where that comes before its end."""
    if _lapses_because(grant) is not EndReason.NOT_RECERTIFIED:
        return None
    return grant.effective_end() - timedelta(days=3)


def _leads_of(grant: AccessGrant) -> Iterable[User]:
    return audience.people(Action.ASSIGN, grant.submission, of=grant.agency)


def _lab_side(grant: AccessGrant) -> Iterable[User]:
    return audience.people(Action.OWN, grant.submission)


def _access_ending(days: int) -> Reminder:
    words = f"{days} day{'' if days == 1 else 's'}"
    return Reminder(
        f"access_ends_in_{days}",
        _grant_before_end(days),
        _parties,
        f"Access ends within {words}",
        "Access to a model that you are a party to ends on {end}.",
    )


def _closeout(side: str, after: timedelta, concerned: Callable[[Any], Iterable[User]]) -> Reminder:
    days, overdue = after.days, after >= CLOSEOUT_OVERDUE
    return Reminder(
        f"closeout_{side}_{days}",
        _after_grant(days),
        concerned,
        "Attest the closeout of access that has ended",
        "Access to a model ended on {end}. Attest that credentials are disabled and that copies "
        f"are destroyed or returned.{' It is overdue.' if overdue else ''}",
        Topic.REQUESTS,
        "Closeout becomes overdue if it is not attested" if overdue else "Closeout is due",
    )


SERIES = (
    Series(
        _grants,
        (_access_ending(14), _access_ending(7), _access_ending(1)),
        (Action.ATTEST_FOR_AGENCY, Action.ATTEST_FOR_LAB),
        AccessGrant.authorized_now,
    ),
    Series(
        _grants,
        (
            Reminder(
                "recertification_due",
                _recertify_at,
                _leads_of,
                "Say whether access is still needed",
                "Access to a model that your agency asked for lapses on {lapse} unless a lead "
                "says that it is still needed.",
                Topic.REQUESTS,
                "Access is due to be recertified",
            ),
        ),
        (Action.RECERTIFY_GRANT,),
        AccessGrant.authorized_now,
    ),
    Series(
        _lapsed,
        (
            Reminder(
                "access_lapsed",
                _lapsed_at,
                _with_administrators(_parties),
                "Access lapsed",
                "Access to a model that you are a party to, or that you administer, lapsed on "
                "{end}, because terms, training or recertification were not renewed.",
                Topic.LEGAL,
            ),
        ),
        (Action.VIEW_GRANT,),
        lambda grant, at: grant.over_at(at) is not None and _lapses_because(grant) is not None,
    ),
    Series(
        _to_attest("agency"),
        (
            _closeout("agency", CLOSEOUT_DUE, _agency_side),
            _closeout("agency", CLOSEOUT_OVERDUE, _with_administrators(_agency_side)),
        ),
        (Action.ATTEST_FOR_AGENCY,),
        _attestable("agency"),
    ),
    Series(
        _to_attest("lab"),
        (
            _closeout("lab", CLOSEOUT_DUE, _lab_side),
            _closeout("lab", CLOSEOUT_OVERDUE, _with_administrators(_lab_side)),
        ),
        (Action.ATTEST_FOR_LAB,),
        _attestable("lab"),
    ),
)
