"""Closures of lists, contexts, ranges and filters."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from .ast import (
    Between,
    Comparison,
    ContextLiteral,
    Filter,
    FunctionLiteral,
    In,
    InstanceOf,
    ListLiteral,
    Literal,
    Logic,
    Quantified,
    RangeLiteral,
    UnaryRange,
)
from .decimals import to_index
from .functions import UserFunction
from .kinds import kind_of
from .ranges import expand
from .run import RUN, Run, Scope
from .types import type_of
from .values import Range, unary_range

if TYPE_CHECKING:
    from .compiler import Compiler, Evaluate

_ORDERED = frozenset(
    ("number", "string", "date", "time", "date and time", "days and time duration", "years and months duration")
)
_BOOLEAN_NODES = (Comparison, Logic, Between, In, InstanceOf, Quantified)


def list_literal(compiler: Compiler, node: ListLiteral) -> Evaluate:
    compiler.level += 1
    items = [compiler.node(item) for item in node.items]
    compiler.level -= 1
    if all(isinstance(item, Literal) for item in node.items):
        constant = [item.value for item in node.items if isinstance(item, Literal)]
        return lambda scope: constant
    return lambda scope: [item(scope) for item in items]


def context_literal(compiler: Compiler, node: ContextLiteral) -> Evaluate:
    keys = [key for key, _ in node.entries]
    if len(set(keys)) < len(keys) and not compiler.dialect.last_key_wins:
        warn = compiler.warner("DUPLICATE_KEY", node.token)
        return lambda scope: warn(scope, "Expected different keys in the context but one occurs twice")
    outer = compiler.used
    entries: list[tuple[str, Evaluate]] = []
    refers_back = False
    seen: list[str] = []
    recursive: set[str] = set()
    for key, value in node.entries:
        compiler.used = {}
        own = [key] if isinstance(value, FunctionLiteral) and not value.external else []
        compiler.bind(own)
        compiler.level += 1
        entries.append((key, compiler.node(value)))
        compiler.level -= 1
        compiler.unbind(own)
        if own and key in compiler.used:
            recursive.add(key)
            del compiler.used[key]
        for name in compiler.used:
            if name in seen:
                refers_back = True
            else:
                outer[name] = None
        compiler.bind([key])
        seen.append(key)
    compiler.unbind(seen)
    compiler.used = outer
    if refers_back:
        compiler.needs_run = True  # entries may share values, so that walking them is no longer bounded by the text
    if not refers_back and not recursive:
        return lambda scope: {key: value(scope) for key, value in entries}

    def context(scope: Scope) -> dict[str, Any]:
        inner = scope.copy()
        result: dict[str, Any] = {}
        for key, value in entries:
            found = value(inner)
            if key in recursive and isinstance(found, UserFunction):
                found.scope[key] = found
            result[key] = inner[key] = found
        return result

    return context


def range_literal(compiler: Compiler, node: RangeLiteral) -> Evaluate:
    start, end = compiler.node(node.start), compiler.node(node.end)
    start_included, end_included = node.start_included, node.end_included
    if isinstance(node.start, Literal) and isinstance(node.end, Literal):
        low, high = node.start.value, node.end.value
        if kind_of(low) is kind_of(high) and type_of(low) in _ORDERED:
            constant = Range(low, high, start_included, end_included)
            return lambda scope: constant
    warn = compiler.warner("TYPE_MISMATCH", node.token)

    def interval(scope: Scope) -> Any:
        low, high = start(scope), end(scope)
        if low is not None and high is not None and (kind_of(low) is not kind_of(high) or type_of(low) not in _ORDERED):
            return warn(scope, "Expected a range between two values of one ordered kind")
        if (low is not None and type_of(low) not in _ORDERED) or (high is not None and type_of(high) not in _ORDERED):
            return warn(scope, "Expected a range between two values of one ordered kind")
        return Range(low, high, start_included, end_included)

    return interval


def unary_range_literal(compiler: Compiler, node: UnaryRange) -> Evaluate:
    endpoint = compiler.node(node.endpoint)
    operator = node.operator
    if isinstance(node.endpoint, Literal) and (operator in ("=", "!=") or type_of(node.endpoint.value) in _ORDERED):
        constant = unary_range(operator, node.endpoint.value)
        return lambda scope: constant
    warn = compiler.warner("TYPE_MISMATCH", node.token)

    def test(scope: Scope) -> Any:
        value = endpoint(scope)
        if operator not in ("=", "!=") and type_of(value) not in _ORDERED:
            return warn(scope, "Expected a value that '{}' can order but found another", operator)
        return unary_range(operator, value)

    return test


def item_at(values: list[Any], position: Decimal) -> Any:
    """The item at a 1-based position, counted from the end when negative; raises IndexError beyond the list."""
    index = to_index(position)
    if index is None or index == 0:
        raise IndexError
    return values[index - 1 if index > 0 else len(values) + index if -index <= len(values) else len(values)]


def filter_(compiler: Compiler, node: Filter) -> Evaluate:
    source = compiler.node(node.source)
    warn = compiler.warner("OUT_OF_BOUNDS", node.token)
    condition_node = node.condition

    def pick(scope: Scope, values: Any, position: Decimal) -> Any:
        if kind_of(values) is not list:
            values = [values]
        try:
            return item_at(values, position)
        except IndexError:
            return warn(scope, "Expected a position within the list but found {}", str(position))

    if isinstance(condition_node, Literal) and kind_of(condition_node.value) is Decimal:
        position = condition_node.value

        def at(scope: Scope) -> Any:
            values = source(scope)
            return None if values is None else pick(scope, values, position)

        return at

    compiler.needs_run = True
    outer = compiler.used
    compiler.used = {}
    weight = compiler.weight
    hidden = compiler.bound
    compiler.bound = {"item": 1}  # any other name may be an entry of the item, whatever it means outside
    condition = compiler.node(condition_node)
    compiler.bound = hidden
    names = tuple(compiler.used)
    compiler.used = outer
    for name in names:
        if name != "item" or "item" in compiler.bound:
            outer[name] = None
    weight = compiler.weight - weight
    always_boolean = isinstance(condition_node, _BOOLEAN_NODES)

    def select(scope: Scope) -> Any:
        values: Any = source(scope)
        if values is None:
            return None
        if kind_of(values) is Range:
            values = expand(values, scope[RUN])
            if values is None:
                return None
        if kind_of(values) is not list:
            values = [values]
        run: Run = scope[RUN]
        run.charge(weight * (len(values) + 1))
        inner = scope.copy()
        if not values:
            if always_boolean:
                return []
            inner["item"] = None
            return pick(scope, values, position) if kind_of(position := condition(inner)) is Decimal else []
        kept: list[Any] = []
        shadowed: list[str] = []
        first = not always_boolean
        value: Any
        for value in values:
            for name in shadowed:
                if name in scope:
                    inner[name] = scope[name]
                else:
                    inner.pop(name, None)
            shadowed = []
            inner["item"] = value
            if kind_of(value) is dict:
                for name in names:
                    if name in value:
                        inner[name] = value[name]
                        if name != "item":
                            shadowed.append(name)
            verdict = condition(inner)
            if verdict is True:
                kept.append(value)
            elif first and kind_of(verdict) is Decimal:
                return pick(scope, values, verdict)
            first = False
        return kept

    return select
