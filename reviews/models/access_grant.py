"""Access grants to a lab's model (docs/domain.md section 6). "Live" is computed, never stored."""

import uuid
from datetime import datetime, timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Case, F, Q, When
from django.urls import reverse

from accounts.models import Organization, User
from reviews.models.grant_queries import RECERTIFIED_WITHIN, AccessGrantQuerySet, first_of
from reviews.models.grant_states import (
    CONSENTED_TO,
    LAPSES,
    REVOKED_BECAUSE,
    EndReason,
    GrantState,
    Side,
)
from reviews.models.package import AccessLevel, Safeguards
from reviews.models.partner_terms import PartnerTerms
from reviews.models.submission import Submission
from reviews.models.words import who_and_when
from reviews.workflow import Status

# How long after its end closeout is due of each side, and overdue.
CLOSEOUT_DUE, CLOSEOUT_OVERDUE = timedelta(days=5), timedelta(days=10)
# What ends every grant of a submission before its window's end.
ENDED_WITH = {Status.WITHDRAWN: EndReason.WITHDRAWN, Status.CONCLUDED: EndReason.CONCLUDED}


class AccessGrant(models.Model):
    """One person's access to one model version, asked for by an agency's lead (the sponsor).

    The person is of that agency, or a contact of ``partner``, which the agency proposed. A
    partner's access lies outside the review window and takes a third word, its own.
    Every fact is a who-and-when pair that is written once. An ended or revoked grant never
    comes back: a new one is asked for.
    """

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    submission = models.ForeignKey(Submission, models.PROTECT, related_name="grants")
    # The submission's, which never changes: here so that the board need not look it up for each.
    lab = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    agency = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    partner = models.ForeignKey(Organization, models.PROTECT, null=True, related_name="+")
    grantee = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="grants")
    purpose = models.TextField()
    access_level = models.CharField(
        max_length=3, choices=[(level.value, level.label) for level in AccessLevel]
    )
    safeguards = models.CharField(
        max_length=8,
        choices=[(state.value, state.label) for state in Safeguards],
        default=Safeguards.IN_PLACE.value,
    )
    environment = models.CharField(max_length=200)
    # What the grantee and the people named besides call themselves; empty for one person.
    team = models.CharField(max_length=100, blank=True)
    starts_at = models.DateTimeField("start")
    ends_at = models.DateTimeField("end")
    # What was asked for, where the lab consented to less; else empty.
    asked_access_level = models.CharField(
        max_length=3, choices=[(level.value, level.label) for level in AccessLevel], blank=True
    )
    asked_safeguards = models.CharField(
        max_length=8, choices=[(state.value, state.label) for state in Safeguards], blank=True
    )
    asked_ends_at = models.DateTimeField(null=True)
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
    # The government's agreement to a partner; it and the lab's come in either order.
    agreed_at = models.DateTimeField(null=True)
    agreed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    # The latest version that the partner accepted; and until when, once that is superseded.
    terms = models.ForeignKey(PartnerTerms, models.PROTECT, null=True, related_name="+")
    terms_until = models.DateTimeField(null=True)
    # The last word that it takes: an administrator's, or the partner's acceptance of the terms.
    authorized_at = models.DateTimeField(null=True)
    authorized_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    # Empty for what was revoked before this was kept.
    revoked_because = models.CharField(
        max_length=17, choices=[(why.value, why.label) for why in REVOKED_BECAUSE], blank=True
    )
    revocation_reason = models.TextField(blank=True)
    # By when a lead says that it is still needed.
    recertify_by = models.DateTimeField(null=True)
    # The first of that and of the grantee's own dates. It moves until it has come.
    lapses_at = models.DateTimeField(null=True)
    lapses_because = models.CharField(
        max_length=20, choices=[(why.value, why.label) for why in LAPSES], blank=True
    )
    agency_attested_at = models.DateTimeField(null=True)
    agency_attested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    agency_exceptions = models.TextField(blank=True)
    lab_attested_at = models.DateTimeField(null=True)
    lab_attested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    lab_exceptions = models.TextField(blank=True)

    # Instants that the database computes, and no flags: the clock still decides. Their statistics
    # tell PostgreSQL how few grants are not over, and how few closeouts wait.
    runs_until = models.GeneratedField(
        expression=Case(
            When(
                declined_at__isnull=True,
                revoked_at__isnull=True,
                then=first_of("ends_at", "lapses_at"),
            )
        ),
        output_field=models.DateTimeField(null=True),
        db_persist=True,
        null=True,
    )
    closeout_from = models.GeneratedField(
        expression=Case(
            When(
                Q(authorized_at__isnull=False)
                & (Q(agency_attested_at__isnull=True) | Q(lab_attested_at__isnull=True)),
                then=first_of("ends_at", "revoked_at", "lapses_at"),
            )
        ),
        output_field=models.DateTimeField(null=True),
        db_persist=True,
        null=True,
    )

    objects = AccessGrantQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering: ClassVar = ["-requested_at", "-id"]
        indexes: ClassVar = [
            models.Index(fields=["ends_at", "key"], name="grant_by_end"),
            # All that the board counts by, so that it reads no row.
            models.Index(
                fields=["runs_until"],
                include=[
                    *("id", "key", "submission", "lab", "agency", "partner", "grantee"),
                    *("starts_at", "ends_at", "consented_at", "agreed_at", "authorized_at"),
                ],
                condition=Q(runs_until__isnull=False),
                name="grant_running",
            ),
            # Few of them: what is read of all grants for an agency's is not read again for these.
            models.Index(
                fields=["runs_until"],
                condition=Q(runs_until__isnull=False, partner__isnull=False),
                name="grant_running_of_partner",
            ),
            models.Index(
                fields=["closeout_from"],
                include=["submission", "lab", "agency", "partner", "grantee"],
                condition=Q(closeout_from__isnull=False),
                name="grant_to_close_out",
            ),
        ]
        constraints: ClassVar = [
            *who_and_when(
                "grant",
                (
                    *("consented", "declined", "authorized", "revoked"),
                    *("agency_attested", "lab_attested", "agreed"),
                ),
            ),
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="grant_ends_after_start"
            ),
            models.CheckConstraint(
                condition=(Q(asked_access_level="") | Q(asked_access_level__gt=F("access_level")))
                & (Q(asked_ends_at__isnull=True) | Q(asked_ends_at__gt=F("ends_at"))),
                name="grant_narrowed_to_less",
            ),
            models.CheckConstraint(
                condition=Q(lapses_at__isnull=True, lapses_because="")
                | Q(lapses_at__isnull=False) & ~Q(lapses_because=""),
                name="grant_lapses_for_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(authorized_at__isnull=True)
                | Q(consented_at__isnull=False, declined_at__isnull=True),
                name="grant_authorized_after_consent",
            ),
            models.CheckConstraint(
                condition=Q(agreed_at__isnull=True, terms__isnull=True) | Q(partner__isnull=False),
                name="grant_agreed_and_terms_for_partner",
            ),
            models.CheckConstraint(
                condition=Q(partner__isnull=True)
                | Q(authorized_at__isnull=True)
                | Q(agreed_at__isnull=False, terms__isnull=False),
                name="grant_for_partner_on_three_words",
            ),
            models.CheckConstraint(
                condition=Q(agreed_by__isnull=True)
                | ~Q(agreed_by=F("requested_by"))
                & ~Q(agreed_by=F("grantee"))
                & (Q(consented_by__isnull=True) | ~Q(agreed_by=F("consented_by"))),
                name="grant_agreement_is_anothers",
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
                return GrantState.RAN_OUT
            if self.consented_at is None:
                return GrantState.REQUESTED
            return GrantState.AWAITING_TERMS if self.agreed_at else GrantState.CONSENTED
        if over:
            return GrantState.ENDED
        if self.suspended_by_sides(at):
            return GrantState.SUSPENDED
        return GrantState.LIVE if self.starts_at <= at else GrantState.SCHEDULED

    @property
    def narrowed(self) -> bool:
        """Whether the lab consented to less than was asked for."""
        return bool(self.asked_access_level or self.asked_safeguards or self.asked_ends_at)

    def answerable_at(self, at: datetime) -> bool:
        """Whether the lab may consent or decline: it has not answered."""
        return self.state_at(at) is GrantState.REQUESTED

    def authorizable_at(self, at: datetime) -> bool:
        """Whether an administrator may authorize: the lab has consented, and nobody has yet."""
        return self.state_at(at) is GrantState.CONSENTED and self.partner_id is None

    def agreeable_at(self, at: datetime) -> bool:
        """Whether an administrator may agree to the partner, before or after the lab does."""
        asked = self.state_at(at) in (GrantState.REQUESTED, GrantState.CONSENTED)
        return asked and self.partner_id is not None and self.agreed_at is None

    def acceptable_at(self, at: datetime) -> bool:
        """Whether the partner has terms to accept: its first ones, or those that supersede them."""
        superseded = self.authorized_now(at) and self.terms_until is not None
        return superseded or self.state_at(at) is GrantState.AWAITING_TERMS

    def revocable_at(self, at: datetime) -> bool:
        """Whether there is something to revoke: what the lab consented to, until it is over.

        Before, the lab declines and the agency takes its request back.
        """
        return self.state_at(at) in CONSENTED_TO

    def disagreeable_at(self, at: datetime) -> bool:
        """Whether the government may take its agreement back: the lab has not answered yet."""
        return self.answerable_at(at) and self.agreed_at is not None

    def authorized_now(self, at: datetime) -> bool:
        """Whether it is authorized and not over: live, scheduled or suspended."""
        return self.authorized_at is not None and self.over_at(at) is None

    def extendable_at(self, at: datetime) -> bool:
        """Whether a later end may be asked for: there is time left and no other request waits."""
        waits = any(extension.pending for extension in self.extensions.all())
        inside = self.partner_id is None and self.ends_at < self.submission.window()[1]
        return self.authorized_now(at) and not waits and inside

    def recertifiable_at(self, at: datetime) -> bool:
        """Whether a lead may say that it is still needed: the time to say so is near.

        That time comes before any end that the access has without it.
        """
        by, end = self.recertify_by, self.agreed_end()
        near = by is not None and by <= at + RECERTIFIED_WITHIN and by < end
        return near and self.authorized_now(at)

    def suspendable_at(self, at: datetime, side: Side) -> bool:
        """Whether the side may suspend it: it is authorized, not over, and the side has not."""
        return self.authorized_now(at) and side not in self.suspended_by_sides(at)

    def resumable_at(self, at: datetime, side: Side) -> bool:
        """Whether the side may lift what it has suspended itself, while there is time left."""
        return self.authorized_now(at) and side in self.suspended_by_sides(at)

    def suspended_by_sides(self, at: datetime) -> set[Side]:
        """Which sides have suspended it and not resumed it by ``at``."""
        return {Side(one.side) for one in self.suspensions.all() if one.in_force(at)}

    def live_at(self, at: datetime) -> bool:
        """Whether the model may be used by it."""
        return self.state_at(at) is GrantState.LIVE

    def attestable_at(self, at: datetime, side: str) -> bool:
        """Whether closeout is still to be attested by the side, "lab" or "agency"."""
        attested_at = getattr(self, f"{side}_attested_at")
        return bool(self.authorized_at and self.over_at(at) and not attested_at)

    def end_reason_at(self, at: datetime) -> EndReason | None:
        """Why it is over at ``at``; None while it is not, and where nobody wrote it down."""
        submission, over_at = self.submission, self.over_at(at)
        if self.declined_at:
            return EndReason.DECLINED
        if over_at is None:
            return None
        if over_at == self.revoked_at:
            return EndReason(self.revoked_because) if self.revoked_because else None
        if self.authorized_at is None:
            return EndReason.RAN_OUT
        if self.partner_id is None and over_at == submission.ended_at:
            return ENDED_WITH.get(Status(submission.status), EndReason.WINDOW)
        if self.partner_id is None and over_at == submission.closes_at:
            return EndReason.WINDOW
        return EndReason.OWN_END if over_at == self.ends_at else EndReason(self.lapses_because)

    def agreed_end(self) -> datetime:
        """When access ends by what was agreed, and by the window where that bounds it."""
        if self.partner_id is not None:
            return self.ends_at
        return min(self.ends_at, self.submission.window()[1])

    def holder(self) -> Organization:
        """The organization whose person uses the model: the partner, or the agency itself."""
        return self.partner or self.agency

    def effective_end(self) -> datetime:
        """When access ends, or ended, for whichever reason comes first."""
        return _first_end(self, self.lapses_at)

    def end_for(self, person: User) -> datetime:
        """When ``person``, whom it names, can use it no more: it ends, or her own dates pass."""
        own = (one.lapses_at for one in self.users.all() if one.person_id == person.pk)
        return min([self.effective_end(), *filter(None, own)])

    def planned_end(self) -> datetime:
        """When access ends if its agency recertifies it in time: what people plan with."""
        waits = self.lapses_because == EndReason.NOT_RECERTIFIED
        return _first_end(self, None if waits else self.lapses_at)

    def over_at(self, at: datetime) -> datetime | None:
        """When access ended as seen at ``at``; else None."""
        end = self.effective_end()
        return end if end <= at else None


def _first_end(grant: AccessGrant, lapses_at: datetime | None) -> datetime:
    ends = [grant.ends_at, grant.revoked_at]
    if grant.partner_id is None:
        ends += [grant.submission.closes_at, grant.submission.ended_at]
    return min(end for end in (lapses_at, *ends) if end)
