"""Compiled elements of the requirements graph: what a decision needs, and how its value comes about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from dmn.boxed.functions import FunctionBuilder, checked_function
from dmn.feel import FeelFunction, FeelType, Run
from dmn.session import Node, Session
from dmn.shapes import is_context
from dmn.table.compiled import CompiledTable
from dmn.trace import DecisionTrace, InputTrace

Loader = Callable[[Session], Any]
"""Gives the value of one requirement in a session."""


@dataclass(slots=True)
class CompiledInput:
    """`name` is that of its variable, by which expressions know it; `element_name` is accepted in a context too.
    `exact` is the Python class whose instances certainly conform to `type`."""

    id: str
    name: str
    element_name: str
    type: FeelType | None
    exact: type | None = None


@dataclass(slots=True)
class CompiledDecision:
    """`requirements` maps names in scope to their loaders; `plan` lists required decisions, dependencies first."""

    id: str
    name: str
    variable: str
    kind: str
    type: FeelType | None
    node: Node
    table: CompiledTable | None
    required_result: str
    whole_context: bool
    requirements: dict[str, Loader] = field(default_factory=dict[str, Loader])
    required: list[CompiledDecision] = field(default_factory=list["CompiledDecision"])

    def evaluate(self, session: Session) -> Any:
        """Evaluate in a session (which memoises); required decisions are evaluated on the way."""
        evaluation = session.evaluation
        scope = session.scope()
        if self.whole_context:
            scope.update(session.inputs)
        for name, load in self.requirements.items():
            scope[name] = load(session)
        if self.whole_context:
            for decision in self.required:
                scope.update(decision.visible_results(session))
        run = evaluation.run
        evaluation.collect(self.id)
        outer_types, outer_tables = run.types, evaluation.tables
        run.types = session.types.structural
        if evaluation.trace is not None:
            evaluation.tables = []
        try:
            if self.table is not None:
                outcome = self.table.outcome(scope)
                value = outcome.value
                session.outcomes[self.id] = outcome
            else:
                value = self.node(scope)
            if self.type is not None and value is not None:
                value = session.conform(value, self.type, f"decision '{self.name}'", self.id)
            evaluation.collect(self.id)
            if evaluation.trace is not None:
                evaluation.trace.append(
                    DecisionTrace(
                        self.id,
                        self.name,
                        self.kind,
                        tuple(
                            InputTrace(None, name, scope[name])
                            for name in self.requirements
                            if not _is_knowledge(scope[name])
                        ),
                        evaluation.tables or [],
                        value,
                    )
                )
        finally:
            run.types = outer_types
            evaluation.tables = outer_tables
        return value

    def rule_results(self, session: Session) -> list[dict[str, Any]]:
        """The evaluated decision's result as a list of maps (Camunda's shape)."""
        outcome = session.outcomes.get(self.id)
        if self.table is not None and outcome is not None:
            return self.table.rule_results(outcome)
        return [{self.variable: session.decision(self)}]

    def visible_results(self, session: Session) -> dict[str, Any]:
        """What decisions that require this one see of it, by the profile's habit."""
        value = session.decision(self)
        match self.required_result:
            case "outputs":
                return self._output_variables(session)
            case "id-and-name":
                return {self.id: value, self.name: value, self.variable: value}
            case _:
                return {self.variable: value}

    def _output_variables(self, session: Session) -> dict[str, Any]:
        """Camunda 7: one result makes each of its outputs a variable; several make each output a list."""
        results = self.rule_results(session)
        if not results:
            return {}
        gathers = self.table is not None and (
            self.table.hit_policy == "RULE ORDER"
            or (self.table.hit_policy == "COLLECT" and self.table.aggregation is None)
        )
        if len(results) == 1 and not gathers:
            return dict(results[0])
        names: dict[str, None] = {}
        for result in results:
            names.update(dict.fromkeys(result))
        return {name: [result[name] for result in results if name in result] for name in names}


def _is_knowledge(value: Any) -> bool:
    """Functions, and imports of nothing but functions, are not data that a trace has to show."""
    return isinstance(value, FeelFunction) or (
        is_context(value) and bool(value) and all(isinstance(item, FeelFunction) for item in value.values())
    )


@dataclass(slots=True)
class CompiledKnowledge:
    """A business knowledge model. `builder` makes its function value; `Session.knowledge` gives it what it requires."""

    id: str
    name: str
    variable: str
    builder: FunctionBuilder | None = None
    requirements: dict[str, Loader] = field(default_factory=dict[str, Loader])


@dataclass(slots=True)
class CompiledService:
    """A decision service: parameters are its input data, then its input decisions (DMN 1.5, 10.4)."""

    id: str
    name: str
    variable: str
    inputs: list[CompiledInput]
    input_decisions: list[CompiledDecision]
    outputs: list[tuple[str, Loader]]
    result_type: FeelType | None

    def parameters(self) -> list[tuple[str, FeelType | None]]:
        return [(data.name, data.type) for data in self.inputs] + [
            (decision.variable, decision.type) for decision in self.input_decisions
        ]

    def function(self, session: Session) -> FeelFunction:
        def body(run: Run, values: list[Any]) -> Any:
            return self.evaluate(session, values)[1]

        return checked_function(self.name, self.parameters(), session, body, self.result_type, self.id)

    def evaluate(self, session: Session, values: Sequence[Any]) -> tuple[Session, Any]:
        """Evaluate the output decisions in a session of their own; one gives its value, several a context by name."""
        split = len(self.inputs)
        given = {data.name: value for data, value in zip(self.inputs, values[:split], strict=True)}
        overrides = {decision.id: value for decision, value in zip(self.input_decisions, values[split:], strict=True)}
        inner = Session(session.evaluation, given, session.types, overrides)
        results = {name: load(inner) for name, load in self.outputs}
        if len(results) > 1:
            return inner, results
        return inner, next(iter(results.values()), None)
