"""Who had access to which model at a past instant: asked of the audit log, page by page."""

from collections.abc import Collection
from datetime import datetime

from django.db.models import Q, QuerySet

from accounts import audit
from accounts.models import AuditEvent, User
from reviews import policy
from reviews.models.grant_states import GrantState
from reviews.policy import Action
from reviews.services import partners
from reviews.services.grant_replay import GRANT_EVENTS, WINDOW_EVENTS, PastGrant, replay


def events_by(then: datetime, *, for_: User, at: datetime) -> QuerySet[AuditEvent]:
    """The events up to and with ``then`` from which ``for_`` may learn, at ``at``, of access."""
    seen: QuerySet[AuditEvent] = policy.allowed(for_, Action.VIEW_PAST_ACCESS, at=at)
    return seen.filter(action__in=[*GRANT_EVENTS, *WINDOW_EVENTS], at__lte=then)


def requests(events: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
    """Those of ``events`` that each begin a grant."""
    return events.filter(action="grant.requested")


def not_over(
    events: QuerySet[AuditEvent], then: datetime, states: Collection[GrantState]
) -> list[str]:
    """The keys of the grants that were in one of ``states`` at ``then``; none of which is over.

    What is not over has its window open, and no window is longer than 720 hours: so its request,
    and the filing before it, lie within those hours before ``then``. A partner's is asked for and
    over within twice as long. No event before that is read.
    """
    first = then - partners.PROPOSED_WITHIN - partners.LONGEST
    recent = events.filter(at__gt=first).order_by("sequence")
    told = replay(recent.only(*READ).iterator(chunk_size=2000))
    return [
        key
        for key, grant in told.items()
        if (grant.partner or grant.submission.opens_at) and grant.state_at(then) in states
    ]


READ = ("action", "at", "actor", "organization", "object_reference", "submission", "details")


def told_of(
    events: QuerySet[AuditEvent], begun: Collection[AuditEvent]
) -> tuple[list[PastGrant], list[AuditEvent]]:
    """(the grants that the requests ``begun`` began, all events from which that is known)."""
    keys = [request.object_reference for request in begun]
    theirs = Q(object_reference__in=keys) | Q(action__in=list(WINDOW_EVENTS))
    submissions = {request.submission for request in begun}
    read = list(events.filter(theirs, submission__in=submissions).order_by("sequence"))
    told = replay(read)
    return [told[key] for key in keys], read


def altered(read: Collection[AuditEvent]) -> list[AuditEvent]:
    """Those of the events that are not as they were recorded."""
    return [event for event in read if audit.digest(event) != event.sha256]
