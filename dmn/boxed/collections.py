"""Boxed lists, relations and filters."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dmn.boxed.context import Compile
from dmn.boxed.environment import Environment
from dmn.feel import RUN
from dmn.model import Filter, ListExpression, Relation
from dmn.session import SESSION, Node, Scope, brief
from dmn.shapes import is_context, is_list


def compile_list(expression: ListExpression, env: Environment, compile_inner: Compile) -> Node:
    items = [compile_inner(item, env) for item in expression.items]

    def evaluate(scope: Scope) -> Any:
        scope[RUN].charge(len(items))
        return [item(scope) for item in items]

    return evaluate


def compile_relation(expression: Relation, env: Environment, compile_inner: Compile) -> Node:
    """A list of contexts, one per row, keyed by the columns' names."""
    names = [column.name for column in expression.columns]
    kinds = [env.item_type(column) for column in expression.columns]
    rows: list[list[Node]] = []
    for row in expression.rows:
        cells = [compile_inner(cell, env) for cell in row]
        rows.append(
            [
                env.conforming(cell, kind, f"relation column '{name}'", expression.id)
                for cell, kind, name in zip(cells, kinds, names, strict=False)
            ]
        )

    def evaluate(scope: Scope) -> Any:
        scope[RUN].charge(len(rows) * len(names))
        return [{name: cell(scope) for name, cell in zip(names, row, strict=False)} for row in rows]

    return evaluate


def compile_filter(expression: Filter, env: Environment, compile_inner: Compile) -> Node:
    """The items for which `match` is true; `item`, and a context item's entries, are in scope. A match that is neither
    a boolean nor null is an error, as in the other boxed iterators."""
    source = compile_inner(expression.source, env)
    match = compile_inner(expression.match, replace(env.with_names(["item"]), is_open=True))
    owner = expression.id or env.owner

    def evaluate(scope: Scope) -> Any:
        items = source(scope)
        if items is None:
            return None
        if not is_list(items):
            items = [items]
        run = scope[RUN]
        kept: list[Any] = []
        for item in items:
            run.charge(1)
            inner = scope.copy()
            if is_context(item):
                inner.update(item)
                if "item" not in item:
                    inner["item"] = item
            else:
                inner["item"] = item
            matched = match(inner)
            if matched is True:
                kept.append(item)
            elif matched is not False and matched is not None:
                scope[SESSION].evaluation.error(
                    "NOT_BOOLEAN", f"Expected a boolean from the filter's match but it was {brief(matched)}", owner
                )
                return None
        return kept

    return evaluate
