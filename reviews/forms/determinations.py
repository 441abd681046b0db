"""Forms of the determination and of the consultations before it."""

from django import forms
from django.utils.html import format_html

from portal.forms import LongTextField
from reviews.models import CriterionVersion
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


class CriterionChoices(forms.ModelMultipleChoiceField):
    """Versions of criteria in force, to check; each by its reference and title."""

    widget = forms.CheckboxSelectMultiple

    def label_from_instance(self, version):
        return f"{version}: {version.title}"


class DeterminationForm(forms.Form):
    """``supersedes`` is the determination in force, if any: then a reason is asked for.

    ``replaces`` names the one that waits for its signer and that its author writes anew.
    """

    replaces = forms.UUIDField(widget=forms.HiddenInput, required=False)

    outcome = forms.ChoiceField(
        label="Is this model version a covered frontier model?",
        widget=forms.RadioSelect,
        choices=[
            _explained(Coverage.COVERED, "The model version is a covered frontier model."),
            _explained(Coverage.NOT_COVERED, "The model version is not a covered frontier model."),
        ],
    )
    criteria = CriterionChoices(
        label="Criteria",
        queryset=CriterionVersion.objects.none(),
        help_text="What the model version was measured against: at least one of the register.",
        error_messages={
            "required": "Check at least one criterion: a determination is made against them.",
            "invalid_choice": "A criterion that you checked is not in force any more. "
            "Check those that are.",
        },
    )
    rationale = LongTextField(
        label="Unclassified rationale",
        help_text=(
            "The reasons, in words that every attached agency and auditors read, and the lab once "
            "it is shared. It is superseded by a later determination, never edited."
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
    supersedes_reason = LongTextField(
        label="Why it supersedes the determination in force",
        help_text="Unclassified. It is read wherever the determination is.",
        max_length=4_000,
    )
    field_order = ("outcome", "supersedes_reason", "criteria", "rationale")

    def __init__(self, *args, supersedes=None, **kwargs):
        super().__init__(*args, **kwargs)
        in_force = CriterionVersion.objects.in_force().select_related("criterion")
        self.fields["criteria"].queryset = in_force.order_by("criterion__reference")
        if supersedes is None:
            del self.fields["supersedes_reason"]


class ShareForm(forms.Form):
    """Nothing to fill in: it carries what sharing was refused for."""


class DeterminationResponseForm(forms.Form):
    text = LongTextField(
        label="Your lab's response",
        help_text=(
            "Kept beside the determination, and read by every agency attached to this "
            "submission. It cannot be changed once recorded. A response is never needed."
        ),
        max_length=20_000,
    )
