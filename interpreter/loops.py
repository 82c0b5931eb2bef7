"""Multi-instance and standard loop: a wrapper around any activity, which knows nothing of it (BPMN 2.0.2, 13.3.6,
13.3.7).

The *body* is an element instance with `multi="body"`; boundary events are attached to it. Inside it the *inner*
instances run. Cardinality and collection are evaluated once, on entry. The body keeps `data["items"]` and
`data["total"]`; how many inner instances were started and completed is counted by `apply`. Outputs are collected in
`data["outputs"]` by index, so that their order is that of the inputs whatever the order of completion.
"""

from __future__ import annotations

from typing import Any, cast

from interpreter import catching, compensation, expressions, lifecycle, listeners, variables
from interpreter import events as ev
from interpreter.codec import decode_value, encode_value
from interpreter.definition import FlowNode, Spec
from interpreter.elements.loop import MultiInstance, StandardLoop
from interpreter.failures import BpmnError, Failure
from interpreter.features import (
    INNER_ASYNC_AFTER,
    LOOP_COUNTER_FROM_ZERO,
    LOOP_INPUT_ERRORS,
    LOOP_UNTIL,
    STANDARD_LOOP_IGNORED,
)
from interpreter.machine import Machine
from interpreter.state import Element
from interpreter.triggers import escalation, message, signal
from interpreter.triggers import table as triggers
from interpreter.values import JsonValue
from interpreter.waits import JobWait

MAX_SEQUENTIAL = 1_000_000
MAX_PARALLEL = 20_000
"""All parallel instances are in the state at once. 30,000 jobs have been run on the whole stack; with 50,000, one
activation of the workflow takes longer than the 2 s that Temporal allows."""

# Phases of `body`; BEFORE_ALL comes first. The numbers are in dumps and histories.
SUBSCRIPTIONS, BEGIN, BEFORE_ALL = 0, 1, 2


def is_ignored(m: Machine, node: FlowNode) -> bool:
    """Whether the profile runs the activity once, whatever its loop says."""
    return isinstance(node.loop, StandardLoop) and m.state.has(STANDARD_LOOP_IGNORED)


def body(m: Machine, key: int, phase: int = BEFORE_ALL, listener: int = 0) -> None:
    """Enter a body from `phase` on, as a transition."""
    element = m.state.elements.get(key)
    if element is None:
        return
    node = m.nodes[element.node]
    if phase == BEFORE_ALL and node.listeners and not m.skip_listeners:
        m.at = ("body", key, BEFORE_ALL)
        if listeners.run_all(m, element, node, "beforeAll", listener, zeebe=True) is not None:
            return
    m.at = ("body", key, SUBSCRIPTIONS)
    if phase != BEGIN and node.boundary:
        catching.subscribe_boundary(m, element, node)
        if key not in m.state.elements:
            return
    m.at = ("body", key, BEGIN)
    loop = node.loop
    if isinstance(loop, MultiInstance):
        _begin(m, element, node, loop)
    else:
        assert isinstance(loop, StandardLoop)
        maximum = _loop_maximum(m, element, node, loop)
        if loop.test_before and (maximum == 0 or not _loop_again(m, element, node, loop)):
            _leave(m, element, node)
        else:
            m.push("inner", key, 0)


def _wrong_input(m: Machine, sentence: str) -> Failure | BpmnError:
    if m.state.has(LOOP_INPUT_ERRORS):
        return BpmnError("INVALID_DATA_INPUT", sentence)
    return Failure(sentence, "multiInstance")


def _begin(m: Machine, element: Element, node: FlowNode, loop: MultiInstance) -> None:
    items: list[Any] | None = None
    if loop.collection is not None:
        try:
            value = expressions.plain(expressions.evaluate(m, loop.collection, element.key))
        except Failure as failure:
            raise _wrong_input(m, failure.message) from None
        if not isinstance(value, list):
            raise _wrong_input(
                m,
                f"Expected the collection of {node.id!r} to be a list but {loop.collection.text!r} was {value!r:.80}.",
            )
        items = cast("list[Any]", value)
        total = len(items)
    else:
        assert loop.cardinality is not None
        try:
            total = expressions.whole(m, loop.cardinality, element.key, f"the loop cardinality of {node.id!r}")
        except Failure as failure:
            raise _wrong_input(m, failure.message) from None
    most, hint = (MAX_SEQUENTIAL, "") if loop.sequential else (MAX_PARALLEL, "; divide it, or run it in sequence")
    if total < 0 or total > most:
        raise _wrong_input(
            m, f"Expected the loop cardinality of {node.id!r} between 0 and {most} but it was {total}{hint}."
        )
    if total == 0 and m.state.has(LOOP_INPUT_ERRORS):
        raise _wrong_input(m, f"Expected something to do in {node.id!r} but there was nothing.")
    key = element.key
    if items is None:
        m.note(key, total=total)
    else:
        m.note(key, total=total, items=[encode_value(i) for i in items])
    variables.set_local(m, key, "nrOfInstances", total)
    variables.set_local(m, key, "nrOfCompletedInstances", 0)
    variables.set_local(m, key, "nrOfActiveInstances", min(total, 1) if loop.sequential else total)
    if loop.sequential and total:
        m.push("inner", key, 0)
    else:
        m.push("inners", key, 0)


def inners(m: Machine, key: int, index: int) -> None:
    """Start the parallel inner instances from `index` on, one per transition."""
    element = m.state.elements.get(key)
    if element is None or element.data is None:
        return
    if index >= element.data["total"]:
        if not element.children and not element.holds:
            _leave(m, element, m.nodes[element.node])
        return
    m.push("inners", key, index + 1)
    m.push("inner", key, index)


def inner(m: Machine, key: int, index: int, ready: bool = False) -> None:
    """Start one inner instance."""
    element = m.state.elements.get(key)
    if element is None:
        return
    node = m.nodes[element.node]
    if node.loop_async_before and not ready:
        m.open_wait(async_job(m, element, node, "async_before", {"inner": index}))
        return
    loop = node.loop
    child = m.new_key()
    m.emit(ev.ElementActivated(child, node.id, key, None, "inner", index))
    counter = (
        index
        if m.state.has(LOOP_COUNTER_FROM_ZERO) and not (isinstance(loop, MultiInstance) and loop.from_one)
        else index + 1
    )
    variables.set_local(m, child, "loopCounter", counter)
    if isinstance(loop, MultiInstance) and loop.element_variable and element.data is not None:
        items: list[JsonValue] | None = element.data.get("items")
        if items is not None:
            variables.set_local(m, child, loop.element_variable, decode_value(items[index]))
    elif isinstance(loop, MultiInstance) and loop.spread_items and element.data is not None:
        item = (element.data.get("items") or {index: None})[index]
        if isinstance(item, dict):
            variables.set_all(m, child, cast("dict[str, Any]", item), local=True)
    if isinstance(loop, MultiInstance) and loop.output_element_name:
        variables.set_local(m, child, loop.output_element_name, None)
    m.push("enter", child)


def async_job(m: Machine, element: Element, node: FlowNode, kind: str, headers: dict[str, JsonValue]) -> JobWait:
    """The job of an asynchronous continuation of one inner instance, before (of the body) or after it (of itself). Its
    retry cycle is that of the loop characteristics; the activity's own is for the body (Camunda 7)."""
    cycle = node.loop_retry_cycle if m.state.has(INNER_ASYNC_AFTER) else node.retry_cycle
    retries, pauses = expressions.retry_cycle(m, node, element.key, cycle)
    return JobWait(
        m.new_key(),
        element.key,
        node.id,
        kind,
        kind,
        retries,
        pauses,
        expressions.priority(m, node, element.key),
        headers,
    )


def inner_done(m: Machine, element: Element, node: FlowNode) -> None:
    """An inner instance has done its work: count it, throw what the loop's behaviour says, and see whether that was
    the last."""
    body_element = m.state.elements[element.scope]
    loop = node.loop
    if isinstance(loop, MultiInstance):
        output: JsonValue = None
        if loop.output_all:
            output = {name: expressions.plain(value) for name, value in element.variables.items()}
        elif loop.output_element is not None:
            output = encode_value(expressions.evaluate(m, loop.output_element, element.key))
        assert body_element.data is not None
        total: int = body_element.data["total"]
        completed = body_element.completed + 1
        counts = {
            "nrOfCompletedInstances": completed,
            "nrOfActiveInstances": min(1, total - completed) if loop.sequential else total - completed,
            "nrOfInstances": total,
        }
        done = loop.completion_condition is not None and expressions.condition(
            m, loop.completion_condition, element.key, f"completing {node.id!r}", counts
        )
        thrown = [
            index
            for index, (condition, _) in enumerate(zip(loop.throw_conditions, loop.throws, strict=True))
            if (
                condition is None
                or expressions.condition(m, condition, element.key, f"an event of {node.id!r}", counts)
            )
            and (not loop.throws_first_only or completed == 1)
        ]
        if loop.throw_conditions and thrown and loop.throw_conditions[0] is not None:
            done = (
                True  # a complex behaviour whose condition is true cancels the rest and produces a token (Table 10.32)
            )
        if loop.output_collection is not None:
            m.emit(
                ev.EngineNoted(
                    "item",
                    {"element": body_element.key, "name": "outputs", "key": str(element.loop_counter), "value": output},
                )
            )
        variables.set_local(m, body_element.key, "nrOfCompletedInstances", completed)
        variables.set_local(m, body_element.key, "nrOfActiveInstances", counts["nrOfActiveInstances"])
    else:
        assert isinstance(loop, StandardLoop)
        maximum = _loop_maximum(m, body_element, node, loop)
        started = body_element.started
        done = (maximum is not None and started >= maximum) or not _loop_again(m, element, node, loop)
        total = started if done else started + 1
        thrown: list[int] = []
    record = None if node.for_compensation else compensation.record_of(m, element, node)
    m.close_waits(element)
    lifecycle.resolve_incidents(m, element.key)
    m.emit(ev.ElementCompleted(element.key, node.id))
    if record is not None:
        m.emit(ev.CompensationSubscribed(m.new_key(), node.id, body_element.key, record))
    if done:
        m.push("body_leave", body_element.key, True)
    elif isinstance(loop, MultiInstance) and body_element.started >= total:
        # Instances may also have ended otherwise (cancelled, their path ended), so it is not the completed ones that
        # count.
        if not body_element.children and not body_element.holds:
            m.push("body_leave", body_element.key, False)
    elif not isinstance(loop, MultiInstance) or loop.sequential:
        m.push("inner", body_element.key, body_element.started)
    for index in reversed(thrown):
        m.push("loop_event", body_element.key, index)


def throw_event(m: Machine, key: int, index: int) -> None:
    """Throw one of the events of a multi-instance's behaviour, as a transition. A boundary event of the activity
    catches it without interrupting: behaviours say what happens to the remaining instances themselves (Table 10.29,
    10.32)."""
    element = m.state.elements.get(key)
    if element is None:
        return
    node = m.nodes[element.node]
    assert isinstance(node.loop, MultiInstance)
    spec = node.loop.throws[index]
    caught = [m.nodes[b] for b in node.boundary if any(_is_same_event(t, spec) for t in m.nodes[b].triggers)]
    for boundary in reversed(caught):
        catching.start_handler(m, boundary, element.scope)
    if not caught:
        triggers.trigger_of(spec).throw(m, element, node, spec)


def _is_same_event(caught: Spec, thrown: Spec) -> bool:
    """Whether a boundary event of the activity listens to what its loop throws: the same kind of event, by the same
    name."""
    if isinstance(caught, signal.SignalSpec) and isinstance(thrown, signal.SignalSpec):
        return caught.name == thrown.name
    if isinstance(caught, message.MessageSpec) and isinstance(thrown, message.MessageSpec):
        return caught.name == thrown.name
    if isinstance(caught, escalation.EscalationSpec) and isinstance(thrown, escalation.EscalationSpec):
        return caught.code is None or caught.code == thrown.code
    return False


def body_leave(m: Machine, key: int, cancel_rest: bool) -> None:
    """All inner instances are done, or the rest is not needed: leave the body, as a transition."""
    element = m.state.elements.get(key)
    if element is None:
        return
    node = m.nodes[element.node]
    if cancel_rest and (element.children or element.holds):
        lifecycle.clear_scope(m, element, "cancelled")
    _leave(m, element, node)


def body_done(m: Machine, element: Element, node: FlowNode) -> None:
    """The body is empty: inner instances ended otherwise than by completing (their path ended, they were cancelled)."""
    _leave(m, element, node)


def _leave(m: Machine, element: Element, node: FlowNode) -> None:
    m.at = ("body_leave", element.key, False)
    loop = node.loop
    flows = lifecycle.choose_flows(m, element, node) if not node.for_compensation else ()
    if isinstance(loop, MultiInstance) and loop.output_collection is not None:
        outputs: dict[str, JsonValue] = (element.data or {}).get("outputs", {})
        total: int = (element.data or {}).get("total", 0)
        values = [decode_value(outputs.get(str(i))) for i in range(total)]
        variables.set_variable(m, element.scope, loop.output_collection, values)
    lifecycle.finish(m, element, node, flows)


def _loop_maximum(m: Machine, element: Element, node: FlowNode, loop: StandardLoop) -> int | None:
    if loop.maximum is None:
        return None
    maximum = expressions.whole(m, loop.maximum, element.key, f"the loop maximum of {node.id!r}")
    if maximum < 0:
        raise Failure(f"Expected the loop maximum of {node.id!r} to be 0 or more but it was {maximum}.", "loop")
    return maximum


def _loop_again(m: Machine, element: Element, node: FlowNode, loop: StandardLoop) -> bool:
    if loop.condition is None:
        return True
    value = expressions.condition(m, loop.condition, element.key, f"the loop of {node.id!r}")
    return not value if m.state.has(LOOP_UNTIL) and not loop.test_before else value
