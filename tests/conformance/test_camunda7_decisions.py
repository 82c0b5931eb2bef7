"""Camunda 7's own decision models, with the results that Camunda documents for them."""

from __future__ import annotations

from typing import Any

import pytest

from dmn import DecisionModel, compile_dmn, map_result, parse_dmn, to_json
from interpreter.juel.decisions import compile_decision_text
from tests.suites import suite

FOLDER = "camunda7-models/engine-dmn/engine/src/test/resources/org/camunda/bpm/dmn/engine"


def load(name: str) -> DecisionModel:
    source = (suite(FOLDER) / name).read_bytes()
    return compile_dmn(parse_dmn(source), profile="camunda7", languages={"juel": compile_decision_text})


@pytest.mark.parametrize(
    ("temperature", "day", "dish"),
    [(20, "Weekend", "Steak"), (5, "Holiday", "Pasta"), (5, "WeekDay", "Spareribs"), (35, "Weekend", "Light salad")],
)
def test_dish(temperature: int, day: str, dish: str) -> None:
    result = load("api/DrdDishDecisionExample.dmn").evaluate(
        "Dish", {"temperature": temperature, "dayType": day}, trace=True
    )
    assert map_result("singleEntry", result.rule_results) == dish
    assert [record.decision_id for record in result.trace][-1] == "Dish"
    assert not result.errors


YES, NO = True, False


@pytest.mark.parametrize(
    ("policy", "rules", "results", "fails"),
    [
        ("unique", (YES, NO, NO), [1], False),
        ("unique", (YES, YES, NO), [], True),
        ("unique", (NO, NO, NO), [], False),
        ("default", (YES, YES, NO), [], True),
        ("first", (NO, YES, YES), [2], False),
        ("any", (YES, NO, NO), [1], False),
        ("any", (YES, YES, NO), [], True),
        ("ruleOrder", (YES, NO, YES), [1, 3], False),
        ("collect", (YES, YES, YES), [1, 2, 3], False),
        ("collect.sum", (YES, YES, YES), [6], False),
        ("collect.min", (YES, YES, YES), [1], False),
        ("collect.max", (YES, YES, YES), [3], False),
        ("collect.count", (YES, NO, YES), [2], False),
        ("collect.count", (NO, NO, NO), [0], False),
        ("collect.sum", (NO, NO, NO), [], False),
        ("priority", (YES, NO, NO), [], True),
    ],
)
def test_hit_policies(policy: str, rules: tuple[bool, ...], results: list[int], fails: bool) -> None:
    context: dict[str, Any] = {f"input{number}": value for number, value in enumerate(rules, 1)}
    context |= {f"output{number}": number for number in (1, 2, 3)}
    result = load(f"hitpolicy/HitPolicyTest.{policy}.single.dmn").evaluate("decision", context)
    assert [value for one in result.rule_results for value in to_json(one).values()] == results
    assert bool(result.errors) is fails
