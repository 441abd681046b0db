"""How large a lab is."""

from django import forms

from accounts.roles import Size


class SizeForm(forms.Form):
    """One of the sizes, or none recorded."""

    size = forms.ChoiceField(
        label="People who work there (optional)",
        required=False,
        widget=forms.RadioSelect,
        choices=[("", "Not recorded"), *((size.value, size.label) for size in Size)],
    )
