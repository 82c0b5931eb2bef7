"""What is wrong with a model: one value per finding, located, with the rule that found it.

A *problem* is data, never an exception, so that all of a file's problems are reported at once. Only input that cannot
be read at all raises: :class:`BpmnParseError`, which carries its problems too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

Severity = Literal["error", "warning", "info"]
Profile = Literal["c7", "spec"]

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding.

    ``rule`` is a stable id (see docs/lint.md), ``severity`` "error" (a deployment is refused), "warning" (it runs, but
    differently from what the model suggests) or "info" (good to know). ``element_id`` names the element that is to be
    changed, ``element_ids`` all that take part. ``line`` and ``column`` are 1-based positions of the element's start
    tag in the file, 0 when unknown (built or edited models). ``message`` is one sentence, ``hint`` how to repair it.
    """

    rule: str
    severity: Severity
    message: str
    element_id: str | None = None
    line: int = 0
    column: int = 0
    hint: str = ""
    element_ids: tuple[str, ...] = ()
    tag: str = ""

    def with_severity(self, severity: Severity) -> Problem:
        """The same finding with another weight (profiles differ in what they refuse)."""
        return replace(self, severity=severity)

    def __str__(self) -> str:
        where = f"{self.line}:{self.column}: " if self.line else ""
        element = f" [{self.element_id}]" if self.element_id else ""
        return f"{where}{self.severity} {self.rule}{element}: {self.message}"


def ordered(problems: Iterable[Problem]) -> list[Problem]:
    """Problems in the order of the file; those without a position last; ties by rule."""
    return sorted(problems, key=lambda p: (p.line == 0, p.line, p.column, p.rule, p.message))


def errors(problems: Iterable[Problem]) -> list[Problem]:
    """Those that refuse a deployment."""
    return [problem for problem in problems if problem.severity == "error"]


class BpmnError(ValueError):
    """Base of what this package raises about a model."""


class BpmnParseError(BpmnError):
    """The input is not XML that may be read: not well-formed, not safe, or beyond a bound.

    ``problems`` is never empty; each has line and column when the position is known.
    """

    def __init__(self, problems: Iterable[Problem], *, name: str = "") -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        self.name = name
        prefix = f"{name}: " if name else ""
        super().__init__(prefix + "; ".join(str(problem) for problem in self.problems))


class BpmnEditError(BpmnError):
    """A change to a model that makes no sense (an id that does not exist, or exists already)."""
