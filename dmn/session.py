"""One evaluation of a model: inputs, memoised results, the trace, the messages.

Scopes are plain dictionaries of FEEL names to values. Two keys are no strings, so that no name can clash: `RUN` (FEEL's
clock, budget and warnings) and `SESSION`. Every compiled node is a function of one scope.

An imported model is evaluated in a child session of its own, one per import name, because the same model imported
twice has two sets of inputs: `{"Model B": {"modelA": {"Person name": ...}}}`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from dmn.diagnostics import EvaluationMessage, Severity
from dmn.feel import RUN, FeelFunction, FeelType, Run, feel_string, type_of
from dmn.shapes import is_context
from dmn.trace import DecisionTrace, TableTrace

if TYPE_CHECKING:
    from dmn.decisions import CompiledDecision, CompiledInput, CompiledKnowledge, CompiledService
    from dmn.table.compiled import TableOutcome
    from dmn.types import ModelTypes

Scope = dict[Any, Any]
Node = Callable[[Scope], Any]

SESSION = 1
"""The scope's key of the `Session`."""

BUSY = object()
"""Stands for the value of a decision that is being evaluated."""

MAX_MESSAGES = 200


class Evaluation:
    """What all sessions of one evaluation share: the run, the messages, and the trace if one was asked for."""

    __slots__ = ("messages", "run", "tables", "trace")

    def __init__(self, run: Run, trace: bool) -> None:
        self.run = run
        self.messages: list[EvaluationMessage] = []
        self.trace: list[DecisionTrace] | None = [] if trace else None
        self.tables: list[TableTrace] | None = None

    def collect(self, element_id: str | None) -> None:
        """Turn the run's new warnings into messages of this element."""
        if not self.run.warnings:
            return
        for warning in self.run.take_warnings():
            if len(self.messages) < MAX_MESSAGES:
                self.messages.append(
                    EvaluationMessage(
                        Severity.WARNING, warning.code, warning.message, element_id, warning.line, warning.column
                    )
                )

    def warning(self, code: str, message: str, element_id: str | None) -> None:
        if len(self.messages) < MAX_MESSAGES:
            self.messages.append(EvaluationMessage(Severity.WARNING, code, message, element_id))

    def error(self, code: str, message: str, element_id: str | None) -> None:
        if len(self.messages) < MAX_MESSAGES:
            self.messages.append(EvaluationMessage(Severity.ERROR, code, message, element_id))


class Session:
    """One model within one evaluation. `overrides` are the input decisions of a decision service."""

    __slots__ = (
        "_children",
        "_functions",
        "_inputs",
        "_overrides",
        "_values",
        "evaluation",
        "inputs",
        "outcomes",
        "types",
    )

    def __init__(
        self,
        evaluation: Evaluation,
        inputs: Mapping[str, Any],
        types: ModelTypes,
        overrides: Mapping[str, Any] | None = None,
    ) -> None:
        self.evaluation = evaluation
        self.inputs = inputs
        self.types = types
        self.outcomes: dict[str, TableOutcome] = {}
        self._overrides = overrides
        self._values: dict[str, Any] = dict(overrides) if overrides else {}
        self._inputs: dict[str, Any] = {}
        self._functions: dict[str, FeelFunction] = {}
        self._children: dict[str, Session] = {}

    def scope(self) -> Scope:
        return {RUN: self.evaluation.run, SESSION: self}

    def child(self, alias: str, types: ModelTypes) -> Session:
        found = self._children.get(alias)
        if found is None:
            inner = self.inputs.get(alias)
            # Inputs of an imported model come under its import name; a flat context of inputs is accepted too.
            inputs: Mapping[str, Any] = inner if is_context(inner) else self.inputs
            found = self._children[alias] = Session(self.evaluation, inputs, types, self._overrides)
        return found

    def input(self, data: CompiledInput) -> Any:
        if data.id in self._inputs:
            return self._inputs[data.id]
        value = self.inputs.get(data.name)
        if value is None and data.name not in self.inputs:
            value = self.inputs.get(data.element_name)
            if value is None and data.element_name not in self.inputs:
                message = f"Expected a value for input '{data.name}' but there is none"
                self.evaluation.warning("MISSING_INPUT", message, data.id)
        if data.type is not None and value is not None and value.__class__ is not data.exact:
            value = self.conform(value, data.type, f"input '{data.name}'", data.id)
        self._inputs[data.id] = value
        return value

    def decision(self, decision: CompiledDecision) -> Any:
        """The decision's value, evaluated at most once in this session."""
        values = self._values
        if decision.id in values:
            value = values[decision.id]
            if value is not BUSY:
                return value
            self.evaluation.error(
                "CYCLE", f"Expected no cycle of requirements but decision '{decision.name}' needs itself", decision.id
            )
            return None
        values[decision.id] = BUSY
        value = values[decision.id] = decision.evaluate(self)
        return value

    def knowledge(self, model: CompiledKnowledge) -> FeelFunction | None:
        """The knowledge model's function value; None if it is external and refused.

        Knowledge models may need themselves or each other, so the function is known before its scope is complete.
        """
        found = self._functions.get(model.id)
        if found is not None:
            return found
        if model.builder is None:
            return None
        scope = self.scope()
        function = model.builder(scope, model.name)
        if function is not None:
            scope[model.variable] = self._functions[model.id] = function
            for name, load in model.requirements.items():
                scope[name] = load(self)
        return function

    def service(self, service: CompiledService) -> FeelFunction:
        found = self._functions.get(service.id)
        if found is None:
            found = self._functions[service.id] = service.function(self)
        return found

    def conform(self, value: Any, kind: FeelType, what: str, element_id: str | None) -> Any:
        """The value as the type, or null with an error (DMN 1.5, 10.3.2.9.4)."""
        converted, fits = self.types.coerce(value, kind)
        if fits:
            return converted
        self.evaluation.error("TYPE_MISMATCH", f"Expected {self.mismatch(value, kind)}, in {what}", element_id)
        return None

    def mismatch(self, value: Any, kind: FeelType) -> str:
        """What was expected and what was found, for a message."""
        found = brief(value)
        where = self.types.misfit(value, kind)
        if where is None or found.startswith(f"{where} "):
            return f"{shown(kind)} but it was {found}"
        return f"{shown(kind)} but it has {where}: {found}"


def shown(kind: FeelType) -> str:
    """A type's name without the namespace that the engine adds inside."""
    text = str(kind)
    while "{" in text and "}" in text:
        text = text[: text.index("{")] + text[text.index("}") + 1 :]
    return text


def brief(value: Any) -> str:
    """A value, shortened for a message."""
    text = feel_string(value)
    if text is None:
        return "null"
    return f"{type_of(value)} {text if len(text) <= 60 else text[:57] + '...'}"
