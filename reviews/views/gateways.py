"""Labs' gateways: their own people add them; others see whether they are told, and differ."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db.models import Exists, OuterRef
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.views.decorators.http import (
    require_GET,
    require_http_methods,
    require_POST,
    require_safe,
)

from portal import keyset
from portal.context import Link
from portal.templatetags.foreview import instant_html
from reviews import policy
from reviews.exceptions import Conflict, FileRefused, NotVisible
from reviews.forms.gateways import ComparisonForm, GatewayForm
from reviews.models import AccessGrant, GatewayComparison, GatewaySignal
from reviews.models.gateway import Enforced
from reviews.policy import Action
from reviews.services import comparisons, gateways, signing
from reviews.views.page import find, invalid, refused, require_a_way

BY_CREATION = {"created_at": keyset.instant, "key": UUID}
BY_QUEUE = {"queued_at": keyset.instant, "key": UUID}
COMPARISONS = 10
SHOWN = 200  # mismatches on a page; all of them are counted
NOWHERE = "There is no such list of grants, or its gateway was revoked.\n"
WORDS = {
    comparisons.UNKNOWN: "No such grant of this lab",
    comparisons.NOT_LISTED: "Not in the file",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One message to a gateway, ready to print; ``url`` is empty for whoever opens no grant."""

    url: str
    reference: str
    agency: str
    kind: str
    occurred: SafeString
    outcome: str
    when: SafeString
    error: str


@require_GET
def gateway_list(request):
    """The gateways that the person may see, newest first, and which of them fail."""
    require_a_way(request, Action.VIEW_GATEWAY)
    of_it = GatewaySignal.objects.filter(gateway=OuterRef("pk"))
    shown = (
        policy.allowed(request.user, Action.VIEW_GATEWAY, at=request.at)
        .select_related("lab")
        .annotate(
            given_up=Exists(of_it.dead()),
            answered=Exists(of_it.filter(sent_at__isnull=False)),
            tried=Exists(of_it.unsent().filter(attempts__gt=0)),
        )
    )
    return render(
        request,
        "reviews/gateway_list.html",
        {
            "page": keyset.page(request, shown, BY_CREATION, descending=True),
            "may_add": policy.has_a_way(request.user, Action.ADD_GATEWAY, at=request.at),
            "breadcrumbs": _breadcrumbs(),
        },
    )


@require_http_methods(["GET", "POST"])
def gateway_add(request):
    """The lab has one more gateway; its secret address is on this answer and on no other."""
    lab = policy.allowed(request.user, Action.ADD_GATEWAY, at=request.at).first()
    if lab is None:
        raise NotVisible
    form = GatewayForm(request.POST if request.method == "POST" else None)
    status = invalid(form)
    if form.is_valid():
        try:
            gateway, token = gateways.add(lab, **form.cleaned_data, by=request.user, at=request.at)
        except Conflict as error:
            status = refused(form, error)
        else:
            context = {
                "gateway": gateway,
                "address": settings.SITE_URL + reverse("reviews:gateway-download", args=[token]),
                "keys_url": _keys_url(),
                "breadcrumbs": _breadcrumbs("New gateway"),
            }
            return render(request, "reviews/gateway_added.html", context)
    context = {
        "form": form,
        "seconds": settings.GATEWAY_TIMEOUT_SECONDS,
        "breadcrumbs": _breadcrumbs("Add a gateway"),
    }
    return render(request, "reviews/gateway_add.html", context, status=status)


@require_GET
def gateway_detail(request, key):
    """One gateway: what it was told and whether it took it, and where it differed."""
    gateway = find(request, Action.VIEW_GATEWAY, key=key)
    signals = gateway.signals.select_related("grant__submission", "grant__agency", "grant__partner")
    page = keyset.page(request, signals, BY_QUEUE, descending=True)
    opens = policy.has_a_way(request.user, Action.ADMINISTER, at=request.at)
    manages = policy.may(request.user, Action.MANAGE_GATEWAY, gateway, at=request.at)
    page.rows[:] = [_row(signal, gateway, opens or manages) for signal in page.rows]
    return render(
        request,
        "reviews/gateway_detail.html",
        {
            "gateway": gateway,
            "manages": manages and not gateway.revoked_at,
            "keys_url": _keys_url(),
            "page": page,
            "given_up": gateway.signals.dead().exists(),
            "comparisons": gateway.comparisons.defer("mismatches")[:COMPARISONS],
            "breadcrumbs": _breadcrumbs(gateway.name),
        },
    )


def _row(signal, gateway, opens):
    if signal.sent_at:
        outcome, at = "Taken", signal.sent_at
    elif gateway.revoked_at:
        outcome, at = "Not sent: the gateway was revoked", gateway.revoked_at
    elif signal.dead_at:
        outcome, at = "Given up", signal.dead_at
    else:
        outcome = "Waits; next attempt" if signal.attempts else "Waits since"
        at = signal.next_attempt_at if signal.attempts else signal.waiting_since
    return Row(
        signal.grant.get_absolute_url() if opens else "",
        signal.grant.submission.reference,
        signal.grant.holder().short_name,
        signal.get_kind_display().capitalize(),
        instant_html(signal.occurred_at),
        outcome,
        instant_html(at),
        signal.error,
    )


@require_http_methods(["GET", "POST"])
def gateway_revoke(request, key):
    """The gateway is told nothing more, and its secret address leads nowhere."""
    gateway = find(request, Action.MANAGE_GATEWAY, key=key)
    if request.method == "POST":
        gateways.revoke(gateway, by=request.user, at=request.at)
        messages.success(request, f"“{gateway.name}” is revoked.")
        return redirect(gateway)
    context = {"gateway": gateway, "breadcrumbs": _breadcrumbs(gateway.name)}
    return render(request, "reviews/gateway_revoke.html", context)


@require_POST
def signal_requeue(request, key):
    """What was given up of the gateway waits to be sent again."""
    gateway = find(request, Action.MANAGE_GATEWAY, key=key)
    count = gateways.send_again(gateway, by=request.user, at=request.at)
    messages.success(
        request,
        f"{count} message{'' if count == 1 else 's'} will be sent again."
        if count
        else "Nothing is left to send again: somebody did it before you.",
    )
    return redirect(gateway)


@require_http_methods(["GET", "POST"])
def comparison_add(request, key):
    """What the lab says that its gateway enforces is compared and on record."""
    gateway = find(request, Action.MANAGE_GATEWAY, key=key)
    sent = request.method == "POST"
    form = ComparisonForm(*((request.POST, request.FILES) if sent else ()))
    status = invalid(form)
    upload = request.FILES.get("upload") if sent else None
    if getattr(request, "upload_too_large", False) or (
        upload is not None and upload.size > comparisons.MAX_BYTES
    ):
        form.errors.pop("upload", None)
        status = refused(form, comparisons.too_large())
    elif form.is_valid():
        try:
            comparison = comparisons.compare(
                gateway, name=upload.name, content=upload.read(), by=request.user, at=request.at
            )
        except (FileRefused, Conflict) as error:
            status = refused(form, error)
        else:
            return redirect(comparison)
    context = {"form": form, "gateway": gateway, "breadcrumbs": _breadcrumbs("Compare")}
    return render(request, "reviews/comparison_add.html", context, status=status)


@require_GET
def comparison_detail(request, key, comparison):
    """One comparison: where the lab's word and the portal's record differed."""
    gateway = find(request, Action.VIEW_GATEWAY, key=key)
    row = GatewayComparison.objects.filter(gateway=gateway, key=comparison).first()
    if row is None:
        raise NotVisible
    found = row.mismatches[:SHOWN]
    named = AccessGrant.objects.filter(
        key__in=[one["grant"] for one in found], submission__model_version__lab=gateway.lab_id
    )
    named = named.select_related("submission", "agency", "partner")
    known = {str(grant.key): grant for grant in named}
    opens = policy.has_a_way(request.user, Action.ADMINISTER, at=request.at) or policy.may(
        request.user, Action.MANAGE_GATEWAY, gateway, at=request.at
    )
    context = {
        "gateway": gateway,
        "comparison": row,
        "shown": SHOWN,
        "opens": opens,
        "rows": [_difference(one, known.get(one["grant"])) for one in found],
        "breadcrumbs": _breadcrumbs("Comparison"),
    }
    return render(request, "reviews/comparison_detail.html", context)


def _difference(one, grant):
    ended_at = one["ended_at"] and instant_html(datetime.fromisoformat(one["ended_at"]))
    return {
        "grant": grant,
        "key": one["grant"],
        "as_of": instant_html(datetime.fromisoformat(one["as_of"])),
        "lab": _word(one["lab"]),
        "portal": _word(one["portal"]),
        "ended_at": ended_at,
        "lets_in": one["lab"] == Enforced.ACTIVE,
    }


def _word(code):
    return WORDS.get(code) or Enforced(code).label.capitalize()


@login_not_required
@require_safe
def gateway_download(request, token):
    """The signed list of live grants that the secret address leads to, as of this instant."""
    document = gateways.read(token, at=request.at)
    if document is None:
        return HttpResponse(NOWHERE, status=404, content_type="text/plain; charset=utf-8")
    return HttpResponse(document, content_type="application/jose")


@login_not_required
@require_safe
def key_list(request):
    """The public keys by which anybody can see what this portal signed."""
    answer = JsonResponse(signing.public_keys(), content_type="application/jwk-set+json")
    answer["Cache-Control"] = "public, max-age=300"
    return answer


def _keys_url():
    return settings.SITE_URL + reverse("reviews:key-list")


def _breadcrumbs(*below):
    listing = reverse("reviews:gateway-list")
    return [
        Link("Home", reverse("reviews:home")),
        Link("Gateways", listing if below else ""),
        *(Link(title, "") for title in below),
    ]
