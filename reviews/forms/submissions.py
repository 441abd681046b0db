"""Filtering and sorting the list of submissions; everything is in the address."""

from datetime import datetime

from django import forms
from django.db.models import Q, QuerySet

from portal import keyset
from reviews.models.submission import Submission, SubmissionKind
from reviews.workflow import Status


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
        choices=[("", "Newest first"), ("ends", "Open windows, soonest end first")],
    )
    mark_required = False

    def rows(self, submissions: QuerySet[Submission], at: datetime) -> QuerySet[Submission]:
        """``submissions`` that match; nothing for a bad filter."""
        if not self.is_valid():
            return submissions.none()
        asked = self.cleaned_data
        if asked["state"]:
            submissions = submissions.filter(in_state(asked["state"], at))
        if asked["kind"]:
            submissions = submissions.filter(kind=asked["kind"])
        if asked["q"]:
            submissions = submissions.filter(*map(_matches, asked["q"].split()))
        return submissions.filter(review_ends_at__gt=at) if asked["sort"] else submissions

    @property
    def asked(self):
        """What the person asked for, of a valid filter; what she left open is left out."""
        return {name: value for name, value in self.cleaned_data.items() if value}

    @property
    def keys(self):
        """The columns of the order and how an address writes them; no sequence number."""
        first = "review_ends_at" if self.cleaned_data.get("sort") else "created_at"
        return {first: keyset.instant, "reference": keyset.reference}


def in_state(state, at):
    """The condition of a state as the clock has it, whatever has been recorded yet."""
    overdue = Q(status=Status.UNDER_REVIEW, closes_at__lte=at)
    if state == Status.UNDER_REVIEW:
        return Q(review_ends_at__gt=at)
    if state == Status.EXPIRED:
        return Q(status=Status.EXPIRED) | overdue
    return Q(status=state)


def _matches(text):
    """The condition that a part of what a line of the list names begins with, or has, the word."""
    return (
        Q(reference__istartswith=text)
        | Q(model_version__family__icontains=text)
        | Q(model_version__version__istartswith=text)
        | Q(model_version__lab__short_name__icontains=text)
    )
