"""Work that somebody outside does: service, send and business rule tasks, message throw events, connectors, delegates.

`Work` says who does it; `begin` opens the wait (or evaluates the expression at once), `done` takes what the worker
sent.

    kind        wait                  type
    service     JobWait               job type (zeebe:taskDefinition, a Java class or delegate name, implementation,
    else the id) connector   JobWait               connector id external    ExternalTaskWait      topic expression
    none                  - decision    JobWait               decision id
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, cast

from interpreter import expressions, variables
from interpreter.codec import register
from interpreter.definition import Expression, FlowNode, Spec
from interpreter.failures import BpmnError, Failure
from interpreter.machine import Machine
from interpreter.state import Element
from interpreter.values import JsonValue, VariableValue
from interpreter.waits import ExternalTaskWait, JobWait

if TYPE_CHECKING:
    from interpreter.bpmn.document import Node
    from interpreter.elements.reading import Reader


CONNECTOR_TYPES: Final = frozenset({"io.camunda:http-json:1", "io.camunda:email:1"})
"""Job types of Camunda 8's element templates that the engine's own connectors do, unless the task names a task
queue."""


@dataclass(frozen=True, slots=True)
class ErrorRule(Spec):
    """camunda:errorEventDefinition of an external task: throw `code` when `condition` is true."""

    code: str
    condition: Expression


@dataclass(frozen=True, slots=True)
class Work(Spec):
    """Who does it. `binding`: latest | deployment | version | versionTag (decisions). `map`: Camunda's
    mapDecisionResult."""

    kind: str
    type: Expression
    retries: Expression | None = None
    priority: Expression | None = None
    result_variable: str | None = None
    headers: dict[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    parameters: dict[str, Expression] = field(default_factory=dict[str, Expression])
    outputs: dict[str, Expression] = field(default_factory=dict[str, Expression])
    error_rules: tuple[ErrorRule, ...] = ()
    binding: str = "latest"
    version: Expression | None = None
    map: str = ""


# -- reading


def read_work(node: Node, reader: Reader) -> Work | None:
    """The implementation that a task or message event definition names, None when it names none."""
    definition = node.zeebe("taskDefinition")
    result_variable = node.ext("resultVariable")
    if definition is not None:
        headers = reader.task_headers(node)
        retries = definition.attr("retries")
        built_in = definition.attr("type") in CONNECTOR_TYPES and not headers.get("taskQueue")
        return Work(
            "connector" if built_in else "service",
            reader.zeebe(definition.attr("type")) or Expression("literal", node.id or ""),
            reader.zeebe(retries),
            headers=headers,
        )
    topic = node.ext("topic")
    type_ = node.ext("type")
    if type_ == "external" or (topic is not None and type_ is None):
        if topic is None:
            reader.problem(node, "Expected a topic on the external task but there was none.")
        priority = node.ext("taskPriority")
        return Work(
            "external",
            reader.value(topic or ""),
            priority=reader.task_priority if priority is None else reader.value(priority),
            headers=reader.properties(node),
            error_rules=_read_error_rules(node, reader),
        )
    connector = node.ext_child("connector")
    if connector is not None:
        return _read_connector(node, connector, reader)
    expression = node.ext("expression")
    if expression is not None:
        return Work("expression", reader.value(expression), result_variable=result_variable)
    fields = reader.fields(node)
    for name in ("class", "delegateExpression"):
        value = node.ext(name)
        if value is not None:
            text = value.strip()
            if text[:2] in ("${", "#{") and text.endswith("}"):
                text = text[2:-1].strip()
            return Work(
                "service",
                Expression("literal", text),
                result_variable=result_variable,
                headers=reader.properties(node),
                parameters=fields,
            )
    if type_ is not None:
        return Work("service", Expression("literal", type_), parameters=fields)
    return None


def default_work(node: Node) -> Work:
    """The job of a task that names no implementation: BPMN's own `implementation`, the operation's name, or the id."""
    implementation = node.attr("implementation", "") or ""
    if not implementation or implementation.startswith("##"):
        operation = node.ref("operationRef")
        implementation = (operation.name if operation is not None else None) or node.id or ""
    return Work("service", Expression("literal", implementation))


def _read_error_rules(node: Node, reader: Reader) -> tuple[ErrorRule, ...]:
    rules: list[ErrorRule] = []
    for child in node.ext_children("errorEventDefinition"):
        error = child.ref("errorRef")
        code = child.attr("errorRef") or ""
        if error is not None:
            code = error.attr("errorCode") or error.id or code
        condition = child.attr("expression") or child.ext("expression")
        if condition is not None:
            rules.append(ErrorRule(code, reader.value(condition)))
    return tuple(rules)


def _read_connector(node: Node, connector: Node, reader: Reader) -> Work:
    id = connector.child("connectorId")
    inputs, outputs = reader.input_output(connector)
    return Work(
        "connector",
        reader.value("" if id is None else id.text.strip()),
        parameters={i.target: i.source for i in inputs},
        outputs={o.target: o.source for o in outputs},
        headers=reader.properties(node),
    )


# -- running


def begin(m: Machine, element: Element, node: FlowNode, work: Work) -> bool:
    """Start the work; True when it is done at once."""
    key = element.key
    if work.kind == "expression":
        value = expressions.evaluate(m, work.type, key)
        if work.result_variable:
            variables.set_variable(m, key, work.result_variable, value)
        return True
    what = f"the {'topic' if work.kind == 'external' else 'job type'} of {node.id!r}"
    type_ = expressions.required_text(m, work.type, key, what)
    if work.kind == "external":
        priority = (
            _default_priority(m)
            if work.priority is None
            else expressions.whole(m, work.priority, key, f"the priority of {node.id!r}")
        )
        m.open_wait(ExternalTaskWait(m.new_key(), key, node.id, type_, priority, None, work.headers))
        return False
    headers = dict(work.headers)
    if work.parameters or work.kind == "connector":
        headers["fields"] = _fields(m, element, node, work)
    if work.kind == "decision":
        headers["binding"] = work.binding
        if work.version is not None:
            headers["version"] = expressions.text(m, work.version, key, f"the decision version of {node.id!r}")
    retries, pauses = expressions.retry_cycle(m, node, key, node.retry_cycle)
    if work.retries is not None:
        retries = expressions.whole(m, work.retries, key, f"the retries of {node.id!r}")
    m.open_wait(
        JobWait(
            m.new_key(), key, node.id, work.kind, type_, retries, pauses, expressions.priority(m, node, key), headers
        )
    )
    return False


def headers_for_another_try(m: Machine, wait: JobWait) -> dict[str, JsonValue]:
    """The headers of a job that is tried again by somebody's hand: the inputs of a connector are read anew, since it is
    a wrong one that has been put right."""
    node = m.nodes[wait.node]
    work = work_of(node)
    if wait.kind != "connector" or work is None:
        return wait.headers
    try:
        return {**wait.headers, "fields": _fields(m, m.state.elements[wait.element], node, work)}
    except (Failure, BpmnError):
        return wait.headers  # the attempt says what is wrong


def _fields(m: Machine, element: Element, node: FlowNode, work: Work) -> dict[str, JsonValue]:
    if not work.parameters:
        return _mapped_inputs(m, element, node)
    read = _field if work.kind == "service" else _parameter
    return {name: read(m, value, element.key) for name, value in work.parameters.items()}


def _mapped_inputs(m: Machine, element: Element, node: FlowNode) -> dict[str, JsonValue]:
    """What the input mappings of a connector made: nothing that merely lies around in the scopes is handed over."""
    names = dict.fromkeys(mapping.target.partition(".")[0] for mapping in node.inputs)
    own = m.state.elements[element.key].variables
    return {name: expressions.plain(own[name]) for name in names if name in own}


def _parameter(m: Machine, expression: Expression, element: int) -> JsonValue:
    return expressions.plain(expressions.evaluate(m, expression, element))


def _field(m: Machine, expression: Expression, element: int) -> JsonValue:
    """Camunda hands a delegate the expression of a field, and only the delegate evaluates it: one that cannot be
    evaluated (it names a bean) is no failure of the activity. Its worker gets the text."""
    try:
        return _parameter(m, expression, element)
    except Failure:
        return expression.text


def _default_priority(m: Machine) -> int:
    value = m.definition.data.get("task_priority")
    return value if isinstance(value, int) else 0


def done(m: Machine, element: Element, node: FlowNode, work: Work, command: Any) -> None:
    """The worker is done: take its variables and result. `command` is a `CompleteWait`; its wait is closed."""
    accept(m, element, node, command.variables, command.local_variables)
    result = command.result
    if work.kind == "decision":
        from interpreter import decisions

        decisions.accept(m, element, node, work, result)
    elif work.result_variable and result is not None:
        variables.set_variable(m, element.key, work.result_variable, result)
    if work.outputs:
        for name, value in work.outputs.items():
            extra = cast("dict[str, Any]", result) if isinstance(result, dict) else None
            variables.set_variable(m, element.key, name, expressions.evaluate(m, value, element.key, extra))


def accept(
    m: Machine,
    element: Element,
    node: FlowNode,
    values: Mapping[str, VariableValue],
    local_values: Mapping[str, VariableValue],
) -> None:
    """Set the variables that came with a completed wait."""
    if local_values:
        variables.set_all(m, element.key, local_values, local=True)
    if values:
        variables.set_all(m, element.key, values, local=node.local_results)


def broken_rule(
    m: Machine, element: Element, work: Work, extra: Mapping[str, Any], *, lenient: bool
) -> BpmnError | None:
    """The error of the first rule of an external task whose condition is true. `lenient`: a failing condition is
    false."""
    for rule in work.error_rules:
        try:
            value = expressions.evaluate(m, rule.condition, element.key, extra)
        except Failure:
            if not lenient:
                raise
            continue
        if expressions.plain(value) is True:
            return BpmnError(rule.code)
    return None


def work_of(node: FlowNode) -> Work | None:
    """The `Work` of a flow node, wherever its kind keeps it."""
    found = getattr(node.spec, "work", None)
    if isinstance(found, Work):
        return found
    for trigger in node.triggers:
        found = getattr(trigger, "work", None)
        if isinstance(found, Work):
            return found
    return None


def external_task(wait: ExternalTaskWait, message: str = "", details: str = "") -> dict[str, JsonValue]:
    """What expressions of error rules see as `externalTask`."""
    return {
        "id": str(wait.key),
        "topicName": wait.topic,
        "activityId": wait.node,
        "retries": wait.retries,
        "priority": wait.priority,
        "errorMessage": message or None,
        "errorDetails": details or None,
    }


def pause_before(wait: JobWait, retries_left: int, now: int) -> int | None:
    """Instant of the next attempt of a failed job, None for at once."""
    if not wait.retry_after:
        return None
    index = min(max(wait.retries - retries_left - 1, 0), len(wait.retry_after) - 1)
    return now + wait.retry_after[index]


register(ErrorRule, Work)
