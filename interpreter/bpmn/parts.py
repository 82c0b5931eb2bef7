"""The pieces that a built model is made of: XML elements as plain values, triggers of events, loops.

Everything here is data; :mod:`interpreter.bpmn.builder` puts it together. ``el`` writes any element of any vendor::

    el("camunda:executionListener", event="start", expression="${audit.log(execution)}")
    el("zeebe:taskHeaders", el("zeebe:header", key="queue", value="fast"))
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from interpreter.bpmn.problems import BpmnError

Scalar = str | int | float | bool


class BuilderError(BpmnError):
    """A model is put together in a way that makes no sense, such as a flow out of an end event."""


@dataclass(slots=True)
class El:
    """An XML element under construction. Names may carry a prefix; a tag without one is BPMN's."""

    tag: str
    attrs: dict[str, str] = field(default_factory=dict[str, str])
    children: list[El] = field(default_factory=list["El"])
    text: str | None = None

    def add(self, child: El) -> El:
        """Appends a child and returns it."""
        self.children.append(child)
        return child

    def extension(self, child: El) -> El:
        """Appends to ``extensionElements``, which is made when there is none."""
        for candidate in self.children:
            if candidate.tag == "extensionElements":
                return candidate.add(child)
        return self.add(El("extensionElements")).add(child)

    def walk(self) -> Iterable[El]:
        yield self
        for child in self.children:
            yield from child.walk()


def literal(value: Scalar) -> str:
    """A Python value as XML Schema writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def xml_name(name: str) -> str:
    """A Python keyword argument as an XML attribute: ``class_`` is ``class``, ``camunda__type`` is ``camunda:type``."""
    return name.rstrip("_").replace("__", ":")


def camel(name: str) -> str:
    """``candidate_groups`` as ``candidateGroups``."""
    head, *rest = name.rstrip("_").split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in rest)


def el(tag: str, *content: El | str, **attributes: Scalar | None) -> El:
    """An element with child elements or text; attributes that are None are left out."""
    element = El(tag, {xml_name(key): literal(value) for key, value in attributes.items() if value is not None})
    for item in content:
        if isinstance(item, El):
            element.children.append(item)
        else:
            element.text = (element.text or "") + item
    return element


_NCNAME: Final = re.compile(r"[A-Za-z_][\w.\-]*$", re.ASCII)
_NOT_NAME: Final = re.compile(r"[^A-Za-z0-9_.\-]+")


def is_id(text: str) -> bool:
    """Whether a text may be an XML id."""
    return _NCNAME.match(text) is not None


def slug(text: str) -> str:
    """An XML id made of a text."""
    made = _NOT_NAME.sub("_", text.strip()).strip("_")
    if not made:
        return "_"
    return made if made[0].isalpha() or made[0] == "_" else f"_{made}"


def formal(tag: str, text: str, *, language: str | None = None) -> El:
    """An expression element; formal, because engines evaluate no other."""
    attributes = {"xsi:type": "bpmn:tFormalExpression"}
    if language:
        attributes["language"] = language
    return El(tag, attributes, [], text)


# -- triggers ---------------------------------------------------------------------------------------------------------

Declare = Callable[[str, str, Mapping[str, str]], str]
"""``declare(kind, name, attributes) -> id`` of the root element (message, signal ...), made when there is none."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """One event definition. ``root`` is the kind of root element that it refers to, by ``name``.

    ``attributes`` go on the event definition (``camunda:`` unless BPMN's), ``root_attributes`` on the root element.
    """

    tag: str
    root: str = ""
    name: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict[str, str])
    root_attributes: Mapping[str, str] = field(default_factory=dict[str, str])
    children: tuple[El, ...] = ()
    extensions: tuple[El, ...] = ()
    correlation_key: str | None = None

    def element(self, declare: Declare) -> El:
        """The event definition; root elements it needs are declared through ``declare``."""
        element = El(self.tag, dict(self.attributes), list(self.children))
        if self.root and self.name is not None:
            root_attributes = dict(self.root_attributes)
            if self.correlation_key is not None:
                root_attributes["#correlationKey"] = self.correlation_key
            element.attrs[f"{self.root}Ref"] = declare(self.root, self.name, root_attributes)
        for extension in self.extensions:
            element.extension(extension)
        return element


_DEFINITION_ATTRIBUTES: Final = frozenset({"waitForCompletion", "activityRef", "id"})


def _on_definition(attributes: Mapping[str, Scalar]) -> dict[str, str]:
    made: dict[str, str] = {}
    for key, value in attributes.items():
        name = camel(key) if "__" not in key else xml_name(key)
        if ":" not in name and name not in _DEFINITION_ATTRIBUTES:
            name = f"camunda:{name}"
        made[name] = literal(value)
    return made


def timer(
    when: str | None = None, *, date: str | None = None, duration: str | None = None, cycle: str | None = None
) -> Trigger:
    """A timer. A positional text is a duration when it begins with ``P``, a cycle with ``R`` (or a cron expression of
    six fields), otherwise a date; expressions must say which they are."""
    if when is not None:
        text = when.strip()
        if text.startswith("P"):
            duration = when
        elif text.startswith(("R", "@")) or len(text.split()) >= 6:
            cycle = when
        elif text[:1].isdigit():
            date = when
        else:
            raise BuilderError(f"Expected timer(date=...), timer(duration=...) or timer(cycle=...) but was {when!r}.")
    children = [
        formal(tag, text)
        for tag, text in (("timeDate", date), ("timeDuration", duration), ("timeCycle", cycle))
        if text is not None
    ]
    if not children:
        raise BuilderError("Expected a timer with a date, duration or cycle but there is none.")
    return Trigger("timerEventDefinition", children=tuple(children))


def message(
    name: str | None = None,
    *,
    correlation_key: str | None = None,
    extensions: tuple[El, ...] = (),
    **attributes: Scalar,
) -> Trigger:
    """A message by name. ``correlation_key`` writes ``zeebe:subscription`` on the message."""
    return Trigger(
        "messageEventDefinition",
        "message",
        name,
        _on_definition(attributes),
        correlation_key=correlation_key,
        extensions=extensions,
    )


def signal(name: str | None = None, *, extensions: tuple[El, ...] = (), **attributes: Scalar) -> Trigger:
    """A signal by name."""
    return Trigger("signalEventDefinition", "signal", name, _on_definition(attributes), extensions=extensions)


def error(
    code: str | None = None, *, name: str | None = None, message: str | None = None, **attributes: Scalar
) -> Trigger:
    """An error by code; without one, any error."""
    root: dict[str, str] = {}
    if code is not None:
        root["errorCode"] = code
    if name is not None:
        root["name"] = name
    if message is not None:
        root["camunda:errorMessage"] = message
    return Trigger(
        "errorEventDefinition", "error", code if code is not None else name, _on_definition(attributes), root
    )


def escalation(code: str | None = None, *, name: str | None = None, **attributes: Scalar) -> Trigger:
    """An escalation by code; without one, any escalation."""
    root: dict[str, str] = {}
    if code is not None:
        root["escalationCode"] = code
    if name is not None:
        root["name"] = name
    key = code if code is not None else name
    return Trigger("escalationEventDefinition", "escalation", key, _on_definition(attributes), root)


def condition(expression: str, **attributes: Scalar) -> Trigger:
    """A condition."""
    return Trigger(
        "conditionalEventDefinition",
        attributes=_on_definition(attributes),
        children=(formal("condition", expression),),
    )


def link(name: str) -> Trigger:
    """A link by name."""
    return Trigger("linkEventDefinition", attributes={"name": name})


def compensation(activity: str | None = None, **attributes: Scalar) -> Trigger:
    """Compensation, of one activity when thrown with its id."""
    made = _on_definition(attributes)
    if activity is not None:
        made["activityRef"] = activity
    return Trigger("compensateEventDefinition", attributes=made)


def cancel() -> Trigger:
    """Cancellation of a transaction."""
    return Trigger("cancelEventDefinition")


def terminate() -> Trigger:
    """Termination of the enclosing scope."""
    return Trigger("terminateEventDefinition")


# -- loops ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Loop:
    """A loop marker; made by :func:`multi` or :func:`loop`."""

    element: El

    def build(self) -> El:
        return replace(self.element)


def multi(
    collection: str | None = None,
    *,
    element: str | None = None,
    cardinality: Scalar | None = None,
    sequential: bool = False,
    until: str | None = None,
    output_collection: str | None = None,
    output_element: str | None = None,
    zeebe: bool = False,
    behavior: str | None = None,
    none_event: str | None = None,
    one_event: str | None = None,
    children: tuple[El, ...] = (),
    **attributes: Scalar,
) -> Loop:
    """Multi-instance: over ``collection`` (each item as ``element``) or ``cardinality`` times.

    Written as ``camunda:collection``, or as ``zeebe:loopCharacteristics`` when ``zeebe`` or an output is given.
    ``until`` is the completion condition.
    """
    made = El("multiInstanceLoopCharacteristics")
    if sequential:
        made.attrs["isSequential"] = "true"
    for name, value in (
        ("behavior", behavior),
        ("noneBehaviorEventRef", none_event),
        ("oneBehaviorEventRef", one_event),
    ):
        if value is not None:
            made.attrs[name] = value
    if zeebe or output_collection is not None or output_element is not None:
        made.extension(
            el(
                "zeebe:loopCharacteristics",
                inputCollection=collection,
                inputElement=element,
                outputCollection=output_collection,
                outputElement=output_element,
            )
        )
    else:
        if collection is not None:
            made.attrs["camunda:collection"] = collection
        if element is not None:
            made.attrs["camunda:elementVariable"] = element
    made.attrs.update(_on_definition(attributes))
    if cardinality is not None:
        made.add(formal("loopCardinality", literal(cardinality)))
    made.children.extend(children)
    if until is not None:
        made.add(formal("completionCondition", until))
    return Loop(made)


def loop(condition: str | None = None, *, maximum: int | None = None, test_before: bool = False) -> Loop:
    """Standard loop: while ``condition`` holds, at most ``maximum`` times."""
    made = El("standardLoopCharacteristics")
    if test_before:
        made.attrs["testBefore"] = "true"
    if maximum is not None:
        made.attrs["loopMaximum"] = str(maximum)
    if condition is not None:
        made.add(formal("loopCondition", condition))
    return Loop(made)
