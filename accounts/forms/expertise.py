"""Which fields a reviewer knows."""

from django import forms

from accounts.models.expertise_tag import Expertise


class ExpertiseForm(forms.Form):
    """The fields of one person, none of them needed."""

    tags = forms.MultipleChoiceField(
        label="Fields of expertise (optional)",
        help_text="Leads see suggestions of reviewers by them. They give nobody access.",
        required=False,
        choices=[(one.value, one.label) for one in Expertise],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": "Choose fields from the list."},
    )
