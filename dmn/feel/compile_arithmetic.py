"""Closures of arithmetic and comparison. Number with number is the fast path, everything else goes to arithmetic.py."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from .arithmetic import add, divide, multiply, negate, raise_to, subtract
from .ast import Arithmetic, Between, Comparison, Literal, Negation, Node
from .decimals import CONTEXT, NumberError
from .kinds import kind_of
from .run import Run, Scope, run_of
from .temporal import FeelDateTime, FeelTime
from .types import type_of
from .values import compare, equals

if TYPE_CHECKING:
    from .compiler import Compiler, Evaluate

MAX_CHAIN = 8
"""A longer chain of operators is evaluated by a loop instead of nested closures, so that no text is too long."""

POWER_COST = 200
"""Steps of `**`, which may take a hundred times as long as a multiplication."""

UNCHARGED = 256
"""Shorter strings are made without asking the budget."""

SLOW_COST = 10
"""Steps of an operation on anything but numbers."""

_OPERATIONS: dict[str, tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any] | None]] = {
    "+": (add, CONTEXT.add),
    "-": (subtract, CONTEXT.subtract),
    "*": (multiply, CONTEXT.multiply),
    "/": (divide, CONTEXT.divide),
    "**": (raise_to, None),
}


def arithmetic(compiler: Compiler, node: Arithmetic) -> Evaluate:
    if len(node.rest) > MAX_CHAIN:
        return _chain(compiler, node)
    result = compiler.node(node.first)
    for operator, operand, token in node.rest:
        result = _binary(compiler, operator, result, operand, token)
    return result


def _binary(compiler: Compiler, operator: str, left: Evaluate, operand: Node, token: int) -> Evaluate:
    general, direct = _OPERATIONS[operator]
    if operator == "**":
        compiler.weight += POWER_COST
    right = compiler.node(operand)
    slow = _slow(compiler, operator, general, token)
    if direct is None:
        return lambda scope: slow(scope, left(scope), right(scope))
    if isinstance(operand, Literal) and kind_of(operand.value) is Decimal:
        constant = operand.value

        def with_constant(scope: Scope) -> Any:
            a = left(scope)
            if kind_of(a) is Decimal:
                try:
                    return direct(a, constant)
                except NumberError:
                    return slow(scope, a, constant)
            return slow(scope, a, constant)

        return with_constant

    if operator == "+":

        def plus(scope: Scope) -> Any:
            a = left(scope)
            b = right(scope)
            kind = kind_of(a)
            if kind is kind_of(b):
                if kind is Decimal:
                    try:
                        return direct(a, b)
                    except NumberError:
                        return slow(scope, a, b)
                if kind is str and len(a) + len(b) < UNCHARGED:
                    return a + b
            return slow(scope, a, b)

        return plus

    def binary(scope: Scope) -> Any:
        a = left(scope)
        b = right(scope)
        if kind_of(a) is Decimal and kind_of(b) is Decimal:
            try:
                return direct(a, b)
            except NumberError:
                return slow(scope, a, b)
        return slow(scope, a, b)

    return binary


def _slow(
    compiler: Compiler, operator: str, general: Callable[[Any, Any], Any], token: int
) -> Callable[[Scope, Any, Any], Any]:
    warn = compiler.warner("ARITHMETIC", token)

    def slow(scope: Scope, a: Any, b: Any) -> Any:
        run_of(scope).charge(SLOW_COST)
        result = general(a, b)
        if result is None:
            return warn(scope, "Expected operands that fit '{}' but found {} and {}", operator, type_of(a), type_of(b))
        if kind_of(result) is str:
            run_of(scope).charge_string(len(result))
        return result

    return slow


def _chain(compiler: Compiler, node: Arithmetic) -> Evaluate:
    first = compiler.node(node.first)
    rest = [
        (_slow(compiler, operator, _OPERATIONS[operator][0], token), compiler.node(operand))
        for operator, operand, token in node.rest
    ]

    def chain(scope: Scope) -> Any:
        value = first(scope)
        for operation, operand in rest:
            value = operation(scope, value, operand(scope))
        return value

    return chain


def negation(compiler: Compiler, node: Negation) -> Evaluate:
    operand = compiler.node(node.operand)
    warn = compiler.warner("ARITHMETIC", node.token)

    def minus(scope: Scope) -> Any:
        value = operand(scope)
        result = negate(value)
        if result is None:
            return warn(scope, "Expected a number or duration after '-' but found {}", type_of(value))
        return result

    return minus


def comparison(compiler: Compiler, node: Comparison) -> Evaluate:
    left = compiler.node(node.left)
    right = compiler.node(node.right)
    operator = node.operator
    warn = compiler.warner("TYPE_MISMATCH", node.token)
    if operator in ("=", "!="):
        same_as = _exactly_equal if compiler.dialect.exact_times else equals
        return _equality(left, right, node.right, operator == "=", same_as, warn)
    return _order(left, right, node.right, operator, warn)


_SIMPLE = frozenset((Decimal, str, bool))


def _exactly_equal(left: Any, right: Any, run: Run) -> bool | None:
    """As `equals`, but times of one kind differ by any fraction of a second."""
    kind = kind_of(left)
    if kind is kind_of(right) and (kind is FeelTime or kind is FeelDateTime):
        return compare(left, right) == 0
    return equals(left, right, run)


def _equality(
    left: Evaluate,
    right: Evaluate,
    operand: Node,
    positive: bool,
    same_as: Callable[[Any, Any, Run], bool | None],
    warn: Callable[..., None],
) -> Evaluate:
    def slow(scope: Scope, a: Any, b: Any) -> bool | None:
        same = same_as(a, b, run_of(scope))
        if same is None:
            return warn(scope, "Expected two values of one kind to compare but they differ in kind")
        return same is positive

    if isinstance(operand, Literal) and kind_of(operand.value) in _SIMPLE:
        constant = operand.value
        kind = kind_of(constant)

        def equal_to(scope: Scope) -> bool | None:
            a = left(scope)
            if kind_of(a) is kind:
                return (a == constant) is positive
            return slow(scope, a, constant)

        return equal_to

    def equal(scope: Scope) -> bool | None:
        a = left(scope)
        b = right(scope)
        kind = kind_of(a)
        if kind is kind_of(b) and kind in _SIMPLE:
            return (a == b) is positive
        return slow(scope, a, b)

    return equal


def _order(left: Evaluate, right: Evaluate, operand: Node, operator: str, warn: Callable[..., None]) -> Evaluate:
    wanted = {"<": (-1, -1), "<=": (-1, 0), ">": (1, 1), ">=": (0, 1)}[operator]

    def slow(scope: Scope, a: Any, b: Any) -> bool | None:
        order = compare(a, b)
        if order is None:
            return warn(
                scope, "Expected two values that '{}' can order but found {} and {}", operator, type_of(a), type_of(b)
            )
        return order in wanted

    if operator == "<":
        direct: Callable[[Any, Any], bool] = lambda a, b: a < b  # noqa: E731 - one of four alternatives
    elif operator == "<=":
        direct = lambda a, b: a <= b  # noqa: E731
    elif operator == ">":
        direct = lambda a, b: a > b  # noqa: E731
    else:
        direct = lambda a, b: a >= b  # noqa: E731
    if isinstance(operand, Literal) and kind_of(operand.value) is Decimal:
        return _order_constant(left, operand.value, operator, slow)

    def order(scope: Scope) -> bool | None:
        a = left(scope)
        b = right(scope)
        kind = kind_of(a)
        if kind is kind_of(b) and (kind is Decimal or kind is str):
            return direct(a, b)
        return slow(scope, a, b)

    return order


def _order_constant(
    left: Evaluate, constant: Decimal, operator: str, slow: Callable[[Scope, Any, Any], bool | None]
) -> Evaluate:
    if operator == "<":

        def less(scope: Scope) -> bool | None:
            a = left(scope)
            return a < constant if kind_of(a) is Decimal else slow(scope, a, constant)

        return less
    if operator == "<=":

        def at_most(scope: Scope) -> bool | None:
            a = left(scope)
            return a <= constant if kind_of(a) is Decimal else slow(scope, a, constant)

        return at_most
    if operator == ">":

        def greater(scope: Scope) -> bool | None:
            a = left(scope)
            return a > constant if kind_of(a) is Decimal else slow(scope, a, constant)

        return greater

    def at_least(scope: Scope) -> bool | None:
        a = left(scope)
        return a >= constant if kind_of(a) is Decimal else slow(scope, a, constant)

    return at_least


def between(compiler: Compiler, node: Between) -> Evaluate:
    value = compiler.node(node.value)
    low = compiler.node(node.low)
    high = compiler.node(node.high)
    warn = compiler.warner("TYPE_MISMATCH", node.token)

    def inside(scope: Scope) -> bool | None:
        subject = value(scope)
        above = compare(subject, low(scope))
        below = compare(subject, high(scope))
        if above is None or below is None:
            return warn(scope, "Expected three values of one ordered kind for 'between'")
        return above >= 0 and below <= 0

    return inside
