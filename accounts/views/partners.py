"""Trusted partners, their sectors and their contacts. Pages of administrators only."""

from django.contrib import messages
from django.db.models import Prefetch
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from accounts import partners
from accounts.forms import PartnerForm, SectorsForm
from accounts.models import User
from accounts.roles import Kind
from accounts.sectors import Sector
from portal.authority import allowed
from portal.context import Link

TITLE = "Trusted partners"


def _partners(request):
    return allowed(request, "administer_seats").filter(kind=Kind.PARTNER)


@require_GET
def partner_list(request):
    """Every trusted partner: its sectors, and its contacts, who alone can be named."""
    holders = Prefetch("seats__group__user_set", queryset=User.objects.order_by("name", "pk"))
    rows = _partners(request).prefetch_related("sectors", holders)
    return render(
        request,
        "accounts/partner_list.html",
        {"rows": [_row(partner) for partner in rows], "breadcrumbs": _trail()},
    )


def _row(partner):
    return {
        "partner": partner,
        "sectors": [Sector(one.sector).label for one in partner.sectors.all()],
        "contacts": [
            person
            for seat in partner.seats.all()
            for person in seat.group.user_set.all()
            if person.is_active
        ],
    }


@require_http_methods(["GET", "POST"])
def partner_add(request):
    """A new partner, with a seat to give to its contacts."""
    _partners(request)
    form = PartnerForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        partner = partners.found(**form.cleaned_data, by=request.user, at=request.at)
        messages.success(
            request, f"{partner.name} is set up. Give somebody of it the seat of a contact."
        )
        return redirect("accounts:seat-give", partner.code)
    return _page(request, form, "Add a trusted partner", "Add the partner")


@require_http_methods(["GET", "POST"])
def partner_edit(request, code):
    """The partner is of the sectors that are checked."""
    partner = get_object_or_404(_partners(request), code=code)
    initial = {"sectors": list(partner.sectors.values_list("sector", flat=True))}
    form = SectorsForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid():
        partners.tag(partner, **form.cleaned_data, by=request.user, at=request.at)
        messages.success(request, f"The sectors of {partner.short_name} are recorded.")
        return redirect("accounts:partner-list")
    return _page(request, form, f"Sectors of {partner.short_name}", "Save the sectors")


def _page(request, form, title, submit):
    return render(
        request,
        "accounts/partner_edit.html",
        {"form": form, "title": title, "submit": submit, "breadcrumbs": _trail(title)},
        status=422 if form.is_bound else 200,
    )


def _trail(*below):
    found = [Link("Home", reverse("reviews:home"))]
    if below:
        found.append(Link(TITLE, reverse("accounts:partner-list")))
    return [*found, Link(below[0] if below else TITLE, "")]
