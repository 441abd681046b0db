"""What a rule of policy may ask besides: the clauses of its ``where``.

Each is a condition on the rule's kind of row, for one person at one instant.
"""

from collections.abc import Callable
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import F, Q

from reviews.models import AccessGrant, AgencyPosition, AgencyReview
from reviews.models.document import ScanState
from reviews.models.notice import ESCALATIONS
from reviews.rules import Clause, Standing, There, attached
from reviews.workflow import Status


def clean(who: Standing, at: datetime) -> Q:
    """The scanner called the file clean."""
    return Q(scan_state=ScanState.CLEAN)


def filed(who: Standing, at: datetime) -> Q:
    """The review is filed."""
    return Q(filed_at__isnull=False)


def author_has_filed(who: Standing, at: datetime) -> Q:
    """The person has filed a review of her own here."""
    return Q(_filed_review(author=who.person))


def agency_has_filed(codename: str) -> Clause:
    """An agency at which the person has ``codename`` here has filed a review."""

    def clause(who: Standing, at: datetime) -> Q:
        return _own_agency_has(_filed_review, who, codename)

    return clause


def agency_has_position(who: Standing, at: datetime) -> Q:
    """An agency at which the person deliberates has filed a position."""
    return _own_agency_has(_position, who, "deliberate")


def _filed_review(**whose: Any) -> There:
    here = F("submission")
    return There(here, model=AgencyReview, key="submission", present=("filed_at",), **whose)


def _position(**whose: Any) -> There:
    return There(F("submission"), model=AgencyPosition, key="submission", **whose)


def _own_agency_has(what: Callable[..., There], who: Standing, codename: str) -> Q:
    return reduce(
        or_,
        (
            Q(attached(groups, F("submission"), codename)) & Q(what(agency=organization))
            for organization, groups in who.groups(codename).items()
        ),
    )


def window_over(who: Standing, at: datetime) -> Q:
    """The window has ended, whether by the clock or before."""
    ended = Q(submission__review_ends_at__isnull=True)
    return ended | Q(submission__review_ends_at__lte=at)


def report_issued(who: Standing, at: datetime) -> Q:
    """The submission was concluded, or its window has ended by the clock."""
    issued = Q(status__in=[Status.CONCLUDED, Status.EXPIRED])
    return issued | Q(review_ends_at__lte=at)


def signed(who: Standing, at: datetime) -> Q:
    """A second signer has signed."""
    return Q(signed_at__isnull=False)


def not_author(who: Standing, at: datetime) -> Q:
    """The person did not write it."""
    return ~Q(author=who.person)


def grantee(who: Standing, at: datetime) -> Q:
    """The grant is the person's."""
    return Q(grantee=who.person)


def not_sponsor(who: Standing, at: datetime) -> Q:
    """The person did not ask for it."""
    return ~Q(requested_by=who.person)


def not_grantee(who: Standing, at: datetime) -> Q:
    """It is not for the person."""
    return ~Q(grantee=who.person)


def not_consenter(who: Standing, at: datetime) -> Q:
    """The lab's consent to it is not the person's."""
    return ~Q(consented_by=who.person)


def live(who: Standing, at: datetime) -> Q:
    """The grant is live, by its own times and the window's."""
    return Q(pk__in=AccessGrant.objects.live(at).values("pk"))


def recipient(who: Standing, at: datetime) -> Q:
    """The notice is the person's."""
    return Q(recipient=who.person)


def not_about_access(who: Standing, at: datetime) -> Q:
    """The notice is about no grant."""
    return Q(grant__isnull=True)


def of_own_grant(who: Standing, at: datetime) -> Q:
    """The notice is about a grant of the person's."""
    return Q(grant__grantee=who.person)


def for_administrators(who: Standing, at: datetime) -> Q:
    """The notice is about access, or is a reminder that went on to administrators."""
    return Q(grant__isnull=False) | Q(kind__in=ESCALATIONS)


def undelivered(who: Standing, at: datetime) -> Q:
    """The notice's mail was refused for good, or came back."""
    return Q(dead_at__isnull=False) | Q(bounced_at__isnull=False)
