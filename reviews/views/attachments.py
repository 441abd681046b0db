"""Which agencies see which submission: an administrator's pages, without any content."""

from django.contrib import messages
from django.db.models import Prefetch
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from accounts.roles import Kind
from portal import keyset
from portal.context import Link
from reviews import policy
from reviews.exceptions import Conflict
from reviews.forms.attachments import AttachForm, AttachmentFilter, DetachForm
from reviews.models import SubmissionGroupObjectPermission
from reviews.models.submission import SubmissionKind
from reviews.policy import Action
from reviews.services import attachments
from reviews.views.page import find, invalid, refused, require_a_way


@require_GET
def attachment_list(request):
    """Filed submissions, newest first, with their state and the agencies attached."""
    require_a_way(request, Action.ADMINISTER)
    form = AttachmentFilter(request.GET)
    agencies = SubmissionGroupObjectPermission.objects.filter(
        permission__codename="view_submission", group__seat__organization__kind=Kind.AGENCY
    ).select_related("group__seat__organization")
    submissions = (
        policy.allowed(request.user, Action.ADMINISTER, at=request.at)
        .select_related("model_version__lab")
        .prefetch_related(Prefetch("group_permissions", agencies, to_attr="of_agencies"))
    )
    page = keyset.page(
        request,
        form.rows(submissions),
        {"opens_at": keyset.instant, "reference": keyset.reference},
        descending=True,
    )
    page.rows[:] = [
        {
            "reference": row.reference,
            "url": reverse("reviews:attachment-edit", args=[row.reference]),
            "lab": row.lab.short_name,
            "kind": SubmissionKind(row.kind).label,
            "filed_at": row.opens_at,
            "state": row.status_at(request.at).value,
            "agencies": ", ".join(
                sorted({seen.group.seat.organization.short_name for seen in row.of_agencies})
            ),
        }
        for row in page.rows
    ]
    return render(
        request,
        "reviews/attachment_list.html",
        {
            "form": form,
            "page": page,
            "breadcrumbs": [Link("Home", reverse("reviews:home")), Link("Attachments", "")],
        },
        status=200 if form.is_valid() else 400,
    )


@require_http_methods(["GET", "POST"])
def attachment_edit(request, reference):
    """One agency more, or one fewer, reaches the submission."""
    submission = find(request, Action.ADMINISTER, reference=reference)
    attached = list(attachments.attached_agencies(submission))
    detaching = "detach" in request.GET
    kind, act = (DetachForm, attachments.detach) if detaching else (AttachForm, attachments.attach)
    form = kind(
        request.POST if request.method == "POST" else None,
        attached=attached,
        initial={"agency": request.GET.get("detach")},
    )
    status = invalid(form)
    if form.is_valid():
        agency = form.cleaned_data["agency"]
        try:
            act(submission, agency, by=request.user, at=request.at)
        except Conflict as error:
            status = refused(form, error)
        else:
            outcome = "detached from" if detaching else "attached to"
            messages.success(request, f"{agency.short_name} is now {outcome} {reference}.")
            return redirect("reviews:attachment-edit", reference=reference)
    return render(
        request,
        "reviews/attachment_edit.html",
        {
            "submission": submission,
            "state": submission.status_at(request.at).value,
            "kind": SubmissionKind(submission.kind).label,
            "attached": attached,
            "form": form,
            "detaching": detaching,
            "choices": form.fields["agency"].queryset.exists(),
            "consequences": [
                "From the next click on, its people no longer see the submission, its documents "
                "or its model.",
                "What they wrote stays. Attaching the agency again gives access back.",
            ],
            "breadcrumbs": [
                Link("Home", reverse("reviews:home")),
                Link("Attachments", reverse("reviews:attachment-list")),
                Link(submission.reference, ""),
            ],
        },
        status=status,
    )
