"""Filtering the audit log; everything is in the address."""

from datetime import datetime, time, timedelta

from django import forms
from django.db.models import Q
from django.utils import timezone

from accounts import audit, audit_words
from accounts.models import User
from portal.forms import DayField
from portal.timeline import zone_label


class AuditFilter(forms.Form):
    """Which events to show, newest first. ``organizations`` maps codes to names."""

    mark_required = False
    actor = forms.CharField(label="Who (name or email)", required=False, max_length=254)
    action = forms.ChoiceField(
        label="What happened",
        required=False,
        choices=[
            ("", "Anything"),
            *((group, list(found.items())) for group, found in audit_words.GROUPS.items()),
        ],
    )
    organization = forms.ChoiceField(label="Organization", required=False)
    submission = forms.CharField(label="Submission reference", required=False, max_length=20)
    outcome = forms.ChoiceField(
        label="Outcome",
        required=False,
        choices=[("", "Any outcome"), (audit.DONE, "Done"), (audit.REFUSED, "Refused")],
    )
    since = DayField(label="From", required=False)
    until = DayField(label="To", required=False)

    def __init__(self, *args, organizations, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["organization"].choices = [("", "Any organization"), *organizations.items()]
        for name, edge in (("since", "start"), ("until", "end")):
            self.fields[name].help_text = f"The {edge} of the day, {zone_label()}."

    def rows(self, events):
        """Those of ``events`` that match; none for a filter that cannot be read."""
        if not self.is_valid():
            return events.none()
        asked = self.cleaned_data
        wanted = {
            "action": asked["action"],
            "organization": asked["organization"],
            "submission": asked["submission"].upper(),
            "outcome": asked["outcome"],
            "at__gte": asked["since"] and _midnight(asked["since"]),
            "at__lt": asked["until"] and _midnight(asked["until"] + timedelta(days=1)),
        }
        events = events.filter(**{name: value for name, value in wanted.items() if value})
        return events.filter(_by(asked["actor"])) if asked["actor"] else events


def _by(text):
    """Events of whoever has the text in her name or address, or had it whole as her address."""
    people = User.objects.filter(Q(name__icontains=text) | Q(email__icontains=text))
    unattended = [
        actor.email
        for actor in (audit.SYSTEM, audit.NOBODY)
        if text.lower() in f"{actor.email} {actor.name}".lower()
    ]
    # By address, which the log has an index for; the log itself is too long to search for text.
    return Q(actor__in=people.values("email")) | Q(actor__in=[text, *unattended])


def _midnight(day):
    return timezone.make_aware(datetime.combine(day, time.min))
