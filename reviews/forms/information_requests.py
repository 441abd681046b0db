"""Forms of information requests: drafting, issuing, taking back, answering."""

import uuid

from django import forms

from portal.forms import LongTextField
from portal.timeline import instant_text
from reviews.forms.reviewing import LARGEST, DocumentChoices
from reviews.models import Document

NOT_WHOLE = "This form was not sent whole. Open it again."
UNCLASSIFIED = "Unclassified only. The lab reads it under your agency's name."


class _Once(forms.Form):
    """A form that writes one row: sent twice, it finds its ``key`` taken."""

    key = forms.UUIDField(
        widget=forms.HiddenInput,
        error_messages=dict.fromkeys(("required", "invalid"), NOT_WHOLE),
    )

    def __init__(self, *args, **kwargs):
        kwargs["initial"] = {"key": uuid.uuid4()} | kwargs.get("initial", {})
        super().__init__(*args, **kwargs)

    def opened_now(self):
        """Sent again, the form writes another row; what was typed stays."""
        self.data = self.data.copy()
        self.data["key"] = str(uuid.uuid4())


class _OfRevision(forms.Form):
    """A form opened on one revision of a draft."""

    revision = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=LARGEST)

    def opened_on(self, revision):
        """Sent again, the form counts as opened on that revision; what was typed stays."""
        self.data = self.data.copy()
        self.data["revision"] = str(revision)


class _QuestionForm(forms.Form):
    """What is asked. ``sent`` are the requests that the lab has, which one may follow up."""

    subject = forms.CharField(label="Subject", max_length=200)
    question = LongTextField(label="Question", help_text=UNCLASSIFIED, max_length=10_000)
    follows = forms.ChoiceField(
        label="Does it follow up an earlier request?",
        required=False,
        error_messages={"invalid_choice": "Choose a request from the list."},
    )

    def __init__(self, *args, sent, **kwargs):
        super().__init__(*args, **kwargs)
        self._sent = {str(asked.key): asked for asked in sent}
        if not sent:
            del self.fields["follows"]
            return
        named = [(key, f"Request {row.number}: {row.subject}") for key, row in self._sent.items()]
        self.fields["follows"].choices = [("", "No"), *named]

    def written(self):
        """What the services take of a form without errors."""
        values = dict(self.cleaned_data)
        values["follows"] = self._sent.get(values.get("follows", ""))
        return values


class DraftForm(_QuestionForm, _Once):
    """A new draft."""


class EditForm(_QuestionForm, _OfRevision):
    """A draft as it is to be."""


class IssueForm(_OfRevision):
    """How long the lab has. ``points`` are (business days, when that is, whether the window ends).

    Of the days that reach the window's end only the first is offered: the rest are the same.
    """

    days = forms.TypedChoiceField(
        label="The answer is due after",
        coerce=int,
        error_messages={"invalid_choice": "Choose a number of days from the list."},
    )

    def __init__(self, *args, points, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["days"].choices = [
            (
                days,
                f"{days} business day{'' if days == 1 else 's'}: {instant_text(due_at)}"
                f"{', when the window ends' if ends else ''}",
            )
            for days, due_at, ends in points
        ]


class WithdrawForm(forms.Form):
    """Why; of a draft that nobody was sent it may stay blank."""

    reason = LongTextField(
        label="Reason",
        max_length=2_000,
        error_messages={"required": "Say why. The lab reads the reason."},
    )

    def __init__(self, *args, issued, **kwargs):
        super().__init__(*args, **kwargs)
        field = self.fields["reason"]
        field.required = issued
        field.help_text = (
            "The lab reads it, under your agency's name."
            if issued
            else "Optional. Agencies read it; the lab never does."
        )


class AnswerForm(_Once):
    """The lab's answer: words, documents of the submission, or both."""

    text = LongTextField(
        label="Answer",
        help_text=(
            "Every attached agency reads it, inside the window. It cannot be changed once "
            "recorded; you can add another answer. No weights, no passwords or keys, nothing "
            "classified."
        ),
        required=False,
        max_length=20_000,
    )
    documents = DocumentChoices(
        queryset=Document.objects.none(),
        to_field_name="key",
        label="Documents that answer it",
        help_text="Each stays open to the agencies that it is open to now, and to no others.",
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )

    def __init__(self, *args, documents, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["documents"].queryset = documents
