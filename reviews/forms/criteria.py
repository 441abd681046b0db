"""Proposing and confirming a version of a criterion of the register."""

from django import forms

from reviews.models.coverage_criterion import reference_format


class CriterionForm(forms.Form):
    """The next version of a criterion; ``keepers`` are those that the person can propose for."""

    keeper = forms.ModelChoiceField(None, label="For which office do you propose", empty_label=None)
    reference = forms.CharField(
        label="Public reference",
        max_length=20,
        validators=[reference_format],
        help_text="Of a criterion on the register, or of a new one, such as CC-7.",
    )
    title = forms.CharField(
        label="Public title",
        max_length=200,
        required=False,
        help_text="Unclassified: what is looked at, never a threshold or a test item.",
        widget=forms.TextInput({"class": "maxw-tablet"}),
    )
    external_reference = forms.CharField(
        label="Where the classified text is kept (optional)",
        max_length=200,
        required=False,
        help_text="The number of a record elsewhere, never its content. Only agencies see it.",
    )
    retires = forms.BooleanField(
        label="Retire this criterion: nothing can be determined against it any more",
        required=False,
    )

    def __init__(self, *args, keepers, **kwargs):
        super().__init__(*args, **kwargs)
        self.keepers = keepers
        self.fields["keeper"].queryset = keepers
        self.fields["title"].mark = "required, unless you retire the criterion"
        if len(keepers) == 1:
            del self.fields["keeper"]

    def clean(self):
        """``keeper`` is there also when the person speaks for one alone."""
        given = super().clean()
        if not given.get("retires") and not given.get("title") and "title" not in self.errors:
            self.add_error("title", "Enter the public title that this version has.")
        return {"keeper": self.keepers[0]} | given if len(self.keepers) == 1 else given


class ConfirmForm(forms.Form):
    """Nothing to fill in: it carries what confirming was refused for."""
