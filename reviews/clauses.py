"""What a rule of policy may ask besides: the clauses of its ``where``.

Each is a condition on the rule's kind of row, for one person at one instant.
"""

from collections.abc import Callable
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Exists, F, OuterRef, Q

from accounts import audit
from accounts.models import Organization
from accounts.roles import KEEPERS, KEEPING, LAB_ROLES, Role
from reviews.models import (
    AccessGrant,
    AgencyPosition,
    AgencyReview,
    Coauthor,
    Declaration,
    GrantUser,
    PreliminaryLetter,
    Recusal,
    Submission,
)
from reviews.models.discussion import Audience
from reviews.models.document import QUARANTINED, ScanState
from reviews.models.notice import ESCALATIONS
from reviews.rules import Clause, Standing, There, attached
from reviews.workflow import Status


def clean(who: Standing, at: datetime) -> Q:
    """The scanner called the file clean."""
    return Q(scan_state=ScanState.CLEAN)


def quarantined(who: Standing, at: datetime) -> Q:
    """The scanner did not pass the file."""
    return Q(scan_state__in=QUARANTINED)


def declared(submission: str) -> Clause:
    """The person has declared no conflict of interest in the submission at that path."""

    def clause(who: Standing, at: datetime) -> Q:
        return _declared(submission, who)

    return clause


def undeclared(who: Standing, at: datetime) -> Q:
    """The person has declared nothing about the submission yet."""
    return ~_declared("pk", who)


def _declared(submission: str, who: Standing) -> Q:
    return Q(
        There(F(submission), model=Declaration, key="submission", each=True, person=who.person)
    )


def filed(who: Standing, at: datetime) -> Q:
    """The review is filed."""
    return Q(filed_at__isnull=False)


def unfiled(who: Standing, at: datetime) -> Q:
    """The review is a draft."""
    return Q(filed_at__isnull=True)


def author(who: Standing, at: datetime) -> Q:
    """The person is the review's author."""
    return Q(author=who.person)


def author_or_coauthor(who: Standing, at: datetime) -> Q:
    """The person writes the review, as its author or with her."""
    return Q(author=who.person) | Q(There(F("pk"), model=Coauthor, key="review", person=who.person))


def author_not_recused(who: Standing, at: datetime) -> Q:
    """The review's author has no conflict of interest: else what she wrote is sealed."""
    recused = Recusal.objects.filter(submission=OuterRef("submission"), person=OuterRef("author"))
    return ~Q(Exists(recused))


def has_filed_here(who: Standing, at: datetime) -> Q:
    """A review that the person wrote, alone or with others, is filed here."""
    return Q(_filed_review(author=who.person)) | filed_with(who.person, OuterRef("submission"))


def filed_with(person: int | None, submission: Any) -> Q:
    """That a review with ``person`` as a co-author is filed on the submission."""
    shared = Coauthor.objects.filter(person=person, review__filed_at__isnull=False)
    return Q(Exists(shared.filter(review__submission=submission)))


def own_note(who: Standing, at: datetime) -> Q:
    """The note is the person's."""
    return Q(person=who.person)


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


def letter_issued(who: Standing, at: datetime) -> Q:
    """The preliminary-issues letter is issued."""
    return Q(There(F("pk"), model=PreliminaryLetter, key="submission", each=True))


def signed(who: Standing, at: datetime) -> Q:
    """A second signer has signed."""
    return Q(signed_at__isnull=False)


def shared(who: Standing, at: datetime) -> Q:
    """It was shared with the lab."""
    return Q(shared_at__isnull=False)


def confirmed(who: Standing, at: datetime) -> Q:
    """A second keeper has confirmed the version."""
    return Q(confirmed_at__isnull=False)


def keeper(who: Standing, at: datetime) -> Q:
    """The organization is one of those that keep the criteria."""
    return Q(code__in=KEEPERS)


def for_another_keeper(who: Standing, at: datetime) -> Q:
    """Somebody else proposed it, and for another keeper than one that the person speaks for."""
    hers = Organization.objects.filter(code__in=KEEPERS, pk__in=who.organizations(KEEPING))
    others = hers.exclude(pk=OuterRef("proposed_for"))
    return ~Q(proposed_by=who.person) & Q(Exists(others))


def not_author(who: Standing, at: datetime) -> Q:
    """The person did not write it."""
    return ~Q(author=who.person)


def own_post(who: Standing, at: datetime) -> Q:
    """The post is the person's own."""
    return Q(author=who.person)


def heard_by(*audiences: Audience) -> Clause:
    """The thread has one of these audiences."""
    return lambda who, at: Q(audience__in=audiences)


def said_to(*audiences: Audience) -> Clause:
    """The post is in a thread with one of these audiences."""
    return lambda who, at: Q(thread__audience__in=audiences)


def named(who: Standing, at: datetime) -> Q:
    """The grant is the person's, or names her besides, though her own dates have passed."""
    return Q(grantee=who.person) | Q(_names(who, "pk", absent=("dropped_at",)))


def grantee(who: Standing, at: datetime) -> Q:
    """The grant is the person's, or names her besides while her own dates last."""
    hers = GrantUser.objects.in_force(at).filter(person=who.person)
    return Q(grantee=who.person) | Q(pk__in=hers.values("grant"))


def _names(who: Standing, grant: str, **columns: Any) -> There:
    """That the grant at that column names the person besides its grantee."""
    return There(F(grant), model=GrantUser, key="grant", person=who.person, **columns)


def for_partner(who: Standing, at: datetime) -> Q:
    """The grant is a trusted partner's."""
    return Q(partner__isnull=False)


def of_agency(who: Standing, at: datetime) -> Q:
    """The grant is an agency's own."""
    return Q(partner__isnull=True)


def of_own_partner(who: Standing, at: datetime) -> Q:
    """The grant is of a partner at which the person is a contact, and both have agreed to it."""
    return _of_own_partner(who, "")


def notice_of_own_partner(who: Standing, at: datetime) -> Q:
    """The notice is about such a grant."""
    return _of_own_partner(who, "grant__")


def _of_own_partner(who: Standing, path: str) -> Q:
    return Q(
        **{
            f"{path}partner__in": who.organizations(frozenset({Role.PARTNER_CONTACT})),
            f"{path}agreed_at__isnull": False,
            f"{path}consented_at__isnull": False,
        }
    )


def not_sponsor(who: Standing, at: datetime) -> Q:
    """The person did not ask for it."""
    return ~Q(requested_by=who.person)


def not_grantee(who: Standing, at: datetime) -> Q:
    """It is not for the person, and never named her."""
    return ~Q(grantee=who.person) & ~Q(_names(who, "pk"))


def grant_not_hers(who: Standing, at: datetime) -> Q:
    """It is of a grant that is not for the person, and never named her."""
    return ~Q(grant__grantee=who.person) & ~Q(_names(who, "grant"))


def not_agreer(who: Standing, at: datetime) -> Q:
    """The government's agreement to it is not the person's."""
    return ~Q(agreed_by=who.person)


def not_consenter(who: Standing, at: datetime) -> Q:
    """The lab's consent to it is not the person's."""
    return ~Q(consented_by=who.person)


def live(who: Standing, at: datetime) -> Q:
    """The grant is live, by its own times and the window's."""
    return Q(pk__in=AccessGrant.objects.live(at).values("pk"))


def of_own_lab(who: Standing, at: datetime) -> Q:
    """It is of a lab at which the person holds a lab's seat."""
    return Q(lab__in=who.organizations(LAB_ROLES))


def issued(who: Standing, at: datetime) -> Q:
    """The information request went to the lab."""
    return Q(issued_at__isnull=False)


def leads_another(who: Standing, at: datetime) -> Q:
    """The person leads an agency here that is not the one that drafted it."""
    groups = who.groups("lead_submission").items()
    ways = (
        Q(attached(held, F("submission"), "lead_submission")) & ~Q(agency=organization)
        for organization, held in groups
    )
    return reduce(or_, ways)


def own_export(who: Standing, at: datetime) -> Q:
    """The person asked for the file."""
    return Q(person=who.person)


def unexpired(who: Standing, at: datetime) -> Q:
    """The file is not finished, or still kept."""
    return Q(expires_at__isnull=True) | Q(expires_at__gt=at)


def recipient(who: Standing, at: datetime) -> Q:
    """The notice is the person's."""
    return Q(recipient=who.person)


def not_about_access(who: Standing, at: datetime) -> Q:
    """The notice is about no grant."""
    return Q(grant__isnull=True)


def of_own_grant(who: Standing, at: datetime) -> Q:
    """The notice is about an agency's grant of the person's, or one that names her."""
    hers = _names(who, "grant", absent=("dropped_at",))
    return Q(grant__partner__isnull=True) & (Q(grant__grantee=who.person) | Q(hers))


def for_administrators(who: Standing, at: datetime) -> Q:
    """The notice is about access, or is a reminder that went on to administrators."""
    return Q(grant__isnull=False) | Q(kind__in=ESCALATIONS)


def undelivered(who: Standing, at: datetime) -> Q:
    """The notice's mail was refused for good, or came back."""
    return Q(dead_at__isnull=False) | Q(bounced_at__isnull=False)


def about_access(who: Standing, at: datetime) -> Q:
    """The event is something done to a grant, or to the window that bounds it."""
    ends = [f"submission.{step}" for step in ("withdrawn", "concluded", "expired")]
    windows = Q(action__in=["submission.filed", "submission.shortened", *ends])
    return (Q(object_type="grant") | windows) & Q(outcome=audit.DONE)


def of_own_submission(who: Standing, at: datetime) -> Q:
    """The event is about a submission of the person's own lab."""
    groups = [group for there in who.groups("own_submission").values() for group in there]
    own = Submission.objects.filter(attached(groups, F("pk"), "own_submission"))
    return Q(submission__in=own.values("reference"))
