"""Asking for access, answering, ending it, and filtering the list of grants."""

from datetime import datetime, time

from django import forms
from django.db.models import Q
from django.utils import timezone

from accounts.models import Organization, User
from portal.forms import DayField, LongTextField, ZonedDateTimeField
from portal.timeline import instant_text
from reviews.models.access_grant import CLOSEOUT_OVERDUE
from reviews.models.grant_queries import OF_AGENCY
from reviews.models.grant_states import GrantState
from reviews.models.package import AccessLevel, Safeguards, beyond

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
    users = forms.ModelMultipleChoiceField(
        User.objects.none(),
        to_field_name="email",
        label="Who else uses it (optional)",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Each person is named: access is never shared. The lab may leave some out.",
    )
    team = forms.CharField(label="Name of the team (optional)", max_length=100, required=False)
    purpose = LongTextField(
        label="Purpose",
        max_length=2000,
        help_text="What will be tested, in words that the lab can consent to.",
    )
    access_level = forms.ChoiceField(label="Access level", widget=forms.RadioSelect)
    safeguards = forms.ChoiceField(
        label="Safeguards of the model",
        widget=forms.RadioSelect,
        choices=[(state.value, state.label) for state in Safeguards],
        initial=Safeguards.IN_PLACE,
    )
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
        self.fields["grantee"].queryset = self.fields["users"].queryset = grantees
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


class StepForm(forms.Form):
    """What is asked of whoever takes a step with a grant: nothing, unless said."""

    mark_required = False

    def __init__(self, *args, grant, **kwargs):
        super().__init__(*args, **kwargs)
        self.grant = grant


class ConsentForm(StepForm):
    """The lab's answer: what was asked for, or less of it. A part left empty is as asked."""

    access_level = forms.ChoiceField(label="Access level", widget=forms.RadioSelect, required=False)
    safeguards = forms.ChoiceField(
        label="Safeguards of the model", widget=forms.RadioSelect, required=False
    )
    ends_at = ZonedDateTimeField(label="End", required=False)
    users = forms.ModelMultipleChoiceField(
        User.objects.none(),
        to_field_name="email",
        label="Who else may use it",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Whoever is left out gets no access by this request.",
    )

    def __init__(self, *args, grant, **kwargs):
        asked = {"access_level": grant.access_level, "safeguards": grant.safeguards}
        named = [one.person for one in grant.users.all() if one.dropped_at is None]
        asked |= {"ends_at": grant.ends_at, "users": [person.email for person in named]}
        super().__init__(*args, grant=grant, initial=asked, **kwargs)
        if named:
            pks = [person.pk for person in named]
            self.fields["users"].queryset = User.objects.filter(pk__in=pks).order_by("name", "pk")
        else:
            del self.fields["users"]
        self.fields["access_level"].choices = [
            (level.value, level.label)
            for level in AccessLevel
            if not beyond(level, grant.access_level)
        ]
        self.fields["safeguards"].choices = [
            (state.value, state.label)
            for state in Safeguards
            if not state.weaker_than(Safeguards(grant.safeguards))
        ]
        latest = f"At the latest what was asked for, {instant_text(grant.ends_at)}."
        self.fields["ends_at"].help_text = latest
        for name in ("access_level", "safeguards"):
            if len(self.fields[name].choices) == 1:  # there is no less of it
                del self.fields[name]

    def clean_ends_at(self):
        """To the minute, as it is typed, the end that was asked for is that end."""
        ends_at, asked = self.cleaned_data["ends_at"], self.grant.ends_at
        if ends_at == asked.replace(second=0, microsecond=0):
            return asked
        return ends_at


class ExtendForm(StepForm):
    """A later end, and what the time is for."""

    mark_required = True
    ends_at = ZonedDateTimeField(label="New end")
    reason = LongTextField(
        label="What the time is for",
        max_length=1000,
        help_text="The lab and an administrator decide by it.",
    )

    def __init__(self, *args, grant, **kwargs):
        closes_at = grant.submission.window()[1]
        super().__init__(*args, grant=grant, initial={"ends_at": closes_at}, **kwargs)
        self.fields["ends_at"].help_text = (
            f"It ends on {instant_text(grant.ends_at)} now. A later time than the end of the "
            f"window, {instant_text(closes_at)}, is cut to it."
        )


class DeclineForm(StepForm):
    """The lab's reason, for the agency that asked."""

    mark_required = True
    reason = LongTextField(
        label="Reason",
        max_length=1000,
        help_text="The agency's lead and the person named in the request read it.",
    )


class ReasonForm(StepForm):
    """Why access ends or stops for now, if whoever does it wants to say."""

    reason = LongTextField(
        label="Reason (optional)",
        max_length=1000,
        required=False,
        help_text="The parties to this access read it.",
    )


class AttestForm(StepForm):
    """What closeout means, affirmed sentence by sentence, or said what is not so."""

    credentials_disabled = forms.BooleanField(
        label="Every credential and endpoint for this access is disabled.", required=False
    )
    copies_gone = forms.BooleanField(
        label="Every copy of the lab's material made under it is destroyed or returned.",
        required=False,
    )
    exceptions = LongTextField(
        label="Exceptions",
        max_length=2000,
        required=False,
        help_text="What of this is not so, why, and until when. Leave empty if there is nothing. "
        "The parties to this access read it; administrators and auditors see that there is one.",
    )

    def clean(self):
        """Of what was affirmed nothing is kept but that all of it was, and the exceptions."""
        given = super().clean()
        if not given.get("exceptions"):
            for name in ("credentials_disabled", "copies_gone"):
                if not given.get(name):
                    self.add_error(
                        name, "Check this if it is so. If it is not, say why under Exceptions."
                    )
        return {"exceptions": given.get("exceptions", "")}


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
    partner = forms.ChoiceField(label="Partner", required=False)
    ends_before = DayField(label="Ends before", required=False)
    sort = forms.ChoiceField(
        label="Order", choices=[("end", "Soonest end first"), ("-end", "Latest end first")]
    )

    def __init__(self, data, *, labs, agencies, partners=()):
        asked = {name: value for name, value in data.items() if value}
        super().__init__({"sort": "end"} | asked)
        for name, organizations in (("lab", labs), ("agency", agencies), ("partner", partners)):
            choices = [(row.code, row.short_name) for row in organizations]
            self.fields[name].choices = [("", "Any"), *choices]
        if not partners:
            del self.fields["partner"]

    @property
    def asked(self):
        """What the person asked for, of a valid filter, as an address says it."""
        found = {name: str(value) for name, value in self.cleaned_data.items() if value}
        if found.get("sort") == "end":
            del found["sort"]
        return found

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
            grants = grants.filter(lab__code=asked["lab"])
        if asked["agency"]:
            grants = grants.filter(agency__code=asked["agency"])
        if asked.get("partner"):
            grants = grants.filter(partner__code=asked["partner"])
        if asked["ends_before"]:
            midnight = timezone.make_aware(datetime.combine(asked["ends_before"], time.min))
            own = Q(ends_at__lt=midnight) | Q(lapses_at__lt=midnight)
            grants = grants.filter(own | OF_AGENCY & Q(submission__closes_at__lt=midnight))
        return grants

    @property
    def descending(self):
        """Whether the latest end comes first."""
        return self.is_valid() and self.cleaned_data["sort"] == "-end"


class CloseoutFilter(forms.Form):
    """Which closeouts to show; the address can be kept and shared."""

    mark_required = False
    show = forms.ChoiceField(
        label="Closeouts",
        required=False,
        choices=[
            ("", "Overdue"),
            ("waiting", "Not attested by both sides"),
            ("exceptions", "Attested with exceptions"),
            ("all", "All"),
        ],
    )

    @property
    def which(self):
        """What is shown, in words; empty for an address that means nothing."""
        words = dict(self.fields["show"].choices)
        return words[self.cleaned_data["show"]] if self.is_valid() else ""

    def rows(self, grants, at):
        """Those of ``grants`` that are over and match."""
        if not self.is_valid():
            return grants.none()
        show, waits = (
            self.cleaned_data["show"],
            Q(agency_attested_at=None) | Q(lab_attested_at=None),
        )
        if show == "exceptions":
            return grants.over_since(at).exclude(agency_exceptions="", lab_exceptions="")
        if show == "":
            return grants.over_since(at - CLOSEOUT_OVERDUE).filter(waits)
        return grants.over_since(at).filter(waits if show == "waiting" else Q())
