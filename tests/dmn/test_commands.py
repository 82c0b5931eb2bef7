"""`ostinato feel` and `ostinato decide` as a person uses them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ostinato.cli import build
from tests.dmn.documents import decision, document, input_data, literal, requirements, table


def call(*arguments: str, stdin: str | None = None) -> tuple[int, str, str]:
    done = CliRunner().invoke(build(arguments), list(arguments), input=stdin)
    return done.exit_code, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("arguments", "printed"),
    [
        (["1 + 2"], "3"),
        (['"a" + "b"'], "ab"),
        (["a b * 2", "--json", '{"a b": 21}'], "42"),
        (["{a: [1, null]}", "--as-json"], '{"a": [1, null]}'),
        (["null"], "null"),
        (["[1..5], > 9", "--test", "10"], "true"),
        (["today()", "--now", "2024-02-29T10:00:00+01:00"], "2024-02-29"),
        (["is defined(x)", "--dialect", "camunda"], "false"),
    ],
)
def test_feel(arguments: list[str], printed: str) -> None:
    code, out, _ = call("feel", *arguments)
    assert (code, out.strip()) == (0, printed)


def test_feel_reads_a_context_and_tells_warnings(tmp_path: Path) -> None:
    context = tmp_path / "c.json"
    context.write_text('{"a": 1}', encoding="utf-8")
    assert call("feel", "a + b", "--context", str(context), "--json", '{"b": 2}')[1].strip() == "3"
    assert call("feel", "a", "--context", "-", stdin='{"a": 5}')[1].strip() == "5"
    code, out, err = call("feel", "a + nobody", "--context", str(context))
    assert (code, out.strip()) == (0, "null")
    assert "nobody" in err


@pytest.fixture
def dish(tmp_path: Path) -> Path:
    rows = [('"Winter"', "<= 8", '"Roastbeef"'), ('"Winter"', "> 8", '"Stew"'), ('"Summer"', "-", '"Steak"')]
    path = tmp_path / "dish.dmn"
    path.write_bytes(
        document(
            input_data("season"),
            input_data("guests", "number"),
            decision("dish", table(["season", "guests"], ["dish"], rows), requirements(inputs=["season", "guests"])),
            decision("menu", literal('dish + " and wine"'), requirements(decisions=["dish"])),
        )
    )
    return path


INPUTS = ["--json", '{"season": "Winter", "guests": 4}']


def test_decide(dish: Path) -> None:
    code, out, _ = call("decide", str(dish), "--decision", "menu", *INPUTS)
    assert (code, json.loads(out)) == (0, "Roastbeef and wine")


def test_decide_explains(dish: Path) -> None:
    code, out, _ = call("decide", str(dish), "-d", "menu", "--explain", *INPUTS)
    assert code == 0
    for part in ("hit policy UNIQUE", 'season is "Winter"', "guests is 4", "rule1", '"Roastbeef and wine"'):
        assert part in out


def test_decide_as_json(dish: Path) -> None:
    answer: dict[str, Any] = json.loads(call("decide", str(dish), "-d", "dish", "--as-json", *INPUTS)[1])
    assert answer["value"] == "Roastbeef"
    assert answer["ruleResults"] == [{"dish": "Roastbeef"}]
    assert answer["trace"][0]["tables"][0]["rules"][0]["ruleId"] == "rule1"


def test_an_evaluation_error_is_exit_code_1(dish: Path) -> None:
    code, out, err = call("decide", str(dish), "-d", "dish", "--json", '{"season": "Winter", "guests": "many"}')
    assert (code, out.strip()) == (1, "null")
    assert "TYPE_MISMATCH" in err


def test_lint_reads_decisions_too(dish: Path, tmp_path: Path) -> None:
    assert call("lint", str(dish))[0] == 0
    broken = tmp_path / "models" / "broken.dmn"
    broken.parent.mkdir()
    broken.write_bytes(document(input_data("x"), decision("d", literal("1 +"), requirements(inputs=["nobody"]))))
    code, out, _ = call("lint", str(broken.parent), "--profile", "spec")
    assert code == 1
    assert "dmn-feel-syntax" in out
    assert "dmn-missing-requirement" in out


def test_mistakes_are_told_in_one_line(dish: Path, tmp_path: Path) -> None:
    from ostinato.errors import UserError

    runner = CliRunner()
    for arguments, told in [
        (["feel", "1 +"], "Expected"),
        (["feel", "1", "--json", "[]"], "JSON object"),
        (["feel", "1", "--json", "{"], "JSON"),
        (["feel", "1", "--now", "soon"], "--now"),
        (["decide", str(tmp_path / "none.dmn")], "readable file"),
        (["decide", str(dish)], "--decision"),
        (["decide", str(dish), "-d", "nobody"], "nobody"),
        (["decide", str(dish), "-d", "dish", "--profile", "camunda9"], "camunda9"),
        (["conformance", "dmn-tck", str(tmp_path / "none")], "directory"),
    ]:
        error = runner.invoke(build(arguments), arguments).exception
        assert isinstance(error, UserError), arguments
        assert told in str(error)
