"""The register of criteria: what is in force, what is proposed, and the word of a second keeper."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Prefetch
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from portal import keyset
from portal.context import Link
from reviews import policy
from reviews.exceptions import Conflict, NotVisible
from reviews.forms.criteria import ConfirmForm, CriterionForm
from reviews.models import CoverageCriterion, CriterionVersion
from reviews.models.coverage_criterion import reference_format
from reviews.policy import Action
from reviews.services import criteria
from reviews.views.page import find, invalid, refused, require_a_way

TITLE = "Criteria"
CURSOR = {"reference": keyset.reference}


@require_GET
def criterion_list(request):
    """Every criterion with its versions, by reference; what is proposed, to agencies."""
    require_a_way(request, Action.READ_CRITERIA)
    readable = policy.allowed(request.user, Action.READ_CRITERIA, at=request.at)
    versions = readable.select_related("criterion", "proposed_for", "confirmed_for")
    shown = CoverageCriterion.objects.filter(
        Exists(readable.filter(criterion=OuterRef("pk")))
    ).prefetch_related(Prefetch("versions", versions.order_by("-number")))
    page = keyset.page(request, shown, CURSOR)
    confirmable = set(
        policy.allowed(request.user, Action.CONFIRM_CRITERION, at=request.at)
        .filter(criterion__in=[one.pk for one in page.rows], confirmed_at=None)
        .values_list("pk", flat=True)
    )
    page.rows[:] = [_row(criterion, confirmable) for criterion in page.rows]
    return render(
        request,
        "reviews/criterion_list.html",
        {
            "page": page,
            "locates": policy.has_a_way(request.user, Action.LOCATE_CRITERIA, at=request.at),
            "proposes": _keepers(request).exists(),
            "breadcrumbs": _trail(),
        },
    )


def _row(criterion, confirmable):
    """One criterion: its latest confirmed version, earlier ones, and what waits."""
    versions = list(criterion.versions.all())
    confirmed = [one for one in versions if one.confirmed_at]
    waiting = versions[0] if not versions[0].confirmed_at else None
    return {
        "criterion": criterion,
        "latest": confirmed[0] if confirmed else None,
        "earlier": confirmed[1:],
        "waiting": waiting,
        "can_confirm": waiting is not None and waiting.pk in confirmable,
    }


def _keepers(request):
    return policy.allowed(request.user, Action.PROPOSE_CRITERION, at=request.at)


@require_http_methods(["GET", "POST"])
def criterion_propose(request):
    """A version of a criterion waits for an official of another keeper."""
    keepers = _keepers(request)
    if not keepers:
        raise NotVisible
    form = CriterionForm(
        request.POST if request.method == "POST" else None,
        keepers=keepers,
        initial=_present(request.GET.get("reference", "")),
    )
    status = invalid(form)
    if form.is_valid():
        try:
            version = criteria.propose(**form.cleaned_data, by=request.user, at=request.at)
        except Conflict as error:
            status = refused(form, error)
        else:
            messages.success(
                request, f"{version} is proposed. An official of another keeper confirms it."
            )
            return redirect("reviews:criterion-list")
    return render(
        request,
        "reviews/criterion_propose.html",
        {"form": form, "breadcrumbs": _trail("Propose")},
        status=status,
    )


def _present(reference):
    """What is in force under that reference, to be changed."""
    try:
        reference_format(reference)
    except ValidationError:
        return {}
    version = CriterionVersion.objects.in_force().filter(criterion__reference=reference).first()
    if version is None:
        return {}
    names = ("title", "external_reference")
    return {"reference": reference} | {name: getattr(version, name) for name in names}


@require_http_methods(["GET", "POST"])
def criterion_confirm(request, key):
    """The version is in force, by the word of an official of another keeper."""
    version = find(request, Action.CONFIRM_CRITERION, key=key)
    form = ConfirmForm(request.POST if request.method == "POST" else None)
    status = 200
    if form.is_valid():
        try:
            criteria.confirm(version, by=request.user, at=request.at)
        except Conflict as error:
            status = refused(form, error)
        else:
            messages.success(request, f"You confirmed {version}.")
            return redirect("reviews:criterion-list")
    in_force = CriterionVersion.objects.in_force().filter(criterion=version.criterion_id).first()
    return render(
        request,
        "reviews/criterion_confirm.html",
        {
            "form": form,
            "version": version,
            "in_force": in_force,
            "breadcrumbs": _trail("Confirm"),
        },
        status=status,
    )


def _trail(*below):
    found = [Link("Home", reverse("reviews:home"))]
    if below:
        found.append(Link(TITLE, reverse("reviews:criterion-list")))
    return [*found, Link(below[0] if below else TITLE, "")]
