"""Dates, durations, cycles and cron: one line per fact."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interpreter import calendar
from interpreter.calendar import Duration, parse_duration, parse_instant
from interpreter.cron import parse_cron


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("PT5M", Duration(millis=300_000)),
        ("PT0.1S", Duration(millis=100)),
        ("PT1,5S", Duration(millis=1_500)),
        ("P1Y2M", Duration(months=14)),
        ("P2W", Duration(days=14)),
        ("P1DT12H", Duration(days=1, millis=43_200_000)),
        ("-PT1H", Duration(millis=-3_600_000)),
    ],
)
def test_durations(text: str, duration: Duration) -> None:
    assert parse_duration(text) == duration


@pytest.mark.parametrize("text", ["", "P", "PT", "5M", "P1S", "PT1D", "P1.5D", "INVALID", "P" + "9" * 30 + "D"])
def test_no_durations(text: str) -> None:
    with pytest.raises(ValueError, match="Expected"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("2030-01-31", "2030-01-31T00:00:00Z"),
        ("2030-01-31T12:00", "2030-01-31T12:00:00Z"),
        ("20300131T120000Z", "2030-01-31T12:00:00Z"),
        ("2030-01-31T12:00:00.000+0100", "2030-01-31T11:00:00Z"),
        ("2030-07-01T12:00:00[Europe/Berlin]", "2030-07-01T10:00:00Z"),
        ("2030-01-01T12:00:00@Europe/Berlin", "2030-01-01T11:00:00Z"),
    ],
)
def test_dates(text: str, same: str) -> None:
    assert parse_instant(text) == parse_instant(same)


@pytest.mark.parametrize(
    "text", ["2030-02-30", "2030-13-01", "tomorrow", "2030-01-01T00:00:00[No/Where]", "2030-01-01T00:00:00+99:00"]
)
def test_no_dates(text: str) -> None:
    with pytest.raises(ValueError, match="Expected"):
        parse_instant(text)


def test_months_are_calendar_arithmetic() -> None:
    assert calendar.add(parse_instant("2028-01-31"), parse_duration("P1M")) == parse_instant("2028-02-29")
    assert calendar.add(parse_instant("2030-03-31"), parse_duration("-P1M")) == parse_instant("2030-02-28")
    with pytest.raises(ValueError, match="10000"):
        calendar.add(parse_instant("9999-01-01"), parse_duration("P5Y"))


def test_intervals_end_when_they_end() -> None:
    start = "2030-01-01T00:00:00Z"
    assert calendar.instant_or_period(f"{start}/PT1H", 0) == parse_instant(start) + 3_600_000
    assert calendar.instant_or_period(f"{start}/2030-02-01T00:00:00Z", 0) == parse_instant("2030-02-01")


@pytest.mark.parametrize(
    ("text", "now", "first"),
    [
        ("R3/PT1H", "2030-01-01", ("2030-01-01T01:00:00Z", 2)),
        ("R/PT1H", "2030-01-01", ("2030-01-01T01:00:00Z", -1)),
        ("R1/PT1H", "2030-01-01", ("2030-01-01T01:00:00Z", 0)),
        ("R0/PT1H", "2030-01-01", None),
        ("R3/2030-01-01T00:00:00Z/PT1H", "2030-01-01T00:30:00Z", ("2030-01-01T01:00:00Z", 1)),
        ("R3/2030-01-01T00:00:00Z/PT1H", "2030-01-02", None),
        ("R/PT1H/2030-01-01T00:30:00Z", "2030-01-01", None),
        ("R2/2030-01-01T00:00:00Z/2030-01-02T00:00:00Z", "2029-01-01", ("2030-01-01T00:00:00Z", 1)),
        ("0 0 12 * * ?", "2030-01-01", ("2030-01-01T12:00:00Z", -1)),
        ("0 0 9 ? * MON-FRI", "2030-01-05", ("2030-01-07T09:00:00Z", -1)),
        ("0 0 0 L * ?", "2030-02-01", ("2030-02-28T00:00:00Z", -1)),
        ("0 0 0 ? * FRI#2", "2030-02-01", ("2030-02-08T00:00:00Z", -1)),
        ("0 0 0 29 2 ?", "2030-01-01", ("2032-02-29T00:00:00Z", -1)),
        ("0 0 0 15W * ?", "2030-06-01", ("2030-06-14T00:00:00Z", -1)),
        ("@daily", "2030-01-01", ("2030-01-02T00:00:00Z", -1)),
        ("*/10 * * * * *", "2030-01-01", ("2030-01-01T00:00:10Z", -1)),
    ],
)
def test_cycles(text: str, now: str, first: tuple[str, int] | None) -> None:
    wanted = None if first is None else (parse_instant(first[0]), first[1])
    assert calendar.first(text, parse_instant(now)) == wanted


@pytest.mark.parametrize(
    "text",
    ["R3", "R3/", "R/PT0S", "R3/-PT1H", "0 0 12 * *", "61 * * * * *", "* * * * * MOO", "0 0 0 5-1 * *", "INVALID"],
)
def test_no_cycles(text: str) -> None:
    with pytest.raises(ValueError, match="Expected"):
        calendar.first(text, 0)


@given(st.integers(min_value=0, max_value=4_000_000_000_000))
def test_cron_goes_forward(now: int) -> None:
    cron = parse_cron("0 */7 3,15 * * MON")
    following = cron.after(now)
    assert following is not None
    assert following > now
    assert cron.after(following - 1) == following


def test_texts_of_instants() -> None:
    assert calendar.to_text(parse_instant("2030-01-31T12:00:00.123Z")) == "2030-01-31T12:00:00.123+0000"
