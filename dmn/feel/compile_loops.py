"""Closures of `for`, `some` and `every` (DMN 1.5, 10.3.2.14, 10.3.2.15)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .ast import For, Iterator, Node, Quantified
from .kinds import kind_of
from .ranges import expand, sequence
from .run import RUN, Run, Scope
from .values import Range

if TYPE_CHECKING:
    from .compiler import Compiler, Evaluate

LOOP_FRAMES = 3
"""How deep the body of a loop lies below its node."""

Domain = Callable[[Scope], "list[Any] | None"]


def _domain(compiler: Compiler, iterator: Iterator) -> Domain:
    """The list that an iterator runs over; None (with a warning) when there is none."""
    source = compiler.node(iterator.source)
    warn = compiler.warner("TYPE_MISMATCH", iterator.token)
    if iterator.end is not None:
        end = compiler.node(iterator.end)

        def between(scope: Scope) -> list[Any] | None:
            values = sequence(source(scope), end(scope), scope[RUN])
            return warn(scope, "Expected a range of numbers or dates to iterate over") if values is None else values

        return between

    def each(scope: Scope) -> list[Any] | None:
        values = source(scope)
        if kind_of(values) is list:
            return values
        if values is None:
            return warn(scope, "Expected a list to iterate over but found null")
        if kind_of(values) is Range:
            values = expand(values, scope[RUN])
            return warn(scope, "Expected a range of numbers or dates to iterate over") if values is None else values
        return [values]

    return each


def _scoped(
    compiler: Compiler, iterators: list[Iterator], body: Node, extra: list[str]
) -> tuple[list[tuple[str, Domain]], Evaluate, int, dict[str, None]]:
    """Compiles domains and body; every iterator sees the ones before it. The last item: names used by the body."""
    compiler.needs_run = True
    outer = compiler.used
    domains: list[tuple[str, Domain]] = []
    bound: list[str] = []
    for iterator in iterators:
        compiler.used = {}
        domains.append((iterator.name, _domain(compiler, iterator)))
        for name in compiler.used:
            if name not in bound:
                outer[name] = None
        compiler.bind([iterator.name])
        bound.append(iterator.name)
    compiler.bind(extra)
    compiler.used = {}
    weight = compiler.weight
    compiler.level += LOOP_FRAMES
    compiled = compiler.node(body)
    compiler.level -= LOOP_FRAMES
    used = compiler.used
    for name in used:
        if name not in bound and name not in extra:
            outer[name] = None
    compiler.unbind(extra)
    compiler.unbind(bound)
    compiler.used = outer
    return domains, compiled, compiler.weight - weight, used


def loop(compiler: Compiler, node: For) -> Evaluate:
    domains, body, weight, used = _scoped(compiler, node.iterators, node.body, ["partial"])
    partial = "partial" in used
    if len(domains) == 1 and not partial:
        name, domain = domains[0]

        def single(scope: Scope) -> Any:
            values = domain(scope)
            if values is None:
                return None
            run: Run = scope[RUN]
            run.charge_list(len(values))
            run.charge(weight * len(values))
            inner = scope.copy()
            results: list[Any] = []
            for value in values:
                inner[name] = value
                results.append(body(inner))
            return results

        return single

    def nested(scope: Scope) -> Any:
        run: Run = scope[RUN]
        inner = scope.copy()
        results: list[Any] = []

        def descend(level: int) -> bool:
            if level == len(domains):
                run.charge(weight)
                run.charge_list(1)
                if len(results) >= run.limits.list_length:
                    run.charge_list(len(results) + 1)
                if partial:
                    run.charge(len(results) >> 3)
                    inner["partial"] = results.copy()
                results.append(body(inner))
                return True
            name, domain = domains[level]
            values = domain(inner)
            if values is None:
                return False
            run.charge(len(values))
            for value in values:
                inner[name] = value
                if not descend(level + 1):
                    return False
            return True

        return results if descend(0) else None

    return nested


def quantified(compiler: Compiler, node: Quantified) -> Evaluate:
    domains, condition, weight, _ = _scoped(compiler, node.iterators, node.condition, [])
    decisive = node.kind == "some"

    def decide(scope: Scope) -> bool | None:
        run: Run = scope[RUN]
        inner = scope.copy()
        result: bool | None = not decisive

        def descend(level: int) -> bool:
            """Whether to go on."""
            nonlocal result
            if level == len(domains):
                run.charge(weight)
                verdict = condition(inner)
                if verdict is decisive:
                    result = decisive
                    return False
                if verdict is not (not decisive):
                    result = None
                return True
            name, domain = domains[level]
            values = domain(inner)
            if values is None:
                result = None
                return False
            run.charge(len(values))
            for value in values:
                inner[name] = value
                if not descend(level + 1):
                    return False
            return True

        descend(0)
        return result

    return decide
