"""Message events (BPMN 2.0.2, 10.5.5): caught by a subscription, thrown as an effect, or as a job when the model says
who sends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from interpreter import expressions, jobs, mappings
from interpreter.definition import Expression, FlowNode, Mapping, Spec
from interpreter.effects import PublishMessage
from interpreter.triggers.trigger import Trigger
from interpreter.waits import MessageWait, Wait

if TYPE_CHECKING:
    from interpreter.bpmn.document import Node
    from interpreter.elements.reading import Reader
    from interpreter.machine import Machine
    from interpreter.state import Element


@dataclass(frozen=True, slots=True)
class MessageSpec(Spec):
    """`work`: who sends, when a throwing event has an implementation (job, external task, expression)."""

    name: Expression | None = None
    correlation_key: Expression | None = None
    work: jobs.Work | None = None
    payload: tuple[Mapping, ...] = ()


def read(definition: Node, reader: Reader) -> MessageSpec:
    message = definition.ref("messageRef")
    name: Expression | None = None
    key: Expression | None = None
    if message is not None:
        name = reader.value(message.name or message.id)
        subscription = message.zeebe("subscription")
        if subscription is not None:
            key = reader.zeebe(subscription.attr("correlationKey"))
    return MessageSpec(name, key, jobs.read_work(definition, reader), reader.in_mappings(definition))


class MessageTrigger(Trigger):
    def subscription(self, m: Machine, element: int, node: FlowNode, spec: Spec) -> Wait:
        assert isinstance(spec, MessageSpec)
        name = expressions.required_text(m, spec.name, element, f"the message name of {node.id!r}")
        key = expressions.text(m, spec.correlation_key, element, f"the correlation key of {node.id!r}")
        if spec.correlation_key is not None and key is None:
            raise expressions.Failure(
                f"Expected a correlation key for the message of {node.id!r} but it was null.", "message"
            )
        return MessageWait(0, element, node.id, name, key, node.interrupting)

    def throw(self, m: Machine, element: Element, node: FlowNode, spec: Spec) -> bool:
        assert isinstance(spec, MessageSpec)
        if spec.work is not None:
            return jobs.begin(m, element, node, spec.work)
        if spec.name is None:
            return True
        name = expressions.required_text(m, spec.name, element.key, f"the message name of {node.id!r}")
        key = expressions.text(m, spec.correlation_key, element.key, f"the correlation key of {node.id!r}")
        payload = mappings.payload(m, element.key, spec.payload)
        m.effects.append(PublishMessage(name, key, payload, node=node.id))
        return True
