"""Setting up a trusted partner and recording of which critical-infrastructure sectors it is."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from accounts import audit, seats
from accounts.models import Organization, OrganizationSector
from accounts.roles import Kind
from accounts.sectors import Sector


@transaction.atomic
def found(
    *,
    code: str,
    name: str,
    short_name: str,
    sectors: Collection[int],
    by: audit.Actor,
    at: datetime,
) -> Organization:
    """The partner exists, with its sectors and an empty seat for its contacts."""
    partner: Organization = seats.found_organization(
        code=code, name=name, short_name=short_name, kind=Kind.PARTNER, by=by, at=at
    )
    return tag(partner, sectors=sectors, by=by, at=at)


@transaction.atomic
def tag(
    partner: Organization, *, sectors: Collection[int], by: audit.Actor, at: datetime
) -> Organization:
    """The partner is of these sectors and no others; nothing is recorded if it was already."""
    partner = Organization.objects.select_for_update(no_key=True).get(pk=partner.pk)
    wanted = {Sector(number) for number in sectors}
    had = set(partner.sectors.values_list("sector", flat=True))
    if wanted == had:
        return partner
    partner.sectors.exclude(sector__in=wanted).delete()
    OrganizationSector.objects.bulk_create(
        OrganizationSector(organization=partner, sector=one) for one in sorted(wanted - had)
    )
    audit.record(
        "organization.tagged",
        by=by,
        at=at,
        object_type="organization",
        object_reference=partner.code,
        organization=partner.code,
        sectors=[one.label for one in sorted(wanted)],
    )
    return partner
