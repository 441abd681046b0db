"""Forms of the preliminary-issues letter."""

from django import forms

from portal.forms import LongTextField
from reviews.forms.agency_reviews import LARGEST

ISSUES, NONE = "issues", "none"


class LetterEntryForm(forms.Form):
    """The agency's entry. ``version`` is the one it writes, so that two leads notice each other."""

    version = forms.IntegerField(
        widget=forms.HiddenInput, required=False, min_value=1, max_value=LARGEST
    )
    so_far = forms.ChoiceField(
        label="What your agency has found so far",
        widget=forms.RadioSelect,
        choices=[(ISSUES, "Issues, described below"), (NONE, "No issues so far")],
    )
    text = LongTextField(
        label="Issues so far",
        help_text=(
            "The lab reads this once the letter is issued, under your agency's name. Name no "
            "person and nothing classified. Needed unless there are no issues so far."
        ),
        required=False,
        max_length=10_000,
    )

    def clean(self):
        given = super().clean()
        if "text" in given and given.get("so_far") == ISSUES and not given["text"]:
            self.add_error("text", "Describe the issues, or choose that there are none so far.")
        if given.get("so_far") == NONE and given.get("text"):
            self.add_error("text", "Clear this text, or choose that there are issues.")
        return given

    def entry(self):
        """What ``letters.file_entry`` takes of it."""
        return {
            "text": self.cleaned_data["text"],
            "nothing_so_far": self.cleaned_data["so_far"] == NONE,
            "version": self.cleaned_data["version"],
        }

    def opened_on(self, version):
        """Sent again, the form counts as opened now; what was typed stays."""
        self.data = self.data.copy()
        self.data["version"] = str(version)


class IssueForm(forms.Form):
    """Nothing to fill in: it carries what issuing was refused for."""
