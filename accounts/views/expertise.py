"""Which fields a reviewer knows: said by herself, or by a lead of an agency where she reviews."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts import expertise
from accounts.forms import ExpertiseForm
from accounts.models import Seat, User
from accounts.roles import Role
from portal.authority import led_agencies
from portal.context import Link


def _reviewers(request):
    """Herself, if she is a reviewer, and the reviewers of agencies that she leads."""
    seats = Seat.objects.filter(role=Role.REVIEWER)
    here = seats.filter(organization__in=led_agencies(request))
    members = User.groups.through.objects
    led = members.filter(group__in=here.values("group"))
    own = members.filter(user=request.user, group__in=seats.values("group"))
    return User.objects.filter(pk__in=led.values("user")) | User.objects.filter(
        pk__in=own.values("user")
    )


@require_http_methods(["GET", "POST"])
def expertise_edit(request, number):
    """The reviewer knows the fields that were chosen and no others."""
    person = get_object_or_404(_reviewers(request), pk=number)
    own = person == request.user
    form = ExpertiseForm(
        request.POST if request.method == "POST" else None,
        initial={"tags": [one.tag for one in person.expertise_tags.all()]},
    )
    if form.is_valid():
        expertise.tag(person, tags=form.cleaned_data["tags"], by=request.user, at=request.at)
        messages.success(request, f"The expertise of {person.name} is saved.")
        return redirect("accounts:profile" if own else "reviews:workload-list")
    above = ("Profile", "accounts:profile") if own else ("Workload", "reviews:workload-list")
    return render(
        request,
        "accounts/expertise_edit.html",
        {
            "form": form,
            "person": person,
            "back": reverse(above[1]),
            "breadcrumbs": [
                Link("Home", reverse("reviews:home")),
                Link(above[0], reverse(above[1])),
                Link("Expertise", ""),
            ],
        },
        status=422 if form.errors else 200,
    )
