"""Boxed functions and invocations, and the function values behind them (also those of knowledge models)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from dmn.boxed.context import Compile
from dmn.boxed.environment import Environment
from dmn.external import ExternalCallError, java_function, python_function
from dmn.feel import RUN, FeelFunction, FeelType, HostFunction, Param, Run
from dmn.model import FunctionDefinition, InformationItem, Invocation
from dmn.session import SESSION, Node, Scope, Session, brief
from dmn.shapes import is_context

CALL_FRAMES = 8
"""Depth that one call of a boxed function costs besides its body (frames of the limit `depth`)."""

Parameters = Sequence[tuple[str, FeelType | None]]


def checked_function(
    name: str,
    parameters: Parameters,
    session: Session,
    body: Callable[[Run, list[Any]], Any],
    result_type: FeelType | None = None,
    owner: str | None = None,
) -> FeelFunction:
    """A function value whose arguments must conform to its parameters' types: if one does not, the body is not run and
    the result is null with an error (DMN 1.5, 10.3.2.13.2)."""

    def call(run: Run, arguments: list[Any]) -> Any:
        values: list[Any] = []
        for (parameter, kind), argument in zip(parameters, arguments, strict=True):
            if kind is None or argument is None:
                values.append(argument)
                continue
            converted, fits = session.types.coerce(argument, kind)
            if not fits:
                session.evaluation.error(
                    "TYPE_MISMATCH",
                    f"Expected {session.mismatch(argument, kind)}, in parameter '{parameter}' of '{name}'",
                    owner,
                )
                return None
            values.append(converted)
        outer = run.types
        run.types = session.types.structural
        try:
            value = body(run, values)
        finally:
            run.types = outer
        if result_type is None or value is None:
            return value
        return session.conform(value, result_type, f"the result of '{name}'", owner)

    return HostFunction(name, [Param(parameter) for parameter, _ in parameters], call, frames=CALL_FRAMES)


def parameter_types(parameters: Sequence[InformationItem], env: Environment) -> list[tuple[str, FeelType | None]]:
    return [(parameter.name, env.item_type(parameter)) for parameter in parameters]


FunctionBuilder = Callable[[Scope, str], FeelFunction | None]
"""Makes the function value in a scope, under a name for messages; None (with an error reported) if it cannot."""


def compile_function_builder(
    expression: FunctionDefinition, env: Environment, compile_inner: Compile, result_type: FeelType | None = None
) -> FunctionBuilder:
    parameters = parameter_types(expression.parameters, env)
    if expression.kind == "FEEL":
        return _feel_builder(expression, parameters, env, compile_inner, result_type)
    if expression.kind == "PMML":
        env.log.error(
            "pmml",
            "Expected a function of kind FEEL or Java but it was PMML",
            expression.id or env.owner,
            expression.line,
        )
    return _external_builder(expression, parameters, env, compile_inner, result_type)


def _feel_builder(
    expression: FunctionDefinition,
    parameters: Parameters,
    env: Environment,
    compile_inner: Compile,
    result_type: FeelType | None,
) -> FunctionBuilder:
    names = [name for name, _ in parameters]
    body = compile_inner(expression.body, env.with_names(names))
    owner = expression.id or env.owner

    def build(scope: Scope, name: str) -> FeelFunction:
        def run_body(run: Run, values: list[Any]) -> Any:
            inner = scope.copy()
            inner[RUN] = run
            inner.update(zip(names, values, strict=True))
            return body(inner)

        return checked_function(name, parameters, scope[SESSION], run_body, result_type, owner)

    return build


def _external_builder(
    expression: FunctionDefinition,
    parameters: Parameters,
    env: Environment,
    compile_inner: Compile,
    result_type: FeelType | None,
) -> FunctionBuilder:
    """Java and Python functions: the body is a context that names the class and method, or the callable."""
    mapping = compile_inner(expression.body, env)
    allowed = env.python_functions
    owner = expression.id or env.owner
    kind = expression.kind

    def build(scope: Scope, name: str) -> FeelFunction | None:
        session: Session = scope[SESSION]
        description = mapping(scope)
        details: dict[str, Any] = description if is_context(description) else {}
        try:
            if kind == "Java":
                _, function = java_function(details.get("class"), details.get("method signature"))
            else:
                function = python_function(details.get("function"), allowed)
        except ExternalCallError as error:
            session.evaluation.error("EXTERNAL_FUNCTION", str(error), owner)
            return None
        chosen = function

        def call(run: Run, values: list[Any]) -> Any:
            try:
                return chosen(values)
            except ExternalCallError as error:
                session.evaluation.error("EXTERNAL_FUNCTION", str(error), owner)
                return None

        return checked_function(name, parameters, session, call, result_type, owner)

    return build


def compile_function(expression: FunctionDefinition, env: Environment, compile_inner: Compile) -> Node:
    build = compile_function_builder(expression, env, compile_inner)
    name = expression.label or "function"

    def evaluate(scope: Scope) -> Any:
        return build(scope, name)

    return evaluate


def compile_invocation(expression: Invocation, env: Environment, compile_inner: Compile) -> Node:
    """Calls a function with named arguments; an unknown parameter name, or a value that is no function, gives null."""
    callee = compile_inner(expression.callee, env)
    bindings: list[tuple[str, Node]] = []
    for binding in expression.bindings:
        node = compile_inner(binding.expression, env)
        kind = env.item_type(binding.parameter)
        bindings.append((binding.parameter.name, env.conforming(node, kind, "the argument", binding.parameter.id)))
    owner = expression.id or env.owner

    def evaluate(scope: Scope) -> Any:
        function = callee(scope)
        if not isinstance(function, FeelFunction):
            scope[SESSION].evaluation.error(
                "NOT_A_FUNCTION", f"Expected a function to invoke but it was {brief(function)}", owner
            )
            return None
        return function.invoke_named(scope[RUN], {name: node(scope) for name, node in bindings})

    return evaluate
