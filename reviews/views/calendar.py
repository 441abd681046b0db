"""The calendar: a month, what lapses on a day, and the feed that other calendars read.

Days are those of the viewer's zone.
"""

import hashlib
from calendar import Calendar
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.views.decorators.http import require_GET, require_POST, require_safe

from portal.context import Link
from portal.forms import MONTH_NAMES
from portal.timeline import day_text
from reviews import policy
from reviews.forms.calendar import YEARS, DayForm, MonthForm
from reviews.models import CalendarFeed
from reviews.policy import Action
from reviews.services import agenda, business_days, calendar_feeds
from reviews.services.reminders import REMINDERS

ONE = timedelta(days=1)
WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
ENDING = (agenda.WINDOW_ENDS, agenda.ACCESS_ENDS, agenda.REQUEST_LAPSES)
NO_FEED = "There is no calendar at this address.\n"


@dataclass
class Line:
    """An entry as a page shows it; ``closes`` is what its end takes from the viewer."""

    at: datetime
    words: str
    about: str
    facts: str
    url: str
    closes: list[str] = field(default_factory=list)


@dataclass
class Day:
    """A day of the calendar: what it is besides a date, and what falls on it."""

    date: date
    today: bool
    inside: bool = True
    lines: list[Line] = field(default_factory=list)

    @property
    def title(self):
        """Its weekday and date."""
        return f"{WEEKDAYS[self.date.isoweekday() % 7]}, {day_text(self.date)}"

    @property
    def holiday(self):
        """The federal holiday that is kept on it."""
        return business_days.holiday(self.date)

    @property
    def notes(self):
        """What there is to say of the day itself, in words."""
        holiday = self.holiday and f"federal holiday: {self.holiday}"
        weekend = "weekend" if self.date.isoweekday() > 5 else ""
        return ", ".join(note for note in ("today" if self.today else "", holiday, weekend) if note)


@require_GET
def agenda_list(request):
    """A month: what ends, starts and is due on each day, of what the person may see."""
    form, today = MonthForm(request.GET), _today(request)
    context = {"month_form": form, "today": Day(today, today=True)}
    if form.is_valid():
        first = form.cleaned_data["month"] or today.replace(day=1)
        context |= _month(request, first, today)
    return render(
        request,
        "reviews/agenda_list.html",
        context | {"breadcrumbs": _breadcrumbs()},
        status=200 if form.is_valid() else 400,
    )


def _month(request, first, today):
    following = (first + 31 * ONE).replace(day=1)
    found = _agenda(request, first, following)
    lines = _by_day(request, [entry for entry in found.entries if not entry.counts_down])
    weeks = [
        [Day(day, day == today, day.month == first.month, lines.get(day, [])) for day in week]
        for week in Calendar(firstweekday=6).monthdatescalendar(first.year, first.month)
    ]
    days = [day for week in weeks for day in week if day.inside]
    return {
        "name": _name(first),
        "weekdays": WEEKDAYS,
        "weeks": weeks,
        "days": [day for day in days if day.lines],
        "holidays": [day for day in days if day.holiday],
        "this_month": first == today.replace(day=1),
        "previous": _neighbour(first - ONE),
        "following": _neighbour(following),
        "capped": found.capped,
    }


def _neighbour(day):
    if day.year not in YEARS:
        return None
    return Link(_name(day), f"{reverse('reviews:agenda-list')}?month={day:%Y-%m}")


def _name(day):
    return f"{MONTH_NAMES[day.month - 1]} {day.year}"


@require_GET
def agenda_detail(request):
    """What lapses on one day, what that closes for the person, and what she is reminded of."""
    today = _today(request)
    form = DayForm(request.GET or None, initial={"day": today})
    context = {"day_form": form}
    if not form.is_bound or form.is_valid():
        day = form.cleaned_data["day"] if form.is_bound else today
        context |= _preview(request, Day(day, day == today))
    return render(
        request,
        "reviews/agenda_detail.html",
        context | {"breadcrumbs": _breadcrumbs("A day")},
        status=400 if form.errors else 200,
    )


def _preview(request, day):
    since, until = _begins(day.date), _begins(day.date + ONE)
    found = agenda.of(request.user, since, until, at=request.at)
    ending = [entry for entry in found.entries if entry.kind in ENDING]
    lines = _lines(request, ending)
    windows = [entry.submission for entry in ending if entry.grant is None]
    closes = agenda.closed_by_the_ends(request.user, windows, until, at=request.at)
    for entry, line in zip(ending, lines, strict=True):
        if entry.grant is None:
            line.closes = closes[entry.submission.pk]
    due = [e for e in found.entries if e.kind not in ENDING and not e.counts_down]
    reminders = [entry for entry in found.entries if entry.kind in REMINDERS]
    return {
        "day": day,
        "past": until <= request.at,
        "ending": lines,
        "due": _lines(request, due),
        "reminders": [
            (line, REMINDERS[entry.kind].subject)
            for entry, line in zip(reminders, _lines(request, reminders), strict=True)
        ],
        "capped": found.capped,
    }


def _agenda(request, first, following):
    since, until = _begins(first), _begins(following)
    return agenda.of(request.user, since, until, at=request.at)


def _begins(day):
    """The first instant of a day of the viewer's zone."""
    return datetime.combine(day, time(), timezone.get_current_timezone()).astimezone(UTC)


def _today(request):
    return timezone.localdate(request.at)


def _by_day(request, entries):
    days = defaultdict(list)
    for line in _lines(request, entries):
        days[timezone.localdate(line.at)].append(line)
    return days


def _lines(request, entries):
    """The entries with what the person may see of their subjects: two queries for them all."""
    numbers = {entry.submission.pk for entry in entries if entry.grant is not None}
    readable = policy.allowed(request.user, Action.VIEW, at=request.at)
    seen = set(readable.filter(pk__in=numbers).values_list("pk", flat=True)) if numbers else set()
    return [_line(entry, entry.grant is None or entry.submission.pk in seen) for entry in entries]


def _line(entry, sees_model):
    submission, grant = entry.submission, entry.grant
    facts = [submission.reference, submission.lab.short_name]
    if grant is not None:
        facts.append(f"for {grant.grantee.name}, {grant.holder().short_name}")
    about = str(submission.model_version) if sees_model else submission.reference
    return Line(entry.at, entry.words, about, " · ".join(facts), entry.path)


def _breadcrumbs(*below):
    calendar = reverse("reviews:agenda-list")
    return [
        Link("Home", reverse("reviews:home")),
        Link("Calendar", calendar if below else ""),
        *(Link(title, "") for title in below),
    ]


@require_GET
def feed_detail(request):
    """Whether the person's calendar has an address for other calendars, and what that means."""
    feed = CalendarFeed.objects.filter(person=request.user).first()
    context = {"feed": feed, "breadcrumbs": _breadcrumbs("Calendar feed")}
    return render(request, "reviews/feed_detail.html", context)


@require_POST
def feed_create(request):
    """The person's feed has a new address, shown on this page and never again."""
    token = calendar_feeds.make(by=request.user, at=request.at)
    path = reverse("reviews:feed-download", args=[token])
    context = {"address": settings.SITE_URL + path, "breadcrumbs": _breadcrumbs("New address")}
    return render(request, "reviews/feed_create.html", context)


@require_POST
def feed_revoke(request):
    """The person's feed has no address any more."""
    revoked = calendar_feeds.revoke(by=request.user, at=request.at)
    messages.success(
        request,
        "The address is revoked: it leads nowhere from now on."
        if revoked
        else "Your calendar has no address, so there was none to revoke.",
    )
    return redirect("reviews:feed-detail")


@login_not_required
@require_safe
def feed_download(request, token):
    """The feed that the secret address leads to; one constant answer where it leads nowhere."""
    person = calendar_feeds.person_of(token)
    if person is None:
        return HttpResponse(NO_FEED, status=404, content_type="text/plain; charset=utf-8")
    content = calendar_feeds.document(person, at=request.at)
    etag = quote_etag(hashlib.sha256(content).hexdigest())
    response = HttpResponse(content, content_type="text/calendar; charset=utf-8")
    response["ETag"] = etag
    return get_conditional_response(request, etag=etag, response=response)
