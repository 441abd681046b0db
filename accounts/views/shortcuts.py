"""The keyboard shortcuts, on a page of their own: nobody needs a script to read it."""

from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from portal.context import Link


@require_GET
def shortcut_list(request):
    """Each key and what it does, for the places that the person has."""
    breadcrumbs = [Link("Home", reverse("reviews:home")), Link("Keyboard shortcuts", "")]
    return render(request, "accounts/shortcut_list.html", {"breadcrumbs": breadcrumbs})
