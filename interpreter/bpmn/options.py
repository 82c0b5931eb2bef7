"""Keyword options of the builder's nodes, turned into attributes and child elements.

A keyword in snake case is BPMN's attribute when the element has one of that name, else Camunda's; anything else is an
error, so that a typing mistake does not build a model that means something else. Keywords with a meaning of their own
are the parameters of :func:`apply`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Final

from interpreter.bpmn.metamodel import bpmn_type
from interpreter.bpmn.parts import BuilderError, El, Loop, Scalar, camel, el, literal, xml_name

_CAMUNDA_NAMES: Final = """
    assignee async asyncAfter asyncBefore calledElementBinding calledElementTenantId calledElementVersion
    calledElementVersionTag candidateGroups candidateStarterGroups candidateStarterUsers candidateUsers caseBinding
    caseRef caseTenantId caseVersion class collection decisionRef decisionRefBinding decisionRefTenantId
    decisionRefVersion decisionRefVersionTag delegateExpression dueDate elementVariable exclusive expression
    followUpDate formHandlerClass formKey formRef formRefBinding formRefVersion historyTimeToLive initiator
    isStartableInTasklist jobPriority mapDecisionResult modelerTemplate modelerTemplateVersion priority resource
    resultVariable taskPriority topic type variableEvents variableMappingClass variableMappingDelegateExpression
    variableName versionTag
"""
CAMUNDA_ATTRIBUTES: Final = frozenset(_CAMUNDA_NAMES.split())

_CAMUNDA_TYPES: Final = frozenset({"external", "mail", "shell"})


def attribute_names(tag: str) -> frozenset[str]:
    """BPMN attributes of an element."""
    type_ = bpmn_type(tag)
    return frozenset(type_.attributes) if type_ is not None else frozenset()


def apply(
    element: El,
    options: Mapping[str, Any],
    *,
    documentation: str | None = None,
    attrs: Mapping[str, Scalar] | None = None,
    ext: Sequence[El] = (),
    children: Sequence[El] = (),
    inputs: Mapping[str, Any] | None = None,
    outputs: Mapping[str, Any] | None = None,
    zeebe_inputs: Mapping[str, str] | None = None,
    zeebe_outputs: Mapping[str, str] | None = None,
    type: str | None = None,
    retries: Scalar | None = None,
    headers: Mapping[str, str] | None = None,
    properties: Mapping[str, str] | None = None,
    ins: Mapping[str, str] | Sequence[El] | None = None,
    outs: Mapping[str, str] | Sequence[El] | None = None,
    retry_cycle: str | None = None,
    mi: Loop | None = None,
    loop: Loop | None = None,
) -> None:
    """Writes options onto an element.

    ``attrs``: attributes with their XML names (prefix allowed), as they are. ``ext``: children of extensionElements.
    ``children``: BPMN children, put in schema order later. ``inputs``/``outputs``: camunda:inputOutput (a value may be
    an :class:`El` such as ``camunda:script``). ``zeebe_inputs``: target to source expression; ``zeebe_outputs``
    likewise. ``type``/``retries``/``headers``: zeebe:taskDefinition and taskHeaders (``type="external"``, "mail" and
    "shell" are Camunda's attribute). ``properties``: camunda:properties. ``ins``/``outs``: camunda:in/out as source to
    target (``{"*": "*"}`` is variables="all"). ``retry_cycle``: camunda:failedJobRetryTimeCycle.
    """
    own = attribute_names(element.tag)
    if documentation is not None:
        element.add(El("documentation", text=documentation))
    if type is not None:
        if type in _CAMUNDA_TYPES:
            element.attrs["camunda:type"] = type
        else:
            element.extension(el("zeebe:taskDefinition", type=type, retries=retries))
    if "topic" in options and type is None:
        element.attrs["camunda:type"] = "external"
    for key, value in options.items():
        if value is None:
            continue
        name = camel(key) if "__" not in key else xml_name(key)
        if name in own or ":" in name:
            element.attrs[name] = literal(value)
        elif name in CAMUNDA_ATTRIBUTES:
            element.attrs[f"camunda:{name}"] = literal(value)
        else:
            near = get_close_matches(name, sorted(own | CAMUNDA_ATTRIBUTES), 3)
            told = f"; near to it are {', '.join(near)}" if near else ""
            raise BuilderError(f"Expected an attribute of {element.tag!r} but was {key!r}{told}.")
    for name, value in (attrs or {}).items():
        element.attrs[name] = literal(value)
    for item in ext:
        element.extension(item)
    element.children.extend(children)
    if retry_cycle is not None:
        element.extension(El("camunda:failedJobRetryTimeCycle", text=retry_cycle))
    if inputs or outputs:
        mapping = element.extension(El("camunda:inputOutput"))
        for tag, pairs in (("camunda:inputParameter", inputs), ("camunda:outputParameter", outputs)):
            for name, value in (pairs or {}).items():
                mapping.add(_parameter(tag, name, value))
    if zeebe_inputs or zeebe_outputs:
        mapping = element.extension(El("zeebe:ioMapping"))
        for tag, sources in (("zeebe:input", zeebe_inputs), ("zeebe:output", zeebe_outputs)):
            for target, source in (sources or {}).items():
                mapping.add(el(tag, source=source, target=target))
    if headers:
        holder = element.extension(El("zeebe:taskHeaders"))
        for name, value in headers.items():
            holder.add(el("zeebe:header", key=name, value=value))
    if properties:
        holder = element.extension(El("camunda:properties"))
        for name, value in properties.items():
            holder.add(el("camunda:property", name=name, value=value))
    for tag, crossing in (("camunda:in", ins), ("camunda:out", outs)):
        for item in _crossing(tag, crossing):
            element.extension(item)
    for marker in (mi, loop):
        if marker is not None:
            element.add(marker.build())


def _parameter(tag: str, name: str, value: Any) -> El:
    parameter = El(tag, {"name": name})
    if isinstance(value, El):
        parameter.add(value)
    elif isinstance(value, list):
        items = parameter.add(El("camunda:list"))
        for item in value:  # pyright: ignore[reportUnknownVariableType] -- whatever the caller put in
            items.add(El("camunda:value", text=literal(item)))  # pyright: ignore[reportUnknownArgumentType] -- same
    elif isinstance(value, dict):
        entries = parameter.add(El("camunda:map"))
        for key, item in value.items():  # pyright: ignore[reportUnknownVariableType] -- whatever the caller put in
            text = literal(item)  # pyright: ignore[reportUnknownArgumentType] -- same
            entries.add(El("camunda:entry", {"key": str(key)}, [], text))  # pyright: ignore[reportUnknownArgumentType] -- same
    else:
        parameter.text = literal(value)
    return parameter


def _crossing(tag: str, spec: Mapping[str, str] | Sequence[El] | None) -> list[El]:
    if spec is None:
        return []
    if not isinstance(spec, Mapping):
        return list(spec)
    made: list[El] = []
    for source, target in spec.items():
        if source == "*":
            made.append(el(tag, variables="all"))
        elif source.startswith(("$", "#", "=")):
            made.append(el(tag, sourceExpression=source, target=target))
        else:
            made.append(el(tag, source=source, target=target))
    return made
