"""A person's own filters of a list, kept under names of her own. No log holds what they ask."""

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from accounts import audit
from accounts.models import User
from reviews.exceptions import Conflict
from reviews.models import SavedFilter
from reviews.models.saved_filter import FilterPlace
from reviews.services import timekeeping

MOST = 20


def of(person: User, place: FilterPlace) -> QuerySet[SavedFilter]:
    """Those that the person keeps for that list, by name."""
    return SavedFilter.objects.filter(person=person, place=place)


@transaction.atomic
def save(place: FilterPlace, *, name: str, query: str, by: User, at: datetime) -> SavedFilter:
    """The person keeps the filter. Raises Conflict for a name in use and for one too many."""
    User.objects.select_for_update(of=("self",)).get(pk=by.pk)  # her filters, one by one
    at = timekeeping.after_lock(at)
    kept = of(by, place)
    if kept.filter(name=name).exists():
        raise Conflict(f"You have a filter named “{name}” here. Choose another name.")
    if kept.count() >= MOST:
        raise Conflict(f"You keep {MOST} filters here, the most. Remove one, then save this one.")
    saved = SavedFilter.objects.create(person=by, place=place, name=name, query=query, saved_at=at)
    audit.record("filter.saved", by=by, at=at, object_type="account", list=place.value)
    return saved


@transaction.atomic
def remove(place: FilterPlace, *, name: str, by: User, at: datetime) -> bool:
    """The person keeps no filter of that name for the list; whether she did."""
    removed, _ = of(by, place).filter(name=name).delete()
    if removed:
        audit.record("filter.removed", by=by, at=at, object_type="account", list=place.value)
    return bool(removed)
