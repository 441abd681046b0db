"""What tests of information requests share: who does a step, and what was told and recorded."""

import uuid

from accounts.models import AuditEvent
from reviews.models import InformationRequest, Notice
from reviews.services import information_requests
from tests import factories


def told(kind):
    """The names of those who have a notice of that kind."""
    return set(Notice.objects.filter(kind=kind).values_list("recipient__name", flat=True))


def state(asked, at):
    """How far the request is, as it is saved now."""
    return InformationRequest.objects.get(pk=asked.pk).state_at(at)


def last_event():
    return AuditEvent.objects.order_by("-sequence").values_list("action", "organization").first()


def draft(submission, agency, by, **changes):
    """A draft by that person for the agency with that code."""
    facts = {"subject": "Scaffold", "question": "Which?", "key": uuid.uuid4()} | changes
    return information_requests.draft(
        submission, agency=factories.organization(agency), by=by, at=factories.now(), **facts
    )


def join(asked, people, agency):
    return information_requests.join(
        asked,
        agency=factories.organization(agency),
        by=getattr(people, f"{agency}_lead"),
        at=factories.now(),
    )


def take_back(asked, by, reason="Answered by the card."):
    return information_requests.take_back(asked, reason=reason, by=by, at=factories.now())
