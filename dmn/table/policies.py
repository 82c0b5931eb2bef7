"""Hit policies and aggregators (DMN 1.5 clauses 8.2.8 and 8.2.9), on the outputs of the rules that matched.

The functions know nothing of cells: they get outputs (one value per output column) and give the table's value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from dmn.feel import compare, feel_equals
from dmn.feel.decimals import CONTEXT

SINGLE_HIT = frozenset({"UNIQUE", "ANY", "PRIORITY", "FIRST"})


@dataclass(frozen=True, slots=True)
class PolicyError:
    """The matches break the hit policy, or cannot be aggregated: the table's value is null."""

    code: str
    message: str


Outputs = tuple[Any, ...]


def same_outputs(first: Outputs, second: Outputs) -> bool:
    """Whether two rules give the same outputs, null being equal to null."""
    return all(a is b or feel_equals(a, b) is True for a, b in zip(first, second, strict=True))


def rank(outputs: Outputs, orders: Sequence[Sequence[Any]]) -> tuple[int, ...]:
    """Where the outputs stand in the columns' output values; smaller is higher. A column without order counts 0."""
    ranks: list[int] = []
    for value, order in zip(outputs, orders, strict=True):
        position = len(order)
        for index, candidate in enumerate(order):
            if candidate is value or feel_equals(candidate, value) is True:
                position = index
                break
        ranks.append(position)
    return tuple(ranks)


def aggregate(aggregation: str, values: Sequence[Any]) -> Any | PolicyError:
    """SUM, MIN, MAX or COUNT over the outputs of the matches. Nothing to aggregate: COUNT 0, others null."""
    if aggregation == "COUNT":
        return Decimal(len(values))
    if not values:
        return None
    if aggregation == "SUM":
        total = values[0]
        if not isinstance(total, Decimal):
            return _not_summable(total)
        for value in values[1:]:
            if not isinstance(value, Decimal):
                return _not_summable(value)
            total = CONTEXT.add(total, value)
        return total
    best = values[0]
    wanted = -1 if aggregation == "MIN" else 1
    for value in values[1:]:
        order = compare(value, best)
        if order is None:
            return PolicyError(
                "AGGREGATION", f"Expected comparable outputs for {aggregation} but they were {best!r} and {value!r}"
            )
        if order == wanted:
            best = value
    return best


def _not_summable(value: Any) -> PolicyError:
    return PolicyError("AGGREGATION", f"Expected numbers to sum but an output was {value!r}")
