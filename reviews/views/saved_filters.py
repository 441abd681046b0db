"""Filters that a person keeps for a list: naming one, and removing it again."""

from urllib.parse import urlencode

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from portal.context import Link
from reviews.exceptions import Conflict, NotVisible
from reviews.forms.saved_filters import SavedFilterForm
from reviews.forms.submissions import SubmissionFilter
from reviews.models.saved_filter import FilterPlace
from reviews.services import saved_filters
from reviews.views import grant_rows
from reviews.views.page import invalid, refused
from reviews.views.saved_links import links

# Each list by its title and URL name, and its form as the page itself makes it.
PLACES = {
    FilterPlace.SUBMISSIONS: (
        *("Submissions", "reviews:submission-list"),
        lambda request: SubmissionFilter(request.GET),
    ),
    FilterPlace.ACCESS: ("Access", "reviews:grant-list", grant_rows.filter_of),
}


@require_http_methods(["GET", "POST"])
def filter_add(request, place):
    """The filter that the address carries is kept under a name; those kept are shown."""
    place = _place(place)
    title, list_name, make = PLACES[place]
    wanted = make(request)
    if not wanted.is_valid():
        return redirect(f"{reverse(list_name)}?{request.GET.urlencode()}")
    query = urlencode(wanted.asked)
    form = SavedFilterForm(request.POST if request.method == "POST" else None)
    status = invalid(form)
    if form.is_valid():
        if not query:
            raise Conflict("This filter shows everything. Choose what to show, then save it.")
        name = form.cleaned_data["name"]
        try:
            saved_filters.save(place, name=name, query=query, by=request.user, at=request.at)
        except Conflict as error:
            status = refused(form, error, "name")
        else:
            messages.success(request, f"The filter “{name}” is saved.")
            return redirect(f"{reverse(list_name)}?{query}")
    return render(
        request,
        "reviews/filter_add.html",
        {
            "form": form,
            "place": place.value,
            "shown": [(wanted.fields[name].label, _words(wanted, name)) for name in wanted.asked],
            "saved": links(request, place, list_name),
            "list_url": f"{reverse(list_name)}?{query}",
            "breadcrumbs": [
                Link("Home", reverse("reviews:home")),
                Link(title, reverse(list_name)),
                Link("Saved filters", ""),
            ],
        },
        status=status,
    )


@require_POST
def filter_end(request, place):
    """The person's filter of the name sent is kept no longer."""
    place = _place(place)
    name = request.POST.get("name", "").replace("\0", "")
    if saved_filters.remove(place, name=name, by=request.user, at=request.at):
        messages.success(request, f"The filter “{name}” is removed.")
    return redirect("reviews:filter-add", place.value)


def _place(text):
    """The list of that name. Raises NotVisible for one that keeps no filters."""
    if text not in list(FilterPlace):
        raise NotVisible
    return FilterPlace(text)


def _words(form, name):
    value = form.asked[name]
    return dict(getattr(form.fields[name], "choices", ())).get(value, value)
