"""Revoking many grants at once: choose by filter, read exactly what would end, confirm."""

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from portal.context import Link
from portal.templatetags.foreview import instant_html
from reviews.exceptions import Conflict
from reviews.forms.grant_selection import RevokeManyForm, nothing
from reviews.policy import Action
from reviews.services import bulk_revocation
from reviews.views.page import invalid, refused, require_a_way
from reviews.views.tracking import selection

TITLE = "Revoke several grants"
CONSEQUENCES = (
    "Nobody can use a model by one of these grants any more, from the next click on.",
    "Access that was revoked never comes back. The agency may ask again.",
    "If the list has changed when you confirm, nothing is revoked and you see the new list.",
)


@require_http_methods(["GET", "POST"])
def grants_revoke(request):
    """What is checked of the preview is revoked and its parties told; else nothing is."""
    require_a_way(request, Action.REVOKE_GRANTS)
    choice = selection(request)
    status = 200 if choice.is_valid() else 400
    asked = choice.is_valid() and choice.asked
    chosen = choice.condition if asked else nothing
    form = None
    if request.method == "POST" and choice.is_valid():
        form = RevokeManyForm(request.POST)
        status = invalid(form)
        if form.is_valid():
            try:
                ended = bulk_revocation.revoke(
                    chosen,
                    **form.cleaned_data,
                    only=set(request.POST.getlist("grant")),
                    by=request.user,
                    at=request.at,
                )
            except Conflict as error:
                status = refused(form, error)
            else:
                many = f"{len(ended)} grants are" if len(ended) > 1 else "1 grant is"
                messages.success(request, f"{many} revoked. Their parties are told.")
                return redirect("reviews:board-detail")
    preview = bulk_revocation.preview(chosen, by=request.user, at=request.at)
    if form is None:
        form = RevokeManyForm(initial={"digest": preview.digest})
    else:  # what is confirmed next is what is listed now
        form.data = form.data.copy()
        form.data["digest"] = preview.digest
    return render(
        request,
        "reviews/grants_revoke.html",
        {
            "choice": choice,
            "asked": asked,
            "form": form,
            "ending": [(grant, *_words(grant, request.at)) for grant in preview.ending],
            # Whatever somebody unchecked stays so when the page comes back.
            "left_out": request.method == "POST"
            and {
                grant.key
                for grant in preview.ending
                if str(grant.key) not in request.POST.getlist("grant")
            },
            "staying": preview.staying,
            "more": preview.more,
            "most": bulk_revocation.MOST,
            "consequences": CONSEQUENCES,
            "title": f"{TITLE}, {len(preview.ending)} listed" if asked else TITLE,
            "heading": TITLE,
            "breadcrumbs": [
                Link("Home", reverse("reviews:home")),
                Link("Access board", reverse("reviews:board-detail")),
                Link(TITLE, ""),
            ],
        },
        status=status,
    )


def _words(grant, at):
    return grant.state_at(at).label, instant_html(grant.effective_end())
