"""A trusted partner: its names and its sectors."""

from django import forms

from accounts.models import Organization
from accounts.sectors import Sector


class SectorsForm(forms.Form):
    """Of which critical-infrastructure sectors a partner is."""

    sectors = forms.TypedMultipleChoiceField(
        label="Critical-infrastructure sectors (optional)",
        coerce=int,
        required=False,
        choices=[(one.value, one.label) for one in Sector],
        widget=forms.CheckboxSelectMultiple,
    )


class PartnerForm(SectorsForm):
    """A partner that does not exist yet."""

    name = forms.CharField(label="Name", max_length=150)
    short_name = forms.CharField(label="Short name", max_length=40)
    code = forms.SlugField(
        label="Code",
        max_length=40,
        help_text="Small letters, digits and hyphens, such as its short name. It never changes.",
    )
    field_order = ("name", "short_name", "code", "sectors")

    def clean_code(self):
        """A code that no organization has."""
        code = self.cleaned_data["code"].lower()
        if Organization.objects.filter(code=code).exists():
            raise forms.ValidationError("An organization with this code exists. Choose another.")
        return code
