"""Dates, times and durations (DMN 1.5, 10.3.2.3.4 - 10.3.2.3.7): years of nine digits, nanoseconds, named zones.

Values are immutable by convention. `==` between them is structural; FEEL's own equality is `values.equals`.
"""

from __future__ import annotations

from dataclasses import dataclass

from .zones import Zone, local_offset, offset_at, zone_text

MAX_YEAR = 999_999_999
NANOS = 1_000_000_000
DAY_NANOS = 86_400 * NANOS
MAX_DURATION_NANOS = (MAX_YEAR * 2 + 2) * 366 * DAY_NANOS
MAX_DURATION_MONTHS = (MAX_YEAR * 2 + 2) * 12

_MONTH_DAYS = (0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def days_in_month(year: int, month: int) -> int:
    return 29 if month == 2 and is_leap(year) else _MONTH_DAYS[month]


def day_number(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01 in the proleptic Gregorian calendar, for any year."""
    if month <= 2:
        year -= 1
        month += 12
    era_days = 365 * year + year // 4 - year // 100 + year // 400
    return era_days + (153 * (month - 3) + 2) // 5 + day - 719_469


def civil(number: int) -> tuple[int, int, int]:
    """Year, month and day of a day number."""
    number += 719_468
    era, day_of_era = divmod(number, 146_097)
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * shifted + 2) // 5 + 1
    month = shifted + 3 if shifted < 10 else shifted - 9
    return era * 400 + year_of_era + (1 if month <= 2 else 0), month, day


@dataclass(slots=True, unsafe_hash=True)
class FeelDate:
    """A calendar day."""

    year: int
    month: int
    day: int

    def number(self) -> int:
        return day_number(self.year, self.month, self.day)

    def weekday(self) -> int:
        """1 is Monday."""
        return (self.number() + 3) % 7 + 1

    def __str__(self) -> str:
        return date_text(self.year, self.month, self.day)


@dataclass(slots=True, unsafe_hash=True)
class FeelTime:
    """A time of day. `nanos` counts from midnight; `zone` see zones.py."""

    nanos: int
    zone: Zone = None

    def offset(self) -> int | None:
        """Seconds east of UTC; a named zone counts as of 1970-01-01, since a time alone has no date."""
        if self.zone is None:
            return None
        return offset_at(self.zone, 1970, 1, 1, self.nanos // NANOS)

    def __str__(self) -> str:
        return time_text(self.nanos) + zone_text(self.zone)


@dataclass(slots=True, unsafe_hash=True)
class FeelDateTime:
    """A date with a time of day. `nanos` counts from local midnight; `zone` see zones.py."""

    year: int
    month: int
    day: int
    nanos: int = 0
    zone: Zone = None

    def date(self) -> FeelDate:
        return FeelDate(self.year, self.month, self.day)

    def time(self) -> FeelTime:
        return FeelTime(self.nanos, self.zone)

    def weekday(self) -> int:
        """1 is Monday."""
        return (day_number(self.year, self.month, self.day) + 3) % 7 + 1

    def offset(self) -> int | None:
        """Seconds east of UTC, None when local."""
        if self.zone is None:
            return None
        return offset_at(self.zone, self.year, self.month, self.day, self.nanos // NANOS)

    def instant(self) -> int:
        """Nanoseconds since 1970-01-01T00:00:00 in UTC (a local value counts as if it were UTC)."""
        return day_number(self.year, self.month, self.day) * DAY_NANOS + self.nanos - (self.offset() or 0) * NANOS

    def __str__(self) -> str:
        return date_text(self.year, self.month, self.day) + "T" + time_text(self.nanos) + zone_text(self.zone)


@dataclass(slots=True, unsafe_hash=True)
class YearsMonthsDuration:
    """A duration of whole months."""

    months: int

    def __str__(self) -> str:
        total = abs(self.months)
        years, months = divmod(total, 12)
        text = (f"{years}Y" if years else "") + (f"{months}M" if months else "")
        return ("-P" if self.months < 0 else "P") + (text or "0M")


@dataclass(slots=True, unsafe_hash=True)
class DaysTimeDuration:
    """A duration of exact length, in nanoseconds."""

    nanos: int

    def __str__(self) -> str:
        seconds, fraction = divmod(abs(self.nanos), NANOS)
        days, seconds = divmod(seconds, 86_400)
        hours, seconds = divmod(seconds, 3600)
        minutes, seconds = divmod(seconds, 60)
        time = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")
        if seconds or fraction:
            time += str(seconds) + _fraction(fraction) + "S"
        text = (f"{days}D" if days else "") + ("T" + time if time else "")
        return ("-P" if self.nanos < 0 else "P") + (text or "T0S")


def _fraction(nanos: int) -> str:
    return f".{nanos:09d}".rstrip("0") if nanos else ""


def date_text(year: int, month: int, day: int) -> str:
    sign = "-" if year < 0 else ""
    return f"{sign}{abs(year):04d}-{month:02d}-{day:02d}"


def time_text(nanos: int) -> str:
    seconds, fraction = divmod(nanos, NANOS)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{_fraction(fraction)}"


def make_date(year: int, month: int, day: int) -> FeelDate | None:
    """A date, or None when the calendar has no such day."""
    if not -MAX_YEAR <= year <= MAX_YEAR or not 1 <= month <= 12 or not 1 <= day <= days_in_month(year, month):
        return None
    return FeelDate(year, month, day)


def date_of_number(number: int) -> FeelDate | None:
    """The date of a day number, None beyond the years that FEEL knows."""
    year, month, day = civil(number)
    return FeelDate(year, month, day) if -MAX_YEAR <= year <= MAX_YEAR else None


def datetime_of_instant(instant: int, zone: Zone) -> FeelDateTime | None:
    """The date and time that clocks in `zone` show at an instant (nanoseconds since 1970-01-01 UTC)."""
    if zone is not None:
        number, nanos = divmod(instant, DAY_NANOS)
        year, month, day = civil(number)
        instant += local_offset(zone, year, month, day, nanos // NANOS) * NANOS
    number, nanos = divmod(instant, DAY_NANOS)
    year, month, day = civil(number)
    return FeelDateTime(year, month, day, nanos, zone) if -MAX_YEAR <= year <= MAX_YEAR else None


def add_months(year: int, month: int, day: int, months: int) -> tuple[int, int, int] | None:
    """The date `months` later; the day is clamped to the end of the month."""
    index = year * 12 + month - 1 + months
    year, month = index // 12, index % 12 + 1
    if not -MAX_YEAR <= year <= MAX_YEAR:
        return None
    return year, month, min(day, days_in_month(year, month))


def make_months(months: int) -> YearsMonthsDuration | None:
    return YearsMonthsDuration(months) if -MAX_DURATION_MONTHS <= months <= MAX_DURATION_MONTHS else None


def make_nanos(nanos: int) -> DaysTimeDuration | None:
    return DaysTimeDuration(nanos) if -MAX_DURATION_NANOS <= nanos <= MAX_DURATION_NANOS else None
