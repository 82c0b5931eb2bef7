"""Boxed contexts: entries see the entries before them; an entry without a name is the result."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dmn.boxed.environment import Environment
from dmn.feel import RUN
from dmn.model import Context, Expression, FunctionDefinition
from dmn.session import Node, Scope

Compile = Callable[[Expression | None, Environment], Node]


def compile_context(expression: Context, env: Environment, compile_inner: Compile) -> Node:
    entries: list[tuple[str, Node]] = []
    result: Node | None = None
    seen: dict[str, None] = {}
    for position, entry in enumerate(expression.entries):
        if entry.variable is None:
            if position != len(expression.entries) - 1:
                env.log.error(
                    "result-not-last",
                    "Expected the entry without a name to be the context's last",
                    expression.id or env.owner,
                    entry.line,
                )
            result = compile_inner(entry.expression, env.with_names(seen))
            continue
        name = entry.variable.name
        if name in seen:
            env.log.error(
                "duplicate-entry", f"Expected unique entry names but '{name}' is twice", expression.id, entry.line
            )
        # A function may call itself by the name of its entry.
        known = [*seen, name] if isinstance(entry.expression, FunctionDefinition) else seen
        node = compile_inner(entry.expression, env.with_names(known))
        kind = env.item_type(entry.variable)
        entries.append((name, env.conforming(node, kind, f"context entry '{name}'", entry.variable.id)))
        seen[name] = None
    if result is not None:
        return _with_result(entries, result)
    return _all_entries(entries)


def _all_entries(entries: list[tuple[str, Node]]) -> Node:
    def evaluate(scope: Scope) -> Any:
        scope[RUN].charge(len(entries))
        inner = scope.copy()
        value: dict[str, Any] = {}
        for name, node in entries:
            inner[name] = value[name] = node(inner)
        return value

    return evaluate


def _with_result(entries: list[tuple[str, Node]], result: Node) -> Node:
    def evaluate(scope: Scope) -> Any:
        scope[RUN].charge(len(entries))
        inner = scope.copy()
        for name, node in entries:
            inner[name] = node(inner)
        return result(inner)

    return evaluate
