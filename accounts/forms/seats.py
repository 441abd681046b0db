"""Giving and removing seats of one organization."""

from django import forms

from accounts.models import SeatRequest, User
from accounts.roles import Role, roles_at


class SeatForm(forms.Form):
    """A person, by email, and one of the roles that exist at the organization."""

    email = forms.EmailField(
        label="Email address of the person",
        help_text="The address that the person signs in with.",
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    role = forms.ChoiceField(label="Role", widget=forms.RadioSelect)

    def __init__(self, *args, organization, **kwargs):
        super().__init__(*args, **kwargs)
        self.organization = organization
        found = roles_at(organization.kind, organization.code)
        self.fields["role"].choices = [(role.value, role.label) for role in Role if role in found]

    def clean_email(self):
        """The person; ``cleaned_data["person"]`` too."""
        email = self.cleaned_data["email"]
        person = User.objects.filter(email__iexact=email).first()
        if person is None:
            raise forms.ValidationError(
                "Nobody with that address has an account. Check the address, or have the account "
                "made first."
            )
        self.cleaned_data["person"] = person
        return email

    def holds(self):
        """Whether the person holds the seat now; None while either is unknown."""
        person, role = self.cleaned_data.get("person"), self.cleaned_data.get("role")
        if person is None or role is None:
            return None
        return person.groups.filter(seat__organization=self.organization, seat__role=role).exists()


class GiveForm(SeatForm):
    """A seat for a person who does not hold it and may sign in."""

    def clean(self):
        super().clean()
        person = self.cleaned_data.get("person")
        if person is not None and not person.is_active:
            self.add_error("email", "That account is disabled. Have it enabled first.")
        if self.holds():
            self.add_error("role", f"{person.name} holds this seat already. Choose another role.")


class TakeForm(SeatForm):
    """A seat that the person holds."""

    def clean(self):
        super().clean()
        if self.holds() is False:
            name = self.cleaned_data["person"].name
            self.add_error("role", f"{name} does not hold this seat. Choose another role.")


class AnswerForm(SeatForm):
    """A seat that an administrator asked for and nobody has answered."""

    def clean(self):
        super().clean()
        person, role = self.cleaned_data.get("person"), self.cleaned_data.get("role")
        if person is None or role is None:
            return
        asked = SeatRequest.objects.waiting().filter(
            person=person, seat__organization=self.organization, seat__role=role
        )
        if not asked.exists():
            self.add_error(
                "role",
                f"Nobody asks for this seat for {person.name}, or it was answered. See the page "
                "of seats.",
            )
