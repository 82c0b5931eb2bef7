"""What comes of a DMN decision: Camunda's and Zeebe's ways to bring a decision's result into variables.

A decision job's result is ``{"value": the decision's value, "rows": [{output: value}, ...], "trace": {...}}``; `rows`
are the matched rules of a decision table (absent: they are worked out from the value), `trace` feeds the history. Any
other result is a value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from interpreter import events as ev
from interpreter import expressions, variables
from interpreter.definition import FlowNode
from interpreter.failures import Failure
from interpreter.machine import Machine
from interpreter.state import Element

if TYPE_CHECKING:
    from interpreter.jobs import Work


def decide_now(m: Machine, element: Element, node: FlowNode, work: Work) -> bool:
    """Ask the machine's `decide` port; False when it wants a job instead (it returned None)."""
    assert m.decide is not None
    decision = expressions.required_text(m, work.type, element.key, f"the decision of {node.id!r}")
    version = expressions.text(m, work.version, element.key, f"the decision version of {node.id!r}")
    result = m.decide(decision, work.binding, version, variables.visible(m.state, element.key), m.now)
    if result is None:
        return False
    accept(m, element, node, work, result)
    return True


def accept(m: Machine, element: Element, node: FlowNode, work: Work, result: Any) -> None:
    """Map the result and record that the decision was taken."""
    if isinstance(result, dict) and "value" in result:
        answer = cast("dict[str, Any]", result)
        value, rows, trace = answer["value"], answer.get("rows"), answer.get("trace")
    else:
        value, rows, trace = cast(Any, result), None, None
    mapped = value if work.map == "zeebe" else _mapped(node, work.map, _rows(value) if rows is None else rows)
    if trace is not None:
        m.emit(ev.DecisionEvaluated(element.key, node.id, str(trace.get("decision", work.type.text)), trace))
    if work.map != "zeebe":
        variables.set_local(m, element.key, "decisionResult", _rows(value) if rows is None else rows)
    if work.result_variable:
        variables.set_all(m, element.key, {work.result_variable: mapped}, local=node.local_results)


def _rows(value: Any) -> list[dict[str, Any]]:
    if value is None:
        return []
    if isinstance(value, list):
        return [_row(item) for item in cast("list[Any]", value)]
    return [_row(value)]


def _row(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {"result": value}


def _mapped(node: FlowNode, how: str, rows: list[dict[str, Any]]) -> Any:
    if how == "singleEntry":
        if len(rows) > 1 or (rows and len(rows[0]) > 1):
            raise Failure(
                f"Expected a single entry from the decision of {node.id!r} but it was {len(rows)} rows "
                f"with outputs {sorted(rows[0])}.",
                "decision",
            )
        return next(iter(rows[0].values()), None) if rows else None
    if how == "singleResult":
        if len(rows) > 1:
            raise Failure(
                f"Expected a single result from the decision of {node.id!r} but it was {len(rows)} rows.", "decision"
            )
        return rows[0] if rows else None
    if how == "collectEntries":
        outputs = {name for row in rows for name in row}
        if len(outputs) > 1:
            raise Failure(
                f"Expected one output from the decision of {node.id!r} but it was {sorted(outputs)}.", "decision"
            )
        return [next(iter(row.values()), None) for row in rows]
    return rows
