"""User task (BPMN 2.0.2, 10.3.4; Camunda's and Zeebe's extensions): a wait with people's properties, all evaluated
when it is created.

With task listeners, what happens to it is a transition of `task_listeners`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from interpreter import expressions, jobs, listeners, task_listeners
from interpreter.definition import Expression, FlowNode, Listener, Spec
from interpreter.elements.behavior import Behavior
from interpreter.features import LISTENER_JOBS
from interpreter.triggers import timer
from interpreter.values import JsonValue
from interpreter.waits import TimerWait, UserTaskWait

if TYPE_CHECKING:
    from interpreter.bpmn.document import Node
    from interpreter.elements.reading import Reader
    from interpreter.machine import Machine
    from interpreter.state import Element
    from interpreter.waits import Wait


@dataclass(frozen=True, slots=True)
class UserTask(Spec):
    """`form`: formKey | formRef (+ binding, version) | formId | fields, as Camunda names them."""

    name: Expression | None = None
    description: Expression | None = None
    assignee: Expression | None = None
    candidate_users: tuple[Expression, ...] = ()
    candidate_groups: tuple[Expression, ...] = ()
    due: Expression | None = None
    follow_up: Expression | None = None
    priority: Expression | None = None
    form: dict[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    form_expressions: dict[str, Expression] = field(default_factory=dict[str, Expression])
    listeners: tuple[Listener, ...] = ()
    owner: Expression | None = None


def read(node: Node, reader: Reader) -> UserTask:
    def vendor(name: str) -> Expression | None:
        text = node.ext(name)
        return None if text is None else reader.value(text)

    def several(*found: Expression | None) -> tuple[Expression, ...]:
        return tuple([e for e in found if e is not None])

    users: list[Expression] = []
    groups: list[Expression] = []
    assignee = vendor("assignee")
    for performer in [*node.children("humanPerformer"), *node.children("performer")]:
        text = _formal_text(performer)
        if assignee is None and text:
            assignee = reader.value(text)
    for owner in node.children("potentialOwner"):
        for part in _split(_formal_text(owner)):
            if part.startswith("user(") and part.endswith(")"):
                users.append(reader.value(part[5:-1].strip()))
            elif part.startswith("group(") and part.endswith(")"):
                groups.append(reader.value(part[6:-1].strip()))
            else:
                groups.append(reader.value(part))
    due, follow_up, priority = vendor("dueDate"), vendor("followUpDate"), vendor("priority")
    assignment = node.zeebe("assignmentDefinition")
    zeebe_users: Expression | None = None
    zeebe_groups: Expression | None = None
    if assignment is not None:
        assignee = reader.zeebe(assignment.attr("assignee")) or assignee
        zeebe_users = reader.zeebe(assignment.attr("candidateUsers"))
        zeebe_groups = reader.zeebe(assignment.attr("candidateGroups"))
    schedule = node.zeebe("taskSchedule")
    if schedule is not None:
        due = reader.zeebe(schedule.attr("dueDate")) or due
        follow_up = reader.zeebe(schedule.attr("followUpDate")) or follow_up
    zeebe_priority = node.zeebe("priorityDefinition")
    if zeebe_priority is not None:
        priority = reader.zeebe(zeebe_priority.attr("priority")) or priority
    form, form_expressions = _read_form(node, reader)
    documentation = node.documentation
    return UserTask(
        reader.value(node.name or ""),
        None if documentation is None else reader.value(documentation),
        assignee,
        several(vendor("candidateUsers"), zeebe_users, *users),
        several(vendor("candidateGroups"), zeebe_groups, *groups),
        due,
        follow_up,
        priority,
        form,
        form_expressions,
        reader.task_listeners(node),
        vendor("owner"),
    )


def _formal_text(node: Node) -> str:
    for expression in node.descendants("formalExpression"):
        return expression.text.strip()
    return ""


def _split(text: str) -> list[str]:
    if text.startswith(("${", "#{", "=")):
        return [text]
    return [part.strip() for part in text.split(",") if part.strip()]


def _read_form(node: Node, reader: Reader) -> tuple[dict[str, JsonValue], dict[str, Expression]]:
    form: dict[str, JsonValue] = {}
    evaluated: dict[str, Expression] = {}
    for name in ("formKey", "formRef"):
        text = node.ext(name)
        if text is not None:
            value = reader.value(text)
            if value.language == "literal":
                form[name] = text
            else:
                evaluated[name] = value
    for name in ("formRefBinding", "formRefVersion"):
        text = node.ext(name)
        if text is not None:
            form[name] = text
    definition = node.zeebe("formDefinition")
    if definition is not None:
        for name in ("formId", "formKey", "externalReference", "bindingType", "versionTag"):
            text = definition.attr(name)
            if text is not None:
                form[name] = text
    fields = read_form_fields(node)
    if fields:
        form["fields"] = fields
    return form, evaluated


def read_form_fields(node: Node) -> list[JsonValue]:
    """camunda:formData of a start event or user task: its fields as objects."""
    found: list[JsonValue] = []
    data = node.ext_child("formData")
    if data is None:
        return found
    for child in data.children("formField"):
        one: dict[str, JsonValue] = {"id": child.attr("id"), "label": child.attr("label"), "type": child.attr("type")}
        default = child.attr("defaultValue")
        if default is not None:
            one["defaultValue"] = default
        validation = child.child("validation")
        if validation is not None:
            one["constraints"] = [
                {"name": c.attr("name"), "config": c.attr("config")} for c in validation.children("constraint")
            ]
        properties = child.child("properties")
        if properties is not None:
            one["properties"] = {p.attr("id") or "": p.attr("value") for p in properties.children("property")}
        values = {v.attr("id") or "": v.attr("name") for v in child.children("value")}
        if values:
            one["values"] = values
        found.append(one)
    return found


class UserTaskBehavior(Behavior):
    def execute(self, m: Machine, element: Element, node: FlowNode) -> None:
        spec = node.spec
        assert isinstance(spec, UserTask)
        key = element.key
        what = f"of user task {node.id!r}"
        name = expressions.text(m, spec.name, key, f"the name {what}") or ""
        assignee = expressions.text(m, spec.assignee, key, f"the assignee {what}")
        form = dict(spec.form)
        for part, expression in spec.form_expressions.items():
            form[part] = expressions.text(m, expression, key, f"the {part} {what}")
        wait = UserTaskWait(
            0,
            key,
            node.id,
            name,
            expressions.text(m, spec.description, key, f"the description {what}"),
            assignee or None,
            expressions.text(m, spec.owner, key, f"the owner {what}") or None,
            _names(m, spec.candidate_users, key, f"the candidate users {what}"),
            _names(m, spec.candidate_groups, key, f"the candidate groups {what}"),
            expressions.instant(m, spec.due, key, f"the due date {what}"),
            expressions.instant(m, spec.follow_up, key, f"the follow-up date {what}"),
            50 if spec.priority is None else expressions.whole(m, spec.priority, key, f"the priority {what}"),
            form,
        )
        if task_listeners.listens(m, node):
            task_listeners.create(m, element, node, wait)
            return
        if spec.listeners:
            # A listener sees the task that is being created; one that fails must not leave it open.
            listeners.run_expressions(m, spec.listeners, "create", key)
            if assignee:
                listeners.run_expressions(m, spec.listeners, "assignment", key)
        open_task(m, element, node, wait)

    def wait_done(self, m: Machine, element: Element, node: FlowNode, wait: Wait, command: Any) -> None:
        spec = node.spec
        assert isinstance(spec, UserTask)
        if task_listeners.listens(m, node):
            assert isinstance(wait, UserTaskWait)
            task_listeners.complete(m, element, node, wait, command)
            return
        m.push("complete", element.key)
        jobs.accept(m, element, node, command.variables, command.local_variables)
        if spec.listeners:
            listeners.run_expressions(m, spec.listeners, "complete", element.key)


def open_task(m: Machine, element: Element, node: FlowNode, wait: UserTaskWait) -> None:
    """Open the wait of a task, and the timers of its timeout listeners."""
    spec = node.spec
    assert isinstance(spec, UserTask)
    each = m.state.has(LISTENER_JOBS)
    timeouts = [
        (f"task_timeout:{index}" if each else "task_timeout", timer.schedule(m, element.key, node, listener.timer))
        for index, listener in enumerate(spec.listeners)
        if listener.event == "timeout" and isinstance(listener.timer, timer.TimerSpec)
    ]
    m.open_wait(replace(wait, key=m.new_key()))
    for purpose, timeout in timeouts:
        m.open_wait(replace(timeout, key=m.new_key(), purpose=purpose))


def _names(m: Machine, found: tuple[Expression, ...], element: int, what: str) -> tuple[str, ...]:
    merged: dict[str, None] = {}
    for expression in found:
        for name in expressions.names(m, expression, element, what):
            merged[name] = None
    return tuple(merged)


def is_timeout(wait: TimerWait) -> bool:
    """Whether this is the timer of a timeout listener."""
    return wait.purpose.startswith("task_timeout")


def timer_of(node: FlowNode, wait: TimerWait) -> timer.TimerSpec:
    """The timer of a timeout listener; of the first one in instances that do not tell them apart."""
    spec = node.spec
    assert isinstance(spec, UserTask)
    _, _, index = wait.purpose.partition(":")
    listeners_of_task = spec.listeners[int(index) :] if index else spec.listeners
    found = (listener.timer for listener in listeners_of_task if listener.event == "timeout")
    return next(t for t in found if isinstance(t, timer.TimerSpec))


def timed_out(m: Machine, wait: TimerWait) -> None:
    """The timer of a timeout listener is due: run the listener; the task stays."""
    node = m.nodes[wait.node]
    spec = node.spec
    assert isinstance(spec, UserTask)
    m.close_wait(wait.key, "triggered")
    following = timer.TimerTrigger().following(m, wait)
    if following is not None:
        m.open_wait(following)
    _, _, index = wait.purpose.partition(":")
    if index:
        task_listeners.time_out(m, m.state.elements[wait.element], int(index))
    else:
        listeners.run_expressions(m, spec.listeners, "timeout", wait.element)
