"""Camunda's date format on the wire: ``yyyy-MM-dd'T'HH:mm:ss.SSSZ``, e.g. ``2013-01-23T13:42:42.657+0200``.

Answers are always in UTC with three digits and ``+0000``. Input is read more generously, as clients in the wild send
it: 3 or 6 digits or none, ``Z``, an offset with or without colon, or no offset (UTC).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

_DATE = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?\s*(Z|[+-]\d\d:?\d\d|[+-]\d\d)?",
    re.ASCII | re.IGNORECASE,
)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def format_date(value: datetime | int) -> str:
    """`value` (an aware datetime, or milliseconds since the epoch) in Camunda's format."""
    if isinstance(value, int):
        value = EPOCH + timedelta(milliseconds=value)
    elif value.tzinfo is not UTC:
        value = value.astimezone(UTC)
    return f"{value.isoformat(timespec='milliseconds')[:23]}+0000"


def format_optional(value: datetime | int | None) -> str | None:
    """As `format_date`; None stays None."""
    return None if value is None else format_date(value)


def parse_date(text: str) -> datetime:
    """The instant that `text` names, in UTC. ValueError with one sentence when it is no date."""
    match = _DATE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f'Expected a date like "2013-01-23T13:42:42.657+0200" but it was "{text}".')
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    try:
        value = datetime(
            int(year),
            int(month),
            int(day),
            int(hour or 0),
            int(minute or 0),
            int(second or 0),
            int((fraction or "0")[:6].ljust(6, "0")),
            _zone(zone),
        )
        return value.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError(f'Expected a date that exists but it was "{text}": {error}.') from error


def millis(value: datetime) -> int:
    """Milliseconds since the epoch."""
    return (value - EPOCH) // timedelta(milliseconds=1)


def _zone(text: str | None) -> timezone:
    if text is None or text in "Zz":
        return UTC
    digits = text[1:].replace(":", "")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:] or 0))
    return timezone(-offset if text[0] == "-" else offset)
