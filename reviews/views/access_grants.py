"""Access to labs' models: who has it until when by whose word; asking, answering, ending it.

An administrator sees reference, lab and parties, and nothing that a lab or an agency wrote.
A lab sees the people whom it consents to, and no other agency person's name.
"""

from dataclasses import dataclass
from functools import reduce
from operator import or_
from uuid import UUID

from django.contrib import messages
from django.db.models import Exists, OuterRef, Q
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import Organization
from accounts.roles import Kind
from portal import keyset
from portal.context import Link
from portal.templatetags.foreview import instant_html
from portal.timeline import instant_text
from reviews import policy
from reviews.exceptions import Conflict, NotVisible
from reviews.forms.access_grants import (
    AttestForm,
    DeclineForm,
    GrantFilter,
    GrantRequestForm,
    RevokeForm,
    with_end,
)
from reviews.models.access_grant import GrantState
from reviews.policy import Action
from reviews.services import access
from reviews.views import grant_facts
from reviews.views.page import find_submission, invalid, refused, submission_page

PARTIES = ("agency", "grantee", "requested_by", "consented_by", "authorized_by")
EVERYONE_NAMED = (*PARTIES, "declined_by", "revoked_by", "agency_attested_by", "lab_attested_by")
UNANSWERED = frozenset({GrantState.REQUESTED})
AUTHORIZABLE = frozenset({GrantState.CONSENTED})
REVOCABLE = frozenset(
    {GrantState.REQUESTED, GrantState.CONSENTED, GrantState.SCHEDULED, GrantState.LIVE}
)
CURSOR = {"end": keyset.instant, "key": UUID}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the list, ready to print; ``model`` is empty for whoever may not see it."""

    url: str
    reference: str
    lab: str
    model: str
    grantee: str
    agency: str
    level: str
    starts: SafeString
    ends: SafeString
    state: SafeString
    words: SafeString


@require_GET
def grant_list(request):
    """Who has access to which lab's model, until when, by whose word."""
    visible = policy.allowed(request.user, Action.VIEW_GRANT, at=request.at)
    # Only those of grants that the person sees: a choice must not betray another lab.
    parties = list(
        Organization.objects.filter(
            Q(pk__in=visible.values("submission__model_version__lab"))
            | Q(pk__in=visible.values("agency"))
        )
    )
    form = GrantFilter(
        request.GET,
        labs=[party for party in parties if party.kind == Kind.LAB],
        agencies=[party for party in parties if party.kind != Kind.LAB],
    )
    page = _rows(request, form.rows(visible, request.at), descending=form.descending)
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
        title="Access to the model",
        page=_rows(request, with_end(visible.filter(submission=submission)), descending=True),
    )


def _rows(request, grants, *, descending):
    readable = policy.allowed(request.user, Action.VIEW, at=request.at)
    grants = grants.select_related("submission__model_version__lab", *PARTIES).annotate(
        with_model=Exists(readable.filter(pk=OuterRef("submission")))
    )
    page = keyset.page(request, grants, CURSOR, descending=descending)
    page.rows[:] = [_row(grant, request.at) for grant in page.rows]
    return page


def _row(grant, at):
    state = grant.state_at(at)
    over_at = grant.declined_at or (grant.over_at(at) if state not in REVOCABLE else None)
    version = grant.submission.model_version
    said = [
        ("Asked", grant.requested_by, grant.requested_at),
        ("Consented", grant.consented_by, grant.consented_at),
        ("Authorized", grant.authorized_by, grant.authorized_at),
    ]
    return Row(
        grant.get_absolute_url(),
        grant.submission.reference,
        version.lab.short_name,
        str(version) if grant.with_model else "",
        grant.grantee.name,
        grant.agency.short_name,
        grant.get_access_level_display(),
        instant_html(grant.starts_at),
        instant_html(grant.end),
        format_html("{}<br>{}", state.label, instant_html(over_at)) if over_at else state.label,
        format_html_join(
            SafeString("<br>"),
            "{} by {}, {}",
            ((word, who.name, instant_html(when)) for word, who, when in said if when),
        ),
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
        offered=f"The lab offers {submission.package.get_access_level_display() or 'none yet'}.",
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
        status=status,
        form=form,
    )


@require_GET
def grant_detail(request, key):
    """One grant: what was asked, who said what when, and what the person may do to it now."""
    grant = _find(request, key)
    return _page(
        request,
        "reviews/grant_detail.html",
        grant,
        title="Access to the model",
        buttons=_buttons(request, grant),
    )


def _buttons(request, grant):
    state = grant.state_at(request.at)
    ended = grant.authorized_at and grant.over_at(request.at)
    offers = [
        (Action.CONSENT_GRANT, state in UNANSWERED, "Consent", "consent", ""),
        (Action.CONSENT_GRANT, state in UNANSWERED, "Decline", "decline", "outline"),
        (Action.AUTHORIZE_GRANT, state in AUTHORIZABLE, "Authorize", "authorize", ""),
        (Action.USE_MODEL, state == GrantState.LIVE, "Show how to reach the model", "use", ""),
        (Action.REVOKE_GRANT, state in REVOCABLE, "Revoke", "revoke", "secondary"),
        (
            Action.ATTEST_FOR_LAB,
            ended and not grant.lab_attested_at,
            "Attest closeout for the lab",
            "attest",
            "",
        ),
        (
            Action.ATTEST_FOR_AGENCY,
            ended and not grant.agency_attested_at,
            "Attest closeout for the agency",
            "attest",
            "",
        ),
    ]
    asked = {action for action, fits, *_ in offers if fits}
    may = {action for action in asked if policy.may(request.user, action, grant, at=request.at)}
    return [
        {
            "label": label,
            "url": reverse(f"reviews:grant-{verb}", args=[grant.key]),
            "post": verb == "use",
            "style": style,
        }
        for action, fits, label, verb, style in offers
        if fits and action in may
    ]


@require_http_methods(["GET", "POST"])
def grant_consent(request, key):
    """The lab agrees to the access; an administrator may then authorize it."""
    grant = _find(request, key, Action.CONSENT_GRANT)
    if request.method == "POST":
        access.consent(grant, by=request.user, at=request.at)
        messages.success(request, "Your lab's consent is recorded. An administrator is told.")
        return redirect(grant)
    return _confirm(request, "consent", grant, UNANSWERED, title="Consent to access")


@require_http_methods(["GET", "POST"])
def grant_decline(request, key):
    """The lab declines, with its reason, and the request ends there."""
    grant = _find(request, key, Action.CONSENT_GRANT)
    return _with_form(
        request,
        "decline",
        grant,
        UNANSWERED,
        form=DeclineForm(request.POST if request.method == "POST" else None),
        act=access.decline,
        title="Decline access",
        done="The request is declined. The agency's lead is told.",
    )


@require_http_methods(["GET", "POST"])
def grant_authorize(request, key):
    """The grant lives by the clock, no longer than the window; its parties are told."""
    grant = _find(request, key, Action.AUTHORIZE_GRANT)
    if request.method == "POST":
        access.authorize(grant, by=request.user, at=request.at)
        messages.success(request, "Access is authorized. Its parties are told.")
        return redirect(grant)
    return _confirm(request, "authorize", grant, AUTHORIZABLE, title="Authorize access")


@require_http_methods(["GET", "POST"])
def grant_revoke(request, key):
    """Access by this grant has ended and never comes back; other grants are untouched."""
    grant = _find(request, key, Action.REVOKE_GRANT)
    return _with_form(
        request,
        "revoke",
        grant,
        REVOCABLE,
        form=RevokeForm(request.POST if request.method == "POST" else None),
        act=access.revoke,
        title="Revoke access",
        done="Access is revoked and has ended. Its parties are told.",
    )


@require_POST
def grant_use(request, key):
    """The grantee sees how to reach the model and on which terms; that she looked is on record."""
    grant = _find(request, key, Action.USE_MODEL)
    access.use(grant, by=request.user, at=request.at)
    return _page(
        request,
        "reviews/grant_use.html",
        grant,
        title="How to reach the model",
        answers=grant_facts.terms(grant, grant.submission.package),
    )


@require_http_methods(["GET", "POST"])
def grant_attest(request, key):
    """The person's side has attested closeout; when both have, the grant is closed out."""
    grant = _find(request, key)
    for_lab = policy.may(request.user, Action.ATTEST_FOR_LAB, grant, at=request.at)
    if not for_lab:
        policy.check(request.user, Action.ATTEST_FOR_AGENCY, grant, at=request.at)
    side = "lab" if for_lab else "agency"
    form = AttestForm(request.POST if request.method == "POST" else None)
    status = invalid(form)
    if form.is_valid():
        try:
            access.attest(grant, for_lab=for_lab, by=request.user, at=request.at)
        except Conflict as error:
            status = refused(form, error)
        else:
            messages.success(request, f"Closeout is attested for the {side}.")
            return redirect(grant)
    ended = grant.authorized_at and grant.over_at(request.at)
    return _page(
        request,
        "reviews/grant_attest.html",
        grant,
        title="Attest closeout",
        status=status,
        form=form,
        side=side,
        fits=bool(ended and not getattr(grant, f"{side}_attested_at")),
    )


def _with_form(request, verb, grant, states, *, form, act, title, done):
    status = invalid(form)
    if form.is_valid():
        try:
            act(grant, **form.cleaned_data, by=request.user, at=request.at)
        except Conflict as error:
            status = refused(form, error)
        else:
            messages.success(request, done)
            return redirect(grant)
    return _confirm(request, verb, grant, states, title=title, status=status, form=form)


def _confirm(request, verb, grant, states, *, title, **context):
    state = grant.state_at(request.at)
    closes_at = grant.submission.window()[1]
    return _page(
        request,
        f"reviews/grant_{verb}.html",
        grant,
        title=title,
        fits=state in states,
        consequences=grant_facts.consequences(verb, grant, min(grant.ends_at, closes_at)),
        **context,
    )


def _find(request, key, action=Action.VIEW_GRANT):
    """The grant with its parties, when the person may do ``action`` to it."""
    grant = (
        policy.allowed(request.user, Action.VIEW_GRANT, at=request.at)
        .select_related("submission__model_version__lab", *EVERYONE_NAMED)
        .filter(key=key)
        .first()
    )
    if grant is None:
        raise NotVisible
    if action is not Action.VIEW_GRANT:
        policy.check(request.user, action, grant, at=request.at)
    return grant


def _page(request, template, grant, *, title, status=200, **context):
    """A page of one grant: among its submission's pages for whoever sees those."""
    submission = grant.submission
    seen = policy.actions(request.user, submission, at=request.at)
    facts = grant_facts.Facts(
        grant, at=request.at, content=Action.VIEW in seen, for_lab=Action.OWN in seen
    )
    context |= {"grant": grant, "facts": facts, "grant_state": grant.state_at(request.at).label}
    if facts.content:
        return submission_page(request, template, submission, title=title, status=status, **context)
    context |= {
        "title": title,
        "breadcrumbs": [
            Link("Home", reverse("reviews:home")),
            Link("Access", reverse("reviews:grant-list")),
            Link(title, ""),
        ],
    }
    return render(request, template, context, status=status)
