"""Boxed conditional, for, some and every (DMN 1.4 and later)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from dmn.boxed.context import Compile
from dmn.boxed.environment import Environment
from dmn.feel import RUN, FeelDate, Range, Run
from dmn.model import Conditional, For, Quantified
from dmn.session import SESSION, Node, Scope, brief


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
    if isinstance(value, list):
        items: list[Any] = value
        return items
    if isinstance(value, Range):
        return _range_items(value, run)
    return [value]


def _range_items(interval: Range, run: Run) -> list[Any] | None:
    start, end = interval.start, interval.end
    if isinstance(start, Decimal) and isinstance(end, Decimal) and start == int(start) and end == int(end):
        first, last = int(start), int(end)
    elif isinstance(start, FeelDate) and isinstance(end, FeelDate):
        first, last = start.number(), end.number()
    else:
        return None
    step = 1 if last >= first else -1
    first += 0 if interval.start_included else step
    last -= 0 if interval.end_included else step
    if (last - first) * step < 0:
        return []
    run.charge_list(abs(last - first) + 1)
    numbers = range(first, last + step, step)
    if isinstance(start, FeelDate):
        return [FeelDate(*civil(number)) for number in numbers]
    return [Decimal(number) for number in numbers]


def compile_for(expression: For, env: Environment, compile_inner: Compile) -> Node:
    """The list of results; `partial` holds the results so far."""
    source = compile_inner(expression.source, env)
    result = compile_inner(expression.result, env.with_names([expression.variable, "partial"]))
    variable = expression.variable
    owner = expression.id or env.owner

    def evaluate(scope: Scope) -> Any:
        run = scope[RUN]
        found = source(scope)
        items = domain(found, run)
        if items is None:
            return _not_iterable(scope, found, owner)
        results: list[Any] = []
        inner = scope.copy()
        for item in items:
            run.charge(1)
            # A fresh scope per item: a function made in one round keeps that round's value.
            inner = scope.copy()
            inner[variable] = item
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
