"""Giving and taking seats: the only code that changes who belongs to a seat's group.

Every change locks the administrators' seats first, so that two changes at once cannot do
together what neither may do alone.
"""

from django.contrib.auth.models import Group
from django.db import transaction

from accounts import audit
from accounts.exceptions import SeatRefused
from accounts.models import Organization, Seat, SeatRequest, User
from accounts.roles import CONFIRMED, NEEDED, NOT_ADMINISTRATORS, Kind, Role, roles_at


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


def open_seats(organization):
    """Every role of the organization has its seat and group; calling again changes nothing."""
    for role in sorted(roles_at(organization.kind, organization.code)):
        group, _ = Group.objects.get_or_create(name=f"{organization.code}:{role}")
        Seat.objects.get_or_create(organization=organization, role=role, defaults={"group": group})


@transaction.atomic
def give(*, person, organization, role, by, at):
    """``person`` holds the seat; pages ask by ``request``, which knows who must confirm.

    Raises SeatRefused for oneself, for a role not found there, for a person who sits on another
    side (nobody is of a lab and of an agency), and for a seat that needs a second administrator.
    """
    _lock(by)
    if role in CONFIRMED and isinstance(by, User):
        raise SeatRefused("A second administrator confirms this seat. Ask for it instead.")
    seat = _seat_for(person, organization, role, by)
    person.groups.add(seat.group)
    _record("seat.given", seat, person, by, at)
    return seat


@transaction.atomic
def request(*, person, organization, role, by, at):
    """``person`` holds the seat, or it waits for a second administrator: then that request.

    Raises SeatRefused as ``give`` does, and when the same is waiting already.
    """
    if role not in CONFIRMED:
        give(person=person, organization=organization, role=role, by=by, at=at)
        return None
    _lock(by)
    seat = _seat_for(person, organization, role, by)
    if SeatRequest.objects.waiting().filter(seat=seat, person=person).exists():
        raise SeatRefused(
            f"This seat was asked for {person.name} already. Another administrator can confirm it "
            "on the page of seats."
        )
    asked = SeatRequest.objects.create(seat=seat, person=person, requested_by=by, requested_at=at)
    _record("seat.requested", seat, person, by, at)
    return asked


@transaction.atomic
def confirm(*, person, organization, role, by, at):
    """``person`` holds the seat that another administrator asked for.

    Raises SeatRefused for one's own request, for oneself, when nobody asks any more or whoever
    asked is no administrator now, and as ``give`` does.
    """
    before = _lock(by)
    seat = _seat_for(person, organization, role, by)
    asked = _waiting(seat, person)
    if asked.requested_by == by:
        raise SeatRefused(
            "You asked for this seat yourself, so another administrator confirms it or declines."
        )
    if asked.requested_by_id not in before:
        raise SeatRefused(
            f"{asked.requested_by.name}, who asked for this, is no administrator now. Decline it, "
            "and ask for the seat yourself if it is needed."
        )
    if not person.is_active:
        raise SeatRefused(f"The account of {person.name} is disabled. Have it enabled first.")
    asked.confirmed_by, asked.confirmed_at = by, at
    asked.save(update_fields=["confirmed_by", "confirmed_at"])
    person.groups.add(seat.group)
    _record("seat.given", seat, person, by, at, requested_by=asked.requested_by.email)


@transaction.atomic
def decline(*, person, organization, role, by, at):
    """The request is answered and gives nothing; whoever asked may take it back so, too.

    Raises SeatRefused when nobody asks any more.
    """
    _lock(by)
    seat = _seat(organization, role)
    asked = _waiting(seat, person)
    asked.declined_by, asked.declined_at = by, at
    asked.save(update_fields=["declined_by", "declined_at"])
    _record("seat.declined", seat, person, by, at, requested_by=asked.requested_by.email)


@transaction.atomic
def take(*, person, organization, role, by, at):
    """``person`` no longer holds the seat; what she did in it stays in the log.

    Raises SeatRefused for one's own, and for a role of which too few would be left: whoever
    runs the portal, determines or audits is never at one person's mercy.
    """
    _lock(by)
    if by == person:
        raise SeatRefused("Nobody removes their own seat. Ask another administrator.")
    seat = _seat(organization, role)
    before = _holders(role)
    person.groups.remove(seat.group)
    left, needed = _holders(role), NEEDED.get(role, 0)
    if len(left) < min(len(before), needed):
        raise SeatRefused(
            f"Foreview needs {needed} {Role(role).label.lower()}{'' if needed == 1 else 's'}, and "
            f"without {person.name} there would be fewer. Have the seat given to somebody else "
            "first."
        )
    _record("seat.taken", seat, person, by, at)
    return seat


def administrators():
    """The primary keys of the administrators whose accounts are not disabled."""
    return _holders(Role.ADMINISTRATOR)


def _holders(role):
    active = User.objects.filter(is_active=True, groups__seat__role=role)
    return set(active.values_list("pk", flat=True))


def _lock(by):
    """Who is an administrator now, once nobody else can change it until the transaction ends.

    Raises SeatRefused when ``by`` stopped being one after the page asked.
    """
    held = Seat.objects.select_for_update().filter(role=Role.ADMINISTRATOR).order_by("pk")
    list(held)
    found = administrators()
    if isinstance(by, User) and by.pk not in found:
        raise SeatRefused("You are no administrator any more. Ask another administrator.")
    return found


def _seat_for(person, organization, role, by):
    if by == person:
        raise SeatRefused("Nobody gives a seat to themselves. Ask another administrator.")
    held = Seat.objects.filter(group__user=person)
    here = {"organization__kind": Kind.AGENCY}
    if organization.kind != Kind.AGENCY:
        here = {"organization": organization}
    if held.exclude(**here).exists():
        raise SeatRefused(
            f"{person.name} holds a seat at another organization. Nobody sits on two sides: "
            "remove that seat first, or use another account."
        )
    apart = {Role.ADMINISTRATOR}
    if role == Role.ADMINISTRATOR:
        apart = NOT_ADMINISTRATORS
    elif role not in NOT_ADMINISTRATORS:
        apart = frozenset()
    if held.filter(role__in=apart).exists():
        raise SeatRefused(
            "An administrator reads no submission and no log, so nobody holds both seats. Remove "
            f"the other seat of {person.name} first, or use another account."
        )
    return _seat(organization, role)


def _seat(organization, role):
    seat = Seat.objects.select_related("group").filter(organization=organization, role=role).first()
    if seat is None:
        raise SeatRefused(f"{organization.name} has no seat for a {Role(role).label.lower()}.")
    return seat


def _waiting(seat, person):
    asked = SeatRequest.objects.waiting().filter(seat=seat, person=person)
    found = asked.select_related("requested_by").first()
    if found is None:
        raise SeatRefused(
            f"Nobody asks for this seat for {person.name} any more: it was answered. The page of "
            "seats shows who holds it."
        )
    return found


def _record(action, seat, person, by, at, **details):
    audit.record(
        action,
        by=by,
        at=at,
        object_type="seat",
        object_reference=seat.code,
        organization=seat.organization.code,
        person=person.email,
        **details,
    )
