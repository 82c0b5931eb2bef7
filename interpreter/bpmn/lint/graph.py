"""A model as the rules look at it: scopes, flow nodes, flows by end, boundary events by host, triggers by event."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from interpreter.bpmn.document import BpmnDocument, Node
from interpreter.bpmn.metamodel import ELEMENTS, TYPES, bpmn_type, is_a
from interpreter.bpmn.namespaces import BPMN, split


def _tags_of(base: str) -> frozenset[str]:
    found: set[str] = set()
    for element in ELEMENTS.values():
        namespace, local = split(element.tag)
        if namespace == BPMN and is_a(element.type, base):
            found.add(local)
    return frozenset(found)


FLOW_NODES: Final = _tags_of("tFlowNode")
ACTIVITIES: Final = _tags_of("tActivity")
TASKS: Final = _tags_of("tTask")
GATEWAYS: Final = _tags_of("tGateway")
EVENTS: Final = _tags_of("tEvent")
CATCH_EVENTS: Final = _tags_of("tCatchEvent")
THROW_EVENTS: Final = _tags_of("tThrowEvent")
EVENT_DEFINITIONS: Final = _tags_of("tEventDefinition")
CHOREOGRAPHY_NODES: Final = _tags_of("tChoreographyActivity")
ITEM_AWARE: Final = frozenset(
    {"dataObject", "dataObjectReference", "dataStore", "dataStoreReference", "dataInput", "dataOutput", "property"}
)
SUBPROCESSES: Final = frozenset({"subProcess", "transaction", "adHocSubProcess"})
SCOPES: Final = SUBPROCESSES | {"process"}


def type_name(node: Node) -> str:
    """Name of the metamodel type of a global BPMN element, "" when it has none."""
    type_ = bpmn_type(node.tag) if node.is_bpmn else None
    return type_.name if type_ is not None else ""


def is_of(node: Node, base: str) -> bool:
    """Whether an element is of a metamodel type (or derived from it)."""
    name = type_name(node)
    return bool(name) and name in TYPES and is_a(name, base)


@dataclass(slots=True)
class Scope:
    """A process, subprocess or choreography with the nodes and flows directly in it."""

    node: Node
    outer: Scope | None
    executable: bool
    nodes: list[Node] = field(default_factory=list[Node])
    flows: list[Node] = field(default_factory=list[Node])
    inner: list[Scope] = field(default_factory=list["Scope"])

    @property
    def is_event_subprocess(self) -> bool:
        return self.node.boolean("triggeredByEvent")

    @property
    def event_subprocess_starts(self) -> list[Node]:
        """Start events of the event subprocesses directly in this scope."""
        return [start for inner in self.inner if inner.is_event_subprocess for start in inner.of("startEvent")]

    @property
    def is_process(self) -> bool:
        return self.node.tag == "process"

    def of(self, *tags: str) -> list[Node]:
        """Nodes of these kinds."""
        return [node for node in self.nodes if node.tag in tags]


class Graph:
    """See the module's text. Built in one pass; rules only read it."""

    def __init__(self, document: BpmnDocument) -> None:
        self.document = document
        self.scopes: list[Scope] = []
        self.scope_of: dict[Node, Scope] = {}
        self.incoming: dict[Node, list[Node]] = {}
        self.outgoing: dict[Node, list[Node]] = {}
        self.source: dict[Node, Node] = {}
        self.target: dict[Node, Node] = {}
        self.boundaries: dict[Node, list[Node]] = {}
        self.host: dict[Node, Node] = {}
        self.handlers: dict[Node, list[Node]] = {}
        self._definitions: dict[Node, list[Node]] = {}
        for process in document.processes():
            self._scope(process, None, process.boolean("isExecutable"))
        for scope in self.scopes:
            self._connect(scope)

    # -- reading

    def nodes(self, *tags: str) -> Iterator[tuple[Scope, Node]]:
        """Flow nodes of all scopes, or those of these kinds, with their scope."""
        for scope in self.scopes:
            for node in scope.nodes:
                if not tags or node.tag in tags:
                    yield scope, node

    def inflows(self, node: Node) -> list[Node]:
        return self.incoming.get(node, [])

    def outflows(self, node: Node) -> list[Node]:
        return self.outgoing.get(node, [])

    def definitions(self, event: Node) -> list[Node]:
        """Event definitions of an event, those that it refers to included."""
        found = self._definitions.get(event)
        if found is None:
            found = [child for child in event.children() if child.tag in EVENT_DEFINITIONS]
            found += [node for node in event.refs("eventDefinitionRef") if node.tag in EVENT_DEFINITIONS]
            self._definitions[event] = found
        return found

    def triggers(self, event: Node) -> list[str]:
        """Kinds of an event's definitions, such as ``["timer", "message"]``."""
        return [trigger(definition) for definition in self.definitions(event)]

    def is_compensation_handler(self, node: Node) -> bool:
        return node.boolean("isForCompensation")

    def is_link(self, node: Node) -> bool:
        return "link" in self.triggers(node)

    def is_event_subprocess(self, node: Node) -> bool:
        return node.tag in SUBPROCESSES and node.boolean("triggeredByEvent")

    # -- building

    def _scope(self, node: Node, outer: Scope | None, executable: bool) -> None:
        scope = Scope(node, outer, executable)
        self.scopes.append(scope)
        if outer is not None:
            outer.inner.append(scope)
        inner: list[Node] = []
        for child in node.children():
            if child.tag == "sequenceFlow":
                scope.flows.append(child)
            elif child.tag in FLOW_NODES:
                scope.nodes.append(child)
                self.scope_of[child] = scope
                if child.tag in SUBPROCESSES:
                    inner.append(child)
        for child in inner:
            self._scope(child, scope, executable)

    def _connect(self, scope: Scope) -> None:
        for flow in scope.flows:
            source, target = flow.ref("sourceRef"), flow.ref("targetRef")
            if source is not None and source.tag in FLOW_NODES:
                self.source[flow] = source
                self.outgoing.setdefault(source, []).append(flow)
            if target is not None and target.tag in FLOW_NODES:
                self.target[flow] = target
                self.incoming.setdefault(target, []).append(flow)
        for node in scope.nodes:
            if node.tag == "boundaryEvent":
                host = node.ref("attachedToRef")
                if host is not None:
                    self.host[node] = host
                    self.boundaries.setdefault(host, []).append(node)
        for association in scope.node.children("association"):
            source, target = association.ref("sourceRef"), association.ref("targetRef")
            if source is not None and target is not None and source.tag == "boundaryEvent":
                self.handlers.setdefault(source, []).append(target)


def trigger(definition: Node) -> str:
    """Kind of an event definition: ``timerEventDefinition`` is "timer"."""
    return definition.tag.removesuffix("EventDefinition")


def described(node: Node) -> str:
    """An element in a sentence: its kind and its id or name, quoted."""
    if node.id:
        return f"{node.tag} {node.id!r}"
    if node.name:
        return f"{node.tag} {node.name!r}"
    return f"{node.tag} without id"
