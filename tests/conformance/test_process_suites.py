"""The betsy and nayra suites: scores may only rise. The cases that cannot pass are named, with the reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from ostinato.conformance import betsy, nayra
from ostinato.conformance.report import Verdict, closing_line, write
from tests.suites import suite

# Both expect SCRIPT_task3 in the trace, which no task of these models writes (their three scripts are task1, task2,
# task1).
IMPOSSIBLE = {"AdHocSubProcess_Sequential/1", "AdHocSubProcess_Parallel/1"}


def test_betsy_behaviour_in_profile_spec() -> None:
    verdicts = betsy.judge(suite("scenarios/betsy"))
    assert len(verdicts) == 156
    assert {v.case for v in verdicts if not v.passed} <= IMPOSSIBLE


def test_what_the_impossible_betsy_cases_do() -> None:
    folder = suite("scenarios/betsy")
    for case in betsy.cases(folder):
        if case.name in IMPOSSIBLE:
            model = (folder / case.model).read_text(encoding="utf-8")
            assert "SCRIPT_task3" not in model
            assert sorted(betsy.run_case(folder, case).actual.split()) == [
                "SCRIPT_task1",
                "SCRIPT_task1",
                "SCRIPT_task2",
            ]


@pytest.mark.parametrize("profile", ["spec", "c7"])
def test_nayra(profile: str) -> None:
    verdicts = nayra.judge(suite("scenarios/nayra-patterns"), profile)
    assert len(verdicts) == 50
    failed = [v for v in verdicts if not v.passed]
    if profile == "spec":
        assert not failed
    else:
        # Camunda 7 has no standard loop, counts loops from 0, and ends the path at an uncaught error.
        assert {v.case.partition("/")[0] for v in failed} <= {
            "Loop_NoIteration_TestBeforeFalse",
            "Loop_NoIteration_TestBeforeTrueWithCondition",
            "MultiInstance_InputData_DefaultItems",
            "MultiInstance_InputData_WithInputItem",
            "Loop_ConditionOnly",
            "Loop_Maximum",
            "MultiInstanceCallActivity",
            "MultiInstance_CardinalityZero",
            "MultiInstance_EmptyInputItems",
        }


def test_reports_say_the_same_as_the_verdicts(tmp_path: Path) -> None:
    verdicts = [Verdict("a/1", True, "x", "x"), Verdict("b<1>", False, "x", "y", "note")]
    write(verdicts, tmp_path, "suite")
    rows = (tmp_path / "report.csv").read_text(encoding="utf-8").splitlines()
    assert rows == ["case,result,expected,actual,note", "a/1,passed,x,x,", "b<1>,failed,x,y,note"]
    assert "b&lt;1&gt;" in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert closing_line(verdicts) == "1 passed, 1 failed"
