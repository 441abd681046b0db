"""Recording until when a person's nondisclosure terms and insider-risk training last.

Pages call it through ``reviews``, which moves the access that depends on the dates with them.
"""

from datetime import datetime

from django.db import transaction

from accounts import audit
from accounts.exceptions import PersonnelRefused
from accounts.models import PersonnelRecord, User


@transaction.atomic
def record(
    person: User,
    *,
    nondisclosure_until: datetime,
    training_until: datetime,
    most_grants: int | None = None,
    most_grants_reason: str = "",
    by: audit.Actor,
    at: datetime,
) -> PersonnelRecord:
    """The person's record says so from now on, and who recorded it.

    Raises PersonnelRefused for oneself and for a wider limit without its reason.
    """
    if by == person:
        raise PersonnelRefused("Nobody records their own dates. Ask another administrator.")
    if (most_grants is None) != (not most_grants_reason):
        raise PersonnelRefused("An exception needs both a number and its reason.")
    said = {
        "nondisclosure_until": nondisclosure_until,
        "training_until": training_until,
        "most_grants": most_grants,
        "most_grants_reason": most_grants_reason,
    }
    found, _ = PersonnelRecord.objects.update_or_create(
        person=person,
        defaults=said | {"recorded_at": at, "recorded_by": by if isinstance(by, User) else None},
    )
    audit.record(
        "personnel.recorded",
        by=by,
        at=at,
        object_type="person",
        object_reference=person.email,
        nondisclosure_until=nondisclosure_until.isoformat(),
        training_until=training_until.isoformat(),
        **({"most_grants": most_grants} if most_grants else {}),
    )
    return found
