"""Business days: weekends and federal holidays are none, and the hour in Washington stays."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviews.services import business_days


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2026, 11, 25), True),
        (date(2026, 11, 26), False),  # Thanksgiving
        (date(2026, 11, 28), False),  # a Saturday
        (date(2026, 7, 3), False),  # Independence Day, observed
        (date(2026, 10, 12), False),  # Columbus Day
        (date(2027, 6, 18), False),  # Juneteenth, observed
        (date(2026, 4, 3), True),  # Good Friday is no federal holiday
    ],
)
def test_which_days_are_business_days(day, expected):
    assert business_days.is_business_day(day) is expected


@pytest.mark.parametrize(
    ("at", "days", "expected"),
    [
        # Tuesday to Thursday.
        (datetime(2026, 10, 20, 15, tzinfo=UTC), 2, datetime(2026, 10, 22, 15, tzinfo=UTC)),
        # Over a weekend, and over the end of daylight saving: 11:00 in Washington stays 11:00.
        (datetime(2026, 10, 30, 15, tzinfo=UTC), 2, datetime(2026, 11, 3, 16, tzinfo=UTC)),
        # Over Thanksgiving.
        (datetime(2026, 11, 24, 15, tzinfo=UTC), 2, datetime(2026, 11, 27, 15, tzinfo=UTC)),
        # From a Saturday the next business day is the first.
        (datetime(2026, 10, 24, 15, tzinfo=UTC), 1, datetime(2026, 10, 26, 15, tzinfo=UTC)),
        (datetime(2026, 10, 20, 15, tzinfo=UTC), 0, datetime(2026, 10, 20, 15, tzinfo=UTC)),
    ],
)
def test_after_so_many_business_days(at, days, expected):
    assert business_days.after(at, days) == expected


@given(
    at=st.integers(min_value=0, max_value=730 * 24).map(
        lambda hours: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hours)
    ),
    days=st.integers(min_value=1, max_value=15),
)
def test_the_day_reached_is_a_business_day_and_as_many_were_passed(at, days):
    def local(instant):
        return instant.astimezone(business_days.EASTERN).date()

    reached = local(business_days.after(at, days))
    assert business_days.is_business_day(reached)
    between = (local(at) + timedelta(days=n) for n in range(1, (reached - local(at)).days + 1))
    assert sum(business_days.is_business_day(day) for day in between) == days
