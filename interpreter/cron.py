"""Cron expressions with six fields: second, minute, hour, day of month, month, day of week (0 and 7 are Sunday); in
UTC.

Lists, ranges, steps, names, `?`, `L` (last day, last such weekday), `W` (nearest weekday), `#` (n-th such weekday)
and the macros @yearly @annually @monthly @weekly @daily @midnight @hourly. Both day fields must fit.
"""

from __future__ import annotations

import calendar as days
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SEARCH_DAYS = 366 * 28 + 7  # every combination of 29 February and weekday comes within 28 years

MACROS = {
    "@yearly": "0 0 0 1 1 *",
    "@annually": "0 0 0 1 1 *",
    "@monthly": "0 0 0 1 * *",
    "@weekly": "0 0 0 * * 0",
    "@daily": "0 0 0 * * *",
    "@midnight": "0 0 0 * * *",
    "@hourly": "0 0 * * * *",
}
_MONTHS = {
    n: i + 1 for i, n in enumerate(["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"])
}
_WEEKDAYS = {n: i for i, n in enumerate(["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"])}


@dataclass(frozen=True, slots=True)
class Cron:
    """Allowed values of each field, sorted; `day_rules` and `weekday_rules` are what only a given month can answer."""

    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    day_rules: tuple[str, ...]
    months: frozenset[int]
    weekdays: frozenset[int]
    weekday_rules: tuple[str, ...]

    def after(self, instant: int) -> int | None:
        """The first instant (ms) after `instant`; None within the years that are searched."""
        moment = EPOCH + timedelta(milliseconds=instant)
        start = moment.replace(microsecond=0) + timedelta(seconds=1)
        day = start.date()
        for offset in range(SEARCH_DAYS):
            try:
                candidate = day + timedelta(days=offset)
            except OverflowError:
                return None
            if candidate.month not in self.months or not self._fits(candidate):
                continue
            clock = (start.hour, start.minute, start.second) if offset == 0 else (0, 0, 0)
            found = self._time_from(clock)
            if found is not None:
                at = datetime(candidate.year, candidate.month, candidate.day, *found, tzinfo=UTC)
                return (at - EPOCH) // timedelta(milliseconds=1)
        return None

    def _time_from(self, clock: tuple[int, int, int]) -> tuple[int, int, int] | None:
        for hour in self.hours:
            if hour < clock[0]:
                continue
            for minute in self.minutes:
                if (hour, minute) < clock[:2]:
                    continue
                for second in self.seconds:
                    if (hour, minute, second) >= clock:
                        return hour, minute, second
        return None

    def _fits(self, day: date) -> bool:
        weekday = (day.weekday() + 1) % 7
        return (day.day in self.days or any(_day_rule(r, day) for r in self.day_rules)) and (
            weekday in self.weekdays or any(_weekday_rule(r, day, weekday) for r in self.weekday_rules)
        )


def _day_rule(rule: str, day: date) -> bool:
    last = days.monthrange(day.year, day.month)[1]
    if rule == "L":
        return day.day == last
    if rule == "LW":
        return day.day == _nearest_weekday(day, last)
    if rule.startswith("L-"):
        return day.day == last - int(rule[2:])
    return day.day == _nearest_weekday(day, min(int(rule[:-1]), last))


def _nearest_weekday(day: date, wanted: int) -> int:
    last = days.monthrange(day.year, day.month)[1]
    weekday = day.replace(day=wanted).weekday()
    if weekday == 5:
        return wanted - 1 if wanted > 1 else wanted + 2
    if weekday == 6:
        return wanted + 1 if wanted < last else wanted - 2
    return wanted


def _weekday_rule(rule: str, day: date, weekday: int) -> bool:
    if rule.endswith("L"):
        return weekday == int(rule[:-1]) and day.day + 7 > days.monthrange(day.year, day.month)[1]
    wanted, _, nth = rule.partition("#")
    return weekday == int(wanted) and (day.day - 1) // 7 + 1 == int(nth)


def parse_cron(text: str) -> Cron:
    """A cron expression; ValueError says which field is wrong."""
    stripped = text.strip()
    fields = MACROS.get(stripped.lower(), stripped).upper().split()
    if len(fields) == 7 and (fields[6] == "*" or fields[6] == "?"):
        fields = fields[:6]
    if len(fields) != 6:
        raise ValueError(f"Expected a cycle 'R3/PT10M' or a cron expression with 6 fields but it was {text!r:.80}.")
    month_days, day_rules = _days(fields[3], text)
    weekdays, weekday_rules = _weekdays(fields[5], text)
    return Cron(
        _values(fields[0], 0, 59, {}, "second", text),
        _values(fields[1], 0, 59, {}, "minute", text),
        _values(fields[2], 0, 23, {}, "hour", text),
        frozenset(month_days),
        day_rules,
        frozenset(_values(fields[4], 1, 12, _MONTHS, "month", text)),
        frozenset(weekdays),
        weekday_rules,
    )


def _days(field: str, text: str) -> tuple[tuple[int, ...], tuple[str, ...]]:
    rules: list[str] = []
    plain: list[str] = []
    for part in field.split(","):
        body = part[:-1] if part.endswith("W") else part[2:] if part.startswith("L-") else "1"
        if (
            part in ("L", "LW")
            or (part != body and part[-1:] == "W" and body.isdigit())
            or (part.startswith("L-") and body.isdigit())
        ):
            if body.isdigit() and not (part in ("L", "LW") or 0 <= int(body) <= 31):
                raise ValueError(f"Expected a day of month in the cron expression {text!r:.80} but it was {part!r}.")
            rules.append(part)
        else:
            plain.append(part)
    return (_values(",".join(plain), 1, 31, {}, "day of month", text) if plain else ()), tuple(rules)


def _weekdays(field: str, text: str) -> tuple[tuple[int, ...], tuple[str, ...]]:
    rules: list[str] = []
    plain: list[str] = []
    for part in field.split(","):
        if "#" in part or (part.endswith("L") and part != "L"):
            name, _, nth = part.partition("#") if "#" in part else (part[:-1], "", "1")
            day = _number(name, 0, 7, _WEEKDAYS, "day of week", text) % 7
            if not nth.isdigit() or not 1 <= int(nth) <= 5:
                raise ValueError(
                    f"Expected a weekday of the month in the cron expression {text!r:.80} but it was {part!r}."
                )
            rules.append(f"{day}#{nth}" if "#" in part else f"{day}L")
        else:
            plain.append("SAT" if part == "L" else part)
    values = _values(",".join(plain), 0, 7, _WEEKDAYS, "day of week", text) if plain else ()
    return tuple(sorted({v % 7 for v in values})), tuple(rules)


def _values(field: str, low: int, high: int, names: dict[str, int], what: str, text: str) -> tuple[int, ...]:
    found: set[int] = set()
    for part in field.split(","):
        span, _, step_text = part.partition("/")
        step = _number(step_text, 1, 10_000, {}, f"step of the {what}", text) if step_text else 1
        if span in ("*", "?"):
            start, end = low, high
        elif "-" in span:
            first, _, last = span.partition("-")
            start = _number(first, low, high, names, what, text)
            end = _number(last, low, high, names, what, text)
            if what == "day of week" and end == 0 and start > 0:
                end = 7
        else:
            start = _number(span, low, high, names, what, text)
            end = high if step_text else start
        if start > end:
            raise ValueError(f"Expected an ascending range of the {what} in {text!r:.80} but it was {part!r}.")
        found.update(range(start, end + 1, step))
    return tuple(sorted(found))


def _number(part: str, low: int, high: int, names: dict[str, int], what: str, text: str) -> int:
    if part in names:
        return names[part]
    if part.isascii() and part.isdigit() and low <= int(part) <= high:
        return int(part)
    raise ValueError(f"Expected {low} to {high} as the {what} of the cron expression {text!r:.80} but it was {part!r}.")
