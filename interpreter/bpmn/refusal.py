"""How a refused deployment is told to clients of Camunda's REST API: the sentence and the details.

Camunda answers 400 with ``{"type": "ParseException", "message": ..., "details": {<resource>: {"errors": [...],
"warnings": [...]}}}``; each problem is ``{message, line, column, mainElementId, elementIds}``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from interpreter.bpmn.problems import Problem, errors

CODE = "ENGINE-09005"


def refusal_message(problems: Mapping[str, Sequence[Problem]]) -> str:
    """The message of the exception for all resources of a deployment that have errors."""
    lines = [
        f"\n* {_sentence(problem)} | resource {resource} | line {problem.line} | column {problem.column}"
        for resource, found in problems.items()
        for problem in errors(found)
    ]
    return f"{CODE} Could not parse BPMN process. Errors: {''.join(lines)}"


def refusal_details(problems: Mapping[str, Sequence[Problem]]) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """The ``details`` member: per resource its errors and warnings; remarks (info) are left out."""
    return {
        resource: {
            "errors": [_problem(problem) for problem in found if problem.severity == "error"],
            "warnings": [_problem(problem) for problem in found if problem.severity == "warning"],
        }
        for resource, found in problems.items()
        if errors(found)
    }


def refusal(problems: Mapping[str, Sequence[Problem]]) -> dict[str, Any] | None:
    """The whole body of the answer, or None when no resource has an error.

    ``problems``: resource name to what :func:`interpreter.bpmn.validate.validate` found, or to the problems of a
    :class:`interpreter.bpmn.problems.BpmnParseError`.
    """
    if not any(errors(found) for found in problems.values()):
        return None
    return {
        "type": "ParseException",
        "message": refusal_message(problems),
        "code": 0,
        "details": refusal_details(problems),
    }


def _sentence(problem: Problem) -> str:
    return f"{problem.message} [{problem.rule}]"


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "message": _sentence(problem) + (f" {problem.hint}" if problem.hint else ""),
        "line": problem.line,
        "column": problem.column,
        "mainElementId": problem.element_id,
        "elementIds": list(problem.element_ids),
    }
