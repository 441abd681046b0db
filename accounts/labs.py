"""Recording how large a lab is, so that what is decided can be counted by it."""

from datetime import datetime

from django.db import transaction

from accounts import audit
from accounts.models import Organization
from accounts.roles import Size


@transaction.atomic
def measure(lab: Organization, *, size: str, by: audit.Actor, at: datetime) -> Organization:
    """The lab is of that size; nothing is recorded if it was already.

    Raises ValueError for a size that is not listed; an empty one is "not recorded".
    """
    lab = Organization.objects.select_for_update(no_key=True).get(pk=lab.pk)
    if size == lab.size:
        return lab
    lab.size = Size(size).value if size else ""
    lab.save(update_fields=["size"])
    audit.record(
        "organization.sized",
        by=by,
        at=at,
        object_type="organization",
        object_reference=lab.code,
        organization=lab.code,
        people=size,
    )
    return lab
