"""How findings are told: text, JSON, SARIF, and the body of Camunda's answer."""

from __future__ import annotations

import json

from interpreter.bpmn.deployment import prepare
from interpreter.bpmn.lint.output import as_json, as_sarif, as_text
from interpreter.bpmn.problems import Problem
from interpreter.bpmn.refusal import refusal
from tests.interpreter.bpmn.models import around, check

FOUND = check(around('\n  <serviceTask id="t" name="t"/>', "t"))
ERROR = next(problem for problem in FOUND if problem.severity == "error")


def test_text_is_one_line_per_finding() -> None:
    lines = as_text("a.bpmn", FOUND).splitlines()
    assert len(lines) == len(FOUND)
    assert any(line.startswith("a.bpmn:2:3: error implementation-missing: Expected ") for line in lines)


def test_json_holds_everything() -> None:
    data = json.loads(as_json({"a.bpmn": FOUND}))
    problem = next(p for p in data["files"][0]["problems"] if p["severity"] == "error")
    assert (problem["rule"], problem["elementId"], problem["line"], problem["column"]) == (
        "implementation-missing",
        "t",
        2,
        3,
    )


def test_sarif_names_its_rules_and_places() -> None:
    run = json.loads(as_sarif({"a.bpmn": FOUND}))["runs"][0]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    result = next(result for result in run["results"] if result["level"] == "error")
    assert rules[result["ruleIndex"]] == result["ruleId"] == "implementation-missing"
    region = result["locations"][0]["physicalLocation"]
    assert region == {"artifactLocation": {"uri": "a.bpmn"}, "region": {"startLine": 2, "startColumn": 3}}


def test_sarif_takes_rules_of_other_files_too() -> None:
    run = json.loads(as_sarif({"a.dmn": [Problem("dmn-x", "warning", "Expected x but y.")]}))["runs"][0]
    assert run["tool"]["driver"]["rules"] == [{"id": "dmn-x"}]


def test_a_refusal_has_camundas_shape() -> None:
    warning = Problem("exec-delegate", "warning", "Expected x but y.", "w", 3, 4)
    body = refusal({"a.bpmn": [ERROR, warning], "fine.bpmn": [warning]})
    assert body is not None
    assert body["type"] == "ParseException"
    assert body["message"].startswith("ENGINE-09005 Could not parse BPMN process. Errors: \n* Expected ")
    assert body["message"].endswith(" | resource a.bpmn | line 2 | column 3")
    assert list(body["details"]) == ["a.bpmn"]
    (error,) = body["details"]["a.bpmn"]["errors"]
    assert set(error) == {"message", "line", "column", "mainElementId", "elementIds"}
    assert (error["mainElementId"], error["elementIds"], error["line"]) == ("t", ["t"], 2)
    assert len(body["details"]["a.bpmn"]["warnings"]) == 1


def test_without_errors_there_is_no_refusal() -> None:
    assert refusal({"a.bpmn": [p for p in FOUND if p.severity != "error"]}) is None


def test_what_cannot_be_read_is_told_in_the_same_shape() -> None:
    prepared = prepare(b"<a>", name="a.bpmn")
    body = refusal({"a.bpmn": prepared.problems})
    assert body is not None
    assert body["details"]["a.bpmn"]["errors"][0]["mainElementId"] is None
