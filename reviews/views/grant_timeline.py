"""The timeline of access: each grant from its start to its end, drawn to scale and as a table."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import F
from django.db.models.functions import Coalesce, Greatest
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET

from portal import keyset
from portal.context import Link
from portal.templatetags.foreview import instant_html
from portal.timeline import instant_text
from reviews import policy
from reviews.models import AccessGrant
from reviews.models import grant_queries as queries
from reviews.models.grant_states import GrantState
from reviews.policy import Action
from reviews.views.page import require_a_way
from reviews.views.tracking import selection

CURSOR = {"ends_at": keyset.instant, "key": UUID}
COLUMNS = (
    *("key", "starts", "ended", "state", "authorized_at"),
    *("submission__reference", "lab__short_name"),
    *("agency__short_name", "partner__short_name", "grantee__name"),
)
# Units of the drawing: a line for the words, and below it the bar.
HEAD, LINE, BAR_TOP, BAR = 28, 40, 20, 12
# What a bar is filled with; the words beside it say the same.
COLORS = {
    GrantState.LIVE: "#00703c",
    GrantState.SUSPENDED: "#b50909",
    GrantState.SCHEDULED: "#005ea2",
}
OVER, NEVER = "#71767a", "none"


@dataclass(frozen=True, slots=True)
class Bar:
    """One grant as it is drawn and as a row of the table. ``x`` and ``width`` are percents."""

    url: str
    reference: str
    lab: str
    agency: str
    person: str
    state: str
    starts: SafeString
    ends: SafeString
    x: str
    width: str
    fill: str
    text_y: int
    bar_y: int


@dataclass(frozen=True, slots=True)
class Drawing:
    """The bars of one page on one scale; ``now_x`` is a percent, empty when now is not on it."""

    begins: str
    ends: str
    now_x: str
    height: int
    bars: list[Bar]


@require_GET
def timeline_detail(request):
    """All grants over a range of days that the person may track, by the end that was agreed."""
    require_a_way(request, Action.TRACK_GRANTS)
    form = selection(request, around_now=True)
    grants = (
        policy.allowed(request.user, Action.TRACK_GRANTS, at=request.at, each=True)
        .filter(form.condition(request.at))
        .values_list("pk", *CURSOR, named=True)
    )
    page = keyset.page(request, grants, CURSOR)
    page.rows[:] = _rows(page.rows, request.at)
    opens = policy.has_a_way(request.user, Action.VIEW_GRANT, at=request.at)
    since, until = form.range if form.is_valid() else (None, None)
    return render(
        request,
        "reviews/timeline_detail.html",
        {
            "form": form,
            "page": page,
            "drawing": _drawing(page.rows, since, until, request.at, opens) if page.rows else None,
            # The range that is shown unless another is asked for belongs to it.
            "query": urlencode(form.asked) if form.is_valid() else "",
            "may_revoke": policy.has_a_way(request.user, Action.REVOKE_GRANTS, at=request.at),
            "breadcrumbs": [
                Link("Home", reverse("reviews:home")),
                Link("Access board", reverse("reviews:board-detail")),
                Link("Timeline", ""),
            ],
        },
        status=200 if form.is_valid() else 400,
    )


def _rows(chosen, at):
    """What is said of each: asked of the page's rows alone, not of all that match."""
    numbers = [row.pk for row in chosen]
    return list(
        AccessGrant.objects.filter(pk__in=numbers)
        .annotate(
            starts=Greatest("starts_at", Coalesce(F("submission__opens_at"), F("starts_at"))),
            ended=queries.effective_end(),
            state=queries.state(at),
        )
        .order_by(*CURSOR)
        .values_list(*COLUMNS, named=True)
    )


def _drawing(rows, since, until, at, opens):
    begins = since or min(row.starts for row in rows)
    ends = max(until or max(row.ended for row in rows), begins + timedelta(hours=1))
    whole = ends - begins

    def percent(instant: datetime) -> float:
        return 100 * min(max((instant - begins) / whole, 0), 1)

    return Drawing(
        instant_text(begins),
        instant_text(ends),
        f"{percent(at):.2f}" if begins <= at <= ends else "",
        HEAD + LINE * len(rows),
        [_bar(row, number, percent, opens) for number, row in enumerate(rows)],
    )


def _bar(row, number, percent, opens):
    left, right = percent(row.starts), percent(max(row.ended, row.starts))
    state, top = GrantState(row.state), HEAD + LINE * number
    fill = COLORS.get(state, OVER) if row.authorized_at else NEVER
    return Bar(
        reverse("reviews:grant-detail", args=[row.key]) if opens else "",
        row.submission__reference,
        row.lab__short_name,
        row.partner__short_name or row.agency__short_name,
        row.grantee__name,
        state.label,
        instant_html(row.starts),
        instant_html(row.ended),
        # Never too narrow to be seen.
        f"{min(left, 99.5):.2f}",
        f"{max(right - left, 0.5):.2f}",
        fill,
        top + BAR_TOP - 6,
        top + BAR_TOP,
    )
