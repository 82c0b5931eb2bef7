"""What the readers of elements and event definitions share: expressions, mappings, listeners, and a place for problems.

Reading happens when a model is deployed, never inside a step. Readers are given `bpmn.document.Node` views and import
no XML.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from interpreter.bpmn.namespaces import CAMUNDA_FAMILY, qualified
from interpreter.definition import Expression, Listener, Mapping, Spec
from interpreter.elements.xpath import as_feel, is_xpath
from interpreter.values import JsonValue

if TYPE_CHECKING:
    from interpreter.bpmn.document import BpmnDocument, Node


class CompileError(ValueError):
    """The model cannot be executed; `problems` are (element id, line, sentence)."""

    def __init__(self, problems: list[tuple[str, int, str]]) -> None:
        self.problems = problems
        super().__init__("; ".join(f"{id!r} (line {line}): {text}" for id, line, text in problems))


class Reader:
    """Reads the parts of one process."""

    def __init__(self, document: BpmnDocument, profile: str) -> None:
        self.document = document
        self.profile = profile
        self.problems: list[tuple[str, int, str]] = []
        self.task_priority: Expression | None = None
        """What the process says about its external tasks, if it is an expression."""

    def problem(self, node: Node, sentence: str) -> None:
        """Something that keeps the process from being executed."""
        self.problems.append((node.id or node.tag, node.line, sentence))

    # -- expressions

    def value(self, text: str | None, *, language: str | None = None) -> Expression:
        """Text that may be an expression: `=` FEEL, `${`/`#{` JUEL, otherwise itself."""
        text = text or ""
        if language:
            return declared(text, language)
        if text.startswith("="):
            return Expression("feel", text[1:].strip())
        if "${" in text or "#{" in text:
            return Expression("juel", text)
        return Expression("literal", text)

    def zeebe(self, text: str | None) -> Expression | None:
        """Zeebe's rule: FEEL after `=`, otherwise itself."""
        if text is None:
            return None
        if text.startswith("="):
            return Expression("feel", text[1:].strip())
        return Expression("literal", text)

    def variable_or_expression(self, text: str) -> Expression:
        """Camunda's rule for collections: an expression if it looks like one, otherwise a variable's name."""
        found = self.value(text.strip())
        return Expression("juel", "${" + text.strip() + "}") if found.language == "literal" else found

    def formal(self, node: Node | None) -> Expression | None:
        """A tFormalExpression (a condition, a cardinality): without a declared language, bare text is an expression
        too."""
        if node is None:
            return None
        text = node.text.strip()
        resource = node.ext("resource")
        if resource is not None:
            return Expression("resource", resource)
        if not text:
            return None
        language = node.attr("language")
        if language:
            return declared(text, language)
        if is_xpath(text):
            return Expression("feel", as_feel(text))
        found = self.value(text)
        if found.language == "literal":
            try:
                number = int(text)
            except ValueError:
                return Expression("juel", "${" + text + "}")
            return Expression("literal", text, number)
        return found

    # -- mappings

    def input_output(self, holder: Node) -> tuple[list[Mapping], list[Mapping]]:
        """camunda:inputOutput of a node (or of a connector)."""
        found = holder.ext_child("inputOutput") if holder.is_bpmn else holder.child("inputOutput")
        if found is None:
            return [], []
        inputs = [Mapping(p.attr("name") or "", self._parameter(p)) for p in found.children("inputParameter")]
        outputs = [Mapping(p.attr("name") or "", self._parameter(p)) for p in found.children("outputParameter")]
        return inputs, outputs

    def zeebe_mappings(self, node: Node) -> tuple[list[Mapping], list[Mapping]]:
        """zeebe:ioMapping of a node."""
        found = node.zeebe("ioMapping")
        if found is None:
            return [], []
        inputs = [
            Mapping(c.attr("target") or "", self.zeebe(c.attr("source")) or Expression("literal", "null"))
            for c in found.children("input")
        ]
        outputs = [
            Mapping(c.attr("target") or "", self.zeebe(c.attr("source")) or Expression("literal", "null"))
            for c in found.children("output")
        ]
        return inputs, outputs

    def _parameter(self, node: Node) -> Expression:
        """The value of a parameter, list item or map entry: text, script, list or map."""
        for child in node.children():
            if child.tag == "script":
                return self.script(child)
            if child.tag == "list":
                return Expression("list", parts=tuple([self._parameter_item(c) for c in child.children()]))
            if child.tag == "map":
                entries = child.children("entry")
                return Expression(
                    "map",
                    parts=tuple([self._parameter(e) for e in entries]),
                    names=tuple([e.attr("key") or "" for e in entries]),
                )
        text = node.text.strip()
        if not text:
            return NULL
        return self.value(text)

    def _parameter_item(self, node: Node) -> Expression:
        return self.script(node) if node.tag == "script" else self._parameter(node)

    def script(self, node: Node) -> Expression:
        """camunda:script: FEEL and JUEL run in the engine, other languages elsewhere."""
        language = node.attr("scriptFormat") or node.attr("language") or "juel"
        resource = node.attr("resource")
        if resource:
            return Expression("resource", resource)
        return declared(node.text.strip(), language)

    def in_mappings(self, node: Node) -> tuple[Mapping, ...]:
        """camunda:in of a call activity or signal event; target "*" stands for all variables."""
        found: list[Mapping] = []
        for child in node.ext_children("in"):
            if child.attr("businessKey") is not None:
                continue
            if child.attr("variables") == "all":
                found.append(Mapping("*", Expression("literal", "local" if child.attr("local") == "true" else "all")))
                continue
            target = child.attr("target")
            if target:
                found.append(Mapping(target, self.mapping_source(child)))
        return tuple(found)

    def in_business_key(self, node: Node) -> Expression | None:
        """The business key that camunda:in hands over."""
        for child in node.ext_children("in"):
            key = child.attr("businessKey")
            if key is not None:
                return self.value(key)
        return None

    def mapping_source(self, node: Node) -> Expression:
        """`source` (a variable's name) or `sourceExpression` of camunda:in and camunda:out."""
        source = node.attr("source")
        if source is not None:
            return Expression("variable", source)
        return self.value(node.attr("sourceExpression") or "")

    # -- the rest

    def properties(self, node: Node) -> dict[str, JsonValue]:
        """camunda:properties as an object."""
        found = node.ext_child("properties")
        if found is None:
            return {}
        return {(p.attr("name") or p.attr("id") or ""): p.attr("value") for p in found.children("property")}

    def listeners(self, node: Node) -> tuple[Listener, ...]:
        """Execution listeners of a node, flow or process."""
        found: list[Listener] = []
        for child in node.ext_children("executionListener"):
            # On a sequence flow there is one event only, and Camunda 7 ignores what the attribute says.
            event = "take" if node.tag == "sequenceFlow" else child.attr("event") or "start"
            found.append(self._listener(child, event))
        for holder in node.zeebe_all("executionListeners"):
            for child in holder.children("executionListener"):
                found.append(self._zeebe_listener(node, child, child.attr("eventType") or "start"))
        return tuple(found)

    def _zeebe_listener(self, node: Node, child: Node, event: str) -> Listener:
        return Listener(
            event,
            job_type=self.zeebe(child.attr("type")) or Expression("literal"),
            retries=self.zeebe(child.attr("retries")),
            dialect="zeebe",
            headers=self.task_headers(node) | self.task_headers(child),
        )

    def task_headers(self, node: Node) -> dict[str, JsonValue]:
        """zeebe:taskHeaders of a node, or of a listener (where they are its own children)."""
        holders = [*node.zeebe_all("taskHeaders"), *node.children("taskHeaders")]
        return {(h.attr("key") or ""): h.attr("value") for holder in holders for h in holder.children("header")}

    def task_listeners(self, node: Node) -> tuple[Listener, ...]:
        """Task listeners of a user task; Zeebe's events under Camunda 7's names."""
        found = [self._listener(child, child.attr("event") or "all") for child in node.ext_children("taskListener")]
        for holder in node.zeebe_all("taskListeners"):
            for child in holder.children("taskListener"):
                event = child.attr("eventType") or ""
                found.append(self._zeebe_listener(node, child, ZEEBE_TASK_EVENTS.get(event, event)))
        return tuple(found)

    def _listener(self, node: Node, event: str) -> Listener:
        found = self._listener_work(node, event)
        definition = node.child("timerEventDefinition")
        return found if definition is None else replace(found, timer=self.trigger(definition))

    def _listener_work(self, node: Node, event: str) -> Listener:
        expression = _own(node, "expression")
        if expression is not None:
            return Listener(event, self.value(expression))
        script = node.child("script")
        if script is not None:
            return Listener(event, self.script(script))
        name = _own(node, "class") or _own(node, "delegateExpression")
        if not name:
            return Listener(event)  # says nothing: refused by `validate`, passed over where that was not asked
        return Listener(
            event, job_type=Expression("literal", name.strip("${#}")), dialect="camunda", fields=self.fields(node)
        )

    def fields(self, node: Node) -> dict[str, Expression]:
        """camunda:field of a delegate or, as its own children, of a listener."""
        fields: dict[str, Expression] = {}
        for child in [*node.ext_children("field"), *node.children("field")]:
            value = child.attr("stringValue") or child.attr("expression")
            for tag in ("string", "expression"):
                inner = child.child(tag)
                if value is None and inner is not None:
                    value = inner.text
            if value is not None:
                fields[child.attr("name") or ""] = self.value(value)
        return fields

    def trigger(self, definition: Node) -> Spec:
        """An event definition."""
        from interpreter.triggers.table import READERS

        reader = READERS.get(definition.tag)
        if reader is None:
            self.problem(definition, f"Expected an event definition but it was {definition.tag!r}.")
            return Spec()
        return reader(definition, self)

    def data_name(self, id: str) -> str:
        """Name of the variable that a data input, output, object or reference stands for."""
        node = self.document.by_id(id)
        if node is None:
            return id
        for attribute in ("dataObjectRef", "dataStoreRef"):
            target = node.ref(attribute)
            if target is not None:
                return target.name or node.name or target.id or id
        return node.name or id


def _own(node: Node, name: str) -> str | None:
    """An attribute of a vendor's element, which may bear the vendor's prefix."""
    prefixed = (node.element.get(qualified(namespace, name)) for namespace in CAMUNDA_FAMILY)
    return node.attr(name) or next((value for value in prefixed if value), None)


NULL = Expression("null")

ZEEBE_TASK_EVENTS = {
    "creating": "create",
    "assigning": "assignment",
    "updating": "update",
    "completing": "complete",
    "canceling": "delete",
}
"""Zeebe's task listener events by Camunda 7's names (its early releases used `assignment` and `complete` too)."""


def declared(text: str, language: str) -> Expression:
    """An expression whose language is declared."""
    lowered = language.strip().lower()
    if "feel" in lowered:
        return Expression("feel", text[1:].strip() if text.startswith("=") else text)
    if lowered in ("juel", "uel", "el"):
        return Expression("juel", text if "${" in text or "#{" in text else "${" + text + "}")
    return Expression(lowered, text)
