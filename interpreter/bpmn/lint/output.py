"""Findings as text, JSON or SARIF 2.1.0 (which code hosts and editors show at the line)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from interpreter.bpmn.lint.rules import RULES
from interpreter.bpmn.problems import Problem

_LEVELS: Final = {"error": "error", "warning": "warning", "info": "note"}
_SARIF_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"


def as_dict(problem: Problem) -> dict[str, Any]:
    """One finding as JSON data."""
    return {
        "rule": problem.rule,
        "severity": problem.severity,
        "message": problem.message,
        "elementId": problem.element_id,
        "elementIds": list(problem.element_ids),
        "element": problem.tag or None,
        "line": problem.line,
        "column": problem.column,
        "hint": problem.hint or None,
    }


def as_text(name: str, problems: Sequence[Problem]) -> str:
    """One line per finding, ``file:line:column: severity rule: sentence (hint)``, as compilers write."""
    lines: list[str] = []
    for problem in problems:
        hint = f" ({problem.hint})" if problem.hint else ""
        lines.append(
            f"{name}:{problem.line}:{problem.column}: {problem.severity} {problem.rule}: {problem.message}{hint}"
        )
    return "\n".join(lines)


def as_json(found: Mapping[str, Sequence[Problem]]) -> str:
    """All files' findings: ``{"files": [{"file", "problems": [...]}]}``."""
    files = [{"file": name, "problems": [as_dict(problem) for problem in problems]} for name, problems in found.items()]
    return json.dumps({"files": files}, ensure_ascii=False, indent=2)


def as_sarif(found: Mapping[str, Sequence[Problem]], *, version: str = "") -> str:
    """All files' findings as a SARIF log with one run."""
    used = sorted({problem.rule for problems in found.values() for problem in problems})
    rules = [_rule(id) for id in used]
    results = [
        {
            "ruleId": problem.rule,
            "ruleIndex": used.index(problem.rule),
            "level": _LEVELS[problem.severity],
            "message": {"text": f"{problem.message} {problem.hint}".strip()},
            "locations": [_location(name, problem)],
        }
        for name, problems in found.items()
        for problem in problems
    ]
    driver: dict[str, Any] = {"name": "ostinato lint", "rules": rules}
    if version:
        driver["version"] = version
    log = {"$schema": _SARIF_SCHEMA, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}
    return json.dumps(log, ensure_ascii=False, indent=2)


def _rule(id: str) -> dict[str, Any]:
    rule = RULES.get(id)  # None for a rule of another kind of file, such as a decision's
    if rule is None:
        return {"id": id}
    return {
        "id": id,
        "shortDescription": {"text": rule.about},
        "properties": {"layer": rule.layer, "source": rule.source},
    }


def _location(name: str, problem: Problem) -> dict[str, Any]:
    location: dict[str, Any] = {
        "physicalLocation": {
            "artifactLocation": {"uri": name},
            "region": {"startLine": max(problem.line, 1), "startColumn": max(problem.column, 1)},
        }
    }
    if problem.element_id:
        location["logicalLocations"] = [{"name": problem.element_id, "kind": "element"}]
    return location
