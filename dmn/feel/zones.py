"""Time zones of FEEL values: nothing (local), an offset in seconds (int) or an IANA name (str).

The rules come from the `tzdata` package, whose version the lock pins, so that every worker knows the same ones; where
the package is absent, from the machine's tz database. Years outside 1..9999 use the same year of an equal 400-year
cycle, which is exact for the Gregorian calendar and for rules that repeat every year.
"""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache
from importlib.resources import files
from zoneinfo import ZoneInfo

Zone = int | str | None

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_+\-]*(?:/[A-Za-z0-9_+\-]+)*\Z")
MAX_OFFSET = 18 * 3600


@lru_cache(maxsize=1024)
def zone_info(name: str) -> ZoneInfo | None:
    """The tz database's zone, or None when there is none of that name."""
    if not _NAME.match(name) or len(name) > 64:
        return None
    try:
        return _packaged(name) or ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        return None


def _packaged(name: str) -> ZoneInfo | None:
    """The zone as the `tzdata` package has it."""
    try:
        file = files("tzdata").joinpath("zoneinfo", *name.split("/"))
    except ModuleNotFoundError:
        return None
    if not file.is_file():
        return None
    with file.open("rb") as data:
        return ZoneInfo.from_file(data, key=name)


def offset_at(zone: int | str, year: int, month: int, day: int, second_of_day: int) -> int:
    """Seconds east of UTC of a local date and time in a zone (the earlier offset where the clock is set back)."""
    if isinstance(zone, int):
        return zone
    info = zone_info(zone)
    if info is None:
        return 0
    if year > 9998:
        year = 2000 + (year % 400)
    elif year < 2:
        year = 400 + (year % 400)
    hour, rest = divmod(second_of_day, 3600)
    offset = datetime(year, month, day, hour, rest // 60, rest % 60, tzinfo=info).utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0


def local_offset(zone: int | str, year: int, month: int, day: int, utc_second_of_day: int) -> int:
    """Seconds east of UTC of an instant (given as its UTC date and second of the day) in a zone."""
    if isinstance(zone, int):
        return zone
    info = zone_info(zone)
    if info is None:
        return 0
    if year > 9998:
        year = 2000 + (year % 400)
    elif year < 2:
        year = 400 + (year % 400)
    hour, rest = divmod(utc_second_of_day, 3600)
    moment = datetime(year, month, day, hour, rest // 60, rest % 60, tzinfo=info)
    offset = info.fromutc(moment).utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0


def parse_zone(text: str) -> Zone:
    """The zone written as `Z`, `+hh:mm[:ss]` or `@Name`; None when the text is none of these."""
    if text in ("Z", "z"):
        return 0
    if text.startswith("@"):
        return text[1:] if zone_info(text[1:]) is not None else None
    match = _OFFSET.match(text)
    if match is None:
        return None
    hours, minutes, seconds = int(match[2]), int(match[3]), int(match[4] or 0)
    total = hours * 3600 + minutes * 60 + seconds
    if minutes > 59 or seconds > 59 or total > MAX_OFFSET:
        return None
    return -total if match[1] == "-" else total


_OFFSET = re.compile(r"([+-])(\d\d):(\d\d)(?::(\d\d))?\Z", re.ASCII)


def zone_text(zone: Zone) -> str:
    """The zone as it is written behind a time."""
    if zone is None:
        return ""
    if isinstance(zone, str):
        return "@" + zone
    if zone == 0:
        return "Z"
    sign, rest = ("-", -zone) if zone < 0 else ("+", zone)
    hours, rest = divmod(rest, 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{sign}{hours:02d}:{minutes:02d}" + (f":{seconds:02d}" if seconds else "")
