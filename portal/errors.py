"""Error pages in the portal's dress. A 404 is the same bytes whatever its cause.

A form that is refused before its view runs, for want of a token or of sign-in, is on record
and keeps what was typed for the person it was drawn for, and for nobody else.
"""

import logging
import sys

from django.core.exceptions import RequestDataTooBig
from django.db import Error, transaction
from django.shortcuts import redirect, render
from django.utils.crypto import constant_time_compare
from django.views.decorators.csrf import requires_csrf_token

from accounts import audit
from portal import outage
from portal.templatetags import typist
from reviews.exceptions import Unavailable
from reviews.services import timekeeping

log = logging.getLogger(__name__)
SIGN_IN = ("accounts:sign-in", "demo:sign-in")
SIGN_OUT = "accounts:sign-out"
# What a refused form carries on is text that its own page will check again; never a secret.
NOT_CARRIED = {"csrfmiddlewaretoken", "password", typist.FIELD}
# The answers to a form that came too late show its long texts, which are work.
KEEPING = (403, 404, 409)
LONG = 40


def page(request, status, message=""):
    """The error page of ``status``; a 404 says nothing of its cause."""
    context = {} if status == 404 else {"message": message}
    if status in KEEPING and (typed := _typed(request)):
        context["typed"] = typed
    response = render(request, f"{status}.html", context, status=status)
    if status == 503:
        response["Retry-After"] = str(outage.RETRY_SECONDS)
    return response


@requires_csrf_token
def bad_request(request, exception=None):
    return page(request, 413 if isinstance(exception, RequestDataTooBig) else 400)


@requires_csrf_token
def permission_denied(request, exception=None):
    return page(request, 403)


@requires_csrf_token
def not_found(request, exception=None):
    return page(request, 404)


@requires_csrf_token
def server_error(request):
    """What no page foresaw. Django calls it wherever it happened, in any middleware too."""
    error = sys.exception()
    if outage.is_outage(error):
        return outage.page(error)
    try:
        return page(request, 500)
    except Error as failure:  # which the chrome of the page asks who is signed in
        return outage.page(failure)


def csrf_failure(request, reason=""):
    """A form without its token: from elsewhere, or from a page older than the last sign-in.

    What was typed is handed back only when the browser says that the form is our own, and
    only to the person it was drawn for.
    """
    from accounts.views import sign_in

    _record(request, "refused.csrf", reason.partition(" - ")[0])  # after it, the sender's words
    if request.headers.get("Origin") != f"{request.scheme}://{request.get_host()}":
        return render(request, "accounts/form_elsewhere.html", status=403)
    view = request.resolver_match.view_name
    if not request.user.is_authenticated:
        return sign_in.again(request) if view in SIGN_IN else _sign_in_first(request)
    if view in SIGN_IN:
        return sign_in.arrive(request)
    if not constant_time_compare(_whose(request), typist.mark(request.user)):
        return render(request, "accounts/form_elsewhere.html", {"not_yours": True}, status=403)
    context = {
        "action": request.get_full_path(),
        "kept": _carried(request),
        "kept_files": _has_files(request),
        "outdated": True,
    }
    return render(request, "accounts/form_kept.html", context, status=403)


def signed_out_form(request):
    """The sign-in page, with what was typed kept to be sent again after signing in."""
    if request.resolver_match.view_name != SIGN_OUT:
        _record(request, "refused.signed_out")
    return _sign_in_first(request)


def _sign_in_first(request):
    from accounts.forms import SignInForm
    from accounts.views import sign_in

    if request.resolver_match.view_name == SIGN_OUT:
        return redirect("accounts:sign-in")
    return sign_in.page(
        request,
        SignInForm(request),
        target=request.get_full_path(),
        kept=_carried(request),
        interrupted=_whose(request) or "nobody",
        kept_files=_has_files(request),
        status=401,
    )


def _carried(request):
    return [
        (name, value)
        for name, values in request.POST.lists()
        if name not in NOT_CARRIED
        for value in values
    ]


def _whose(request):
    return request.POST.get(typist.FIELD, "")


def _typed(request):
    """(label, text) of each long text of a form whose token was right.

    A view was found and the token checked where ``resolver_match`` is there: an address that
    leads nowhere is answered before that.
    """
    if request.method != "POST" or not request.resolver_match:
        return []
    if not request.user.is_authenticated:
        return []
    return [
        (name.replace("_", " ").replace("-", " ").capitalize(), text)
        for name, text in _carried(request)
        if len(text) >= LONG
    ]


def _has_files(request):
    return bool(request.FILES) or getattr(request, "upload_unread", False)


def reference(match):
    """What the address names, for the audit log; never a token, which opens something."""
    named = (str(value)[:64] for name, value in match.kwargs.items() if name != "token")
    return next(named, "")


def _record(request, action, reason=""):
    """The refusal is in the log, as one small event without anything that was posted.

    One by nobody signed in is in the application's log only: anybody can send thousands, and
    each event locks the head that every filing needs.

    The form is refused all the same where the log cannot be written: nothing was done that
    the log would lack. That failure is an alert.
    """
    person = request.user
    source = audit.source_of(request.META)
    match = request.resolver_match
    if not person.is_authenticated:
        log.warning("%s at %s from %r", action, match.view_name, source)
        return
    person.source = source
    try:
        at = getattr(request, "at", None) or timekeeping.now()
        with transaction.atomic():
            audit.record(
                action,
                by=person,
                at=at,
                object_type=match.url_name.partition("-")[0],
                object_reference=reference(match),
                outcome=audit.REFUSED,
                reason=reason,
            )
    except (Error, Unavailable):
        log.critical("%s could not be recorded in the audit log", action, exc_info=True)
