"""What a page saves while its writer types: a revision, and from which page it came."""

from django.conf import settings
from django.db import models


class Autosaved(models.Model):
    """``revision`` counts savings, so that a page opened on an earlier one is noticed.

    ``saved_from`` is the random name that the page of ``saved_by`` gave itself, and ``saved_turn``
    counts its sendings: a page goes on from its own saving though it never heard the answer, and
    its delayed sending undoes nothing newer. Nobody else's page can take that name.
    """

    revision = models.PositiveIntegerField(default=0)
    saved_at = models.DateTimeField()
    saved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    saved_from = models.CharField(max_length=32, blank=True)
    saved_turn = models.PositiveIntegerField(default=0)

    class Meta:
        abstract = True
