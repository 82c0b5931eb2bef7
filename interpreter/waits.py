"""Open waits: what an instance waits for. Waits are state; the shell and the read model only mirror them.

Every wait has `key` (unique in the instance, from the state's counter), `element` (key of the element instance that it
belongs to) and `node` (id of the flow node whose behaviour opened it; for a boundary or event-subprocess start event
that event's id, while `element` is the instance to which the subscription is attached).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeGuard

from interpreter.values import JsonValue, Millis, VariableValue


@dataclass(frozen=True, slots=True)
class JobWait:
    """Work for a Temporal activity. `kind` says whose: "service" (a user's worker, by `type`), "script", "decision",
    "connector", "async_before", "async_after", "listener", "data_store" (the engine's own). The input is read with
    `queries.job_input(state, wait)`."""

    key: int
    element: int
    node: str
    kind: str
    type: str
    retries: int = 3
    retry_after: tuple[Millis, ...] = ()  # pauses between attempts, in ms; the last one repeats
    priority: int = 0
    headers: dict[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    due: Millis | None = None  # not before
    flow: str | None = None  # async_before, async_after, listener: the sequence flow whose token the job holds
    suspended: bool = False  # held back by an operator


@dataclass(frozen=True, slots=True)
class TimerWait:
    """A timer. `repeats_left`: -1 without end, 0 last firing, n>0 more to come; `spec` is the resolved ISO/cron text
    for repetitions."""

    key: int
    element: int
    node: str
    due: Millis
    spec: str = ""
    repeats_left: int = 0
    purpose: str = "event"  # event | task_timeout | task_timeout:<index of the listener>
    suspended: bool = False  # held back by an operator


@dataclass(frozen=True, slots=True)
class UserTaskWait:
    """A human task. What people change of it lives in the read model's task row, unless the model has task listeners:
    then it comes here first, by `ChangeTask`. `delegation`: PENDING | RESOLVED."""

    key: int
    element: int
    node: str
    name: str = ""
    description: str | None = None
    assignee: str | None = None
    owner: str | None = None
    candidate_users: tuple[str, ...] = ()
    candidate_groups: tuple[str, ...] = ()
    due: Millis | None = None
    follow_up: Millis | None = None
    priority: int = 50
    form: dict[str, JsonValue] = field(
        default_factory=dict[str, JsonValue]
    )  # formKey | formRef(+binding, version) | formId ...
    delegation: str | None = None


@dataclass(frozen=True, slots=True)
class ExternalTaskWait:
    """A Camunda external task. Locks and attempts with retries left live in the read model; an exhausted one is an
    incident here."""

    key: int
    element: int
    node: str
    topic: str
    priority: int = 0
    retries: int | None = None
    headers: dict[str, JsonValue] = field(default_factory=dict[str, JsonValue])  # extension properties


@dataclass(frozen=True, slots=True)
class MessageWait:
    """A message subscription (catch event, receive task, boundary, event subprocess). `correlation_key` is None in
    Camunda 7 models (business key and variables are matched by the router)."""

    key: int
    element: int
    node: str
    name: str
    correlation_key: str | None = None
    interrupting: bool = True


@dataclass(frozen=True, slots=True)
class SignalWait:
    """A signal subscription."""

    key: int
    element: int
    node: str
    name: str
    interrupting: bool = True


@dataclass(frozen=True, slots=True)
class ConditionWait:
    """A conditional event; evaluated inside the engine whenever a visible variable changes. `depends_on`: only
    changes of these variables count (none: all); `on`: only these of create, update, delete (none: all); `index`:
    which event definition of the node."""

    key: int
    element: int
    node: str
    depends_on: tuple[str, ...] = ()
    on: tuple[str, ...] = ()
    index: int = 0


@dataclass(frozen=True, slots=True)
class ChildWait:
    """A called process instance. The child instance id is `ids.child_instance_id(parent, key)`."""

    key: int
    element: int
    node: str
    process_id: str
    binding: str = "latest"  # latest | deployment | version | versionTag
    version: str | None = None
    tenant: str | None = None
    business_key: str | None = None
    kind: str = "process"  # process | globalTask
    variables: dict[str, VariableValue] = field(default_factory=dict[str, VariableValue])  # what the child starts with
    outputs: str = "none"  # which of the child's variables the caller wants back: none | mapped | all
    compensation: dict[str, JsonValue] = field(
        default_factory=dict[str, JsonValue]
    )  # start the child with this in StartInstance.compensation; binding is then "definition", version its name
    caught: tuple[str, ...] = ("*",)  # start the child with this in StartInstance.caught


@dataclass(frozen=True, slots=True)
class OpenWait:
    """Something that only a command from outside can end and that has no other shape: a receive task without message,
    an ad-hoc subprocess waiting for activations."""

    key: int
    element: int
    node: str
    what: str


ASYNC_KINDS = ("async_before", "async_after")
"""Jobs of asynchronous continuations: nothing but a point at which all is durable."""


def holds_token(wait: Wait) -> TypeGuard[JobWait]:
    """Whether a job stands for a token of its scope: an asynchronous continuation, or a listener of a sequence flow."""
    return type(wait) is JobWait and (wait.kind in ASYNC_KINDS or wait.flow is not None)


Wait = (
    JobWait
    | TimerWait
    | UserTaskWait
    | ExternalTaskWait
    | MessageWait
    | SignalWait
    | ConditionWait
    | ChildWait
    | OpenWait
)


def job_name(wait: JobWait | TimerWait) -> str:
    """By what the jobs of a flow node are held back: its id, with a suffix for its timers (Camunda's job
    definition)."""
    return f"{wait.node}#timer" if isinstance(wait, TimerWait) else wait.node
