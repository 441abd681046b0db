"""What a person of an agency declares before she first opens the lab's answers or documents."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from reviews.models.submission import Submission

# Asked while administrators have set no question, so that there always is one.
BASIC_QUESTION = (
    "Do you have a conflict of interest in this submission, such as money, work or family?"
)


class RecusalQuestionQuerySet(models.QuerySet):
    def in_force(self, at) -> "RecusalQuestionQuerySet":
        """Those that are asked at the instant ``at``."""
        return self.filter(Q(retired_at__isnull=True) | Q(retired_at__gt=at), added_at__lte=at)


class RecusalQuestion(models.Model):
    """A question that yes is a conflict to. Its text never changes; another replaces it."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    text = models.CharField(max_length=300)
    position = models.PositiveSmallIntegerField(
        default=1, validators=[MinValueValidator(1), MaxValueValidator(99)]
    )
    added_at = models.DateTimeField()
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    retired_at = models.DateTimeField(null=True)
    retired_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True
    )

    objects = RecusalQuestionQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering: ClassVar = ["position", "pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(retired_at__isnull=True, retired_by__isnull=True)
                | Q(retired_at__gte=F("added_at"), retired_by__isnull=False),
                name="question_retired_by_somebody",
            )
        ]

    def __str__(self):
        return self.text


class Declaration(models.Model):
    """A person has no conflict of interest in a submission, by her ``answers``.

    They are "no" to each question by its text. Who would answer "yes" recuses herself instead.
    """

    submission = models.ForeignKey(Submission, models.CASCADE, related_name="declarations")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="declarations"
    )
    answers = models.JSONField()
    declared_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["submission", "person"], name="declaration_once")
        ]

    def __str__(self):
        return f"{self.person_id} on {self.submission_id}"
