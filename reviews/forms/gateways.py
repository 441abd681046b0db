"""A lab's gateway, and what the lab says that it enforces."""

from django import forms

from portal.forms import FileInput
from reviews.services import comparisons, receivers


class GatewayForm(forms.Form):
    """A receiver of the lab's own."""

    name = forms.CharField(
        label="Name",
        max_length=60,
        help_text="What your people call it. Administrators and auditors see it too.",
    )
    url = forms.CharField(
        label="Address that takes messages",
        max_length=500,
        help_text="It begins with https:// and is reached from the internet. No password in it.",
    )

    def clean_url(self):
        """The address as typed, when something may be sent there."""
        url = self.cleaned_data["url"]
        if why := receivers.refusal(url):
            raise forms.ValidationError(why)
        return url


class ComparisonForm(forms.Form):
    """One file: for each grant, what the gateway does with it."""

    upload = forms.FileField(
        label="File",
        allow_empty_file=True,
        widget=FileInput(accept=".csv,.json", max_bytes=comparisons.MAX_BYTES),
        help_text=f"CSV or JSON with {', '.join(comparisons.COLUMNS)} for each grant, at most "
        f"{comparisons.MAX_BYTES // 10**6} MB.",
    )
