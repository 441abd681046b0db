"""Which agency to attach to a submission, or to detach; finding a submission by reference."""

from django import forms

from accounts.models import Organization
from accounts.roles import Kind


class AgencyChoice(forms.ModelChoiceField):
    def label_from_instance(self, agency):
        return agency.name


class AttachForm(forms.Form):
    """An agency that is not attached yet."""

    agency = AgencyChoice(
        Organization.objects.none(),
        to_field_name="code",
        label="Agency to attach",
        empty_label="Select",
        error_messages={
            "invalid_choice": "Choose an agency that is not attached yet. Somebody may have "
            "attached this one after you opened the page."
        },
    )

    def __init__(self, *args, attached, **kwargs):
        super().__init__(*args, **kwargs)
        agencies = Organization.objects.filter(kind=Kind.AGENCY)
        self.fields["agency"].queryset = agencies.exclude(pk__in=[row.pk for row in attached])


class DetachForm(forms.Form):
    """An agency that is attached; chosen by the link that leads here."""

    agency = AgencyChoice(
        Organization.objects.none(),
        to_field_name="code",
        label="Agency to detach",
        empty_label="Select",
        error_messages={
            "invalid_choice": "Choose an agency that is attached. Somebody may have detached this "
            "one after you opened the page."
        },
    )

    def __init__(self, *args, attached, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["agency"].queryset = Organization.objects.filter(
            pk__in=[row.pk for row in attached]
        )


class AttachmentFilter(forms.Form):
    """One submission by its reference."""

    mark_required = False
    reference = forms.CharField(label="Reference", required=False, max_length=20)

    def rows(self, submissions):
        """Those of ``submissions`` that match; none for a filter that cannot be read."""
        if not self.is_valid():
            return submissions.none()
        reference = self.cleaned_data["reference"].upper()
        return submissions.filter(reference=reference) if reference else submissions
