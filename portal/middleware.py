"""What every request passes: one clock reading, a signed-in person, errors with a status.

The one place where a domain error becomes an HTTP answer, and where a refusal is recorded,
after the transaction that refused has rolled back.
"""

import zoneinfo
from functools import cache
from http import HTTPStatus
from urllib.parse import urlencode

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.core.exceptions import RequestDataTooBig
from django.db import transaction
from django.db.models import F
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from accounts import audit
from accounts.exceptions import SeatRefused
from accounts.models import Seat
from portal import errors
from reviews import exceptions
from reviews.rules import RECUSED, Standing
from reviews.services import inbox, timekeeping

STATUSES = [
    (exceptions.NotVisible, 404),
    (exceptions.NotPermitted, 403),
    (SeatRefused, 403),
    (exceptions.Conflict, 409),
    (exceptions.Unavailable, 503),  # from a service that read the clock again
    (RequestDataTooBig, 413),
]
RECORDED = (exceptions.NotVisible, exceptions.NotPermitted, SeatRefused)


def private_pages(get_response):
    """No dynamic answer is kept by a browser or a proxy."""

    def middleware(request):
        response = get_response(request)
        response.setdefault("Cache-Control", "no-store, private")
        return response

    return middleware


class RequestClock:
    """``request.at`` is the request's instant; times are shown in the viewer's zone.

    ``request.unread()`` is what a page with the navigation says of the person's inbox.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        request.unread = cache(lambda: _unread(request))
        return self.get_response(request)

    def process_view(self, request, view, args, kwargs):
        if _for_machines(request):
            return None
        try:
            request.at = timekeeping.now()
        except exceptions.Unavailable as error:
            return errors.page(request, 503, str(error))
        if request.user.is_authenticated:
            if request.method in ("GET", "HEAD"):
                _read_standing(request)
            request.user.source = audit.source_of(request.META)
            timezone.activate(zoneinfo.ZoneInfo(request.user.zone))
        else:
            timezone.deactivate()
        return None


def _for_machines(request):
    """Whether a probe asks, for whom no page is dressed."""
    match = request.resolver_match
    return match is not None and getattr(match.func, "for_machines", False)


def _read_standing(request):
    """One reading serves the whole page; a write reads anew behind its lock."""
    seats = Seat.objects.held_by(request.user).select_related("organization")
    held = list(seats.annotate(recused=F(RECUSED)).order_by("pk"))
    request.chrome_seats = list({seat.pk: seat for seat in held}.values())
    request.user.standing = Standing.read(
        request.user, [(s.group_id, s.role, s.organization_id, s.recused) for s in held]
    )


def _unread(request):
    """How many notices the inbox shows as unread, in digits; nothing for none."""
    found = inbox.unread(request.user)
    return f"{inbox.COUNTED}+" if found > inbox.COUNTED else str(found or "")


class SignInRequired(LoginRequiredMiddleware):
    """Every view asks for sign-in unless it says otherwise; a form sent too late is kept."""

    def process_view(self, request, view_func, view_args, view_kwargs):
        if _for_machines(request):
            return None  # not even asked who it is, which would read a session
        return super().process_view(request, view_func, view_args, view_kwargs)

    def handle_no_permission(self, request, view_func):
        if request.method == "POST":
            return errors.signed_out_form(request)
        return super().handle_no_permission(request, view_func)


class DomainErrors:
    """A domain error is answered in the portal's dress, and a refusal enters the log."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        if response.status_code != HTTPStatus.METHOD_NOT_ALLOWED or _for_machines(request):
            return response
        dressed = errors.page(request, response.status_code)
        dressed["Allow"] = response["Allow"]
        return dressed

    def process_exception(self, request, exception):
        if isinstance(exception, exceptions.DeclarationNeeded):
            return _declare_first(request, exception.reference)
        for kind, status in STATUSES:
            if isinstance(exception, kind):
                if isinstance(exception, RECORDED):
                    _record_refusal(request, exception)
                return errors.page(request, status, str(exception))
        return None


def _declare_first(request, reference):
    """To the declaration, which leads back to where she was going."""
    page = reverse("reviews:declaration-file", args=[reference])
    return redirect(f"{page}?{urlencode({'next': request.get_full_path()})}")


@transaction.atomic
def _record_refusal(request, exception):
    match = request.resolver_match
    audit.record(
        f"refused.{match.url_name}",
        by=request.user if request.user.is_authenticated else audit.nobody(request.META),
        at=request.at,
        object_type=match.url_name.partition("-")[0],
        object_reference=errors.reference(match),
        outcome=audit.REFUSED,
        reason="" if isinstance(exception, exceptions.NotVisible) else str(exception),
        method=request.method,
    )
