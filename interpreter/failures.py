"""The exceptions that may leave a transition of the engine; everything else that is raised is a bug.

Exception
├── Failure     data or an expression is wrong; a person can put it right -> incident, in `machine.Machine.drain`
└── BpmnError   the model says what happens next -> `propagation.throw_error`
"""

from __future__ import annotations


class Failure(Exception):
    """Something that a person can put right. `type` becomes the incident's type, `message` its text."""

    def __init__(self, message: str, type: str = "expression", details: str = "") -> None:
        super().__init__(message)
        self.type = type
        self.message = message
        self.details = details


class Runaway(Failure):
    """Tokens go round without a wait: everything that was still to be done rests with the incident."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "stepBudget")


class BpmnError(Exception):
    """A modelled error raised while an element works (by a script, a listener or an expression)."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(f"{code}: {message}" if message else code)
        self.code = code
        self.message = message
