"""When a person is away, and who gets copies of her notices then."""

from django import forms

from accounts import absences
from accounts.models import User
from portal.forms import ZonedDateTimeField


class Colleague(forms.ModelChoiceField):
    def label_from_instance(self, person):
        return f"{person.name}, {person.email}"


class AbsenceForm(forms.Form):
    """From, until, and the delegate; what the service refuses is said at the field."""

    starts_at = ZonedDateTimeField(label="From")
    ends_at = ZonedDateTimeField(label="Until")
    delegate = Colleague(
        User.objects.none(),
        to_field_name="email",
        label="Delegate",
        empty_label="Select",
        help_text="Somebody with a seat where you have one.",
        error_messages={"invalid_choice": "Choose somebody else with a seat where you have one."},
    )

    def __init__(self, *args, person, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["delegate"].queryset = absences.colleagues(person)
