"""What the outside must know to talk to a running process instance: names, input and answers of the one workflow type.

The workflow id is the instance id. A caller starts `BpmnProcess` with a `ProcessInput`, sends commands
(`interpreter.commands`, as JSON of `interpreter.codec`) through the update `execute`, and asks the read-only queries.
`interpreter.workflow.client` does this over a Temporal client; this module imports nothing heavy.

    start + update `started`  -> Answer at the first wait state (after its confirmed flush) or at the end
    update `execute`          -> Answer after the confirmed flush of the command's step; or failure of type REJECTION
    signal `deliver`          -> the same commands without an answer (what no longer fits is dropped)
    query `state`             -> {"instance_id", "sequence", "ended", "suspended", "elements", "waits", "incidents"}
    query `variables`         -> [element key | None, local] -> {name: value in codec form}
    query `explain`           -> why each token waits and what would release it
    query `answered`          -> [update id] -> the answer that this update got, null if it was not executed (lately)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

WORKFLOW_TYPE: Final = "BpmnProcess"
TIMER_START_TYPE: Final = "TimerStart"
TASK_QUEUE: Final = "ostinato"
"""Where the engine's own workflow and activities are polled for."""
JOB_TASK_QUEUE: Final = "ostinato-jobs"
"""Where activities of service tasks are scheduled unless the task says otherwise."""

UPDATE_EXECUTE: Final = "execute"
UPDATE_STARTED: Final = "started"
SIGNAL_DELIVER: Final = "deliver"
QUERY_STATE: Final = "state"
QUERY_VARIABLES: Final = "variables"
QUERY_EXPLAIN: Final = "explain"
QUERY_ANSWERED: Final = "answered"

ACTIVITY_FLUSH: Final = "ostinato.flush"
"""Local activity: write a batch of events to the read model."""
ACTIVITY_EFFECT: Final = "ostinato.effect"
ACTIVITY_DECISION: Final = "ostinato.decision"
ACTIVITY_SCRIPT: Final = "ostinato.script"
ACTIVITY_CONNECTOR: Final = "ostinato.connector"
ACTIVITY_READ_STORES: Final = "ostinato.read-stores"
ACTIVITY_RESOLVE_CHILD: Final = "ostinato.resolve-child"
ACTIVITY_START_BY_TIMER: Final = "ostinato.start-by-timer"
ACTIVITY_WATCH_CHILD: Final = "ostinato.watch-child"

REJECTION: Final = "Rejection"
"""Type of the ApplicationError of a refused command; details are [code, message]."""
BPMN_ERROR: Final = "BpmnError"
"""Type of the ApplicationError with which a job's activity raises a modelled error; details are [code, message,
variables]."""
BPMN_ESCALATION: Final = "BpmnEscalation"
"""Likewise for an escalation; details are [code, variables]."""

MAX_UPDATES_IN_FLIGHT: Final = 8
"""Temporal accepts 10 unfinished updates per workflow; callers in one process stay below."""


def _no_meta() -> dict[str, Any]:
    return {}


@dataclass(frozen=True, slots=True)
class ProcessInput:
    """Argument of the workflow.

    `command` is the StartInstance command as JSON (without `now`: the workflow's clock counts). `meta` is what the
    read model stores with the instance and the engine does not need (definition key, name, version, tag, deployment,
    tenant ...). `carried` is the state that an earlier run left behind; then `command` is None. `options` are for
    tests and operations (see `shell.Options`). `traces`: silent steps leave something in the history from the start on
    (see `traces`); instances of before decide it by a patch.
    """

    definition_hash: str
    definition_id: str
    command: dict[str, Any] | None = None
    meta: dict[str, Any] = field(default_factory=_no_meta)
    carried: dict[str, Any] | None = None
    options: dict[str, Any] = field(default_factory=_no_meta)
    traces: bool = True

    def to_json(self) -> dict[str, Any]:
        """JSON form; `from_json` reads it back."""
        return {
            "definition_hash": self.definition_hash,
            "definition_id": self.definition_id,
            "command": self.command,
            "meta": self.meta,
            "carried": self.carried,
            "options": self.options,
            "traces": self.traces,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> ProcessInput:
        """Read `to_json`'s form; fields that a newer release added may be absent. ValueError names what is missing."""
        try:
            return cls(
                definition_hash=data["definition_hash"],
                definition_id=data["definition_id"],
                command=data.get("command"),
                meta=data.get("meta") or {},
                carried=data.get("carried"),
                options=data.get("options") or {},
                traces=bool(data.get("traces")),
            )
        except KeyError as missing:
            raise ValueError(f"Expected the workflow's input to have {missing} but it has not.") from None


@dataclass(frozen=True, slots=True)
class Answer:
    """What an instance answers: the last event number that the read model has, and whether the instance is over."""

    sequence: int
    ended: bool = False

    def to_json(self) -> dict[str, Any]:
        """JSON form, as the updates return it."""
        return {"sequence": self.sequence, "ended": self.ended, "rejection": None}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Answer:
        """Read `to_json`'s form."""
        return cls(sequence=int(data["sequence"]), ended=bool(data.get("ended")))
