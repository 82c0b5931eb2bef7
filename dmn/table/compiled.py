"""A decision table as a function of a scope: inputs, matching rules (by index where possible), hit policy, trace.

`CompiledTable.outcome` is the whole answer (value, matching rules, inputs); calling the table gives its value only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from dmn.boxed.environment import Environment
from dmn.feel import RUN
from dmn.model import DecisionTable, LiteralExpression, Rule
from dmn.session import SESSION, Node, Scope, Session
from dmn.shapes import is_list
from dmn.table.analysis import RuleAnalysis
from dmn.table.columns import INVALID, InputColumn, OutputColumn, output_cell
from dmn.table.index import MAX_INTERVAL_BITS
from dmn.table.policies import Outputs, PolicyError, aggregate, rank, same_outputs
from dmn.trace import InputTrace, OutputTrace, RuleTrace, TableTrace
from dmn.types import class_of

MAX_FINDINGS = 20
"""Overlaps, and rules that never match, that are told for one table."""

MINIMUM_INDEXED_RULES = 4
"""Below this many rules, trying them all is as fast as looking them up."""


@dataclass(frozen=True, slots=True)
class Match:
    """A rule that matched: its position from 0, and one value per output column."""

    rule: int
    outputs: Outputs


@dataclass(frozen=True, slots=True)
class TableOutcome:
    """`matches` are those that the hit policy let through, in result order; `aggregated` is set with an aggregation."""

    value: Any
    matches: tuple[Match, ...]
    inputs: tuple[Any, ...]
    aggregated: Any = None
    used_default: bool = False


class CompiledTable:
    """See the module's first lines. Immutable after construction, so one table serves any number of threads."""

    __slots__ = (
        "_all_rules",
        "_annotations",
        "_cells",
        "_constants",
        "_cost",
        "_is_refused",
        "_lists_hits",
        "_omits_empty",
        "_outputs",
        "_owner",
        "_rule_ids",
        "aggregation",
        "hit_policy",
        "id",
        "inputs",
    )

    def __init__(self, table: DecisionTable, env: Environment) -> None:
        self.id = table.id
        self._owner = table.id or env.owner
        self.hit_policy = table.hit_policy
        self.aggregation = table.aggregation
        self._omits_empty = env.profile.omits_empty_outputs
        self._is_refused = table.hit_policy in {"PRIORITY", "OUTPUT ORDER"} and not env.profile.has_ordered_policies
        if self._is_refused:
            env.log.error(
                "unsupported-hit-policy",
                f"Expected a hit policy of profile '{env.profile.name}' but it was {table.hit_policy}",
                self._owner,
                table.line,
            )
        rules = [
            rule
            for rule in table.rules
            if len(rule.inputs) == len(table.inputs) and len(rule.outputs) == len(table.outputs)
        ]
        self._all_rules = (1 << len(rules)) - 1
        self._cost = 1 + len(table.inputs) * (1 + len(rules) // 64)  # look-ups touch 64 rules at a time
        self._rule_ids = [rule.id for rule in rules]
        self._annotations = [rule.annotations for rule in rules]
        budget = MAX_INTERVAL_BITS if len(rules) >= MINIMUM_INDEXED_RULES else 0
        self.inputs: list[InputColumn] = []
        for position, clause in enumerate(table.inputs):
            column = InputColumn(clause, [rule.inputs[position] for rule in rules], env, budget)
            if budget:
                budget = max(budget - column.index_bits, 1)  # columns without intervals are indexed in any case
            self.inputs.append(column)
        single = len(table.outputs) == 1
        self._outputs: list[OutputColumn] = []
        for position, clause in enumerate(table.outputs):
            fallback = table.output_label if single else clause.label
            if clause.name is None and not single:
                env.log.warning(
                    "missing-output-name",
                    "Expected a name on each of several outputs but there was none",
                    clause.id or self._owner,
                    clause.line,
                )
            self._outputs.append(OutputColumn(clause, env, fallback or f"output {position + 1}"))
        if table.hit_policy in {"PRIORITY", "OUTPUT ORDER"}:
            for column in self._outputs:
                column.set_order(env, table.type_ref if single else None)
        self._cells: list[list[Node | None]] = [
            [output_cell(cell, column, env) for cell, column in zip(rule.outputs, self._outputs, strict=True)]
            for rule in rules
        ]
        self._constants: list[Outputs | None] = [
            _constant_outputs(rule.outputs, self._outputs, env) if env.profile.converts_types is False else None
            for rule in rules
        ]
        self._analyse(table, env, rules)
        # A policy that lists its hits lists none of them when there is none.
        self._lists_hits = table.hit_policy in {"COLLECT", "RULE ORDER", "OUTPUT ORDER"}

    def _analyse(self, table: DecisionTable, env: Environment, rules: Sequence[Rule]) -> None:
        """Findings about rules that contradict the hit policy, or can never match."""
        analysis = RuleAnalysis(
            [column.expression for column in self.inputs], [column.constants for column in self.inputs], len(rules)
        )
        for column in self.inputs:
            column.constants = []
        for rule in islice(analysis.never_matching(), MAX_FINDINGS):
            env.log.warning(
                "never-matches",
                f"Expected a value that satisfies rule {rule + 1} but there is none",
                rules[rule].id or self._owner,
                rules[rule].line,
            )
        if table.hit_policy not in {"UNIQUE", "ANY"}:
            return
        clashes = (
            pair
            for pair in analysis.overlapping()
            if table.hit_policy == "UNIQUE" or self._certainly_differ(pair[0], pair[1])
        )
        for first, second in islice(clashes, MAX_FINDINGS):
            env.log.warning(
                "overlapping-rules",
                f"Expected rules that fit hit policy {table.hit_policy} but {first + 1} and {second + 1} overlap",
                rules[second].id or self._owner,
                rules[second].line,
            )

    def _certainly_differ(self, first: int, second: int) -> bool:
        one, other = self._constants[first], self._constants[second]
        return one is not None and other is not None and not same_outputs(one, other)

    def __call__(self, scope: Scope) -> Any:
        return self.outcome(scope).value

    @property
    def output_names(self) -> list[str]:
        return [column.name for column in self._outputs]

    def outcome(self, scope: Scope) -> TableOutcome:
        session: Session = scope[SESSION]
        scope[RUN].charge(self._cost)
        inputs: list[Any] = []
        for column in self.inputs:
            value = column.value(scope)
            if value is INVALID:
                return TableOutcome(None, (), tuple(inputs))
            inputs.append(value)
        outcome = self._apply(session, scope, inputs, self._matching(scope, inputs))
        if session.evaluation.tables is not None:
            session.evaluation.tables.append(self._trace(outcome))
        return outcome

    # --- matching ----------------------------------------------------------------------------------------------

    def _matching(self, scope: Scope, inputs: Sequence[Any]) -> list[int]:
        """The positions of the rules that match, in rule order; at most one for FIRST."""
        candidates = self._all_rules
        pending: list[tuple[list[Node | None], InputColumn, Any]] = []
        for column, value in zip(self.inputs, inputs, strict=True):
            candidates, tests = column.narrow(value, candidates)
            if not candidates:
                return []
            if tests is not None:
                pending.append((tests, column, value))
        if pending:
            scope[RUN].charge(candidates.bit_count() * len(pending))
        only_first = self.hit_policy == "FIRST"
        found: list[int] = []
        trials = [(tests, column.cell_scope(scope, value)) for tests, column, value in pending]
        while candidates:
            lowest = candidates & -candidates
            candidates ^= lowest
            rule = lowest.bit_length() - 1
            for tests, inner in trials:
                test = tests[rule]
                if test is not None and test(inner) is not True:
                    break
            else:
                found.append(rule)
                if only_first:
                    break
        return found

    # --- hit policies ------------------------------------------------------------------------------------------

    def _apply(self, session: Session, scope: Scope, inputs: list[Any], rules: list[int]) -> TableOutcome:
        given = tuple(inputs)
        if self._is_refused:
            return self._violation(
                session,
                given,
                PolicyError("HIT_POLICY", f"Expected a supported hit policy but it is {self.hit_policy}"),
            )
        if not rules:
            return self._without_match(scope, given)
        if self.hit_policy == "UNIQUE" and len(rules) > 1:
            listed = ", ".join(str(rule + 1) for rule in rules[:10])
            return self._violation(
                session, given, PolicyError("HIT_POLICY", f"Expected at most one rule to match but rules {listed} did")
            )
        matches = [Match(rule, self._rule_outputs(scope, rule)) for rule in rules]
        match self.hit_policy:
            case "ANY":
                if any(not same_outputs(matches[0].outputs, other.outputs) for other in matches[1:]):
                    listed = ", ".join(str(rule + 1) for rule in rules[:10])
                    return self._violation(
                        session,
                        given,
                        PolicyError("HIT_POLICY", f"Expected the matching rules {listed} to have equal outputs"),
                    )
                return TableOutcome(self._shape(matches[0].outputs), (matches[0],), given)
            case "UNIQUE" | "FIRST":
                return TableOutcome(self._shape(matches[0].outputs), (matches[0],), given)
            case "PRIORITY":
                best = min(self._ranked(scope, matches), key=lambda ranked: ranked[0])[1]
                return TableOutcome(self._shape(best.outputs), (best,), given)
            case "OUTPUT ORDER":
                ordered = [match for _, match in sorted(self._ranked(scope, matches), key=lambda ranked: ranked[0])]
                return TableOutcome([self._shape(match.outputs) for match in ordered], tuple(ordered), given)
            case _ if self.aggregation is not None:
                return self._aggregated(session, given, matches)
            case _:
                return TableOutcome([self._shape(match.outputs) for match in matches], tuple(matches), given)

    def _ranked(self, scope: Scope, matches: list[Match]) -> list[tuple[tuple[int, ...], Match]]:
        orders: list[list[Any]] = []
        for column in self._outputs:
            order = None if column.order is None else column.order(scope)
            orders.append(order if is_list(order) else [])
        return [(rank(match.outputs, orders), match) for match in matches]

    def _aggregated(self, session: Session, inputs: tuple[Any, ...], matches: list[Match]) -> TableOutcome:
        aggregation = self.aggregation or ""
        if len(self._outputs) > 1 and aggregation != "COUNT":
            return self._violation(
                session,
                inputs,
                PolicyError("AGGREGATION", f"Expected one output to aggregate but there are {len(self._outputs)}"),
            )
        value = aggregate(aggregation, [match.outputs[0] for match in matches if not self._is_omitted(match, 0)])
        if isinstance(value, PolicyError):
            return self._violation(session, inputs, value)
        return TableOutcome(value, tuple(matches), inputs, aggregated=value)

    def _violation(self, session: Session, inputs: tuple[Any, ...], error: PolicyError) -> TableOutcome:
        session.evaluation.error(error.code, error.message, self._owner)
        return TableOutcome(None, (), inputs)

    def _without_match(self, scope: Scope, inputs: tuple[Any, ...]) -> TableOutcome:
        if any(column.default is not None for column in self._outputs):
            given = tuple(None if column.default is None else column.default(scope) for column in self._outputs)
            defaults = self._conform(scope, given)
            return TableOutcome(self._shape(defaults), (Match(-1, defaults),), inputs, used_default=True)
        if self.aggregation is not None:
            value = aggregate(self.aggregation, [])
            return TableOutcome(value, (), inputs, aggregated=value)
        return TableOutcome([] if self._lists_hits else None, (), inputs)

    # --- outputs -----------------------------------------------------------------------------------------------

    def _rule_outputs(self, scope: Scope, rule: int) -> Outputs:
        constant = self._constants[rule]
        if constant is not None:
            return constant
        return self._conform(scope, tuple(None if cell is None else cell(scope) for cell in self._cells[rule]))

    def _conform(self, scope: Scope, outputs: Outputs) -> Outputs:
        if all(column.type is None for column in self._outputs):
            return outputs
        session: Session = scope[SESSION]
        return tuple(
            value
            if column.type is None or value is None
            else session.conform(value, column.type, f"output '{column.name}'", column.clause.id or self._owner)
            for value, column in zip(outputs, self._outputs, strict=True)
        )

    def _shape(self, outputs: Outputs) -> Any:
        """One output is the value itself, several are a context."""
        if len(self._outputs) == 1:
            return outputs[0]
        return {column.name: value for column, value in zip(self._outputs, outputs, strict=True)}

    def rule_results(self, outcome: TableOutcome) -> list[dict[str, Any]]:
        """The outcome as Camunda shapes it: one map of output names to values per rule result."""
        if self.aggregation is not None and not outcome.used_default:
            return [] if outcome.aggregated is None else [{self._outputs[0].name: outcome.aggregated}]
        return [
            {
                column.name: value
                for position, (column, value) in enumerate(zip(self._outputs, match.outputs, strict=True))
                if not self._is_omitted(match, position)
            }
            for match in outcome.matches
        ]

    def _is_omitted(self, match: Match, position: int) -> bool:
        return self._omits_empty and match.rule >= 0 and self._cells[match.rule][position] is None

    def _trace(self, outcome: TableOutcome) -> TableTrace:
        rules = tuple(
            RuleTrace(
                self._rule_ids[match.rule] if match.rule >= 0 else None,
                match.rule + 1,
                tuple(
                    OutputTrace(column.clause.id, column.name, column.label, value)
                    for position, (column, value) in enumerate(zip(self._outputs, match.outputs, strict=True))
                    if not self._is_omitted(match, position)
                ),
                self._annotations[match.rule] if match.rule >= 0 else (),
            )
            for match in outcome.matches
        )
        return TableTrace(
            self.id,
            self.hit_policy,
            self.aggregation,
            tuple(
                InputTrace(column.clause_id, column.name, value)
                for column, value in zip(self.inputs, outcome.inputs, strict=False)
            ),
            rules,
            outcome.aggregated,
            outcome.used_default,
        )


def _constant_outputs(
    cells: Sequence[LiteralExpression], columns: Sequence[OutputColumn], env: Environment
) -> Outputs | None:
    """The outputs of a rule whose cells are all literals that certainly conform to their columns' types."""
    outputs: list[Any] = []
    for cell, column in zip(cells, columns, strict=True):
        found = (None,) if not cell.text.strip() else env.constant(cell.text, cell.language)
        if found is None or cell.type_ref is not None:
            return None
        value = found[0]
        if column.type is not None and value is not None and value.__class__ is not class_of(column.type):
            return None
        outputs.append(value)
    return tuple(outputs)


def compile_table(table: DecisionTable, env: Environment) -> CompiledTable:
    return CompiledTable(table, env)
