"""The executable form of a process: what `bpmn/compile.py` makes of a model and all that `step` needs of it.

JSON-able and content-addressed: `Definition.hash` is the SHA-256 of its canonical JSON, so that an instance can carry
the hash and any worker can load the same behaviour. Positions and drawings are not in it; names are.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from interpreter.codec import from_json, register, to_json
from interpreter.values import JsonValue

if TYPE_CHECKING:
    from interpreter.elements.behavior import Behavior

FORMAT = 1
"""Version of the JSON form."""


@dataclass(frozen=True, slots=True)
class Expression:
    """Something that yields a value. `language`: "literal" (`text` or `value` as it is), "feel", "juel", "list"
    (`parts`), "map" (`names` and `parts`), "variable" (its name), "null", or a script language that the engine does
    not run itself."""

    language: str
    text: str = ""
    value: JsonValue = None
    parts: tuple[Expression, ...] = ()
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Spec:
    """Base of what is particular to one kind of flow node, event definition or loop."""


@dataclass(frozen=True, slots=True)
class Mapping:
    """An input or output parameter: `source` is evaluated, `target` (a name, or a path `a.b`) is set."""

    target: str
    source: Expression


@dataclass(frozen=True, slots=True)
class Listener:
    """An execution or task listener. `event`: start, end, take, create, assignment, update, complete, delete,
    timeout, beforeAll. With a `job_type` it is a job; otherwise `expression` is evaluated in the engine. `dialect` of a
    job: "camunda" or "zeebe", by whose rules it runs ("" in what an earlier release compiled). `fields` are evaluated
    for the job (camunda:field), `headers` are handed over as they are."""

    event: str
    expression: Expression | None = None
    job_type: Expression | None = None
    retries: Expression | None = None
    timer: Spec | None = None
    dialect: str = ""
    headers: dict[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    fields: dict[str, Expression] = field(default_factory=dict[str, Expression])


@dataclass(frozen=True, slots=True)
class SequenceFlow:
    """`condition` is None on an unconditional flow."""

    id: str
    source: str
    target: str
    condition: Expression | None = None
    listeners: tuple[Listener, ...] = ()


@dataclass(eq=False, slots=True)
class FlowNode:
    """A flow node or the process itself (kind "process", the only node without a scope).

    `local_results`: what the work yields stays in the element instance until the output mappings take it out (Zeebe's
    rule). `declares`: names of its data objects and properties, variables of its own from the start. `kind` is the
    key of the behaviour table (elements/): the BPMN element name, with "eventSubProcess" apart. `scope` is the id of
    the enclosing process or subprocess. `triggers` are the event definitions in document order.
    """

    id: str
    kind: str
    name: str = ""
    scope: str | None = None
    activity_type: str = ""
    incoming: tuple[str, ...] = ()
    outgoing: tuple[str, ...] = ()
    default: str | None = None
    spec: Spec | None = None
    triggers: tuple[Spec, ...] = ()
    parallel_multiple: bool = False
    interrupting: bool = True
    attached_to: str | None = None
    boundary: tuple[str, ...] = ()
    loop: Spec | None = None
    inputs: tuple[Mapping, ...] = ()
    outputs: tuple[Mapping, ...] = ()
    local_results: bool = False
    data_inputs: tuple[Spec, ...] = ()
    data_outputs: tuple[Spec, ...] = ()
    declares: tuple[str, ...] = ()
    listeners: tuple[Listener, ...] = ()
    async_before: bool = False
    async_after: bool = False
    loop_async_before: bool = False
    loop_async_after: bool = False
    priority: Expression | None = None
    retry_cycle: Expression | None = None
    loop_retry_cycle: Expression | None = None
    for_compensation: bool = False
    compensation_handler: str | None = None
    start_quantity: int = 1
    completion_quantity: int = 1
    children: tuple[str, ...] = ()
    start_events: tuple[str, ...] = ()
    event_subprocesses: tuple[str, ...] = ()
    headers: dict[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    line: int = 0
    # linked by `Definition`, not part of the JSON form
    behavior: Behavior = field(init=False, repr=False)
    out: tuple[SequenceFlow, ...] = field(init=False, repr=False, default=())
    plain: bool = field(init=False, repr=False, default=False)
    has_joins: bool = field(init=False, repr=False, default=False)
    cancel_listeners: tuple[Listener, ...] = field(init=False, repr=False, default=())
    throws_late: bool = field(init=False, repr=False, default=False)

    @property
    def is_scope(self) -> bool:
        """Whether instances of it contain other element instances (subprocesses of all sorts and the process)."""
        return self.kind in SCOPE_KINDS


SCOPE_KINDS = frozenset({"process", "subProcess", "transaction", "adHocSubProcess", "eventSubProcess"})


@dataclass(frozen=True, slots=True)
class StartEvent:
    """A way to start the process. `type`: none, message, signal, timer, conditional; `name` is the resolved message
    or signal name; `spec` the timer's text (`kind`: timeDate, timeDuration, timeCycle) or the condition's text."""

    node: str
    type: str
    name: str = ""
    kind: str = ""
    spec: str = ""
    index: int = 0  # which event definition of the node
    instantiating: bool = False  # a receive task or event-based gateway rather than a start event
    conditions: dict[str, JsonValue] = field(default_factory=dict[str, JsonValue])


class Definition:
    """One executable process."""

    __slots__ = (
        "_hash",
        "bound",
        "data",
        "flows",
        "history_ttl",
        "name",
        "nodes",
        "process_id",
        "profile",
        "rules",
        "startable",
        "starts",
        "version_tag",
    )

    def __init__(
        self,
        process_id: str,
        nodes: dict[str, FlowNode],
        flows: dict[str, SequenceFlow],
        *,
        name: str = "",
        version_tag: str | None = None,
        profile: str = "c7",
        history_ttl: str | None = None,
        startable: bool = True,
        starts: tuple[StartEvent, ...] = (),
        data: dict[str, JsonValue] | None = None,
        rules: int = 1,
    ) -> None:
        self.process_id = process_id
        self.nodes = nodes
        self.flows = flows
        self.name = name
        self.version_tag = version_tag
        self.profile = profile
        self.rules = rules
        """The rule book (`features.RULES`) it was compiled with."""
        self.history_ttl = history_ttl
        self.startable = startable
        self.starts = starts
        self.data: dict[str, JsonValue] = data or {}
        """More about the process: candidateStarters, forms, data objects ... as JSON."""
        self.bound = False
        self._hash = ""
        for node in nodes.values():
            node.out = tuple([flows[f] for f in node.outgoing])
            node.has_joins = False
        for node in nodes.values():
            if node.kind in ("inclusiveGateway", "complexGateway") and node.scope is not None:
                nodes[node.scope].has_joins = True

    @property
    def root(self) -> FlowNode:
        """The process itself."""
        return self.nodes[self.process_id]

    @property
    def hash(self) -> str:
        """Content address: equal for equal behaviour and names."""
        if not self._hash:
            text = json.dumps(self._content(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
            self._hash = hashlib.sha256(text.encode()).hexdigest()
        return self._hash

    def parent_scope(self, node: str) -> FlowNode | None:
        """The process or subprocess that encloses `node`; None for the process."""
        scope = self.nodes[node].scope
        return None if scope is None else self.nodes[scope]

    def start_events(self) -> tuple[StartEvent, ...]:
        """All ways to start the process, in document order."""
        return self.starts

    def ancestors(self, node: str) -> Iterator[FlowNode]:
        """The scopes around `node`, innermost first."""
        scope = self.nodes[node].scope
        while scope is not None:
            found = self.nodes[scope]
            yield found
            scope = found.scope

    def _content(self) -> dict[str, Any]:
        rules = {} if self.rules == 1 else {"rules": self.rules}
        return {
            "format": FORMAT,
            **rules,
            "process_id": self.process_id,
            "name": self.name,
            "version_tag": self.version_tag,
            "profile": self.profile,
            "history_ttl": self.history_ttl,
            "startable": self.startable,
            "starts": [to_json(s) for s in self.starts],
            "data": self.data,
            "nodes": [_node_to_json(n) for n in self.nodes.values()],
            "flows": [to_json(f) for f in self.flows.values()],
        }


def dump_definition(definition: Definition) -> dict[str, Any]:
    """The JSON form, with its hash."""
    return {"hash": definition.hash, **definition._content()}  # pyright: ignore[reportPrivateUsage] same module


def load_definition(data: dict[str, Any]) -> Definition:
    """The definition whose JSON form `data` is; ValueError when it is of another format."""
    import interpreter.elements.table  # noqa: F401  # pyright: ignore[reportUnusedImport]  registers all specs

    if data.get("format") != FORMAT:
        raise ValueError(f"Expected a definition of format {FORMAT} but it was {data.get('format')!r}.")
    nodes: dict[str, FlowNode] = {n["id"]: from_json(n) for n in data["nodes"]}
    flows: dict[str, SequenceFlow] = {f["id"]: from_json(f) for f in data["flows"]}
    return Definition(
        data["process_id"],
        nodes,
        flows,
        name=data["name"],
        version_tag=data["version_tag"],
        profile=data["profile"],
        history_ttl=data["history_ttl"],
        startable=data["startable"],
        starts=tuple([from_json(s) for s in data["starts"]]),
        data=data["data"],
        rules=data.get("rules", 1),
    )


def _node_to_json(node: FlowNode) -> dict[str, Any]:
    return to_json(node)


register(Expression, Mapping, Listener, Spec, SequenceFlow, FlowNode, StartEvent)
