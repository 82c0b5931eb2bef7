"""Signal events (BPMN 2.0.2, 10.5.1): broadcast to whoever listens when they are thrown.

Subscribers inside the throwing instance are fixed and served in the same step, before the thrower goes on; the effect
carries the signal to every other instance and to start events. Thrown with camunda:async, the signal goes to each of
them by a delivery of its own, after the step: what fails at one receiver is nothing to the thrower.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from interpreter import expressions, mappings
from interpreter.codec import encode_value
from interpreter.definition import Expression, FlowNode, Mapping, Spec
from interpreter.effects import BroadcastSignal
from interpreter.features import ASYNC_SIGNALS
from interpreter.triggers.trigger import Trigger
from interpreter.waits import SignalWait, Wait

if TYPE_CHECKING:
    from interpreter.bpmn.document import Node
    from interpreter.elements.reading import Reader
    from interpreter.machine import Machine
    from interpreter.state import Element


@dataclass(frozen=True, slots=True)
class SignalSpec(Spec):
    name: Expression | None = None
    payload: tuple[Mapping, ...] = ()
    business_key: Expression | None = None
    asynchronous: bool = False


def read(definition: Node, reader: Reader) -> SignalSpec:
    signal = definition.ref("signalRef")
    name = None if signal is None else reader.value(signal.name or signal.id)
    return SignalSpec(
        name, reader.in_mappings(definition), reader.in_business_key(definition), definition.ext_boolean("async")
    )


class SignalTrigger(Trigger):
    def subscription(self, m: Machine, element: int, node: FlowNode, spec: Spec) -> Wait:
        assert isinstance(spec, SignalSpec)
        name = expressions.required_text(m, spec.name, element, f"the signal name of {node.id!r}")
        return SignalWait(0, element, node.id, name, node.interrupting)

    def throw(self, m: Machine, element: Element, node: FlowNode, spec: Spec) -> bool:
        assert isinstance(spec, SignalSpec)
        name = expressions.required_text(m, spec.name, element.key, f"the signal name of {node.id!r}")
        payload = mappings.payload(m, element.key, spec.payload)
        key = expressions.text(m, spec.business_key, element.key, f"the business key of {node.id!r}")
        listening = [w.key for w in m.state.waits.values() if type(w) is SignalWait and w.name == name]
        if spec.asynchronous and m.state.has(ASYNC_SIGNALS):
            m.effects.append(BroadcastSignal(name, payload, key, node.id, tuple(listening)))
            return True
        m.effects.append(BroadcastSignal(name, payload, key, node.id))
        values = {n: encode_value(v) for n, v in payload.items()}
        for wait in reversed(listening):
            m.push("signal", wait, values)
        return True
