"""The audit log: append-only, hash-chained, guarded by database triggers."""

from typing import ClassVar

from django.db import models


class AuditEvent(models.Model):
    """One thing that somebody did or was refused.

    Holds text and codes and no foreign keys, so that nothing elsewhere can change it.
    ``sha256`` covers every other column, ``previous_sha256`` among them.
    """

    sequence = models.PositiveBigIntegerField(primary_key=True)
    at = models.DateTimeField()
    actor = models.CharField(max_length=254)
    actor_name = models.CharField(max_length=150, blank=True)
    organization = models.CharField(max_length=40, blank=True)
    action = models.CharField(max_length=60)
    outcome = models.CharField(max_length=10)
    object_type = models.CharField(max_length=40, blank=True)
    object_reference = models.CharField(max_length=64, blank=True)
    submission = models.CharField(max_length=20, blank=True)
    reason = models.TextField(blank=True)
    source = models.CharField(max_length=45, blank=True)
    details = models.JSONField(default=dict)
    previous_sha256 = models.CharField(max_length=64)
    sha256 = models.CharField(max_length=64)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["submission", "-sequence"], name="audit_by_submission"),
            models.Index(fields=["actor", "-sequence"], name="audit_by_actor"),
            models.Index(fields=["action", "-sequence"], name="audit_by_action"),
            models.Index(fields=["action", "at"], name="audit_by_action_and_time"),
            models.Index(fields=["organization", "-sequence"], name="audit_by_organization"),
        ]

    def __str__(self):
        return f"{self.sequence} {self.action}"


class AuditHead(models.Model):
    """The end of the chain: one row, locked while an event is appended.

    ``latest_at`` is the latest instant that the portal has acted upon; see ``audit.advance``.
    """

    sequence = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    latest_at = models.DateTimeField()

    def __str__(self):
        return f"{self.sequence} {self.sha256}"
