"""A fluent builder: BPMN models written as one reads them, with valid XML and a drawn diagram as the result.

    model = (
        bpmn("order")
        .start()
        .user_task("approve", candidate_groups="sales")
        .exclusive("approved?")
        .when("= approved").service_task("ship", type="ship").end("shipped")
        .otherwise().end("rejected")
    )
    model.xml()

The builder has a *cursor*: the node that the next one is connected to. An end event closes the path; ``when``,
``otherwise`` and ``branch`` go back to the last gateway, ``at(id)`` to any node, ``apart()`` begins an unconnected
path, ``subprocess`` enters a scope and ``up`` leaves it. The full list of methods is in docs/bpmn-model.md.

Ids are those given; a text that is no XML id becomes the name and its slug the id. Made-up ids depend on nothing but
the order of calls: ``start``, ``end``, ``end_2`` ..., flows ``<source>-<target>``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Self

from interpreter.bpmn import parts
from interpreter.bpmn.assembly import assemble
from interpreter.bpmn.contents import Contents, Flow, Scope
from interpreter.bpmn.document import BpmnDocument, parse_bpmn
from interpreter.bpmn.parts import BuilderError, El, Trigger, camel, el, formal, literal, slug

__all__ = ["Builder", "BuilderError", "bpmn", "el"]

_GATEWAYS: Final = frozenset(
    {"exclusiveGateway", "parallelGateway", "inclusiveGateway", "complexGateway", "eventBasedGateway"}
)


def bpmn(id: str = "process", *, name: str | None = None, executable: bool = True, **options: Any) -> Builder:
    """Begins a model with one process. ``options`` are the process's attributes (``version_tag``,
    ``history_time_to_live`` ...) and children (``ext``, ``children``, ``documentation``)."""
    return Builder().process(id, name=name, executable=executable, **options)


class Builder(Contents):
    """See the module's text. Every method returns the builder unless it says otherwise."""

    # -- result

    def document(self) -> BpmnDocument:
        """The model as a document, as if it had been read."""
        return parse_bpmn(self.xml(), name="built")

    def xml(self) -> bytes:
        """The model as a BPMN 2.0 file with a laid-out diagram."""
        return assemble(self.definitions, self.namespaces)

    # -- scopes

    def process(self, id: str, *, name: str | None = None, executable: bool = True, **options: Any) -> Self:
        """Begins another process of the same file."""
        element = self.definitions.add(El("process", self._identity("process", id, name)))
        element.attrs["isExecutable"] = literal(executable)
        self._register(element)
        self._options(element, options)
        self._scope = Scope(element, None)
        self.processes.append(self._scope)
        return self

    def subprocess(self, id: str | None = None, **options: Any) -> Self:
        """Adds an embedded subprocess after the cursor and enters it."""
        return self._enter("subProcess", id, options)

    def transaction(self, id: str | None = None, **options: Any) -> Self:
        """Adds a transaction and enters it."""
        return self._enter("transaction", id, options)

    def adhoc(
        self,
        id: str | None = None,
        *,
        until: str | None = None,
        ordering: str | None = None,
        cancel_remaining: bool | None = None,
        **options: Any,
    ) -> Self:
        """Adds an ad-hoc subprocess and enters it; ``until`` is its completion condition."""
        children = list(options.pop("children", ()))
        if until is not None:
            children.append(formal("completionCondition", until))
        if ordering is not None:
            options["ordering"] = ordering
        if cancel_remaining is not None:
            options["cancel_remaining_instances"] = cancel_remaining
        return self._enter("adHocSubProcess", id, {**options, "children": children})

    def event_subprocess(self, id: str | None = None, **options: Any) -> Self:
        """Adds an event subprocess to the current scope, unconnected, and enters it; begin with ``start(...)``."""
        scope = self._current()
        resume = (scope.cursor, scope.closed)
        self.apart()
        self._enter("subProcess", id, {**options, "triggered_by_event": True})
        self._current().resume = resume
        return self

    def up(self) -> Self:
        """Leaves the current subprocess; the cursor is then at it (after an event subprocess: where it was before)."""
        scope = self._current()
        outer = scope.outer
        if outer is None:
            raise BuilderError("Expected to be inside a subprocess but this is the process itself.")
        self._scope = outer
        if scope.element.attrs.get("triggeredByEvent") == "true":
            outer.cursor, outer.closed = scope.resume
        else:
            outer.cursor, outer.closed = scope.element.attrs["id"], False
        return self

    # -- events

    def start(self, id: str | None = None, *, interrupting: bool = True, **options: Any) -> Self:
        """Adds a start event, unconnected. Triggers: see :meth:`catch`. ``interrupting`` is for event subprocesses."""
        if not interrupting:
            options["is_interrupting"] = False
        self.apart()
        return self._event("startEvent", id or self._free("start"), options)

    def end(self, id: str | None = None, **options: Any) -> Self:
        """Adds an end event and closes the path. Triggers: ``message signal error escalation compensation cancel
        terminate``; see :meth:`catch`."""
        self._event("endEvent", id or self._free("end"), options)
        self._current().closed = True
        return self

    def catch(self, id: str | None = None, **options: Any) -> Self:
        """Adds an intermediate catch event. Triggers by keyword: ``timer="PT1H"``, ``message="name"``,
        ``signal="name"``, ``error="code"`` (True: any), ``escalation="code"``, ``condition="= x"``, ``link="name"``,
        ``compensation=True``, ``cancel=True``, ``terminate=True``; a value may be a :class:`Trigger` of
        :mod:`interpreter.bpmn.parts`; ``events=[...]`` gives several. A link catch begins an unconnected path."""
        if "link" in options:
            self.apart()
        return self._event("intermediateCatchEvent", id or self._free("catch"), options)

    def throw(self, id: str | None = None, **options: Any) -> Self:
        """Adds an intermediate throw event; a link throw closes the path."""
        self._event("intermediateThrowEvent", id or self._free("throw"), options)
        if "link" in options:
            self._current().closed = True
        return self

    def boundary(
        self, id: str | None = None, *, on: str | None = None, interrupting: bool = True, **options: Any
    ) -> Self:
        """Attaches a boundary event to the cursor's node (or ``on``) and goes to it; :meth:`back` returns."""
        scope = self._current()
        host = on or scope.cursor
        if host is None or host not in scope.nodes:
            raise BuilderError(f"Expected a node of this scope to attach a boundary event to but was {host!r}.")
        scope.hosts.append(host)
        if not interrupting:
            options["cancel_activity"] = False
        options["attrs"] = {"attachedToRef": host, **dict(options.get("attrs") or {})}
        self.apart()
        return self._event("boundaryEvent", id or self._free(f"{host}_boundary"), options)

    def back(self) -> Self:
        """Returns to the host of the last boundary event."""
        scope = self._current()
        if not scope.hosts:
            raise BuilderError("Expected a boundary event before but there is none in this scope.")
        return self.at(scope.hosts.pop())

    def handler(self, kind: str, id: str, **options: Any) -> Self:
        """Adds a compensation handler (``kind`` such as ``service_task``) for the boundary event at the cursor, and
        returns to the host."""
        scope = self._current()
        boundary = scope.cursor
        if boundary is None or scope.nodes[boundary].tag != "boundaryEvent":
            raise BuilderError(f"Expected to be at a compensation boundary event but was at {boundary!r}.")
        self.apart()
        self.node(camel(kind), id, is_for_compensation=True, **options)
        made = scope.cursor
        assert made is not None
        scope.element.add(
            el(
                "association",
                id=self._free(f"{boundary}-{made}"),
                associationDirection="One",
                sourceRef=boundary,
                targetRef=made,
            )
        )
        return self.back()

    # -- activities

    def task(self, id: str | None = None, **options: Any) -> Self:
        return self.node("task", id, **options)

    def manual_task(self, id: str | None = None, **options: Any) -> Self:
        return self.node("manualTask", id, **options)

    def user_task(self, id: str | None = None, **options: Any) -> Self:
        return self.node("userTask", id, **options)

    def service_task(self, id: str | None = None, **options: Any) -> Self:
        return self.node("serviceTask", id, **options)

    def send_task(self, id: str | None = None, *, message: str | None = None, **options: Any) -> Self:
        return self._message_task("sendTask", id, message, options)

    def receive_task(self, id: str | None = None, *, message: str | None = None, **options: Any) -> Self:
        return self._message_task("receiveTask", id, message, options)

    def script_task(
        self, id: str | None = None, script: str | None = None, *, format: str | None = None, **options: Any
    ) -> Self:
        """A script task; ``format`` is the scriptFormat (``feel``, ``javascript`` ...)."""
        children = list(options.pop("children", ()))
        if script is not None:
            children.append(El("script", text=script))
        if format is not None:
            options["script_format"] = format
        return self.node("scriptTask", id, children=children, **options)

    def business_rule_task(self, id: str | None = None, *, decision: str | None = None, **options: Any) -> Self:
        """``decision`` is the decision's id (camunda:decisionRef)."""
        if decision is not None:
            options["decision_ref"] = decision
        return self.node("businessRuleTask", id, **options)

    def call_activity(self, id: str | None = None, called: str | None = None, **options: Any) -> Self:
        """Calls the process ``called``; ``ins``/``outs`` map variables, ``business_key`` passes a key."""
        key = options.pop("business_key", None)
        ext = list(options.pop("ext", ()))
        if key is not None:
            ext.append(el("camunda:in", businessKey=key))
        if called is not None:
            options["called_element"] = called
        return self.node("callActivity", id, ext=ext, **options)

    # -- gateways

    def exclusive(self, id: str | None = None, **options: Any) -> Self:
        return self.node("exclusiveGateway", id, **options)

    def parallel(self, id: str | None = None, **options: Any) -> Self:
        return self.node("parallelGateway", id, **options)

    def inclusive(self, id: str | None = None, **options: Any) -> Self:
        return self.node("inclusiveGateway", id, **options)

    def complex(self, id: str | None = None, *, activation: str | None = None, **options: Any) -> Self:
        """``activation`` is the activation condition (over ``activationCount``)."""
        children = list(options.pop("children", ()))
        if activation is not None:
            children.append(formal("activationCondition", activation))
        return self.node("complexGateway", id, children=children, **options)

    def event_based(
        self, id: str | None = None, *, all: bool = False, instantiate: bool = False, **options: Any
    ) -> Self:
        """The first of the following events wins; with ``all``, all must happen (only with ``instantiate``)."""
        if all:
            options["event_gateway_type"] = "Parallel"
        if instantiate:
            options["instantiate"] = True
        return self.node("eventBasedGateway", id, **options)

    # -- flows

    def when(self, condition: str, *, at: str | None = None, language: str | None = None, **options: Any) -> Self:
        """A conditional flow out of the last gateway (or the node ``at``)."""
        flow = self._branch(at, options)
        flow.add(formal("conditionExpression", condition, language=language))
        return self

    def otherwise(self, *, at: str | None = None, **options: Any) -> Self:
        """The default flow of the last gateway (or the node ``at``), which is thereby finished."""
        self._branch(at, options).attrs["#default"] = "true"
        scope = self._current()
        if scope.cursor in scope.forks:
            scope.forks.remove(scope.cursor)
        return self

    def branch(self, at: str | None = None, **options: Any) -> Self:
        """An unconditional flow out of the last gateway (or the node ``at``)."""
        self._branch(at, options)
        return self

    def to(self, target: str, **options: Any) -> Self:
        """Connects the cursor to a node of the same scope, which may come later, and closes the path."""
        self._connect(target, options)
        self._current().closed = True
        return self

    def at(self, id: str) -> Self:
        """Goes to a node of the current scope."""
        scope = self._current()
        if id not in scope.nodes:
            raise BuilderError(f"Expected a node of scope {scope.element.attrs['id']!r} but was {id!r}.")
        scope.cursor, scope.closed, scope.pending = id, False, None
        return self

    def apart(self) -> Self:
        """Begins an unconnected path."""
        scope = self._current()
        scope.cursor, scope.closed, scope.pending = None, False, None
        return self

    # -- any node

    def node(self, tag: str, id: str | None = None, **options: Any) -> Self:
        """Adds a flow node of any kind after the cursor."""
        scope = self._current()
        element = El(tag, self._identity(tag, id, options.pop("name", None)))
        flow_options = {key[5:]: options.pop(key) for key in list(options) if key.startswith("flow_")}
        self._options(element, options)
        self._add(scope, element, flow_options)
        return self

    # -- inside

    def _add(self, scope: Scope, element: El, flow_options: Mapping[str, Any]) -> None:
        self._register(element)
        id = element.attrs["id"]
        if scope.closed:
            raise BuilderError(
                f"Expected an open path before {id!r} but {scope.cursor!r} has ended it; use when, branch, at or apart."
            )
        if scope.cursor is not None:
            self._connect(id, flow_options)
        scope.nodes[id] = element
        scope.element.add(element)
        scope.cursor, scope.closed, scope.pending = id, False, None

    def _connect(self, target: str, options: Mapping[str, Any]) -> None:
        scope = self._current()
        source = scope.cursor
        if source is None or scope.closed:
            raise BuilderError(f"Expected an open path to connect to {target!r} but there is none.")
        flow = scope.pending or El("sequenceFlow")
        scope.pending = None
        chosen = dict(options)
        id = flow.attrs.pop("#id", None) or chosen.pop("id", None)
        flow.attrs = {"id": id or self._free_flow(source, target), **flow.attrs}
        name = chosen.pop("name", None)
        if name is not None:
            flow.attrs["name"] = str(name)
        self._options(flow, chosen)
        self._register(flow)
        flow.attrs["sourceRef"], flow.attrs["targetRef"] = source, target
        if flow.attrs.pop("#default", None) is not None:
            scope.nodes[source].attrs["default"] = flow.attrs["id"]
        scope.flows.append(Flow(flow, source, target))
        scope.element.add(flow)

    def _free_flow(self, source: str, target: str) -> str:
        base, number = f"{source}-{target}", 1
        candidate = base
        while candidate in self._ids:
            number += 1
            candidate = f"{base}-{number}"
        return candidate

    def _branch(self, at: str | None, options: Mapping[str, Any]) -> El:
        scope = self._current()
        if at is not None:
            self.at(at)
            if at not in scope.forks:
                scope.forks.append(at)
        else:
            cursor = scope.cursor
            fresh = (
                cursor is not None
                and not scope.closed
                and scope.nodes[cursor].tag != "endEvent"
                and not any(flow.source == cursor for flow in scope.flows)
                and (scope.nodes[cursor].tag in _GATEWAYS or not scope.forks)
            )
            if fresh and cursor is not None:
                scope.forks.append(cursor)
            if not scope.forks:
                raise BuilderError("Expected a gateway before a branch but there is none open; name the node with at=.")
            self.at(scope.forks[-1])
        flow = El("sequenceFlow")
        chosen = dict(options)
        if "id" in chosen:
            flow.attrs["#id"] = str(chosen.pop("id"))
        if "name" in chosen:
            flow.attrs["name"] = str(chosen.pop("name"))
        self._options(flow, chosen)
        scope.pending = flow
        return flow

    def _enter(self, tag: str, id: str | None, options: dict[str, Any]) -> Self:
        outer = self._current()
        self.node(tag, id, **options)
        assert outer.cursor is not None
        element = outer.nodes[outer.cursor]
        self._scope = Scope(element, outer)
        return self

    def _message_task(self, tag: str, id: str | None, message: str | None, options: dict[str, Any]) -> Self:
        attrs = dict(options.pop("attrs", None) or {})
        if message is not None:
            attrs["messageRef"] = self._declare("message", message, _correlation(options))
        return self.node(tag, id, attrs=attrs, **options)

    def _event(self, tag: str, id: str, options: dict[str, Any]) -> Self:
        chosen: list[Trigger] = list(options.pop("events", ()))
        correlation = _correlation(options)
        for keyword, make in _TRIGGERS.items():
            value = options.pop(keyword, None)
            if value is None or value is False:
                continue
            trigger = value if isinstance(value, Trigger) else make(None if value is True else value)
            chosen.append(trigger)
        children = list(options.pop("children", ()))
        for trigger in chosen:
            definition = trigger.element(lambda kind, name, given: self._declare(kind, name, {**correlation, **given}))
            definition.attrs.setdefault("id", self._free(f"{slug(id)}_{definition.tag[: -len('EventDefinition')]}"))
            self._register(definition)
            children.append(definition)
        return self.node(tag, id, children=children, **options)


def _correlation(options: dict[str, Any]) -> dict[str, str]:
    key = options.pop("correlation_key", None)
    return {} if key is None else {"#correlationKey": str(key)}


_TRIGGERS: Final[dict[str, Callable[[Any], Trigger]]] = {
    "timer": parts.timer,
    "message": parts.message,
    "signal": parts.signal,
    "error": parts.error,
    "escalation": parts.escalation,
    "condition": parts.condition,
    "link": parts.link,
    "compensation": parts.compensation,
    "cancel": lambda _value: parts.cancel(),
    "terminate": lambda _value: parts.terminate(),
}
