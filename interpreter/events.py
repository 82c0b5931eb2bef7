"""Events: what happened, in the past tense. `apply.apply(state, event)` is the only writer of state; the list of
events is the history, the audit trail, the feed of the read model and the time-travel log.

Element instances are named by `key`; key 1 is the process instance itself. `scope` is the key of the enclosing
element instance (flow scope). The envelope of a step (`step.Step`) carries the instant and the first sequence number:
event i of a step that starts at sequence n has number n + i.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from interpreter.values import JsonValue, Millis, VariableValue
from interpreter.waits import Wait


@dataclass(frozen=True, slots=True)
class InstanceStarted:
    instance_id: str
    process_id: str
    definition_hash: str
    business_key: str | None = None
    start_node: str | None = None
    initiator: str | None = None
    tenant: str | None = None
    parent_id: str | None = None
    root_id: str | None = None


@dataclass(frozen=True, slots=True)
class InstanceEnded:
    """`outcome`: completed | terminated (by the model: cancelled by its caller, uncaught error) | cancelled (from
    outside). `error_code` is set when an uncaught BPMN error goes to the caller."""

    outcome: str
    reason: str = ""
    error_code: str | None = None
    error_message: str = ""


@dataclass(frozen=True, slots=True)
class InstanceSuspended:
    pass


@dataclass(frozen=True, slots=True)
class InstanceResumed:
    pass


@dataclass(frozen=True, slots=True)
class InstanceMigrated:
    definition_hash: str
    process_id: str
    nodes: dict[str, str] = field(default_factory=dict[str, str])  # old flow node id -> new


@dataclass(frozen=True, slots=True)
class ElementActivated:
    """An element instance exists. `flow`: the sequence flow whose token it consumed (None: started otherwise);
    `joined`: the other flows of which a join consumed one token each. `multi`: "" | "body" (the multi-instance or
    loop body, Camunda's `#multiInstanceBody`) | "inner"."""

    key: int
    node: str
    scope: int
    flow: str | None = None
    multi: str = ""
    loop_counter: int | None = None
    joined: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ElementCompleted:
    """Left normally."""

    key: int
    node: str


@dataclass(frozen=True, slots=True)
class ElementTerminated:
    """Left otherwise. `reason`: cancelled | interrupted | terminated | error | merged ..."""

    key: int
    node: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SequenceFlowTaken:
    flow: str
    scope: int


@dataclass(frozen=True, slots=True)
class VariableSet:
    """`value` is what the variable now holds in element instance `scope` (JSON value or `Typed`); `created` when new
    there."""

    scope: int
    name: str
    value: VariableValue
    created: bool = False


@dataclass(frozen=True, slots=True)
class VariableRemoved:
    scope: int
    name: str


@dataclass(frozen=True, slots=True)
class WaitOpened:
    wait: Wait


@dataclass(frozen=True, slots=True)
class WaitChanged:
    """The wait with this key was replaced by `wait` (same key and kind): retries, due date, priority, error text."""

    wait: Wait
    message: str = ""


@dataclass(frozen=True, slots=True)
class WaitClosed:
    """`outcome`: completed | triggered | cancelled | error | failed ..."""

    key: int
    outcome: str = "completed"


@dataclass(frozen=True, slots=True)
class IncidentRaised:
    """`type`: failedJob | failedExternalTask | expression | condition | unhandledError | stepBudget | ... `wait`: the
    wait that failed, if any; `details` a longer text (stack); `resume` is the engine's own: the transition to try
    again."""

    key: int
    type: str
    message: str
    element: int
    node: str
    wait: int | None = None
    details: str = ""
    resume: tuple[JsonValue, ...] = ()


@dataclass(frozen=True, slots=True)
class IncidentResolved:
    key: int


@dataclass(frozen=True, slots=True)
class DecisionEvaluated:
    """A decision was taken inside the step or by a decision job; `trace` feeds Camunda's historic decision
    instances."""

    element: int
    node: str
    decision: str
    trace: dict[str, JsonValue] = field(default_factory=dict[str, JsonValue])


@dataclass(frozen=True, slots=True)
class CompensationSubscribed:
    """A completed activity can be compensated. `record` is the engine's own data (handler, snapshot)."""

    key: int
    node: str
    scope: int
    record: dict[str, JsonValue] = field(default_factory=dict[str, JsonValue])


@dataclass(frozen=True, slots=True)
class CompensationConsumed:
    key: int


@dataclass(frozen=True, slots=True)
class EngineNoted:
    """State that only the engine needs (parked transitions, join tokens, loop progress). Never projected."""

    what: str
    data: dict[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    at: Millis = 0


Event = (
    InstanceStarted
    | InstanceEnded
    | InstanceSuspended
    | InstanceResumed
    | InstanceMigrated
    | ElementActivated
    | ElementCompleted
    | ElementTerminated
    | SequenceFlowTaken
    | VariableSet
    | VariableRemoved
    | WaitOpened
    | WaitChanged
    | WaitClosed
    | IncidentRaised
    | IncidentResolved
    | DecisionEvaluated
    | CompensationSubscribed
    | CompensationConsumed
    | EngineNoted
)
