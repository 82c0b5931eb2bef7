"""From a model to executable definitions: `compile_process(document, process_id)` and `compile_all(document)`.

Reads what execution needs, through the readers of `elements.table` and `triggers.table`, and links it. A model that
cannot be executed raises `CompileError` with every problem found; `validate` (lint) says more, and says it before.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from interpreter import data
from interpreter.bpmn.document import BpmnDocument, Node
from interpreter.definition import Definition, Expression, FlowNode, SequenceFlow, Spec, StartEvent
from interpreter.elements import receive_task
from interpreter.elements.loop import read_loop
from interpreter.elements.reading import CompileError, Reader
from interpreter.elements.table import READERS, bind
from interpreter.elements.user_task import read_form_fields
from interpreter.features import RULES, features_of
from interpreter.triggers import (
    cancel,
    compensation,
    conditional,
    error,
    escalation,
    link,
    message,
    signal,
    terminate,
    timer,
)
from interpreter.values import JsonValue

__all__ = ["CompileError", "compile_all", "compile_process"]

EVENTS: Final = ("startEvent", "endEvent", "intermediateThrowEvent", "intermediateCatchEvent", "boundaryEvent")
SUBPROCESSES: Final = ("subProcess", "transaction", "adHocSubProcess")
TASKS: Final = (
    "task",
    "manualTask",
    "serviceTask",
    "sendTask",
    "receiveTask",
    "userTask",
    "scriptTask",
    "businessRuleTask",
    "callActivity",
)
GATEWAYS: Final = ("exclusiveGateway", "parallelGateway", "inclusiveGateway", "complexGateway", "eventBasedGateway")
FLOW_NODES: Final = frozenset((*EVENTS, *SUBPROCESSES, *TASKS, *GATEWAYS))
GLOBAL_TASKS: Final = {
    "globalTask": "task",
    "globalManualTask": "manualTask",
    "globalUserTask": "userTask",
    "globalScriptTask": "scriptTask",
    "globalBusinessRuleTask": "businessRuleTask",
}


def compile_all(document: BpmnDocument, profile: str = "c7") -> list[Definition]:
    """Every executable process of the document, and then its global tasks, which call activities of this or another
    file run; those of a file whose processes are only drawings are left alone."""
    processes = document.processes()
    executable = [process for process in processes if process.boolean("isExecutable")]
    tasks = list(document.nodes(*GLOBAL_TASKS)) if executable or not processes else []
    return [compile_process(document, node.id or "", profile) for node in (*executable, *tasks)]


def compile_process(document: BpmnDocument, process_id: str, profile: str = "c7") -> Definition:
    """One process (or global task) of the document, executable or not. CompileError when it cannot be executed."""
    features_of(profile)
    process = document.by_id(process_id)
    if process is None or (process.tag != "process" and process.tag not in GLOBAL_TASKS):
        raise CompileError([(process_id, 0, f"Expected a process {process_id!r} but there is none in the document.")])
    return _Compiler(document, process, profile).compile()


class _Compiler:
    def __init__(self, document: BpmnDocument, process: Node, profile: str) -> None:
        self.document = document
        self.process = process
        self.profile = profile
        self.reader = Reader(document, profile)
        self.nodes: dict[str, FlowNode] = {}
        self.flows: dict[str, SequenceFlow] = {}
        self.sources: dict[str, Node] = {}
        self.generated = 0
        priority = _job_priority(process, self.reader)
        self.priority = None if priority is None or priority.language == "literal" else priority
        """What the process says about its jobs, if it is an expression; a number is in `Definition.data`."""
        task_priority = process.ext("taskPriority")
        if task_priority is not None and not _is_number(task_priority):
            self.reader.task_priority = self.reader.value(task_priority)

    def compile(self) -> Definition:
        process = self.process
        process_id = process.id or ""
        root = FlowNode(process_id, "process", process.name or "", None, "processDefinition", line=process.line)
        root.listeners = self.reader.listeners(process)
        self.nodes[process_id] = root
        if process.tag in GLOBAL_TASKS:
            self._global_task(process, root)
        else:
            self._scope(process, root)
        self._link()
        starts = self._starts(root)
        if self.reader.problems:
            raise CompileError(self.reader.problems)
        definition = Definition(
            process_id,
            self.nodes,
            self.flows,
            name=process.name or "",
            version_tag=self._version_tag(),
            profile=self.profile,
            history_ttl=process.ext("historyTimeToLive"),
            startable=process.ext_boolean("isStartableInTasklist", True),
            starts=tuple(starts),
            data=self._data(),
            rules=RULES,
        )
        bind(definition)
        return definition

    # -- reading

    def _scope(self, holder: Node, scope: FlowNode) -> None:
        children: list[str] = []
        declared: list[str] = []
        for child in holder.children():
            tag = child.tag
            if tag in FLOW_NODES:
                node = self._node(child, scope)
                children.append(node.id)
            elif tag == "sequenceFlow":
                self._flow(child)
            elif tag == "dataObject" and child.is_bpmn:
                if scope.scope is not None:
                    declared.append(child.name or child.id or "")
            elif tag == "property":
                declared.append(child.name or child.id or "")
        scope.children = tuple(children)
        scope.declares = tuple([*scope.declares, *declared])

    def _id(self, node: Node) -> str:
        id = node.id
        if id is None:
            self.generated += 1
            id = f"{node.tag}_{self.generated}"
        if id in self.nodes or id in self.flows:
            self.reader.problem(node, f"Expected ids to be unique but {id!r} is there twice.")
        return id

    def _node(self, node: Node, scope: FlowNode) -> FlowNode:
        reader = self.reader
        tag = node.tag
        kind = "eventSubProcess" if tag == "subProcess" and node.boolean("triggeredByEvent") else tag
        id = self._id(node)
        found = FlowNode(id, kind, node.name or "", scope.id, line=node.line)
        self.nodes[id] = found
        self.sources[id] = node
        read = READERS.get(tag)
        found.spec = None if read is None else read(node, reader)
        if tag in EVENTS:
            self._event(node, found)
        elif tag == "receiveTask":
            trigger = receive_task.read_trigger(node, reader)
            found.triggers = () if trigger is None else (trigger,)
        if tag in TASKS or tag in SUBPROCESSES:
            found.loop = read_loop(node, reader)
            found.for_compensation = node.boolean("isForCompensation")
            found.start_quantity = node.integer("startQuantity", 1)
            found.completion_quantity = node.integer("completionQuantity", 1)
            if found.start_quantity < 1 or found.completion_quantity < 1:
                reader.problem(node, "Expected token quantities of at least 1 but they were less.")
            for child in node.children("property"):
                found.declares = (*found.declares, child.name or child.id or "")
        self._common(node, found)
        if tag in SUBPROCESSES:
            self._scope(node, found)
        found.activity_type = activity_type(found)
        return found

    def _common(self, node: Node, found: FlowNode) -> None:
        reader = self.reader
        inputs, outputs = reader.input_output(node)
        zeebe_inputs, zeebe_outputs = reader.zeebe_mappings(node)
        found.inputs = tuple([*inputs, *zeebe_inputs])
        found.outputs = tuple([*outputs, *zeebe_outputs])
        found.local_results = bool(zeebe_outputs)
        found.data_inputs = data.read_associations(node, reader, "dataInputAssociation")
        found.data_outputs = data.read_associations(node, reader, "dataOutputAssociation")
        found.listeners = reader.listeners(node)
        multi = node.child("multiInstanceLoopCharacteristics")
        found.async_before = node.ext_boolean("asyncBefore") or node.ext_boolean("async")
        found.async_after = node.ext_boolean("asyncAfter")
        if multi is not None:
            found.loop_async_before = multi.ext_boolean("asyncBefore") or multi.ext_boolean("async")
            found.loop_async_after = multi.ext_boolean("asyncAfter")
            found.loop_retry_cycle = _retry_cycle(multi, reader)
        found.priority = _job_priority(node, reader) or self.priority
        found.retry_cycle = _retry_cycle(node, reader)
        initiator = node.ext("initiator")
        if initiator is not None:
            found.headers["initiator"] = initiator

    def _event(self, node: Node, found: FlowNode) -> None:
        reader = self.reader
        triggers: list[Spec] = []
        for child in node.children():
            if child.tag.endswith("EventDefinition"):
                triggers.append(reader.trigger(child))
        for reference in node.refs("eventDefinitionRef"):
            triggers.append(reader.trigger(reference))
        found.triggers = tuple(triggers)
        found.parallel_multiple = node.boolean("parallelMultiple")
        if node.tag == "boundaryEvent":
            found.interrupting = node.boolean("cancelActivity", True)
            host = node.ref("attachedToRef")
            if host is None or host.id is None:
                reader.problem(node, "Expected the boundary event to be attached to an activity but it was not.")
            else:
                found.attached_to = host.id
        elif node.tag == "startEvent":
            found.interrupting = node.boolean("isInterrupting", True)
        if any(isinstance(t, error.ErrorSpec) for t in triggers) and node.tag in ("boundaryEvent", "startEvent"):
            found.interrupting = True
        refused = tuple(k for k in _TRIGGER_NAMES if k not in _ALLOWED[node.tag])
        for trigger in triggers:
            if isinstance(trigger, refused):
                reader.problem(
                    node, f"Expected an event that a {node.tag} can have but it was {_TRIGGER_NAMES[type(trigger)]}."
                )
        if node.tag in ("intermediateThrowEvent", "endEvent"):
            # A message event may say on the event itself who sends.
            from interpreter import jobs

            work = jobs.read_work(node, reader)
            if work is not None:
                found.triggers = tuple(
                    [
                        replace(t, work=work) if isinstance(t, message.MessageSpec) and t.work is None else t
                        for t in triggers
                    ]
                )

    def _flow(self, node: Node) -> None:
        id = self._id(node)
        self.sources[id] = node
        source, target = node.ref("sourceRef"), node.ref("targetRef")
        if source is None or target is None or source.id is None or target.id is None:
            self.reader.problem(node, "Expected the sequence flow to have a source and a target but it had not.")
            return
        condition = self.reader.formal(node.child("conditionExpression"))
        self.flows[id] = SequenceFlow(id, source.id, target.id, condition, self.reader.listeners(node))

    def _global_task(self, node: Node, root: FlowNode) -> None:
        id = f"{root.id}#task"
        kind = GLOBAL_TASKS[node.tag]
        task = FlowNode(id, kind, node.name or "", root.id, line=node.line)
        read = READERS.get(kind)
        task.spec = None if read is None else read(node, self.reader)
        self._common(node, task)
        root.listeners = ()
        task.activity_type = activity_type(task)
        self.nodes[id] = task
        root.children = (id,)

    # -- linking

    def _link(self) -> None:
        nodes = self.nodes
        incoming: dict[str, list[str]] = {}
        outgoing: dict[str, list[str]] = {}
        for flow in list(self.flows.values()):
            if flow.source not in nodes or flow.target not in nodes:
                self.reader.problem(
                    self.sources[flow.id],
                    "Expected source and target of the sequence flow in this process but they were not.",
                )
                del self.flows[flow.id]
                continue
            outgoing.setdefault(flow.source, []).append(flow.id)
            incoming.setdefault(flow.target, []).append(flow.id)
        boundary: dict[str, list[str]] = {}
        for node in nodes.values():
            node.incoming = tuple(incoming.get(node.id, ()))
            node.outgoing = tuple(outgoing.get(node.id, ()))
            source = self.sources.get(node.id)
            default = None if source is None else source.attr("default")
            if default is not None and default in self.flows:
                node.default = default
            if node.attached_to is not None:
                if node.attached_to in nodes:
                    boundary.setdefault(node.attached_to, []).append(node.id)
                else:
                    self.reader.problem(
                        self.sources[node.id],
                        "Expected the boundary event on an activity of this process but it was not.",
                    )
                    node.attached_to = None
        for node in nodes.values():
            node.boundary = tuple(boundary.get(node.id, ()))
            if node.is_scope:
                node.start_events = tuple([c for c in node.children if nodes[c].kind == "startEvent"])
                node.event_subprocesses = tuple(
                    [c for c in node.children if nodes[c].kind == "eventSubProcess" and self._has_start(nodes[c])]
                )
        self._compensation_handlers()
        for node in nodes.values():
            if node.kind == "eventSubProcess":
                starts = [c for c in node.children if nodes[c].kind == "startEvent"]
                if len(starts) != 1:
                    self.reader.problem(
                        self.sources[node.id],
                        f"Expected one start event in the event subprocess but there were {len(starts)}.",
                    )
            for trigger in node.triggers:
                activity = trigger.activity if isinstance(trigger, compensation.CompensationSpec) else None
                if activity is not None and activity not in nodes:
                    self.reader.problem(
                        self.sources[node.id], "Expected an activity of this process to compensate but it was not."
                    )

    def _has_start(self, node: FlowNode) -> bool:
        return any(self.nodes[c].kind == "startEvent" for c in node.children)

    def _compensation_handlers(self) -> None:
        """A compensation boundary event is linked to its handler by an association (or a sequence flow, which is
        wrong but seen)."""
        targets: dict[str, str] = {}
        for association in self.document.nodes("association"):
            source, target = association.ref("sourceRef"), association.ref("targetRef")
            if source is not None and target is not None and source.id and target.id:
                targets.setdefault(source.id, target.id)
        for node in list(self.nodes.values()):
            if node.kind != "boundaryEvent" or not any(
                isinstance(t, compensation.CompensationSpec) for t in node.triggers
            ):
                continue
            handler = targets.get(node.id)
            if handler is None and node.outgoing:
                handler = self.flows[node.outgoing[0]].target
            if handler is None or handler not in self.nodes or node.attached_to is None:
                self.reader.problem(
                    self.sources[node.id], "Expected a compensation handler at the boundary event but there was none."
                )
                continue
            host = self.nodes[node.attached_to]
            host.compensation_handler = handler
            self.nodes[handler].for_compensation = True
            host.boundary = tuple([b for b in host.boundary if b != node.id])

    # -- the process

    def _starts(self, root: FlowNode) -> list[StartEvent]:
        found: list[StartEvent] = []
        for child in root.children:
            node = self.nodes[child]
            if node.kind == "startEvent":
                if not node.triggers:
                    found.append(StartEvent(node.id, "none"))
                found.extend(_starts_of(node, False))
            elif (
                node.kind == "receiveTask"
                and isinstance(node.spec, receive_task.ReceiveTask)
                and node.spec.instantiating
            ):
                found.extend(_starts_of(node, True))
            elif node.kind == "eventBasedGateway" and getattr(node.spec, "instantiating", False):
                for flow in node.outgoing:
                    target = self.nodes[self.flows[flow].target]
                    found.extend(_starts_of(target, True))
        return found

    def _version_tag(self) -> str | None:
        tag = self.process.zeebe("versionTag")
        return self.process.ext("versionTag") or (None if tag is None else tag.attr("value"))

    def _data(self) -> dict[str, JsonValue]:
        process = self.process
        executable = process.tag in GLOBAL_TASKS or process.boolean("isExecutable")
        found: dict[str, JsonValue] = {"executable": executable}
        for attribute, key in (
            ("candidateStarterUsers", "candidate_starter_users"),
            ("candidateStarterGroups", "candidate_starter_groups"),
        ):
            value = process.ext(attribute)
            if value is not None:
                found[key] = [part.strip() for part in value.split(",") if part.strip()]
        job = _job_priority(process, self.reader)
        given = {"job_priority": None if job is None else job.text, "task_priority": process.ext("taskPriority")}
        for key, value in given.items():
            if value is not None and _is_number(value):
                found[key] = int(value)
        documentation = process.documentation
        if documentation:
            found["documentation"] = documentation
        for start in process.children("startEvent"):
            if start.child("messageEventDefinition") is None:
                form: dict[str, JsonValue] = {}
                for name in ("formKey", "formRef", "formRefBinding", "formRefVersion"):
                    value = start.ext(name)
                    if value is not None:
                        form[name] = value
                zeebe = start.zeebe("formDefinition")
                if zeebe is not None and zeebe.attr("formId"):
                    form["formId"] = zeebe.attr("formId")
                fields = read_form_fields(start)
                if fields:
                    form["fields"] = fields
                if form:
                    found["start_form"] = form
                break
        return found


def _is_number(text: str) -> bool:
    return text.lstrip("-").isdigit()


def _job_priority(node: Node, reader: Reader) -> Expression | None:
    priority = node.ext("jobPriority")
    zeebe = node.zeebe("jobPriorityDefinition")
    if zeebe is not None:
        return reader.zeebe(zeebe.attr("priority"))
    return None if priority is None else reader.value(priority)


def _retry_cycle(node: Node, reader: Reader) -> Expression | None:
    cycle = node.ext_child("failedJobRetryTimeCycle")
    return None if cycle is None else reader.value(cycle.text.strip())


def _starts_of(node: FlowNode, instantiating: bool) -> list[StartEvent]:
    found: list[StartEvent] = []
    for index, trigger in enumerate(node.triggers):
        start = _start(node, trigger, instantiating)
        if start is not None:
            found.append(replace(start, index=index))
    return found


def _start(node: FlowNode, trigger: Spec, instantiating: bool) -> StartEvent | None:
    if isinstance(trigger, message.MessageSpec):
        return StartEvent(node.id, "message", _literal(trigger.name), instantiating=instantiating)
    if isinstance(trigger, signal.SignalSpec):
        return StartEvent(node.id, "signal", _literal(trigger.name), instantiating=instantiating)
    if isinstance(trigger, timer.TimerSpec):
        return StartEvent(
            node.id, "timer", kind=trigger.kind, spec=_literal(trigger.value), instantiating=instantiating
        )
    if isinstance(trigger, conditional.ConditionSpec):
        return StartEvent(
            node.id,
            "conditional",
            spec=trigger.condition.text,
            conditions={"names": list(trigger.names), "changes": list(trigger.changes)},
            instantiating=instantiating,
        )
    return None


def _literal(expression: Expression | None) -> str:
    return "" if expression is None else expression.text


_TRIGGER_NAMES: Final[dict[type[Spec], str]] = {
    message.MessageSpec: "Message",
    timer.TimerSpec: "Timer",
    signal.SignalSpec: "Signal",
    conditional.ConditionSpec: "Conditional",
    error.ErrorSpec: "Error",
    escalation.EscalationSpec: "Escalation",
    compensation.CompensationSpec: "Compensation",
    link.LinkSpec: "Link",
    terminate.TerminateSpec: "Terminate",
    cancel.CancelSpec: "Cancel",
}
_THROWN = (message.MessageSpec, signal.SignalSpec, escalation.EscalationSpec, compensation.CompensationSpec)
_CAUGHT = (message.MessageSpec, signal.SignalSpec, timer.TimerSpec, conditional.ConditionSpec)
_HANDLED = (*_CAUGHT, error.ErrorSpec, escalation.EscalationSpec, compensation.CompensationSpec)
_ALLOWED: Final[dict[str, tuple[type[Spec], ...]]] = {
    "startEvent": _HANDLED,
    "intermediateCatchEvent": (*_CAUGHT, link.LinkSpec),
    "boundaryEvent": (*_HANDLED, cancel.CancelSpec),
    "intermediateThrowEvent": (*_THROWN, link.LinkSpec),
    "endEvent": (*_THROWN, error.ErrorSpec, terminate.TerminateSpec, cancel.CancelSpec),
}
"""Event definitions by position (BPMN 2.0.2, Table 10.93)."""
_ACTIVITY_TYPES: Final = {
    "eventBasedGateway": "eventBasedGateway",
    "eventSubProcess": "subProcess",
}
_EVENT_TYPES: Final = {
    "startEvent": {
        "": "startEvent",
        "Timer": "startTimerEvent",
        "Multiple": "multipleStartEvent",
    },
    "endEvent": {"": "noneEndEvent"},
    "intermediateThrowEvent": {"": "intermediateNoneThrowEvent"},
    "intermediateCatchEvent": {
        "": "intermediateCatchEvent",
        "Timer": "intermediateTimer",
        "Message": "intermediateMessageCatch",
        "Signal": "intermediateSignalCatch",
        "Link": "intermediateLinkCatch",
        "Conditional": "intermediateConditional",
    },
    "boundaryEvent": {"Compensation": "compensationBoundaryCatch", "Cancel": "cancelBoundaryCatch"},
}


def activity_type(node: FlowNode) -> str:
    """Camunda's name of the kind of activity."""
    if node.kind not in EVENTS:
        return _ACTIVITY_TYPES.get(node.kind, node.kind)
    triggers = list(node.triggers)
    name = "Multiple" if len(triggers) > 1 else "".join(_TRIGGER_NAMES.get(type(trigger), "") for trigger in triggers)
    known = _EVENT_TYPES[node.kind].get(name)
    if known is not None:
        return known
    lower = name[:1].lower() + name[1:]
    if node.kind == "startEvent":
        return f"{lower}StartEvent"
    if node.kind == "endEvent":
        return f"{lower}EndEvent"
    if node.kind == "intermediateThrowEvent":
        return f"intermediate{name}ThrowEvent"
    if node.kind == "boundaryEvent":
        return f"boundary{name}"
    return f"intermediate{name}Catch"
