"""Who holds which seat, and giving and removing them. Pages of administrators only."""

from django.contrib import messages
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Prefetch
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from accounts import audit, seats
from accounts.exceptions import SeatRefused
from accounts.forms import AnswerForm, GiveForm, TakeForm
from accounts.models import Seat, SeatRequest
from accounts.roles import Kind, Role
from portal.authority import allowed, take_seat
from portal.context import Link


@require_GET
def seat_list(request):
    """Every organization with its seats and who holds them; first what waits to be confirmed."""
    holders = get_user_model().objects.order_by("name", "pk")
    seats_in_order = Seat.objects.select_related("group").prefetch_related(
        Prefetch("group__user_set", queryset=holders, to_attr="holders")
    )
    organizations = allowed(request, "administer_seats").prefetch_related(
        Prefetch("seats", queryset=seats_in_order.order_by("pk"), to_attr="with_holders")
    )
    waiting = SeatRequest.objects.waiting().select_related(
        "seat__organization", "person", "requested_by"
    )
    order = [kind.value for kind in Kind]
    return render(
        request,
        "accounts/seat_list.html",
        {
            "waiting": waiting.order_by("pk"),
            "organizations": [
                (organization, Kind(organization.kind).label, _rows(organization))
                for organization in sorted(
                    organizations, key=lambda row: (order.index(row.kind), row.name)
                )
            ],
            "breadcrumbs": [Link("Home", reverse("reviews:home")), Link("Seats", "")],
        },
    )


def _rows(organization):
    roles = list(Role)
    found = sorted(organization.with_holders, key=lambda seat: roles.index(Role(seat.role)))
    return [(Role(seat.role), seat.group.holders) for seat in found]


@require_http_methods(["GET", "POST"])
def seat_give(request, code):
    """A person holds one more seat at the organization, or another administrator is asked."""
    return _change(request, code, GiveForm, seats.request, "seat_give", "now holds the seat")


@require_http_methods(["GET", "POST"])
def seat_confirm(request, code):
    """A person holds the seat that another administrator asked for."""
    return _change(request, code, AnswerForm, seats.confirm, "seat_confirm", "now holds the seat")


@require_http_methods(["GET", "POST"])
def seat_decline(request, code):
    """A seat that was asked for is not given."""
    return _change(
        request, code, AnswerForm, seats.decline, "seat_decline", "is not given the seat"
    )


@require_http_methods(["GET", "POST"])
def seat_take(request, code):
    """A person no longer holds a seat at the organization."""
    return _change(request, code, TakeForm, take_seat, "seat_take", "no longer holds the seat")


def _change(request, code, kind, service, name, outcome):
    organization = get_object_or_404(allowed(request, "administer_seats"), code=code)
    asked = {key: request.GET[key] for key in ("email", "role") if key in request.GET}
    data = request.POST if request.method == "POST" else None
    form = kind(data, initial=asked, organization=organization)
    status = 200
    if form.is_valid():
        person, role = form.cleaned_data["person"], form.cleaned_data["role"]
        try:
            done = service(
                person=person, organization=organization, role=role, by=request.user, at=request.at
            )
        except SeatRefused as refusal:
            _record_refusal(request, organization, refusal)
            form.add_error(None, str(refusal))
            status = 403
        else:
            if isinstance(done, SeatRequest):
                outcome = "waits for another administrator to confirm the seat"
            label = Role(role).label.lower()
            messages.success(
                request, f"{person.name} {outcome} of {label} at {organization.short_name}."
            )
            return redirect("accounts:seat-list")
    elif form.is_bound:
        status = 422
    return render(
        request,
        f"accounts/{name}.html",
        {
            "form": form,
            "organization": organization,
            "breadcrumbs": [
                Link("Home", reverse("reviews:home")),
                Link("Seats", reverse("accounts:seat-list")),
                Link(organization.short_name, ""),
            ],
        },
        status=status,
    )


@transaction.atomic
def _record_refusal(request, organization, refusal):
    audit.record(
        f"refused.{request.resolver_match.url_name}",
        by=request.user,
        at=request.at,
        object_type="seat",
        object_reference=organization.code,
        organization=organization.code,
        outcome=audit.REFUSED,
        reason=str(refusal),
        method=request.method,
    )
