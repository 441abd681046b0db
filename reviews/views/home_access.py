"""What of access to models waits for a person on her Home, and which access ends soon."""

from functools import cache

from django.utils.html import format_html

from portal.templatetags.foreview import instant_html
from reviews import policy, prepared
from reviews.models import AccessGrant
from reviews.models.grant_queries import replaced, running
from reviews.models.grant_states import GrantState
from reviews.policy import Action
from reviews.rules import Standing
from reviews.views.grant_rows import CLOSEOUT_DUE, closeout_due
from reviews.views.home_tasks import SHOWN, Task, said
from reviews.views.page import LINE_OF_A_GRANT

END_OF_A_WINDOW = ("reference", "closes_at", "ended_at")


def _grant_tasks(request, action, text, state):
    grants = policy.allowed(request.user, action, at=request.at).in_state(state, request.at)
    if action is Action.AUTHORIZE_GRANT:
        grants = grants.filter(partner=None)
    return _tasks(text, grants)


def _tasks(text, grants):
    """What waits; not what nobody can do any more."""
    grants = grants.filter(~replaced()).select_related("submission", "agency", "partner")
    return [
        Task(
            text,
            grant.get_absolute_url(),
            f"{grant.holder().short_name}, submission {grant.submission.reference}",
            said("Asked for from", grant.starts_at),
            grant.starts_at,
        )
        for grant in grants.order_by("starts_at", "pk")[:SHOWN]
    ]


def _agreements(request):
    grants = policy.allowed(request.user, Action.AUTHORIZE_GRANT, at=request.at)
    return _tasks("Agree to a trusted partner for the government", grants.agreeable(request.at))


def terms_to_accept(request, seats):
    """What waits until a contact of the partner has accepted the terms."""
    grants = policy.allowed(request.user, Action.ACCEPT_TERMS, at=request.at)
    return _tasks("Read and accept the terms", grants.acceptable(request.at))


def consents(request, seats):
    """What the lab has to answer: requests, and requests for more time."""
    asked = _grant_tasks(
        request,
        Action.CONSENT_GRANT,
        "Answer a request for access to your model",
        GrantState.REQUESTED,
    )
    return asked + _extension_tasks(
        request,
        Action.CONSENT_EXTENSION,
        "Answer a request for more time with your model",
        consented_at__isnull=True,
    )


def authorizations(request, seats):
    """What waits for an administrator: access, and more time for it."""
    consented = _grant_tasks(
        request,
        Action.AUTHORIZE_GRANT,
        "Authorize access that the lab consented to",
        GrantState.CONSENTED,
    )
    return (
        consented
        + _agreements(request)
        + _extension_tasks(
            request,
            Action.AUTHORIZE_EXTENSION,
            "Authorize more time that the lab consented to",
            consented_at__isnull=False,
        )
    )


def _extension_tasks(request, action, text, **answered):
    extensions = (
        policy.allowed(request.user, action, at=request.at)
        .pending()
        .filter(running(request.at, "grant__"), **answered)
        .select_related("grant__submission", "grant__agency")
        .order_by("grant__ends_at", "pk")
    )
    return [
        Task(
            text,
            one.grant.get_absolute_url(),
            f"{one.grant.holder().short_name}, submission {one.grant.submission.reference}",
            said("Access ends", one.grant.ends_at),
            one.grant.ends_at,
        )
        for one in extensions[:SHOWN]
    ]


def closeouts_of_lab(request, seats):
    """Closeouts that the lab has not attested."""
    return _closeouts(request, Action.ATTEST_FOR_LAB, "lab")


def closeouts_of_agency(request, seats):
    """Closeouts that the agency has not attested."""
    return _closeouts(request, Action.ATTEST_FOR_AGENCY, "agency")


def recertifications(request, seats):
    """What lapses soon unless a lead of the agency says that it is still needed."""
    grants = (
        policy.allowed(request.user, Action.RECERTIFY_GRANT, at=request.at)
        .recertifiable(request.at)
        .select_related("submission", "agency", "partner")
        .order_by("recertify_by", "pk")
    )
    return [
        Task(
            "Say whether access is still needed",
            grant.get_absolute_url(),
            f"{grant.holder().short_name}, submission {grant.submission.reference}",
            said("Lapses", grant.recertify_by),
            grant.recertify_by,
        )
        for grant in grants[:SHOWN]
    ]


@cache
def _to_attest(action, side):
    def query(who):
        grants = policy.rows(who, action, prepared.AT, each=True)
        waits = grants.attestable(prepared.AT, side)
        return waits.order_by("closeout_from", "pk").values_list("pk")[:SHOWN]

    return query


def _closeouts(request, action, side):
    who = Standing.of(request.user)
    first = prepared.rows(_to_attest(action, side), who, at=request.at)
    grants = (
        AccessGrant.objects.filter(pk__in=[pk for (pk,) in first])
        .select_related("submission", "agency", "partner")
        .order_by("closeout_from", "pk")
    )
    return [
        Task(
            "Attest the closeout of access that has ended",
            grant.get_absolute_url(),
            f"{grant.holder().short_name}, submission {grant.submission.reference}",
            closeout_due(grant, request.at),
            grant.effective_end() + CLOSEOUT_DUE,
        )
        for grant in grants
    ]


def until(grant):
    """When it ends by what is known now, and whether it could be kept longer."""
    end = grant.effective_end()
    if end == grant.planned_end():
        return instant_html(end)
    return format_html("{}<br>unless renewed", instant_html(end))


def ending(request):
    """Whose live access ends first."""
    grants = (
        policy.allowed(request.user, Action.VIEW_GRANT, at=request.at)
        .live(request.at)
        .select_related("submission", "agency", "partner", "grantee")
        .only(*(f"submission__{name}" for name in END_OF_A_WINDOW), *LINE_OF_A_GRANT)
        .order_by("runs_until", "pk")
    )
    return [
        Task(
            f"{grant.grantee.name}, {grant.holder().short_name}",
            grant.get_absolute_url(),
            f"Submission {grant.submission.reference}",
            until(grant),
        )
        for grant in grants[:SHOWN]
    ]
