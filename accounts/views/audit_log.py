"""The audit log as auditors read it, newest first, and whether its chain holds."""

import re
from dataclasses import dataclass
from datetime import datetime

from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from accounts import audit, audit_words
from accounts.forms import AuditFilter
from accounts.models import Organization
from portal import keyset
from portal.authority import allowed
from portal.context import Link
from portal.timeline import instant_text

CODE = re.compile(r"[a-z0-9_-]+")


@dataclass(frozen=True)
class Line:
    """One event with its codes in plain words; ``event`` still has the codes."""

    event: object
    what: str
    on: str
    organization: str
    details: list[tuple[str, str]]


@require_GET
def audit_list(request):
    """The events that match the filter; with ``verify``, also whether the whole chain holds."""
    events = allowed(request, "audit")
    organizations = dict(Organization.objects.values_list("code", "short_name"))
    form = AuditFilter(request.GET, organizations=organizations)
    page = keyset.page(
        request, form.rows(events), {"sequence": keyset.number}, descending=True, forget=("verify",)
    )
    return render(
        request,
        "accounts/audit_list.html",
        {
            "form": form,
            "page": page,
            "lines": [_line(event, organizations) for event in page.rows],
            "log": audit.examine() if "verify" in request.GET else None,
            "breadcrumbs": [Link("Home", reverse("reviews:home")), Link("Audit log", "")],
        },
        status=200 if form.is_valid() else 400,
    )


def _line(event, organizations):
    return Line(
        event,
        audit_words.words(event.action),
        audit_words.plain(event.object_type).capitalize(),
        organizations.get(event.organization, event.organization),
        [
            (audit_words.label(name), _text(name, value, organizations))
            for name, value in event.details.items()
        ],
    )


def _text(name, value, organizations):
    """A detail's value as a person reads it."""
    if isinstance(value, list):
        return ", ".join(_text(name, one, organizations) for one in value) or "None"
    if name.endswith(("_at", "_until")) and value:
        return instant_text(datetime.fromisoformat(value))
    if value is None or isinstance(value, bool):
        return "Yes" if value else "No" if value is False else "None"
    text = str(value)
    return organizations.get(text) or (audit_words.plain(text) if CODE.fullmatch(text) else text)
