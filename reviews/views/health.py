"""How the portal's unattended parts do: an administrator's page, without any content."""

from django.shortcuts import render
from django.views.decorators.http import require_GET

from reviews.policy import Action
from reviews.services import health
from reviews.views.page import require_a_way


@require_GET
def health_detail(request):
    """Each part, its state in words, when it last worked, and what to do about it."""
    require_a_way(request, Action.OPERATE)
    found = health.facts(request.at)
    parts = health.parts(found, broker=health.broker_answers())
    wrong = [part for part in parts if part.state is health.State.NOT_WORKING]
    return render(
        request,
        "reviews/health_detail.html",
        {"parts": parts, "wrong": wrong, "sequence": found.head.sequence},
    )
