"""The syntax tree. `token` is the index of the token a node is about (positions are worked out only when needed)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .types import FeelType


class Node:
    __slots__ = ()


@dataclass(slots=True)
class Literal(Node):
    """A constant: number, string, boolean, null, or the value of an at-literal."""

    value: Any


@dataclass(slots=True)
class InvalidLiteral(Node):
    """An at-literal whose text is no date, time or duration: null with a warning."""

    text: str
    token: int


@dataclass(slots=True)
class Name(Node):
    name: str
    token: int


@dataclass(slots=True)
class Path(Node):
    source: Node
    name: str
    token: int


@dataclass(slots=True)
class Filter(Node):
    source: Node
    condition: Node
    token: int


@dataclass(slots=True)
class Call(Node):
    """An invocation; `names` is None for positional arguments."""

    function: Node
    args: list[Node]
    names: list[str] | None
    token: int


@dataclass(slots=True)
class Arithmetic(Node):
    """`+ - * / **`, left-associative: first, then pairs of operator and operand."""

    first: Node
    rest: list[tuple[str, Node, int]]


@dataclass(slots=True)
class Comparison(Node):
    operator: str
    left: Node
    right: Node
    token: int


@dataclass(slots=True)
class Logic(Node):
    """`and` / `or` over two or more operands."""

    operator: str
    operands: list[Node]
    token: int


@dataclass(slots=True)
class Negation(Node):
    operand: Node
    token: int


@dataclass(slots=True)
class Between(Node):
    value: Node
    low: Node
    high: Node
    token: int


@dataclass(slots=True)
class In(Node):
    value: Node
    tests: list[Node]
    token: int


@dataclass(slots=True)
class InstanceOf(Node):
    value: Node
    type: FeelType
    token: int


@dataclass(slots=True)
class If(Node):
    condition: Node
    then: Node
    otherwise: Node


@dataclass(slots=True)
class Iterator(Node):
    """`name in source`, or `name in source..end`."""

    name: str
    source: Node
    end: Node | None
    token: int


@dataclass(slots=True)
class For(Node):
    iterators: list[Iterator]
    body: Node


@dataclass(slots=True)
class Quantified(Node):
    """`some` / `every`."""

    kind: str
    iterators: list[Iterator]
    condition: Node


@dataclass(slots=True)
class FunctionLiteral(Node):
    params: list[tuple[str, FeelType | None]]
    body: Node
    external: bool
    token: int


@dataclass(slots=True)
class ListLiteral(Node):
    items: list[Node]


@dataclass(slots=True)
class ContextLiteral(Node):
    entries: list[tuple[str, Node]]
    token: int


@dataclass(slots=True)
class RangeLiteral(Node):
    start: Node
    end: Node
    start_included: bool
    end_included: bool
    token: int


@dataclass(slots=True)
class UnaryRange(Node):
    """`< e`, `>= e`, `= e` ... standing alone: a test, or a range value."""

    operator: str
    endpoint: Node
    token: int


@dataclass(slots=True)
class UnaryTests(Node):
    """The tests of an input entry; no tests at all is `-`."""

    tests: list[Node]
    negated: bool
