"""The executable model: evaluate a decision, a decision service or a knowledge model by id or name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from dmn.decisions import CompiledDecision, CompiledInput, CompiledKnowledge, CompiledService
from dmn.diagnostics import Diagnostic, EvaluationMessage, Severity, UnknownDecisionError
from dmn.external import Externals
from dmn.feel import DEFAULT_LIMITS, FeelFunction, FeelLimitError, Limits, Run, from_json, to_json
from dmn.model import Definitions
from dmn.profile import Profile
from dmn.session import Evaluation, Session
from dmn.shapes import is_context
from dmn.trace import DecisionTrace
from dmn.types import ModelTypes


class DecisionResult:
    """What one evaluation gave.

    * `value`: a FEEL value (`dmn.to_json` makes it JSON-able); null if there was an error.
    * `messages`: warnings (a part became null) and errors (the model's rules were broken), in order.
    * `rule_results`: the result as Camunda shapes it, for `dmn.results`; one map per rule result.
    * `trace`: what was evaluated and why, required decisions first; empty unless asked for.
    """

    __slots__ = ("_results", "messages", "trace", "value")

    def __init__(
        self,
        value: Any,
        messages: tuple[EvaluationMessage, ...] = (),
        results: Callable[[], Sequence[dict[str, Any]]] = list,
        trace: tuple[DecisionTrace, ...] = (),
    ) -> None:
        self.value = value
        self.messages = messages
        self.trace = trace
        self._results = results

    def __repr__(self) -> str:
        return f"DecisionResult(value={self.value!r}, messages={self.messages!r})"

    @property
    def rule_results(self) -> list[dict[str, Any]]:
        return list(self._results())

    @property
    def errors(self) -> tuple[EvaluationMessage, ...]:
        return tuple(message for message in self.messages if message.severity is Severity.ERROR)

    @property
    def warnings(self) -> tuple[EvaluationMessage, ...]:
        return tuple(message for message in self.messages if message.severity is Severity.WARNING)

    def to_json(self) -> dict[str, Any]:
        return {
            "value": to_json(self.value),
            "ruleResults": [to_json(result) for result in self.rule_results],
            "messages": [message.to_json() for message in self.messages],
            "trace": [record.to_json() for record in self.trace],
        }


@dataclass(slots=True)
class DecisionModel:
    """A compiled DMN document. Nothing in it changes when it is evaluated: share it between threads.

    `inputs`, `decisions`, `knowledge` and `services` are keyed by element id, `imports` by import name.
    """

    definitions: Definitions
    profile: Profile
    types: ModelTypes
    imports: dict[str, DecisionModel]
    externals: Externals
    diagnostics: tuple[Diagnostic, ...] = ()
    inputs: dict[str, CompiledInput] = field(default_factory=dict[str, CompiledInput])
    decisions: dict[str, CompiledDecision] = field(default_factory=dict[str, CompiledDecision])
    knowledge: dict[str, CompiledKnowledge] = field(default_factory=dict[str, CompiledKnowledge])
    services: dict[str, CompiledService] = field(default_factory=dict[str, CompiledService])

    def evaluate(
        self,
        decision: str,
        context: Mapping[str, Any],
        *,
        now: datetime | None = None,
        trace: bool = False,
        limits: Limits = DEFAULT_LIMITS,
    ) -> DecisionResult:
        """Evaluate a decision, or a decision service, by id or name.

        `context` maps input names to Python or JSON data or FEEL values (inputs of an imported model under its import
        name). `now` is the time that now() and today() give. Bad data is never an exception: the value is null and
        `messages` say why. Raises UnknownDecisionError.
        """
        found = self.find_decision(decision)
        if found is None:
            service = self.find_service(decision)
            if service is None:
                raise UnknownDecisionError(
                    f"Expected a decision or decision service '{decision}' but the model has "
                    f"{_listed([d.id for d in self.decisions.values()])}"
                )
            return self.evaluate_service(decision, context, now=now, trace=trace, limits=limits)
        evaluation, session = self._start(context, now, trace, limits)
        try:
            if found.required:
                for required in _plan(found):
                    session.decision(required)
            value = session.decision(found)
        except (FeelLimitError, RecursionError) as error:
            return _exceeded(evaluation, error, found.id)
        return _finish(evaluation, value, lambda: found.rule_results(session), found.id)

    def evaluate_service(
        self,
        service: str,
        context: Mapping[str, Any],
        *,
        now: datetime | None = None,
        trace: bool = False,
        limits: Limits = DEFAULT_LIMITS,
    ) -> DecisionResult:
        """Evaluate a decision service: `context` has its input data and input decisions by name.

        The value is that of its one output decision, or a context of output decisions by name. An argument that does
        not conform to its type is null, with an error. Raises UnknownDecisionError.
        """
        found = self.find_service(service)
        if found is None:
            raise UnknownDecisionError(f"Expected a decision service '{service}' but there is none")
        evaluation, session = self._start(context, now, trace, limits)
        try:
            values: list[Any] = []
            for name, kind in found.parameters():
                value = session.inputs.get(name)
                if kind is not None and value is not None:
                    value = session.conform(value, kind, f"parameter '{name}'", found.id)
                values.append(value)
            _, value = found.evaluate(session, values)
            if found.result_type is not None and value is not None:
                value = session.conform(value, found.result_type, f"the result of '{found.name}'", found.id)
        except (FeelLimitError, RecursionError) as error:
            return _exceeded(evaluation, error, found.id)
        results = [value] if is_context(value) and len(found.outputs) > 1 else [{found.variable: value}]
        return _finish(evaluation, value, lambda: results, found.id)

    def invoke(
        self,
        knowledge: str,
        arguments: Mapping[str, Any],
        *,
        now: datetime | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> DecisionResult:
        """Call a business knowledge model with named arguments. Raises UnknownDecisionError."""
        found = _by_id_or_name(self.knowledge, knowledge)
        if found is None:
            raise UnknownDecisionError(f"Expected a business knowledge model '{knowledge}' but there is none")
        evaluation, session = self._start(arguments, now, False, limits)
        try:
            function = session.knowledge(found)
            value = (
                function.invoke_named(evaluation.run, session.inputs) if isinstance(function, FeelFunction) else None
            )
        except (FeelLimitError, RecursionError) as error:
            return _exceeded(evaluation, error, found.id)
        return _finish(evaluation, value, lambda: [{found.variable: value}], found.id)

    def find_decision(self, id_or_name: str) -> CompiledDecision | None:
        return _by_id_or_name(self.decisions, id_or_name)

    def find_service(self, id_or_name: str) -> CompiledService | None:
        return _by_id_or_name(self.services, id_or_name)

    def _start(
        self, context: Mapping[str, Any], now: datetime | None, trace: bool, limits: Limits
    ) -> tuple[Evaluation, Session]:
        evaluation = Evaluation(Run(now, self.types.structural, limits, externals=self.externals), trace)
        inputs: dict[str, Any] = from_json(context) if context else {}
        return evaluation, Session(evaluation, inputs, self.types)


Element = TypeVar("Element", CompiledDecision, CompiledService, CompiledKnowledge)


def _by_id_or_name(elements: Mapping[str, Element], wanted: str) -> Element | None:
    found = elements.get(wanted)
    if found is not None:
        return found
    normal = " ".join(wanted.split())
    named = next((element for element in elements.values() if element.name == normal), None)
    return named or next((element for element in elements.values() if element.variable == normal), None)


def _plan(decision: CompiledDecision) -> list[CompiledDecision]:
    """The decisions that this one requires, dependencies first: long chains are evaluated without deep recursion."""
    order: list[CompiledDecision] = []
    seen: set[str] = {decision.id}
    stack: list[tuple[CompiledDecision, int]] = [(decision, 0)]
    while stack:
        current, position = stack.pop()
        if position < len(current.required):
            stack.append((current, position + 1))
            following = current.required[position]
            if following.id not in seen:
                seen.add(following.id)
                stack.append((following, 0))
        elif current is not decision:
            order.append(current)
    return order


def _finish(
    evaluation: Evaluation, value: Any, results: Callable[[], Sequence[dict[str, Any]]], element_id: str
) -> DecisionResult:
    evaluation.collect(element_id)
    return DecisionResult(value, tuple(evaluation.messages), results, tuple(evaluation.trace or ()))


def _exceeded(evaluation: Evaluation, error: FeelLimitError | RecursionError, element_id: str) -> DecisionResult:
    message = (
        str(error) if isinstance(error, FeelLimitError) else "Expected less nesting but the evaluation is too deep"
    )
    evaluation.collect(element_id)
    evaluation.error("LIMIT", message, element_id)
    return DecisionResult(None, tuple(evaluation.messages), list, tuple(evaluation.trace or ()))


def _listed(names: list[str]) -> str:
    shown = ", ".join(f"'{name}'" for name in names[:20])
    return shown + (" ..." if len(names) > 20 else "") if names else "none"
