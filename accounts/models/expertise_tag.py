"""Expertise tags: which fields a reviewer knows, as she or her agency's lead says."""

from enum import StrEnum
from typing import ClassVar

from django.conf import settings
from django.db import models


class Expertise(StrEnum):
    """A field of the review's rubric, or one beside it."""

    VULNERABILITY_DISCOVERY = "vulnerability_discovery"
    EXPLOIT_DEVELOPMENT = "exploit_development"
    AUTONOMY = "autonomy"
    CRITICAL_INFRASTRUCTURE = "critical_infrastructure"
    SAFEGUARDS = "safeguards"
    SECURITY_OF_WEIGHTS = "security_of_weights"
    ELICITATION = "elicitation"
    MALWARE_ANALYSIS = "malware_analysis"
    SOFTWARE_SUPPLY_CHAIN = "software_supply_chain"

    @property
    def label(self) -> str:
        return self.replace("_", " ").capitalize()


class ExpertiseTag(models.Model):
    """One field that a person knows."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="expertise_tags"
    )
    tag = models.CharField(max_length=30, choices=[(one.value, one.label) for one in Expertise])

    class Meta:
        default_permissions = ()
        ordering: ClassVar = ["tag"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person", "tag"], name="expertise_once"),
            models.CheckConstraint(
                condition=models.Q(tag__in=[one.value for one in Expertise]),
                name="expertise_known",
            ),
        ]

    def __str__(self):
        return f"{self.person_id}: {self.tag}"
