"""Access grants to a lab's model (docs/domain.md section 6). "Live" is computed, never stored."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, Value, When
from django.db.models.functions import Least
from django.urls import reverse

from accounts.models import Organization
from reviews.models.package import AccessLevel
from reviews.models.submission import Submission


class GrantState(StrEnum):
    """What a grant is at an instant, from its facts and the clock."""

    REQUESTED = "requested"
    DECLINED = "declined"
    CONSENTED = "consented"
    LAPSED = "lapsed"
    SCHEDULED = "scheduled"
    LIVE = "live"
    REVOKED = "revoked"
    ENDED = "ended"
    CLOSED_OUT = "closed_out"

    @property
    def label(self):
        return {
            "requested": "Waiting for the lab's consent",
            "consented": "Waiting for an administrator",
            "closed_out": "Closed out",
        }.get(self, self.capitalize())

    @property
    def place(self) -> int:
        """Which of ``PLACES`` a list shows it at."""
        if self is GrantState.LIVE:
            return 0
        return 1 if self in (*WAITING, GrantState.SCHEDULED) else 2


PLACES = ("Live now", "Waiting or scheduled", "Over")
WAITING = (GrantState.REQUESTED, GrantState.CONSENTED)
CONSENTED_TO = (GrantState.CONSENTED, GrantState.SCHEDULED, GrantState.LIVE)


def beyond(level: str, offered: str) -> bool:
    """Whether the access level looks deeper than the one offered; not when none is offered yet."""
    return "" < offered < level


class AskedOfEach(Exists):
    """EXISTS that is asked of each row that remains; PostgreSQL cannot gather its rows first.

    It takes a grant's end and its window's for independent, expects few rows and sorts all.
    """

    template = "EXISTS(%(subquery)s OFFSET 0)"


def live(at: datetime) -> Q:
    """That the model may be used by the grant at the instant ``at``."""
    window = Submission.objects.window_open(at).filter(pk=OuterRef("submission"))
    return Q(
        AskedOfEach(window),
        authorized_at__lte=at,
        revoked_at__isnull=True,
        starts_at__lte=at,
        ends_at__gt=at,
    )


def running(at: datetime) -> Q:
    """That the grant is not over at ``at``: live, scheduled, or waiting for somebody's word."""
    return Q(
        declined_at__isnull=True,
        revoked_at__isnull=True,
        ends_at__gt=at,
        submission__review_ends_at__gt=at,
    )


class AccessGrantQuerySet(models.QuerySet):
    def live(self, at: datetime) -> "AccessGrantQuerySet":
        """Grants by which the model may be used at the instant ``at``."""
        return self.filter(live(at))

    def running(self, at: datetime) -> "AccessGrantQuerySet":
        """Grants that are not over at ``at``."""
        return self.filter(running(at))

    def attestable(self, at: datetime, side: str) -> "AccessGrantQuerySet":
        """Grants of which ``attestable_at(at, side)`` is true."""
        over = self.exclude(running(at)).filter(authorized_at__isnull=False)
        return over.filter(**{f"{side}_attested_at__isnull": True})

    def in_state(self, state: GrantState, at: datetime) -> "AccessGrantQuerySet":
        """Grants of which ``state_at(at)`` is ``state``."""
        authorized, consented = Q(authorized_at__isnull=False), Q(consented_at__isnull=False)
        declined, revoked = Q(declined_at__isnull=False), Q(revoked_at__isnull=False)
        attested = Q(agency_attested_at__isnull=False, lab_attested_at__isnull=False)
        ended = ~running(at) & ~declined & ~revoked & ~attested
        return self.filter(
            {
                GrantState.REQUESTED: running(at) & ~consented,
                GrantState.DECLINED: declined,
                GrantState.CONSENTED: running(at) & consented & ~authorized,
                GrantState.LAPSED: ended & ~authorized,
                GrantState.SCHEDULED: running(at) & authorized & Q(starts_at__gt=at),
                GrantState.LIVE: live(at),
                GrantState.REVOKED: revoked & ~attested,
                GrantState.ENDED: ended & authorized,
                GrantState.CLOSED_OUT: attested,
            }[state]
        )

    def listed(self, at: datetime, *, last_first: bool = False) -> "AccessGrantQuerySet":
        """Each with its ``end``, clipped to the window as it now is, and its ``place``.

        The places count from the other side with ``last_first``, so that a list in descending
        order also begins with what is live.
        """
        order = (2, 1, 0) if last_first else (0, 1, 2)
        return self.annotate(
            end=Least(F("ends_at"), F("submission__closes_at")),
            place=Case(
                When(live(at), then=Value(order[0])),
                When(running(at), then=Value(order[1])),
                default=Value(order[2]),
            ),
        )


class AccessGrant(models.Model):
    """One person's access to one model version, asked for by her agency's lead (the sponsor).

    Every fact is a who-and-when pair that is written once. An ended or revoked grant never
    comes back: a new one is asked for.
    """

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    submission = models.ForeignKey(Submission, models.PROTECT, related_name="grants")
    agency = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    grantee = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="grants")
    purpose = models.TextField()
    access_level = models.CharField(
        max_length=3, choices=[(level.value, level.label) for level in AccessLevel]
    )
    environment = models.CharField(max_length=200)
    starts_at = models.DateTimeField("start")
    ends_at = models.DateTimeField("end")
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
    authorized_at = models.DateTimeField(null=True)
    authorized_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    revocation_reason = models.TextField(blank=True)
    agency_attested_at = models.DateTimeField(null=True)
    agency_attested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    lab_attested_at = models.DateTimeField(null=True)
    lab_attested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    objects = AccessGrantQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering: ClassVar = ["-requested_at", "-id"]
        indexes: ClassVar = [models.Index(fields=["ends_at", "id"], name="grant_by_end")]
        constraints: ClassVar = [
            *(
                models.CheckConstraint(
                    condition=Q(**{f"{fact}_at__isnull": True, f"{fact}_by__isnull": True})
                    | Q(**{f"{fact}_at__isnull": False, f"{fact}_by__isnull": False}),
                    name=f"grant_{fact}_who_and_when",
                )
                for fact in (
                    "consented",
                    "declined",
                    "authorized",
                    "revoked",
                    "agency_attested",
                    "lab_attested",
                )
            ),
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="grant_ends_after_start"
            ),
            models.CheckConstraint(
                condition=Q(authorized_at__isnull=True)
                | Q(consented_at__isnull=False, declined_at__isnull=True),
                name="grant_authorized_after_consent",
            ),
            models.CheckConstraint(
                condition=Q(authorized_by__isnull=True)
                | ~Q(authorized_by=F("requested_by"))
                & ~Q(authorized_by=F("grantee"))
                & ~Q(authorized_by=F("consented_by")),
                name="grant_authorizer_is_another",
            ),
            models.CheckConstraint(
                condition=Q(consented_by__isnull=True)
                | ~Q(consented_by=F("requested_by")) & ~Q(consented_by=F("grantee")),
                name="grant_consenter_is_another",
            ),
        ]

    def __str__(self):
        return str(self.key)

    def get_absolute_url(self):
        return reverse("reviews:grant-detail", args=[self.key])

    def state_at(self, at: datetime) -> GrantState:
        """The grant's state at ``at``, from its facts and its submission's window."""
        over = self.over_at(at)
        if self.declined_at:
            return GrantState.DECLINED
        if self.agency_attested_at and self.lab_attested_at:
            return GrantState.CLOSED_OUT
        if self.revoked_at:
            return GrantState.REVOKED
        if self.authorized_at is None:
            if over:
                return GrantState.LAPSED
            return GrantState.CONSENTED if self.consented_at else GrantState.REQUESTED
        if over:
            return GrantState.ENDED
        return GrantState.LIVE if self.starts_at <= at else GrantState.SCHEDULED

    def answerable_at(self, at: datetime) -> bool:
        """Whether the lab may consent or decline: it has not answered."""
        return self.state_at(at) is GrantState.REQUESTED

    def authorizable_at(self, at: datetime) -> bool:
        """Whether an administrator may authorize: the lab has consented, and nobody has yet."""
        return self.state_at(at) is GrantState.CONSENTED

    def revocable_at(self, at: datetime) -> bool:
        """Whether there is something to revoke: what the lab consented to, until it is over.

        Before, the lab declines and the agency takes its request back.
        """
        return self.state_at(at) in CONSENTED_TO

    def live_at(self, at: datetime) -> bool:
        """Whether the model may be used by it."""
        return self.state_at(at) is GrantState.LIVE

    def attestable_at(self, at: datetime, side: str) -> bool:
        """Whether closeout is still to be attested by the side, "lab" or "agency"."""
        attested_at = getattr(self, f"{side}_attested_at")
        return bool(self.authorized_at and self.over_at(at) and not attested_at)

    def effective_end(self) -> datetime:
        """When access ends, or ended, for whichever reason comes first."""
        submission = self.submission
        ends = [self.ends_at, self.revoked_at, submission.closes_at, submission.ended_at]
        return min(end for end in ends if end)

    def over_at(self, at: datetime) -> datetime | None:
        """When access ended as seen at ``at``; else None."""
        end = self.effective_end()
        return end if end <= at else None
