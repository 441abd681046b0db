"""Instants as shown and as typed, and the drawing of a window, across clock changes."""

import re
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from django import forms
from django.template.loader import render_to_string
from django.utils import timezone

from portal.forms import DateField, ZonedDateTimeField
from portal.templatetags.foreview import instant_html
from portal.timeline import instant_element, instant_text, span_text, zone_label
from reviews.models import Submission
from reviews.services.reminders import REMINDERS
from reviews.views.window import timeline

EASTERN = ZoneInfo("America/New_York")
OPENS = datetime(2026, 11, 9, 22, 0, tzinfo=UTC)
WINDOW = timedelta(hours=720)
CLOSES = OPENS + WINDOW
DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)


def drawn(at, opens_at=OPENS, closes_at=None, over_at=None, zone=EASTERN):
    """Return the timeline of a full window at ``at``, as seen in Eastern Time."""
    with timezone.override(zone):
        return timeline(opens_at, closes_at or opens_at + WINDOW, at, over_at)


def bands(path):
    """Return (start, width) of each box of an SVG path."""
    return [(float(x), float(w)) for x, w in re.findall(r"M(\S+) 0h(\S+?)v22h-\2z", path)]


@pytest.mark.parametrize(
    ("elapsed", "day"),
    [
        (timedelta(), 1),
        (DAY - TICK, 1),
        (DAY, 2),
        (14 * DAY, 15),
        (15 * DAY - TICK, 15),
        (29 * DAY - TICK, 29),
        (29 * DAY, 30),
        (WINDOW - TICK, 30),
    ],
)
def test_day_counts_whole_elapsed_days_from_one(elapsed, day):
    window = drawn(OPENS + elapsed)
    assert (window.state, window.day_label) == ("open", f"Day {day} of 30")


@pytest.mark.parametrize(
    ("hours", "days"), [(720, 30), (719, 30), (697, 30), (696, 29), (100, 5), (24, 1), (1, 1)]
)
def test_a_day_begun_counts_in_the_length(hours, days):
    window = drawn(OPENS, closes_at=OPENS + timedelta(hours=hours))
    assert window.day_label == f"Day 1 of {days}"
    assert window.tick_path.count("M") == days - 1


def test_the_end_itself_is_outside():
    assert drawn(CLOSES - TICK).state == "open"
    ended = drawn(CLOSES)
    assert (ended.state, ended.day_label) == ("ended", "Window ended")
    assert ended.milestones[-1].label == "Window ended"
    assert drawn(CLOSES - TICK).milestones[-1].label == "Window ends"
    assert ended.rest == "It ended Dec. 9, 2026, 5:00 p.m. EST, after 30 days."


def test_before_the_opening():
    window = drawn(OPENS - TICK)
    assert (window.state, window.day_label, window.elapsed_x) == ("before", "Not open yet", 0)
    assert window.rest.startswith("The window opens Nov. 9, 2026, 5:00 p.m. EST and ends")
    assert window.opens_day == "Opens Nov. 9"
    assert window.milestones[0].label == "Window opens"
    assert (drawn(OPENS - DAY).elapsed_x, drawn(OPENS - DAY).now_percent) == (0, 0)
    assert drawn(OPENS).opens_day == "Opened Nov. 9"
    assert drawn(OPENS).milestones[0].label == "Window opened"


@pytest.mark.parametrize(
    ("opens_at", "opening", "closing"),
    [
        # Clocks go back on Nov. 1, 2026: the same 720 hours end an hour earlier by the clock.
        ((2026, 10, 15, 21), "Oct. 15, 2026, 5:00 p.m. EDT", "Nov. 14, 2026, 4:00 p.m. EST"),
        # Clocks go forward on March 14, 2027.
        ((2027, 3, 1, 22), "March 1, 2027, 5:00 p.m. EST", "March 31, 2027, 6:00 p.m. EDT"),
        ((2027, 10, 20, 21), "Oct. 20, 2027, 5:00 p.m. EDT", "Nov. 19, 2027, 4:00 p.m. EST"),
    ],
)
def test_a_clock_change_moves_the_clock_time_not_the_length(opens_at, opening, closing):
    opens_at = datetime(*opens_at, tzinfo=UTC)
    window = drawn(opens_at + 29 * DAY, opens_at=opens_at)
    assert [m.when for m in window.milestones if not m.short] == [opening, closing]
    assert (window.hours, window.day_label) == (720, "Day 30 of 30")
    assert window.rest == f"The window ends {closing}: 1 day left."


@pytest.mark.parametrize(
    ("opens_at", "sunday", "hours"),
    [((2026, 10, 15, 21), (2026, 11, 1), 25), ((2027, 3, 1, 22), (2027, 3, 14), 23)],
)
def test_a_weekend_is_the_calendars_also_when_its_sunday_is_longer_or_shorter(
    opens_at, sunday, hours
):
    opens_at = datetime(*opens_at, tzinfo=UTC)
    start = (datetime(*sunday, tzinfo=EASTERN).astimezone(UTC) - opens_at) / timedelta(hours=1)
    weekends = bands(drawn(opens_at, opens_at=opens_at).weekend_path)
    assert (start, hours) in weekends
    assert (start - 24, 24) in weekends


def test_a_drawing_follows_the_active_zone():
    pacific = drawn(OPENS, zone="America/Los_Angeles")
    assert pacific.milestones[-1].when == "Dec. 9, 2026, 2:00 p.m. PST"
    assert (pacific.opens_hour, pacific.closes_day) == ("2:00 p.m. PST", "Ends Dec. 9")


def test_weekends_follow_the_viewers_calendar_and_stay_inside():
    eastern = bands(drawn(OPENS).weekend_path)
    tokyo = bands(drawn(OPENS, zone="Asia/Tokyo").weekend_path)
    assert eastern[0] == (4 * 24 + 7, 24)  # Nov. 14, 0:00 EST
    assert tokyo[0] == (4 * 24 - 7, 24)  # Nov. 14, 0:00 in Tokyo
    for day, path in ((14, "M0 0h12v22h-12zM12 0h18v22h-18z"), (15, "M0 0h12v22h-12z")):
        noon = datetime(2026, 11, day, 12, tzinfo=EASTERN).astimezone(UTC)
        assert drawn(noon, noon, noon + timedelta(hours=30)).weekend_path == path
    assert sum(width for _, width in bands(drawn(CLOSES).elapsed_weekend_path)) == 8 * 24
    assert drawn(OPENS).elapsed_weekend_path == ""


def test_milestones_of_a_full_window_in_order_with_zone():
    window = drawn(OPENS + 23 * DAY)
    assert [(m.label, m.x, m.passed) for m in window.milestones] == [
        ("Window opened", 0, True),
        ("Midpoint", 50, True),
        ("7 days left", 76.667, True),
        ("3 days left", 90, False),
        ("1 day left", 96.667, False),
        ("Window ends", 100, False),
    ]
    assert [m.when for m in window.milestones][2] == "Dec. 2, 2026, 5:00 p.m. EST"
    assert [m.short for m in window.labelled] == ["Midpoint", "\u22127", "\u22123", "\u22121"]
    assert [m.more for m in window.labelled] == ["", " days", "", ""]
    assert [m.show for m in window.labelled] == ["always", "always", "wide", "always"]
    assert window.tick_path.startswith("M24 0V22M48 0V22M72")


def test_a_shorter_window_has_only_the_milestones_that_fit():
    labels = [m.label for m in drawn(OPENS, closes_at=OPENS + 5 * DAY).labelled]
    assert labels == ["3 days left", "Midpoint", "1 day left"]
    assert [m.label for m in drawn(OPENS, closes_at=OPENS + DAY).labelled] == ["Midpoint"]
    # Its further words would run over the edge of a small screen.
    assert drawn(OPENS, closes_at=OPENS + 7.5 * DAY).labelled[0].show == "always"


@pytest.mark.parametrize("days", [1, 3, 5, 7, 12, 30])
def test_the_marks_stand_where_the_reminders_are_due(days):
    closes_at = OPENS + days * DAY
    window = Submission(opens_at=OPENS, closes_at=closes_at)
    drawn_of = ("midpoint", "ends_in_7_days", "ends_in_3_days", "ends_in_1_day")
    due = [at for kind in drawn_of if (at := REMINDERS[kind].due(window))]
    marks = drawn(OPENS, closes_at=closes_at).labelled
    assert [m.when for m in marks] == [instant_text(at, EASTERN) for at in sorted(due)]


def test_work_that_ended_before_the_clock():
    ended_at = OPENS + 11 * DAY
    window = drawn(OPENS + 20 * DAY, over_at=ended_at)
    assert (window.state, window.elapsed_x) == ("ended_early", 11 * 24)
    assert window.day_label == "Ended on day 12 of 30"
    assert window.rest == (
        "It ended Nov. 20, 2026, 5:00 p.m. EST. "
        "The window would have run to Dec. 9, 2026, 5:00 p.m. EST."
    )
    assert window.closes_day == "Would have ended Dec. 9"
    assert [(m.label, m.passed) for m in window.milestones] == [
        ("Window opened", True),
        ("Ended", True),
        ("Midpoint", True),
        ("7 days left", False),
        ("3 days left", False),
        ("1 day left", False),
        ("Window would have ended", False),
    ]
    for at in (ended_at, CLOSES + DAY):
        assert drawn(at, over_at=ended_at).state == "ended_early"


def test_an_end_by_the_clock_is_not_early():
    window = drawn(CLOSES + DAY, over_at=CLOSES)
    assert (window.state, window.elapsed_x, window.now_percent) == ("ended", 720, 100)
    assert [m.label for m in window.milestones][-2:] == ["1 day left", "Window ended"]


@pytest.mark.parametrize("hours", [1, 20, 25, 49, 73, 100, 169, 200, 337, 500, 720])
@pytest.mark.parametrize("share", [0, 0.2, 0.4, 0.45, 0.8, 0.99, 1])
def test_labels_never_touch_on_either_width(hours, share):
    length = timedelta(hours=hours)
    window = drawn(OPENS + length, closes_at=OPENS + length, over_at=OPENS + length * share)
    for width, shows in ((272, {"always"}), (600, {"always", "wide"})):
        boxes = []
        for m in window.labelled:
            if m.show in shows:
                words = m.short + (m.more if width == 600 else "")
                half = len(words) * 7 / 2
                boxes.append((m.x / 100 * width - half, m.x / 100 * width + half))
        boxes.sort()
        assert all(left[1] < right[0] for left, right in pairwise(boxes))
        assert all(left >= 0 and right <= width for left, right in boxes)
    assert any(m.show == "always" for m in window.labelled)


@pytest.mark.parametrize(
    ("label", "show", "percents"),
    [
        ("Ended", "always", (7, 50, 93)),
        ("Ended", "wide", (4, 6)),
        ("Ended", "", (3, 94, 99)),
        ("Midpoint", "always", (30, 70)),
        ("Midpoint", "wide", (31, 41, 59, 69)),
        ("Midpoint", "", (42, 58)),
    ],
)
def test_a_label_gives_way_only_where_there_is_no_room(label, show, percents):
    for percent in percents:
        window = drawn(CLOSES, over_at=OPENS + WINDOW * percent / 100)
        assert {m.show for m in window.labelled if m.label == label} == {show}, percent


def test_the_day_label_leans_inward_near_both_ends():
    assert drawn(OPENS + DAY).now_anchor == "start"
    assert drawn(OPENS + 15 * DAY).now_anchor == "middle"
    assert drawn(OPENS + 29 * DAY).now_anchor == "end"


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(days=6, hours=4, minutes=59), "6 days 4 hours"),
        (timedelta(days=1), "1 day"),
        (timedelta(days=1, minutes=59), "1 day"),
        (timedelta(hours=1, minutes=1), "1 hour 1 minute"),
        (timedelta(minutes=2), "2 minutes"),
        (timedelta(seconds=59), "less than a minute"),
        (timedelta(seconds=-5), "less than a minute"),
    ],
)
def test_a_length_in_words_is_rounded_down(span, words):
    assert span_text(span) == words


@pytest.mark.parametrize(
    ("utc", "zone", "words"),
    [
        ((2026, 11, 23, 22, 0), "America/New_York", "Nov. 23, 2026, 5:00 p.m. EST"),
        ((2026, 7, 4, 16, 0), "America/New_York", "July 4, 2026, 12:00 p.m. EDT"),
        ((2027, 1, 1, 5, 0), "America/New_York", "Jan. 1, 2027, 12:00 a.m. EST"),
        # The hour that comes twice is told apart by its zone.
        ((2026, 11, 1, 5, 30), "America/New_York", "Nov. 1, 2026, 1:30 a.m. EDT"),
        ((2026, 11, 1, 6, 30), "America/New_York", "Nov. 1, 2026, 1:30 a.m. EST"),
        ((2026, 11, 23, 22, 5), "UTC", "Nov. 23, 2026, 10:05 p.m. UTC"),
        ((2026, 11, 23, 22, 0), "Asia/Dubai", "Nov. 24, 2026, 2:00 a.m. UTC+04"),
    ],
)
def test_an_instant_always_shows_hour_and_zone(utc, zone, words):
    assert instant_text(datetime(*utc, tzinfo=UTC), ZoneInfo(zone)) == words


def test_an_instant_without_zone_is_an_error():
    with pytest.raises(ValueError, match="zone"):
        instant_text(datetime(2026, 11, 23, 17), EASTERN)  # noqa: DTZ001


def test_an_instant_follows_the_active_zone_and_its_element_stays_in_utc():
    at = datetime(2026, 11, 23, 17, 0, 42, tzinfo=EASTERN)
    with timezone.override("America/Los_Angeles"):
        assert instant_html(at) == (
            '<time datetime="2026-11-23T22:00:42Z">Nov. 23, 2026, 2:00 p.m. PST</time>'
        )
    with timezone.override("America/New_York"):
        assert "5:00 p.m. EST" in instant_html(at)
        assert instant_text(at) == "Nov. 23, 2026, 5:00 p.m. EST"
    assert "11:00 p.m. CET" in instant_element(at, ZoneInfo("Europe/Paris"))
    assert instant_element(None) == ""


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("America/New_York", "Eastern Time"),
        ("America/Argentina/Buenos_Aires", "America/Argentina/Buenos Aires"),
    ],
)
def test_zones_are_named_as_people_name_them(key, name):
    assert zone_label(ZoneInfo(key)) == name
    with timezone.override(key):
        assert zone_label() == name


@pytest.mark.parametrize("at", [OPENS - DAY, OPENS, OPENS + 13 * DAY, CLOSES])
def test_the_drawing_has_words_table_and_no_inline_style(at):
    window = drawn(at)
    html = render_to_string("components/timeline.html", {"window": window})
    assert 'role="img"' in html
    assert f"<title>Review window: {window.day_label}</title>" in html
    assert f"<desc>{window.description}</desc>" in html
    assert window.rest in html.split("<figcaption")[1].split("</figcaption>")[0]
    rows = re.findall(r'<th scope="row"[^>]*>(.*?)</th><td[^>]*>(.*?)</td>', html)
    assert rows == [(m.label, m.when) for m in window.milestones]
    assert "style=" not in html
    assert html.count("#b50909") == (2 if window.state == "open" else 0)
    assert html.count(" 0V22") == 29


def when(month="", day="", year="", time=""):
    return {"x_month": month, "x_day": day, "x_year": year, "x_time": time}


def asked(typed):
    return type("One", (forms.Form,), {"x": ZonedDateTimeField()})(typed)


@pytest.mark.parametrize(
    ("zone", "typed", "instant"),
    [
        ("America/New_York", when("11", "23", "2026", "5:00 p.m."), (2026, 11, 23, 22, 0)),
        ("America/New_York", when("7", "4", "2026", "17:30"), (2026, 7, 4, 21, 30)),
        ("America/New_York", when("7", "4", "2026", "23:59"), (2026, 7, 5, 3, 59)),
        ("America/New_York", when("7", "4", "2026", "12 am"), (2026, 7, 4, 4, 0)),
        ("America/New_York", when("7", "4", "2026", "12PM"), (2026, 7, 4, 16, 0)),
        ("America/New_York", when("7", "4", "2026", "noon"), (2026, 7, 4, 16, 0)),
        ("America/New_York", when("7", "4", "2026", "Midnight"), (2026, 7, 4, 4, 0)),
        ("America/New_York", when("7", "4", "2026", "0:05"), (2026, 7, 4, 4, 5)),
        ("America/New_York", when("7", "4", "2026", "5 P. M."), (2026, 7, 4, 21, 0)),
        # The last minute before and the first after the hours that are skipped or repeated.
        ("America/New_York", when("3", "14", "2027", "1:59 am"), (2027, 3, 14, 6, 59)),
        ("America/New_York", when("3", "14", "2027", "3:00 am"), (2027, 3, 14, 7, 0)),
        ("America/New_York", when("11", "1", "2026", "12:59 am"), (2026, 11, 1, 4, 59)),
        ("America/New_York", when("11", "1", "2026", "2:00 am"), (2026, 11, 1, 7, 0)),
        ("UTC", when("11", "1", "2026", "1:30 am"), (2026, 11, 1, 1, 30)),
        ("Asia/Kolkata", when("11", "1", "2026", "1:30 am"), (2026, 10, 31, 20, 0)),
    ],
)
def test_a_local_time_is_read_in_the_active_zone(zone, typed, instant):
    form = asked(typed)
    with timezone.override(zone):
        assert form.is_valid(), form.errors
    assert form.cleaned_data["x"] == datetime(*instant, tzinfo=UTC)
    assert form.cleaned_data["x"].tzinfo is UTC


@pytest.mark.parametrize(
    ("typed", "code", "words"),
    [
        (
            when("3", "14", "2027", "2:30 am"),
            "skipped",
            "2:30 a.m. on March 14, 2027 does not exist in Eastern Time",
        ),
        (when("3", "14", "2027", "2:00 am"), "skipped", "clocks go forward"),
        (when("11", "1", "2026", "1:00 am"), "repeated", "clocks go back"),
        (
            when("11", "7", "2027", "1:59 am"),
            "repeated",
            "1:59 a.m. on Nov. 7, 2027 comes twice in Eastern Time",
        ),
        (when("11", "23", "2026"), "time", "Enter a time such as 5:00 p.m. or 17:00."),
        (when("11", "23", "2026", "5"), "time", "Enter a time"),
        (when("11", "23", "2026", "24:00"), "time", "Enter a time"),
        (when("11", "23", "2026", "12:60"), "time", "Enter a time"),
        (when("11", "23", "2026", "13 pm"), "time", "Enter a time"),
        (when("11", "23", "2026", "0 am"), "time", "Enter a time"),
        (when("11", "31", "2026", "5 pm"), "unreal", "November 2026 has no day 31."),
        (when(time="5 pm"), "part", "Add the month."),
        ({}, "required", "Enter a month, a day, a year and a time."),
    ],
)
def test_a_time_that_names_no_single_instant_is_refused(typed, code, words):
    form = asked(typed)
    with timezone.override("America/New_York"):
        (error,) = form.errors.as_data()["x"]
    assert error.code == code
    assert words in form.errors["x"][0]


def test_a_time_given_as_an_instant_is_taken_as_it_is():
    field = ZonedDateTimeField()
    aware = datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
    assert field.clean(aware) == aware
    with timezone.override("America/New_York"), pytest.raises(forms.ValidationError):
        field.clean(datetime(2026, 11, 1, 1, 30))  # noqa: DTZ001
    late = datetime(2026, 11, 24, 3, tzinfo=UTC)
    with timezone.override("America/New_York"):
        assert DateField().clean(late) == date(2026, 11, 23)
