"""Filters of a list that a person keeps under a name of her own."""

from enum import StrEnum
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q


class FilterPlace(StrEnum):
    """The lists whose filters can be kept."""

    SUBMISSIONS = "submissions"
    ACCESS = "access"


class SavedFilter(models.Model):
    """One person's filter of one list; ``query`` is what its address says, without a page."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="saved_filters"
    )
    place = models.CharField(
        max_length=20, choices=[(place.value, place.value) for place in FilterPlace]
    )
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=2000)
    saved_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person", "place", "name"], name="saved_filter_once"),
            models.CheckConstraint(
                condition=Q(place__in=[place.value for place in FilterPlace]),
                name="saved_filter_place_known",
            ),
        ]

    def __str__(self):
        return self.name
