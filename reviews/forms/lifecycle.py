"""Filing and shortening. Withdrawing asks nothing, so it has no form."""

from django import forms

from portal.forms import ZonedDateTimeField


class FilingForm(forms.Form):
    """The filer's certification, of the answers as they were at one revision."""

    certified = forms.BooleanField(label="")
    certifier_title = forms.CharField(
        label="Your title",
        max_length=150,
        help_text="Recorded with your name as the one who certified this filing.",
        widget=forms.TextInput(attrs={"autocomplete": "organization-title"}),
    )
    revision = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, data=None, *, submission):
        super().__init__(data, initial={"revision": submission.revision})
        self.fields["certified"].label = (
            f"I certify that I may file this for {submission.lab.name}, and that its answers are "
            "true to the best of my knowledge."
        )

    @property
    def opened_on(self):
        """The revision that the person certified; 0, which none is, when the form does not say."""
        return self.cleaned_data["revision"] or 0

    def reopen(self, submission):
        """The changed answers are to be read and certified anew: the box is empty again."""
        self.data = self.data.copy()
        self.data["revision"] = submission.revision
        self.data.pop("certified", None)


class ShortenForm(forms.Form):
    """When the window is to end instead."""

    closes_at = ZonedDateTimeField(
        label="New end of the window",
        help_text="Later than now and earlier than the present end.",
    )
