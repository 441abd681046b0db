"""Giving and taking seats: the only code that changes who belongs to a seat's group."""

from django.contrib.auth.models import Group
from django.db import transaction

from accounts import audit
from accounts.exceptions import SeatRefused
from accounts.models import Organization, Seat
from accounts.roles import Role, roles_at


@transaction.atomic
def found_organization(*, code, name, short_name, kind, by, at):
    """The organization exists with an empty seat for every role of its kind."""
    organization = Organization.objects.create(
        code=code, name=name, short_name=short_name, kind=kind
    )
    open_seats(organization)
    audit.record(
        "organization.founded",
        by=by,
        at=at,
        object_type="organization",
        object_reference=code,
        organization=code,
    )
    return organization


def open_seats(organization, *, seats=Seat.objects, groups=Group.objects):
    """Every role of the organization has its seat and group; calling again changes nothing.

    Migrations pass their own historical managers.
    """
    for role in sorted(roles_at(organization.kind, organization.code)):
        group, _ = groups.get_or_create(name=f"{organization.code}:{role}")
        seats.get_or_create(organization=organization, role=role, defaults={"group": group})


@transaction.atomic
def give(*, person, organization, role, by, at):
    """``person`` holds the seat.

    Raises SeatRefused for oneself, for a role not found there, and for a person who sits on
    another side: nobody is of a lab and of an agency.
    """
    if by == person:
        raise SeatRefused("Nobody gives a seat to themselves. Ask another administrator.")
    seat = _seat(organization, role)
    elsewhere = Seat.objects.filter(group__user=person).exclude(
        organization__kind=organization.kind
    )
    if elsewhere.exists():
        raise SeatRefused(
            f"{person.name} holds a seat at another kind of organization. Nobody sits on both "
            "sides: take that seat first, or use another account."
        )
    person.groups.add(seat.group)
    _record("seat.given", seat, person, by, at)
    return seat


@transaction.atomic
def take(*, person, organization, role, by, at):
    """``person`` no longer holds the seat; what she did in it stays in the log.

    Raises SeatRefused for one's own: whoever runs the portal cannot be left without anybody
    by one click.
    """
    if by == person:
        raise SeatRefused("Nobody takes their own seat. Ask another administrator.")
    seat = _seat(organization, role)
    person.groups.remove(seat.group)
    _record("seat.taken", seat, person, by, at)
    return seat


def _seat(organization, role):
    seat = Seat.objects.select_related("group").filter(organization=organization, role=role).first()
    if seat is None:
        raise SeatRefused(f"{organization.name} has no seat for a {Role(role).label.lower()}.")
    return seat


def _record(action, seat, person, by, at):
    audit.record(
        action,
        by=by,
        at=at,
        object_type="seat",
        object_reference=seat.code,
        organization=seat.organization.code,
        person=person.email,
    )
