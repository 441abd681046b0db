"""The terms that a trusted partner accepts before it may use a model, and each acceptance."""

import hashlib
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q


class PartnerTerms(models.Model):
    """One version of the terms, which never changes. A later one supersedes it.

    Whoever accepted an earlier version has until ``accept_by`` to accept this one. ``sha256`` is
    that of the text in UTF-8.
    """

    version = models.PositiveIntegerField(unique=True)
    text = models.TextField()
    sha256 = models.CharField(max_length=64)
    accept_by = models.DateTimeField()
    published_at = models.DateTimeField()
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        default_permissions = ()
        ordering: ClassVar = ["version"]
        verbose_name_plural = "partner terms"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(accept_by__gte=F("published_at")), name="terms_leave_time"
            ),
        ]

    def __str__(self):
        return f"Version {self.version}"

    @classmethod
    def digest(cls, text: str) -> str:
        """The SHA-256 of a version with that text."""
        return hashlib.sha256(text.encode()).hexdigest()


class TermsAcceptance(models.Model):
    """A partner accepted one version for one grant: who clicked, and when."""

    grant = models.ForeignKey("reviews.AccessGrant", models.PROTECT, related_name="acceptances")
    terms = models.ForeignKey(PartnerTerms, models.PROTECT, related_name="+")
    accepted_at = models.DateTimeField()
    accepted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        default_permissions = ()
        ordering: ClassVar = ["accepted_at", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["grant", "terms"], name="terms_accepted_once"),
        ]

    def __str__(self):
        return f"{self.grant_id}: {self.terms_id}"
