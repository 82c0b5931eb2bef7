"""Compiled expressions: compile once, evaluate often. Equal text, names and dialect are compiled once per process."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, cast

from .ast import Call, Literal, Name, Node, RangeLiteral, UnaryRange, UnaryTests
from .compiler import Compiler
from .dialects import DIALECTS, Dialect
from .errors import FeelLimitError, Warning
from .json_values import from_json
from .kinds import is_mapping, is_sequence, kind_of
from .lexer import special_names
from .parser import parse_expression, parse_unary_tests
from .run import DEFAULT_LIMITS, RUN, Limits, Run, Scope
from .token_reader import Source
from .types import FeelType
from .values import Range

INPUT = "?"
CONSTRUCTORS = frozenset({"date", "time", "date and time", "duration"})
CACHE_SIZE = 4096
_UNSET: Any = object()
_EMPTY: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Result:
    """What an evaluation gave: a FEEL value, and why parts of it became null."""

    value: Any
    warnings: tuple[Warning, ...] = ()


class Compiled:
    """A compiled expression or list of unary tests. Immutable; any number of threads may evaluate it.

    is_any: unary tests that accept everything (`-`).
    body: the function of one scope that all ways of evaluating end in. Such a scope is a plain dict of FEEL values with
    the `Run` under the key RUN and, for unary tests, the input under "?".
    """

    __slots__ = ("_called", "_free", "_node", "_simple", "_source", "body", "dialect", "is_any", "text")

    def __init__(self, text: str, node: Node, source: Source, dialect: Dialect) -> None:
        compiler = Compiler(source, dialect)
        self.body = compiler.node(node)
        self._node = node
        self._source = source
        self._simple = not compiler.needs_run
        self._free = tuple(compiler.used)
        self._called = tuple(name for name in compiler.called if name not in compiler.used)
        self.text = text
        self.dialect = dialect.name
        self.is_any = isinstance(node, UnaryTests) and not node.tests

    @property
    def names(self) -> tuple[str, ...]:
        """Names that the expression takes from its scope, in order of first use; without `?`, and without names that
        only call a built-in."""
        return tuple(name for name in self._free if name != INPUT)

    def evaluate(
        self,
        scope: Mapping[str, Any],
        *,
        now: datetime | None = None,
        input_value: Any = None,
        types: Mapping[str, FeelType] | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> Result:
        """Evaluates with plain Python or FEEL data (`from_json` is applied to what is used); never raises for data.

        `input_value` is what `?` stands for in unary tests. Beyond a limit the value is null, with a warning LIMIT.
        """
        run = Run(now, types, limits)
        inner: Scope = {RUN: run}
        for name in self._free:
            if name in scope:
                inner[name] = from_json(scope[name])
        for name in self._called:
            if name in scope:
                inner[name] = scope[name]
        if INPUT in self._free and INPUT not in scope:
            inner[INPUT] = from_json(input_value)
        try:
            value = self.body(inner)
        except FeelLimitError as problem:
            value = None
            run.warnings = run.warnings or []
            run.warnings.append(("LIMIT", str(problem), None, -1))
        except RecursionError:
            value = None
            run.warnings = [("LIMIT", "Expected an evaluation that fits the stack but it needs more", None, -1)]
        return Result(value, run.take_warnings() if run.warnings else ())

    def call(self, scope: Mapping[str, Any], now: datetime | None = None, input_value: Any = _UNSET) -> Any:
        """The value alone, as fast as can be. The scope must hold FEEL values (`from_json` makes them); numbers at its
        top level may be ints or floats. Raises FeelLimitError beyond the default limits."""
        try:
            if self._simple:
                if input_value is _UNSET and kind_of(scope) is dict:
                    return self.body(cast("Scope", scope))
                inner: Scope = {}
            else:
                inner = {RUN: Run(now, keep_warnings=False)}
            self._fill(inner, scope)
            if input_value is not _UNSET:
                inner[INPUT] = input_value
            return self.body(inner)
        except RecursionError as problem:
            raise FeelLimitError("depth", DEFAULT_LIMITS.depth) from problem

    def run(self, scope: Mapping[str, Any], run: Run) -> Any:
        """The value, as a part of a larger evaluation that brings its clock, types, budget and list of warnings.
        The scope must hold FEEL values. Raises FeelLimitError."""
        inner: Scope = {RUN: run}
        self._fill(inner, scope)
        try:
            return self.body(inner)
        except RecursionError as problem:
            raise FeelLimitError("depth", run.limits.depth) from problem

    def _fill(self, inner: Scope, scope: Mapping[str, Any]) -> None:
        for name in self._free:
            if name in scope:
                inner[name] = scope[name]
        for name in self._called:
            if name in scope:
                inner[name] = scope[name]

    def constant_tests(self, names: Collection[str] = ()) -> tuple[Any, ...] | None:
        """The tests, if all are constants and none is negated: values that the input must equal, and `Range`s that must
        hold it. None when a test has to be evaluated; () for `-`. Literals are constants, and dates and durations made
        from them, unless their constructor is one of `names` (those in scope, which may be functions)."""
        node = self._node
        if not isinstance(node, UnaryTests) or node.negated:
            return None
        constants: list[Any] = []
        for test in node.tests:
            if isinstance(test, Literal):
                constants.append(test.value)
                continue
            is_range = (
                isinstance(test, RangeLiteral) and _is_constant(test.start, names) and _is_constant(test.end, names)
            ) or (isinstance(test, UnaryRange) and _is_constant(test.endpoint, names))
            if not is_range and not _is_constant(test, names):
                return None
            value = Compiler(self._source, DIALECTS[self.dialect]).node(test)({})
            if value is None or is_range is not isinstance(value, Range):
                return None
            constants.append(value)
        return tuple(constants)

    def constant(self) -> tuple[Any] | None:
        """The value in a tuple, if the expression is a literal."""
        return (self._node.value,) if isinstance(self._node, Literal) else None

    def __repr__(self) -> str:
        return f"Compiled({self.text!r})"


def _is_constant(node: Node, names: Collection[str]) -> bool:
    return isinstance(node, Literal) or (
        isinstance(node, Call)
        and isinstance(node.function, Name)
        and node.function.name in CONSTRUCTORS
        and node.function.name not in names
        and all(isinstance(arg, Literal) for arg in node.args)
    )


@lru_cache(maxsize=CACHE_SIZE)
def _compiled(text: str, special: tuple[str, ...], dialect: str, unary: bool) -> Compiled:
    chosen = DIALECTS.get(dialect)
    if chosen is None:
        raise ValueError(f"Expected a dialect out of {list(DIALECTS)} but found {dialect!r}")
    parse = parse_unary_tests if unary else parse_expression
    node, source = parse(text, special, chosen.backticks)
    return Compiled(text, node, source, chosen)


def compile_expression(text: str, names: Iterable[str] = (), *, dialect: str = "spec") -> Compiled:
    """Compiles an expression; FeelSyntaxError when it is none.

    `names`: what is in scope, variables and entries of contexts alike. Only names with operators or keywords inside
    (`a-b`, `profit and loss`) have to be given; names that merely have blanks are recognised anyway.
    """
    return _compiled(text, special_names(names, text) if names else (), dialect, False)


def compile_unary_tests(text: str, names: Iterable[str] = (), *, dialect: str = "spec") -> Compiled:
    """Compiles the unary tests of an input entry; evaluating gives True, False or None. FeelSyntaxError if invalid."""
    return _compiled(text, special_names(names, text) if names else (), dialect, True)


def clear_cache() -> None:
    """Forgets every compiled expression (measurements of the first evaluation need it)."""
    _compiled.cache_clear()


def cache_info() -> Any:
    """Hits, misses and size of the process-wide cache."""
    return _compiled.cache_info()


def names_used(compiled: Compiled) -> tuple[str, ...]:
    """The free names of an expression: it depends on these variables and no others."""
    return compiled.names


def _names_in(value: Any, found: dict[str, None], depth: int) -> None:
    if depth > 20 or len(found) > 10_000:
        return
    if is_mapping(value):
        for key, inner in value.items():
            if isinstance(key, str) and not key.isidentifier():
                found[key] = None
            if is_mapping(inner) or is_sequence(inner):
                _names_in(inner, found, depth + 1)
    elif is_sequence(value):
        for item in value[:1000]:
            if is_mapping(item) or is_sequence(item):
                _names_in(item, found, depth + 1)


def names_in(context: Mapping[str, Any]) -> tuple[str, ...]:
    """The names in a context, at any depth, that the parser may have to know."""
    found: dict[str, None] = {}
    _names_in(context, found, 0)
    return tuple(found)


def evaluate(
    expression: str,
    context: Mapping[str, Any] | None = None,
    *,
    now: datetime | None = None,
    dialect: str = "spec",
    types: Mapping[str, FeelType] | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Result:
    """Compiles (or finds compiled) and evaluates an expression with plain Python data as its context.

    Raises FeelSyntaxError only; bad data gives null and warnings.
    """
    scope: Mapping[str, Any] = context if context is not None else _EMPTY
    compiled = compile_expression(expression, names_in(scope), dialect=dialect)
    return compiled.evaluate(scope, now=now, types=types, limits=limits)


def evaluate_unary_tests(
    tests: str,
    input_value: Any,
    context: Mapping[str, Any] | None = None,
    *,
    now: datetime | None = None,
    dialect: str = "spec",
    types: Mapping[str, FeelType] | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Result:
    """Whether an input value passes unary tests: True, False or None. Raises FeelSyntaxError only."""
    scope: Mapping[str, Any] = context if context is not None else _EMPTY
    compiled = compile_unary_tests(tests, names_in(scope), dialect=dialect)
    return compiled.evaluate(scope, now=now, input_value=input_value, types=types, limits=limits)
