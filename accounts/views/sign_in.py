"""Signing in and out. There is no way to register oneself."""

from django.conf import settings
from django.contrib.auth import login, logout
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.shortcuts import redirect, render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts import audit
from accounts.forms import SignInForm

KEPT = "kept:"


@login_not_required
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def sign_in(request):
    """Sign in by email and password; a form sent while signed out is offered again after."""
    target = _target(request)
    form = SignInForm(request, request.POST or None)
    kept = [
        (name.removeprefix(KEPT), value)
        for name, values in request.POST.lists()
        if name.startswith(KEPT)
        for value in values
    ]
    if request.method == "POST" and form.is_valid():
        enter(request, form.get_user())
        if kept:
            return render(request, "accounts/form_kept.html", {"action": target, "kept": kept})
        return redirect(target)
    if request.method == "POST":
        _record(request, "account.sign_in_refused", audit.NOBODY, outcome=audit.REFUSED)
    elif request.user.is_authenticated:
        return redirect(target)
    return render(
        request,
        "accounts/sign_in.html",
        {"form": form, "next": target, "kept": kept, "signed_out": bool(kept)},
        status=422 if form.errors else 200,
    )


@require_POST
def sign_out(request):
    """The session is gone on the server too."""
    _record(request, "account.signed_out", request.user)
    logout(request)
    return redirect("accounts:sign-in")


def enter(request, user):
    """``user`` is signed in under a new session, and that is on record."""
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    user.source = request.META.get("REMOTE_ADDR", "")
    _record(request, "account.signed_in", user)


def _target(request):
    target = request.POST.get("next") or request.GET.get("next") or ""
    if url_has_allowed_host_and_scheme(target, {request.get_host()}, request.is_secure()):
        return target
    return resolve_url(settings.LOGIN_REDIRECT_URL)


@transaction.atomic
def _record(request, action, by, outcome=audit.DONE):
    audit.record(action, by=by, at=request.at, object_type="account", outcome=outcome)
