"""The betsy and nayra suites on a real Temporal server: the same verdicts as on the core."""

from __future__ import annotations

import pytest

from ostinato.conformance import betsy_live, nayra_live
from tests.conformance.test_process_suites import IMPOSSIBLE
from tests.suites import suite

pytestmark = [pytest.mark.slow, pytest.mark.e2e, pytest.mark.timeout(900)]


def test_betsy() -> None:
    verdicts = betsy_live.judge(suite("scenarios/betsy"))
    assert len(verdicts) == 156
    assert {verdict.case for verdict in verdicts if not verdict.passed} <= IMPOSSIBLE


def test_nayra() -> None:
    verdicts = nayra_live.judge(suite("scenarios/nayra-patterns"))
    assert len(verdicts) == 50
    assert [verdict for verdict in verdicts if not verdict.passed] == []
