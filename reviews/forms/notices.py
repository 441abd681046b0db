"""Filtering the inbox, marking as read, choosing deliveries, sending again what did not arrive."""

from uuid import UUID

from django import forms
from django.db.models import Q

from portal import keyset
from reviews.models.notice import Delivery, Topic
from reviews.services import notices

UNREAD = "unread"


class NoticeFilter(forms.Form):
    """Which of the inbox's notices to show; everything is in the address."""

    mark_required = False
    state = forms.ChoiceField(
        label="Show", required=False, choices=[("", "All notices"), (UNREAD, "Unread only")]
    )
    topic = forms.ChoiceField(
        label="Topic",
        required=False,
        choices=[("", "Any topic"), *((topic.value, topic.label) for topic in Topic)],
    )

    def rows(self, inbox):
        """Those of ``inbox`` that match; none for a filter that cannot be read."""
        if not self.is_valid():
            return inbox.none()
        if self.cleaned_data["state"]:
            inbox = inbox.unread()
        if self.cleaned_data["topic"]:
            inbox = inbox.filter(kind__in=notices.of_topic(Topic(self.cleaned_data["topic"])))
        return inbox


class ReadForm(forms.Form):
    """One notice, or every one up to the newest that the page showed."""

    reference = forms.UUIDField(required=False)
    through = forms.CharField(required=False, max_length=100)

    def clean_through(self):
        """(when the newest was queued, its reference); None where the page named none."""
        text = self.cleaned_data["through"]
        if not text:
            return None
        queued_at, _, reference = text.partition("~")
        try:
            return keyset.instant(queued_at), UUID(reference)
        except ValueError:
            raise forms.ValidationError("The page named no notice.") from None

    def clean(self):
        super().clean()
        if not (self.cleaned_data.get("reference") or self.cleaned_data.get("through")):
            raise forms.ValidationError("The page named no notice.")

    def rows(self, inbox):
        """Those of ``inbox`` that are meant: what came after the page was drawn is not."""
        if reference := self.cleaned_data["reference"]:
            return inbox.filter(reference=reference)
        queued_at, newest = self.cleaned_data["through"]
        return inbox.filter(
            Q(queued_at__lt=queued_at) | Q(queued_at=queued_at, reference__lte=newest)
        )


class DeliveryForm(forms.Form):
    """For each topic that leaves a choice, how its notices are delivered."""

    mark_required = False

    def __init__(self, *args, person, **kwargs):
        now = notices.deliveries(person)
        super().__init__(*args, initial={topic.value: now[topic] for topic in Topic}, **kwargs)
        for topic in Topic:
            if len(topic.deliveries) < 2:
                continue
            self.fields[topic.value] = forms.ChoiceField(
                label=topic.label,
                widget=forms.RadioSelect,
                choices=[(delivery.value, delivery.label) for delivery in topic.deliveries],
                help_text=""
                if Delivery.MUTED in topic.deliveries
                else "These are always mailed: somebody waits for you.",
            )

    def wanted(self):
        """What was chosen, by topic."""
        return {Topic(name): Delivery(value) for name, value in self.cleaned_data.items()}


class AgainForm(forms.Form):
    """Which undelivered notices to send again: one, or all that the page showed."""

    reference = forms.UUIDField(required=False)
    shown = forms.TypedMultipleChoiceField(required=False, coerce=UUID)

    def __init__(self, data, *args, **kwargs):
        super().__init__(data, *args, **kwargs)
        self.fields["shown"].choices = [(text, text) for text in data.getlist("shown")]

    def clean(self):
        super().clean()
        if not (self.cleaned_data.get("reference") or self.cleaned_data.get("shown")):
            raise forms.ValidationError("The page named no notice.")

    def rows(self, undelivered):
        """Those of ``undelivered`` that are meant."""
        one = self.cleaned_data["reference"]
        return undelivered.filter(reference__in=[one] if one else self.cleaned_data["shown"])
