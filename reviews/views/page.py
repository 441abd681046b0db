"""What the pages of one submission share: finding it, its side navigation, refused forms."""

from functools import wraps

from csp.constants import SELF
from csp.decorators import csp_replace
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.clickjacking import xframe_options_sameorigin

from portal.context import Link
from reviews import finding, policy
from reviews.exceptions import (
    DeclarationNeeded,
    FileRefused,
    NotPermitted,
    NotVisible,
    StaleForm,
)
from reviews.policy import Action

# What opens to a person once she has declared, by the action that she may do before.
AFTER_DECLARING = {
    Action.READ_PACKAGE: Action.DECLARE,
    Action.WRITE_REVIEW: Action.ANSWER_ASSIGNMENT,
}
# (label, URL name, the action that opens it) in the order of the side navigation.
SECTIONS = [
    ("Overview", "reviews:submission-detail", Action.VIEW),
    ("Answers", "reviews:package-detail", Action.READ_PACKAGE),
    ("Documents", "reviews:document-list", Action.VIEW),
    ("Information requests", "reviews:rfi-list", Action.VIEW),
    ("Reviews and positions", "reviews:review-list", Action.DELIBERATE),
    ("Discussion", "reviews:thread-list", Action.READ_DISCUSSION),
    ("Determination", "reviews:determination-detail", Action.VIEW),
    ("Preliminary letter", "reviews:letter-detail", Action.VIEW),
    ("Report", "reviews:report-detail", Action.VIEW),
    ("Access to the model", "reviews:submission-grants", Action.VIEW),
    ("Who opened what", "reviews:opening-list", Action.OWN),
    ("History", "reviews:submission-history", Action.VIEW),
]

# What a line about a grant shows: its state, whose it is and for whom.
LINE_OF_A_GRANT = (
    *("key", "starts_at", "ends_at", "consented_at", "declined_at", "authorized_at"),
    *("revoked_at", "lapses_at", "agency_attested_at", "lab_attested_at", "agreed_at"),
    *("agency__short_name", "partner__short_name", "grantee__name"),
)


def find_submission(request, reference, action=Action.VIEW, **facts):
    """The submission with ``facts`` annotated, when the person may do ``action`` to it.

    ``may`` on it is all that she may do now. Raises NotVisible for one outside her view, with
    the same query as for one that does not exist, NotPermitted for one that she may only see,
    and DeclarationNeeded for a page that opens to her once she has declared.
    """
    submission, submission.may = finding.find_submission(
        request.user, reference, at=request.at, **facts
    )
    if action not in submission.may:
        if AFTER_DECLARING.get(action) in submission.may:
            require_declaration(request, submission)
        raise NotPermitted
    return submission


def require_declaration(request, submission):
    """Nothing, when she has declared or need not. Raises DeclarationNeeded for opening a page."""
    if Action.DECLARE in submission.may and request.method in ("GET", "HEAD"):
        raise DeclarationNeeded(submission.reference)


def find(request, action, **key):
    """The row of the action's kind with that key, when the person may do ``action`` to it."""
    return finding.find(request.user, action, at=request.at, **key)


def require_a_way(request, action):
    """Nothing, when a seat of the person could let her do it to some row. Raises NotVisible."""
    if not policy.has_a_way(request.user, action, at=request.at):
        raise NotVisible


def speaks_for(request, action, row, among=None):
    """(the organizations that the person may act for, the one that she chose or the first).

    Raises NotPermitted for one that is not, or not any more, among them.
    """
    speakers = policy.organizations(request.user, action, row) if among is None else among
    agencies = {one.code: one for one in speakers}
    code = request.GET.get("agency", next(iter(agencies)))
    if code not in agencies:
        raise NotPermitted("You do not do this for that agency now. Nothing was saved or filed.")
    return list(agencies.values()), agencies[code]


def submission_page(request, template, submission, *, title, section="", status=200, **context):
    """A page of one submission, with side navigation and breadcrumb that policy trimmed.

    ``actions`` in the context is what the person may do to the submission now; ``section``
    names the entry of the side navigation that a page below it belongs to.
    """
    actions = getattr(submission, "may", None)
    if actions is None:
        actions = policy.actions(request.user, submission, at=request.at)
    overview = reverse("reviews:submission-detail", args=[submission.reference])
    context |= {
        "base": "pane.html" if "pane" in request.GET else "base.html",
        "submission": submission,
        "state": submission.status_at(request.at),
        "actions": {action.value for action in actions},
        "title": title,
        "side_label": f"Submission {submission.reference}",
        "side_navigation": [
            Link(label, url, url == request.path or label == section)
            for label, name, action in SECTIONS
            if action in actions or AFTER_DECLARING.get(action) in actions
            for url in [reverse(name, args=[submission.reference])]
        ],
        "breadcrumbs": [
            Link("Home", reverse("reviews:home")),
            Link("Submissions", reverse("reviews:submission-list")),
            *([] if request.path == overview else [Link(submission.reference, overview)]),
            Link(title, ""),
        ],
    }
    return render(request, template, context, status=status)


def framed(view):
    """The page, asked for with ``pane``, may stand in a frame of the portal's own pages."""
    inside = csp_replace({"frame-ancestors": [SELF]})(xframe_options_sameorigin(view))

    @wraps(view)
    def either(request, *args, **kwargs):
        return (inside if "pane" in request.GET else view)(request, *args, **kwargs)

    return either


def refused(form, error, field=None):
    """The form carries the refusal in words, at ``field`` if named; returns the fitting status."""
    if isinstance(error, StaleForm):
        form.add_error(None, str(error))
        return 409
    form.add_error("upload" if isinstance(error, FileRefused) else field, str(error))
    return getattr(error, "status", 409)


def invalid(form):
    """The status of a page that shows ``form``: 422 when what was sent cannot be taken."""
    return 422 if form.is_bound and form.errors else 200
