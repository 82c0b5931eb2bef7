"""Camunda's date format, out and in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from api.dates import format_date, format_optional, millis, parse_date

MOMENT = datetime(2013, 1, 23, 11, 42, 42, 657000, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [MOMENT, 1358941362657, datetime(2013, 1, 23, 13, 42, 42, 657999, tzinfo=timezone(timedelta(hours=2)))],
)
def test_out_is_utc_with_three_digits_and_no_colon(value: datetime | int) -> None:
    assert format_date(value) == "2013-01-23T11:42:42.657+0000"


def test_null_stays_null() -> None:
    assert format_optional(None) is None


@pytest.mark.parametrize(
    "text",
    [
        "2013-01-23T13:42:42.657+0200",
        "2013-01-23T13:42:42.657+02:00",
        "2013-01-23T13:42:42.657000+02",
        "2013-01-23T11:42:42.657Z",
        "2013-01-23T11:42:42.657",
        "2013-01-23T06:12:42.657-0530",
        "2013-01-23t11:42:42,657z",
        # a '+' that was not escaped in a URL arrives as a blank and is no offset any more
        "2013-01-23T11:42:42.657 Z",
    ],
)
def test_in_takes_what_clients_send(text: str) -> None:
    assert parse_date(text) == MOMENT


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2013-01-23", datetime(2013, 1, 23, tzinfo=UTC)),
        ("2013-01-23T10:00", datetime(2013, 1, 23, 10, tzinfo=UTC)),
        ("2013-01-23T10:00:05+0000", datetime(2013, 1, 23, 10, 0, 5, tzinfo=UTC)),
    ],
)
def test_in_takes_less_than_millis(text: str, expected: datetime) -> None:
    assert parse_date(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        '"2013-01-23T13:42:42.657+0200"',
        "2013-02-30T00:00:00",
        "2013-1-2",
        "23.01.2013",
        "2013-01-23T25:00",
    ],
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="Expected a date"):
        parse_date(text)


def test_millis() -> None:
    assert millis(MOMENT) == 1358941362657
    assert format_date(millis(MOMENT)) == format_date(MOMENT)
