"""Time arithmetic of timers: ISO 8601 dates, durations, intervals and repeating intervals, and cron with seconds. Pure.

Instants are ms since the epoch. A date without a zone is UTC. Months and years are calendar arithmetic (a day that
the month does not have becomes its last); days and weeks are calendar days in the zone of the date they are added to;
the rest is exact. `[Europe/Berlin]` or `@Europe/Berlin` after a date names an IANA zone, whose daylight saving
applies.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from interpreter.cron import Cron, parse_cron
from interpreter.values import Millis

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
LATEST = int((datetime(9999, 12, 31, tzinfo=UTC) - EPOCH) / MILLISECOND)

_DURATION = re.compile(
    r"(?P<sign>[-+]?)P(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?P<time>T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)(?:[.,](?P<fraction>\d{1,9}))?S)?)?"
)
_DATE = re.compile(
    r"(?P<year>\d{4})-?(?P<month>\d{2})-?(?P<day>\d{2})"
    r"(?:[T ](?P<hour>\d{2})(?::?(?P<minute>\d{2})(?::?(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?)?)?"
    r"(?P<zone>Z|z|[+-]\d{2}(?::?\d{2})?)?(?:\[(?P<bracket>[^\]]+)\]|@(?P<at>\S+))?"
)
_REPEAT = re.compile(r"R(?P<times>\d{0,9}|-1)/(?P<rest>.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Duration:
    """Months, days and milliseconds, all of one sign."""

    months: int = 0
    days: int = 0
    millis: int = 0

    @property
    def is_zero(self) -> bool:
        return not (self.months or self.days or self.millis)


@dataclass(frozen=True, slots=True)
class Cycle:
    """A repeating interval. `times`: -1 without end. `zone` is that of its start, for calendar arithmetic."""

    times: int
    period: Duration
    start: Millis | None = None
    end: Millis | None = None
    zone: tzinfo = UTC


@lru_cache(maxsize=4096)
def parse_duration(text: str) -> Duration:
    """An ISO 8601 duration; ValueError when it is none."""
    match = _DURATION.fullmatch(text.strip())
    if match is None or match["time"] == "T" or text.strip().lstrip("+-") == "P":
        raise ValueError(f"Expected a duration like 'PT5M' but it was {text!r:.80}.")
    numbers = {k: int(match[k] or 0) for k in ("years", "months", "weeks", "days", "hours", "minutes", "seconds")}
    if any(n > 10**9 for n in numbers.values()):
        raise ValueError(f"Expected a duration of less than a billion units but it was {text!r:.80}.")
    sign = -1 if match["sign"] == "-" else 1
    fraction = int((match["fraction"] or "0").ljust(3, "0")[:3])
    millis = ((numbers["hours"] * 60 + numbers["minutes"]) * 60 + numbers["seconds"]) * 1000 + fraction
    return Duration(
        sign * (numbers["years"] * 12 + numbers["months"]),
        sign * (numbers["weeks"] * 7 + numbers["days"]),
        sign * millis,
    )


def parse_instant(text: str) -> Millis:
    """An ISO 8601 date or date and time; ValueError when it is none."""
    return _millis(_parse_date(text))


@lru_cache(maxsize=4096)
def _parse_date(text: str) -> datetime:
    match = _DATE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"Expected a date like '2030-01-31T12:00:00Z' but it was {text!r:.80}.")
    zone = _zone(match["bracket"] or match["at"], match["zone"])
    try:
        return datetime(
            int(match["year"]),
            int(match["month"]),
            int(match["day"]),
            int(match["hour"] or 0),
            int(match["minute"] or 0),
            int(match["second"] or 0),
            int((match["fraction"] or "0").ljust(6, "0")[:6]),
            tzinfo=zone,
        )
    except ValueError:
        raise ValueError(f"Expected a date that the calendar has but it was {text!r:.80}.") from None


def _zone(name: str | None, offset: str | None) -> tzinfo:
    if name:
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"Expected a time zone like 'Europe/Berlin' but it was {name!r:.80}.") from None
    if not offset or offset in "Zz":
        return UTC
    digits = offset[1:].replace(":", "").ljust(4, "0")
    minutes = int(digits[:2]) * 60 + int(digits[2:])
    if minutes > 18 * 60:
        raise ValueError(f"Expected an offset of at most 18 hours but it was {offset!r}.")
    from datetime import timezone

    return timezone(timedelta(minutes=minutes if offset[0] == "+" else -minutes))


def _millis(moment: datetime) -> Millis:
    return (moment - EPOCH) // MILLISECOND


def add(instant: Millis, duration: Duration, times: int = 1, zone: tzinfo = UTC) -> Millis:
    """`instant` plus `times` durations; ValueError beyond the year 9999."""
    if not duration.months and not duration.days:
        result = instant + duration.millis * times
        if not -LATEST <= result <= LATEST:
            raise ValueError("Expected an instant before the year 10000 but it was later.")
        return result
    try:
        moment = (EPOCH + timedelta(milliseconds=instant)).astimezone(zone)
        months = moment.year * 12 + moment.month - 1 + duration.months * times
        year, month = divmod(months, 12)
        day = min(moment.day, _days_in(year, month + 1))
        local = moment.replace(year=year, month=month + 1, day=day, tzinfo=None) + timedelta(days=duration.days * times)
        return _millis(local.replace(tzinfo=zone, fold=moment.fold)) + duration.millis * times
    except (OverflowError, ValueError):
        raise ValueError("Expected an instant before the year 10000 but it was later.") from None


def _days_in(year: int, month: int) -> int:
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def instant_or_period(text: str, now: Millis) -> Millis:
    """A date, a duration from `now`, or an interval (its end)."""
    stripped = text.strip()
    if "/" in stripped and not _DATE.fullmatch(stripped):
        first_part, _, second = stripped.partition("/")
        if first_part.lstrip("+-").startswith("P"):
            return parse_instant(second)
        start = _parse_date(first_part)
        if second.lstrip("+-").startswith("P"):
            return add(_millis(start), parse_duration(second), zone=start.tzinfo or UTC)
        return parse_instant(second)
    if stripped.lstrip("+-").startswith("P"):
        return add(now, parse_duration(stripped))
    return parse_instant(stripped)


@lru_cache(maxsize=4096)
def parse_cycle(text: str) -> Cycle | Cron:
    """A repeating interval `R[n]/[start/]P...[/end]` or a cron expression; ValueError when it is neither."""
    stripped = text.strip()
    if not stripped.startswith("R") or "/" not in stripped:
        if stripped.startswith("P"):
            return Cycle(1, _period(stripped))
        return parse_cron(stripped)
    match = _REPEAT.fullmatch(stripped)
    if match is None:
        raise ValueError(f"Expected a cycle like 'R3/PT10M' but it was {text!r:.80}.")
    times = int(match["times"]) if match["times"] not in ("", "-1") else -1
    parts = re.split(r"/(?![^\[]*\])", match["rest"])  # a zone in brackets has a stroke of its own
    if len(parts) == 1:
        return Cycle(times, _period(parts[0]))
    if len(parts) > 3:
        raise ValueError(f"Expected a cycle like 'R3/PT10M' but it was {text!r:.80}.")
    start: datetime | None = None
    end: Millis | None = None
    if not parts[0].startswith("P"):
        start = _parse_date(parts.pop(0))
    if parts and parts[0].startswith("P"):
        period = _period(parts.pop(0))
        if parts:
            end = parse_instant(parts.pop(0))
    elif start is not None and len(parts) == 1:
        other = _parse_date(parts.pop(0))
        period = Duration(millis=_millis(other) - _millis(start))
        if period.millis <= 0:
            raise ValueError(f"Expected a cycle whose second date is later but it was {text!r:.80}.")
    else:
        raise ValueError(f"Expected a cycle with a period but it was {text!r:.80}.")
    zone = UTC if start is None else start.tzinfo or UTC
    return Cycle(times, period, None if start is None else _millis(start), end, zone)


def _period(text: str) -> Duration:
    duration = parse_duration(text)
    if duration.is_zero or min(duration.months, duration.days, duration.millis) < 0:
        raise ValueError(f"Expected a period longer than nothing but it was {text!r:.80}.")
    return duration


def first(text: str, now: Millis) -> tuple[Millis, int] | None:
    """First instant of a cycle after `now`, and how many more follow (-1: without end); None when there is none."""
    cycle = parse_cycle(text)
    if isinstance(cycle, Cron):
        due = cycle.after(now)
        return None if due is None else (due, -1)
    if cycle.times == 0:
        return None
    if cycle.start is None:
        due, passed = add(now, cycle.period), 0
    else:
        passed = _passed(cycle, cycle.start, now)
        due = add(cycle.start, cycle.period, passed, cycle.zone)
    if cycle.times > 0 and passed >= cycle.times:
        return None
    if cycle.end is not None and due > cycle.end:
        return None
    return due, -1 if cycle.times < 0 else cycle.times - 1 - passed


def _passed(cycle: Cycle, start: Millis, now: Millis) -> int:
    """How many periods after `start` the first instant after `now` is."""
    if start > now:
        return 0
    low, high = 0, 1
    while add(start, cycle.period, high, cycle.zone) <= now:
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        if add(start, cycle.period, middle, cycle.zone) <= now:
            low = middle
        else:
            high = middle
    return high


def following(text: str, due: Millis) -> Millis | None:
    """The instant of a cycle after the one that was scheduled for `due`; None when it has an end and that is before."""
    cycle = parse_cycle(text)
    if isinstance(cycle, Cron):
        return cycle.after(due)
    next_due = add(due, cycle.period, 1, cycle.zone)
    return None if cycle.end is not None and next_due > cycle.end else next_due


def retry_cycle(text: str) -> tuple[int, tuple[Millis, ...]] | None:
    """Camunda's failedJobRetryTimeCycle: `R5/PT5M`, or a list of periods; (attempts, pauses in ms), None when it is
    neither."""
    try:
        if "," in text or text.strip().startswith("P"):
            pauses = tuple([_exact(parse_duration(part)) for part in text.split(",") if part.strip()])
            return len(pauses) + 1, pauses
        cycle = parse_cycle(text)
    except ValueError:
        return None
    if isinstance(cycle, Cron):
        return None
    return (max(cycle.times, 1) if cycle.times >= 0 else 3), (_exact(cycle.period),)


def _exact(duration: Duration) -> Millis:
    return add(0, duration)


def to_text(instant: Millis) -> str:
    """ISO 8601 in UTC with milliseconds, as Camunda writes dates."""
    moment = EPOCH + timedelta(milliseconds=instant)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}+0000"
