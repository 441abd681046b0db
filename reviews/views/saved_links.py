"""A person's saved filters as links, for the page of the list that they are of."""

from django.urls import reverse

from portal.context import Link
from reviews.services import saved_filters


def links(request, place, list_name):
    """A link for each filter of the list that the person keeps, by name: one query."""
    kept = saved_filters.of(request.user, place).values_list("name", "query")
    return [Link(name, f"{reverse(list_name)}?{query}") for name, query in kept]
