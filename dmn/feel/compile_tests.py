"""Closures of unary tests and of `in` (DMN 1.5, 10.3.2.8, 10.3.2.13 table 55)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .ast import (
    Between,
    Comparison,
    In,
    InstanceOf,
    Literal,
    Logic,
    Node,
    Quantified,
    RangeLiteral,
    UnaryRange,
    UnaryTests,
)
from .kinds import kind_of
from .run import UNMETERED, Run, Scope, run_of
from .values import Range, equals

if TYPE_CHECKING:
    from .compiler import Compiler, Evaluate

INPUT = "?"
Test = Callable[[Scope, Any], "bool | None"]
"""A test of one input value: True, False or None."""


def matches(subject: Any, value: Any, run: Run) -> bool | None:
    """Whether a value that stands as a test matches: an equal value, a list that has it, a range that holds it."""
    if kind_of(value) is Range:
        if kind_of(subject) is Range and equals(subject, value, run) is True:
            return True
        return value.contains(subject, run)
    if kind_of(value) is list:
        if kind_of(subject) is list and equals(subject, value, run) is True:
            return True
        found: bool | None = False
        run.charge(len(value))
        for item in value:
            if kind_of(item) is Range and kind_of(subject) is not Range:
                verdict = item.contains(subject, run)
            else:
                verdict = equals(subject, item, run)
            if verdict is True:
                return True
            if verdict is None and kind_of(item) is Range:
                found = None
        return found
    return equals(subject, value, run)


def _test(compiler: Compiler, node: Node) -> Test:
    """The test that a node stands for; sees whether it mentions `?`."""
    outer = compiler.used
    compiler.used = {}
    value = compiler.node(node)
    mentions_input = INPUT in compiler.used
    outer.update(compiler.used)
    compiler.used = outer
    if kind_of(node) in (UnaryRange, RangeLiteral) and not mentions_input:

        def inside(scope: Scope, subject: Any) -> bool | None:
            interval = value(scope)
            return None if interval is None else interval.contains(subject, run_of(scope))

        return inside
    if isinstance(node, Literal):
        constant = node.value
        return lambda scope, subject: equals(subject, constant, UNMETERED)
    is_condition = isinstance(node, (Comparison, Logic, Between, In, InstanceOf, Quantified))

    def test(scope: Scope, subject: Any) -> bool | None:
        found = value(scope)
        if found is True and (mentions_input or is_condition or kind_of(subject) is not bool):
            return True
        if mentions_input and (found is False or found is None):
            return found
        if is_condition and kind_of(subject) is not bool:
            return found if found is None or found is False else None
        return matches(subject, found, run_of(scope))

    return test


def _any(tests: list[Test]) -> Test:
    if len(tests) == 1:
        return tests[0]

    def any_of(scope: Scope, subject: Any) -> bool | None:
        result: bool | None = False
        for test in tests:
            verdict = test(scope, subject)
            if verdict is True:
                return True
            if verdict is None:
                result = None
        return result

    return any_of


def in_(compiler: Compiler, node: In) -> Evaluate:
    value = compiler.node(node.value)
    outer = compiler.used
    compiler.used = {}
    compiler.bind([INPUT])
    test = _any([_test(compiler, test) for test in node.tests])
    compiler.unbind([INPUT])
    used = compiler.used
    compiler.used = outer
    rebinds = INPUT in used
    used.pop(INPUT, None)
    outer.update(used)
    warn = compiler.warner("TYPE_MISMATCH", node.token)

    def inside(scope: Scope) -> bool | None:
        subject = value(scope)
        if rebinds:
            scope = scope.copy()
            scope[INPUT] = subject
        verdict = test(scope, subject)
        return (
            warn(scope, "Expected a value that the tests after 'in' can be applied to") if verdict is None else verdict
        )

    return inside


def unary_tests(compiler: Compiler, node: UnaryTests) -> Evaluate:
    if not node.tests:
        return lambda scope: True
    test = _any([_test(compiler, test) for test in node.tests])
    compiler.used[INPUT] = None
    if not node.negated:
        return lambda scope: test(scope, scope.get(INPUT))

    def negated(scope: Scope) -> bool | None:
        verdict = test(scope, scope.get(INPUT))
        return None if verdict is None else not verdict

    return negated
