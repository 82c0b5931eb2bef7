"""Syntax tree to Python closures: each node becomes a function of one scope, with its constants bound in.

Names are sorted out here: a name bound by the expression itself (iterator, parameter, entry) is fetched blindly, any
other may be missing. `Compiler.used` collects the free names, which is what a scope has to provide.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import Any

from . import compile_arithmetic, compile_calls, compile_collections, compile_loops, compile_tests
from .ast import (
    Arithmetic,
    Between,
    Call,
    Comparison,
    ContextLiteral,
    Filter,
    For,
    FunctionLiteral,
    If,
    In,
    InstanceOf,
    InvalidLiteral,
    ListLiteral,
    Literal,
    Logic,
    Name,
    Negation,
    Node,
    Path,
    Quantified,
    RangeLiteral,
    UnaryRange,
    UnaryTests,
)
from .dialects import Dialect
from .json_values import ATOMS, from_json
from .kinds import kind_of
from .properties import PROPERTIES
from .run import RUN, Run, Scope, run_of
from .token_reader import Source
from .types import is_instance, type_of

Evaluate = Callable[[Scope], Any]

_FETCHED = ATOMS | {list, dict}


class Compiler:
    """Compiles one text. `needs_run` tells whether the closures count steps or ask for the time."""

    def __init__(self, source: Source, dialect: Dialect) -> None:
        self.source = source
        self.dialect = dialect
        self.bound: dict[str, int] = {}
        self.used: dict[str, None] = {}
        self.called: dict[str, None] = {}
        self.weight = 0
        self.level = 0
        self.deepest_call = 0
        self.needs_run = False

    def node(self, node: Node) -> Evaluate:
        """The closure of a node."""
        self.weight += 1
        level = self.level
        self.level = level + 1
        compiled = _TABLE[kind_of(node)](self, node)
        self.level = level
        return compiled

    def calls_on(self, frames: int = 0) -> None:
        """Notes that a function may be called from here, `frames` deeper than this node."""
        self.deepest_call = max(self.deepest_call, self.level + frames)

    def bind(self, names: Mapping[str, Any] | list[str]) -> None:
        """From here on these names are provided by the expression itself."""
        for name in names:
            self.bound[name] = self.bound.get(name, 0) + 1

    def unbind(self, names: Mapping[str, Any] | list[str]) -> None:
        for name in names:
            if self.bound[name] == 1:
                del self.bound[name]
            else:
                self.bound[name] -= 1

    def warner(self, code: str, token: int) -> Callable[..., None]:
        """A function `(scope, template, *texts)` that records a warning about a token; it returns None."""
        source = self.source

        def warn(scope: Scope, template: str, *texts: str) -> None:
            run: Run | None = scope.get(RUN)
            if run is not None and run.warnings is not None:
                run.warn(code, template.format(*texts), source, token)

        return warn


# -- leaves -----------------------------------------------------------------------------------------------------------


def _literal(_: Compiler, node: Literal) -> Evaluate:
    value = node.value
    return lambda scope: value


def _invalid_literal(compiler: Compiler, node: InvalidLiteral) -> Evaluate:
    warn = compiler.warner("INVALID_ARGUMENT", node.token)
    text = node.text
    return lambda scope: warn(scope, "Expected a date, time or duration in the at-literal but found '{}'", text)


def _name(compiler: Compiler, node: Name) -> Evaluate:
    name = node.name
    compiler.used[name] = None
    if name in compiler.bound:
        return itemgetter(name)
    function = compiler.dialect.builtins.get(name)
    warn = compiler.warner("UNKNOWN_NAME", node.token)

    def fetch(scope: Scope) -> Any:
        try:
            value = scope[name]
        except KeyError:
            return function if function is not None else warn(scope, "Expected a variable '{}' but there is none", name)
        return value if kind_of(value) in _FETCHED else from_json(value)

    return fetch


# -- paths ------------------------------------------------------------------------------------------------------------


def _path(compiler: Compiler, node: Path) -> Evaluate:
    source = compiler.node(node.source)
    name = node.name
    warn = compiler.warner("UNKNOWN_PROPERTY", node.token)

    def property_of(scope: Scope, value: Any) -> Any:
        kind = kind_of(value)
        if kind is dict:
            if name in value:
                found = value[name]
                return found if kind_of(found) in _FETCHED else from_json(found)
        elif kind is list:
            run = run_of(scope)
            run.charge(4 * len(value))
            run.charge_list(len(value))
            return [property_of(scope, item) for item in value]
        else:
            getter = PROPERTIES.get(kind, _NO_PROPERTIES).get(name)
            if getter is not None:
                return getter(value)
        return warn(scope, "Expected an entry or property '{}' but {} has none", name, type_of(value))

    def path(scope: Scope) -> Any:
        value = source(scope)
        if kind_of(value) is dict and name in value:
            found = value[name]
            if kind_of(found) in _FETCHED:
                return found
        return property_of(scope, value)

    return path


_NO_PROPERTIES: Mapping[str, Callable[[Any], Any]] = {}


# -- logic ------------------------------------------------------------------------------------------------------------


def _logic(compiler: Compiler, node: Logic) -> Evaluate:
    operands = [compiler.node(operand) for operand in node.operands]
    decisive = node.operator == "or"
    neutral = not decisive
    warn = compiler.warner("TYPE_MISMATCH", node.token)

    def undecided(scope: Scope, *values: Any) -> None:
        for value in values:
            if value is not None and value is not neutral:
                warn(scope, "Expected booleans but found {}", type_of(value))

    if len(operands) == 2:
        left, right = operands

        def both(scope: Scope) -> bool | None:
            a = left(scope)
            if a is decisive:
                return decisive
            b = right(scope)
            if b is decisive:
                return decisive
            if a is neutral and b is neutral:
                return neutral
            return undecided(scope, a, b)

        return both

    def chain(scope: Scope) -> bool | None:
        result: bool | None = neutral
        for operand in operands:
            value = operand(scope)
            if value is decisive:
                return decisive
            if value is not neutral:
                result = undecided(scope, value)
        return result

    return chain


def _if(compiler: Compiler, node: If) -> Evaluate:
    condition = compiler.node(node.condition)
    then = compiler.node(node.then)
    otherwise = compiler.node(node.otherwise)
    return lambda scope: then(scope) if condition(scope) is True else otherwise(scope)


def _instance_of(compiler: Compiler, node: InstanceOf) -> Evaluate:
    value = compiler.node(node.value)
    kind = node.type
    compiler.needs_run = True
    return lambda scope: is_instance(value(scope), kind, run_of(scope).types)


_TABLE: Mapping[type[Node], Callable[[Compiler, Any], Evaluate]] = {
    Literal: _literal,
    InvalidLiteral: _invalid_literal,
    Name: _name,
    Path: _path,
    Logic: _logic,
    If: _if,
    InstanceOf: _instance_of,
    Arithmetic: compile_arithmetic.arithmetic,
    Negation: compile_arithmetic.negation,
    Comparison: compile_arithmetic.comparison,
    Between: compile_arithmetic.between,
    ListLiteral: compile_collections.list_literal,
    ContextLiteral: compile_collections.context_literal,
    RangeLiteral: compile_collections.range_literal,
    UnaryRange: compile_collections.unary_range_literal,
    Filter: compile_collections.filter_,
    For: compile_loops.loop,
    Quantified: compile_loops.quantified,
    Call: compile_calls.call,
    FunctionLiteral: compile_calls.function_literal,
    In: compile_tests.in_,
    UnaryTests: compile_tests.unary_tests,
}
