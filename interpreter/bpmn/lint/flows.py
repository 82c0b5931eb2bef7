"""Layer 3, part 1: sequence flows, connectivity, gateways (BPMN 2.0.2, clauses 7.6.1, 8.4, 10.5, 10.6)."""

from __future__ import annotations

from typing import Final

from interpreter.bpmn.document import Node
from interpreter.bpmn.lint.graph import (
    ACTIVITIES,
    CHOREOGRAPHY_NODES,
    GATEWAYS,
    Graph,
    Scope,
    described,
)
from interpreter.bpmn.lint.rules import Report

_CONDITIONAL_SOURCES: Final = ACTIVITIES | {"exclusiveGateway", "inclusiveGateway", "complexGateway"}
_GATEWAY_TRIGGERS: Final = frozenset({"message", "timer", "signal", "conditional"})


def check_flows(graph: Graph, report: Report) -> None:
    """Findings on flows and gateways."""
    for scope in graph.scopes:
        for flow in scope.flows:
            _flow(graph, report, flow)
        lists = any(node.child("incoming") or node.child("outgoing") for node in scope.nodes)
        for node in scope.nodes:
            _ends(graph, report, node)
            _default(graph, report, node)
            if lists:
                _lists(graph, report, node)
            if node.tag in ACTIVITIES:
                _single_condition(graph, report, node)
            if node.tag in CHOREOGRAPHY_NODES:
                report(
                    "choreography-in-process",
                    node,
                    f"Expected no choreography activity in a process but there is {described(node)}.",
                )
            if node.tag == "eventBasedGateway":
                _event_gateway(graph, report, node)
            elif node.tag in GATEWAYS:
                _gateway(graph, report, node)
        _connectivity(graph, report, scope)


def condition_of(flow: Node) -> str | None:
    """Text of a flow's condition, stripped; "" for an external script; None when it has none."""
    condition = flow.child("conditionExpression")
    if condition is None:
        return None
    text = condition.text.strip()
    return text if text or condition.ext("resource") is not None else None


def is_default(flow: Node, source: Node) -> bool:
    """Whether a flow is the default flow of its source."""
    return flow.id is not None and source.attr("default") == flow.id


def _flow(graph: Graph, report: Report, flow: Node) -> None:
    source, target = graph.source.get(flow), graph.target.get(flow)
    if source is not None:
        if source.tag == "endEvent":
            report(
                "flow-out-of-end", flow, f"Expected no flow out of {described(source)} but there is one.", "", [source]
            )
        if graph.is_event_subprocess(source):
            _event_subprocess(report, flow, source, "out of")
        if flow.child("conditionExpression") is not None and source.tag not in _CONDITIONAL_SOURCES:
            rule = "event-gateway-condition" if source.tag == "eventBasedGateway" else "flow-condition-source"
            report(
                rule,
                flow,
                f"Expected no condition on {described(flow)} out of {described(source)} but there is one.",
                "It has no effect here; put an exclusive or inclusive gateway before it.",
                [source],
            )
    if target is not None:
        if target.tag == "startEvent":
            report(
                "flow-into-start", flow, f"Expected no flow into {described(target)} but there is one.", "", [target]
            )
        if target.tag == "boundaryEvent":
            report(
                "flow-into-boundary", flow, f"Expected no flow into {described(target)} but there is one.", "", [target]
            )
        if graph.is_event_subprocess(target):
            _event_subprocess(report, flow, target, "into")
    if flow.ext_boolean("asyncAfter") and flow.id is None:
        report("async-flow", flow, "Expected an id on a flow with asyncAfter but there is none.")


def _event_subprocess(report: Report, flow: Node, node: Node, direction: str) -> None:
    report(
        "event-subprocess-flow",
        flow,
        f"Expected no flow {direction} event subprocess {node.id!r} but there is {flow.id!r}.",
        "An event subprocess is started by its start event only.",
        [node],
    )


def _ends(graph: Graph, report: Report, node: Node) -> None:
    inflows, outflows = graph.inflows(node), graph.outflows(node)
    if graph.is_compensation_handler(node) and (inflows or outflows):
        report(
            "compensation-flow",
            node,
            f"Expected no flows at compensation handler {node.id!r} but there are {len(inflows) + len(outflows)}.",
            "A handler is reached through the association from its boundary event only.",
            [*inflows, *outflows],
        )
    if node.tag == "startEvent" and not outflows:
        report("event-connected", node, f"Expected an outgoing flow at {described(node)} but there is none.")
    if node.tag == "endEvent" and not inflows:
        report("event-connected", node, f"Expected an incoming flow at {described(node)} but there is none.")
    if node.tag not in ("intermediateCatchEvent", "intermediateThrowEvent"):
        return
    link = graph.is_link(node)
    if link:
        flows, way = (inflows, "incoming") if node.tag == "intermediateCatchEvent" else (outflows, "outgoing")
        if flows:
            report("link-flow", node, f"Expected no {way} flow at link event {node.id!r} but there is one.", "", flows)
    if not inflows and not (link and node.tag == "intermediateCatchEvent"):
        report("event-connected", node, f"Expected an incoming flow at {described(node)} but there is none.")
    if not outflows and not (link and node.tag == "intermediateThrowEvent"):
        report("event-connected", node, f"Expected an outgoing flow at {described(node)} but there is none.")


def _default(graph: Graph, report: Report, node: Node) -> None:
    default = node.attr("default")
    if default is None:
        return
    if not any(flow.id == default for flow in graph.outflows(node)):
        report(
            "flow-default",
            node,
            f"Expected the default flow of {described(node)} to be one of its outgoing flows but was {default!r}.",
        )


def _lists(graph: Graph, report: Report, node: Node) -> None:
    for tag, flows in (("incoming", graph.inflows(node)), ("outgoing", graph.outflows(node))):
        listed = {child.text.strip().rpartition(":")[2] for child in node.children(tag)}
        actual = {flow.id for flow in flows if flow.id}
        missing, extra = sorted(actual - listed), sorted(listed - actual)
        if missing:
            report(
                "flow-lists",
                node,
                f"Expected {tag} of {described(node)} to list {missing[0]!r} but it does not.",
                "Other tools rely on these lists; save the model with a modeller that writes them.",
            )
        if extra:
            told = f"{extra[0]!r} is no flow that {'ends' if tag == 'incoming' else 'begins'} there"
            report("flow-lists", node, f"Expected {tag} of {described(node)} to list its flows but {told}.")


def _single_condition(graph: Graph, report: Report, node: Node) -> None:
    flows = graph.outflows(node)
    if len(flows) == 1 and condition_of(flows[0]) is not None:
        report(
            "flow-condition-alone",
            flows[0],
            f"Expected another flow besides conditional {described(flows[0])} out of {described(node)} "
            "but it is the only one.",
            "When the condition is false there is nowhere to go; add a default flow.",
            [node],
        )


# -- gateways


def _gateway(graph: Graph, report: Report, node: Node) -> None:
    incoming, outgoing = len(graph.inflows(node)), len(graph.outflows(node))
    if incoming < 2 and outgoing < 2:
        report(
            "gateway-flows",
            node,
            f"Expected several incoming or several outgoing flows at {described(node)} "
            f"but there are {incoming} and {outgoing}.",
            "A gateway that neither splits nor joins can be removed.",
        )
    _direction(report, node, incoming, outgoing)
    if node.tag == "exclusiveGateway":
        _exclusive(graph, report, node)


def _direction(report: Report, node: Node, incoming: int, outgoing: int) -> None:
    direction = node.attr("gatewayDirection")
    wrong = {
        "Converging": incoming < 2 or outgoing > 1,
        "Diverging": outgoing < 2 or incoming > 1,
        "Mixed": incoming < 2 or outgoing < 2,
    }.get(direction or "", False)
    if wrong:
        report(
            "gateway-direction",
            node,
            f"Expected {described(node)} to be {(direction or '').lower()} as it says "
            f"but it has {incoming} incoming and {outgoing} outgoing flows.",
            "Correct or remove gatewayDirection.",
        )


def _exclusive(graph: Graph, report: Report, node: Node) -> None:
    flows = graph.outflows(node)
    if not flows:
        report("gateway-no-outgoing", node, f"Expected an outgoing flow at {described(node)} but there is none.")
        return
    if len(flows) == 1:
        if condition_of(flows[0]) is not None:
            report(
                "gateway-condition-single",
                flows[0],
                f"Expected no condition on {described(flows[0])}, the only one out of {described(node)}, "
                "but there is one.",
                "",
                [node],
            )
        return
    open_flows: list[Node] = []
    has_default = node.attr("default") is not None
    for flow in flows:
        conditional = condition_of(flow) is not None
        if is_default(flow, node):
            if conditional:
                report(
                    "gateway-condition-default",
                    flow,
                    f"Expected no condition on {described(flow)}, the default of {described(node)}, but there is one.",
                    "",
                    [node],
                )
        elif not conditional:
            open_flows.append(flow)
    if not open_flows:
        return
    if has_default or len(open_flows) > 1:
        for flow in open_flows:
            report(
                "gateway-condition-missing",
                flow,
                f"Expected a condition on {described(flow)} out of {described(node)} but there is none.",
                "Give it a condition or make it the default flow.",
                [node],
            )
    else:
        report(
            "gateway-condition-implicit",
            open_flows[0],
            f"Expected a condition on {described(open_flows[0])} out of {described(node)} "
            "but there is none; it is always taken when it is reached.",
            "Make it the default flow.",
            [node],
        )


def _event_gateway(graph: Graph, report: Report, node: Node) -> None:
    incoming, outgoing = graph.inflows(node), graph.outflows(node)
    if len(outgoing) < 2:
        report(
            "event-gateway-outgoing",
            node,
            f"Expected two or more outgoing flows at {described(node)} but there are {len(outgoing)}.",
        )
    _direction(report, node, len(incoming), len(outgoing))
    if node.ext_boolean("asyncAfter"):
        report("event-gateway-async", node, f"Expected no asyncAfter on {described(node)} but there is one.")
    instantiate = node.boolean("instantiate")
    if instantiate and incoming:
        report(
            "event-gateway-start",
            node,
            f"Expected no incoming flow at instantiating {described(node)} but there is {incoming[0].id!r}.",
            "",
            incoming,
        )
    if node.attr("eventGatewayType") == "Parallel" and not instantiate:
        report(
            "event-gateway-start",
            node,
            f"Expected a parallel {described(node)} to be instantiating but it is not.",
            "In the middle of a process use a parallel gateway with catch events.",
        )
    has_messages, receives = False, list[Node]()
    for flow in outgoing:
        target = graph.target.get(flow)
        if target is None:
            continue
        if len(graph.inflows(target)) > 1:
            report(
                "event-gateway-incoming",
                target,
                f"Expected no other incoming flow at {described(target)}, which follows {described(node)}, "
                "but there is one.",
                "",
                [node],
            )
        if target.tag == "receiveTask" and (report.profile == "spec" or target.attr("messageRef") is not None):
            receives.append(target)
            if graph.boundaries.get(target):
                report(
                    "event-gateway-boundary",
                    target,
                    f"Expected no boundary event at {described(target)} after {described(node)} but there is one.",
                    "",
                    [node, *graph.boundaries[target]],
                )
            if report.profile == "c7":
                report(
                    "event-gateway-target",
                    target,
                    f"Expected a catch event after {described(node)} but there is {described(target)}.",
                    "Camunda 7 accepts catch events only; use a message catch event, or profile spec.",
                    [node],
                )
            continue
        triggers = graph.triggers(target) if target.tag == "intermediateCatchEvent" else []
        if not triggers or not all(trigger in _GATEWAY_TRIGGERS for trigger in triggers):
            report(
                "event-gateway-target",
                target,
                f"Expected a message, timer, signal or conditional catch event after {described(node)} "
                f"but there is {described(target)}.",
                "",
                [node],
            )
        has_messages |= "message" in triggers
    if has_messages and receives:
        report(
            "event-gateway-mixed",
            node,
            f"Expected message events or receive tasks after {described(node)} but there are both.",
            "",
            receives,
        )


# -- connectivity


def _connectivity(graph: Graph, report: Report, scope: Scope) -> None:
    if scope.node.tag == "adHocSubProcess":
        return
    starts, ends = scope.of("startEvent"), scope.of("endEvent")
    instantiating = [node for node in scope.nodes if node.boolean("instantiate")]
    if ends and not starts and not instantiating:
        report(
            "start-end-pair",
            scope.node,
            f"Expected a start event in {described(scope.node)}, which has end events, but there is none.",
            "",
            ends,
        )
    if starts and not ends:
        report(
            "start-end-pair",
            scope.node,
            f"Expected an end event in {described(scope.node)}, which has start events, but there is none.",
            "",
            starts,
        )
    for node in scope.nodes:
        if (
            node.tag in ("startEvent", "boundaryEvent")
            or graph.is_event_subprocess(node)
            or graph.is_compensation_handler(node)
            or node.tag in CHOREOGRAPHY_NODES
        ):
            continue
        link = graph.is_link(node)
        if (
            starts
            and not graph.inflows(node)
            and not (link and node.tag == "intermediateCatchEvent")
            and not node.boolean("instantiate")
        ):
            report(
                "node-connected",
                node,
                f"Expected an incoming flow at {described(node)} but there is none.",
                "In a scope with a start event everything else is reached by flows.",
            )
        if (
            ends
            and node.tag != "endEvent"
            and not graph.outflows(node)
            and not (link and node.tag == "intermediateThrowEvent")
        ):
            report(
                "node-connected",
                node,
                f"Expected an outgoing flow at {described(node)} but there is none.",
                "In a scope with end events every path leads to one.",
            )
