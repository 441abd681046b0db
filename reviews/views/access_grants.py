"""Access to labs' models: who has it until when by whose word; asking, answering, ending it.

An administrator sees reference, lab and parties, and nothing that a lab or an agency wrote.
A lab sees the people whom it consents to, and no other agency person's name.
"""

from functools import reduce
from operator import or_

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.context import Link
from portal.timeline import instant_text
from reviews import policy
from reviews.exceptions import Conflict, NotPermitted, NotVisible, WindowRefused
from reviews.forms.access_grants import GrantRequestForm
from reviews.policy import Action
from reviews.services import access
from reviews.views import grant_explanation, grant_facts, grant_rows
from reviews.views.grant_steps import STEPS
from reviews.views.page import find_submission, invalid, refused, submission_page
from reviews.views.step import allowed

EVERYONE_NAMED = (
    *grant_rows.PARTIES,
    "terms",
    "declined_by",
    "revoked_by",
    "agency_attested_by",
    "lab_attested_by",
)
SECTION = "Access to the model"


@require_GET
def grant_list(request):
    """Who has access to which lab's model, until when, by whose word; and what waits."""
    visible = policy.allowed(request.user, Action.VIEW_GRANT, at=request.at)
    form = grant_rows.filter_of(request)
    page = grant_rows.page(request, form.rows(visible, request.at), descending=form.descending)
    return render(
        request,
        "reviews/grant_list.html",
        {
            "form": form,
            "page": page,
            "breadcrumbs": [Link("Home", reverse("reviews:home")), Link("Access", "")],
        },
        status=200 if form.is_valid() else 400,
    )


@require_GET
def submission_grants(request, reference):
    """The grants of one submission that the person may see."""
    submission = find_submission(request, reference)
    visible = policy.allowed(request.user, Action.VIEW_GRANT, at=request.at)
    return submission_page(
        request,
        "reviews/submission_grants.html",
        submission,
        title=SECTION,
        page=grant_rows.page(request, visible.filter(submission=submission), descending=True),
    )


@require_http_methods(["GET", "POST"])
def grant_request(request, reference):
    """A request of the lead's agency waits for the lab's consent."""
    submission = find_submission(request, reference, Action.REQUEST_GRANT)
    agencies = list(policy.organizations(request.user, Action.REQUEST_GRANT, submission))
    closes_at = submission.window()[1]
    form = GrantRequestForm(
        request.POST if request.method == "POST" else None,
        agencies=agencies,
        grantees=reduce(or_, (access.possible_grantees(submission, row) for row in agencies)),
        ends_hint=f"At the latest the end of the window, {instant_text(closes_at)}. "
        "A later time is cut to it.",
        offered=submission.package.access_level if Action.READ_PACKAGE in submission.may else "",
        initial={"starts_at": request.at, "ends_at": closes_at},
    )
    status = invalid(form)
    if form.is_valid():
        try:
            grant = access.request(submission, **form.cleaned_data, by=request.user, at=request.at)
        except Conflict as error:
            status = refused(form, error)
        else:
            messages.success(request, "The request is made. The lab is told.")
            return redirect(grant)
    return submission_page(
        request,
        "reviews/grant_request.html",
        submission,
        title="Ask for access",
        section=SECTION,
        status=status,
        form=form,
    )


@require_GET
def grant_detail(request, key):
    """One grant: what was asked, who said what when, and what the person may do to it now."""
    grant = _find(request, key)
    fitting = [step for step in STEPS if step.is_open(grant, request.at)]
    mine = allowed(fitting, request.user, grant, request.at)
    return _page(
        request,
        "reviews/grant_detail.html",
        grant,
        title=SECTION,
        buttons=[step.button(grant) for step in mine],
        why=_why(request, grant),
        live=grant.live_at(request.at),
    )


def _outside(request, grant):
    """Whether the reader is of the lab or the partner, and learns no agency's people by name."""
    return not policy.may(request.user, Action.KNOW_PEOPLE, grant, at=request.at)


def _reader_of(request, grant):
    """The lab or the partner that the reader is of; None for whoever knows everybody by name."""
    if not _outside(request, grant):
        return None
    return grant.submission.lab if Action.OWN in grant.submission.may else grant.partner


def _why(request, grant):
    """What is shown of why it is live or not, and why not for the reader."""
    outside = _outside(request, grant)
    if grant.partner is not None:  # of a partner's people agencies learn no dates either
        outside = not policy.may(request.user, Action.ADMINISTER, grant.submission, at=request.at)
    return [
        *grant_explanation.why(grant, request.at, outside=outside),
        *grant_explanation.why_not_hers(grant, request.user, request.at),
    ]


@require_http_methods(["GET", "POST"])
def grant_consent(request, key):
    """The lab agrees to the access; an administrator may then authorize it."""
    return _take(request, key, "consent")


@require_http_methods(["GET", "POST"])
def grant_decline(request, key):
    """The lab declines, with its reason, and the request ends there."""
    return _take(request, key, "decline")


@require_http_methods(["GET", "POST"])
def grant_authorize(request, key):
    """An administrator authorizes an agency's access, or agrees to a partner's."""
    return _take(request, key, "authorize")


@require_http_methods(["GET", "POST"])
def grant_accept(request, key):
    """The partner has accepted the terms on the page; at first that authorizes the access."""
    return _take(request, key, "accept")


@require_http_methods(["GET", "POST"])
def grant_extend(request, key):
    """A later end waits for the lab; the access keeps its own meanwhile."""
    return _take(request, key, "extend")


@require_http_methods(["GET", "POST"])
def extension_consent(request, key):
    """The lab agrees to the later end; an administrator may then authorize it."""
    return _take(request, key, "consent", noun="extension")


@require_http_methods(["GET", "POST"])
def extension_decline(request, key):
    """The lab declines the later end, with its reason."""
    return _take(request, key, "decline", noun="extension")


@require_http_methods(["GET", "POST"])
def extension_authorize(request, key):
    """The access lasts until the later end, and no longer than the window."""
    return _take(request, key, "authorize", noun="extension")


@require_http_methods(["GET", "POST"])
def extension_withdraw(request, key):
    """The agency no longer asks for the later end."""
    return _take(request, key, "withdraw", noun="extension")


@require_http_methods(["GET", "POST"])
def grant_recertify(request, key):
    """A lead says that the access is still needed, and the time to say so again begins."""
    return _take(request, key, "recertify")


@require_http_methods(["GET", "POST"])
def grant_suspend(request, key):
    """The model cannot be used by the grant until the person's side resumes it."""
    return _take(request, key, "suspend")


@require_http_methods(["GET", "POST"])
def grant_resume(request, key):
    """What the person's side suspended, it suspends no longer."""
    return _take(request, key, "resume")


@require_http_methods(["GET", "POST"])
def grant_revoke(request, key):
    """Access by this grant, or the request for it, has ended; other grants are untouched."""
    return _take(request, key, "revoke")


@require_http_methods(["GET", "POST"])
def grant_attest(request, key):
    """The person's side has attested closeout; when both have, the grant is closed out."""
    return _take(request, key, "attest")


@require_POST
def grant_use(request, key):
    """The grantee sees how to reach the model and on which terms; that she looked is on record."""
    grant = _find(request, key)
    lapsed = grant_explanation.why_not_hers(grant, request.user, request.at)
    if lapsed or not grant.live_at(request.at):
        raise NotPermitted(" ".join(lapsed or _why(request, grant)))
    access.use(grant, by=request.user, at=request.at)
    return _page(
        request,
        "reviews/grant_use.html",
        grant,
        title="How to reach the model",
        answers=grant_facts.terms(grant, grant.submission.package, request.user),
    )


def _take(request, key, verb, *, noun="grant"):
    """The step of that name, as the person may take it: done, or its page with what it means."""
    grant = _find(request, key)
    ways = [step for step in STEPS if (step.noun, step.verb) == (noun, verb)]
    row = ways[-1].row(grant)
    if row is None:
        raise NotVisible
    mine = allowed(ways, request.user, grant, request.at)
    if not mine:
        policy.check(request.user, ways[-1].action, ways[-1].asked_of(grant), at=request.at)
    step = next((step for step in mine if step.is_open(grant, request.at)), mine[-1])
    form = step.form(request.POST if request.method == "POST" else None, grant=grant)
    status = invalid(form)
    if form.is_valid():
        try:
            step.act(row, **form.cleaned_data, by=request.user, at=request.at)
        except Conflict as error:
            about_end = isinstance(error, WindowRefused) and "ends_at" in form.fields
            status = refused(form, error, "ends_at" if about_end else None)
        else:
            messages.success(request, step.done)
            return redirect(grant)
    return _page(
        request,
        "reviews/grant_step.html",
        grant,
        title=step.title or step.label,
        status=status,
        form=form,
        step=step,
        fits=step.is_open(grant, request.at),
        consequences=step.outcomes(grant),
    )


def _find(request, key):
    """The grant with everyone named on it, when the person may see it."""
    grant = (
        policy.allowed(request.user, Action.VIEW_GRANT, at=request.at)
        .select_related("submission__model_version__lab", *EVERYONE_NAMED)
        .prefetch_related(
            *("suspensions__suspended_by", "suspensions__resumed_by", "extensions__requested_by"),
            *("extensions__consented_by", "extensions__declined_by", "extensions__authorized_by"),
            *("extensions__taken_back_by", "users__person"),
            *("acceptances__accepted_by", "acceptances__terms"),
        )
        .filter(key=key)
        .first()
    )
    if grant is None:
        raise NotVisible
    return grant


def _page(request, template, grant, *, title, status=200, **context):
    """A page of one grant: among its submission's pages for whoever sees those."""
    submission = grant.submission
    submission.may = policy.actions(request.user, submission, at=request.at)
    context |= {
        "grant": grant,
        "facts": grant_facts.Facts(
            grant,
            at=request.at,
            content=policy.may(request.user, Action.READ_GRANT, grant, at=request.at),
            package=submission.package if Action.READ_PACKAGE in submission.may else None,
            to=_reader_of(request, grant),
        ),
    }
    if Action.VIEW in submission.may:
        return submission_page(
            request, template, submission, title=title, section=SECTION, status=status, **context
        )
    context |= {
        "title": title,
        "breadcrumbs": [
            Link("Home", reverse("reviews:home")),
            Link("Access", reverse("reviews:grant-list")),
            Link(title, ""),
        ],
    }
    return render(request, template, context, status=status)
