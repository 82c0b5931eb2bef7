"""Compensation (BPMN 2.0.2, 10.6, 13.5.5): what completed may be undone, in reverse order.

When an activity completes, a *record* of it is kept in its scope, if there is a way to undo it:

    {"handler": id, "variables": {...}}
        a compensation boundary event with its handler
    {"child": {...}}
        a call activity whose called instance left something to undo
    {"inner": [[node, record], ...], "variables": {...}, "event_subprocess": id}
        a subprocess: what completed inside it, a snapshot of its variables, its compensation event subprocess if any

A throw event consumes the records of its scope, youngest first. It stays active as the *owner*; `data["todo"]` are
the keys of records to come, `data["active"]` how many handlers run. A subprocess record is brought back as an element
instance with `multi="compensation"`, which holds the snapshot and owns what it undoes in turn.
"""

from __future__ import annotations

from typing import Any

from interpreter import catching, lifecycle, variables
from interpreter import events as ev
from interpreter.codec import decode_value, encode_value
from interpreter.commands import CompleteChild
from interpreter.definition import FlowNode
from interpreter.features import COMPENSATION_CONCURRENT
from interpreter.machine import Machine
from interpreter.state import Element
from interpreter.values import JsonValue
from interpreter.waits import ChildWait

# -- recording


def record_completion(m: Machine, element: Element, node: FlowNode) -> None:
    """Keep what is needed to undo `element`, which is about to complete."""
    if node.for_compensation or element.multi == "compensation":
        return
    if element.multi == "body":
        for key in list(m.state.records_by_scope.get(element.key, ())):
            record = m.state.records[key]
            m.emit(ev.CompensationSubscribed(m.new_key(), record.node, element.scope, record.record))
        return
    record = record_of(m, element, node)
    if record is not None:
        m.emit(ev.CompensationSubscribed(m.new_key(), node.id, element.scope, record))


def record_of(m: Machine, element: Element, node: FlowNode) -> dict[str, JsonValue] | None:
    """The compensation record of an element instance; None when it cannot be compensated."""
    if node.compensation_handler is not None:
        return {"handler": node.compensation_handler, "variables": _snapshot(element)}
    child = (element.data or {}).get("child")
    if child is not None:
        return {"child": child, "variables": {}}
    if not node.is_scope:
        return None
    handler = compensation_event_subprocess(m, node)
    inner: list[list[JsonValue]] = []
    for key in m.state.records_by_scope.get(element.key, ()):
        record = m.state.records[key]
        inner.append([record.node, record.record])
    if not inner and handler is None:
        return None
    return {"inner": inner, "variables": _snapshot(element), "event_subprocess": handler}


def keep_child(m: Machine, element: Element, wait: ChildWait, command: CompleteChild) -> None:
    """A called instance completed and left something that may be undone: remember how to have it done."""
    m.note(
        element.key,
        child={
            "process_id": wait.process_id,
            "definition": command.definition,
            "variables": {name: encode_value(value) for name, value in command.variables.items()},
            "compensation": command.compensation,
        },
    )


def undo_instance(m: Machine, record: dict[str, JsonValue]) -> None:
    """An instance that was started only to undo what another of its definition did: `record` is what that one left."""
    for node, inner in record["inner"]:
        m.emit(ev.CompensationSubscribed(m.new_key(), node, 1, inner))
    run(m, m.state.elements[1], sorted(m.state.records_by_scope.get(1, ()), reverse=True))


def _snapshot(element: Element) -> dict[str, JsonValue]:
    return {name: encode_value(value) for name, value in element.variables.items()}


def compensation_event_subprocess(m: Machine, node: FlowNode) -> str | None:
    """Id of the event subprocess of `node` that starts with a compensation event."""
    from interpreter.triggers.compensation import CompensationSpec

    for key in node.event_subprocesses:
        for start in m.nodes[key].start_events:
            if any(isinstance(t, CompensationSpec) for t in m.nodes[start].triggers):
                return key
    return None


# -- throwing


def throw(m: Machine, owner: Element, activity: str | None) -> None:
    """Compensate `activity` (None: everything) in the scope of `owner`, the throwing element instance; it completes
    afterwards."""
    run(m, owner, records_for(m, owner, activity))


def start_all(m: Machine, owner: Element, keys: list[int]) -> None:
    """Start the handlers of these records without anybody waiting for them."""
    for key in keys:
        record = m.state.records[key]
        m.emit(ev.CompensationConsumed(key))
        _start(m, owner, record.node, record.scope, record.record)


def records_for(m: Machine, owner: Element, activity: str | None) -> list[int]:
    """Keys of the records that a throw at `owner` is about, youngest first."""
    state = m.state
    scopes = [owner.scope]
    scope = state.elements[owner.scope]
    if m.nodes[scope.node].kind == "eventSubProcess":
        scopes.append(scope.scope)
    keys: list[int] = []
    for key in scopes:
        for record in state.records_by_scope.get(key, ()):
            if activity is None or state.records[record].node == activity:
                keys.append(record)
    return sorted(keys, reverse=True)


def run(m: Machine, owner: Element, keys: list[int]) -> None:
    """Run the handlers of these records, first to last; `owner` goes on when all are done."""
    m.note(owner.key, todo=keys, active=0)
    m.push("compensate", owner.key)


def advance(m: Machine, key: int) -> None:
    """Start the next handlers of an owner, or let it go on when there are none left, as a transition."""
    owner = m.state.elements.get(key)
    if owner is None or owner.data is None:
        return
    todo: list[int] = owner.data["todo"]
    active: int = owner.data["active"]
    if not todo:
        if active == 0:
            _owner_done(m, owner)
        return
    if active and not m.state.has(COMPENSATION_CONCURRENT):
        return
    first, *rest = todo
    record = m.state.records.get(first)
    if record is None:
        m.note(key, todo=rest)
    else:
        m.note(key, todo=rest, active=active + 1)
    m.push("compensate", key)
    if record is not None:
        m.emit(ev.CompensationConsumed(first))
        _start(m, owner, record.node, record.scope, record.record)


def _start(m: Machine, owner: Element, node: str, scope: int, record: dict[str, Any]) -> None:
    key = m.new_key()
    if "handler" in record:
        handler = m.nodes[record["handler"]]
        loop = handler.loop is not None
        m.emit(ev.ElementActivated(key, handler.id, scope, multi="body" if loop else ""))
        m.note(key, **{"for": owner.key})
        _restore(m, key, record)
        m.push("body" if loop else "enter", key)
        return
    m.emit(ev.ElementActivated(key, node, scope, multi="compensation"))
    m.note(key, **{"for": owner.key}, todo=[], active=0)
    if "child" in record:
        child = record["child"]
        m.open_wait(
            ChildWait(
                m.new_key(),
                key,
                node,
                child["process_id"],
                "definition",
                child["definition"],
                m.state.tenant,
                variables={name: decode_value(value) for name, value in child["variables"].items()},
                compensation=child["compensation"],
            )
        )
        return
    _restore(m, key, record)
    for inner_node, inner in record["inner"]:
        m.emit(ev.CompensationSubscribed(m.new_key(), inner_node, key, inner))
    event_subprocess = record["event_subprocess"]
    if event_subprocess is not None:
        catching.start_handler(m, m.nodes[event_subprocess], key)
        return
    m.note(key, todo=sorted(m.state.records_by_scope.get(key, ()), reverse=True))
    m.push("compensate", key)


def _restore(m: Machine, key: int, record: dict[str, Any]) -> None:
    for name, value in record["variables"].items():
        variables.set_local(m, key, name, decode_value(value))


# -- done


def handler_done(m: Machine, element: Element, scope: Element) -> None:
    """A handler completed (it is gone already): its owner goes on."""
    _report(m, (element.data or {}).get("for"), scope)


def handler_gone(m: Machine, element: Element) -> None:
    """A handler ended otherwise than by completing: its owner does not wait for it any more."""
    key = (element.data or {}).get("for")
    owner = None if key is None else m.state.elements.get(key)
    if owner is not None and owner.data is not None:
        m.note(owner.key, active=owner.data["active"] - 1)
        m.push("compensate", owner.key)


def scope_done(m: Machine, element: Element) -> None:
    """Nothing is left in a compensated subprocess; if its own handlers are done too, it is."""
    data = element.data or {}
    if data["todo"] or data["active"]:
        return
    _finish_scope(m, element)


def _owner_done(m: Machine, owner: Element) -> None:
    if owner.multi == "compensation":
        if not owner.children:
            _finish_scope(m, owner)
        return
    node = m.nodes[owner.node]
    node.behavior.compensated(m, owner, node)


def _finish_scope(m: Machine, element: Element) -> None:
    m.close_waits(element)
    scope = m.state.elements[element.scope]
    m.emit(ev.ElementCompleted(element.key, element.node))
    _report(m, (element.data or {}).get("for"), scope)


def _report(m: Machine, owner_key: int | None, scope: Element) -> None:
    owner = None if owner_key is None else m.state.elements.get(owner_key)
    if owner is None or owner.data is None:
        lifecycle.look_at_scope(m, scope)
        return
    m.note(owner.key, active=owner.data["active"] - 1)
    m.push("compensate", owner.key)
