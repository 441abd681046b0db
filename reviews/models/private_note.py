"""What a person writes down for herself while she reads: nobody else ever reads it."""

from typing import ClassVar

from django.conf import settings
from django.db import models

from reviews.models.autosaved import Autosaved
from reviews.models.submission import Submission


class PrivateNote(Autosaved):
    """One person's notes on one submission."""

    submission = models.ForeignKey(Submission, models.CASCADE, related_name="private_notes")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    text = models.TextField(blank=True)

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["submission", "person"], name="private_note_once")
        ]

    def __str__(self):
        return f"{self.person_id} on {self.submission_id}"
