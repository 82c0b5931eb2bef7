"""What can go wrong with a FEEL expression, and how it is said.

    ValueError
      FeelSyntaxError      the text is not FEEL: raised by the parser, with line and column
    Exception
      FeelLimitError       one evaluation asked for more than its `Limits` allow

Bad data is never an exception: the value is null and a `Warning` says why (DMN 1.5, 10.3.2.1).
"""

from __future__ import annotations

from dataclasses import dataclass


class FeelSyntaxError(ValueError):
    """The text is not a FEEL expression. `line` and `column` count from 1; `expected` names what would fit."""

    def __init__(self, expected: str, found: str, line: int, column: int) -> None:
        super().__init__(f"Expected {expected} but found {found} at line {line}, column {column}")
        self.expected = expected
        self.found = found
        self.line = line
        self.column = column


class FeelLimitError(Exception):
    """An evaluation exceeded a limit. `limit` is the field of `Limits` that was exceeded, `allowed` its value."""

    def __init__(self, limit: str, allowed: int) -> None:
        super().__init__(f"Expected at most {allowed} {limit.replace('_', ' ')} but the evaluation needs more")
        self.limit = limit
        self.allowed = allowed


class InvalidOperation(Exception):
    """Raised inside a built-in whose arguments make no sense; becomes null and a warning, never leaves this package."""


@dataclass(frozen=True, slots=True)
class Warning:
    """Why a part of the expression became null.

    `code` is one of UNKNOWN_NAME, UNKNOWN_PROPERTY, UNKNOWN_FUNCTION, INVALID_ARGUMENT, TYPE_MISMATCH, ARITHMETIC,
    OUT_OF_BOUNDS, DUPLICATE_KEY, LIMIT. `line` and `column` count from 1 and are 0 when the place is not known.
    """

    code: str
    message: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        place = f" (line {self.line}, column {self.column})" if self.line else ""
        return f"{self.code}: {self.message}{place}"
