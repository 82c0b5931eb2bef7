"""Message events (BPMN 2.0.2, 10.5.5): caught by a subscription, thrown as an effect, or as a job when the model says
who sends."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from interpreter import calendar, expressions, jobs, mappings
from interpreter.definition import Expression, FlowNode, Mapping, Spec
from interpreter.effects import PublishMessage
from interpreter.triggers.trigger import Trigger
from interpreter.values import Millis
from interpreter.waits import MessageWait, Wait

if TYPE_CHECKING:
    from interpreter.bpmn.document import Node
    from interpreter.elements.reading import Reader
    from interpreter.machine import Machine
    from interpreter.state import Element


@dataclass(frozen=True, slots=True)
class MessageSpec(Spec):
    """`work`: who sends, when a throwing event has an implementation (job, external task, expression). `message_id`
    and `time_to_live` (an ISO 8601 duration) are of a thrown message: see `interpreter.effects.PublishMessage`."""

    name: Expression | None = None
    correlation_key: Expression | None = None
    work: jobs.Work | None = None
    payload: tuple[Mapping, ...] = ()
    message_id: Expression | None = None
    time_to_live: Expression | None = None


def read(definition: Node, reader: Reader) -> MessageSpec:
    work = jobs.read_work(definition, reader)
    return read_message(definition, definition.parent or definition, definition.ref("messageRef"), work, reader)


def read_message(
    node: Node, thrower: Node, message: Node | None, work: jobs.Work | None, reader: Reader
) -> MessageSpec:
    """`node` carries Camunda 7's extensions, `thrower` those of Zeebe: a message event definition and its event; both
    are the same for a send task."""
    spec = MessageSpec(work=work, payload=reader.in_mappings(node))
    if message is None:
        return spec
    spec = replace(spec, name=reader.value(message.name or message.id))
    subscription = message.zeebe("subscription")
    if subscription is not None:
        spec = replace(spec, correlation_key=reader.zeebe(subscription.attr("correlationKey")))
    published = thrower.zeebe("publishMessage")
    if published is not None:
        spec = replace(
            spec,
            correlation_key=reader.zeebe(published.attr("correlationKey")) or spec.correlation_key,
            message_id=reader.zeebe(published.attr("messageId")),
            time_to_live=reader.zeebe(published.attr("timeToLive")),
        )
    return spec


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
        message_id = expressions.text(m, spec.message_id, element.key, f"the message id of {node.id!r}")
        ttl = _time_to_live(m, element, node, spec.time_to_live)
        m.effects.append(PublishMessage(name, key, payload, ttl, message_id, node.id))
        return True


def _time_to_live(m: Machine, element: Element, node: FlowNode, expression: Expression | None) -> Millis:
    text = expressions.text(m, expression, element.key, f"the time to live of the message of {node.id!r}")
    if text is None:
        return 0
    try:
        return max(calendar.add(m.now, calendar.parse_duration(text)) - m.now, 0)
    except ValueError as error:
        raise expressions.Failure(f"Expected how long the message of {node.id!r} lives. {error}", "message") from None
