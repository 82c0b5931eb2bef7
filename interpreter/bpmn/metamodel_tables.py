"""BPMN 2.0.2's element types as tables: which attributes and child elements each may have, in which order.

These are the facts that OMG's XML schemas (semantic model, diagram interchange, diagram common) state, in a notation of
our own, so that a file can be checked, and elements be put in order, without shipping or fetching a schema.

Notation of ``SEMANTIC_TYPES`` and ``DIAGRAM_TYPES``, one type per paragraph::

    name : base [abstract mixed open]     open = foreign attributes are allowed
        @ attribute:type=default          ! after the type = required
        > child? child* child+ child{1,2} in this order; child:type = a child declared on the spot

``|`` between parts means one of them. Types and elements outside the BPMN model namespace carry the prefix ``bpmndi``,
``di`` or ``dc``. Lower-case attribute types are those of XML Schema.
"""

from __future__ import annotations

from typing import Final

SEMANTIC_TYPES: Final = """
tDefinitions [open]
    @ id:ID name:string targetNamespace:anyURI! expressionLanguage:anyURI=http://www.w3.org/1999/XPath
    @ typeLanguage:anyURI=http://www.w3.org/2001/XMLSchema exporter:string exporterVersion:string
    > import* extension* rootElement* bpmndi:BPMNDiagram* relationship*
tImport
    @ namespace:anyURI! location:string! importType:anyURI!
tActivity : tFlowNode [abstract]
    @ isForCompensation:boolean=false startQuantity:integer=1 completionQuantity:integer=1 default:IDREF
    > ioSpecification? property* dataInputAssociation* dataOutputAssociation* resourceRole* loopCharacteristics?
tAdHocSubProcess : tSubProcess
    @ cancelRemainingInstances:boolean=true ordering:tAdHocOrdering
    > completionCondition:tExpression?
tArtifact : tBaseElement [abstract]
tAssignment : tBaseElement
    > from:tExpression to:tExpression
tAssociation : tArtifact
    @ sourceRef:QName! targetRef:QName! associationDirection:tAssociationDirection=None
tAuditing : tBaseElement
tBaseElement [abstract open]
    @ id:ID
    > documentation* extensionElements?
tBaseElementWithMixedContent [abstract mixed open]
    @ id:ID
    > documentation* extensionElements?
tBoundaryEvent : tCatchEvent
    @ cancelActivity:boolean=true attachedToRef:QName!
tBusinessRuleTask : tTask
    @ implementation:tImplementation=##unspecified
tCallableElement : tRootElement
    @ name:string
    > supportedInterfaceRef:QName* ioSpecification? ioBinding*
tCallActivity : tActivity
    @ calledElement:QName
tCallChoreography : tChoreographyActivity
    @ calledChoreographyRef:QName
    > participantAssociation*
tCallConversation : tConversationNode
    @ calledCollaborationRef:QName
    > participantAssociation*
tCancelEventDefinition : tEventDefinition
tCatchEvent : tEvent [abstract]
    @ parallelMultiple:boolean=false
    > dataOutput* dataOutputAssociation* outputSet? eventDefinition* eventDefinitionRef:QName*
tCategory : tRootElement
    @ name:string
    > categoryValue*
tCategoryValue : tBaseElement
    @ value:string
tChoreography : tCollaboration
    > flowElement*
tChoreographyActivity : tFlowNode [abstract]
    @ initiatingParticipantRef:QName! loopType:tChoreographyLoopType=None
    > participantRef:QName{2,} correlationKey*
tChoreographyTask : tChoreographyActivity
    > messageFlowRef:QName{1,2}
tCollaboration : tRootElement
    @ name:string isClosed:boolean=false
    > participant* messageFlow* artifact* conversationNode* conversationAssociation* participantAssociation*
    > messageFlowAssociation* correlationKey* choreographyRef:QName* conversationLink*
tCompensateEventDefinition : tEventDefinition
    @ waitForCompletion:boolean activityRef:QName
tComplexBehaviorDefinition : tBaseElement
    > condition:tFormalExpression event:tImplicitThrowEvent?
tComplexGateway : tGateway
    @ default:IDREF
    > activationCondition:tExpression?
tConditionalEventDefinition : tEventDefinition
    > condition:tExpression
tConversation : tConversationNode
tConversationAssociation : tBaseElement
    @ innerConversationNodeRef:QName! outerConversationNodeRef:QName!
tConversationLink : tBaseElement
    @ name:string sourceRef:QName! targetRef:QName!
tConversationNode : tBaseElement [abstract]
    @ name:string
    > participantRef:QName* messageFlowRef:QName* correlationKey*
tCorrelationKey : tBaseElement
    @ name:string
    > correlationPropertyRef:QName*
tCorrelationProperty : tRootElement
    @ name:string type:QName
    > correlationPropertyRetrievalExpression+
tCorrelationPropertyBinding : tBaseElement
    @ correlationPropertyRef:QName!
    > dataPath:tFormalExpression
tCorrelationPropertyRetrievalExpression : tBaseElement
    @ messageRef:QName!
    > messagePath:tFormalExpression
tCorrelationSubscription : tBaseElement
    @ correlationKeyRef:QName!
    > correlationPropertyBinding*
tDataAssociation : tBaseElement
    > sourceRef:IDREF* targetRef:IDREF transformation:tFormalExpression? assignment*
tDataInput : tBaseElement
    @ name:string itemSubjectRef:QName isCollection:boolean=false
    > dataState?
tDataInputAssociation : tDataAssociation
tDataObject : tFlowElement
    @ itemSubjectRef:QName isCollection:boolean=false
    > dataState?
tDataObjectReference : tFlowElement
    @ itemSubjectRef:QName dataObjectRef:IDREF
    > dataState?
tDataOutput : tBaseElement
    @ name:string itemSubjectRef:QName isCollection:boolean=false
    > dataState?
tDataOutputAssociation : tDataAssociation
tDataState : tBaseElement
    @ name:string
tDataStore : tRootElement
    @ name:string capacity:integer isUnlimited:boolean=true itemSubjectRef:QName
    > dataState?
tDataStoreReference : tFlowElement
    @ itemSubjectRef:QName dataStoreRef:QName
    > dataState?
tDocumentation [mixed]
    @ id:ID textFormat:string=text/plain
    > #any?
tEndEvent : tThrowEvent
tEndPoint : tRootElement
tError : tRootElement
    @ name:string errorCode:string structureRef:QName
tErrorEventDefinition : tEventDefinition
    @ errorRef:QName
tEscalation : tRootElement
    @ name:string escalationCode:string structureRef:QName
tEscalationEventDefinition : tEventDefinition
    @ escalationRef:QName
tEvent : tFlowNode [abstract]
    > property*
tEventBasedGateway : tGateway
    @ instantiate:boolean=false eventGatewayType:tEventBasedGatewayType=Exclusive
tEventDefinition : tRootElement [abstract]
tExclusiveGateway : tGateway
    @ default:IDREF
tExpression : tBaseElementWithMixedContent
tExtension
    @ definition:QName mustUnderstand:boolean=false
    > documentation*
tExtensionElements
    > #other*
tFlowElement : tBaseElement [abstract]
    @ name:string
    > auditing? monitoring? categoryValueRef:QName*
tFlowNode : tFlowElement [abstract]
    > incoming:QName* outgoing:QName*
tFormalExpression : tExpression
    @ language:anyURI evaluatesToTypeRef:QName
tGateway : tFlowNode
    @ gatewayDirection:tGatewayDirection=Unspecified
tGlobalBusinessRuleTask : tGlobalTask
    @ implementation:tImplementation=##unspecified
tGlobalChoreographyTask : tChoreography
    @ initiatingParticipantRef:QName
tGlobalConversation : tCollaboration
tGlobalManualTask : tGlobalTask
tGlobalScriptTask : tGlobalTask
    @ scriptLanguage:anyURI
    > script?
tGlobalTask : tCallableElement
    > resourceRole*
tGlobalUserTask : tGlobalTask
    @ implementation:tImplementation=##unspecified
    > rendering*
tGroup : tArtifact
    @ categoryValueRef:QName
tHumanPerformer : tPerformer
tImplicitThrowEvent : tThrowEvent
tInclusiveGateway : tGateway
    @ default:IDREF
tInputSet : tBaseElement
    @ name:string
    > dataInputRefs:IDREF* optionalInputRefs:IDREF* whileExecutingInputRefs:IDREF* outputSetRefs:IDREF*
tInterface : tRootElement
    @ name:string! implementationRef:QName
    > operation+
tIntermediateCatchEvent : tCatchEvent
tIntermediateThrowEvent : tThrowEvent
tInputOutputBinding : tBaseElement
    @ operationRef:QName! inputDataRef:IDREF! outputDataRef:IDREF!
tInputOutputSpecification : tBaseElement
    > dataInput* dataOutput* inputSet+ outputSet+
tItemDefinition : tRootElement
    @ structureRef:QName isCollection:boolean=false itemKind:tItemKind=Information
tLane : tBaseElement
    @ name:string partitionElementRef:QName
    > partitionElement:tBaseElement? flowNodeRef:IDREF* childLaneSet:tLaneSet?
tLaneSet : tBaseElement
    @ name:string
    > lane*
tLinkEventDefinition : tEventDefinition
    @ name:string!
    > source:QName* target:QName?
tLoopCharacteristics : tBaseElement [abstract]
tManualTask : tTask
tMessage : tRootElement
    @ name:string itemRef:QName
tMessageEventDefinition : tEventDefinition
    @ messageRef:QName
    > operationRef:QName?
tMessageFlow : tBaseElement
    @ name:string sourceRef:QName! targetRef:QName! messageRef:QName
tMessageFlowAssociation : tBaseElement
    @ innerMessageFlowRef:QName! outerMessageFlowRef:QName!
tMonitoring : tBaseElement
tMultiInstanceLoopCharacteristics : tLoopCharacteristics
    @ isSequential:boolean=false behavior:tMultiInstanceFlowCondition=All oneBehaviorEventRef:QName
    @ noneBehaviorEventRef:QName
    > loopCardinality:tExpression? loopDataInputRef:QName? loopDataOutputRef:QName? inputDataItem:tDataInput?
    > outputDataItem:tDataOutput? complexBehaviorDefinition* completionCondition:tExpression?
tOperation : tBaseElement
    @ name:string! implementationRef:QName
    > inMessageRef:QName outMessageRef:QName? errorRef:QName*
tOutputSet : tBaseElement
    @ name:string
    > dataOutputRefs:IDREF* optionalOutputRefs:IDREF* whileExecutingOutputRefs:IDREF* inputSetRefs:IDREF*
tParallelGateway : tGateway
tParticipant : tBaseElement
    @ name:string processRef:QName
    > interfaceRef:QName* endPointRef:QName* participantMultiplicity?
tParticipantAssociation : tBaseElement
    > innerParticipantRef:QName outerParticipantRef:QName
tParticipantMultiplicity : tBaseElement
    @ minimum:int=0 maximum:int=1
tPartnerEntity : tRootElement
    @ name:string
    > participantRef:QName*
tPartnerRole : tRootElement
    @ name:string
    > participantRef:QName*
tPerformer : tResourceRole
tPotentialOwner : tHumanPerformer
tProcess : tCallableElement
    @ processType:tProcessType=None isClosed:boolean=false isExecutable:boolean
    @ definitionalCollaborationRef:QName
    > auditing? monitoring? property* laneSet* flowElement* artifact* resourceRole* correlationSubscription*
    > supports:QName*
tProperty : tBaseElement
    @ name:string itemSubjectRef:QName
    > dataState?
tReceiveTask : tTask
    @ implementation:tImplementation=##WebService instantiate:boolean=false messageRef:QName operationRef:QName
tRelationship : tBaseElement
    @ type:string! direction:tRelationshipDirection
    > source:QName+ target:QName+
tRendering : tBaseElement
tResource : tRootElement
    @ name:string!
    > resourceParameter*
tResourceAssignmentExpression : tBaseElement
    > expression
tResourceParameter : tBaseElement
    @ name:string type:QName isRequired:boolean
tResourceParameterBinding : tBaseElement
    @ parameterRef:QName!
    > expression
tResourceRole : tBaseElement
    @ name:string
    > (resourceRef:QName resourceParameterBinding*) | resourceAssignmentExpression?
tRootElement : tBaseElement [abstract]
tScriptTask : tTask
    @ scriptFormat:string
    > script?
tScript [mixed]
    > #any?
tSendTask : tTask
    @ implementation:tImplementation=##WebService messageRef:QName operationRef:QName
tSequenceFlow : tFlowElement
    @ sourceRef:IDREF! targetRef:IDREF! isImmediate:boolean
    > conditionExpression:tExpression?
tServiceTask : tTask
    @ implementation:tImplementation=##WebService operationRef:QName
tSignal : tRootElement
    @ name:string structureRef:QName
tSignalEventDefinition : tEventDefinition
    @ signalRef:QName
tStandardLoopCharacteristics : tLoopCharacteristics
    @ testBefore:boolean=false loopMaximum:integer
    > loopCondition:tExpression?
tStartEvent : tCatchEvent
    @ isInterrupting:boolean=true
tSubChoreography : tChoreographyActivity
    > flowElement* artifact*
tSubConversation : tConversationNode
    > conversationNode*
tSubProcess : tActivity
    @ triggeredByEvent:boolean=false
    > laneSet* flowElement* artifact*
tTask : tActivity
tTerminateEventDefinition : tEventDefinition
tTextAnnotation : tArtifact
    @ textFormat:string=text/plain
    > text?
tText [mixed]
    > #any?
tThrowEvent : tEvent [abstract]
    > dataInput* dataInputAssociation* inputSet? eventDefinition* eventDefinitionRef:QName*
tTimerEventDefinition : tEventDefinition
    > timeDate:tExpression? | timeDuration:tExpression? | timeCycle:tExpression?
tTransaction : tSubProcess
    @ method:tTransactionMethod=##Compensate
tUserTask : tTask
    @ implementation:tImplementation=##unspecified
    > rendering*
"""

DIAGRAM_TYPES: Final = """
di:tExtension
    > #strict*
bpmndi:BPMNDiagram : di:Diagram
    > bpmndi:BPMNPlane bpmndi:BPMNLabelStyle*
bpmndi:BPMNPlane : di:Plane
    @ bpmnElement:QName
bpmndi:BPMNEdge : di:LabeledEdge
    @ bpmnElement:QName sourceElement:QName targetElement:QName messageVisibleKind:bpmndi:MessageVisibleKind
    > bpmndi:BPMNLabel?
bpmndi:BPMNShape : di:LabeledShape
    @ bpmnElement:QName isHorizontal:boolean isExpanded:boolean isMarkerVisible:boolean isMessageVisible:boolean
    @ participantBandKind:bpmndi:ParticipantBandKind choreographyActivityShape:QName
    > bpmndi:BPMNLabel?
bpmndi:BPMNLabel : di:Label
    @ labelStyle:QName
bpmndi:BPMNLabelStyle : di:Style
    > dc:Font
di:DiagramElement [abstract open]
    @ id:ID
    > extension:di:tExtension?
di:Diagram [abstract]
    @ name:string documentation:string resolution:double id:ID
di:Node : di:DiagramElement [abstract]
di:Edge : di:DiagramElement [abstract]
    > waypoint:dc:Point{2,}
di:LabeledEdge : di:Edge [abstract]
di:Shape : di:Node [abstract]
    > dc:Bounds
di:LabeledShape : di:Shape [abstract]
di:Label : di:Node [abstract]
    > dc:Bounds?
di:Plane : di:Node [abstract]
    > di:DiagramElement*
di:Style [abstract]
    @ id:ID
dc:Font
    @ name:string size:double isBold:boolean isItalic:boolean isUnderline:boolean isStrikeThrough:boolean
dc:Point
    @ x:double! y:double!
dc:Bounds
    @ x:double! y:double! width:double! height:double!
"""

STANDALONE_ELEMENTS: Final = """
    definitions import activity artifact assignment auditing baseElement baseElementWithMixedContent
    callableElement catchEvent categoryValue choreographyActivity complexBehaviorDefinition
    conversationAssociation conversationLink conversationNode correlationKey correlationPropertyBinding
    correlationPropertyRetrievalExpression correlationSubscription dataAssociation dataInput
    dataInputAssociation dataOutput dataOutputAssociation dataState documentation expression extension
    extensionElements flowElement flowNode gateway inputSet ioBinding ioSpecification lane laneSet
    loopCharacteristics messageFlow messageFlowAssociation monitoring operation outputSet participant
    participantAssociation participantMultiplicity property relationship rendering resourceAssignmentExpression
    resourceParameter resourceParameterBinding resourceRole rootElement script text throwEvent
    bpmndi:BPMNDiagram bpmndi:BPMNPlane bpmndi:BPMNLabelStyle bpmndi:BPMNLabel di:DiagramElement di:Diagram
    di:Style di:Node di:Edge di:Shape di:Plane di:LabeledEdge di:Label di:LabeledShape dc:Font dc:Point
    dc:Bounds
"""
"""Elements that stand for no other element."""

SUBSTITUTIONS: Final = """
flowElement
    adHocSubProcess boundaryEvent businessRuleTask callActivity callChoreography choreographyTask complexGateway
    dataObject dataObjectReference dataStoreReference endEvent event eventBasedGateway exclusiveGateway
    implicitThrowEvent inclusiveGateway intermediateCatchEvent intermediateThrowEvent manualTask parallelGateway
    receiveTask scriptTask sendTask sequenceFlow serviceTask startEvent subChoreography subProcess task
    transaction userTask
artifact
    association group textAnnotation
conversationNode
    callConversation conversation subConversation
eventDefinition
    cancelEventDefinition compensateEventDefinition conditionalEventDefinition errorEventDefinition
    escalationEventDefinition linkEventDefinition messageEventDefinition signalEventDefinition
    terminateEventDefinition timerEventDefinition
rootElement
    category collaboration correlationProperty dataStore endPoint error escalation eventDefinition
    globalBusinessRuleTask globalManualTask globalScriptTask globalTask globalUserTask interface itemDefinition
    message partnerEntity partnerRole process resource signal
collaboration
    choreography globalConversation
expression
    formalExpression
choreography
    globalChoreographyTask
performer
    humanPerformer potentialOwner
loopCharacteristics
    multiInstanceLoopCharacteristics standardLoopCharacteristics
resourceRole
    performer
di:DiagramElement
    bpmndi:BPMNShape bpmndi:BPMNEdge
"""
"""Where the first is allowed, each of the following is too."""

ABSTRACT_ELEMENTS: Final = frozenset({"gateway"})
"""Elements declared abstract although their type is not."""

IRREGULAR_TYPES: Final = {"ioBinding": "tInputOutputBinding", "ioSpecification": "tInputOutputSpecification"}
"""Elements whose type is not called ``t`` + their name."""

ENUMERATIONS: Final[dict[str, tuple[str, ...]]] = {
    "tAdHocOrdering": ("Parallel", "Sequential"),
    "tAssociationDirection": ("None", "One", "Both"),
    "tChoreographyLoopType": ("None", "Standard", "MultiInstanceSequential", "MultiInstanceParallel"),
    "tEventBasedGatewayType": ("Exclusive", "Parallel"),
    "tGatewayDirection": ("Unspecified", "Converging", "Diverging", "Mixed"),
    "tImplementation": ("##unspecified", "##WebService"),
    "tItemKind": ("Information", "Physical"),
    "tMultiInstanceFlowCondition": ("None", "One", "All", "Complex"),
    "tProcessType": ("None", "Public", "Private"),
    "tRelationshipDirection": ("None", "Forward", "Backward", "Both"),
    "tTransactionMethod": ("##Compensate", "##Image", "##Store"),
    "bpmndi:ParticipantBandKind": (
        "top_initiating",
        "middle_initiating",
        "bottom_initiating",
        "top_non_initiating",
        "middle_non_initiating",
        "bottom_non_initiating",
    ),
    "bpmndi:MessageVisibleKind": ("initiating", "non_initiating"),
}

OPEN_ENUMERATIONS: Final = frozenset({"tImplementation", "tTransactionMethod"})
"""Enumerations that accept any URI besides their values."""
