"""Embedded subprocess, event subprocess, transaction and the process itself (BPMN 2.0.2, 10.3.5, 13.3.4): scopes.

A scope starts at its none start event, or, without start events, at every node that nothing leads to (13.3.4). It
completes when it has neither tokens nor running activities nor running event subprocesses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from interpreter import events as ev
from interpreter import lifecycle, reported
from interpreter.definition import FlowNode
from interpreter.elements.behavior import Behavior
from interpreter.features import LISTENER_JOBS

if TYPE_CHECKING:
    from interpreter.machine import Machine
    from interpreter.state import Element


def entries(m: Machine, node: FlowNode) -> list[str]:
    """Where a scope starts."""
    if node.start_events:
        return [s for s in node.start_events if not m.nodes[s].triggers] or list(node.start_events[:1])
    return [
        c
        for c in node.children
        if not m.nodes[c].incoming
        and m.nodes[c].kind not in ("boundaryEvent", "eventSubProcess")
        and not m.nodes[c].for_compensation
        and not _is_link_target(m.nodes[c])
    ]


def held_entry(m: Machine) -> str | None:
    """Where the instance will begin, if the job of a listener of the process holds it before: readers of the log want
    to know."""
    root = m.definition.root
    if not any(x.job_type is not None for x in root.listeners) or not m.state.has(LISTENER_JOBS):
        return None
    return next(iter(entries(m, root)), None)


def _is_link_target(node: FlowNode) -> bool:
    from interpreter.triggers.link import LinkSpec

    return node.kind == "intermediateCatchEvent" and any(isinstance(t, LinkSpec) for t in node.triggers)


def is_interrupted(element: Element) -> bool:
    """Whether an event subprocess took over before the scope began."""
    return element.data is not None and bool(element.data.get("interrupted"))


class SubProcessBehavior(Behavior):
    def execute(self, m: Machine, element: Element, node: FlowNode) -> None:
        if is_interrupted(element):
            return
        found = entries(m, node)
        if not found:
            m.push("scope", element.key)
        for start in reversed(found):
            m.push("start", start, element.key)

    def scope_done(self, m: Machine, element: Element, node: FlowNode) -> None:
        lifecycle.complete(m, element, node)


def _instantiating_gateway(m: Machine, target: FlowNode) -> FlowNode | None:
    for flow in target.incoming:
        source = m.nodes[m.flows[flow].source]
        if source.kind == "eventBasedGateway" and not source.incoming:
            return source
    return None


class EventSubProcessBehavior(SubProcessBehavior):
    def execute(self, m: Machine, element: Element, node: FlowNode) -> None:
        m.push("start", node.start_events[0], element.key)


class ProcessBehavior(SubProcessBehavior):
    def execute(self, m: Machine, element: Element, node: FlowNode) -> None:
        start: str | None = (element.data or {}).get("start")
        if (element.data or {}).get("instructed"):
            return
        if start is None or is_interrupted(element):
            super().execute(m, element, node)
            return
        target = m.nodes[start]
        gateway = _instantiating_gateway(m, target)
        if gateway is not None:
            m.push("fire", 1, start)
            m.push("start", gateway.id, 1)
        elif target.kind == "startEvent":
            m.push("start", start, 1)
        else:
            # An instantiating receive task: its message has come.
            key = m.new_key()
            m.emit(ev.ElementActivated(key, start, 1))
            m.note(key, happened=True)
            m.push("enter", key)

    def scope_done(self, m: Machine, element: Element, node: FlowNode) -> None:
        if not reported.keeps_open(m.state):
            lifecycle.leave(m, element.key)

    def compensated(self, m: Machine, element: Element, node: FlowNode) -> None:
        """An instance that only undoes what another did is done."""
        m.push("scope", element.key)

    def ended(self, m: Machine, element: Element) -> None:
        """Nothing is left in the instance."""
        m.close_waits(element, "cancelled")
        lifecycle.resolve_incidents(m, element.key)
        m.emit(ev.InstanceEnded("completed"))
