"""Catching events: opening the subscriptions of boundary events, event subprocesses and event-based gateways, and
what happens when one of them is triggered.

`fire` is the one entrance: whatever came (message, signal, timer, condition), it finds by `wait.node` who subscribed:

    a boundary event        the host is terminated (interrupting) or goes on; a token starts at the boundary event
    an event subprocess     the scope is cleared (interrupting) or goes on; the event subprocess starts inside it
    an event-based gateway  the others are withdrawn; the token goes to the target
    the element itself      it completes

Subscriptions of a multiple event are waits of the same node: any of them is enough, unless it is parallel multiple,
where the last one counts (BPMN 2.0.2, 10.5.1, 13.5).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from interpreter import events as ev
from interpreter import expressions, lifecycle, variables
from interpreter.definition import FlowNode, Spec
from interpreter.failures import Failure
from interpreter.features import CONDITIONS_BY_LEVEL, CYCLE_CATCH_ONCE
from interpreter.machine import Machine
from interpreter.state import Element
from interpreter.triggers import table as triggers
from interpreter.triggers import timer as timer_trigger
from interpreter.values import VariableValue
from interpreter.waits import ConditionWait, TimerWait, Wait

Variables = Mapping[str, VariableValue]
NONE: Variables = {}


# -- subscribing


def subscribe(m: Machine, element: Element, nodes: Iterable[FlowNode]) -> None:
    """Open the subscriptions of event nodes at an element instance; all are evaluated before the first is opened."""
    _open(m, [(node, spec) for node in nodes for spec in node.triggers], element)


def subscribe_to(m: Machine, element: Element, node: FlowNode, specs: Iterable[Spec]) -> None:
    """Open the subscriptions of some event definitions of a node."""
    _open(m, [(node, spec) for spec in specs], element)


def _open(m: Machine, wanted: Iterable[tuple[FlowNode, Spec]], element: Element) -> None:
    waits: list[Wait] = []
    for node, spec in wanted:
        wait = triggers.trigger_of(spec).subscription(m, element.key, node, spec)
        if wait is not None:
            waits.append(wait)
    conditions: list[int] = []
    for wait in waits:
        opened = replace(wait, key=m.new_key())
        m.open_wait(opened)
        if isinstance(opened, ConditionWait):
            conditions.append(opened.key)
    for key in conditions:
        if key in m.state.waits:
            evaluate_condition(m, key)


def subscribe_boundary(m: Machine, element: Element, node: FlowNode) -> None:
    """Open the subscriptions of the boundary events of an activity."""
    subscribe(m, element, [m.nodes[b] for b in node.boundary])


def subscribe_event_subprocesses(m: Machine, element: Element, node: FlowNode) -> None:
    """Open the subscriptions of the event subprocesses of a scope."""
    starts = [m.nodes[s] for e in node.event_subprocesses for s in m.nodes[e].start_events]
    subscribe(m, element, starts)


# -- firing


def fire(
    m: Machine, wait: Wait, values: Variables = NONE, local_values: Variables = NONE, handler_values: Variables = NONE
) -> None:
    """The event that `wait` subscribes to happened."""
    element = m.state.elements[wait.element]
    node = m.nodes[wait.node]
    if values:
        if node.local_results:
            handler_values = {**values, **handler_values}
        else:
            variables.set_all(m, element.key, values)
    if local_values:
        variables.set_all(m, element.key, local_values, local=True)
    if node.parallel_multiple and len(node.triggers) > 1:
        m.close_wait(wait.key, "triggered")
        if any(m.state.waits[k].node == node.id for k in element.waits):
            if handler_values:
                variables.set_all(m, element.key, handler_values, local=True)
            return
        again = True
    else:
        again = False
    if node.kind == "boundaryEvent":
        _fire_boundary(m, element, node, wait, handler_values, again)
    elif node.kind == "startEvent" and element.node != node.id:
        _fire_event_subprocess(m, element, node, wait, handler_values, again)
    elif element.node != node.id:
        _fire_gateway(m, element, node, wait, handler_values)
    elif isinstance(wait, TimerWait) and wait.repeats_left and not m.state.has(CYCLE_CATCH_ONCE):
        _repeat(m, element, node, wait)
    else:
        if wait.key in m.state.waits:
            m.close_wait(wait.key, "triggered")
        m.close_waits(element, "cancelled", node=node.id)
        if handler_values:
            variables.set_all(m, element.key, handler_values, local=True)
        node.behavior.triggered(m, element, node, wait)


def _repeat(m: Machine, element: Element, node: FlowNode, wait: TimerWait) -> None:
    """A catch event with a time cycle: a token leaves, and the next repetition is waited for."""
    flows = lifecycle.choose_flows(m, element, node)
    _keep_subscription(m, element, node, wait, False)
    if element.waits:
        lifecycle.send_tokens(m, node, m.state.elements[element.scope], flows)
    else:
        m.push("complete", element.key)


def _fire_boundary(m: Machine, host: Element, node: FlowNode, wait: Wait, values: Variables, again: bool) -> None:
    scope = host.scope
    if node.interrupting:
        if wait.key in m.state.waits:
            m.close_wait(wait.key, "triggered")
        lifecycle.terminate(m, host, "interrupted")
    else:
        _keep_subscription(m, host, node, wait, again)
    start_handler(m, node, scope, values)


def _fire_event_subprocess(
    m: Machine, scope: Element, start: FlowNode, wait: Wait, values: Variables, again: bool
) -> None:
    if start.interrupting:
        if wait.key in m.state.waits:
            m.close_wait(wait.key, "triggered")
        interrupt_scope(m, scope)
    else:
        _keep_subscription(m, scope, start, wait, again)
    assert start.scope is not None
    start_handler(m, m.nodes[start.scope], scope.key, values)


def _keep_subscription(m: Machine, element: Element, node: FlowNode, wait: Wait, again: bool) -> None:
    """After a non-interrupting event: messages, signals and conditions stay, timers may repeat, parallel multiples
    begin anew."""
    if again:
        subscribe(m, element, [node])
    elif isinstance(wait, TimerWait):
        m.close_wait(wait.key, "triggered")
        following = triggers.trigger_of(timer_trigger.of_node(node)).following(m, wait)
        if following is not None:
            m.open_wait(following)


def interrupt_scope(m: Machine, scope: Element, *, keep: int | None = None, reason: str = "interrupted") -> None:
    """An interrupting event subprocess takes over: its siblings end, and no event subprocess of the scope listens any
    more."""
    stop_listening(m, scope)
    lifecycle.clear_scope(m, scope, reason, keep=keep)
    m.note(scope.key, interrupted=True)


def stop_listening(m: Machine, scope: Element) -> None:
    """Close the subscriptions of a scope's event subprocesses."""
    for key in list(scope.waits):
        if key in scope.waits and m.nodes[m.state.waits[key].node].kind == "startEvent":
            m.close_wait(key, "cancelled")


def start_handler(m: Machine, node: FlowNode, scope: int, values: Variables = NONE) -> Element:
    """Start a boundary event or an event subprocess in `scope`, with `values` local to it."""
    key = m.new_key()
    m.emit(ev.ElementActivated(key, node.id, scope))
    element = m.state.elements[key]
    if values:
        variables.set_all(m, key, values, local=True)
    m.push("enter", key)
    return element


def _fire_gateway(m: Machine, gateway: Element, target: FlowNode, wait: Wait, values: Variables) -> None:
    m.nodes[gateway.node].behavior.triggered_at(m, gateway, target, wait, values)


# -- conditional events


def conditions_changed(m: Machine, changes: list[list[str | int]]) -> None:
    """Variables changed: look at the conditional events that see the change, outer scopes first."""
    candidates: dict[int, int] = {}
    for scope, name, kind in changes:
        for key in m.state.conditions:
            wait = m.state.waits[key]
            if key in candidates or not isinstance(wait, ConditionWait):
                continue
            if (wait.depends_on and name not in wait.depends_on) or (wait.on and kind not in wait.on):
                continue
            depth = _sees(m, wait.element, int(scope), str(name))
            if depth is not None:
                candidates[key] = depth
    ordered = sorted(candidates, key=lambda k: (_depth(m, m.state.waits[k].element), k))
    for key in reversed(ordered):
        m.push("condition", key)


def _sees(m: Machine, element: int, scope: int, name: str) -> int | None:
    """Distance from `element` out to `scope`, None when a scope between them hides `name` or `scope` is not around
    it."""
    elements = m.state.elements
    distance = 0
    key = element
    while key != scope:
        found = elements[key]
        if name in found.variables or key == 1:
            return None
        key = found.scope
        distance += 1
    return distance


def _depth(m: Machine, key: int) -> int:
    depth = 0
    while key != 1:
        key = m.state.elements[key].scope
        depth += 1
    return depth


def evaluate_condition(m: Machine, key: int) -> None:
    """Look at one conditional event; fire it if its condition is true (and, in profile spec, was not before)."""
    wait = m.state.waits.get(key)
    if not isinstance(wait, ConditionWait):
        return
    node = m.nodes[wait.node]
    element = m.state.elements[wait.element]
    expression = triggers.trigger_of(node.triggers[wait.index]).condition_of(node, wait)
    try:
        value = expressions.plain(expressions.evaluate(m, expression, wait.element))
    except Failure as failure:
        if failure.type != "unresolved":
            raise
        # A condition over variables that are not there yet is not true yet.
        value = False
    level = m.state.has(CONDITIONS_BY_LEVEL)
    if not level:
        before = bool((element.data or {}).get(f"condition:{key}"))
        if before != (value is True):
            m.note(element.key, **{f"condition:{key}": value is True})
        if before:
            return
    if value is True:
        fire(m, wait)
