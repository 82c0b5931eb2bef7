"""What is wrong with a model or an evaluation, said in one sentence with the element's id and line.

A `Diagnostic` belongs to a model (found while reading or compiling); an `EvaluationMessage` belongs to one
evaluation. Exceptions exist for the two cases where there is nothing to return:

    ValueError
      DmnError                   carries `.diagnostics`
        DmnXmlError              the bytes are not a DMN document that can be read
        DmnCompileError          the model has errors and the caller asked for strictness
    LookupError
      UnknownDecisionError       no decision (or service) has this id or name
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding about a model. `line` is 1-based, 0 = unknown; `element_id` is None if the element has no id."""

    severity: Severity
    code: str
    message: str
    element_id: str | None = None
    line: int = 0

    def __str__(self) -> str:
        where = f"line {self.line}" if self.line else "unknown line"
        if self.element_id:
            where += f", element '{self.element_id}'"
        return f"{self.severity.value} {self.code}: {self.message} ({where})"


@dataclass(frozen=True, slots=True)
class EvaluationMessage:
    """One warning or error of an evaluation.

    `element_id` names the DMN element in which it arose, `line` and `column` the place inside its FEEL text (from 1;
    0 = unknown).
    """

    severity: Severity
    code: str
    message: str
    element_id: str | None = None
    line: int = 0
    column: int = 0

    def to_json(self) -> dict[str, Any]:
        return {
            "severity": self.severity.value,
            "code": self.code,
            "message": self.message,
            "elementId": self.element_id,
            "line": self.line,
            "column": self.column,
        }

    def __str__(self) -> str:
        where = f" (element '{self.element_id}')" if self.element_id else ""
        return f"{self.severity.value} {self.code}: {self.message}{where}"


class DmnError(ValueError):
    """A DMN document that cannot be used. `diagnostics` says what and where."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics: tuple[Diagnostic, ...] = tuple(diagnostics)
        super().__init__("; ".join(str(d) for d in self.diagnostics) or "the DMN document cannot be used")


class DmnXmlError(DmnError):
    """The bytes are not a readable DMN document."""


class DmnCompileError(DmnError):
    """The model has errors, and strict compilation was asked for."""


class UnknownDecisionError(LookupError):
    """No decision, or decision service, of the model has this id or name."""


class DiagnosticLog:
    """Collects findings while a model is read and compiled. Keeps at most `limit` of them."""

    def __init__(self, limit: int = 1000) -> None:
        self._limit = limit
        self._found: list[Diagnostic] = []

    def error(self, code: str, message: str, element_id: str | None = None, line: int = 0) -> None:
        self._add(Diagnostic(Severity.ERROR, code, message, element_id, line))

    def warning(self, code: str, message: str, element_id: str | None = None, line: int = 0) -> None:
        self._add(Diagnostic(Severity.WARNING, code, message, element_id, line))

    def _add(self, diagnostic: Diagnostic) -> None:
        if len(self._found) < self._limit:
            self._found.append(diagnostic)

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        return tuple(self._found)

    @property
    def has_errors(self) -> bool:
        return any(d.severity is Severity.ERROR for d in self._found)
