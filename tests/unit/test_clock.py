"""reviews/clock.py: 720 elapsed hours, half-open, whatever zone an instant comes in."""

import threading
from dataclasses import FrozenInstanceError
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reviews import clock
from reviews.exceptions import WindowRefused

NEW_YORK = ZoneInfo("America/New_York")
TICK = timedelta(microseconds=1)
HOUR = timedelta(hours=1)
OPENS = datetime(2026, 10, 20, 15, 0, tzinfo=UTC)
CLOSES = OPENS + timedelta(hours=720)

# The four nights on which New York changes its clocks, in the years of the demonstration.
NIGHTS = [date(2026, 3, 8), date(2026, 11, 1), date(2027, 3, 14), date(2027, 11, 7)]


YEAR = timedelta(days=365)
utc_instants = st.timedeltas(-YEAR, YEAR).map(lambda since: OPENS + since)
instants = st.one_of(
    utc_instants,
    utc_instants.map(lambda at: at.astimezone(NEW_YORK)),
    utc_instants.map(lambda at: at.astimezone(ZoneInfo("Asia/Kathmandu"))),
)
spans = st.timedeltas(min_value=TICK, max_value=timedelta(hours=720))

# The same examples in every run: a mutant that one of them kills stays killed.
thoroughly = settings(deadline=None, database=None, derandomize=True, max_examples=60)


def hours_around(night):
    """Every hour of the days around the night and one a day before: each window crosses it."""
    midnight = datetime.combine(night, time(), UTC)
    offsets = [*range(-30 * 24, -72, 24), *range(-72, 72)]
    return [(midnight + HOUR * offset).astimezone(NEW_YORK) for offset in offsets]


def window(opens_at, *, used=timedelta(0), release=None):
    """The window, with the arguments that most tests leave alone."""
    return clock.window(opens_at, used=used, planned_partner_release_at=release)


def elapsed(since, until):
    """The time between two instants; Python's minus alone would compare wall clocks."""
    return until.astimezone(UTC) - since.astimezone(UTC)


# The window


def test_a_window_has_720_hours():
    assert window(OPENS) == clock.Window(OPENS, CLOSES, timedelta(hours=720))
    assert timedelta(hours=720) == clock.FULL_WINDOW
    assert timedelta(hours=24) == clock.DAY


@pytest.mark.parametrize("night", NIGHTS, ids=str)
def test_720_hours_elapse_across_a_daylight_saving_night(night):
    for filed in hours_around(night):
        found = window(filed)
        assert elapsed(filed, found.closes_at) == timedelta(hours=720), filed
        assert found.opens_at == filed.astimezone(UTC)
        assert (found.opens_at.tzinfo, found.closes_at.tzinfo) == (UTC, UTC)


@pytest.mark.parametrize("night", NIGHTS, ids=str)
def test_those_nights_really_change_the_clocks(night):
    noon = datetime.combine(night, time(12), NEW_YORK)
    assert (noon - timedelta(days=1)).utcoffset() != noon.utcoffset()
    assert {at.utcoffset() for at in hours_around(night)} == {
        timedelta(hours=-4),
        timedelta(hours=-5),
    }


@thoroughly
@given(opens_at=instants, used=st.timedeltas(timedelta(0), timedelta(hours=720) - TICK))
def test_hours_that_earlier_windows_used_are_gone(opens_at, used):
    rest = window(opens_at, used=used)
    assert elapsed(opens_at, rest.closes_at) + used == timedelta(hours=720)
    assert rest.allowance + used == timedelta(hours=720)


@thoroughly
@given(opens_at=instants, used=st.timedeltas(timedelta(hours=720), timedelta(hours=2000)))
def test_nothing_is_left_of_720_hours(opens_at, used):
    with pytest.raises(WindowRefused, match="720 hours"):
        window(opens_at, used=used)


def test_one_microsecond_left_is_a_window():
    assert window(OPENS, used=timedelta(hours=720) - TICK).closes_at == OPENS + TICK


@thoroughly
@given(opens_at=instants, ahead=st.timedeltas(TICK, timedelta(hours=1440)), used=spans)
def test_the_partner_release_ends_a_window_and_never_lengthens_it(opens_at, ahead, used):
    used -= TICK
    release = (opens_at.astimezone(UTC) + ahead).astimezone(NEW_YORK)
    found = window(opens_at, used=used, release=release)
    assert elapsed(opens_at, found.closes_at) == min(ahead, timedelta(hours=720) - used)
    assert found.allowance == timedelta(hours=720) - used
    assert found.closes_at.tzinfo is UTC


@thoroughly
@given(opens_at=instants, behind=st.timedeltas(timedelta(0), timedelta(hours=1440)))
def test_a_release_that_has_come_leaves_no_window(opens_at, behind):
    release = (opens_at.astimezone(UTC) - behind).astimezone(NEW_YORK)
    with pytest.raises(WindowRefused, match="partner release"):
        window(opens_at, release=release)


def test_the_release_may_follow_the_filing_by_one_microsecond():
    assert window(OPENS, release=OPENS + TICK).closes_at == OPENS + TICK
    with pytest.raises(WindowRefused):
        window(OPENS, release=OPENS)


def test_the_repeated_hour_of_november_is_two_hours():
    filed = datetime(2026, 11, 1, 1, 30, tzinfo=NEW_YORK)  # daylight time
    release = datetime(2026, 11, 1, 1, 10, tzinfo=NEW_YORK, fold=1)  # standard time
    assert elapsed(filed, window(filed, release=release).closes_at) == timedelta(minutes=40)
    with pytest.raises(WindowRefused):
        window(release, release=filed)


def test_a_window_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        window(OPENS).closes_at = CLOSES + TICK


# Half-open


@pytest.mark.parametrize(
    ("at", "inside"),
    [
        (OPENS - TICK, False),
        (OPENS, True),
        (OPENS + TICK, True),
        (CLOSES - TICK, True),
        (CLOSES, False),
        (CLOSES + TICK, False),
    ],
)
def test_the_opening_is_inside_and_the_end_outside(at, inside):
    assert clock.is_open(OPENS, CLOSES, at) is inside
    assert clock.is_open(OPENS, CLOSES, at.astimezone(NEW_YORK)) is inside


@thoroughly
@given(opens_at=utc_instants, span=spans, offset=st.timedeltas(-clock.DAY, clock.DAY * 32))
def test_an_instant_is_inside_when_less_than_the_span_has_elapsed(opens_at, span, offset):
    inside = timedelta(0) <= offset < span
    assert clock.is_open(opens_at, opens_at + span, opens_at + offset) is inside


# Shortening

NOW = OPENS + timedelta(days=3)


@pytest.mark.parametrize(
    ("to", "taken"),
    [
        (NOW - TICK, False),
        (NOW, False),
        (NOW + TICK, True),
        (CLOSES - TICK, True),
        (CLOSES, False),
        (CLOSES + TICK, False),
    ],
)
def test_the_end_moves_to_later_than_now_and_earlier_than_before(to, taken):
    if taken:
        assert clock.shortened(OPENS, CLOSES, to=to, at=NOW) == to
    else:
        with pytest.raises(WindowRefused):
            clock.shortened(OPENS, CLOSES, to=to, at=NOW)


def test_the_end_never_moves_before_the_opening():
    early = OPENS - timedelta(days=1)
    with pytest.raises(WindowRefused, match="later than now"):
        clock.shortened(OPENS, CLOSES, to=OPENS, at=early)
    assert clock.shortened(OPENS, CLOSES, to=OPENS + TICK, at=early) == OPENS + TICK


def test_nobody_extends():
    with pytest.raises(WindowRefused, match="nobody extends"):
        clock.shortened(OPENS, CLOSES, to=CLOSES, at=NOW)


@thoroughly
@given(opens_at=utc_instants, span=spans, to=instants)
def test_a_shortened_window_is_shorter_and_in_utc(opens_at, span, to):
    closes_at = opens_at + span
    try:
        end = clock.shortened(opens_at, closes_at, to=to, at=opens_at)
    except WindowRefused:
        assert not opens_at < to.astimezone(UTC) < closes_at
    else:
        assert opens_at < end < closes_at
        assert (end, end.tzinfo) == (to, UTC)


def test_shortening_into_the_repeated_hour_of_november():
    opens_at = datetime(2026, 10, 20, 12, tzinfo=NEW_YORK)
    closes_at = window(opens_at).closes_at.astimezone(NEW_YORK)
    now = datetime(2026, 11, 1, 1, 30, tzinfo=NEW_YORK)
    to = datetime(2026, 11, 1, 1, 10, tzinfo=NEW_YORK, fold=1)
    assert elapsed(now, clock.shortened(opens_at, closes_at, to=to, at=now)) == timedelta(
        minutes=40
    )
    with pytest.raises(WindowRefused):
        clock.shortened(opens_at, closes_at, to=now, at=to)
    with pytest.raises(WindowRefused):
        clock.shortened(opens_at, now, to=to, at=opens_at)


# Days


@pytest.mark.parametrize(
    ("after", "number"),
    [
        (timedelta(0), 1),
        (clock.DAY - TICK, 1),
        (clock.DAY, 2),
        (timedelta(hours=719), 30),
        (timedelta(hours=720) - TICK, 30),
        (timedelta(hours=720), 31),
        (-TICK, 0),
    ],
)
def test_which_day_of_the_window_it_is(after, number):
    assert clock.day(OPENS, OPENS + after) == number


@pytest.mark.parametrize(
    ("span", "number"),
    [
        (TICK, 1),
        (clock.DAY, 1),
        (clock.DAY + TICK, 2),
        (timedelta(hours=719), 30),
        (timedelta(hours=720), 30),
    ],
)
def test_how_many_days_a_window_has(span, number):
    assert clock.days(OPENS, OPENS + span) == number


@thoroughly
@given(opens_at=utc_instants, span=spans)
def test_the_last_instant_of_a_window_is_on_its_last_day(opens_at, span):
    closes_at = opens_at + span
    assert clock.day(opens_at, closes_at - TICK) == clock.days(opens_at, closes_at)


# Points in a window


def test_the_latest_point_reached():
    points = {"midpoint": NOW, "end": CLOSES, "filing": OPENS}
    assert clock.latest_reached(points, OPENS - TICK) is None
    assert clock.latest_reached(points, OPENS) == "filing"
    assert clock.latest_reached(points, NOW - TICK) == "filing"
    assert clock.latest_reached(points, NOW) == "midpoint"
    assert clock.latest_reached(points, CLOSES) == "end"
    assert clock.latest_reached(points, CLOSES + clock.FULL_WINDOW) == "end"
    assert clock.latest_reached({}, NOW) is None


@thoroughly
@given(points=st.dictionaries(st.text(max_size=3), utc_instants), at=utc_instants)
def test_no_point_lies_between_the_latest_reached_and_now(points, at):
    reached = clock.latest_reached(points, at)
    if reached is None:
        assert all(due > at for due in points.values())
    else:
        assert points[reached] <= at
        assert not [due for due in points.values() if points[reached] < due <= at]


@thoroughly
@given(opens_at=utc_instants, span=spans, number=st.integers(min_value=0, max_value=30))
def test_the_points_of_days_share_the_window_evenly(opens_at, span, number):
    point = clock.point_of_day(opens_at, opens_at + span, number)
    assert abs((point - opens_at) * 30 - span * number) <= 30 * TICK


def test_the_points_of_a_full_window_are_its_days():
    for number in (0, 3, 15, 30):
        point = clock.point_of_day(OPENS, CLOSES, number)
        assert point == OPENS + timedelta(hours=24 * number)


def test_days_before_the_end():
    assert clock.before_end(OPENS, CLOSES, 7) == CLOSES - timedelta(hours=168)
    assert clock.before_end(OPENS, CLOSES, 1) == CLOSES - timedelta(hours=24)


def test_a_short_window_lacks_the_points_before_its_opening():
    assert clock.before_end(OPENS, OPENS + 7 * clock.DAY - TICK, 7) is None
    assert clock.before_end(OPENS, OPENS + 7 * clock.DAY, 7) is None
    assert clock.before_end(OPENS, OPENS + 7 * clock.DAY + TICK, 7) == OPENS + TICK


# The machine's clock


def test_the_clock_is_the_machines_in_utc(held_clock):
    held_clock.release()
    before = datetime.now(UTC)
    reading = clock.system()
    assert before <= reading <= datetime.now(UTC)
    assert reading.tzinfo is UTC
    assert clock.rehearsing() is False


def test_a_rehearsal_holds_the_clock_and_lets_go(held_clock):
    held_clock.release()
    with clock.rehearsal(OPENS):
        assert clock.rehearsing() is True
        assert clock.system() == OPENS
        with clock.rehearsal(CLOSES):
            assert clock.system() == CLOSES
        assert clock.system() == OPENS
    assert clock.rehearsing() is False


def test_a_rehearsal_ends_when_its_play_fails(held_clock):
    held_clock.release()
    with pytest.raises(RuntimeError), clock.rehearsal(OPENS):
        raise RuntimeError
    assert clock.rehearsing() is False


def test_a_rehearsal_is_the_same_in_every_thread():
    readings = []
    with clock.rehearsal(NOW):
        thread = threading.Thread(target=lambda: readings.append(clock.system()))
        thread.start()
        thread.join()
    assert readings == [NOW]
