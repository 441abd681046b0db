"""Until when people's terms and training last, on which their access depends. Administrators'."""

from django.conf import settings
from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.views.decorators.http import require_GET, require_http_methods

from accounts.exceptions import PersonnelRefused
from accounts.forms import PersonnelFilter, PersonnelForm
from accounts.models import Seat, User
from accounts.roles import Kind
from portal import keyset
from portal.authority import allowed, record_personnel
from portal.context import Link
from portal.templatetags.foreview import instant_html

CURSOR = {"email": keyset.address}
TITLE = "Personnel records"


def _people(request):
    """Everybody who holds a seat at an agency or a partner; raises NotVisible for others."""
    allowed(request, "administer_seats")
    seats = Seat.objects.filter(organization__kind__in=[Kind.AGENCY, Kind.PARTNER])
    members = User.groups.through.objects.filter(group__in=seats.values("group"))
    return User.objects.filter(pk__in=members.values("user")).select_related("personnel_record")


@require_GET
def personnel_list(request):
    """Whose terms and training last until when, and who has an exception."""
    form = PersonnelFilter(request.GET)
    page = keyset.page(request, form.rows(_people(request), request.at), CURSOR)
    page.rows[:] = [_row(person, request) for person in page.rows]
    return render(
        request,
        "accounts/personnel_list.html",
        {
            "form": form,
            "page": page,
            "breadcrumbs": [Link("Home", reverse("reviews:home")), Link(TITLE, "")],
        },
        status=200 if form.is_valid() else 400,
    )


def _row(person, request):
    record = getattr(person, "personnel_record", None)
    return {
        "person": person,
        "terms": _until(record and record.nondisclosure_until, request.at),
        "training": _until(record and record.training_until, request.at),
        "most": record.most_grants if record else None,
        "own": person == request.user,
    }


def _until(until, at):
    if until is None:
        return "Not on record"
    return format_html("<strong>Ended</strong> {}" if until <= at else "{}", instant_html(until))


@require_http_methods(["GET", "POST"])
def personnel_edit(request, number):
    """A person's dates are these, and the access that depends on them lapses by them."""
    person = get_object_or_404(_people(request), pk=number)
    record = getattr(person, "personnel_record", None)
    names = ("nondisclosure_until", "training_until", "most_grants", "most_grants_reason")
    form = PersonnelForm(
        request.POST if request.method == "POST" else None,
        usual=settings.GRANTS_PER_PERSON,
        at=request.at,
        initial={name: getattr(record, name) for name in names} if record else {},
    )
    status = 422 if form.is_bound and not form.is_valid() else 200
    if form.is_bound and form.is_valid():
        try:
            record_personnel(person, **form.cleaned_data, by=request.user, at=request.at)
        except PersonnelRefused as refusal:
            form.add_error(None, str(refusal))
            status = 403
        else:
            messages.success(request, f"The record of {person.name} is saved.")
            return redirect("accounts:personnel-list")
    return render(
        request,
        "accounts/personnel_edit.html",
        {
            "form": form,
            "person": person,
            "breadcrumbs": [
                Link("Home", reverse("reviews:home")),
                Link(TITLE, reverse("accounts:personnel-list")),
                Link(person.name, ""),
            ],
        },
        status=status,
    )
