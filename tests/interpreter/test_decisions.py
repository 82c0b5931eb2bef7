"""Business rule tasks: decisions as jobs or by the port, and the ways their results become variables."""

from __future__ import annotations

from typing import Any

import pytest

from interpreter import commands as c
from interpreter import events as ev
from interpreter.bpmn.builder import bpmn
from interpreter.step import Step, new_state, step
from interpreter.waits import JobWait
from ostinato.testing.world import Run, definitions_of, run

ROWS = [{"a": 1, "b": 2}, {"a": 3, "b": 4}]


def decided(how: str | None, result: Any) -> Run:
    attributes = {"camunda:decisionRef": "d", "camunda:resultVariable": "r"}
    if how is not None:
        attributes["camunda:mapDecisionResult"] = how
    return run(bpmn("p").start().node("businessRuleTask", "t", attrs=attributes).end()).complete_with("t", result)


@pytest.mark.parametrize(
    ("how", "result", "value"),
    [
        (None, ROWS, ROWS),
        ("resultList", [], []),
        ("singleResult", ROWS[:1], ROWS[0]),
        ("singleResult", [], None),
        ("singleEntry", [{"a": 1}], 1),
        ("singleEntry", None, None),
        ("collectEntries", [{"a": 1}, {"a": 3}], [1, 3]),
        ("collectEntries", [], []),
        ("singleEntry", {"value": 5, "trace": {"decision": "d"}}, 5),
    ],
)
def test_results_are_mapped(how: str | None, result: Any, value: Any) -> None:
    r = decided(how, result)
    assert r.ended
    assert r.variables["r"] == value


@pytest.mark.parametrize(("how", "result"), [("singleEntry", ROWS), ("singleResult", ROWS), ("collectEntries", ROWS)])
def test_what_cannot_be_mapped_is_an_incident_on_the_job(how: str, result: Any) -> None:
    r = decided(how, result)
    assert not r.ended
    assert r.incidents[0].startswith("Expected")
    r.do(c.CompleteWait(0, r.wait("t").key, result=[]))
    assert r.ended


def test_a_decision_is_recorded() -> None:
    r = decided("singleEntry", {"value": 5, "trace": {"decision": "d", "rules": [1]}})
    assert [e.decision for e in r.events if isinstance(e, ev.DecisionEvaluated)] == ["d"]


def test_zeebe_decisions_yield_their_value() -> None:
    model = bpmn("p").start().business_rule_task("t", decision="d", result_variable="r").end()
    r = run(model)
    wait = r.wait("t", JobWait)
    assert isinstance(wait, JobWait)
    assert (wait.kind, wait.type) == ("decision", "d")
    assert r.complete_with("t", {"value": {"x": 1}}).ended


def test_the_port_decides_inside_the_step() -> None:
    asked: list[tuple[Any, ...]] = []

    def decide(*question: Any) -> Any:
        asked.append(question)
        return {"value": [{"a": 7}]}

    model = (
        bpmn("p")
        .start()
        .node(
            "businessRuleTask",
            "t",
            attrs={
                "camunda:decisionRef": "${which}",
                "camunda:resultVariable": "r",
                "camunda:mapDecisionResult": "singleEntry",
                "camunda:decisionRefBinding": "version",
                "camunda:decisionRefVersion": "3",
            },
        )
        .end()
    )
    definition = definitions_of(model)[0]
    state = new_state(definition)
    result = step(definition, state, c.StartInstance(9, "i", {"which": "d"}), decide=decide)
    assert isinstance(result, Step)
    assert state.ended
    assert asked == [("d", "version", "3", {"which": "d"}, 9)]
    values = {e.name: e.value for e in result.events if isinstance(e, ev.VariableSet) and e.scope == 1}
    assert values["r"] == 7
