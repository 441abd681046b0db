"""What a row of an outbox keeps about its way out, whatever carries it."""

from django.db import models
from django.db.models import Q


class Outgoing(models.Model):
    """A row that leaves the portal once its cause is committed, and is tried until it has.

    ``waiting_since`` is when it should first have left, or was last queued again; whoever
    sends it holds it until ``claimed_until``.
    """

    waiting_since = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    claimed_until = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    dead_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        abstract = True


# What a row has that neither left nor was given up.
UNSENT = Q(sent_at__isnull=True, dead_at__isnull=True)
