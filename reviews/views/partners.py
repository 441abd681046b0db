"""Trusted partners: proposing one for a submission's model, and the terms that partners accept."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from portal.context import Link
from portal.timeline import instant_text
from reviews import policy
from reviews.exceptions import Conflict
from reviews.forms.partners import ProposalForm, PublishForm
from reviews.models import PartnerTerms
from reviews.policy import Action
from reviews.services import partner_terms, partners
from reviews.views.access_grants import SECTION
from reviews.views.page import find_submission, invalid, refused, require_a_way, submission_page

TERMS = "Terms for trusted partners"


@require_http_methods(["GET", "POST"])
def partner_propose(request, reference):
    """A proposal waits for the lab's consent and for the government's agreement."""
    submission = find_submission(request, reference, Action.PROPOSE_PARTNER)
    agencies = list(policy.organizations(request.user, Action.PROPOSE_PARTNER, submission))
    release = submission.planned_partner_release_at
    form = ProposalForm(
        request.POST if request.method == "POST" else None,
        agencies=agencies,
        offered=submission.package.access_level,
        release=release,
        ends_hint="At the latest 720 hours after the start.",
        initial={
            "starts_at": release and max(release, request.at),
            "ends_at": release and max(release, request.at) + partners.LONGEST,
        },
    )
    status = invalid(form)
    if form.is_valid():
        try:
            grant = partners.propose(
                submission, **form.cleaned_data, by=request.user, at=request.at
            )
        except Conflict as error:
            status = refused(form, error)
        else:
            messages.success(
                request, "The partner is proposed. The lab and the administrators are told."
            )
            return redirect(grant)
    return submission_page(
        request,
        "reviews/partner_propose.html",
        submission,
        title="Propose a trusted partner",
        section=SECTION,
        status=status,
        form=form,
        release=instant_text(release) if release else "",
    )


@require_GET
def terms_list(request):
    """Every version of the terms, the latest first."""
    rows = policy.allowed(request.user, Action.READ_TERMS, at=request.at)
    require_a_way(request, Action.READ_TERMS)
    return render(
        request,
        "reviews/terms_list.html",
        {
            "versions": rows.order_by("-version"),
            "may_publish": policy.has_a_way(request.user, Action.PUBLISH_TERMS, at=request.at),
            "breadcrumbs": [Link("Home", reverse("reviews:home")), Link(TERMS, "")],
        },
    )


@require_GET
def terms_detail(request, version):
    """One version, as it is accepted."""
    rows = policy.allowed(request.user, Action.READ_TERMS, at=request.at)
    terms = get_object_or_404(rows, version=version)
    return render(
        request,
        "reviews/terms_detail.html",
        {"terms": terms, "breadcrumbs": _below(str(terms))},
    )


@require_http_methods(["GET", "POST"])
def terms_publish(request):
    """The next version is in force; what is under an earlier one lapses unless it is accepted."""
    require_a_way(request, Action.PUBLISH_TERMS)
    latest = PartnerTerms.objects.last()
    form = PublishForm(
        request.POST if request.method == "POST" else None,
        initial={
            "text": latest.text if latest else "",
            "accept_by": request.at + partner_terms.TO_ACCEPT,
        },
    )
    status = invalid(form)
    if form.is_valid():
        try:
            terms = partner_terms.publish(**form.cleaned_data, by=request.user, at=request.at)
        except Conflict as error:
            status = refused(form, error)
        else:
            messages.success(request, f"{terms} is published. The partners concerned are told.")
            return redirect("reviews:terms-list")
    return render(
        request,
        "reviews/terms_publish.html",
        {
            "form": form,
            "next": latest.version + 1 if latest else 1,
            "breadcrumbs": _below("Publish"),
        },
        status=status,
    )


def _below(title):
    return [
        Link("Home", reverse("reviews:home")),
        Link(TERMS, reverse("reviews:terms-list")),
        Link(title, ""),
    ]
