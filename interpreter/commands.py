"""Commands: what may be asked of a process instance. Imperative; each is answered by events or by a `Rejection`.

`now` is the caller's clock in ms since the epoch; the engine has none. `wait` is the key of an open wait.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from interpreter.values import JsonValue, Millis, VariableValue

Variables = dict[str, VariableValue]


def _no_variables() -> Variables:
    return {}


@dataclass(frozen=True, slots=True)
class StartInstance:
    """Start at the none start event, at `start_node` (message, signal, timer, conditional start or instantiating
    element), or by `instructions` (Camunda's startInstructions: same shape as `ModifyInstance`)."""

    now: Millis
    instance_id: str
    variables: Variables = field(default_factory=_no_variables)
    business_key: str | None = None
    start_node: str | None = None
    initiator: str | None = None
    tenant: str | None = None
    parent_id: str | None = None  # the calling instance
    root_id: str | None = None
    instructions: tuple[ModificationInstruction, ...] = ()
    compensation: dict[str, JsonValue] = field(default_factory=dict[str, JsonValue])  # undo this, then end
    start_trigger: int = (
        0  # which event definition of a parallel multiple start event happened; the others are waited for
    )
    suspended_jobs: tuple[str, ...] = ()  # names of jobs that are held back from the beginning
    caught: tuple[str, ...] = ("*",)  # codes of BPMN errors that a caller catches; "*": any, or it is not known


@dataclass(frozen=True, slots=True)
class CompleteWait:
    """Close a job, user task, external task or open wait with its result. `local_variables` stay in the element's own
    scope. `node`: where the caller saw the wait; one of this key at another node is not meant (rows of an attempt that
    was lost may have shown it)."""

    now: Millis
    wait: int
    variables: Variables = field(default_factory=_no_variables)
    local_variables: Variables = field(default_factory=_no_variables)
    result: JsonValue = None  # raw result of an engine job (script value, decision result)
    node: str | None = None


@dataclass(frozen=True, slots=True)
class FailWait:
    """Report a technical failure of a job or external task. `retries` left; at 0 an incident is raised."""

    now: Millis
    wait: int
    message: str
    details: str = ""
    retries: int = 0
    retry_at: Millis | None = None
    variables: Variables = field(default_factory=_no_variables)


@dataclass(frozen=True, slots=True)
class ThrowBpmnError:
    """A modelled error raised by whoever works on `wait`."""

    now: Millis
    wait: int
    code: str
    message: str = ""
    variables: Variables = field(default_factory=_no_variables)


@dataclass(frozen=True, slots=True)
class ThrowEscalation:
    """A modelled escalation raised by whoever works on `wait`."""

    now: Millis
    wait: int
    code: str
    variables: Variables = field(default_factory=_no_variables)


@dataclass(frozen=True, slots=True)
class FireTimer:
    now: Millis
    wait: int


@dataclass(frozen=True, slots=True)
class TriggerEvent:
    """Deliver a message or signal to the subscription `wait`."""

    now: Millis
    wait: int
    variables: Variables = field(default_factory=_no_variables)
    local_variables: Variables = field(default_factory=_no_variables)  # to the waiting execution
    triggered_scope_variables: Variables = field(default_factory=_no_variables)  # to the newly started handler scope
    message_id: str | None = None


@dataclass(frozen=True, slots=True)
class CompleteChild:
    """The called instance ended. `outcome`: completed | error (code, message) | cancelled."""

    now: Millis
    wait: int
    outcome: str
    variables: Variables = field(default_factory=_no_variables)
    code: str | None = None
    message: str = ""
    compensation: dict[str, JsonValue] = field(
        default_factory=dict[str, JsonValue]
    )  # `queries.compensation_of` the child
    definition: str | None = None  # what the starter calls the definition that ran, to find it again


@dataclass(frozen=True, slots=True)
class EscalateFromChild:
    """An escalation that the called instance did not catch; the child goes on unless the catcher interrupts."""

    now: Millis
    wait: int
    code: str
    variables: Variables = field(default_factory=_no_variables)


@dataclass(frozen=True, slots=True)
class SetVariables:
    """Set and remove variables at the element instance `element` (None: the process instance), with Camunda's scope
    rules; `local` writes exactly there. Conditional events are evaluated afterwards."""

    now: Millis
    variables: Variables = field(default_factory=_no_variables)
    removals: tuple[str, ...] = ()
    element: int | None = None
    local: bool = False


@dataclass(frozen=True, slots=True)
class CancelInstance:
    now: Millis
    reason: str = ""
    skip_listeners: bool = False
    skip_output_mappings: bool = False


@dataclass(frozen=True, slots=True)
class SuspendInstance:
    now: Millis


@dataclass(frozen=True, slots=True)
class ResumeInstance:
    now: Millis


@dataclass(frozen=True, slots=True)
class ModificationInstruction:
    """`type`: startBeforeActivity | startAfterActivity | startTransition | cancel (Camunda's names)."""

    type: str
    node: str | None = None
    flow: str | None = None
    element: int | None = None  # cancel: this element instance (None: all of `node`)
    ancestor: int | None = None
    variables: Variables = field(default_factory=_no_variables)
    local_variables: Variables = field(default_factory=_no_variables)


@dataclass(frozen=True, slots=True)
class ModifyInstance:
    now: Millis
    instructions: tuple[ModificationInstruction, ...]
    skip_listeners: bool = False
    skip_output_mappings: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class MigrationInstruction:
    source: str
    target: str
    update_event_trigger: bool = False


@dataclass(frozen=True, slots=True)
class MigrateInstance:
    """Continue on another definition; the caller passes that definition to `step` as `target`."""

    now: Millis
    target_hash: str
    instructions: tuple[MigrationInstruction, ...]
    variables: Variables = field(default_factory=_no_variables)


@dataclass(frozen=True, slots=True)
class ResolveIncident:
    """Try again what failed. For a job or external task `retries` gives it new attempts."""

    now: Millis
    incident: int
    retries: int = 1


@dataclass(frozen=True, slots=True)
class FailEffect:
    """An effect could not be performed: an incident of the flow node that threw it. `effect` is its JSON form, `id`
    what the receiving side knows it by."""

    now: Millis
    id: str
    effect: dict[str, JsonValue]
    node: str = ""
    message: str = ""
    details: str = ""


@dataclass(frozen=True, slots=True)
class ReportIncident:
    """An incident reported from outside (Camunda's POST /execution/{id}/create-incident, or the shell)."""

    now: Millis
    element: int
    type: str
    message: str = ""
    configuration: str | None = None


@dataclass(frozen=True, slots=True)
class ChangeWait:
    """Change an open wait: job or external task retries and priority, job or timer due date, whether a job or timer is
    held back. `recalculate_from`: the timer is read anew from the model, durations and cycles count from this instant.
    """

    now: Millis
    wait: int
    retries: int | None = None
    due: Millis | None = None
    priority: int | None = None
    suspended: bool | None = None
    recalculate_from: Millis | None = None


@dataclass(frozen=True, slots=True)
class SuspendJobs:
    """Hold back or let go jobs by their names (`waits.job_name`): those to come, and with `include` the open ones."""

    now: Millis
    names: tuple[str, ...]
    suspended: bool
    include: bool = False


@dataclass(frozen=True, slots=True)
class ChangeTask:
    """Change properties of an open user task. `action`: "" (set `changes`: name, description, assignee, owner,
    candidate_users, candidate_groups, due, follow_up, priority, delegation), or claim (only a free task, or one's own),
    delegate and resolve with Camunda 7's rules for owner and delegation state; `user` is the new assignee of claim and
    delegate. Task listeners run before the change holds."""

    now: Millis
    wait: int
    changes: dict[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    action: str = ""
    user: str | None = None


@dataclass(frozen=True, slots=True)
class ActivateAdHoc:
    """Start activities of an ad-hoc subprocess instance from outside."""

    now: Millis
    element: int
    nodes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Continue:
    """Go on with transitions that were parked by the step budget."""

    now: Millis


Command = (
    StartInstance
    | CompleteWait
    | FailWait
    | ThrowBpmnError
    | ThrowEscalation
    | FireTimer
    | TriggerEvent
    | CompleteChild
    | EscalateFromChild
    | SetVariables
    | CancelInstance
    | SuspendInstance
    | ResumeInstance
    | ModifyInstance
    | MigrateInstance
    | ResolveIncident
    | ReportIncident
    | FailEffect
    | ChangeWait
    | SuspendJobs
    | ChangeTask
    | ActivateAdHoc
    | Continue
)


@dataclass(frozen=True, slots=True)
class Rejection:
    """The command makes no sense in this state; nothing has changed. `code` is machine-readable (not_found,
    already_closed, suspended, ended, invalid), `message` one sentence "Expected <what> but <what was>"."""

    code: str
    message: str
