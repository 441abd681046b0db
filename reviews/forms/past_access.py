"""Which past instant to look at, and at which grants."""

from contextlib import suppress

from django import forms

from portal import keyset
from portal.forms import ZonedDateTimeField
from reviews.models.grant_states import AUTHORIZED, WAITING, GrantState


class PastAccessFilter(forms.Form):
    """An instant that has passed, ``now`` unless said; the address has it in UTC."""

    mark_required = False
    at = ZonedDateTimeField(label="As of")
    show = forms.ChoiceField(
        label="Show",
        required=False,
        choices=[
            ("", "Who had live access"),
            ("not_over", "What was live, suspended, scheduled or waiting"),
            ("all", "Every grant, over too"),
        ],
    )
    submission = forms.CharField(label="Submission reference", required=False, max_length=20)

    def __init__(self, data, *, now):
        asked = {name: value for name, value in data.items() if value}
        if not any(name == "at" or name.startswith("at_") for name in asked):
            asked["at"] = now
        elif "at" in asked:
            with suppress(ValueError):
                asked["at"] = keyset.instant(asked["at"])
        super().__init__(asked)
        self.now = now

    def clean_at(self):
        """The log knows nothing of what will be."""
        if self.cleaned_data["at"] > self.now:
            raise forms.ValidationError("Enter an instant that has passed.")
        return self.cleaned_data["at"]

    @property
    def states(self):
        """Which states to show; None for all of them."""
        return {"": (GrantState.LIVE,), "not_over": (*WAITING, *AUTHORIZED), "all": None}[
            self.cleaned_data["show"]
        ]
