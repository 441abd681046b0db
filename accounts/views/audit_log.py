"""The audit log as auditors read it, newest first, and whether its chain holds."""

from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from accounts import audit
from accounts.forms import AuditFilter
from portal import keyset
from portal.authority import allowed
from portal.context import Link


@require_GET
def audit_list(request):
    """The events that match the filter; with ``verify``, also whether the whole chain holds."""
    events = allowed(request, "audit")
    form = AuditFilter(request.GET)
    page = keyset.page(
        request, form.rows(events), {"sequence": keyset.number}, descending=True, forget=("verify",)
    )
    verify = "verify" in request.GET
    return render(
        request,
        "accounts/audit_list.html",
        {
            "form": form,
            "page": page,
            "verified": verify,
            "broken": audit.verify() if verify else None,
            "breadcrumbs": [Link("Home", reverse("reviews:home")), Link("Audit log", "")],
        },
        status=200 if form.is_valid() else 400,
    )
