"""Decision results as Camunda's users read them: a list of results, each a map of output names to values.

`DecisionResult.rule_results` has one map per rule that contributed; these functions are Camunda 7's four mappings
(camunda:mapDecisionResult on a business rule task). Each refuses a result that does not have the shape it promises.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

RuleResults = Sequence[Mapping[str, Any]]


class DecisionResultError(ValueError):
    """The decision's result does not have the shape that the mapping promises."""


def single_entry(results: RuleResults) -> Any:
    """The one value of the one result; None without results. Error: several results, or several values in it."""
    only = single_result(results)
    if not only:
        return None
    if len(only) > 1:
        raise DecisionResultError(f"Expected one output for singleEntry but there were {sorted(only)}")
    return next(iter(only.values()))


def single_result(results: RuleResults) -> dict[str, Any] | None:
    """The one result as a map; None without results. Error: several results."""
    if len(results) > 1:
        raise DecisionResultError(f"Expected at most one rule result but there were {len(results)}")
    return dict(results[0]) if results else None


def collect_entries(results: RuleResults) -> list[Any]:
    """The values of the one output, in result order. Error: results with different outputs."""
    names: dict[str, None] = {}
    for result in results:
        names.update(dict.fromkeys(result))
    if len(names) > 1:
        raise DecisionResultError(f"Expected one output for collectEntries but there were {sorted(names)}")
    return [value for result in results for value in result.values()]


def result_list(results: RuleResults) -> list[dict[str, Any]]:
    """All results, each as a map."""
    return [dict(result) for result in results]


MAPPERS: dict[str, Callable[[RuleResults], Any]] = {
    "singleEntry": single_entry,
    "singleResult": single_result,
    "collectEntries": collect_entries,
    "resultList": result_list,
}


def map_result(mapping: str, results: RuleResults) -> Any:
    """Apply a mapping by its name in the model. Raises DecisionResultError for an unknown name or the wrong shape."""
    mapper = MAPPERS.get(mapping)
    if mapper is None:
        raise DecisionResultError(f"Expected a mapping of {', '.join(MAPPERS)} but it was '{mapping}'")
    return mapper(results)
