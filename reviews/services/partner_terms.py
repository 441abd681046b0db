"""Publishing the terms for trusted partners, and what a version means for what is under another."""

from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from accounts import audit
from accounts.models import PersonnelRecord, User
from reviews import audience, policy
from reviews.exceptions import Conflict, NotVisible
from reviews.models import AccessGrant, PartnerTerms
from reviews.models.notice import NoticeKind
from reviews.policy import Action
from reviews.services import grants, readiness, rows, timekeeping

# How long partners usually have to accept new terms.
TO_ACCEPT = timedelta(days=14)


@transaction.atomic
def publish(text: str, *, accept_by: datetime, by: User, at: datetime) -> PartnerTerms:
    """The next version is in force, for partners to accept from now on.

    Access under an earlier version lapses at ``accept_by`` unless its partner accepts this one;
    the partners concerned are told. Raises Conflict for the text that is in force already, for a
    time that has passed, and when a partner accepted the earlier version just now.
    """
    if not policy.has_a_way(by, Action.PUBLISH_TERMS, at=at):
        raise NotVisible
    numbers = sorted(set(_under_terms(at).values_list("submission", flat=True)))
    for number in numbers:
        rows.lock_submission(number)
    at = timekeeping.after_lock(at)
    if not policy.has_a_way(by, Action.PUBLISH_TERMS, at=at):
        raise NotVisible
    before, digest = PartnerTerms.objects.last(), PartnerTerms.digest(text)
    if accept_by < at:
        raise Conflict("Enter a time by which to accept that has not passed.")
    if before is not None and before.sha256 == digest:
        raise Conflict("This is the text that is in force already.")
    terms = _next(before, text, sha256=digest, accept_by=accept_by, by=by, at=at)
    moved = list(_under_terms(at).filter(submission__in=numbers).order_by("pk"))
    # All before the first event: each locks the audit log's head, which comes last.
    people = [grant.grantee_id for grant in moved]
    list(PersonnelRecord.objects.select_for_update().filter(pk__in=people).order_by("pk"))
    for grant in moved:
        _supersede(grant, accept_by, by, at)
    audit.record(
        "terms.published",
        by=by,
        at=at,
        object_type="terms",
        object_reference=str(terms.version),
        terms_sha256=digest,
        accept_by=accept_by.isoformat(),
    )
    # The log is locked: whoever accepts from now on is asked for this version.
    if _under_terms(at).exclude(pk__in=[grant.pk for grant in moved]).exists():
        raise Conflict("A partner accepted the earlier version just now. Publish again.")
    return terms


def _next(
    before: PartnerTerms | None, text: str, *, by: User, at: datetime, **said: Any
) -> PartnerTerms:
    version = before.version + 1 if before else 1
    try:
        with transaction.atomic():
            return PartnerTerms.objects.create(
                version=version, text=text, published_at=at, published_by=by, **said
            )
    except IntegrityError as twice:
        raise Conflict(
            f"Version {version} was published just now, perhaps by a second click. Read it first."
        ) from twice


def _under_terms(at: datetime) -> Any:
    granted = AccessGrant.objects.running(at).filter(authorized_at__isnull=False)
    return granted.filter(terms__isnull=False).select_related(
        "submission", "agency", "partner", "grantee"
    )


def _supersede(grant: AccessGrant, accept_by: datetime, by: User, at: datetime) -> None:
    grant.terms_until = min(grant.terms_until or accept_by, accept_by)
    readiness.move(grant, at)
    grant.save(update_fields=["terms_until", *readiness.SET])
    grants.record("grant.lapse_set", grant, by, None, at, **readiness.lapse(grant))
    contacts = audience.contacts(grant.holder(), grant.submission)
    grants.notify(NoticeKind.TERMS_SUPERSEDED, grant, contacts, at)
