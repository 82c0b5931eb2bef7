"""Literal timer values: what is understood, what is told."""

from __future__ import annotations

import pytest

from interpreter.bpmn.lint.timers import timer_violation

GOOD = [
    ("timeDate", "2026-01-01T10:00:00Z"),
    ("timeDate", "2026-01-01T10:00:00.123+01:00"),
    ("timeDate", "2026-01-01T10:00"),
    ("timeDate", "2026-01-01"),
    ("timeDate", "20260101T100000Z"),
    ("timeDate", "2026-01-01T10:00:00+01:00[Europe/Berlin]"),
    ("timeDate", "P1D"),
    ("timeDate", "${date}"),
    ("timeDuration", "PT1H30M"),
    ("timeDuration", "P1Y2M3DT4H5M6.5S"),
    ("timeDuration", "P2W"),
    ("timeDuration", "-PT1S"),
    ("timeDuration", "= duration(x)"),
    ("timeCycle", "R3/PT10H"),
    ("timeCycle", "R/PT10H"),
    ("timeCycle", "R-1/PT10H"),
    ("timeCycle", "R3/2026-01-01T00:00:00Z/PT1H"),
    ("timeCycle", "R3/PT1H/2026-01-01T00:00:00Z"),
    ("timeCycle", "0 0/5 * * * ?"),
    ("timeCycle", "0 0 9 ? * MON-FRI"),
    ("timeCycle", "@daily"),
]
BAD = [
    ("timeDate", "tomorrow"),
    ("timeDate", "01.02.2026"),
    ("timeDuration", "1 hour"),
    ("timeDuration", "P"),
    ("timeDuration", "PT"),
    ("timeDuration", "P1H"),
    ("timeCycle", "R3"),
    ("timeCycle", "every day"),
    ("timeCycle", "* * * * *"),
]


@pytest.mark.parametrize(("tag", "text"), GOOD)
def test_understood(tag: str, text: str) -> None:
    assert timer_violation(tag, text) is None


@pytest.mark.parametrize(("tag", "text"), BAD)
def test_told(tag: str, text: str) -> None:
    assert timer_violation(tag, text) is not None
