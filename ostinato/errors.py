"""Exceptions of the SDK and the CLI.

OstinatoError
├── BpmnError      raised by a task's handler: a modelled error, caught by a boundary event in the process
└── UserError      the user can mend it; the CLI prints it without a traceback
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class OstinatoError(Exception):
    """Base of every exception that Ostinato raises to user code."""


class BpmnError(OstinatoError):
    """A business error that the process models: it goes to the nearest catching event with the same code.

    `code` is the BPMN error code; `variables` are set where the error is caught.
    """

    def __init__(self, code: str, message: str = "", variables: Mapping[str, Any] | None = None) -> None:
        super().__init__(message or code)
        self.code = code
        self.message = message
        self.variables: dict[str, Any] = dict(variables or {})


class UserError(OstinatoError):
    """Something the user can mend: says what was expected and what was found."""
