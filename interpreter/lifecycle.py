"""The life of an element instance: token in, activated, entered, executed, completed, token out; or terminated.

    take ─> start ─┬─ asynchronous before ─(job)─┐
                   └──────────── activate <──────┘
    activate ─> enter: data and input mappings, Zeebe's start listeners, event subscriptions, start listeners
                 ─> behaviour.execute
    complete ─> leave: end listeners, output mappings, Zeebe's end listeners, which flows
                 ─> finish: subscriptions closed, compensation recorded,
                ElementCompleted, [asynchronous after], SequenceFlowTaken ─> take ...
    terminate: children first, waits closed, ElementTerminated

BPMN 2.0.2, 13.2 and 13.3.2; the order of Camunda 7 where the standard leaves it open. Nodes with nothing but a
behaviour (`FlowNode.plain`) skip the phases.
"""

from __future__ import annotations

from collections.abc import Sequence

from interpreter import catching, compensation, data, expressions, listeners, loops, mappings
from interpreter import events as ev
from interpreter.definition import FlowNode, SequenceFlow
from interpreter.failures import Failure, Runaway
from interpreter.features import INNER_ASYNC_AFTER, LEAVING_IS_FINAL, THROWS_AT_ONCE
from interpreter.machine import SAME_FLOW_LIMIT, Machine
from interpreter.state import Element
from interpreter.waits import JobWait, holds_token

# Phases of `enter` and `leave`, in the order that the tables say; the numbers are in dumps and histories.
INPUTS, SUBSCRIPTIONS, START_LISTENERS, EXECUTE, EARLY_LISTENERS = 0, 1, 2, 3, 4
ENTERING = {INPUTS: 0, EARLY_LISTENERS: 1, SUBSCRIPTIONS: 2, START_LISTENERS: 3, EXECUTE: 4}
END_LISTENERS, OUTPUTS, FLOWS, LATE_LISTENERS, INNER_DONE = 0, 1, 2, 3, 4
LEAVING = {END_LISTENERS: 0, OUTPUTS: 1, LATE_LISTENERS: 2, FLOWS: 3, INNER_DONE: 4}


# -- in


def take(m: Machine, flow_id: str, scope_key: int, late: bool = False, listener: int = 0) -> None:
    """A token on a flow arrives at the flow's target. `late`: it has let the other tokens go first. `listener`: those
    of the flow's listeners that come before it have run."""
    scope = m.state.elements.get(scope_key)
    if scope is None or flow_id not in scope.tokens:
        return
    flow = m.flows[flow_id]
    place = (flow_id, scope_key)
    visits = m.visits.get(place, 0) + 1
    m.visits[place] = visits
    if visits > SAME_FLOW_LIMIT:
        raise Runaway(
            f"Expected a wait state in the loop through sequence flow {flow_id!r} "
            f"but it was taken {SAME_FLOW_LIMIT} times without one."
        )
    if flow.listeners and not m.skip_listeners and listeners.run_take(m, flow, scope_key, listener):
        return
    node = m.nodes[flow.target]
    if node.behavior.joins:
        node.behavior.arrive(m, node, scope, flow_id)
    elif node.start_quantity > 1:
        _gather(m, node, scope)
    elif node.throws_late and m.stack and not m.state.has(THROWS_AT_ONCE) and not late:
        m.stack.insert(0, ("take", flow_id, scope_key, True, len(flow.listeners)))
    else:
        start(m, node.id, scope_key, flow_id)


def _gather(m: Machine, node: FlowNode, scope: Element) -> None:
    """An activity that needs several tokens starts when they have come, by whichever flows."""
    waiting = [f for f in node.incoming for _ in range(scope.tokens.get(f, 0))]
    if len(waiting) >= node.start_quantity:
        consumed = waiting[: node.start_quantity]
        activate(m, node, scope.key, consumed[0], tuple(consumed[1:]))


def start(m: Machine, node_id: str, scope_key: int, flow: str | None = None) -> None:
    """Begin `node` in a scope, consuming the token on `flow` if there is one."""
    scope = m.state.elements.get(scope_key)
    if scope is None:
        return
    node = m.nodes[node_id]
    if node.async_before:
        m.open_wait(async_job(m, node, scope_key, "async_before", flow))
        return
    activate(m, node, scope_key, flow)


def activate(
    m: Machine, node: FlowNode, scope_key: int, flow: str | None = None, joined: tuple[str, ...] = ()
) -> Element:
    """Bring an element instance into being and run it up to its first wait."""
    key = m.state.counter
    if node.loop is not None and not loops.is_ignored(m, node):
        m.emit(ev.ElementActivated(key, node.id, scope_key, flow, "body", None, joined))
        element = m.state.elements[key]
        m.push("body", key)
        return element
    m.emit(ev.ElementActivated(key, node.id, scope_key, flow, "", None, joined))
    element = m.state.elements[key]
    if node.plain:
        m.at = ("enter", key, EXECUTE)
        node.behavior.execute(m, element, node)
    else:
        enter(m, key)
    return element


def activate_node(m: Machine, node_id: str, scope_key: int) -> None:
    """`activate`, as a transition, for a token that an asynchronous continuation held."""
    if scope_key in m.state.elements:
        activate(m, m.nodes[node_id], scope_key)


def enter(m: Machine, key: int, phase: int = INPUTS, listener: int = 0) -> None:
    """Run the phases of entering from `phase` on."""
    element = m.state.elements.get(key)
    if element is None:
        return
    node = m.nodes[element.node]
    phase = ENTERING[phase]
    if phase == 0:
        m.at = ("enter", key, INPUTS)
        if node.declares:
            data.declare(m, element, node)
        if node.data_inputs:
            if data.asks_for_stores(m, element, node):
                return
            data.read_inputs(m, element, node)
        if node.inputs:
            mappings.apply_inputs(m, element, node)
    listening = node.listeners and not m.skip_listeners
    if phase <= 1 and listening:
        m.at = ("enter", key, EARLY_LISTENERS)
        if listeners.run_all(m, element, node, "start", listener if phase == 1 else 0, zeebe=True) is not None:
            return
    if phase <= 2:
        m.at = ("enter", key, SUBSCRIPTIONS)
        if node.boundary and element.multi != "inner":
            catching.subscribe_boundary(m, element, node)
            if key not in m.state.elements:
                return
        if node.event_subprocesses:
            catching.subscribe_event_subprocesses(m, element, node)
        if m.changes:
            m.push("enter", key, START_LISTENERS)
            return
    if phase <= 3 and listening:
        m.at = ("enter", key, START_LISTENERS)
        if listeners.run_all(m, element, node, "start", listener if phase == 3 else 0, zeebe=False) is not None:
            return
    m.at = ("enter", key, EXECUTE)
    if element.data is not None and element.data.get("happened"):
        complete(m, element, node)
    else:
        node.behavior.execute(m, element, node)


# -- out


def complete(m: Machine, element: Element, node: FlowNode) -> None:
    """The behaviour's work is done: leave normally."""
    if node.plain:
        m.at = ("leave", element.key, FLOWS)
        finish(m, element, node, choose_flows(m, element, node))
    else:
        leave(m, element.key)


def complete_key(m: Machine, key: int) -> None:
    """`complete`, as a transition."""
    element = m.state.elements.get(key)
    if element is not None:
        complete(m, element, m.nodes[element.node])


def leave(m: Machine, key: int, phase: int = END_LISTENERS, listener: int = 0) -> None:
    """Run the phases of leaving from `phase` on."""
    element = m.state.elements.get(key)
    if element is None:
        return
    node = m.nodes[element.node]
    phase = LEAVING[phase]
    if phase == 0 and node.event_subprocesses and m.state.has(LEAVING_IS_FINAL):
        catching.stop_listening(m, element)
    listening = node.listeners and not m.skip_listeners
    if phase == 0 and listening:
        m.at = ("leave", key, END_LISTENERS)
        if listeners.run_all(m, element, node, "end", listener, zeebe=False) is not None:
            return
    if phase <= 1:
        m.at = ("leave", key, OUTPUTS)
        if node.outputs and not m.skip_outputs:
            mappings.apply_outputs(m, element, node)
        if node.data_outputs:
            data.write_outputs(m, element, node)
        if m.changes:
            m.push("leave", key, LATE_LISTENERS if listening else FLOWS)
            return
    if phase <= 2 and listening:
        m.at = ("leave", key, LATE_LISTENERS)
        if listeners.run_all(m, element, node, "end", listener if phase == 2 else 0, zeebe=True) is not None:
            return
    m.at = ("leave", key, FLOWS)
    if node.is_scope and (element.children or element.tokens or element.holds) and m.state.has(LEAVING_IS_FINAL):
        return  # something was started in it by hand: it leaves again after that
    if key == 1:
        node.behavior.ended(m, element)
        return
    if element.multi == "inner":
        if phase < 4 and node.loop_async_after and m.state.has(INNER_ASYNC_AFTER):
            m.open_wait(loops.async_job(m, element, node, "async_after", {"inner": element.loop_counter}))
            return
        m.at = ("leave", key, INNER_DONE)
        loops.inner_done(m, element, node)
        return
    finish(m, element, node, () if path_ends(element) else choose_flows(m, element, node))


def path_ends(element: Element) -> bool:
    """Whether an error that nobody caught ended the path here, so that no token goes on."""
    return element.data is not None and element.data.get("path_ends") is True


def choose_flows(m: Machine, element: Element, node: FlowNode) -> Sequence[SequenceFlow]:
    """The outgoing flows that get a token; Failure when there should be one and none fits."""
    flows = node.out
    if len(flows) < 2 and (not flows or flows[0].condition is None) and not node.behavior.always_chooses:
        return flows
    return node.behavior.choose(m, element, node)


def conditional_flows(m: Machine, element: Element, node: FlowNode) -> Sequence[SequenceFlow]:
    """All unconditional flows and those whose condition is true; the default when there is none (13.3.1: on an
    activity this is an implicit inclusive split)."""
    default = node.default
    chosen: list[SequenceFlow] = []
    for flow in node.out:
        if flow.id == default:
            continue
        if flow.condition is None or expressions.condition(
            m, flow.condition, element.key, f"sequence flow {flow.id!r}"
        ):
            chosen.append(flow)
    if chosen:
        return chosen
    if default is not None:
        return (m.flows[default],)
    raise Failure(
        f"Expected a sequence flow of {node.id!r} whose condition is true, or a default flow, but there was none.",
        "condition",
    )


def finish(m: Machine, element: Element, node: FlowNode, flows: Sequence[SequenceFlow]) -> None:
    """Complete an element instance whose outgoing flows are known."""
    key = element.key
    if element.waits:
        m.close_waits(element, "cancelled")
    if m.state.incidents_by_element and key in m.state.incidents_by_element:
        resolve_incidents(m, key)
    scope_key = element.scope
    if not node.plain and not path_ends(element):
        compensation.record_completion(m, element, node)
    scope = m.state.elements[scope_key]
    around = m.nodes[scope.node]
    if around.kind == "adHocSubProcess":
        around.behavior.inner_completing(m, scope, around, element)
        m.push("ad_hoc", scope_key)
    m.emit(ev.ElementCompleted(key, node.id))
    if node.for_compensation:
        compensation.handler_done(m, element, scope)
        return
    if node.async_after and flows:
        m.open_wait(async_job(m, node, scope_key, "async_after", None, flows))
        return
    send_tokens(m, node, scope, flows)


def send_tokens(m: Machine, node: FlowNode, scope: Element, flows: Sequence[SequenceFlow]) -> None:
    """Put a token on each of `flows`; a scope that has nothing left is looked at."""
    stack = m.stack
    scope_key = scope.key
    if scope_key in m.dirty or m.nodes[scope.node].has_joins:
        m.dirty[scope_key] = None
    if len(flows) == 1 and node.completion_quantity == 1:
        flow = flows[0].id
        m.emit(ev.SequenceFlowTaken(flow, scope_key))
        stack.append(("take", flow, scope_key))
        return
    for flow in flows:
        for _ in range(node.completion_quantity):
            m.emit(ev.SequenceFlowTaken(flow.id, scope_key))
    for flow in reversed(flows):
        for _ in range(node.completion_quantity):
            stack.append(("take", flow.id, scope_key))
    if not flows:
        look_at_scope(m, scope)


def look_at_scope(m: Machine, scope: Element) -> None:
    """Push the completion of `scope` if nothing is left in it."""
    if not scope.children and not scope.tokens and not scope.holds:
        m.stack.append(("scope", scope.key))
    else:
        m.touch(scope)


def scope_done(m: Machine, key: int) -> None:
    """Complete a scope that is (still) empty, as a transition."""
    scope = m.state.elements.get(key)
    if scope is None or scope.children or scope.tokens or scope.holds:
        return
    node = m.nodes[scope.node]
    if scope.multi == "compensation":
        compensation.scope_done(m, scope)
    elif scope.multi == "body":
        loops.body_done(m, scope, node)
    else:
        node.behavior.scope_done(m, scope, node)


def async_job(
    m: Machine, node: FlowNode, scope: int, kind: str, flow: str | None, flows: Sequence[SequenceFlow] = ()
) -> JobWait:
    """The job of an asynchronous continuation before or after `node`."""
    retries, pauses = expressions.retry_cycle(m, node, scope, node.retry_cycle)
    return JobWait(
        m.new_key(),
        scope,
        node.id,
        kind,
        kind,
        retries,
        pauses,
        expressions.priority(m, node, scope),
        {"flows": [f.id for f in flows]} if flows else {},
        flow=flow,
    )


def async_done(m: Machine, wait: JobWait) -> None:
    """The job of an asynchronous continuation ran: go on. Its token, which the job held, moves on."""
    scope = m.state.elements[wait.element]
    node = m.nodes[wait.node]
    m.emit(ev.WaitClosed(wait.key, "completed"))
    if wait.kind == "async_before":
        if "inner" in wait.headers:
            m.push("inner", scope.key, wait.headers["inner"], True)
        else:
            m.push("activate", node.id, scope.key)
    elif "inner" in wait.headers:
        m.push("leave", scope.key, INNER_DONE)
    else:
        send_tokens(m, node, scope, [m.flows[f] for f in wait.headers.get("flows", [])])


# -- out by force


def terminate(m: Machine, element: Element, reason: str = "cancelled") -> None:
    """End an element instance and all inside it, innermost and youngest first."""
    elements = m.state.elements
    for child in reversed(list(element.children)):
        found = elements.get(child)
        if found is not None:
            terminate(m, found, reason)
    key = element.key
    node = m.nodes[element.node]
    if not m.skip_listeners and element.multi != "body":
        if node.cancel_listeners:
            listeners.run_on_cancel(m, element, node.cancel_listeners, "delete")
        if node.listeners:
            listeners.run_on_cancel(m, element, node.listeners, "end")
    if element.waits:
        m.close_waits(element, "cancelled")
    if key in m.state.incidents_by_element:
        resolve_incidents(m, key)
    if key != 1:
        scope = elements[element.scope]
        m.emit(ev.ElementTerminated(key, node.id, reason))
        m.touch(scope)
        if node.for_compensation or element.multi == "compensation":
            compensation.handler_gone(m, element)


def clear_scope(m: Machine, scope: Element, reason: str, *, keep: int | None = None) -> None:
    """End everything inside a scope that itself stays: children, tokens on flows, asynchronous continuations."""
    for child in reversed(list(scope.children)):
        found = m.state.elements.get(child)
        if found is not None and child != keep:
            terminate(m, found, reason)
    if scope.tokens:
        m.emit(ev.EngineNoted("tokens", {"scope": scope.key, "flows": {f: -n for f, n in scope.tokens.items()}}))
    if scope.holds:
        for key in list(scope.waits):
            if holds_token(m.state.waits[key]):
                m.close_wait(key, "cancelled")


def resolve_incidents(m: Machine, element: int) -> None:
    for incident in list(m.state.incidents_by_element.get(element, ())):
        m.emit(ev.IncidentResolved(incident))
