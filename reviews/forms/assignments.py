"""Forms of assigning: whom, by what expertise, and a reviewer's declining."""

from django import forms
from django.utils.html import format_html

from accounts.models.expertise_tag import Expertise
from portal.forms import LongTextField
from portal.templatetags.foreview import instant_html


class ReviewerChoice(forms.ModelChoiceField):
    """One reviewer; ``assigned`` are those whom the label says so of, by primary key."""

    assigned: frozenset[int] = frozenset()

    def label_from_instance(self, person):
        already = " (assigned)" if person.pk in self.assigned else ""
        return f"{person.name}, {person.email}{already}"


class AssignForm(forms.Form):
    reviewer = ReviewerChoice(
        queryset=None,
        to_field_name="email",
        label="Reviewer",
        widget=forms.RadioSelect,
        empty_label=None,
        error_messages={
            "invalid_choice": (
                "You cannot assign this person, or no longer. Choose a reviewer from the list. "
                "To be assigned yourself, ask another lead of your agency."
            )
        },
    )

    def __init__(self, *args, reviewers, assigned, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["reviewer"].queryset = reviewers
        self.fields["reviewer"].assigned = frozenset(assigned)


class EndForm(AssignForm):
    """Whose assignment a lead takes back: one of those whom the page lists."""

    def __init__(self, *args, reviewers, **kwargs):
        super().__init__(*args, reviewers=reviewers, assigned=(), **kwargs)


class AcceptForm(forms.Form):
    """Which of the assignments that wait for the reviewer she accepts."""

    mark_required = False
    checked = forms.MultipleChoiceField(
        label="Assigned to you, and not answered yet",
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": "Check at least one.",
            "invalid_choice": (
                "One of these does not wait for you any more. Look through the list again."
            ),
        },
    )

    def __init__(self, *args, waiting, **kwargs):
        super().__init__(*args, **kwargs)
        self._waiting = {f"{one.submission.reference} {one.agency.code}": one for one in waiting}
        self.fields["checked"].choices = [
            (key, self._label(one)) for key, one in self._waiting.items()
        ]

    def clean_checked(self):
        """The assignments themselves."""
        return [self._waiting[key] for key in self.cleaned_data["checked"]]

    def _label(self, one):
        submission = one.submission
        return format_html(
            "{} {}, {}, for {}. Assigned by {}; the window ends {}",
            submission.lab.short_name,
            submission.model_version,
            submission.reference,
            one.agency.short_name,
            one.assigned_by.name,
            instant_html(submission.closes_at),
        )


class NeedsForm(forms.Form):
    """What a review needs, for the suggestions; nothing checked is everything."""

    mark_required = False
    needs = forms.MultipleChoiceField(
        label="What this review needs",
        required=False,
        choices=[(one.value, one.label) for one in Expertise],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": "Choose fields from the list."},
    )

    def fields_needed(self):
        """The fields that were checked, or all."""
        chosen = self.cleaned_data.get("needs") if self.is_valid() else None
        return frozenset(chosen or Expertise)


class DeclineForm(forms.Form):
    reason = LongTextField(
        label="Reason",
        help_text="Optional. Your agency's leads see it; the lab never does.",
        required=False,
        max_length=2_000,
    )
