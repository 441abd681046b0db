"""Business days of the federal government: Monday to Friday but for federal holidays.

Holidays and their observed days come from the holidays library (5 U.S.C. 6103).
"""

import zoneinfo
from datetime import date, datetime, time, timedelta
from functools import cache

import holidays

EASTERN = zoneinfo.ZoneInfo("America/New_York")
ONE = timedelta(days=1)
CLOSE = time(17)  # of business, in Washington


@cache
def _federal() -> holidays.HolidayBase:
    return holidays.country_holidays("US")


def is_business_day(day: date) -> bool:
    """Whether the government works on that day."""
    return day.weekday() < 5 and day not in _federal()


def holiday(day: date) -> str:
    """The name of the federal holiday that is kept on that day; empty on any other."""
    name = _federal().get(day)
    return str(name) if name else ""


def after(at: datetime, days: int) -> datetime:
    """The same hour in Washington, ``days`` business days after ``at``."""
    hour = at.astimezone(EASTERN).time()
    return datetime.combine(_day(at, days), hour, EASTERN).astimezone(at.tzinfo)


def close_after(at: datetime, days: int) -> datetime:
    """The close of business in Washington, ``days`` business days after ``at``."""
    return datetime.combine(_day(at, days), CLOSE, EASTERN).astimezone(at.tzinfo)


def _day(at: datetime, days: int) -> date:
    day = at.astimezone(EASTERN).date()
    while days > 0:
        day += ONE
        days -= is_business_day(day)
    return day
