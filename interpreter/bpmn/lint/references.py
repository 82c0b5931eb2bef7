"""Layer 2: references by qualified name find an element, and one of the right kind.

What each reference may name comes from BPMN's metamodel (class diagrams and attribute tables of clauses 8 to 11). Plain
ids (xs:IDREF) that do not exist are found by the metamodel layer.
"""

from __future__ import annotations

from typing import Final

from interpreter.bpmn.document import Node
from interpreter.bpmn.lint.graph import FLOW_NODES, ITEM_AWARE, Graph, Scope, described, is_of
from interpreter.bpmn.lint.rules import Report
from interpreter.bpmn.metamodel import TYPES
from interpreter.bpmn.namespaces import BPMN

_ANY: Final = ("tBaseElement", "tBaseElementWithMixedContent")
_DATA: Final = (
    "tDataObject",
    "tDataObjectReference",
    "tDataStore",
    "tDataStoreReference",
    "tDataInput",
    "tDataOutput",
    "tProperty",
)
_INTERACTION: Final = ("tParticipant", "tActivity", "tEvent", "tConversationNode")

# (type that declares the attribute or child, its name) -> types that it may refer to
_ATTRIBUTES: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("tActivity", "default"): ("tSequenceFlow",),
    ("tComplexGateway", "default"): ("tSequenceFlow",),
    ("tExclusiveGateway", "default"): ("tSequenceFlow",),
    ("tInclusiveGateway", "default"): ("tSequenceFlow",),
    ("tAssociation", "sourceRef"): _ANY,
    ("tAssociation", "targetRef"): _ANY,
    ("tBoundaryEvent", "attachedToRef"): ("tActivity",),
    ("tCallChoreography", "calledChoreographyRef"): ("tChoreography",),
    ("tCallConversation", "calledCollaborationRef"): ("tCollaboration",),
    ("tChoreographyActivity", "initiatingParticipantRef"): ("tParticipant",),
    ("tGlobalChoreographyTask", "initiatingParticipantRef"): ("tParticipant",),
    ("tCompensateEventDefinition", "activityRef"): ("tActivity",),
    ("tConversationAssociation", "innerConversationNodeRef"): ("tConversationNode",),
    ("tConversationAssociation", "outerConversationNodeRef"): ("tConversationNode",),
    ("tConversationLink", "sourceRef"): _INTERACTION,
    ("tConversationLink", "targetRef"): _INTERACTION,
    ("tCorrelationPropertyBinding", "correlationPropertyRef"): ("tCorrelationProperty",),
    ("tCorrelationPropertyRetrievalExpression", "messageRef"): ("tMessage",),
    ("tCorrelationSubscription", "correlationKeyRef"): ("tCorrelationKey",),
    ("tDataInput", "itemSubjectRef"): ("tItemDefinition",),
    ("tDataObject", "itemSubjectRef"): ("tItemDefinition",),
    ("tDataObjectReference", "itemSubjectRef"): ("tItemDefinition",),
    ("tDataObjectReference", "dataObjectRef"): ("tDataObject",),
    ("tDataOutput", "itemSubjectRef"): ("tItemDefinition",),
    ("tDataStore", "itemSubjectRef"): ("tItemDefinition",),
    ("tDataStoreReference", "itemSubjectRef"): ("tItemDefinition",),
    ("tDataStoreReference", "dataStoreRef"): ("tDataStore",),
    ("tError", "structureRef"): ("tItemDefinition",),
    ("tErrorEventDefinition", "errorRef"): ("tError",),
    ("tEscalation", "structureRef"): ("tItemDefinition",),
    ("tEscalationEventDefinition", "escalationRef"): ("tEscalation",),
    ("tFormalExpression", "evaluatesToTypeRef"): ("tItemDefinition",),
    ("tGroup", "categoryValueRef"): ("tCategoryValue",),
    ("tInputOutputBinding", "operationRef"): ("tOperation",),
    ("tInputOutputBinding", "inputDataRef"): ("tInputSet",),
    ("tInputOutputBinding", "outputDataRef"): ("tOutputSet",),
    ("tMessage", "itemRef"): ("tItemDefinition",),
    ("tMessageEventDefinition", "messageRef"): ("tMessage",),
    ("tMessageFlow", "sourceRef"): _INTERACTION,
    ("tMessageFlow", "targetRef"): _INTERACTION,
    ("tMessageFlow", "messageRef"): ("tMessage",),
    ("tMessageFlowAssociation", "innerMessageFlowRef"): ("tMessageFlow",),
    ("tMessageFlowAssociation", "outerMessageFlowRef"): ("tMessageFlow",),
    ("tMultiInstanceLoopCharacteristics", "oneBehaviorEventRef"): ("tEventDefinition",),
    ("tMultiInstanceLoopCharacteristics", "noneBehaviorEventRef"): ("tEventDefinition",),
    ("tParticipant", "processRef"): ("tProcess",),
    ("tProcess", "definitionalCollaborationRef"): ("tCollaboration",),
    ("tProperty", "itemSubjectRef"): ("tItemDefinition",),
    ("tReceiveTask", "messageRef"): ("tMessage",),
    ("tReceiveTask", "operationRef"): ("tOperation",),
    ("tResourceParameter", "type"): ("tItemDefinition",),
    ("tResourceParameterBinding", "parameterRef"): ("tResourceParameter",),
    ("tSendTask", "messageRef"): ("tMessage",),
    ("tSendTask", "operationRef"): ("tOperation",),
    ("tServiceTask", "operationRef"): ("tOperation",),
    ("tSignal", "structureRef"): ("tItemDefinition",),
    ("tSignalEventDefinition", "signalRef"): ("tSignal",),
}

_CHILDREN: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("tCallableElement", "supportedInterfaceRef"): ("tInterface",),
    ("tCatchEvent", "eventDefinitionRef"): ("tEventDefinition",),
    ("tThrowEvent", "eventDefinitionRef"): ("tEventDefinition",),
    ("tChoreographyActivity", "participantRef"): ("tParticipant",),
    ("tChoreographyTask", "messageFlowRef"): ("tMessageFlow",),
    ("tCollaboration", "choreographyRef"): ("tChoreography",),
    ("tConversationNode", "participantRef"): ("tParticipant",),
    ("tConversationNode", "messageFlowRef"): ("tMessageFlow",),
    ("tCorrelationKey", "correlationPropertyRef"): ("tCorrelationProperty",),
    ("tDataAssociation", "sourceRef"): _DATA,
    ("tDataAssociation", "targetRef"): _DATA,
    ("tFlowElement", "categoryValueRef"): ("tCategoryValue",),
    ("tFlowNode", "incoming"): ("tSequenceFlow",),
    ("tFlowNode", "outgoing"): ("tSequenceFlow",),
    ("tInputSet", "dataInputRefs"): ("tDataInput",),
    ("tInputSet", "optionalInputRefs"): ("tDataInput",),
    ("tInputSet", "whileExecutingInputRefs"): ("tDataInput",),
    ("tInputSet", "outputSetRefs"): ("tOutputSet",),
    ("tLane", "flowNodeRef"): ("tFlowElement",),
    ("tLinkEventDefinition", "source"): ("tLinkEventDefinition",),
    ("tLinkEventDefinition", "target"): ("tLinkEventDefinition",),
    ("tMessageEventDefinition", "operationRef"): ("tOperation",),
    ("tMultiInstanceLoopCharacteristics", "loopDataInputRef"): _DATA,
    ("tMultiInstanceLoopCharacteristics", "loopDataOutputRef"): _DATA,
    ("tOperation", "inMessageRef"): ("tMessage",),
    ("tOperation", "outMessageRef"): ("tMessage",),
    ("tOperation", "errorRef"): ("tError",),
    ("tOutputSet", "dataOutputRefs"): ("tDataOutput",),
    ("tOutputSet", "optionalOutputRefs"): ("tDataOutput",),
    ("tOutputSet", "whileExecutingOutputRefs"): ("tDataOutput",),
    ("tOutputSet", "inputSetRefs"): ("tInputSet",),
    ("tParticipant", "interfaceRef"): ("tInterface",),
    ("tParticipant", "endPointRef"): ("tEndPoint",),
    ("tParticipantAssociation", "innerParticipantRef"): ("tParticipant",),
    ("tParticipantAssociation", "outerParticipantRef"): ("tParticipant",),
    ("tPartnerEntity", "participantRef"): ("tParticipant",),
    ("tPartnerRole", "participantRef"): ("tParticipant",),
    ("tProcess", "supports"): ("tProcess",),
    ("tResourceRole", "resourceRef"): ("tResource",),
}


# Types of children that are declared on the spot, by tag: their attributes are references too.
_LOCAL_TYPES: Final = {
    tag.rpartition("}")[2]: name for type_ in TYPES.values() for tag, name in type_.child_types.items() if name in TYPES
}


def _tables() -> tuple[dict[str, dict[str, tuple[str, ...]]], dict[str, dict[str, tuple[str, ...]]]]:
    """The tables with inheritance unfolded: type -> name -> targets."""
    attributes: dict[str, dict[str, tuple[str, ...]]] = {}
    children: dict[str, dict[str, tuple[str, ...]]] = {}
    for name, type_ in TYPES.items():
        for base in (*type_.bases[::-1], name):
            for table, made in ((_ATTRIBUTES, attributes), (_CHILDREN, children)):
                for (owner, key), targets in table.items():
                    if owner == base:
                        made.setdefault(name, {})[key] = targets
    return attributes, children


_BY_ATTRIBUTE, _BY_CHILD = _tables()


def check_references(graph: Graph, report: Report) -> None:
    """Findings of the reference layer."""
    imported = {node.attr("namespace") for node in graph.document.root.children("import")}
    for node in graph.document.nodes():
        name = _type_of(node)
        for attribute, targets in _BY_ATTRIBUTE.get(name, {}).items():
            value = node.attr(attribute)
            if value is not None and value.strip():
                _check(graph, report, node, node, attribute, value, targets, imported)
        wanted = _BY_CHILD.get(name)
        if wanted:
            for child in node.children():
                targets = wanted.get(child.tag)
                if targets is not None and child.text.strip():
                    _check(graph, report, node, child, child.tag, child.text, targets, imported)
    for call in graph.document.nodes("callActivity"):
        called = call.ref("calledElement")
        if called is not None and not is_of(called, "tCallableElement"):
            report(
                "ref-wrong-kind",
                call,
                f"Expected {described(call)} to call a process or global task but {called.id!r} is a {called.tag!r}.",
                "",
                [called],
            )
    for scope in graph.scopes:
        _check_flows(graph, report, scope)


def _type_of(node: Node) -> str:
    local = _LOCAL_TYPES.get(node.tag)
    if local is not None and node.parent is not None and node.tag not in ("dataInput", "dataOutput"):
        return local
    return "t" + node.tag[:1].upper() + node.tag[1:] if node.tag not in _IRREGULAR else _IRREGULAR[node.tag]


_IRREGULAR: Final = {"ioBinding": "tInputOutputBinding", "ioSpecification": "tInputOutputSpecification"}
_IDREFS: Final = frozenset({"default", "dataObjectRef", "flowNodeRef", "inputDataRef", "outputDataRef"})


def _check(
    graph: Graph,
    report: Report,
    owner: Node,
    place: Node,
    name: str,
    value: str,
    targets: tuple[str, ...],
    imported: set[str | None],
) -> None:
    text = value.strip()
    found = graph.document.resolve(text, place.element)
    if found is None:
        prefix, colon, _ = text.partition(":")
        namespace = place.element.nsmap.get(prefix) if colon else None
        if namespace is not None and namespace != graph.document.target_namespace and namespace in imported:
            return
        if name in ("type", "structureRef") and namespace is not None:
            return  # a type of a type system such as XML Schema
        if _names_type(owner, name) and owner.tag != "message":
            return
        foreign = namespace is not None and namespace != graph.document.target_namespace
        report(
            "ref-not-imported" if foreign else "ref-unresolved",
            owner,
            f"Expected {name!r} of {described(owner)} to name {_kinds(targets)} but {text!r} does not exist.",
            "Correct the reference, or add what it refers to.",
        )
        return
    if not any(is_of(found, target) for target in targets) and not (targets is _DATA and found.tag in ITEM_AWARE):
        report(
            "ref-wrong-kind",
            owner,
            f"Expected {name!r} of {described(owner)} to name {_kinds(targets)} but {text!r} is a {found.tag!r}.",
            "",
            [found],
        )


def _names_type(owner: Node, name: str) -> bool:
    """References into a type system outside the file, which many tools write as plain names."""
    return name in ("structureRef", "evaluatesToTypeRef", "type")


def _kinds(targets: tuple[str, ...]) -> str:
    if targets is _ANY:
        return "an element"
    if targets is _DATA:
        return "a data element"
    names = [target[1:2].lower() + target[2:] for target in targets]
    return "a " + " or ".join(repr(name) for name in names)


def _check_flows(graph: Graph, report: Report, scope: Scope) -> None:
    for flow in scope.flows:
        for attribute, role in (("sourceRef", "begin"), ("targetRef", "end")):
            end = flow.ref(attribute)
            if end is None:
                continue  # a missing id is the metamodel layer's
            if end.tag not in FLOW_NODES or end.namespace != BPMN:
                report(
                    "flow-end",
                    flow,
                    f"Expected {described(flow)} to {role} at a flow node but {end.id!r} is a {end.tag!r}.",
                    "Sequence flows connect events, activities and gateways only.",
                    [end],
                )
            elif graph.scope_of.get(end) is not scope:
                report(
                    "flow-crosses-scope",
                    flow,
                    f"Expected {described(flow)} to {role} in {described(scope.node)} "
                    f"but {described(end)} is not directly in it.",
                    "Use events or message flows to cross the border of a pool or subprocess.",
                    [end],
                )
    for node in scope.nodes:
        if node.id is None:
            report(
                "id-missing",
                node,
                f"Expected an id on the {node.tag} in {described(scope.node)} but there is none.",
                "Flows, diagrams and the engine refer to nodes by id.",
            )
