"""Transitions that belong to no other module: delivering a signal inside the instance, looking at an ad-hoc
subprocess, firing a subscription that was just opened."""

from __future__ import annotations

from typing import Any

from interpreter import catching, propagation
from interpreter.codec import decode_value
from interpreter.machine import Machine


def deliver_signal(m: Machine, wait: int, values: dict[str, Any]) -> None:
    """Trigger a signal subscription of this instance, if it is still there."""
    found = m.state.waits.get(wait)
    if found is not None:
        catching.fire(m, found, {n: decode_value(v) for n, v in values.items()})


def escalate(m: Machine, element: int, wait: int, code: str, values: dict[str, Any]) -> None:
    """Throw an escalation that a called instance threw while this one was suspended, if the call is still there."""
    if wait in m.state.waits:
        propagation.throw_escalation(m, element, code, {n: decode_value(v) for n, v in values.items()})


def ad_hoc(m: Machine, scope: int) -> None:
    """Something completed in an ad-hoc subprocess."""
    element = m.state.elements.get(scope)
    if element is not None:
        node = m.nodes[element.node]
        node.behavior.inner_completed(m, element, node)


def throw_rest(m: Machine, key: int, index: int) -> None:
    """A multiple throw event goes on with its next event definition."""
    element = m.state.elements.get(key)
    if element is not None:
        node = m.nodes[element.node]
        node.behavior.throw_rest(m, element, node, index)


def resume(m: Machine, transitions: list[list[Any]]) -> None:
    """Go on with what rested with a runaway's incident."""
    m.stack.extend(tuple(t) for t in transitions)
    m.visits.clear()


def fire_by_node(m: Machine, element: int, node: str) -> None:
    """Trigger the subscription of `node` at any gateway instance `element` that has it (an instantiating gateway)."""
    for key in list(m.state.waits):
        wait = m.state.waits.get(key)
        if wait is not None and wait.node == node:
            catching.fire(m, wait)
            return
