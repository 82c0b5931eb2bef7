"""Values inside JUEL: JSON, and date-times as `Moment`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from interpreter import calendar
from interpreter.values import Millis, Typed


@dataclass(frozen=True, slots=True, order=True)
class Moment:
    """A date-time (java.util.Date, Joda DateTime)."""

    millis: Millis

    def __str__(self) -> str:
        return calendar.to_text(self.millis)


def to_juel(value: Any) -> Any:
    """A variable's value inside an expression."""
    if type(value) is Typed:
        if value.type == "Date" and isinstance(value.value, str):
            try:
                return Moment(calendar.parse_instant(value.value))
            except ValueError:
                return value.value
        return value.value
    return value


def from_juel(value: Any) -> Any:
    """The result of an expression as a variable's value."""
    if type(value) is Moment:
        return Typed("Date", calendar.to_text(value.millis))
    if type(value) is list:
        items = cast("list[Any]", value)
        return [from_juel_plain(v) for v in items]
    if type(value) is dict:
        entries = cast("dict[str, Any]", value)
        return {k: from_juel_plain(v) for k, v in entries.items()}
    return value


def from_juel_plain(value: Any) -> Any:
    """A nested value: date-times become text there."""
    if type(value) is Moment:
        return calendar.to_text(value.millis)
    return from_juel(value)
