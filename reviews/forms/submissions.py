"""Filtering and sorting the list of submissions; everything is in the address."""

from datetime import datetime

from django import forms
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.db.models.lookups import GreaterThan

from reviews.models.submission import SubmissionKind
from reviews.workflow import Status

PAGE = 50


class SubmissionFilter(forms.Form):
    """A list's address as a form: what to show, in which order, from which row on."""

    q = forms.CharField(
        label="Search", required=False, max_length=100, help_text="Reference, model or lab"
    )
    state = forms.ChoiceField(
        label="State",
        required=False,
        choices=[("", "Any state"), *((status.value, status.label) for status in Status)],
    )
    kind = forms.ChoiceField(
        label="Kind",
        required=False,
        choices=[("", "Any kind"), *((kind.value, kind.label) for kind in SubmissionKind)],
    )
    sort = forms.ChoiceField(
        label="Order",
        required=False,
        choices=[("", "Newest first"), ("ends", "Ends soonest first")],
    )
    mark_required = False

    def rows(self, submissions, at):
        """``submissions`` that match, in the order asked for; nothing for a bad filter."""
        if not self.is_valid():
            return submissions.none()
        asked = self.cleaned_data
        if asked["state"]:
            submissions = submissions.filter(in_state(asked["state"], at))
        if asked["kind"]:
            submissions = submissions.filter(kind=asked["kind"])
        if asked["q"]:
            submissions = submissions.filter(_matches(asked["q"].strip()))
        if asked["sort"] == "ends":
            return submissions.filter(closes_at__gt=at).order_by("closes_at", "reference")
        return submissions.order_by("-created_at", "-reference")


def in_state(state, at):
    """The condition of a state as the clock has it, whatever has been recorded yet."""
    overdue = Q(status=Status.UNDER_REVIEW, closes_at__lte=at)
    if state == Status.UNDER_REVIEW:
        # Coalesce changes nothing here. It hides the end from PostgreSQL's statistics, which
        # take state and end for independent, expect few rows and sort all that there are.
        ends_at = Coalesce("closes_at", "created_at")
        return Q(GreaterThan(ends_at, at), status=Status.UNDER_REVIEW)
    if state == Status.EXPIRED:
        return Q(status=Status.EXPIRED) | overdue
    return Q(status=state)


def _matches(text):
    return (
        Q(reference__istartswith=text)
        | Q(model_version__family__icontains=text)
        | Q(model_version__version__istartswith=text)
        | Q(model_version__lab__short_name__icontains=text)
    )


def after(submissions, cursor, *, ends):
    """The rows beyond the one that ``cursor`` names; all of them for a cursor that is none."""
    try:
        instant, reference = cursor.split("~")
        value = datetime.fromisoformat(instant)
        if value.tzinfo is None:
            return submissions
    except ValueError:
        return submissions
    if ends:
        beyond = Q(closes_at__gt=value) | Q(closes_at=value, reference__gt=reference)
        return submissions.filter(beyond, closes_at__gte=value)
    beyond = Q(created_at__lt=value) | Q(created_at=value, reference__lt=reference)
    return submissions.filter(beyond, created_at__lte=value)


def cursor(row, *, ends):
    """What names ``row`` in an address: its place in the order, and no sequence number."""
    return f"{(row.closes_at if ends else row.created_at).isoformat()}~{row.reference}"
