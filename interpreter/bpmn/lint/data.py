"""Layer 3, part 4: data: item definitions, inputs and outputs, associations, expressions (BPMN 8.4, 10.3, 10.4)."""

from __future__ import annotations

import re
from typing import Final

from interpreter.bpmn.document import Node
from interpreter.bpmn.lint.graph import ACTIVITIES, EVENTS, ITEM_AWARE, SUBPROCESSES, Graph, described
from interpreter.bpmn.lint.rules import Report

_MIME: Final = re.compile(r"[\w.+\-]+/[\w.+\-]+(\s*;.*)?")
_LOADED: Final = {"message": "messageRef", "signal": "signalRef", "error": "errorRef", "escalation": "escalationRef"}
_EXPRESSIONS: Final = frozenset(
    {
        *("transformation", "messagePath", "dataPath", "timeDate", "timeDuration", "timeCycle"),
        *("loopCardinality", "loopCondition", "completionCondition", "activationCondition", "conditionExpression"),
        *("formalExpression", "from", "to"),
    }
)


def check_data(graph: Graph, report: Report) -> None:
    """Findings on data."""
    for node in graph.document.nodes():
        tag = node.tag
        if tag in ("documentation", "textAnnotation"):
            _format(report, node)
        elif tag in ITEM_AWARE:
            _collection(report, node)
            if tag == "dataObjectReference":
                _reference_name(report, node)
        elif tag == "ioSpecification":
            _specification(report, node)
        elif tag in ("dataInputAssociation", "dataOutputAssociation"):
            _association(report, node)
        elif tag in _EXPRESSIONS or (tag == "condition" and _is_complex(node)):
            _expression(report, node)
    for _scope, node in graph.nodes():
        if node.tag in ("serviceTask", "sendTask", "receiveTask"):
            _operation(report, node)
        elif node.tag == "callActivity":
            _call(report, node)
        elif node.tag in EVENTS:
            _event(graph, report, node)
        if node.tag in ACTIVITIES:
            _loop_data(report, node)
    _message_events(graph, report)


def _format(report: Report, node: Node) -> None:
    value = node.attr("textFormat")
    if value is not None and _MIME.fullmatch(value.strip()) is None:
        owner = node.parent if node.tag == "documentation" and node.parent is not None else node
        report(
            "documentation-format",
            owner,
            f"Expected a MIME type such as text/plain as textFormat in {described(owner)} but was {value!r}.",
        )


def _is_complex(node: Node) -> bool:
    return node.parent is not None and node.parent.tag == "complexBehaviorDefinition"


def _expression(report: Report, node: Node) -> None:
    formal = node.type == "tFormalExpression" or node.tag in (
        *("transformation", "messagePath", "dataPath", "condition", "formalExpression"),
    )
    owner = _owner(node)
    if node.type not in (None, "tFormalExpression") and node.tag != "from" and node.tag != "to":
        report(
            "expression-type",
            owner,
            f"Expected {node.tag} of {described(owner)} to be a tFormalExpression but was {node.type!r}.",
        )
    if formal and not node.text.strip() and node.ext("resource") is None:
        report(
            "expression-empty",
            owner,
            f"Expected a text in the expression {node.tag} of {described(owner)} but it is empty.",
        )


def _owner(node: Node) -> Node:
    """The nearest element with an id."""
    current: Node | None = node
    while current is not None and current.id is None:
        current = current.parent
    return current or node


# -- items


def _item(node: Node) -> Node | None:
    """The item definition of a data element; of a reference, that of what it refers to."""
    item = node.ref("itemSubjectRef")
    if item is None and node.tag == "dataObjectReference":
        target = node.ref("dataObjectRef")
        return None if target is None else target.ref("itemSubjectRef")
    if item is None and node.tag == "dataStoreReference":
        target = node.ref("dataStoreRef")
        return None if target is None else target.ref("itemSubjectRef")
    return item


def _same(first: Node | None, second: Node | None) -> bool:
    """Whether two item definitions describe the same data."""
    if first is None or second is None:
        return first is None and second is None
    if first == second:
        return True
    one, other = first.attr("structureRef"), second.attr("structureRef")
    return one is not None and one == other and first.boolean("isCollection") == second.boolean("isCollection")


def _collection(report: Report, node: Node) -> None:
    if node.tag in ("dataObjectReference", "dataStoreReference", "dataStore", "property"):
        return
    parent = node.parent
    if parent is not None and parent.tag == "multiInstanceLoopCharacteristics":
        return
    item = node.ref("itemSubjectRef")
    if item is None or item.tag != "itemDefinition":
        return
    if item.boolean("isCollection") != node.boolean("isCollection"):
        told = "is" if item.boolean("isCollection") else "is not"
        report(
            "data-collection",
            node,
            f"Expected isCollection of {described(node)} to agree with item definition {item.id!r}, "
            f"which {told} a collection, but it does not.",
            "",
            [item],
        )


def _reference_name(report: Report, node: Node) -> None:
    state, target = node.child("dataState"), node.ref("dataObjectRef")
    if state is None or target is None or not state.name or not target.name:
        return
    expected = f"{target.name} [{state.name}]"
    if " ".join((node.name or "").split()) != " ".join(expected.split()):
        report(
            "data-reference-name",
            node,
            f"Expected {described(node)} to be called {expected!r} but was {node.name!r}.",
            "",
            [target],
        )


# -- inputs and outputs


def _specification(report: Report, node: Node) -> None:
    owner = node.parent
    if owner is None:
        return
    if owner.tag in SUBPROCESSES and owner.child("multiInstanceLoopCharacteristics") is None:
        report(
            "data-subprocess",
            owner,
            f"Expected no data inputs or outputs at embedded {described(owner)} but there are.",
            "What is inside sees the data of the scopes around it.",
        )
    for data_tag, set_tag, references in (
        ("dataInput", "inputSet", ("dataInputRefs", "optionalInputRefs", "whileExecutingInputRefs")),
        ("dataOutput", "outputSet", ("dataOutputRefs", "optionalOutputRefs", "whileExecutingOutputRefs")),
    ):
        listed = {
            child.text.strip()
            for holder in node.children(set_tag)
            for reference in references
            for child in holder.children(reference)
        }
        for holder in node.children(set_tag):
            own = {child.text.strip() for child in holder.children(references[0])}
            for reference in references[1:]:
                for child in holder.children(reference):
                    if child.text.strip() not in own:
                        report(
                            "data-set",
                            owner,
                            f"Expected {child.text.strip()!r} of {reference} among {references[0]} "
                            f"of {described(owner)} but it is not.",
                        )
        for data in node.children(data_tag):
            if data.id is not None and data.id not in listed:
                report(
                    "data-set",
                    data,
                    f"Expected {described(data)} in an {set_tag} of {described(owner)} but it is in none.",
                    "",
                    [owner],
                )


def _association(report: Report, node: Node) -> None:
    target = next(iter(node.refs("targetRef")), None)
    sources = node.refs("sourceRef")
    owner = node.parent
    if target is None or owner is None:
        return
    if len(sources) > 1 and node.child("transformation") is None:
        report(
            "data-association-sources",
            owner,
            f"Expected a transformation for {len(sources)} sources of a data association of {described(owner)} "
            "but there is none.",
            "",
            sources,
        )
    for end in [target] if node.tag == "dataInputAssociation" else sources:
        holder = _holder(end)
        if end.tag in ("dataInput", "dataOutput") and holder is not None and holder != owner:
            report(
                "data-association-owner",
                owner,
                f"Expected a data association of {described(owner)} to connect its own data "
                f"but {end.id!r} is that of {described(holder)}.",
                "",
                [end, holder],
            )
    if node.tag == "dataOutputAssociation" and target.tag == "dataInput" and _of_process(target):
        report(
            "data-process-direction",
            owner,
            f"Expected data input {target.id!r} of the process to be read only but {described(owner)} writes it.",
            "",
            [target],
        )
    for source in sources:
        if node.tag == "dataInputAssociation" and source.tag == "dataOutput" and _of_process(source):
            report(
                "data-process-direction",
                owner,
                f"Expected data output {source.id!r} of the process to be written only "
                f"but {described(owner)} reads it.",
                "",
                [source],
            )
    if len(sources) == 1 and node.child("transformation") is None and node.child("assignment") is None:
        first, second = _item(sources[0]), _item(target)
        if first is None or second is None or first == second:
            return
        one, other = first.attr("structureRef"), second.attr("structureRef")
        if one is not None and other is not None and one != other:
            report(
                "data-association-type",
                owner,
                f"Expected {sources[0].id!r} and {target.id!r} to have the same structure but they have "
                f"{one!r} and {other!r}.",
                "Give the association a transformation or assignments.",
                [sources[0], target],
            )


def _holder(data: Node) -> Node | None:
    """The activity, event or process that a data input or output belongs to."""
    parent = data.parent
    while parent is not None and parent.tag in ("ioSpecification", "multiInstanceLoopCharacteristics"):
        parent = parent.parent
    return parent


def _of_process(data: Node) -> bool:
    parent = data.parent
    return parent is not None and parent.parent is not None and parent.parent.tag == "process"


def _operation(report: Report, node: Node) -> None:
    """Clause 10.3.3: one input (output) of the message's item, for a task with an operation or a message."""
    operation = node.ref("operationRef")
    if operation is not None and operation.tag != "operation":
        return
    specification = node.child("ioSpecification")
    inputs = specification.children("dataInput") if specification is not None else []
    outputs = specification.children("dataOutput") if specification is not None else []
    input_sets = specification.children("inputSet") if specification is not None else []
    output_sets = specification.children("outputSet") if specification is not None else []
    if node.tag == "serviceTask":
        if operation is None:
            return
        received = next(iter(operation.refs("inMessageRef")), None)
        answered = next(iter(operation.refs("outMessageRef")), None)
        if received is not None and received.ref("itemRef") is not None:
            _one(report, node, "data input", inputs, len(input_sets), received)
        if answered is not None and answered.ref("itemRef") is not None:
            _one(report, node, "data output", outputs, len(output_sets), answered)
        elif answered is None and outputs:
            report(
                "operation-data",
                node,
                f"Expected no data output at {described(node)}, whose operation answers nothing, but there is one.",
                "",
                [operation, *outputs],
            )
        return
    message = node.ref("messageRef")
    if message is None or message.tag != "message" or specification is None:
        return
    if node.tag == "sendTask" and (inputs or message.ref("itemRef") is None):
        _one(report, node, "data input", inputs, len(input_sets), message)
    elif node.tag == "receiveTask" and (outputs or message.ref("itemRef") is None):
        _one(report, node, "data output", outputs, len(output_sets), message)


def _one(report: Report, node: Node, what: str, data: list[Node], sets: int, message: Node) -> None:
    if len(data) != 1 or sets > 1:
        told = f"there are {len(data)}" if len(data) != 1 else f"there are {sets} sets"
        report(
            "operation-data",
            node,
            f"Expected one {what} for message {message.id!r} at {described(node)} but {told}.",
            "",
            [message],
        )
        return
    if not _same(data[0].ref("itemSubjectRef"), message.ref("itemRef")):
        report(
            "operation-data",
            node,
            f"Expected {described(data[0])} to be of the item of message {message.id!r} but it is not.",
            "",
            [data[0], message],
        )


def _call(report: Report, node: Node) -> None:
    called = node.ref("calledElement")
    if called is None:
        return
    own, other = node.child("ioSpecification"), called.child("ioSpecification")
    if own is None and other is None:
        return
    for tag in ("dataInput", "dataOutput"):
        mine = [data for data in own.children(tag) if data.ref("itemSubjectRef")] if own is not None else []
        theirs = [data for data in other.children(tag) if data.ref("itemSubjectRef")] if other is not None else []
        rest = list(theirs)
        for data in mine:
            match = next((o for o in rest if _same(data.ref("itemSubjectRef"), o.ref("itemSubjectRef"))), None)
            if match is None:
                report(
                    "call-data",
                    node,
                    f"Expected a {tag} of {described(called)} for {described(data)} of {described(node)} "
                    "but there is none.",
                    "",
                    [data, called],
                )
            else:
                rest.remove(match)
        for data in rest:
            report(
                "call-data",
                node,
                f"Expected a {tag} of {described(node)} for {described(data)} of {described(called)} "
                "but there is none.",
                "",
                [data, called],
            )


def _event(graph: Graph, report: Report, event: Node) -> None:
    definitions = graph.definitions(event)
    if len(definitions) < 2:
        return
    loaded: list[Node] = []
    for definition in definitions:
        reference = _LOADED.get(definition.tag.removesuffix("EventDefinition"))
        root = definition.ref(reference) if reference else None
        item = root.ref("itemRef" if root.tag == "message" else "structureRef") if root is not None else None
        if item is not None:
            loaded.append(item)
    throws = event.tag in ("endEvent", "intermediateThrowEvent")
    data = event.children("dataInput" if throws else "dataOutput")
    rest = [d.ref("itemSubjectRef") for d in data]
    if not data:
        return
    for item in loaded:
        if item in rest:
            rest.remove(item)
        else:
            report(
                "data-event",
                event,
                f"Expected data of item {item.id!r} at {described(event)} for one of its triggers but there is none.",
                "",
                [item],
            )


def _loop_data(report: Report, node: Node) -> None:
    loop = node.child("multiInstanceLoopCharacteristics")
    if loop is None:
        return
    for reference, item_tag in (("loopDataInputRef", "inputDataItem"), ("loopDataOutputRef", "outputDataItem")):
        collection = next(iter(loop.refs(reference)), None)
        item = loop.child(item_tag)
        if collection is not None and collection.tag not in ITEM_AWARE:
            report(
                "loop-data-input",
                node,
                f"Expected {reference} of {described(node)} to name data "
                f"but {collection.id!r} is a {collection.tag!r}.",
                "",
                [collection],
            )
        if collection is None or item is None:
            continue
        whole, single = _item(collection), _item(item)
        if single is None:
            continue
        if single.boolean("isCollection") or item.boolean("isCollection"):
            report(
                "loop-data-item",
                node,
                f"Expected {item_tag} of {described(node)} to be a single item but it is a collection.",
                "",
                [item],
            )
        elif whole is not None and whole.attr("structureRef") != single.attr("structureRef"):
            report(
                "loop-data-item",
                node,
                f"Expected {item_tag} of {described(node)} to be of the collection's structure "
                f"{whole.attr('structureRef')!r} but was {single.attr('structureRef')!r}.",
                "",
                [item, collection],
            )


def _message_events(graph: Graph, report: Report) -> None:
    for definition in graph.document.nodes("messageEventDefinition"):
        message = definition.ref("messageRef")
        if message is None or message.ref("itemRef") is None:
            continue
        owner = _owner(definition.parent or definition)
        operation = next(iter(definition.refs("operationRef")), None)
        if operation is not None:
            messages = operation.refs("inMessageRef") + operation.refs("outMessageRef")
            if message not in messages:
                report(
                    "message-operation",
                    owner,
                    f"Expected operation {operation.id!r} of {described(owner)} to use message {message.id!r} "
                    "but it does not.",
                    "",
                    [operation, message],
                )
        if definition.child("operationRef") is None:
            report(
                "message-operation",
                owner,
                f"Expected an operation for typed message {message.id!r} at {described(owner)} but there is none.",
                "Add operationRef, or leave the message without itemRef.",
                [message],
            )
