"""Whether people may be given access to a model, and until when: their dates, and how much.

Each grant carries the instant at which it lapses. It moves with the personnel record and with
each recertification while it has not come; once it has, nothing moves it, so access that lapsed
never comes back (docs/domain.md section 6).
"""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from accounts import personnel
from accounts.models import PersonnelRecord, User
from reviews import policy
from reviews.exceptions import Conflict, NotVisible
from reviews.models import AccessGrant
from reviews.models.grant_queries import RECERTIFIED_WITHIN
from reviews.models.grant_states import EndReason
from reviews.policy import Action
from reviews.services import grants, rows, timekeeping

FOR_OUTSIDERS = (
    "Terms, training or the number of grants of somebody named in it stand against it. "
    "Administrators see which."
)


def missing(grant: AccessGrant, at: datetime) -> list[str]:
    """What keeps the grant's people from being given access: each fact, and who can mend it."""
    return _missing(grant, PersonnelRecord.objects.all(), at)


def unfit(grant: AccessGrant, at: datetime) -> bool:
    """Whether anybody's terms or training keep access from beginning.

    How many grants somebody has counts what other labs gave her: it is no part of this.
    """
    people = {grant.grantee_id, *(one.person_id for one in grants.users(grant, at))}
    fit = PersonnelRecord.objects.filter(
        pk__in=people, nondisclosure_until__gt=at, training_until__gt=at
    )
    return fit.count() < len(people)


def missing_locked(grant: AccessGrant, at: datetime) -> list[str]:
    """As ``missing``; their personnel records are locked until the transaction ends.

    Two grants at once so cannot together pass the limit.
    """
    return _missing(grant, PersonnelRecord.objects.select_for_update().order_by("pk"), at)


def _missing(grant: AccessGrant, records: QuerySet[PersonnelRecord], at: datetime) -> list[str]:
    named = grants.users(grant, at).select_related("person")
    people = [grant.grantee, *(one.person for one in named)]
    found = records.in_bulk([person.pk for person in people])
    return [said for person in people for said in _of_one(person, found.get(person.pk), grant, at)]


def _of_one(
    person: User, record: PersonnelRecord | None, grant: AccessGrant, at: datetime
) -> list[str]:
    if record is None:
        return [
            f"{person.name} has neither nondisclosure terms nor insider-risk training on record. "
            "An administrator can record them on the page of personnel records."
        ]
    found = [
        f"The {what} of {person.name} ended. Once renewed, an administrator can record the new "
        "date on the page of personnel records."
        for what, until in (
            ("nondisclosure terms", record.nondisclosure_until),
            ("insider-risk training", record.training_until),
        )
        if until <= at
    ]
    most, has = most_grants(record), _running(person, at).exclude(pk=grant.pk).count()
    if has >= most:
        found.append(
            f"{person.name} has {has} other access grants that are not over, and {most} is the "
            "most for one person. One of them can be revoked, or an administrator can record an "
            "exception."
        )
    return found


def most_grants(record: PersonnelRecord) -> int:
    """How many grants the person may have at once that are authorized and not over."""
    return record.most_grants or settings.GRANTS_PER_PERSON


def _running(person: User, at: datetime) -> Any:
    named = Q(grantee=person) | Q(pk__in=grants.naming(person, at))
    authorized = AccessGrant.objects.running(at).filter(authorized_at__isnull=False)
    return authorized.filter(named)


def begin(grant: AccessGrant, at: datetime) -> None:
    """The grant, authorized at ``at``, lapses with its grantee's dates or unless recertified.

    So does each other person's use of it with her own dates. The caller saves the grant.
    """
    days = timedelta(days=settings.RECERTIFICATION_DAYS)
    grant.recertify_by = max(grant.starts_at, at) + days
    _set(grant, PersonnelRecord.objects.get(pk=grant.grantee_id), at)
    for one in grants.users(grant, at).select_related("person__personnel_record"):
        one.lapses_at = one.person.personnel_record.lasts_until()
        one.save(update_fields=["lapses_at"])


def move(grant: AccessGrant, at: datetime) -> None:
    """When and why the grant lapses is what the facts now say. The caller saves the grant."""
    _set(grant, PersonnelRecord.objects.select_for_update().get(pk=grant.grantee_id), at)


def _set(grant: AccessGrant, record: PersonnelRecord, at: datetime) -> None:
    """When and why it lapses is what the facts now say; a time that has passed is now."""
    facts = [
        (record.nondisclosure_until, EndReason.NONDISCLOSURE_LAPSED),
        (record.training_until, EndReason.TRAINING_LAPSED),
    ]
    if grant.terms_until:
        facts.append((grant.terms_until, EndReason.TERMS_SUPERSEDED))
    if grant.recertify_by:
        facts.append((grant.recertify_by, EndReason.NOT_RECERTIFIED))
    first, grant.lapses_because = min(facts)
    grant.lapses_at = max(first, at)


SET = ("recertify_by", "lapses_at", "lapses_because")


def lapse(grant: AccessGrant) -> dict[str, str]:
    """What an event says of when and why the grant lapses."""
    if grant.lapses_at is None:
        return {}
    return {"lapses_at": grant.lapses_at.isoformat(), "lapses_because": grant.lapses_because}


def user_lapses(grant: AccessGrant, at: datetime) -> dict[str, list[str]]:
    """What an event says of each person named besides: who, and when her use lapses."""
    named = [one for one in grants.users(grant, at).select_related("person") if one.lapses_at]
    return {
        "users": [one.person.email for one in named],
        "users_lapse_at": [one.lapses_at.isoformat() for one in named],
    }


@transaction.atomic
def record(
    person: User,
    *,
    nondisclosure_until: datetime,
    training_until: datetime,
    most_grants: int | None = None,
    most_grants_reason: str = "",
    by: User,
    at: datetime,
) -> PersonnelRecord:
    """The person's dates are these, and what access she has that is not over lapses by them.

    Raises PersonnelRefused for oneself, and Conflict if she was given access meanwhile.
    """
    numbers = sorted(set(_running(person, at).values_list("submission", flat=True)))
    for number in numbers:
        rows.lock_submission(number)
    found = personnel.record(
        person,
        nondisclosure_until=nondisclosure_until,
        training_until=training_until,
        most_grants=most_grants,
        most_grants_reason=most_grants_reason,
        by=by,
        at=at,
    )
    at = timekeeping.after_lock(at)
    if not policy.has_a_way(by, Action.ADMINISTER_SEATS, at=at):
        raise NotVisible
    hers = _running(person, at).select_related("submission", "agency", "grantee").order_by("pk")
    if hers.exclude(submission__in=numbers).exists():
        raise Conflict(f"{person.name} was given access just now. Save the record again.")
    for grant in hers:
        if grant.grantee_id == person.pk:
            _set(grant, found, at)
            grant.save(update_fields=SET)
            grants.record("grant.lapse_set", grant, by, None, at, **lapse(grant))
        else:
            lasts_until = max(found.lasts_until(), at)
            grants.users(grant, at).filter(person=person).update(lapses_at=lasts_until)
            said = {"user": person.email, "lapses_at": lasts_until.isoformat()}
            grants.record("grant.user_lapse_set", grant, by, None, at, **said)
    return found


@transaction.atomic
def recertify(grant: AccessGrant, *, by: User, at: datetime) -> AccessGrant:
    """The agency says that the access is still needed; the time to say so again begins now.

    Raises Conflict when it is over, was never authorized, or it is too early to say so.
    """
    _, grant, at = grants.begin(grant, Action.RECERTIFY_GRANT, by, at)
    if not grant.recertifiable_at(at):
        raise Conflict(
            "Access is recertified while it is authorized and not over, in the last "
            f"{RECERTIFIED_WITHIN.days} days before it would lapse."
        )
    grant.recertify_by = at + timedelta(days=settings.RECERTIFICATION_DAYS)
    move(grant, at)
    grant.save(update_fields=SET)
    grants.record("grant.recertified", grant, by, grant.agency, at, **lapse(grant))
    return grant
