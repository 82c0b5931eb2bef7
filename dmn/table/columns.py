"""The columns of a decision table: input expressions with the tests of their cells, output cells with their types."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dmn.boxed.environment import Environment
from dmn.feel import Compiled, FeelType, Range
from dmn.model import InputClause, LiteralExpression, OutputClause, UnaryTests
from dmn.session import SESSION, Node, Scope, brief
from dmn.shapes import is_list
from dmn.table.index import OPEN, ColumnIndex, Constant, Interval, Open, key_of
from dmn.types import convert_camunda

INPUT = "?"


class _Invalid:
    """The value of an input that its allowed values, or its type conversion, do not accept."""

    __slots__ = ()


INVALID = _Invalid()


class InputColumn:
    """One input: its expression, checks, and the tests of its cells (None for a cell that takes any value)."""

    __slots__ = (
        "_cell_name",
        "_clause",
        "_index",
        "_node",
        "_open_tests",
        "_owner",
        "_type",
        "_values",
        "constants",
        "name",
        "tests",
    )

    def __init__(self, clause: InputClause, cells: Sequence[UnaryTests], env: Environment, budget: int) -> None:
        expression = clause.expression
        self._clause = clause
        self._owner = clause.id or env.owner
        self.name = clause.label or (expression.text.strip() if expression is not None else "") or clause.id or ""
        self._cell_name = (clause.variable or "cellInput") if env.profile.cell_input else None
        self._node: Node | None = None
        self._type: FeelType | None = None
        if expression is None or not expression.text.strip():
            env.log.warning("empty-input", "Expected an input expression but there is none", self._owner, clause.line)
        else:
            node = env.expression(expression.text, expression.language, expression.id or clause.id, expression.line)
            kind = env.type_of(expression.type_ref, expression.id or clause.id, expression.line)
            node = env.conforming(node, kind, f"input '{self.name}'", self._owner)
            self._node = _converting(node, expression.type_ref, self._owner) if env.profile.converts_types else node
        cell_env = env.with_names([INPUT] if self._cell_name is None else [INPUT, self._cell_name])
        self._values: Node | None = None
        if clause.values is not None and env.profile.checks_input_values and not _is_any(clause.values.text):
            self._values, _ = cell_env.tests(
                clause.values.text, clause.values.language, self._owner, clause.values.line
            )
        self.tests: list[Node | None] = []
        self.constants: list[tuple[Constant, ...] | Open | None] = []
        for cell in cells:
            if _is_any(cell.text):
                self.tests.append(None)
                self.constants.append(None)
                continue
            node, compiled = cell_env.tests(cell.text, cell.language, cell.id or clause.id, cell.line)
            self.tests.append(node)
            self.constants.append(constants_of(compiled, env.names))
        self._index: ColumnIndex | None = None
        if budget:
            index = ColumnIndex(self.constants, budget)
            self._index = index if index.is_useful else None
        self._open_tests: list[Node | None] = [
            test if isinstance(cell, Open) else None for test, cell in zip(self.tests, self.constants, strict=True)
        ]

    @property
    def expression(self) -> str:
        """The text of the input expression."""
        return "" if self._clause.expression is None else self._clause.expression.text

    @property
    def index_bits(self) -> int:
        """Bits that the column's interval lists take."""
        return 0 if self._index is None else self._index.bits

    @property
    def clause_id(self) -> str | None:
        return self._clause.id

    def value(self, scope: Scope) -> Any:
        """The input's value, INVALID (with an error reported) if it is not allowed."""
        value = None if self._node is None else self._node(scope)
        if self._values is not None and value is not None and not self._is_allowed(scope, value):
            scope[SESSION].evaluation.error(
                "INPUT_VALUE",
                f"Expected input '{self.name}' to be one of its allowed values but it was {brief(value)}",
                self._owner,
            )
            return INVALID
        return value

    def _is_allowed(self, scope: Scope, value: Any) -> bool:
        """Whether the input values accept the value, or, for a list, each of its items."""
        tests = self._values
        if tests is None or tests(self.cell_scope(scope, value)) is True:
            return True
        return is_list(value) and all(tests(self.cell_scope(scope, item)) is True for item in value)

    def cell_scope(self, scope: Scope, value: Any) -> Scope:
        inner = scope.copy()
        inner[INPUT] = value
        if self._cell_name is not None:
            inner[self._cell_name] = value
        return inner

    def narrow(self, value: Any, candidates: int) -> tuple[int, list[Node | None] | None]:
        """The candidates (bits) that the value leaves, and the tests that still must be tried, None for no test."""
        index = self._index
        if index is None:
            return candidates, self.tests
        return candidates & index.find(value), (self._open_tests if index.open_rules else None)


class OutputColumn:
    __slots__ = ("clause", "default", "label", "name", "order", "type")

    def __init__(self, clause: OutputClause, env: Environment, fallback_name: str) -> None:
        self.clause = clause
        self.name = clause.name or fallback_name
        self.label = clause.label or self.name
        self.type = env.type_of(clause.type_ref, clause.id, clause.line)
        self.default: Node | None = None
        if clause.default is not None and clause.default.text.strip() and env.profile.applies_defaults:
            self.default = env.expression(
                clause.default.text, clause.default.language, clause.default.id or clause.id, clause.default.line
            )
        self.order: Node | None = None

    def set_order(self, env: Environment, type_ref: str | None) -> None:
        """Compile the output values as an ordered list, for the policies that rank outputs; without output values, the
        allowed values of the output's type (or of `type_ref`, the table's)."""
        values = self.clause.values or env.types.allowed_values(self.clause.type_ref or type_ref)
        if values is not None and values.text.strip():
            self.order = env.expression(f"[{values.text}]", values.language, self.clause.id, values.line)


def _is_any(text: str) -> bool:
    stripped = text.strip()
    return not stripped or stripped == "-"


def output_cell(cell: LiteralExpression, column: OutputColumn, env: Environment) -> Node | None:
    """None for an empty cell."""
    if not cell.text.strip():
        return None
    node = env.expression(cell.text, cell.language, cell.id or column.clause.id, cell.line)
    kind = env.type_of(cell.type_ref, cell.id, cell.line)
    node = env.conforming(node, kind, f"output '{column.name}'", cell.id or column.clause.id)
    if env.profile.converts_types:
        return _converting(node, column.clause.type_ref, cell.id or env.owner)
    return node


def _converting(node: Node, type_ref: str | None, owner: str) -> Node:
    """The node with Camunda 7's conversion to the column's type; a value that cannot be converted is an error."""
    if type_ref is None:
        return node

    def converted(scope: Scope) -> Any:
        try:
            return convert_camunda(node(scope), type_ref)
        except ValueError as error:
            scope[SESSION].evaluation.error("TYPE_CONVERSION", str(error), owner)
            return None

    return converted


def constants_of(compiled: Compiled | None, names: tuple[str, ...] = ()) -> tuple[Constant, ...] | Open:
    """The constants of a cell, OPEN if it has anything else. No constant at all is never true."""
    if compiled is None:
        return OPEN
    tests = compiled.constant_tests(names)
    if tests is None:
        return OPEN
    constants: list[Constant] = []
    for test in tests:
        constant = _interval(test) if isinstance(test, Range) else key_of(test)
        if constant is None:
            return OPEN
        constants.append(constant)
    return tuple(constants)


def _interval(test: Range) -> Constant | None:
    if test.operator == "=":
        return key_of(test.end)
    if test.operator == "!=":
        return None
    low = None if test.operator in ("<", "<=") else key_of(test.start)
    high = None if test.operator in (">", ">=") else key_of(test.end)
    if test.operator in ("<", "<="):
        return _bounded(None, False, high, test.end_included)
    if test.operator in (">", ">="):
        return _bounded(low, test.start_included, None, False)
    if low is None or high is None or low[0] != high[0]:
        return None
    return _bounded(low, test.start_included, high, test.end_included)


def _bounded(
    low: tuple[str, Any] | None, low_included: bool, high: tuple[str, Any] | None, high_included: bool
) -> Interval | None:
    kind = low[0] if low is not None else (high[0] if high is not None else None)
    if kind is None or kind in ("boolean", "null"):
        return None
    return Interval(
        kind, None if low is None else low[1], low_included, None if high is None else high[1], high_included
    )
