"""More time for a grant that has not ended: asked, consented and authorized like the grant."""

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from reviews.models.submission import Submission
from reviews.models.words import who_and_when

FACTS = ("consented", "declined", "taken_back", "authorized")


class GrantExtensionQuerySet(models.QuerySet):
    def pending(self) -> "GrantExtensionQuerySet":
        """Those that wait for somebody's word, if their grants are not over."""
        return self.filter(
            declined_at__isnull=True, taken_back_at__isnull=True, authorized_at__isnull=True
        )


class GrantExtension(models.Model):
    """A later end that is asked for. Once authorized it is the grant's own end."""

    grant = models.ForeignKey("reviews.AccessGrant", models.PROTECT, related_name="extensions")
    ends_at = models.DateTimeField()
    reason = models.TextField()
    requested_at = models.DateTimeField()
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    consented_at = models.DateTimeField(null=True)
    consented_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    declined_at = models.DateTimeField(null=True)
    declined_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    decline_reason = models.TextField(blank=True)
    taken_back_at = models.DateTimeField(null=True)
    taken_back_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    authorized_at = models.DateTimeField(null=True)
    authorized_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    objects = GrantExtensionQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering: ClassVar = ["requested_at", "id"]
        constraints: ClassVar = [
            *who_and_when("extension", FACTS),
            models.UniqueConstraint(
                fields=["grant"],
                condition=Q(
                    declined_at__isnull=True, taken_back_at__isnull=True, authorized_at__isnull=True
                ),
                name="one_extension_pending",
            ),
            models.CheckConstraint(
                condition=Q(authorized_at__isnull=True)
                | Q(consented_at__isnull=False, declined_at__isnull=True),
                name="extension_authorized_after_consent",
            ),
            models.CheckConstraint(
                condition=(Q(consented_by__isnull=True) | ~Q(consented_by=F("requested_by")))
                & (
                    Q(authorized_by__isnull=True)
                    | ~Q(authorized_by=F("requested_by")) & ~Q(authorized_by=F("consented_by"))
                ),
                name="extension_words_are_of_others",
            ),
        ]

    def __str__(self):
        return f"{self.grant_id}: {self.ends_at}"

    @property
    def submission(self) -> Submission:
        """The grant's."""
        return self.grant.submission

    @property
    def submission_id(self) -> int:
        """The grant's."""
        return self.grant.submission_id

    @property
    def pending(self) -> bool:
        """Whether it waits for somebody's word, if its grant is not over."""
        return not (self.declined_at or self.taken_back_at or self.authorized_at)

    def answerable_at(self, at: datetime) -> bool:
        """Whether the lab may consent or decline."""
        return self.pending and self.consented_at is None and self.grant.authorized_now(at)

    def authorizable_at(self, at: datetime) -> bool:
        """Whether an administrator may authorize: the lab has consented, and nobody has yet."""
        return self.pending and self.consented_at is not None and self.grant.authorized_now(at)

    def withdrawable_at(self, at: datetime) -> bool:
        """Whether the agency may take it back: it waits, and there is time left to wait for."""
        return self.pending and self.grant.authorized_now(at)
