"""Information requests as the rows of a list: their words, and who may join them."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from portal import keyset
from portal.templatetags.foreview import instant_html
from reviews import policy
from reviews.models import InformationRequest
from reviews.models.information_request import RequestState
from reviews.policy import Action

# By when it was last moved; drafts are not in what a lab is shown, so no cursor tells of them.
CURSOR = {"moved_at": keyset.instant, "key": UUID}


@dataclass(frozen=True)
class Row:
    """One request, ready to print; ``joins`` are the buttons with which the reader may join."""

    asked: InformationRequest
    name: str
    agencies: str
    state: SafeString
    joins: list[dict[str, object]]


def name_of(asked):
    """What pages call it."""
    return f"Request {asked.number}" if asked.number else "Draft"


def asked_by(asked):
    """The short names of the agencies that ask, the one that drafted it first."""
    return ", ".join(party.agency.short_name for party in asked.parties.all())


def state_of(asked, at):
    """How far it is, in words, and since when."""
    words, since = {
        RequestState.DRAFT: ("Draft since", asked.drafted_at),
        RequestState.DROPPED: ("Dropped", asked.taken_back_at),
        RequestState.TAKEN_BACK: ("Taken back", asked.taken_back_at),
        RequestState.ASKED: ("Asked", asked.issued_at),
        RequestState.OVERDUE: ("Overdue since", asked.due_at),
        RequestState.ANSWERED: ("Answered", asked.answered_at),
        RequestState.UNANSWERED: (
            "No answer recorded when the window ended",
            asked.submission.over_at(at),
        ),
    }[asked.state_at(at)]
    return format_html("{} {}", words, instant_html(since))


def whole(requests):
    """The requests with all that a page says of them."""
    return requests.select_related("agency", "follows").prefetch_related("parties__agency")


def page_of(request, submission, readable):
    """A page of those requests, newest first, each with the agencies that may join it."""
    shown = whole(readable.filter(submission=submission)).annotate(
        moved_at=Coalesce("issued_at", "drafted_at")
    )
    page = keyset.page(request, shown, CURSOR, descending=True)
    for asked in page.rows:
        asked.submission = submission
    joins = joins_of(request, submission, page.rows)
    rows = [
        Row(asked, name_of(asked), asked_by(asked), state_of(asked, request.at), joins[asked.pk])
        for asked in page.rows
    ]
    return {"rows": rows, "page": page}


def joins_of(request, submission, requests):
    """By primary key, a button for each agency that the person can have join the request."""
    action = Action.JOIN_INFORMATION_REQUEST
    joinable = set(
        policy.allowed(request.user, action, at=request.at)
        .filter(pk__in=[asked.pk for asked in requests], taken_back_at=None)
        .values_list("pk", flat=True)
    )
    leading = list(policy.organizations(request.user, action, submission))
    found = {}
    for asked in requests:
        parties = {party.agency_id for party in asked.parties.all()}
        found[asked.pk] = [
            {
                "label": f"Join for {agency.short_name}",
                "url": f"{reverse('reviews:rfi-join', args=[asked.key])}?agency={agency.code}",
                "style": "outline",
                "post": True,
            }
            for agency in leading
            if asked.pk in joinable and agency.pk not in parties
        ]
    return found
