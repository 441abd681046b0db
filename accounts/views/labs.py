"""Labs and how large each is. Pages of administrators only."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from accounts import labs
from accounts.forms import SizeForm
from accounts.roles import Kind
from portal import keyset
from portal.authority import allowed
from portal.context import Link

TITLE = "Labs"
CURSOR = {"code": keyset.reference}


def _labs(request):
    return allowed(request, "administer_seats").filter(kind=Kind.LAB)


@require_GET
def lab_list(request):
    """Every lab and its size, by code."""
    return render(
        request,
        "accounts/lab_list.html",
        {"page": keyset.page(request, _labs(request), CURSOR), "breadcrumbs": _trail()},
    )


@require_http_methods(["GET", "POST"])
def lab_edit(request, code):
    """The lab is of the size that is chosen."""
    lab = get_object_or_404(_labs(request), code=code)
    form = SizeForm(request.POST if request.method == "POST" else None, initial={"size": lab.size})
    if form.is_valid():
        labs.measure(lab, **form.cleaned_data, by=request.user, at=request.at)
        messages.success(request, f"The size of {lab.short_name} is recorded.")
        return redirect("accounts:lab-list")
    title = f"Size of {lab.short_name}"
    return render(
        request,
        "accounts/lab_edit.html",
        {"form": form, "title": title, "breadcrumbs": _trail(title)},
        status=422 if form.is_bound else 200,
    )


def _trail(*below):
    found = [Link("Home", reverse("reviews:home"))]
    if below:
        found.append(Link(TITLE, reverse("accounts:lab-list")))
    return [*found, Link(below[0] if below else TITLE, "")]
