"""One page of every kind that a person can reach by links, for what must hold of each."""

from urllib.parse import urlsplit

from django.urls import Resolver404, resolve

from tests.people import SEATS

PEOPLE = [code for code in SEATS if code not in ("disabled", "northlight_admin", "dod_lead")]
# What is no page, or ends the walk.
NEVER = {
    *("accounts:sign-out", "reviews:version-download", "reviews:feed-download"),
    *("reviews:grants-export", "reviews:export-download", "reviews:submissions-export"),
    *("reviews:report-download", "reviews:letter-download"),
}


def walk(visit):
    """(URL name, path, page) of each; ``visit`` answers a path's page and the links on it."""
    waiting, seen = ["/"], set()
    while waiting:
        path = waiting.pop(0)
        try:
            name = resolve(urlsplit(path).path).view_name
        except Resolver404:
            continue
        if name in seen or name in NEVER:
            continue
        seen.add(name)
        page, links = visit(path)
        yield name, path, page
        waiting += links
