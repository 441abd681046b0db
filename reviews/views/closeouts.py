"""Closeouts of access that has ended, for administrators and auditors: who still owes one.

No content, and no word of what an exception is: that there is one.
"""

from dataclasses import dataclass
from uuid import UUID

from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET

from portal import keyset
from portal.context import Link
from portal.templatetags.foreview import instant_html
from reviews.forms.access_grants import CloseoutFilter
from reviews.models.access_grant import CLOSEOUT_DUE, CLOSEOUT_OVERDUE
from reviews.policy import Action, allowed, has_a_way
from reviews.views.grant_rows import closeout
from reviews.views.page import require_a_way

CURSOR = {"ends_at": keyset.instant, "key": UUID}


@dataclass(frozen=True, slots=True)
class Row:
    """One closeout, ready to print."""

    url: str
    reference: str
    lab: str
    agency: str
    ended: SafeString
    by_agency: SafeString
    by_lab: SafeString


@require_GET
def closeout_list(request):
    """Whose access ended, and which side has attested its closeout; first what is overdue."""
    require_a_way(request, Action.OVERSEE_CLOSEOUT)
    form = CloseoutFilter(request.GET)
    grants = allowed(request.user, Action.OVERSEE_CLOSEOUT, at=request.at)
    opens = has_a_way(request.user, Action.ADMINISTER, at=request.at)
    shown = form.rows(grants, request.at).select_related(
        "submission__model_version__lab", "agency", "partner"
    )
    page = keyset.page(request, shown, CURSOR)
    page.rows[:] = [_row(grant, request.at, opens) for grant in page.rows]
    return render(
        request,
        "reviews/closeout_list.html",
        {
            "form": form,
            "page": page,
            "due": CLOSEOUT_DUE.days,
            "overdue": CLOSEOUT_OVERDUE.days,
            "which": form.which,
            "breadcrumbs": [Link("Home", reverse("reviews:home")), Link("Closeouts", "")],
        },
        status=200 if form.is_valid() else 400,
    )


def _row(grant, at, opens):
    return Row(
        grant.get_absolute_url() if opens else "",
        grant.submission.reference,
        grant.submission.lab.short_name,
        grant.holder().short_name,
        instant_html(grant.over_at(at)),
        closeout(grant, at, "agency"),
        closeout(grant, at, "lab"),
    )
