"""`--engine temporal`: the suites on a real stack give the verdicts that they give on the core, with the same closing
line. A few cases in every run of the tests; all of them are marked slow."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ostinato.cli import build
from ostinato.conformance import betsy, betsy_live, nayra, nayra_live
from ostinato.conformance.report import Verdict, closing_line
from tests.suites import suite

Judge = Callable[[Path, str], list[Verdict]]

BETSY_SAMPLE = {"CallActivity_GlobalTask", "ParallelProcess", "Timer_IntermediateEvent", "AdHocSubProcess_Parallel"}
NAYRA_SAMPLE = ("CallActivityBoundaryError", "EventBasedGateway_Timer")


def _betsy_sample(to: Path) -> Path:
    """A folder with some rows of the table, and one more of each group."""
    folder = suite("scenarios/betsy")
    with (folder / "betsy-cases.tsv").open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file, delimiter="\t")
        columns, rows = list(reader.fieldnames or ()), list(reader)
    first = {row["group"]: row for row in reversed(rows) if not row["model"].startswith("bpmn_constraints/")}
    chosen = [row for row in rows if row["test"] in BETSY_SAMPLE or row is first.get(row["group"])]
    for row in chosen:
        target = to / row["model"]
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / row["model"], target)
    with (to / "betsy-cases.tsv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, delimiter="\t", lineterminator="\n")
        writer.writeheader()
        writer.writerows(chosen)
    return to


def _nayra_sample(to: Path) -> Path:
    folder = suite("scenarios/nayra-patterns")
    for name in NAYRA_SAMPLE:
        for path in folder.glob(f"{name}.*"):
            shutil.copyfile(path, to / path.name)
    return to


def _same(folder: Path, core: Judge, live: Judge, profile: str = "spec") -> None:
    expected, found = core(folder, profile), live(folder, profile)
    assert expected
    assert {v.case: v.passed for v in found} == {v.case: v.passed for v in expected}
    assert closing_line(found) == closing_line(expected)


@pytest.mark.timeout(300)
def test_some_cases_of_betsy(tmp_path: Path) -> None:
    _same(_betsy_sample(tmp_path), betsy.judge, betsy_live.judge)


@pytest.mark.timeout(300)
def test_the_command_closes_with_the_same_line(tmp_path: Path) -> None:
    folder = str(_nayra_sample(tmp_path))
    lines: list[str] = []
    for engine in ("core", "temporal"):
        arguments = ["conformance", "nayra", folder, "--engine", engine]
        done = CliRunner().invoke(build(arguments), arguments)
        assert done.exit_code == 0, done.output
        lines.append(done.stdout.splitlines()[-1])
    assert lines[0] == lines[1]
    assert lines[0].endswith(" passed, 0 failed")


def test_there_are_two_engines(tmp_path: Path) -> None:
    arguments = ["conformance", "betsy", str(tmp_path), "--engine", "paper"]
    refused = CliRunner().invoke(build(arguments), arguments)
    assert refused.exit_code != 0
    assert "Expected core or temporal" in refused.output


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("profile", ["spec", "c7"])
def test_all_of_betsy(profile: str) -> None:
    _same(suite("scenarios/betsy"), betsy.judge, betsy_live.judge, profile)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("profile", ["spec", "c7"])
def test_all_of_nayra(profile: str) -> None:
    _same(suite("scenarios/nayra-patterns"), nayra.judge, nayra_live.judge, profile)
