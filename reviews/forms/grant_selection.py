"""Which grants to show on the timeline, to revoke at once, or to export: one form for all three."""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from functools import partial

from django import forms
from django.db.models import Q
from django.utils import timezone

from accounts.models import OrganizationSector
from accounts.sectors import Sector
from portal.forms import DayField, LongTextField
from reviews.clock import FULL_WINDOW
from reviews.models import GrantUser
from reviews.models import grant_queries as queries
from reviews.models.grant_states import GrantState
from reviews.services.tracking import Tracked, tracked

WHOSE = ("state", "lab", "agency", "partner", "sector")
DAY = timedelta(days=1)
# How far a timeline reaches to either side of today, unless another range is asked for.
AROUND = 30 * DAY


class GrantSelection(forms.Form):
    """A state, whose, and a range of days; the address can be kept and shared."""

    mark_required = False
    state = forms.ChoiceField(
        label="State",
        required=False,
        choices=[
            ("", "Any state"),
            *((one.value, one.label) for one in Tracked),
            *((one.value, one.label) for one in GrantState if one not in set(Tracked)),
        ],
    )
    lab = forms.ChoiceField(label="Lab", required=False)
    agency = forms.ChoiceField(label="Agency", required=False)
    partner = forms.ChoiceField(label="Partner", required=False)
    sector = forms.TypedChoiceField(
        label="Sector of a partner",
        required=False,
        coerce=int,
        choices=[("", "Any"), *((one.value, one.label) for one in Sector)],
    )
    person = forms.CharField(label="Person, by a part of the name", max_length=150, required=False)
    # Whom the board names, where two may share a name.
    grantee = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=1)
    since = DayField(label="From", required=False)
    until = DayField(label="Through", required=False)

    def __init__(self, data, *, labs, agencies, partners=(), at=None):
        asked = {name: value for name, value in data.items() if name in self.base_fields}
        usual = {}
        if at:
            today = timezone.localtime(at).date()
            usual = {"since": today - AROUND, "until": today + AROUND}
        super().__init__(asked or usual, initial=usual)
        for name, organizations in (("lab", labs), ("agency", agencies), ("partner", partners)):
            choices = [(row.code, row.short_name) for row in organizations]
            self.fields[name].choices = [("", "Any"), *choices]
        if len(labs) < 2:
            del self.fields["lab"]
        if not partners:
            del self.fields["partner"], self.fields["sector"]

    def clean(self):
        """The days are in their order."""
        given = super().clean()
        since, until = given.get("since"), given.get("until")
        if since and until and since > until:
            self.add_error("since", "Enter a day no later than Through, or change Through.")
        return given

    @property
    def range(self) -> tuple[datetime | None, datetime | None]:
        """From when and until when, midnights of the reader's zone; None where there is no end."""
        since, until = (self.cleaned_data.get(name) for name in ("since", "until"))
        return since and _midnight(since), until and _midnight(until + DAY)

    @property
    def asked(self) -> dict[str, str]:
        """What was asked for, as the address and the audit log have it."""
        return {name: str(value) for name, value in self.cleaned_data.items() if value}

    @property
    def condition(self) -> Callable[[datetime], Q]:
        """The condition on grants that they match, at an instant; that of none if invalid."""
        if not self.is_valid():
            return nothing
        since, until = self.range
        return partial(
            _matching,
            **{name: self.cleaned_data.get(name, "") for name in WHOSE},
            person=self.cleaned_data["person"],
            grantee=self.cleaned_data["grantee"],
            since=since,
            until=until,
        )


def _midnight(day):
    return timezone.make_aware(datetime.combine(day, time.min))


def nothing(at: datetime) -> Q:
    """The condition that no grant fulfils."""
    return Q(pk__in=())


def _matching(at, *, state, lab, agency, partner, sector, person, grantee, since, until):
    found = tracked(state, at) if state else Q()
    if lab:
        found &= Q(lab__code=lab)
    if agency:
        found &= Q(agency__code=agency)
    if partner:
        found &= Q(partner__code=partner)
    if sector:
        found &= Q(
            partner__in=OrganizationSector.objects.filter(sector=sector).values("organization")
        )
    if grantee:
        found &= Q(grantee=grantee)
    if person:
        named = GrantUser.objects.filter(person__name__icontains=person)
        found &= Q(grantee__name__icontains=person) | Q(pk__in=named.values("grant"))
    if since:
        # Its own end alone bounds the range for the index.
        found &= Q(ends_at__gt=since) & ~queries.over(since)
    if until:
        # Access is used inside a window, or as long by a partner: no end is later than that.
        found &= Q(starts_at__lt=until, submission__opens_at__lt=until)
        found &= Q(ends_at__lt=until + FULL_WINDOW)
    return found


class RevokeManyForm(forms.Form):
    """One reason for all of them, and which ones the preview listed."""

    digest = forms.CharField(widget=forms.HiddenInput, max_length=64)
    reason = LongTextField(
        label="Reason (optional)",
        max_length=1000,
        required=False,
        help_text="The parties to each of these grants read it.",
    )
