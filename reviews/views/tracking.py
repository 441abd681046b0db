"""The access board: what access there is now and what needs attention; and the file of it.

Administrators and auditors see all of it and no content; a lab sees its own models' alone.
"""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.core.exceptions import BadRequest
from django.db.models import Exists, OuterRef, Q
from django.http import StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET

from accounts.models import Organization
from accounts.roles import Kind
from portal.context import Link
from portal.templatetags.foreview import instant_html
from reviews import policy, prepared
from reviews.forms.grant_selection import GrantSelection
from reviews.models import AccessGrant
from reviews.models import grant_queries as queries
from reviews.policy import Action
from reviews.rules import Standing
from reviews.services import grant_export, tracking
from reviews.services.tracking import Tracked
from reviews.views import home_access
from reviews.views.page import require_a_way

TITLE = "Access board"
OWN = 10  # grants on the board of a lab; the list has them all


@dataclass(frozen=True, slots=True)
class Count:
    """One count, and the timeline of what it counts."""

    label: str
    count: int
    url: str


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a breakdown, ready to print."""

    name: str
    url: str
    cells: SafeString


@dataclass(frozen=True, slots=True)
class Row:
    """One grant to a lab's own model that is not over: who, where, until when, and its end."""

    who: str
    agency: str
    environment: str
    model: str
    ends: SafeString
    state: str
    url: str
    revoke_url: str


@require_GET
def board_detail(request):
    """How much access there is in each state, by whose it is; for a lab, each grant as well."""
    require_a_way(request, Action.TRACK_GRANTS)
    of_lab = policy.has_a_way(request.user, Action.ATTEST_FOR_LAB, at=request.at)
    by = request.GET.get("by", "agency" if of_lab else "lab")
    if by not in tracking.BREAKDOWNS:
        raise BadRequest("The board is divided by lab, agency, partner, sector or grantee.")
    board = tracking.board(request.user, by, at=request.at)
    context = {
        "counts": [Count(one.label, board.counts[one], _listed(state=one)) for one in Tracked],
        "columns": [one.label for one in Tracked],
        "by": tracking.BREAKDOWNS[by].label,
        "ways": [
            Link(way.label, f"?by={name}#by", "true" if name == by else "")
            for name, way in tracking.BREAKDOWNS.items()
        ],
        "lines": [_line(by, line) for line in board.lines],
        "most": tracking.SHOWN,
        "may_revoke": policy.has_a_way(request.user, Action.REVOKE_GRANTS, at=request.at),
        "breadcrumbs": [Link("Home", reverse("reviews:home")), Link(TITLE, "")],
    }
    if of_lab:
        context["own"] = _of_own_models(request)
        context["shown"] = OWN
        context["closeouts"] = home_access.closeouts_of_lab(request, ())
    return render(request, "reviews/board_detail.html", context)


@require_GET
def grants_export(request):
    """The grants of the same filter as a file; that it was made is on record."""
    require_a_way(request, Action.EXPORT_GRANTS)
    form = selection(request)
    if not form.is_valid():
        return redirect(f"{reverse('reviews:timeline-detail')}?{request.GET.urlencode()}")
    lines = grant_export.export(
        form.condition(request.at), asked=form.asked, by=request.user, at=request.at
    )
    return StreamingHttpResponse(
        lines,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="access.csv"'},
    )


def selection(request, *, around_now=False):
    """The filter that the address carries; its choices betray no lab to another."""
    every = policy.has_a_way(request.user, Action.OVERSEE_CLOSEOUT, at=request.at)
    own = policy.allowed(request.user, Action.DRAFT, at=request.at)
    grants = policy.allowed(request.user, Action.TRACK_GRANTS, at=request.at, each=True)
    theirs = Q(kind=Kind.PARTNER) & Exists(grants.filter(partner=OuterRef("pk")))
    own = Q(pk__in=own.values("pk")) | theirs
    whose = Q(kind__in=[Kind.LAB, Kind.PARTNER]) if every else own
    offered = list(Organization.objects.filter(Q(kind=Kind.AGENCY) | whose))
    return GrantSelection(
        request.GET,
        labs=[one for one in offered if one.kind == Kind.LAB],
        agencies=[one for one in offered if one.kind == Kind.AGENCY],
        partners=[one for one in offered if one.kind == Kind.PARTNER],
        at=request.at if around_now else None,
    )


def _listed(**asked):
    return f"{reverse('reviews:timeline-detail')}?{urlencode(asked)}"


def _line(breakdown, line):
    url = _listed(**{breakdown: line.code})
    cells = (_cell(url, one, line.counts[one]) for one in Tracked)
    return Line(line.name, url, SafeString("".join(cells)))


def _cell(url, counted, number):
    # Numbers between words of ours: a template would take longer over them than the database.
    said = number and f'<a class="usa-link" href="{escape(url)}&amp;state={counted}">{number}</a>'
    return f'<td data-label="{counted.label}">{said}</td>'


def _of_own_models(request):
    """The first of the lab's grants that are not over, by the end that was agreed."""
    first = prepared.rows(_first_of_own, Standing.of(request.user), at=request.at)
    grants = (
        AccessGrant.objects.filter(pk__in=[pk for (pk,) in first])
        .select_related("submission__model_version", "agency", "partner", "grantee")
        .prefetch_related("suspensions")
        .order_by("ends_at", "key")
    )
    return [_row(grant, request.at) for grant in grants]


def _first_of_own(who):
    at = prepared.AT
    own = policy.rows(who, Action.ATTEST_FOR_LAB, at, each=True)
    return own.filter(queries.running_by_end(at)).order_by("ends_at", "key").values_list("pk")[:OWN]


def _row(grant, at: datetime):
    return Row(
        grant.grantee.name,
        grant.holder().short_name,
        grant.environment,
        str(grant.submission.model_version),
        instant_html(grant.effective_end()),
        grant.state_at(at).label,
        grant.get_absolute_url(),
        reverse("reviews:grant-revoke", args=[grant.key]) if grant.revocable_at(at) else "",
    )
