"""Naming a filter that a person keeps."""

from django import forms


class SavedFilterForm(forms.Form):
    """The name by which the person finds it again."""

    name = forms.CharField(
        label="Name", max_length=60, help_text="Only you see it, above the list."
    )
