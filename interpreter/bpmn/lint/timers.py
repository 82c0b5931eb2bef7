"""Whether a timer's literal value is one that can be understood: ISO 8601 dates, durations and intervals, cron."""

from __future__ import annotations

import re
from typing import Final

_DATE: Final = re.compile(
    r"\d{4}-?\d{2}-?\d{2}(?:T\d{2}(?::?\d{2}(?::?\d{2}(?:[.,]\d+)?)?)?(?:Z|[+-]\d{2}(?::?\d{2})?)?(?:\[[\w/+\-]+\])?)?"
)
_DURATION: Final = re.compile(
    r"[+-]?P(?=[\dT.])(?:\d+(?:[.,]\d+)?Y)?(?:\d+(?:[.,]\d+)?M)?(?:\d+(?:[.,]\d+)?W)?(?:\d+(?:[.,]\d+)?D)?"
    r"(?:T(?=\d)(?:\d+(?:[.,]\d+)?H)?(?:\d+(?:[.,]\d+)?M)?(?:\d+(?:[.,]\d+)?S)?)?"
)
_REPEAT: Final = re.compile(r"R-?\d*")
_CRON_FIELD: Final = re.compile(r"[\d*?/,\-LW#A-Za-z]+")
_MACROS: Final = frozenset({"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"})


def is_expression(text: str) -> bool:
    """Whether a value is computed when it is needed."""
    return text.startswith("=") or "${" in text or "#{" in text


def is_date(text: str) -> bool:
    return _DATE.fullmatch(text) is not None


def is_duration(text: str) -> bool:
    return _DURATION.fullmatch(text) is not None


def is_interval(text: str) -> bool:
    """``start/end``, ``start/duration`` or ``duration/end``."""
    parts = text.split("/")
    return len(parts) == 2 and all(is_date(part) or is_duration(part) for part in parts) and parts[0] != ""


def is_cycle(text: str) -> bool:
    """``R3/PT1H`` with optional start or end, a cron expression of six or seven fields, or a cron macro."""
    if text.lower() in _MACROS:
        return True
    head, slash, rest = text.partition("/")
    if slash and _REPEAT.fullmatch(head):
        return is_duration(rest) or is_interval(rest) or rest == ""
    fields = text.split()
    return len(fields) in (6, 7) and all(_CRON_FIELD.fullmatch(field) for field in fields)


def timer_violation(tag: str, text: str) -> str | None:
    """What was expected instead of a literal ``timeDate``, ``timeDuration`` or ``timeCycle``; None when it is right."""
    if is_expression(text):
        return None
    if tag == "timeDate":
        return None if is_date(text) or is_duration(text) else "a date and time of ISO 8601"
    if tag == "timeDuration":
        return None if is_duration(text) or is_interval(text) else "a duration of ISO 8601 such as PT1H"
    good = is_cycle(text) or is_duration(text)
    return None if good else "a repetition such as R3/PT1H or a cron expression"
