"""Calendar feeds: one secret address a person, of which only the hash is kept."""

from django.conf import settings
from django.db import models


class CalendarFeed(models.Model):
    """A person's calendar can be read by whoever has its address, until it is revoked.

    Revoking deletes the row; another address is another token.
    """

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="calendar_feed"
    )
    token_sha256 = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self):
        return f"Feed of {self.person_id}"
