"""The judge of the TCK: what passes, what fails, what cannot run, and the reports."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from dmn.tck import CaseResult, judge_folder, to_csv, to_html, values_match
from ostinato.cli import build
from ostinato.commands.decisions import tck_areas, tck_folders
from tests.dmn.documents import NOW, decision, document, input_data, literal, requirements

D = Decimal


def cases(*bodies: str, model_name: str = "m.dmn") -> bytes:
    return (
        '<testCases xmlns="http://www.omg.org/spec/DMN/20160719/testcase" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema">'
        f"<modelName>{model_name}</modelName><labels><label>L</label></labels>{''.join(bodies)}</testCases>"
    ).encode()


def case(name: str, expected: str, given: str = "", error: bool = False) -> str:
    flag = ' errorResult="true"' if error else ""
    return (
        f'<testCase id="{name}">{given}<resultNode name="{name}" type="decision"{flag}>'
        f"<expected>{expected}</expected></resultNode></testCase>"
    )


NUMBER = '<value xsi:type="xsd:decimal">{}</value>'
TEXT = '<value xsi:type="xsd:string">{}</value>'
NIL = '<value xsi:nil="true"/>'
MODEL = document(
    input_data("n", "number"),
    decision("double", literal("n * 2"), requirements(inputs=["n"])),
    decision("null", literal("null")),
    decision("fails", literal('"a" + 1')),
    decision("list", literal('[1, "a", null]')),
    decision("context", literal("{a: 1, b c: date(2024, 2, 29)}")),
)


def judge(*bodies: str, **files: bytes) -> dict[str, CaseResult]:
    content = {"m.dmn": MODEL, "m-test-01.xml": cases(*bodies)} | {
        name.replace("_", "."): f for name, f in files.items()
    }
    return {result.case_id: result for result in judge_folder("m", content, NOW).cases}


@pytest.mark.parametrize(
    ("body", "passes"),
    [
        (case("double", NUMBER.format("4"), f'<inputNode name="n">{NUMBER.format("2")}</inputNode>'), True),
        (case("double", NUMBER.format("4.000"), f'<inputNode name="n">{NUMBER.format("2")}</inputNode>'), True),
        (case("double", NUMBER.format("5"), f'<inputNode name="n">{NUMBER.format("2")}</inputNode>'), False),
        (case("double", TEXT.format("4"), f'<inputNode name="n">{NUMBER.format("2")}</inputNode>'), False),
        (case("double", NIL), True),
        (case("double", NIL, error=True), True),
        (case("null", NIL), True),
        (case("null", NIL, error=True), False),
        (case("fails", NIL), True),
        (case("fails", NIL, error=True), True),
        (case("nobody", NIL, error=True), False),
        (
            case(
                "list",
                f"<list><item>{NUMBER.format('1')}</item><item>{TEXT.format('a')}</item><item>{NIL}</item></list>",
            ),
            True,
        ),
        (case("list", f"<list><item>{NUMBER.format('1')}</item></list>"), False),
        (
            case(
                "context",
                f'<component name="b c"><value xsi:type="xsd:date">2024-02-29</value></component>'
                f'<component name="a">{NUMBER.format("1")}</component>',
            ),
            True,
        ),
        (case("context", f'<component name="a">{NUMBER.format("1")}</component>'), False),
    ],
)
def test_verdicts(body: str, passes: bool) -> None:
    (result,) = judge(body).values()
    assert result.passed is passes
    if not passes:
        assert result.nodes[0].expected or result.nodes[0].reason


def test_what_cannot_run_has_failed() -> None:
    body = case("double", NIL)
    missing = judge_folder("m", {"t.xml": cases(body)}, NOW).cases
    assert [result.passed for result in missing] == [False]
    assert "m.dmn" in missing[0].nodes[0].reason
    broken = judge_folder("m", {"t.xml": cases(body), "m.dmn": b"<x"}, NOW).cases
    assert [result.passed for result in broken] == [False]
    unreadable = judge_folder("m", {"t.xml": b"<testCases"}, NOW).cases
    assert [result.passed for result in unreadable] == [False]
    assert not judge_folder("m", {"other.xml": b"<a/>"}, NOW).cases


@pytest.mark.parametrize(
    ("expected", "actual", "same"),
    [
        (D("0.33333333"), D("0.3333333333333333333333333333333333"), True),
        (D("0.3333"), D("0.3333333333333333333333333333333333"), False),
        (D("1e-20"), D(0), False),
        (D("1e-20"), D("2e-20"), False),
        (D(1), "1", False),
        (None, None, True),
        (None, False, False),
        ([D(1)], D(1), False),
        ({"a": D(1)}, {"a": D(1), "b": None}, False),
    ],
)
def test_values_match(expected: Any, actual: Any, same: bool) -> None:
    assert values_match(expected, actual) is same


def test_reports() -> None:
    folder = judge_folder(
        "level/0001-some-area", {"m.dmn": MODEL, "t.xml": cases(case("null", NIL), case("list", NIL))}, NOW
    )
    rows = list(csv.DictReader(io.StringIO(to_csv([folder], {}))))
    assert [(row["area"], row["case"], row["result"]) for row in rows] == [
        ("some-area", "null", "passed"),
        ("some-area", "list", "failed"),
    ]
    assert rows[1]["actual"] == '[1, "a", null]'
    page = to_html([folder], {"0001-some-area": "the <area>"})
    assert "1 passed, 1 failed" in page
    assert "the &lt;area&gt;" in page


def suite_at(root: Path) -> Path:
    folder = root / "compliance-level-2" / "0001-first"
    folder.mkdir(parents=True)
    (folder / "m.dmn").write_bytes(MODEL)
    (folder / "m-test-01.xml").write_bytes(cases(case("null", NIL), case("list", NIL)))
    disputed = root / "non-compliant" / "0002-disputed"
    disputed.mkdir(parents=True)
    (disputed / "m.dmn").write_bytes(MODEL)
    (disputed / "m-test-01.xml").write_bytes(cases(case("list", NIL)))
    (root / "directories.tsv").write_text("level\tdirectory\tarea\n2\t0001-first\tbasics\n", encoding="utf-8")
    return folder


def test_folders_and_areas(tmp_path: Path) -> None:
    folder = suite_at(tmp_path)
    assert [name for name, _ in tck_folders(tmp_path)] == ["compliance-level-2/0001-first"]
    assert [name for name, _ in tck_folders(folder)] == ["0001-first"]
    assert [name for name, _ in tck_folders(tmp_path / "non-compliant")] == ["0002-disputed"]
    assert tck_areas(folder) == tck_areas(tmp_path) == {"0001-first": "basics"}


def test_command(tmp_path: Path) -> None:
    suite_at(tmp_path)
    out = tmp_path / "out"
    arguments = ["conformance", "dmn-tck", str(tmp_path), "--report", str(out)]
    done = CliRunner().invoke(build(arguments), arguments)
    assert done.exit_code == 1
    assert done.output.splitlines()[-1] == "1 passed, 1 failed"
    assert "FAILED compliance-level-2/0001-first/m-test-01.xml#list" in done.output
    assert 'actual:   [1, "a", null]' in done.output
    assert {path.name for path in out.iterdir()} == {"dmn-tck.csv", "dmn-tck.html"}
