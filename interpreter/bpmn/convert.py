"""From the extensions of Camunda's relatives to Camunda's own, where the meaning is the same.

Operaton, CIB seven and the old fox namespace use Camunda's vocabulary as it is; Activiti and Flowable share its origin
and have names of their own. What has no equivalent stays in the file under its own namespace, and is listed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from interpreter.bpmn.document import BpmnDocument
from interpreter.bpmn.namespaces import (
    ACTIVITI,
    BPMN,
    CAMUNDA,
    CAMUNDA_FAMILY,
    CIBSEVEN,
    FLOWABLE,
    FOX,
    OPERATON,
    qualified,
    split,
)
from interpreter.bpmn.options import CAMUNDA_ATTRIBUTES
from interpreter.bpmn.xml import XmlElement, declare_prefix, new_element

_MORE_ATTRIBUTES: Final = frozenset(
    {"errorMessage", "errorCodeVariable", "errorMessageVariable", "escalationCodeVariable", "diagramRelationId"}
)
_ATTRIBUTES: Final = CAMUNDA_ATTRIBUTES | _MORE_ATTRIBUTES

_ELEMENT_NAMES: Final = """
    connector connectorId constraint entry errorEventDefinition executionListener expression failedJobRetryTimeCycle
    field formData formField formProperty in inputOutput inputParameter list map out outputParameter
    potentialStarter properties property script string taskListener validation value
"""
_ELEMENTS: Final = frozenset(_ELEMENT_NAMES.split())

# Names of Activiti and Flowable that mean what Camunda calls otherwise.
_RENAMED_ATTRIBUTES: Final = {"resultVariableName": "resultVariable", "async": "asyncBefore"}
# Camunda's names that Activiti and Flowable give another meaning or do not have: left alone there.
_DIFFERENT: Final = frozenset({"topic", "type", "versionTag"})
_SAME_TYPES: Final = frozenset({"mail", "shell"})


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that was not carried over: where, what and why."""

    element_id: str | None
    line: int
    what: str
    why: str


@dataclass(slots=True)
class Conversion:
    """What became of a document (which was changed in place)."""

    document: BpmnDocument
    carried: int = 0
    left: list[Remark] = field(default_factory=list[Remark])


def convert_to_camunda(document: BpmnDocument) -> Conversion:
    """Brings the extensions of the Camunda family into Camunda's namespace."""
    conversion = Conversion(document)
    document.about_to_change()
    root = document.root.element
    present = {split(name)[0] for element in root.iter("*") for name in (element.tag, *element.attrib)}
    if not present & (set(CAMUNDA_FAMILY) - {CAMUNDA}):
        return conversion
    for element in list(root.iter("*")):
        _attributes(conversion, element)
    for holder in list(root.iter(qualified(BPMN, "extensionElements"))):
        for child in list(holder.iterchildren("*")):
            _extension(conversion, child)
    if conversion.carried:
        prefix = "camunda" if root.nsmap.get("camunda") in (None, CAMUNDA) else "camunda7"
        declare_prefix(root, prefix, CAMUNDA)
    document.changed()
    return conversion


def _is_relative(namespace: str) -> bool:
    return namespace in CAMUNDA_FAMILY and namespace != CAMUNDA


def _remark(conversion: Conversion, element: XmlElement, what: str, why: str) -> None:
    holder: XmlElement | None = element
    while holder is not None and holder.get("id") is None:
        holder = holder.getparent()
    line = conversion.document.position_of(element)[0]
    conversion.left.append(Remark(holder.get("id") if holder is not None else None, line, what, why))


# -- attributes


def _attributes(conversion: Conversion, element: XmlElement) -> None:
    for key in list(element.attrib):
        namespace, name = split(key)
        if not _is_relative(namespace):
            continue
        value = element.get(key) or ""
        shown = f"{_prefix(namespace)}:{name}"
        if namespace in (ACTIVITI, FLOWABLE):
            special = _SPECIAL.get(name)
            if special is not None:
                if special(element, value):
                    del element.attrib[key]
                    conversion.carried += 1
                else:
                    _remark(conversion, element, shown, f"Camunda has nothing that means {value!r}.")
                continue
            if name == "type" and value not in _SAME_TYPES:
                _remark(conversion, element, shown, f"Camunda has no task type {value!r}; use an external task.")
                continue
            if name in _DIFFERENT and name != "type":
                _remark(conversion, element, shown, "it means something else in Camunda.")
                continue
        target = _RENAMED_ATTRIBUTES.get(name, name) if namespace in (ACTIVITI, FLOWABLE) else name
        if target not in _ATTRIBUTES:
            _remark(conversion, element, shown, "Camunda has no such attribute.")
            continue
        wanted = qualified(CAMUNDA, target)
        if wanted in element.attrib:
            _remark(conversion, element, shown, f"camunda:{target} is there already.")
            continue
        del element.attrib[key]
        element.set(wanted, value)
        conversion.carried += 1


def _add_in(element: XmlElement, **attributes: str) -> bool:
    holder = next(iter(element.iterchildren(qualified(BPMN, "extensionElements"))), None)
    if holder is None:
        holder = new_element(qualified(BPMN, "extensionElements"))
        holder.tail = element.text
        documentation = len(list(element.iterchildren(qualified(BPMN, "documentation"))))
        element.insert(documentation, holder)
    made = new_element(qualified(CAMUNDA, "in"))
    for name, value in attributes.items():
        made.set(name, value)
    holder.append(made)
    return True


def _inherit_variables(element: XmlElement, value: str) -> bool:
    return _add_in(element, variables="all") if value == "true" else value == "false"


def _inherit_business_key(element: XmlElement, value: str) -> bool:
    if value != "true":
        return value == "false"
    return _add_in(element, businessKey="#{execution.processBusinessKey}")


def _business_key(element: XmlElement, value: str) -> bool:
    return _add_in(element, businessKey=value)


def _same_deployment(element: XmlElement, value: str) -> bool:
    if value == "true":
        element.set(qualified(CAMUNDA, "calledElementBinding"), "deployment")
    return value in ("true", "false")


def _called_by(element: XmlElement, value: str) -> bool:
    return value == "key"


_SPECIAL: Final[dict[str, Callable[[XmlElement, str], bool]]] = {
    "inheritVariables": _inherit_variables,
    "inheritBusinessKey": _inherit_business_key,
    "businessKey": _business_key,
    "sameDeployment": _same_deployment,
    "calledElementType": _called_by,
}


# -- elements


def _extension(conversion: Conversion, child: XmlElement) -> None:
    namespace, name = split(child.tag)
    if not _is_relative(namespace):
        return
    shown = f"<{_prefix(namespace)}:{name}>"
    if name not in _ELEMENTS:
        _remark(conversion, child, shown, "Camunda has no such element.")
        return
    for part in child.iter("*"):
        inner, local = split(part.tag)
        if inner == namespace:
            if local in _ELEMENTS:
                part.tag = qualified(CAMUNDA, local)
                conversion.carried += 1
            else:
                _remark(conversion, part, f"<{_prefix(namespace)}:{local}>", "Camunda has no such element.")


def _prefix(namespace: str) -> str:
    return {OPERATON: "operaton", CIBSEVEN: "cibseven", ACTIVITI: "activiti", FLOWABLE: "flowable", FOX: "fox"}[
        namespace
    ]
