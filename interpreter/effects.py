"""Effects: what a step asks of the outside that is not a wait. The shell performs each once, after the step's
events."""

from __future__ import annotations

from dataclasses import dataclass, field

from interpreter.commands import Variables
from interpreter.values import JsonValue


@dataclass(frozen=True, slots=True)
class BroadcastSignal:
    """Deliver a signal to every subscriber and start event."""

    name: str
    variables: Variables = field(default_factory=dict[str, object])
    business_key: str | None = None
    node: str = ""
    own: tuple[int, ...] = ()  # thrown asynchronously: subscriptions of the thrower itself that are still to be served


@dataclass(frozen=True, slots=True)
class PublishMessage:
    """Send a message (throw or end event, send task without other implementation) to one receiver, buffered for `ttl`
    ms."""

    name: str
    correlation_key: str | None = None
    variables: Variables = field(default_factory=dict[str, object])
    ttl: int = 0
    message_id: str | None = None
    node: str = ""


@dataclass(frozen=True, slots=True)
class EscalateToParent:
    """An escalation that this instance did not catch goes to the calling instance."""

    code: str
    variables: Variables = field(default_factory=dict[str, object])


@dataclass(frozen=True, slots=True)
class CompensateChild:
    """Compensate inside an already completed called instance (`instance_id`)."""

    instance_id: str
    wait: int


@dataclass(frozen=True, slots=True)
class WriteDataStore:
    """Write a value (its JSON form) to a data store, which all instances of a tenant share."""

    name: str
    value: object
    node: str = ""


@dataclass(frozen=True, slots=True)
class RunListener:
    """Have a listener's job done for which nobody waits: of an element instance that was cancelled, with the variables
    that it saw. `element` is its key, `node` its flow node, `retries` how often the job is tried."""

    type: str
    node: str
    element: int
    retries: int = 3
    headers: dict[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    variables: Variables = field(default_factory=dict[str, object])


@dataclass(frozen=True, slots=True)
class RepeatEffect:
    """Perform an effect (its JSON form) that failed before, under the id that it had."""

    id: str
    effect: dict[str, JsonValue]


Effect = (
    RepeatEffect | RunListener | BroadcastSignal | PublishMessage | EscalateToParent | CompensateChild | WriteDataStore
)
