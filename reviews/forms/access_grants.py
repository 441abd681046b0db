"""Asking for access, answering, ending it, and filtering the list of grants."""

from datetime import datetime, time

from django import forms
from django.db.models import Q
from django.utils import timezone

from accounts.models import Organization, User
from portal.forms import DayField, LongTextField, ZonedDateTimeField
from reviews.models.access_grant import GrantState, beyond
from reviews.models.package import AccessLevel

MORE = ", more than the lab offers"


class GrantRequestForm(forms.Form):
    """One person's access, for a purpose and a time inside the window."""

    agency = forms.ModelChoiceField(
        Organization.objects.none(),
        to_field_name="code",
        label="For which agency",
        empty_label="Select",
    )
    grantee = forms.ModelChoiceField(
        User.objects.none(),
        to_field_name="email",
        label="Who uses the model",
        empty_label="Select",
        help_text="Someone of your agency who works on this submission. The lab sees this name.",
        error_messages={
            "invalid_choice": "Choose someone of your agency who works on this submission and is "
            "not recused."
        },
    )
    purpose = LongTextField(
        label="Purpose",
        max_length=2000,
        help_text="What will be tested, in words that the lab can consent to.",
    )
    access_level = forms.ChoiceField(label="Access level", widget=forms.RadioSelect)
    environment = forms.CharField(
        label="Environment",
        max_length=200,
        help_text="Where the model is used from, by name. Never a password or a key.",
    )
    starts_at = ZonedDateTimeField(
        label="Start",
        help_text="Access begins then, or once it is authorized, whichever is later.",
    )
    ends_at = ZonedDateTimeField(label="End")

    def __init__(self, *args, agencies, grantees, ends_hint, offered, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["grantee"].queryset = grantees
        self.fields["ends_at"].help_text = ends_hint
        levels = self.fields["access_level"]
        levels.choices = [
            (level.value, level.label + (MORE if beyond(level, offered) else ""))
            for level in AccessLevel
        ]
        levels.help_text = (
            f"The lab offers {AccessLevel(offered).label}. If you ask for more, the lab is shown "
            "that it is more, and decides."
            if offered
            else "The lab has not said yet which level it offers."
        )
        if len(agencies) == 1:
            del self.fields["agency"]
            self.only_agency = agencies[0]
        else:
            self.fields["agency"].queryset = Organization.objects.filter(
                pk__in=[agency.pk for agency in agencies]
            )

    def clean(self):
        super().clean()
        starts_at, ends_at = self.cleaned_data.get("starts_at"), self.cleaned_data.get("ends_at")
        if starts_at and ends_at and ends_at <= starts_at:
            self.add_error("ends_at", "Enter an end that is later than the start.")
        if "agency" not in self.fields:
            self.cleaned_data["agency"] = self.only_agency


class DeclineForm(forms.Form):
    """The lab's reason, for the agency that asked."""

    reason = LongTextField(
        label="Reason",
        max_length=1000,
        help_text="The agency's lead and the person named in the request read it.",
    )


class RevokeForm(forms.Form):
    """Why access ends, if whoever ends it wants to say."""

    mark_required = False
    reason = LongTextField(
        label="Reason (optional)",
        max_length=1000,
        required=False,
        help_text="The parties to this access read it.",
    )


class AttestForm(forms.Form):
    """What closeout means, affirmed sentence by sentence."""

    mark_required = False
    credentials_disabled = forms.BooleanField(
        label="Every credential and endpoint for this access is disabled."
    )
    copies_gone = forms.BooleanField(
        label="Every copy of the lab's material made under it is destroyed or returned."
    )

    def clean(self):
        """Nothing typed is kept: who affirmed it all, and when, is."""
        return {}


class GrantFilter(forms.Form):
    """Which grants to show, live ones first; the address can be kept and shared."""

    mark_required = False
    state = forms.ChoiceField(
        label="State",
        required=False,
        choices=[
            ("", "Any state, not over"),
            *((state.value, state.label) for state in GrantState),
            ("all", "Any state, over too"),
        ],
    )
    lab = forms.ChoiceField(label="Lab", required=False)
    agency = forms.ChoiceField(label="Agency", required=False)
    ends_before = DayField(label="Ends before", required=False)
    sort = forms.ChoiceField(
        label="Order", choices=[("end", "Soonest end first"), ("-end", "Latest end first")]
    )

    def __init__(self, data, *, labs, agencies):
        asked = {name: value for name, value in data.items() if value}
        super().__init__({"sort": "end"} | asked)
        for name, organizations in (("lab", labs), ("agency", agencies)):
            choices = [(row.code, row.short_name) for row in organizations]
            self.fields[name].choices = [("", "Any"), *choices]

    def rows(self, grants, at):
        """Those of ``grants`` that match; unless asked for, none that is over."""
        if not self.is_valid():
            return grants.none()
        asked = self.cleaned_data
        if not asked["state"]:
            grants = grants.running(at)
        elif asked["state"] != "all":
            grants = grants.in_state(GrantState(asked["state"]), at)
        if asked["lab"]:
            grants = grants.filter(submission__model_version__lab__code=asked["lab"])
        if asked["agency"]:
            grants = grants.filter(agency__code=asked["agency"])
        if asked["ends_before"]:
            midnight = timezone.make_aware(datetime.combine(asked["ends_before"], time.min))
            grants = grants.filter(Q(ends_at__lt=midnight) | Q(submission__closes_at__lt=midnight))
        return grants

    @property
    def descending(self):
        """Whether the latest end comes first."""
        return self.is_valid() and self.cleaned_data["sort"] == "-end"
