"""Forms of the agencies' reviews besides the review itself: position, recusal."""

from django import forms
from django.utils.html import format_html

from portal.forms import LongTextField
from reviews.models.agency_review import Outcome

LARGEST = 2**31 - 1


def _explained(outcome: Outcome, words: str):
    return (
        outcome.value,
        format_html('{}<span class="usa-radio__label-description">{}</span>', outcome.label, words),
    )


class PositionForm(forms.Form):
    """The agency's view. ``version`` is the one it writes, so that two leads notice each other."""

    version = forms.IntegerField(
        widget=forms.HiddenInput, required=False, min_value=1, max_value=LARGEST
    )
    outcome = forms.ChoiceField(
        label="Your agency's position",
        widget=forms.RadioSelect,
        choices=[
            _explained(
                Outcome.NO_CONCERNS_RECORDED,
                "Your agency looked and records no concern. It is no consent to a release.",
            ),
            _explained(
                Outcome.CONCERNS_RECORDED,
                "Your agency records concerns, named in the summary. "
                "They do not stand in the way of a release.",
            ),
            _explained(
                Outcome.MITIGATIONS_SUGGESTED,
                "Your agency suggests measures, named in the summary. The lab decides on them.",
            ),
            _explained(
                Outcome.RECUSED, "Your agency takes no part in this review and records no view."
            ),
        ],
    )
    summary = LongTextField(
        label="Summary for the lab",
        help_text=(
            "The lab reads this in the final report, under your agency's name. Name no person "
            "and nothing classified. Needed when concerns are recorded or mitigations suggested."
        ),
        required=False,
        max_length=10_000,
    )
    dissent = LongTextField(
        label="Dissent within your agency",
        help_text=(
            "Optional. Where part of your reviewers disagree with this position. Agencies read it "
            "with the position; the lab does not."
        ),
        required=False,
        max_length=10_000,
    )

    def opened_on(self, version: int) -> None:
        """Sent again, the form counts as opened now; what was typed stays."""
        self.data = self.data.copy()
        self.data["version"] = str(version)


class RecuseForm(forms.Form):
    reason = LongTextField(
        label="Reason",
        help_text="Optional. Kept on record; the lab never sees it.",
        required=False,
        max_length=2_000,
    )
