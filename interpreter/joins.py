"""Joins that depend on the rest of their scope: inclusive, and complex while it resets (BPMN 2.0.2, 13.4.3, 13.4.5).

Whether a token can still reach the join is a question about the graph alone: for each incoming flow of a join the set
of nodes from which it can be reached without passing the join is worked out once per definition. The graph's edges
are the sequence flows of the scope, activity to boundary event, and link throw to link catch.
"""

from __future__ import annotations

from collections.abc import Sequence

from interpreter import lifecycle
from interpreter.definition import Definition, FlowNode
from interpreter.features import INCLUSIVE_ON_ARRIVAL, INCLUSIVE_TAKES_ALL
from interpreter.machine import Machine
from interpreter.state import Element
from interpreter.triggers import link
from interpreter.waits import JobWait


def arrived(m: Machine, node: FlowNode, scope: Element) -> None:
    """A token came to an inclusive or complex join."""
    if m.state.has(INCLUSIVE_ON_ARRIVAL):
        node.behavior.try_join(m, node, scope)
    else:
        m.dirty[scope.key] = None


def recheck(m: Machine, key: int) -> None:
    """Look at the joins of a scope in which something moved, as a transition, again if one of them was activated."""
    if recheck_scope(m, key):
        m.dirty[key] = None


def recheck_scope(m: Machine, key: int) -> bool:
    """Look at the joins of one scope; True when one was activated."""
    scope = m.state.elements.get(key)
    if scope is None or not scope.tokens or m.state.has(INCLUSIVE_ON_ARRIVAL):
        return False
    for child in m.nodes[scope.node].children:
        node = m.nodes[child]
        if node.kind in ("inclusiveGateway", "complexGateway") and any(f in scope.tokens for f in node.incoming):
            m.at = ("recheck", key)
            if node.behavior.try_join(m, node, scope):
                return True
    return False


def try_inclusive(m: Machine, node: FlowNode, scope: Element) -> bool:
    """Activate an inclusive join if it is ready."""
    marked = [f for f in node.incoming if f in scope.tokens]
    if not marked or is_blocked(m, node, scope, marked):
        return False
    times = scope.tokens if m.state.has(INCLUSIVE_TAKES_ALL) else dict.fromkeys(marked, 1)
    consumed = [f for f in marked for _ in range(times[f])]
    lifecycle.activate(m, node, scope.key, consumed[0], tuple(consumed[1:]))
    return True


def is_blocked(m: Machine, node: FlowNode, scope: Element, marked: Sequence[str]) -> bool:
    """Whether a token elsewhere in the scope must be waited for."""
    empty = [f for f in node.incoming if f not in marked]
    if not empty:
        return False
    reach = reachability(m.definition, node)
    to_empty = [reach[f] for f in empty]
    to_marked = [reach[f] for f in marked]
    for position in token_positions(m, scope, node):
        if any(position in r for r in to_empty) and not any(position in r for r in to_marked):
            return True
    return False


def token_positions(m: Machine, scope: Element, join: FlowNode) -> list[str]:
    """Flow nodes of the scope at which, or on the way to which, there is a token, and sequence flows on which one is
    held by a listener; tokens at `join` itself left out."""
    positions: dict[str, None] = {}
    for flow in scope.tokens:
        target = m.flows[flow].target
        if target != join.id:
            positions[target] = None
    for key in scope.children:
        positions[m.state.elements[key].node] = None
    if scope.holds:
        for key in scope.waits:
            wait = m.state.waits[key]
            if isinstance(wait, JobWait) and wait.kind == "async_before":
                positions[wait.node] = None
            elif isinstance(wait, JobWait) and wait.kind == "async_after":
                for flow in wait.headers.get("flows", []):
                    positions[m.flows[flow].target] = None
            elif isinstance(wait, JobWait) and wait.flow is not None:
                positions[wait.flow] = None  # a listener's: the token is still on its way
    return list(positions)


_reachability: dict[tuple[str, str], dict[str, frozenset[str]]] = {}
_CACHE_LIMIT = 5_000


def reachability(definition: Definition, join: FlowNode) -> dict[str, frozenset[str]]:
    """For each incoming flow of `join`: nodes and flows from which a token can come to it without passing `join`."""
    place = (definition.hash, join.id)
    known = _reachability.get(place)
    if known is None:
        if len(_reachability) >= _CACHE_LIMIT:
            _reachability.clear()
        known = _reachability[place] = {f: _sources(definition, join, f) for f in join.incoming}
    return known


def _sources(definition: Definition, join: FlowNode, flow: str) -> frozenset[str]:
    nodes, flows = definition.nodes, definition.flows
    found: set[str] = {flow}
    todo = [flows[flow].source]
    while todo:
        id = todo.pop()
        if id in found or id == join.id:
            continue
        found.add(id)
        node = nodes[id]
        found.update(node.incoming)
        todo.extend(flows[f].source for f in node.incoming)
        if node.attached_to is not None:
            todo.append(node.attached_to)
        for spec in node.triggers:
            if isinstance(spec, link.LinkSpec) and node.kind == "intermediateCatchEvent" and node.scope is not None:
                todo.extend(
                    c
                    for c in nodes[node.scope].children
                    if nodes[c].kind != "intermediateCatchEvent"
                    and any(isinstance(t, link.LinkSpec) and t.name == spec.name for t in nodes[c].triggers)
                )
    return frozenset(found)
