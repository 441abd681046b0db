"""A person's own page: who Foreview takes her for, and her settings."""

from django.contrib import messages
from django.db import transaction
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts import audit
from accounts.forms import ProfileForm
from accounts.models import User
from accounts.roles import Role
from portal.context import Link, seats_of


@require_http_methods(["GET", "POST"])
def profile(request):
    """Times are shown in the zone that the person chose, and keys do what she wants."""
    # A copy: a refused choice must not change the zone or name that this page itself shows.
    person = User.objects.get(pk=request.user.pk)
    form = ProfileForm(request.POST if request.method == "POST" else None, instance=person)
    if form.is_valid():
        _save(form, request)
        messages.success(request, "Your settings are saved.")
        return redirect("accounts:profile")
    return render(
        request,
        "accounts/profile.html",
        {
            "form": form,
            "seats": seats_of(request),
            "reviews": any(seat.role == Role.REVIEWER for seat in seats_of(request)),
            "expertise": request.user.expertise_tags.all(),
            "breadcrumbs": [Link("Home", reverse("reviews:home")), Link("Profile", "")],
        },
        status=422 if form.errors else 200,
    )


@transaction.atomic
def _save(form, request):
    form.save()
    person, by = form.instance, {"by": request.user, "at": request.at, "object_type": "account"}
    if "zone" in form.changed_data:
        audit.record("account.zone_changed", zone=person.zone, **by)
    if "shortcuts" in form.changed_data:
        audit.record("account.shortcuts_changed", shortcuts=person.shortcuts, **by)
