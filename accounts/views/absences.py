"""Out of office: when a person is away, and who gets copies of her notices meanwhile."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from accounts import absences
from accounts.exceptions import AbsenceRefused
from accounts.forms import AbsenceForm
from accounts.models import Absence
from portal import keyset
from portal.context import Link


@require_http_methods(["GET", "POST"])
def absence_add(request):
    """The person is away when she says so; here stand her absences, and whom she stands in for."""
    form = AbsenceForm(request.POST if request.method == "POST" else None, person=request.user)
    status = 200
    if form.is_valid():
        try:
            absences.add(**form.cleaned_data, by=request.user, at=request.at)
        except AbsenceRefused as refusal:
            form.add_error(refusal.field, str(refusal))
        else:
            name = form.cleaned_data["delegate"].name
            messages.success(request, f"Noted. {name} gets copies of your notices meanwhile.")
            return redirect("accounts:absence-add")
    if form.errors:
        status = 422
    to_come = Absence.objects.filter(ends_at__gt=request.at).order_by("starts_at")
    return render(
        request,
        "accounts/absence_add.html",
        {
            "form": form,
            "own": [
                (absence, absence.starts_at <= request.at)
                for absence in to_come.filter(person=request.user).select_related("delegate")
            ],
            "stands_in": to_come.filter(delegate=request.user)
            .with_delegate()
            .select_related("person"),
            "breadcrumbs": [
                Link("Home", reverse("reviews:home")),
                Link("Profile", reverse("accounts:profile")),
                Link("Out of office", ""),
            ],
        },
        status=status,
    )


@require_POST
def absence_end(request):
    """The absence that began, or begins, at the instant sent has ended."""
    try:
        starts_at = keyset.instant(request.POST.get("starts_at", ""))
    except ValueError:
        raise Http404 from None
    absence = get_object_or_404(Absence, person=request.user, starts_at=starts_at)
    absences.end(absence, by=request.user, at=request.at)
    messages.success(request, "Your absence has ended. Copies of your notices go to nobody.")
    return redirect("accounts:absence-add")
