"""Decisions that were taken: from the kept trace to Camunda's historic decision instance with inputs and outputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from api.dates import format_date
from api.dto.history import HistoricDecisionInstanceDto
from api.shapes import Shape
from api.variables import variable_dto

_shape = Shape(HistoricDecisionInstanceDto, inputs=None, outputs=None)


def decision_dto(row: Any, *, inputs: bool, outputs: bool) -> dict[str, Any]:
    """The answer for one row; `inputs` and `outputs` only if asked for, as in Camunda."""
    answer = _shape(row)
    record = _own_record(row)
    tables = record.get("tables") or []
    if tables and tables[-1].get("collectValue") is not None:
        answer["collectResultValue"] = tables[-1]["collectValue"]
    if inputs:
        answer["inputs"] = [_entry(row, "in", index, item) for index, item in enumerate(_inputs(record))]
    if outputs:
        answer["outputs"] = [
            {
                **_entry(row, "out", index, item),
                "ruleId": rule.get("ruleId"),
                "ruleOrder": rule.get("ruleIndex"),
                "variableName": item.get("variableName"),
            }
            for index, (rule, item) in enumerate(_outputs(record))
        ]
    return answer


def _own_record(row: Any) -> Mapping[str, Any]:
    """What was evaluated last is the decision itself; before it come the decisions that it requires."""
    evaluated = (row.trace or {}).get("evaluated") or []
    return evaluated[-1] if evaluated else {}


def _inputs(record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    tables = record.get("tables") or []
    return list(tables[-1].get("inputs") or ()) if tables else list(record.get("requirements") or ())


def _outputs(record: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    tables = record.get("tables") or []
    if not tables:
        if record:
            yield {}, {"clauseName": record.get("decisionName"), "variableName": None, "value": record.get("value")}
        return
    for rule in tables[-1].get("rules") or ():
        for output in rule.get("outputs") or ():
            yield rule, output


def _entry(row: Any, kind: str, index: int, item: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": f"{row.id}:{kind}{index}",
        "decisionInstanceId": row.id,
        "clauseId": item.get("clauseId"),
        "clauseName": item.get("clauseName"),
        "errorMessage": None,
        "createTime": format_date(row.evaluation_time),
        "removalTime": None if row.removal_time is None else format_date(row.removal_time),
        "rootProcessInstanceId": row.root_process_instance_id,
        **variable_dto(item.get("value")),
    }
