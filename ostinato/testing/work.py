"""What a test's handlers get and may raise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from interpreter import commands as c
from interpreter import queries
from interpreter.waits import Wait

if TYPE_CHECKING:
    from ostinato.testing.world import Run


class Job:
    """What a handler gets: the open job or external task."""

    def __init__(self, run: Run, wait: Wait) -> None:
        self.run = run
        self.wait = wait
        self.type: str = getattr(wait, "type", None) or getattr(wait, "topic", "")
        self.node = wait.node
        self.headers: Mapping[str, Any] = getattr(wait, "headers", {})

    @property
    def variables(self) -> dict[str, Any]:
        """The variables that the job sees."""
        return queries.job_input(self.run.definition, self.run.state, self.wait)

    def local(self, **variables: Any) -> None:
        """Set variables in the job's own element instance."""
        self.run.do(c.SetVariables(self.run.world.now, variables, element=self.wait.element, local=True))


class BpmnError(Exception):
    """Raised by a handler: the model's error `code`."""

    def __init__(self, code: str, message: str = "", **variables: Any) -> None:
        super().__init__(code)
        self.code = code
        self.message = message
        self.variables = variables


Handler = Callable[[Job], Mapping[str, Any] | None]
