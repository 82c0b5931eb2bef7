"""The commands on models: exit codes, formats, what is written where."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from ostinato.commands import models
from tests.interpreter.bpmn.models import around, process

GOOD = around('<task id="t" name="t"/>', "t")
BAD = around('\n<serviceTask id="t" name="t"/>', "t")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "deep").mkdir()
    (tmp_path / "good.bpmn").write_bytes(GOOD)
    (tmp_path / "deep" / "bad.bpmn20.xml").write_bytes(BAD)
    (tmp_path / "broken.bpmn").write_bytes(b"<definitions>")
    (tmp_path / "plain.xml").write_bytes(GOOD)
    (tmp_path / "other.xml").write_bytes(b"<html/>")
    (tmp_path / "notes.txt").write_bytes(b"x")
    return tmp_path


def run(name: str, *arguments: object) -> tuple[int, str]:
    app = typer.Typer()
    app.command()(getattr(models, name))
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, result.output


def test_lint_finds_bpmn_files_in_folders_and_fails_on_errors(folder: Path) -> None:
    code, output = run("lint", folder, "--level", "error")
    assert code == 1
    assert f"{folder}/deep/bad.bpmn20.xml:2:1: error implementation-missing" in output
    assert f"{folder}/broken.bpmn:1:" in output
    assert output.splitlines()[-1].startswith("4 files: ")
    assert run("lint", folder / "good.bpmn")[0] == 0
    assert run("lint", folder / "good.bpmn", "--strict")[0] == 0


def test_lint_writes_json_and_sarif(folder: Path) -> None:
    files = json.loads(run("lint", folder / "deep", "--format", "json")[1])["files"]
    assert [Path(file["file"]).name for file in files] == ["bad.bpmn20.xml"]
    assert json.loads(run("lint", folder, "--format", "sarif")[1])["version"] == "2.1.0"


def test_fmt_prints_checks_and_writes(folder: Path) -> None:
    file = folder / "good.bpmn"
    code, output = run("fmt", file)
    assert (code, file.read_bytes()) == (0, GOOD)
    assert "\n    <task" in output
    assert run("fmt", file, "--check")[0] == 1
    assert run("fmt", file, "--write", "--layout")[0] == 0
    assert b"BPMNShape" in file.read_bytes()
    assert run("fmt", file, "--check")[0] == 0


def test_convert_writes_the_file_and_lists_what_stays(tmp_path: Path) -> None:
    source, target = tmp_path / "a.bpmn", tmp_path / "b.bpmn"
    source.write_bytes(process('<userTask id="t" flowable:assignee="mary" flowable:skipExpression="x"/>'))
    code, output = run("convert", source, "-o", target)
    assert code == 0
    assert b'camunda:assignee="mary"' in target.read_bytes()
    assert "flowable:skipExpression [t]" in output
    assert "1 carried over, 1 left as they were" in output


@pytest.mark.parametrize(
    ("name", "code", "last"),
    [
        ("bpmn_roundtrip", 0, "4 passed, 0 failed"),
        ("bpmn_import", 0, "4 passed, 0 failed"),
        ("bpmn_reject", 1, "1 passed, 3 failed"),
    ],
)
def test_judges_count_report_and_close_with_one_line(folder: Path, name: str, code: int, last: str) -> None:
    found, output = run(name, folder, "--report", folder / "out")
    assert (found, output.splitlines()[-1]) == (code, last)
    report = folder / "out" / name.replace("_", "-")
    assert report.with_suffix(".csv").read_text().count("\n") == 5
    assert last in report.with_suffix(".html").read_text()


def test_of_a_suite_only_the_constraint_models_must_be_refused(tmp_path: Path) -> None:
    constraints = tmp_path / "betsy" / "bpmn_constraints" / "X"
    constraints.mkdir(parents=True)
    (constraints / "bad.bpmn").write_bytes(process(""))
    (tmp_path / "betsy" / "good.bpmn").write_bytes(GOOD)
    assert run("bpmn_reject", tmp_path)[1].splitlines()[-1] == "1 passed, 0 failed"
    rows = ["Constraint\tbpmn_constraints/X/bad.bpmn", "Constraint\tbpmn_constraints/absent.bpmn", "Basic\tgood.bpmn"]
    table = "\n".join(["group\tmodel", *rows]) + "\n"
    (tmp_path / "betsy" / "betsy-cases.tsv").write_text(table)
    for folder in (tmp_path / "betsy", tmp_path / "betsy" / "bpmn_constraints", constraints):
        assert run("bpmn_reject", folder)[1].splitlines()[-1] == "1 passed, 0 failed", folder


def test_a_missing_file_is_the_users_error(tmp_path: Path) -> None:
    from ostinato.errors import UserError

    with pytest.raises(UserError, match="none"):
        list(models.bpmn_files(tmp_path / "nowhere"))
