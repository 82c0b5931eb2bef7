"""The calendar beyond the standard library's years, and zones at their edges."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dmn.feel import FeelDate, FeelDateTime, evaluate, feel_string, from_json, parse_temporal
from dmn.feel.temporal import civil, date_of_number, datetime_of_instant, day_number

YEARS = st.integers(-999_999_999, 999_999_999)
EPOCH = date(1970, 1, 1)


@given(st.dates())
def test_day_numbers_are_the_library_s(day: date) -> None:
    number = day_number(day.year, day.month, day.day)
    assert number == (day - EPOCH).days
    assert civil(number) == (day.year, day.month, day.day)
    assert FeelDate(day.year, day.month, day.day).weekday() == day.isoweekday()
    texts = {"day of year": day.timetuple().tm_yday, "week of year": day.isocalendar().week}
    for function, expected in texts.items():
        assert evaluate(f"{function}(d)", {"d": day}).value == expected


@given(YEARS, st.integers(1, 12), st.integers(1, 28))
def test_any_year_goes_there_and_back(year: int, month: int, day: int) -> None:
    value = FeelDate(year, month, day)
    assert date_of_number(value.number()) == value
    assert parse_temporal(str(value)) == value


@given(st.datetimes(), st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Pacific/Apia"]))
def test_instants_are_the_library_s(moment: datetime, zone: str) -> None:
    if not 2 <= moment.year <= 9997:
        return
    aware = moment.replace(tzinfo=ZoneInfo(zone))
    ours = from_json(aware)
    expected = (aware - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    assert ours.instant() == expected * 1000
    back = datetime_of_instant(ours.instant(), ours.zone)
    assert back is not None
    assert back.instant() == ours.instant()


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ('@"2024-03-31T02:30:00@Europe/Berlin" + @"PT0S"', "2024-03-31T03:30:00@Europe/Berlin"),
        ('@"2024-10-27T01:30:00@Europe/Berlin" + @"PT1H"', "2024-10-27T02:30:00@Europe/Berlin"),
        ('@"2024-10-27T03:00:00@Europe/Berlin" - @"2024-10-27T00:00:00@Europe/Berlin"', "PT4H"),
        ('@"9999-12-31T23:59:59@Europe/Berlin" + @"PT1S"', "10000-01-01T00:00:00@Europe/Berlin"),
        ('@"0000-12-31T23:59:59Z" + @"PT1S"', "0001-01-01T00:00:00Z"),
        ('@"999999999-12-31T23:59:59Z" + @"PT1S"', None),
        ('@"999999999-12-31" + @"P1M"', None),
        ('@"-999999999-01-01" - @"P1D"', None),
        ('@"2024-01-01T00:00:00+18:00" = @"2023-12-31T06:00:00Z"', True),
        ('@"1883-11-18T12:00:00@America/New_York".time offset', "-PT4H56M2S"),
        ('@"P999999999Y" + @"P999999999Y" + @"P999999999Y"', None),
    ],
)
def test_edges(text: str, result: object) -> None:
    value = evaluate(text).value
    assert (value if isinstance(value, bool) else feel_string(value)) == result


def test_midnight_of_a_zone_without_one() -> None:
    moment = FeelDateTime(2011, 12, 30, 0, "Pacific/Apia")
    assert evaluate("m + duration", {"m": moment, "duration": evaluate('@"P1D"').value}).value is not None
