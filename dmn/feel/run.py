"""One evaluation: its clock, its budget and its warnings.

A `Run` may be shared by many expressions (all expressions of one decision), so that the limits hold for the whole.
The budget is a counter, not a clock: the same evaluation ends the same way on any machine, as a workflow needs it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from .errors import FeelLimitError, Warning

if TYPE_CHECKING:
    from .types import FeelType
    from .values import FeelFunction, Param

Scope = dict[Any, Any]
"""Names to values, plus the `Run` under the key `RUN`; every compiled node is a function of one scope."""

RUN = 0
"""The scope's key of the `Run`: a number, so that no name can clash with it."""

MAX_WARNINGS = 100


@dataclass(frozen=True, slots=True)
class Limits:
    """What one evaluation may use.

    steps: evaluated nodes inside loops and calls, more for costly ones, plus one per list item and per 64 characters
    looked at or produced. The default is about a second on a slow machine.
    list_length, string_length: size of one produced list (items) or string (characters).
    depth: nested frames of function calls (a call costs as much as its body is deep where it calls on).
    """

    steps: int = 4_000_000
    list_length: int = 200_000
    string_length: int = 2_000_000
    depth: int = 600


DEFAULT_LIMITS = Limits()

Externals = Callable[[dict[str, Any], "Sequence[Param]"], "FeelFunction | None"]
"""Finds the function of `function(...) external {...}`: gets the context behind `external` and the parameters."""


class Run:
    """State of one evaluation.

    now: None when the expression may not ask for the time; then now() and today() are null.
    random: numbers from 0 to below 1; None when chance has no place, and Camunda's uuid() and the like are null.
    externals: finds the functions of `function(...) external {...}`; None refuses all.
    """

    __slots__ = ("depth", "externals", "limits", "now", "random", "site", "steps", "types", "warnings")

    def __init__(
        self,
        now: datetime | None = None,
        types: Mapping[str, FeelType] | None = None,
        limits: Limits = DEFAULT_LIMITS,
        keep_warnings: bool = True,
        externals: Externals | None = None,
        random: Callable[[], float] | None = None,
    ) -> None:
        self.random = random
        self.site: tuple[Any, int] = (None, -1)
        self.externals = externals
        self.now = now
        self.types: Mapping[str, FeelType] = types if types is not None else {}
        self.limits = limits
        self.steps = limits.steps
        self.depth = limits.depth
        self.warnings: list[tuple[str, str, Any, int]] | None = [] if keep_warnings else None

    def warn(self, code: str, message: str, source: Any = None, token: int = -1) -> None:
        """Records a warning about a token of a source; without one, about the latest invocation (`site`)."""
        warnings = self.warnings
        if warnings is not None and len(warnings) < MAX_WARNINGS:
            if source is None:
                source, token = self.site
            warnings.append((code, message, source, token))

    def charge(self, steps: int) -> None:
        """Takes `steps` from the budget; FeelLimitError when it is used up."""
        self.steps -= steps
        if self.steps < 0:
            raise FeelLimitError("steps", self.limits.steps)

    def charge_list(self, length: int) -> None:
        """Accounts for a list of `length` items that is about to be produced."""
        if length > self.limits.list_length:
            raise FeelLimitError("list_length", self.limits.list_length)
        self.steps -= length
        if self.steps < 0:
            raise FeelLimitError("steps", self.limits.steps)

    def charge_string(self, length: int) -> None:
        """Accounts for a string of `length` characters that is about to be produced."""
        if length > self.limits.string_length:
            raise FeelLimitError("string_length", self.limits.string_length)
        self.steps -= length >> 6
        if self.steps < 0:
            raise FeelLimitError("steps", self.limits.steps)

    def take_warnings(self) -> tuple[Warning, ...]:
        """The warnings so far, with their places in the text; empties the list."""
        raw, self.warnings = self.warnings or [], [] if self.warnings is not None else None
        located: list[Warning] = []
        for code, message, source, token in raw:
            line, column = source.place(token) if source is not None and token >= 0 else (0, 0)
            located.append(Warning(code, message, line, column))
        return tuple(located)


class _Unmetered(Run):
    """Stands in where no run is needed: shared, so it keeps neither a budget nor warnings, only the sizes."""

    __slots__ = ()

    def charge(self, steps: int) -> None:
        pass

    def charge_list(self, length: int) -> None:
        if length > self.limits.list_length:
            raise FeelLimitError("list_length", self.limits.list_length)

    def charge_string(self, length: int) -> None:
        if length > self.limits.string_length:
            raise FeelLimitError("string_length", self.limits.string_length)


UNMETERED: Run = _Unmetered(keep_warnings=False)


def run_of(scope: Scope) -> Run:
    """The run of a scope. An expression without loops and calls may be evaluated without one."""
    run: Run | None = scope.get(RUN)
    return UNMETERED if run is None else run
