"""The package: the lab's answers about its model, apart from the submission's own state.

Kept in a table of its own so that whoever sees a submission's state need not touch content.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from django.db import models

from reviews.models.submission import Submission, SubmissionKind


class AccessLevel(StrEnum):
    """How deeply agencies may look (arXiv 2601.11916)."""

    AL1 = "al1"
    AL2 = "al2"
    AL3 = "al3"

    @property
    def label(self):
        return {"al1": "AL1, black box", "al2": "AL2, gray box"}.get(self, "AL3, white box")


def beyond(level: str, offered: str) -> bool:
    """Whether the access level looks deeper than the one offered; not when none is offered yet."""
    return "" < offered < level


class Safeguards(StrEnum):
    """What holds the model back while it is used, the most first."""

    IN_PLACE = "in_place"
    REDUCED = "reduced"
    REMOVED = "removed"

    @property
    def label(self):
        return {
            "in_place": "In place, as for customers",
            "reduced": "Reduced for this work",
        }.get(self, "Removed")

    def weaker_than(self, other: "Safeguards") -> bool:
        """Whether they hold the model back less than ``other``."""
        order = list(Safeguards)
        return order.index(self) > order.index(other)


class Weights(StrEnum):
    OPEN = "open"
    CLOSED = "closed"

    @property
    def label(self):
        return f"{self.capitalize()} weights"


MODALITIES = [
    ("text", "Text"),
    ("code", "Code"),
    ("image", "Images"),
    ("audio", "Audio"),
    ("video", "Video"),
    ("tools", "Tool and computer use"),
]
ACCESS_MEANS = [
    ("api", "API"),
    ("reduced_safeguards", "Reduced-safeguard checkpoint"),
    ("fine_tuning", "Fine-tuning"),
    ("reasoning_traces", "Reasoning traces"),
    ("on_premises", "On premises"),
]


@dataclass(frozen=True)
class Answer:
    """One question of the package and the lab's answer in words."""

    question: str
    answer: str


class Package(models.Model):
    """What the lab says of its model. A draft may leave anything blank; filing may not.

    No weights and no credentials: an endpoint is a reference, never a secret.
    """

    submission = models.OneToOneField(Submission, models.CASCADE, primary_key=True)
    parent_version = models.CharField(max_length=100, blank=True)
    modalities = models.JSONField(default=list, blank=True)
    languages = models.CharField(max_length=300, blank=True)
    intended_uses = models.TextField(blank=True)
    restrictions = models.TextField("restrictions on use", blank=True)
    weights = models.CharField(
        max_length=6, choices=[(kind.value, kind.label) for kind in Weights], blank=True
    )
    access_level = models.CharField(
        "access offered",
        max_length=3,
        choices=[(level.value, level.label) for level in AccessLevel],
        blank=True,
    )
    access_means = models.JSONField(default=list, blank=True)
    endpoint_reference = models.CharField(max_length=300, blank=True)
    capacity_limits = models.TextField(blank=True)
    cyber_capability_claims = models.TextField("cyber capabilities", blank=True)
    other_capability_claims = models.TextField("other capabilities", blank=True)
    safety_framework_tier = models.CharField(max_length=100, blank=True)
    risk_summary = models.TextField("summary of risk assessments and results", blank=True)
    third_party_evaluators = models.TextField(blank=True)
    safeguards = models.TextField(blank=True)
    weight_security = models.TextField("weight-security measures", blank=True)
    contacts = models.TextField(blank=True)
    nondisclosure_reference = models.CharField(
        "nondisclosure terms reference", max_length=200, blank=True
    )
    foreign_person_limits = models.TextField("limits on foreign persons", blank=True)

    # A filing that only points at attachments is refused (CFIUS practice).
    CORE: ClassVar = (
        "intended_uses",
        "weights",
        "access_level",
        "cyber_capability_claims",
        "safety_framework_tier",
        "risk_summary",
        "safeguards",
        "weight_security",
        "contacts",
        "nondisclosure_reference",
    )
    # An inquiry asks only whether a model under development is covered.
    CORE_OF_INQUIRY: ClassVar = (
        "intended_uses",
        "cyber_capability_claims",
        "risk_summary",
        "contacts",
    )

    def __str__(self):
        return f"Package of {self.submission_id}"

    def core(self) -> tuple[str, ...]:
        """The fields that filing needs, in the form's order."""
        inquiry = self.submission.kind == SubmissionKind.DESIGNATION_INQUIRY
        return self.CORE_OF_INQUIRY if inquiry else self.CORE

    def missing(self) -> list[str]:
        """The names of the core fields that are still blank, in the form's order."""
        return [name for name in self.core() if not str(getattr(self, name)).strip()]

    def answers(self) -> list[Answer]:
        """Every answer in the form's order, choices in words."""
        return [
            Answer(field.verbose_name[:1].upper() + field.verbose_name[1:], self._words(field.name))
            for field in self._meta.fields
            if field.name != "submission"
        ]

    def _words(self, name: str) -> str:
        value = getattr(self, name)
        for field, choices in (("modalities", MODALITIES), ("access_means", ACCESS_MEANS)):
            if name == field:
                return ", ".join(label for code, label in choices if code in value)
        display = getattr(self, f"get_{name}_display", None)
        return str(display() if display else value)
