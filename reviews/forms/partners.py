"""Proposing a trusted partner, accepting the terms, publishing them."""

from django import forms
from django.db.models import F

from accounts.models import Organization, User
from accounts.roles import Role
from portal.forms import LongTextField, ZonedDateTimeField
from reviews.forms.access_grants import GrantRequestForm, StepForm
from reviews.models import PartnerTerms


def every_contact():
    """The people of all trusted partners, each with ``partner``, the organization's name."""
    contacts = User.objects.filter(is_active=True, groups__seat__role=Role.PARTNER_CONTACT)
    name = F("groups__seat__organization__short_name")
    return contacts.annotate(partner=name).order_by("partner", "name", "pk")


class ProposalForm(GrantRequestForm):
    """Access for a trusted partner's people, from its planned release on."""

    def __init__(self, *args, release, **kwargs):
        super().__init__(*args, **kwargs, grantees=every_contact())
        self.release = release
        grantee, users = self.fields["grantee"], self.fields["users"]
        for field in (grantee, users):
            field.label_from_instance = lambda person: f"{person.name}, {person.partner}"
        grantee.label = "Which partner's contact uses the model"
        grantee.help_text = (
            "A partner is listed once an administrator has given one of its people the seat of a "
            "contact. The lab sees this name."
        )
        grantee.error_messages["invalid_choice"] = "Choose a contact of a trusted partner."
        users.help_text = "Of the same partner. Each person is named: access is never shared."
        self.fields["starts_at"].help_text = "No earlier than the planned partner release."
        self.fields[
            "purpose"
        ].help_text = "What the partner does with the model, in words that the lab can consent to."
        if "agency" in self.fields:
            self.fields["agency"].label = "For which agency do you propose"

    def clean_starts_at(self):
        """To the minute, as it is typed, the planned release is that release."""
        starts_at, release = self.cleaned_data["starts_at"], self.release
        if release and starts_at == release.replace(second=0, microsecond=0):
            return release
        return starts_at

    def clean(self):
        """``partner`` is the organization of the contacts, who are all of one."""
        super().clean()
        grantee = self.cleaned_data.get("grantee")
        if grantee is None:
            return
        seated = {"seats__group__user": grantee, "seats__role": Role.PARTNER_CONTACT}
        partner = Organization.objects.filter(**seated).first()
        self.cleaned_data["partner"] = partner
        others = self.cleaned_data.get("users") or ()
        if any(person.partner != partner.short_name for person in others):
            self.add_error("users", f"Choose people of {partner.short_name} only.")


class AcceptForm(StepForm):
    """A click that accepts the very text that the page shows."""

    mark_required = True
    sha256 = forms.CharField(widget=forms.HiddenInput, max_length=64)
    accepted = forms.BooleanField()

    def __init__(self, *args, grant, **kwargs):
        self.terms = PartnerTerms.objects.last()
        current = self.terms.sha256 if self.terms else ""
        super().__init__(*args, grant=grant, initial={"sha256": current}, **kwargs)
        partner = grant.holder().name
        self.fields["accepted"].label = f"I accept these terms, {self.version}, for {partner}."
        self.fields["accepted"].error_messages["required"] = (
            "Check this to accept the terms. Without it nobody of your organization gets access."
        )

    @property
    def version(self):
        """Which version the page shows, in words."""
        return str(self.terms or "none").lower()

    def clean(self):
        """Only the text's hash is handed on. One superseded meanwhile has to be read first."""
        given = super().clean()
        current = self.terms.sha256 if self.terms else ""
        if given.get("sha256") != current:
            self.data = self.data.copy()
            self.data["sha256"] = current
            self.data.pop("accepted", None)
            self.add_error(
                "accepted",
                "Newer terms were published after you opened this page. Read them above, then "
                "check this again.",
            )
        return {"sha256": given.get("sha256")}


class PublishForm(forms.Form):
    """The text of the next version, and by when partners must have accepted it."""

    text = LongTextField(
        label="Text of the terms",
        max_length=40_000,
        help_text="As partners read and accept it. A published version never changes.",
    )
    accept_by = ZonedDateTimeField(
        label="Accept by",
        help_text="Access under an earlier version lapses then, unless its partner has accepted "
        "this one.",
    )
