"""Signing in and out. There is no way to register oneself."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.shortcuts import redirect, render, resolve_url
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.module_loading import import_string
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts import audit
from accounts.forms import SignInForm
from portal.templatetags.typist import mark

# How a form that was sent while signed out travels through the sign-in page.
KEPT = "kept:"
# Whose form signing in interrupted.
INTERRUPTED = "interrupted"


@login_not_required
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def sign_in(request):
    """Sign in by email and password; a form sent while signed out is offered again after."""
    if request.method == "POST":
        form = SignInForm(request, request.POST)
        if form.is_valid():
            enter(request, form.get_user())
            return arrive(request)
        nobody = audit.nobody(request.META)
        # Not the address itself: a password is typed into the wrong field now and then.
        tried = salted_hmac("tried", request.POST.get("username", "").strip().lower()).hexdigest()
        _record(request, "account.sign_in_refused", nobody, audit.REFUSED, tried=tried[:16])
        return page(
            request,
            form,
            target=_target(request),
            kept=_kept(request),
            interrupted=request.POST.get(INTERRUPTED, ""),
            status=422,
        )
    if request.user.is_authenticated:
        return redirect(_target(request))
    return page(request, SignInForm(request), target=_target(request))


@require_POST
def sign_out(request):
    """The session is gone on the server too."""
    _record(request, "account.signed_out", request.user)
    logout(request)
    return redirect("accounts:sign-in")


def again(request):
    """The sign-in page with everything that it carried, for one that was out of date."""
    return page(
        request,
        SignInForm(request, initial={"username": request.POST.get("username", "")}),
        target=_target(request),
        kept=_kept(request),
        interrupted=request.POST.get(INTERRUPTED, ""),
        outdated=True,
        status=403,
    )


def page(
    request, form, *, target, kept=(), interrupted="", kept_files=False, outdated=False, status=200
):
    """The sign-in page; ``kept`` is what was typed into the form that signing in interrupted.

    ``interrupted`` is the mark of whoever that form was drawn for.
    """
    context = {
        "form": form,
        "next": target,
        "kept": kept,
        "kept_files": kept_files,
        "signed_out": interrupted,
        "outdated": outdated,
    }
    if settings.DEMONSTRATION:
        context |= import_string("portal.demo.sign_in_context")()
    return render(request, "accounts/sign_in.html", context, status=status)


def enter(request, user):
    """``user`` is signed in under a new session, and that is on record."""
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    user.source = audit.source_of(request.META)
    _record(request, "account.signed_in", user)


def arrive(request):
    """Where signing in leads: the page asked for, or the interrupted form with what was typed.

    What was typed is handed back only to the person whose form it was.
    """
    target = _target(request)
    if INTERRUPTED not in request.POST:
        return redirect(target)
    if constant_time_compare(request.POST[INTERRUPTED], mark(request.user)):
        context = {"action": target, "kept": _kept(request)}
        return render(request, "accounts/form_kept.html", context)
    messages.warning(request, "The form that was open here is not kept: it was not yours.")
    return redirect(settings.LOGIN_REDIRECT_URL)


def _kept(request):
    return [
        (name.removeprefix(KEPT), value)
        for name, values in request.POST.lists()
        if name.startswith(KEPT)
        for value in values
    ]


def _target(request):
    target = request.POST.get("next") or request.GET.get("next") or ""
    if url_has_allowed_host_and_scheme(target, {request.get_host()}, request.is_secure()):
        return target
    return resolve_url(settings.LOGIN_REDIRECT_URL)


@transaction.atomic
def _record(request, action, by, outcome=audit.DONE, **details):
    audit.record(action, by=by, at=request.at, object_type="account", outcome=outcome, **details)
