"""Forms of the final report."""

from django import forms

from portal.forms import LongTextField


class IssueForm(forms.Form):
    """Nothing to fill in: it carries what issuing was refused for."""


class ResponseForm(forms.Form):
    response = LongTextField(
        label="Your lab's response",
        help_text=(
            "Kept with the report, and read by every agency attached to this submission. "
            "It cannot be changed once recorded. A response is never needed."
        ),
        max_length=20_000,
    )
