"""Files that the scanner did not pass, for auditors: kept as evidence, opened by nobody."""

from uuid import UUID

from django.shortcuts import render
from django.views.decorators.http import require_GET

from portal import keyset
from reviews import policy
from reviews.policy import Action
from reviews.services import scanning
from reviews.views.page import require_a_way

CURSOR = {"scanned_at": keyset.instant, "storage_key": UUID}


@require_GET
def quarantine_list(request):
    """Each file in quarantine by its hash, the last found first; neither its name nor its bytes."""
    require_a_way(request, Action.AUDIT_QUARANTINE)
    found = policy.allowed(request.user, Action.AUDIT_QUARANTINE, at=request.at)
    rows = found.select_related("document__submission__model_version__lab")
    return render(
        request,
        "reviews/quarantine_list.html",
        {
            "page": keyset.page(request, rows, CURSOR, descending=True),
            "scanner": scanning.name(),
        },
    )
