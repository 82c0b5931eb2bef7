"""Boxed conditional, for, some and every (DMN 1.4 and later)."""

from __future__ import annotations

from typing import Any

from dmn.boxed.context import Compile
from dmn.boxed.environment import Environment
from dmn.feel import RUN, Range, Run
from dmn.feel.ranges import expand
from dmn.model import Conditional, For, Quantified
from dmn.session import SESSION, Node, Scope, brief
from dmn.shapes import is_list


def compile_conditional(expression: Conditional, env: Environment, compile_inner: Compile) -> Node:
    """`then` for true, `else` for false and null; any other condition is an error."""
    condition = compile_inner(expression.condition, env)
    then = compile_inner(expression.then, env)
    otherwise = compile_inner(expression.otherwise, env)
    owner = expression.id or env.owner

    def evaluate(scope: Scope) -> Any:
        value = condition(scope)
        if value is True:
            return then(scope)
        if value is False or value is None:
            return otherwise(scope)
        scope[SESSION].evaluation.error("NOT_BOOLEAN", f"Expected a boolean condition but it was {brief(value)}", owner)
        return None

    return evaluate


def domain(value: Any, run: Run) -> list[Any] | None:
    """What an iterator goes over: a list's items, a range's numbers or days, a single value as one; null for null."""
    if value is None:
        return None
    if is_list(value):
        items: list[Any] = value
        return items
    if isinstance(value, Range):
        return expand(value, run)
    return [value]


def compile_for(expression: For, env: Environment, compile_inner: Compile) -> Node:
    """The list of results; `partial` holds the results so far."""
    source = compile_inner(expression.source, env)
    result = compile_inner(expression.result, env.with_names([expression.variable, "partial"]))
    variable = expression.variable
    owner = expression.id or env.owner
    # Copying the results so far for every item costs the square of the length: only where the text asks for it.
    needs_partial = "partial" in repr(expression.result)

    def evaluate(scope: Scope) -> Any:
        run = scope[RUN]
        found = source(scope)
        items = domain(found, run)
        if items is None:
            return _not_iterable(scope, found, owner)
        run.charge_list(len(items))
        results: list[Any] = []
        for item in items:
            # A fresh scope per item: a function made in one round keeps that round's value.
            inner = scope.copy()
            inner[variable] = item
            if needs_partial:
                run.charge_list(len(results))
                inner["partial"] = list(results)
            results.append(result(inner))
        return results

    return evaluate


def compile_quantified(expression: Quantified, env: Environment, compile_inner: Compile) -> Node:
    """`some` and `every`. A `satisfies` that is not a boolean makes the whole null, with an error."""
    source = compile_inner(expression.source, env)
    satisfies = compile_inner(expression.satisfies, env.with_names([expression.variable]))
    variable = expression.variable
    owner = expression.id or env.owner
    is_some = expression.quantifier == "some"

    def evaluate(scope: Scope) -> Any:
        run = scope[RUN]
        found = source(scope)
        items = domain(found, run)
        if items is None:
            return _not_iterable(scope, found, owner)
        outcome: bool | None = not is_some
        for item in items:
            run.charge(1)
            inner = scope.copy()
            inner[variable] = item
            value = satisfies(inner)
            if not isinstance(value, bool):
                scope[SESSION].evaluation.error(
                    "NOT_BOOLEAN", f"Expected a boolean from 'satisfies' but it was {brief(value)}", owner
                )
                return None
            if value is is_some:
                outcome = is_some
        return outcome

    return evaluate


def _not_iterable(scope: Scope, value: Any, owner: str) -> None:
    scope[SESSION].evaluation.error("NOT_A_LIST", f"Expected a list to iterate over but it was {brief(value)}", owner)
