"""The flow nodes that there are. Adding one = one file, one row here, one row in `docs/elements.md`, its tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import interpreter.triggers.table  # noqa: F401  # pyright: ignore[reportUnusedImport]  registers the event definitions
from interpreter import data, jobs  # noqa: F401  # pyright: ignore[reportUnusedImport]  register their specs
from interpreter.codec import register
from interpreter.definition import Definition, FlowNode, Spec
from interpreter.elements import (
    ad_hoc_sub_process,
    business_rule_task,
    call_activity,
    complex_gateway,
    event_based_gateway,
    loop,
    receive_task,
    script_task,
    send_task,
    service_task,
    user_task,
)
from interpreter.elements.behavior import Behavior
from interpreter.elements.boundary_event import BoundaryEventBehavior
from interpreter.elements.exclusive_gateway import ExclusiveGatewayBehavior
from interpreter.elements.inclusive_gateway import InclusiveGatewayBehavior
from interpreter.elements.intermediate_catch_event import IntermediateCatchEventBehavior
from interpreter.elements.parallel_gateway import ParallelGatewayBehavior
from interpreter.elements.start_event import StartEventBehavior
from interpreter.elements.sub_process import EventSubProcessBehavior, ProcessBehavior, SubProcessBehavior
from interpreter.elements.task import TaskBehavior
from interpreter.elements.throw_event import ThrowEventBehavior
from interpreter.triggers import signal

if TYPE_CHECKING:
    from interpreter.bpmn.document import Node
    from interpreter.elements.reading import Reader

BEHAVIORS: Final[dict[str, Behavior]] = {
    "process": ProcessBehavior(),
    "startEvent": StartEventBehavior(),
    "endEvent": ThrowEventBehavior(),
    "intermediateThrowEvent": ThrowEventBehavior(),
    "intermediateCatchEvent": IntermediateCatchEventBehavior(),
    "boundaryEvent": BoundaryEventBehavior(),
    "task": TaskBehavior(),
    "manualTask": TaskBehavior(),
    "serviceTask": service_task.WorkBehavior(),
    "sendTask": send_task.SendTaskBehavior(),
    "receiveTask": receive_task.ReceiveTaskBehavior(),
    "userTask": user_task.UserTaskBehavior(),
    "scriptTask": script_task.ScriptTaskBehavior(),
    "businessRuleTask": business_rule_task.BusinessRuleTaskBehavior(),
    "callActivity": call_activity.CallActivityBehavior(),
    "subProcess": SubProcessBehavior(),
    "transaction": SubProcessBehavior(),
    "eventSubProcess": EventSubProcessBehavior(),
    "adHocSubProcess": ad_hoc_sub_process.AdHocSubProcessBehavior(),
    "exclusiveGateway": ExclusiveGatewayBehavior(),
    "parallelGateway": ParallelGatewayBehavior(),
    "inclusiveGateway": InclusiveGatewayBehavior(),
    "complexGateway": complex_gateway.ComplexGatewayBehavior(),
    "eventBasedGateway": event_based_gateway.EventBasedGatewayBehavior(),
}

READERS: Final[dict[str, Callable[[Node, Reader], Spec]]] = {
    "serviceTask": service_task.read,
    "sendTask": send_task.read,
    "receiveTask": receive_task.read,
    "userTask": user_task.read,
    "scriptTask": script_task.read,
    "businessRuleTask": business_rule_task.read,
    "callActivity": call_activity.read,
    "adHocSubProcess": ad_hoc_sub_process.read,
    "complexGateway": complex_gateway.read,
    "eventBasedGateway": event_based_gateway.read,
}

register(
    service_task.ServiceTask,
    send_task.SendTask,
    receive_task.ReceiveTask,
    user_task.UserTask,
    script_task.ScriptTask,
    business_rule_task.BusinessRuleTask,
    call_activity.CallActivity,
    ad_hoc_sub_process.AdHocSubProcess,
    complex_gateway.ComplexGateway,
    event_based_gateway.EventBasedGateway,
    loop.MultiInstance,
    loop.StandardLoop,
)


def bind(definition: Definition) -> None:
    """Give every node its behaviour."""
    for node in definition.nodes.values():
        node.behavior = BEHAVIORS[node.kind]
        node.plain = is_plain(node)
        if isinstance(node.spec, user_task.UserTask):
            node.cancel_listeners = tuple([x for x in node.spec.listeners if x.event in ("delete", "all")])
        node.throws_late = node.kind in ("intermediateThrowEvent", "endEvent") and any(
            isinstance(t, signal.SignalSpec) for t in node.triggers
        )
    definition.bound = True


def is_plain(node: FlowNode) -> bool:
    """Whether entering and leaving it are nothing but its behaviour."""
    return not (
        node.is_scope
        or node.kind == "callActivity"
        or node.inputs
        or node.outputs
        or node.data_inputs
        or node.data_outputs
        or node.declares
        or node.boundary
        or node.listeners
        or node.loop
        or node.for_compensation
        or node.compensation_handler
    )
