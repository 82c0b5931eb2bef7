"""Date and time functions (DMN 1.5, 10.3.4.8)."""

from __future__ import annotations

from decimal import Decimal

from ..decimals import number_of
from ..errors import InvalidOperation
from ..json_values import from_datetime
from ..run import Run
from ..temporal import FeelDate, FeelDateTime, day_number
from .signature import Library

library = Library()

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


@library.builtin("now()", needs_run=True, pure=False)
def now(run: Run) -> FeelDateTime:
    if run.now is None:
        raise InvalidOperation("Expected an evaluation that knows the time but it was given none")
    return from_datetime(run.now)


@library.builtin("today()", needs_run=True, pure=False)
def today(run: Run) -> FeelDate:
    return now(run).date()


@library.builtin("day of year(date: date)")
def day_of_year(day: FeelDate | FeelDateTime) -> Decimal:
    return number_of(day_number(day.year, day.month, day.day) - day_number(day.year, 1, 1) + 1)


@library.builtin("day of week(date: date)")
def day_of_week(day: FeelDate | FeelDateTime) -> str:
    return _DAYS[day.weekday() - 1]


@library.builtin("month of year(date: date)")
def month_of_year(day: FeelDate | FeelDateTime) -> str:
    return _MONTHS[day.month - 1]


@library.builtin("week of year(date: date)")
def week_of_year(day: FeelDate | FeelDateTime) -> Decimal:
    """The ISO 8601 week: the first one has the year's first Thursday."""
    number = day_number(day.year, day.month, day.day)
    thursday = number + 4 - day.weekday()
    year = day.year
    if thursday < day_number(year, 1, 1):
        year -= 1
    elif thursday >= day_number(year + 1, 1, 1):
        year += 1
    return number_of((thursday - day_number(year, 1, 1)) // 7 + 1)
