"""Absences: noted by the person herself, ended by her. A delegate gets copies, no authority."""

from datetime import timedelta

from django.db import transaction

from accounts import audit
from accounts.exceptions import AbsenceRefused
from accounts.models import Absence, Seat, User

MOST_TO_COME = 20
LONGEST = timedelta(days=366)


def colleagues(person):
    """The active people with a seat where the person has one, without herself, by name."""
    here = Seat.objects.held_by(person).values("organization")
    members = User.groups.through.objects.filter(group__seat__organization__in=here)
    others = User.objects.filter(is_active=True, pk__in=members.values("user"))
    return others.exclude(pk=person.pk).order_by("name", "email")


@transaction.atomic
def add(*, delegate, starts_at, ends_at, by, at):
    """``by`` is away between the two instants, and ``delegate`` gets copies of her notices.

    Raises AbsenceRefused for an end that is past, not after the start or more than LONGEST away,
    for a delegate who is no colleague, for an absence that overlaps another, and for one more
    than MOST_TO_COME.
    """
    # Two at once would not see each other. Other writes name her while they hold the audit log's
    # head, which this one needs next: a lock that kept her key from them would be a deadlock.
    User.objects.select_for_update(no_key=True).get(pk=by.pk)
    if ends_at <= starts_at:
        raise AbsenceRefused("Enter an end that is later than the start.", "ends_at")
    if ends_at <= at:
        raise AbsenceRefused("Enter an end that is still to come.", "ends_at")
    if ends_at - at > LONGEST:
        raise AbsenceRefused(f"Enter an end within {LONGEST.days} days from now.", "ends_at")
    if not colleagues(by).contains(delegate):
        raise AbsenceRefused("Choose somebody else with a seat where you have one.", "delegate")
    other = Absence.objects.filter(person=by, starts_at__lt=ends_at, ends_at__gt=starts_at).first()
    if other is not None and other.ends_at <= at:
        raise AbsenceRefused(
            "An absence of yours ended after that. Enter a later start.", "starts_at"
        )
    if other is not None:
        raise AbsenceRefused(
            "You noted an absence already that overlaps this one. End it first, or choose other "
            "times."
        )
    if Absence.objects.filter(person=by, ends_at__gt=at).count() >= MOST_TO_COME:
        raise AbsenceRefused(
            f"You noted {MOST_TO_COME} absences that are not over, which is as many as there can "
            "be. Take one back first, or note this one later."
        )
    absence = Absence.objects.create(
        person=by, delegate=delegate, starts_at=starts_at, ends_at=ends_at
    )
    _record("absence.added", absence, by, at)
    return absence


@transaction.atomic
def end(absence, *, by, at):
    """Her absence is over at ``at``; one that has not begun is gone, one that is over stays so."""
    absence = Absence.objects.select_for_update(of=("self",)).filter(pk=absence.pk, person=by)
    absence = absence.select_related("delegate").first()
    if absence is None or absence.ends_at <= at:
        return
    _record("absence.ended", absence, by, at)
    if absence.starts_at >= at:
        absence.delete()
        return
    absence.ends_at = at
    absence.save(update_fields=["ends_at"])


def _record(action, absence, by, at):
    audit.record(
        action,
        by=by,
        at=at,
        object_type="absence",
        object_reference=by.email,
        begins_at=absence.starts_at.isoformat(),
        returns_at=absence.ends_at.isoformat(),
        delegate=absence.delegate.email if absence.delegate else None,
    )
