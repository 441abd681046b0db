"""Forms of the determination and of the consultations before it."""

from django import forms
from django.utils.html import format_html

from portal.forms import LongTextField
from reviews.models.determination import Coverage

AUTHORITY = "Director, National Security Agency; Executive Order 14409, section 3(a)"


class ConsultationForm(forms.Form):
    statement = LongTextField(
        label="Your office's statement",
        help_text=(
            "Unclassified. NSA's determination officials read it; the lab does not. "
            "It cannot be changed once recorded."
        ),
        max_length=10_000,
    )


def _explained(kind: Coverage, words: str):
    return (
        kind.value,
        format_html('{}<span class="usa-radio__label-description">{}</span>', kind.label, words),
    )


class DeterminationForm(forms.Form):
    outcome = forms.ChoiceField(
        label="Is this model version a covered frontier model?",
        widget=forms.RadioSelect,
        choices=[
            _explained(Coverage.COVERED, "The model version is a covered frontier model."),
            _explained(Coverage.NOT_COVERED, "The model version is not a covered frontier model."),
        ],
    )
    rationale = LongTextField(
        label="Unclassified rationale",
        help_text=(
            "The reasons, in words that the lab and every attached agency will read. "
            "It is superseded by a later determination, never edited."
        ),
        max_length=10_000,
    )
    authority = forms.CharField(
        label="Authority",
        help_text="By whose authority and under which provision.",
        max_length=200,
        widget=forms.TextInput({"class": "maxw-tablet"}),
    )
    external_reference = forms.CharField(
        label="External reference",
        help_text="The number of a record kept elsewhere. Never the record's content.",
        required=False,
        max_length=200,
    )
