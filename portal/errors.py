"""Error pages in the portal's dress. A 404 is the same bytes whatever its cause."""

from django.core.exceptions import RequestDataTooBig
from django.shortcuts import redirect, render
from django.views.decorators.csrf import requires_csrf_token


def page(request, status, message=""):
    """The error page of ``status``; a 404 says nothing of its cause."""
    context = {} if status == 404 else {"message": message}
    return render(request, f"{status}.html", context, status=status)


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
    return page(request, 500)


def csrf_failure(request, reason=""):
    """A form without its token: from elsewhere, or from a browser that dropped its cookies."""
    return page(
        request,
        403,
        "This form did not come from a Foreview page that is still open in this browser. "
        "Go back, reload the page and send it again.",
    )


# What a signed-out form carries on is text that its own page will check again; never a secret.
NOT_CARRIED = {"csrfmiddlewaretoken", "password"}


def signed_out_form(request):
    """The sign-in page, with what was typed kept to be sent again after signing in."""
    from accounts.forms import SignInForm
    from accounts.views import sign_in

    if request.resolver_match.view_name == "accounts:sign-out":
        return redirect("accounts:sign-in")
    return sign_in.page(
        request,
        SignInForm(request),
        target=request.get_full_path(),
        kept=[
            (name, value)
            for name, values in request.POST.lists()
            if name not in NOT_CARRIED
            for value in values
        ],
        interrupted=True,
        kept_files=bool(request.FILES),
        status=401,
    )
