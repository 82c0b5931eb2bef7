"""Why a decision gave its result: inputs, matching rules, outputs, in evaluation order (required decisions first).

The records carry what Camunda's history of decision instances stores (inputs and outputs with their clauses, the
collect value) and are plain data: `to_json()` gives JSON-able dictionaries.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from dmn.feel import to_json


@dataclass(frozen=True, slots=True)
class InputTrace:
    """The value of one input column, or of one requirement of a decision that is no table."""

    clause_id: str | None
    name: str
    value: Any

    def to_json(self) -> dict[str, Any]:
        return {"clauseId": self.clause_id, "clauseName": self.name, "value": to_json(self.value)}


@dataclass(frozen=True, slots=True)
class OutputTrace:
    """One output of one matching rule. `name` is the output's name (Camunda's variableName), `label` its title."""

    clause_id: str | None
    name: str
    label: str
    value: Any

    def to_json(self) -> dict[str, Any]:
        return {
            "clauseId": self.clause_id,
            "clauseName": self.label,
            "variableName": self.name,
            "value": to_json(self.value),
        }


@dataclass(frozen=True, slots=True)
class RuleTrace:
    """One matching rule. `index` counts from 1 in table order."""

    rule_id: str | None
    index: int
    outputs: tuple[OutputTrace, ...]
    annotations: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "ruleId": self.rule_id,
            "ruleIndex": self.index,
            "outputs": [output.to_json() for output in self.outputs],
            "annotations": list(self.annotations),
        }


@dataclass(slots=True)
class TableTrace:
    """One evaluation of a decision table. `collect_value` is the aggregated value, None without aggregation."""

    table_id: str | None
    hit_policy: str
    aggregation: str | None
    inputs: tuple[InputTrace, ...]
    rules: tuple[RuleTrace, ...]
    collect_value: Any = None
    used_default: bool = False

    def to_json(self) -> dict[str, Any]:
        return {
            "tableId": self.table_id,
            "hitPolicy": self.hit_policy,
            "aggregation": self.aggregation,
            "inputs": [entry.to_json() for entry in self.inputs],
            "rules": [rule.to_json() for rule in self.rules],
            "collectValue": to_json(self.collect_value),
            "usedDefault": self.used_default,
        }


@dataclass(slots=True)
class DecisionTrace:
    """One evaluated decision. `tables` has every table evaluated for it, in order; the decision's own is the last.

    `kind` is the expression's kind (decisionTable, literalExpression, ...).
    """

    decision_id: str
    name: str
    kind: str
    requirements: tuple[InputTrace, ...] = ()
    tables: list[TableTrace] = field(default_factory=list[TableTrace])
    value: Any = None

    def to_json(self) -> dict[str, Any]:
        return {
            "decisionId": self.decision_id,
            "decisionName": self.name,
            "kind": self.kind,
            "requirements": [entry.to_json() for entry in self.requirements],
            "tables": [table.to_json() for table in self.tables],
            "value": to_json(self.value),
        }
