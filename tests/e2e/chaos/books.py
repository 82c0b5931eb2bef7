"""What the clients of the chaos saw, written down as it happens; the auditor compares it with the engine's books."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from ostinato.client import EngineError

#: Camunda answers 500 to who completes what somebody else has completed, or what is suspended.
_LATE = ("Cannot complete task ", "Cannot find task ", "Cannot trigger message ")
#: And to who modifies what has ended.
_GONE = "Expected a running process instance but there is none"
#: And to who starts what is suspended.
_SUSPENDED = " is suspended"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request to start an instance. `token` is its own; `storm`: made while faults could happen."""

    token: str
    scene: str
    variant: int
    storm: bool


@dataclass
class Books:
    """`promised` are the tokens of letters that are to begin an instance; `timed` the processes that the clock begins.

    `attempts` by token; `started` maps the tokens that were answered to instance ids. `yes` counts the engine's
    acknowledgements by id of task, external task or subscription; `no` its refusals, `silence` calls without an answer.
    `deeds` counts what was done, `clumsy` holds the external tasks fetched by hand, `strange` answers that should not
    be."""

    attempts: dict[str, Attempt] = field(default_factory=dict[str, Attempt])
    started: dict[str, str] = field(default_factory=dict[str, str])
    promised: set[str] = field(default_factory=set[str])
    timed: list[str] = field(default_factory=list[str])
    yes: Counter[str] = field(default_factory=Counter[str])
    no: Counter[str] = field(default_factory=Counter[str])
    silence: Counter[str] = field(default_factory=Counter[str])
    deeds: Counter[str] = field(default_factory=Counter[str])
    errors: Counter[str] = field(default_factory=Counter[str])
    faults: Counter[str] = field(default_factory=Counter[str])
    clumsy: list[str] = field(default_factory=list[str])
    strange: list[str] = field(default_factory=list[str])

    def note(self, error: EngineError) -> None:
        """Count an error by what it looks like."""
        kind = f"{type(error).__name__} {error.status} {error.type}".strip()
        self.errors[kind] += 1
        text = str(error)
        if error.status == 500 and not (text.startswith(_LATE) or text.endswith(_SUSPENDED) or _GONE in text):
            self.strange.append(f"{kind}: {error}"[:300])
