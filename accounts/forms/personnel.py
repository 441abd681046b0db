"""A person's dates: her nondisclosure terms, her training, and a wider limit."""

from django import forms
from django.db.models import Q

from portal.forms import LongTextField, ZonedDateTimeField


class PersonnelForm(forms.Form):
    """Until when her terms and training last, and how many grants she may have at once."""

    nondisclosure_until = ZonedDateTimeField(label="Nondisclosure terms last until")
    training_until = ZonedDateTimeField(label="Insider-risk training lasts until")
    most_grants = forms.IntegerField(
        label="Most access grants at once (optional)",
        min_value=1,
        max_value=100,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )
    most_grants_reason = LongTextField(
        label="Reason for the exception",
        max_length=500,
        required=False,
        help_text="Needed when you enter a number above.",
    )

    ends_access = forms.BooleanField(
        label="A date above has passed. Their access ends now and never comes back.",
        required=False,
        help_text="Only for a date that has passed.",
    )

    def __init__(self, *args, usual, at, **kwargs):
        super().__init__(*args, **kwargs)
        self.at = at
        self.fields["most_grants"].help_text = f"Without an exception, {usual}."

    def clean(self):
        """What the record says; that a date has passed was meant is asked and not kept."""
        super().clean()
        meant = self.cleaned_data.pop("ends_access", False)
        for name in ("nondisclosure_until", "training_until"):
            until = self.cleaned_data.get(name)
            if until and until <= self.at and not meant:
                self.add_error(
                    "ends_access",
                    f"{self.fields[name].label.split(' last')[0]} would end at once. Correct the "
                    "date, or check this.",
                )
        most, why = (
            self.cleaned_data.get("most_grants"),
            self.cleaned_data.get("most_grants_reason"),
        )
        if most and not why:
            self.add_error("most_grants_reason", "Enter why this person needs the exception.")
        if why and not most and "most_grants" not in self.errors:
            self.add_error("most_grants", "Enter the number, or empty the reason.")


class PersonnelFilter(forms.Form):
    """Whose records to show; the address can be kept and shared."""

    mark_required = False
    name = forms.CharField(label="Name or email", required=False, max_length=100)
    show = forms.ChoiceField(
        label="Show",
        required=False,
        choices=[
            ("", "Everybody"),
            ("missing", "Nothing on record"),
            ("over", "Terms or training ended"),
            ("exceptions", "With an exception"),
        ],
    )

    def rows(self, people, at):
        """Those of ``people`` that match."""
        if not self.is_valid():
            return people.none()
        asked = self.cleaned_data
        if asked["name"]:
            people = people.filter(
                Q(name__icontains=asked["name"]) | Q(email__icontains=asked["name"])
            )
        return people.filter(
            {
                "": Q(),
                "missing": Q(personnel_record__isnull=True),
                "over": Q(personnel_record__nondisclosure_until__lte=at)
                | Q(personnel_record__training_until__lte=at),
                "exceptions": Q(personnel_record__most_grants__isnull=False),
            }[asked["show"]]
        )
