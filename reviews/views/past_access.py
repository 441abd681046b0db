"""Who had access to which lab's model at a past instant, by the audit log alone.

No content: a submission's reference, the parties, the level, the times. A lab learns of its own
models, and no number that counts what others do.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from django.http import QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET

from accounts import audit
from accounts.models import Organization, User
from portal import keyset
from portal.context import Link
from portal.templatetags.foreview import instant_html
from reviews.forms.past_access import PastAccessFilter
from reviews.models.grant_states import GrantState
from reviews.models.package import AccessLevel
from reviews.policy import Action, allowed, has_a_way
from reviews.services import grants_as_of
from reviews.services.grant_replay import LATEST
from reviews.views.page import require_a_way

CURSOR = {"at": keyset.instant, "object_reference": lambda text: str(UUID(text))}
# A log up to this long is verified whenever the page is asked for; a longer one when asked to.
VERIFIED_AT_ONCE = 10_000
UNKNOWN = "Not recorded"


@dataclass(frozen=True, slots=True)
class Row:
    """One grant as it was then, ready to print; ``url`` and ``model`` may be empty."""

    lab: str
    model: str
    reference: str
    url: str
    people: list[tuple[str, str]]
    agency: str
    level: str
    starts: SafeString | str
    ends: SafeString | str
    state: str
    since: SafeString
    doubt: str
    altered: bool


@dataclass(frozen=True, slots=True)
class Evidence:
    """What an answer rests on: the log's last event by then, and whether the log holds.

    ``number`` is None for a lab: it counts what others did. ``broken`` is the first break, if
    ``verified``; ``altered`` are the numbers of events read that were changed.
    """

    number: int | None
    sha256: str
    at: datetime
    verified: bool
    broken: str | None
    altered: list[int]


@require_GET
def past_list(request):
    """Who had live access at the instant asked for, or every grant as it then was."""
    require_a_way(request, Action.VIEW_PAST_ACCESS)
    form = PastAccessFilter(request.GET, now=request.at)
    context = {
        "form": form,
        "breadcrumbs": [Link("Home", reverse("reviews:home")), Link("Past access", "")],
    }
    if form.is_valid():
        context |= _answer(request, form)
    return render(
        request, "reviews/past_list.html", context, status=200 if form.is_valid() else 400
    )


def _answer(request, form):
    then = form.cleaned_data["at"]
    verify = "verify" in request.GET
    request.GET = _in_utc(request.GET, then)
    events = grants_as_of.events_by(then, for_=request.user, at=request.at)
    begun = grants_as_of.requests(events)
    if form.cleaned_data["submission"]:
        begun = begun.filter(submission=form.cleaned_data["submission"].upper())
    if form.states is not None:
        keys = grants_as_of.not_over(events, then, form.states)
        begun = begun.filter(object_reference__in=keys)
    page = keyset.page(request, begun, CURSOR, descending=True)
    told, read = grants_as_of.told_of(events, page.rows)
    altered = grants_as_of.altered(read)
    oversees = has_a_way(request.user, Action.OVERSEE_PAST_ACCESS, at=request.at)
    page.rows[:] = _rows(request, told, altered, then, oversees)
    last = audit.last_by(then) if oversees else events.order_by("-sequence").first()
    return {
        "then": then,
        "page": page,
        "oversees": oversees,
        "address": request.GET.urlencode(),
        "evidence": last and _evidence(last, altered, oversees, verify),
    }


def _in_utc(asked, then) -> QueryDict:
    """The address with the instant in UTC: it means the same in every reader's zone."""
    kept = asked.copy()
    for name in ("at_month", "at_day", "at_year", "at_time", "verify"):
        kept.pop(name, None)
    kept["at"] = then.astimezone(UTC).isoformat()
    return kept


def _evidence(last, altered, oversees, verify):
    verified = oversees and (verify or last.sequence <= VERIFIED_AT_ONCE)
    return Evidence(
        last.sequence if oversees else None,
        last.sha256,
        last.at,
        verified,
        audit.verify_to(last.sequence) if verified else None,
        [event.sequence for event in altered],
    )


def _rows(request, told, altered, then, oversees):
    visible = allowed(request.user, Action.VIEW_GRANT, at=request.at)
    keys = [grant.key for grant in told]
    shown = {
        str(row.key): row
        for row in visible.filter(key__in=keys).select_related("submission__model_version")
    }
    everyone = {who for grant in told for who in grant.people_at(then)}
    names = dict(User.objects.filter(email__in=everyone).values_list("email", "name"))
    codes = {grant.submission.lab for grant in told}
    labs = dict(Organization.objects.filter(code__in=codes).values_list("code", "short_name"))
    changed = {event.object_reference for event in altered}
    return [
        _row(
            grant,
            then,
            lab=labs.get(grant.submission.lab, grant.submission.lab),
            row=shown.get(grant.key),
            people=[
                (names.get(who) or who or UNKNOWN, who if oversees else "")
                for who in grant.people_at(then)
            ],
            oversees=oversees,
            altered=bool(changed & {grant.key, grant.submission.reference}),
        )
        for grant in told
    ]


def _row(grant, then, *, lab, row, people, oversees, altered):
    state, reason, end = grant.state_at(then), grant.end_reason_at(then), grant.effective_end()
    over = grant.declined_at or grant.over_at(then)
    label = state.label
    if state is GrantState.SUSPENDED:
        sides = ", ".join(sorted(side for side in grant.sides if side))
        label += f" by: {sides}" if sides else ""
    elif over and reason:
        label += f". {reason.label}"
    elif over:
        label += ". Why is not on record"
    return Row(
        lab,
        "" if oversees or row is None else str(row.submission.model_version),
        grant.submission.reference,
        row.get_absolute_url() if row else "",
        people,
        grant.partner or grant.agency or UNKNOWN,
        AccessLevel(grant.access_level).label if grant.access_level else "Level not recorded",
        UNKNOWN if "start" in grant.missing else instant_html(grant.starts_at),
        UNKNOWN if end == LATEST else instant_html(end),
        label,
        instant_html(over),
        " and ".join(sorted(grant.in_doubt_at(then))),
        altered,
    )
