"""Discussion of a submission: threads whose audience is stated at first and never changes.

docs/domain.md section 5. The database refuses to change who reads a thread, or to move a post.
"""

import uuid
from enum import StrEnum
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

from accounts.models import Organization
from reviews.models.document import Document
from reviews.models.submission import Submission


class Audience(StrEnum):
    """Who reads a thread, from the narrowest on."""

    OWN_AGENCY = "own_agency"
    AGENCIES = "agencies"
    WITH_LAB = "with_lab"

    @property
    def label(self):
        return {
            "own_agency": "Own agency only",
            "agencies": "All reviewing agencies",
        }.get(self, "With the lab")


class Thread(models.Model):
    """A subject and its audience. ``agency`` opened it: an agency or, with the lab, the lab."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    submission = models.ForeignKey(Submission, models.CASCADE, related_name="threads")
    audience = models.CharField(
        max_length=10, choices=[(kind.value, kind.label) for kind in Audience], editable=False
    )
    agency = models.ForeignKey(
        Organization, models.PROTECT, related_name="+", verbose_name="opened by", editable=False
    )
    title = models.CharField(max_length=200)
    opened_at = models.DateTimeField()
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    posted_at = models.DateTimeField("last posted at")

    class Meta:
        default_permissions = ()
        indexes: ClassVar = [
            models.Index(fields=["submission", "-posted_at", "-key"], name="thread_newest"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(audience__in=[kind.value for kind in Audience]),
                name="thread_audience_known",
            ),
        ]

    def __str__(self):
        return f"{self.key} for {self.audience}"

    def get_absolute_url(self):
        return reverse("reviews:thread-detail", args=[self.key])


class Post(models.Model):
    """What somebody wrote in a thread, speaking for ``organization``; ``text`` as it is now."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    thread = models.ForeignKey(Thread, models.CASCADE, related_name="posts")
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    text = models.TextField()
    posted_at = models.DateTimeField()
    edited_at = models.DateTimeField(null=True)
    revision = models.PositiveIntegerField(default=1)

    class Meta:
        default_permissions = ()
        indexes: ClassVar = [
            models.Index(fields=["thread", "-posted_at", "-key"], name="post_newest"),
        ]

    def __str__(self):
        return f"{self.key} in {self.thread_id}"

    @property
    def submission(self) -> Submission:
        """The submission that the thread is about."""
        return self.thread.submission

    @property
    def submission_id(self) -> int:
        """Its primary key."""
        return self.thread.submission_id


class PostVersion(models.Model):
    """An earlier text of a post, and when another took its place."""

    post = models.ForeignKey(Post, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    text = models.TextField()
    edited_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["post", "number"], name="post_version_once")
        ]

    def __str__(self):
        return f"{self.post_id}, {self.number}"


class PostMention(models.Model):
    """A colleague of the author's to whose notice the post was brought."""

    post = models.ForeignKey(Post, models.CASCADE, related_name="mentions")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["post", "person"], name="post_mention_once")
        ]

    def __str__(self):
        return f"{self.person_id} in {self.post_id}"


class PostAttachment(models.Model):
    """A document of the submission that a post is about; shown to whom the document is open."""

    post = models.ForeignKey(Post, models.CASCADE, related_name="attachments")
    document = models.ForeignKey(Document, models.CASCADE, related_name="+")

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["post", "document"], name="post_attachment_once")
        ]

    def __str__(self):
        return f"{self.document_id} with {self.post_id}"
