"""Recording which fields a person knows: tags that suggestions of reviewers go by."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from accounts import audit
from accounts.models import ExpertiseTag, User
from accounts.models.expertise_tag import Expertise


@transaction.atomic
def tag(person: User, *, tags: Collection[str], by: audit.Actor, at: datetime) -> None:
    """The person knows these fields and no others; nothing is recorded if she did already."""
    User.objects.select_for_update(no_key=True).get(pk=person.pk)
    wanted = {Expertise(one) for one in tags}
    had = set(person.expertise_tags.values_list("tag", flat=True))
    if wanted == had:
        return
    person.expertise_tags.exclude(tag__in=wanted).delete()
    ExpertiseTag.objects.bulk_create(
        ExpertiseTag(person=person, tag=one) for one in sorted(wanted - had)
    )
    audit.record(
        "expertise.recorded",
        by=by,
        at=at,
        object_type="person",
        object_reference=person.email,
        expertise=[one.label for one in sorted(wanted)],
    )
