"""One smallest model per rule that breaks it, with the weight it has in each profile."""

# ruff: noqa: E501 -- a model reads best in one line

from __future__ import annotations

import re
from pathlib import Path

import pytest

from interpreter.bpmn.document import BpmnParseError, parse_bpmn
from interpreter.bpmn.lint.rules import RULES
from interpreter.bpmn.problems import Profile
from interpreter.bpmn.validate import validate
from tests.interpreter.bpmn.models import around, check, condition, definitions, flow, process

S, E = '<startEvent id="s" name="s"/>', '<endEvent id="e" name="e"/>'
TASK = '<task id="t" name="t"/>'
USER = '<userTask id="t" name="t" camunda:assignee="mary"/>'
MESSAGE = '<message id="m" name="m"/>'
TIMER = (
    '<timerEventDefinition id="d"><timeDuration xsi:type="tFormalExpression">PT1H</timeDuration></timerEventDefinition>'
)
ESP_START = f'<startEvent id="x" name="x">{TIMER}</startEvent>{flow("x", "y")}<endEvent id="y" name="y"/>'
PLAIN = around(TASK, "t")


def ext(content: str) -> str:
    return f"<extensionElements>{content}</extensionElements>"


def catch(definition: str, id: str = "c") -> bytes:
    return around(f'<intermediateCatchEvent id="{id}" name="c">{definition}</intermediateCatchEvent>', id)


def gateway(tag: str, flows: str, attributes: str = "") -> bytes:
    return process(
        f'{S}{flow("s", "g")}<{tag} id="g" name="g" {attributes}/>{flows}<task id="a" name="a"/><task id="b" name="b"/>'
        f"{flow('a', 'e')}{flow('b', 'e')}{E}"
    )


def boundary(definition: str, attributes: str = "", host: str = TASK, after: str = "", more: str = "") -> bytes:
    return around(
        host,
        "t",
        f'<boundaryEvent id="b" name="b" attachedToRef="t" {attributes}>{definition}</boundaryEvent>'
        + (after or flow("b", "e"))
        + more,
    )


def service(attributes: str = "", content: str = "", tag: str = "serviceTask") -> bytes:
    return around(f'<{tag} id="t" name="t" {attributes}>{content}</{tag}>', "t")


def sub(content: str, attributes: str = "", tag: str = "subProcess") -> bytes:
    return around(f'<{tag} id="t" name="t" {attributes}>{content}</{tag}>', "t")


def event_gateway(targets: str, attributes: str = "", flows: str = "") -> bytes:
    return process(
        f'{S}{flow("s", "g")}<eventBasedGateway id="g" {attributes}/>{flow("g", "a")}{flow("g", "b")}{targets}'
        f"{flows}{flow('a', 'e')}{flow('b', 'e')}{E}"
    )


A = f'<intermediateCatchEvent id="a" name="a">{TIMER}</intermediateCatchEvent>'
INNER = f'<startEvent id="x" name="x"/>{flow("x", "y")}<endEvent id="y" name="y"/>'
ITEM = '<itemDefinition id="i" structureRef="xsd:string"/><itemDefinition id="j" structureRef="xsd:int"/>'
IO = "<ioSpecification>{}</ioSpecification>"

# rule -> model that breaks it
BROKEN: dict[str, bytes] = {
    "metamodel-root": b'<definitions xmlns="http://schema.omg.org/spec/BPMN/2.0"/>',
    "metamodel-child": process(f"{S}<unknown/>"),
    "metamodel-order": around(
        '<task id="t"><property id="q"/><ioSpecification><inputSet/><outputSet/></ioSpecification></task>', "t"
    ),
    "metamodel-child-missing": around('<task id="t"><ioSpecification/></task>', "t"),
    "metamodel-attribute": around('<task id="t" nonsense="1"/>', "t"),
    "metamodel-attribute-missing": process(f'{S}<sequenceFlow id="f" sourceRef="s"/>'),
    "metamodel-value": around('<task id="t" isForCompensation="perhaps"/>', "t"),
    "metamodel-called-element": around('<callActivity id="t" calledElement="${x}"/>', "t"),
    "metamodel-duplicate-id": process(f"{S}{S}"),
    "metamodel-idref": process(f"{S}{flow('s', 'nowhere')}"),
    "metamodel-text": process(f"{S}stray text"),
    "metamodel-type": around(
        TASK,
        "t",
        '<sequenceFlow id="z" sourceRef="s" targetRef="t"><conditionExpression xsi:type="tTask"/></sequenceFlow>',
    ),
    "metamodel-abstract": process(f'{S}<flowElement id="z"/>'),
    "metamodel-foreign-type": around(f'<task id="t">{ext("""<other:x xsi:type="other:y"/>""")}</task>', "t"),
    "ref-unresolved": around('<receiveTask id="t" messageRef="nothing"/>', "t"),
    "ref-not-imported": around('<receiveTask id="t" messageRef="other:m"/>', "t"),
    "ref-wrong-kind": around('<receiveTask id="t" messageRef="s"/>', "t"),
    "flow-end": process(f'{S}{flow("s", "o")}<dataObject id="o"/>'),
    "flow-crosses-scope": around(f'<subProcess id="t">{INNER}</subProcess>', "t", flow("s", "y")),
    "id-missing": process(f"{S}<task/>"),
    "flow-into-start": around(TASK, "t", flow("t", "s")),
    "flow-out-of-end": around(TASK, "t", flow("e", "t")),
    "flow-into-boundary": boundary(TIMER, more=flow("s", "b")),
    "flow-default": around('<task id="t" default="s-t"/>', "t"),
    "flow-lists": around('<task id="t"><incoming>other</incoming></task>', "t"),
    "flow-condition-source": process(f"{S}{flow('s', 't', condition('= a'))}{TASK}{flow('t', 'e')}{E}"),
    "flow-condition-alone": process(f"{S}{flow('s', 't')}{TASK}{flow('t', 'e', condition('= a'))}{E}"),
    "event-subprocess-flow": around(f'<subProcess id="t" triggeredByEvent="true">{ESP_START}</subProcess>', "t"),
    "event-subprocess-start": around(
        TASK, "t", '<subProcess id="q" triggeredByEvent="true"><task id="z"/></subProcess>'
    ),
    "event-subprocess-trigger": around(TASK, "t", f'<subProcess id="q" triggeredByEvent="true">{INNER}</subProcess>'),
    "event-trigger": catch('<terminateEventDefinition id="d"/>'),
    "event-non-interrupting": boundary('<errorEventDefinition id="d"/>', 'cancelActivity="false"'),
    "event-definition-reusable": around(
        f'<intermediateCatchEvent id="c">{TIMER}</intermediateCatchEvent>',
        "c",
        '<intermediateCatchEvent id="c2"><eventDefinitionRef>d</eventDefinitionRef></intermediateCatchEvent>',
    ),
    "event-connected": process(f'{S}{flow("s", "e")}{E}<intermediateThrowEvent id="z"/>'),
    "boundary-connected": around(TASK, "t", f'<boundaryEvent id="b" attachedToRef="t">{TIMER}</boundaryEvent>'),
    "boundary-host": process(
        f'{S}{flow("s", "e")}{E}<boundaryEvent id="b" attachedToRef="s">{TIMER}</boundaryEvent>{flow("b", "e")}'
    ),
    "cancel-boundary": boundary('<cancelEventDefinition id="d"/>'),
    "cancel-end": process(f'{S}{flow("s", "e")}<endEvent id="e"><cancelEventDefinition id="d"/></endEvent>'),
    "compensation-handler": around(
        TASK, "t", '<boundaryEvent id="b" attachedToRef="t"><compensateEventDefinition id="d"/></boundaryEvent>'
    ),
    "compensation-flag": around(
        TASK,
        "t",
        '<boundaryEvent id="b" attachedToRef="t"><compensateEventDefinition id="d"/></boundaryEvent><task id="h"/><association id="k" sourceRef="b" targetRef="h"/>',
    ),
    "compensation-flow": around(TASK, "t", f'<task id="h" isForCompensation="true"/>{flow("h", "e")}'),
    "compensation-duplicate": around(
        TASK,
        "t",
        "".join(
            f'<boundaryEvent id="b{n}" attachedToRef="t"><compensateEventDefinition id="d{n}"/></boundaryEvent>'
            for n in (1, 2)
        ),
    ),
    "compensation-start": around(
        TASK,
        "t",
        f'<subProcess id="q" triggeredByEvent="true"><startEvent id="x"><compensateEventDefinition id="d"/></startEvent>{flow("x", "y")}<endEvent id="y"/></subProcess>',
    ),
    "link-pair": process(
        f'{S}{flow("s", "c")}<intermediateThrowEvent id="c"><linkEventDefinition id="d" name="L"/></intermediateThrowEvent>'
    ),
    "link-source": process(
        f'{S}{flow("s", "e")}{E}<intermediateCatchEvent id="c"><linkEventDefinition id="d" name="L"/></intermediateCatchEvent>{flow("c", "e")}'
    ),
    "link-duplicate": process(
        f"{S}{flow('s', 'e')}{E}"
        + "".join(
            f'<intermediateCatchEvent id="c{n}"><linkEventDefinition id="d{n}" name="L"/></intermediateCatchEvent>{flow(f"c{n}", "e")}'
            for n in (1, 2)
        )
    ),
    "link-flow": catch('<linkEventDefinition id="d" name="L"/>'),
    "timer-definition": catch('<timerEventDefinition id="d"/>'),
    "timer-format": catch('<timerEventDefinition id="d"><timeDuration>soon</timeDuration></timerEventDefinition>'),
    "condition-empty": catch('<conditionalEventDefinition id="d"><condition/></conditionalEventDefinition>'),
    "condition-formal": catch(
        '<conditionalEventDefinition id="d"><condition>when it rains</condition></conditionalEventDefinition>'
    ),
    "expression-empty": process(f"{S}{flow('s', 't')}{TASK}{flow('t', 'e', condition(''))}{E}"),
    "expression-type": process(
        f'{S}{flow("s", "t")}{TASK}{flow("t", "e", """<conditionExpression xsi:type="tExpression">x</conditionExpression>""")}{E}'
    ),
    "process-start": process(""),
    "process-start-several": process(f'{S}<startEvent id="s2"/>{flow("s", "e")}{flow("s2", "e")}{E}'),
    "process-public": process(f"{S}{flow('s', 'e')}{E}", attributes='isExecutable="true" processType="Public"'),
    "process-id-duplicate": definitions(2 * f'<process id="p" isExecutable="true">{S}</process>'),
    "subprocess-start": sub('<task id="z"/>'),
    "subprocess-start-several": sub(f'{INNER}<startEvent id="x2"/>{flow("x2", "y")}'),
    "subprocess-start-trigger": sub(ESP_START),
    "start-end-pair": process(f"{S}{flow('s', 't')}{TASK}"),
    "node-connected": around(TASK, "t", f'<task id="z"/>{flow("z", "e")}'),
    "gateway-flows": around('<parallelGateway id="t"/>', "t"),
    "gateway-direction": around('<parallelGateway id="t" gatewayDirection="Converging"/>', "t"),
    "gateway-no-outgoing": process(f'{S}{flow("s", "g")}<exclusiveGateway id="g"/>'),
    "gateway-condition-single": process(
        f'{S}{flow("s", "g")}<exclusiveGateway id="g"/>{flow("g", "e", condition("= a"))}{E}'
    ),
    "gateway-condition-default": gateway(
        "exclusiveGateway", flow("g", "a", condition("= x")) + flow("g", "b", condition("= y")), 'default="g-b"'
    ),
    "gateway-condition-missing": gateway("exclusiveGateway", flow("g", "a") + flow("g", "b")),
    "gateway-condition-implicit": gateway("exclusiveGateway", flow("g", "a", condition("= x")) + flow("g", "b")),
    "event-gateway-outgoing": process(
        f'{S}{flow("s", "g")}<eventBasedGateway id="g"/>{flow("g", "a")}{A}{flow("a", "e")}{E}'
    ),
    "event-gateway-target": event_gateway(A + '<task id="b"/>'),
    "event-gateway-mixed": process(
        f'{S}{flow("s", "g")}<eventBasedGateway id="g"/>{flow("g", "a")}{flow("g", "b")}<receiveTask id="a" messageRef="m"/>'
        f'<intermediateCatchEvent id="b"><messageEventDefinition id="d" messageRef="m"/></intermediateCatchEvent>{flow("a", "e")}{flow("b", "e")}{E}',
        MESSAGE,
    ),
    "event-gateway-boundary": event_gateway(
        A
        + f'<receiveTask id="b" messageRef="m"/><boundaryEvent id="z" attachedToRef="b"><errorEventDefinition id="dz"/></boundaryEvent>{flow("z", "e")}'
    ),
    "event-gateway-condition": process(
        f'{S}{flow("s", "g")}<eventBasedGateway id="g"/>{flow("g", "a", condition("= x"))}{A}{flow("a", "e")}{E}'
    ),
    "event-gateway-incoming": event_gateway(A + A.replace('"a"', '"b"').replace('"d"', '"d2"'), flows=flow("s", "a")),
    "event-gateway-start": event_gateway(A + A.replace('"a"', '"b"').replace('"d"', '"d2"'), 'instantiate="true"'),
    "event-gateway-async": event_gateway(
        A + A.replace('"a"', '"b"').replace('"d"', '"d2"'), 'camunda:asyncAfter="true"'
    ),
    "activity-quantity": around('<task id="t" startQuantity="0"/>', "t"),
    "activity-script": around('<scriptTask id="t"><script>x</script></scriptTask>', "t"),
    "receive-instantiate": around('<receiveTask id="t" instantiate="true"/>', "t"),
    "adhoc-content": sub("", tag="adHocSubProcess"),
    "choreography-in-process": process(
        f'{S}{flow("s", "e")}{E}<choreographyTask id="z" initiatingParticipantRef="a"><participantRef>a</participantRef><participantRef>b</participantRef><messageFlowRef>f</messageFlowRef></choreographyTask>'
    ),
    "loop-definition": around('<task id="t"><multiInstanceLoopCharacteristics/></task>', "t"),
    "loop-cardinality-and-collection": around(
        '<task id="t"><property id="q"/><multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality><loopDataInputRef>q</loopDataInputRef></multiInstanceLoopCharacteristics></task>',
        "t",
    ),
    "loop-element-variable": around(
        '<task id="t"><multiInstanceLoopCharacteristics camunda:elementVariable="x"><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics></task>',
        "t",
    ),
    "loop-behavior": around(
        '<task id="t"><multiInstanceLoopCharacteristics behavior="One"><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics></task>',
        "t",
    ),
    "loop-data-item": around(
        '<task id="t"><property id="q" itemSubjectRef="i"/><multiInstanceLoopCharacteristics><loopDataInputRef>q</loopDataInputRef><inputDataItem id="n" itemSubjectRef="j"/></multiInstanceLoopCharacteristics></task>',
        "t",
        roots=ITEM,
    ),
    "loop-data-input": around(
        '<task id="t"><multiInstanceLoopCharacteristics><loopDataInputRef>s</loopDataInputRef></multiInstanceLoopCharacteristics></task>',
        "t",
    ),
    "operation-data": around(
        '<serviceTask id="t" operationRef="op"/>',
        "t",
        roots=ITEM
        + '<message id="m" name="m" itemRef="i"/><interface id="if" name="if"><operation id="op" name="op"><inMessageRef>m</inMessageRef></operation></interface>',
    ),
    "message-operation": around(
        '<intermediateCatchEvent id="t"><messageEventDefinition id="d" messageRef="m"/></intermediateCatchEvent>',
        "t",
        roots=ITEM + '<message id="m" name="m" itemRef="i"/>',
    ),
    "call-data": around(
        f'<callActivity id="t" calledElement="q">{IO.format("""<dataInput id="in" itemSubjectRef="i"/><inputSet><dataInputRefs>in</dataInputRefs></inputSet><outputSet/>""")}</callActivity>',
        "t",
        roots=ITEM + '<globalTask id="q"/>',
    ),
    "data-collection": process(
        f'{S}{flow("s", "e")}{E}<dataObject id="o" itemSubjectRef="i" isCollection="true"/>', ITEM
    ),
    "data-association-type": around(
        f'<task id="t">{IO.format("""<dataInput id="in" itemSubjectRef="i"/><inputSet><dataInputRefs>in</dataInputRefs></inputSet><outputSet/>""")}'
        '<dataInputAssociation id="k"><sourceRef>o</sourceRef><targetRef>in</targetRef></dataInputAssociation></task>',
        "t",
        '<dataObject id="o" itemSubjectRef="j"/>',
        ITEM,
    ),
    "data-set": around(f'<task id="t">{IO.format("""<dataInput id="in"/><inputSet/><outputSet/>""")}</task>', "t"),
    "data-subprocess": sub(IO.format("<inputSet/><outputSet/>") + INNER),
    "data-process-direction": process(
        f'{IO.format("""<dataInput id="in"/><inputSet><dataInputRefs>in</dataInputRefs></inputSet><outputSet/>""")}{S}{flow("s", "t")}'
        f'<task id="t">{IO.format("""<dataOutput id="out"/><inputSet/><outputSet><dataOutputRefs>out</dataOutputRefs></outputSet>""")}'
        f'<dataOutputAssociation id="k"><sourceRef>out</sourceRef><targetRef>in</targetRef></dataOutputAssociation></task>{flow("t", "e")}{E}'
    ),
    "data-event": around(
        '<intermediateCatchEvent id="t"><dataOutput id="o1" itemSubjectRef="i"/><outputSet><dataOutputRefs>o1</dataOutputRefs></outputSet>'
        '<signalEventDefinition id="d1" signalRef="g1"/><signalEventDefinition id="d2" signalRef="g2"/></intermediateCatchEvent>',
        "t",
        roots=ITEM + '<signal id="g1" name="g1" structureRef="i"/><signal id="g2" name="g2" structureRef="j"/>',
    ),
    "data-reference-name": process(
        f'{S}{flow("s", "e")}{E}<dataObject id="o" name="Order"/><dataObjectReference id="r" name="Order" dataObjectRef="o"><dataState name="paid"/></dataObjectReference>'
    ),
    "documentation-format": around('<task id="t"><documentation textFormat="plain">x</documentation></task>', "t"),
    "participant-multiplicity": definitions(
        '<collaboration id="c"><participant id="a"><participantMultiplicity minimum="3" maximum="2"/></participant></collaboration>'
    ),
    "message-flow-pool": definitions(
        '<collaboration id="c"><participant id="a"/><messageFlow id="f" sourceRef="a" targetRef="a"/></collaboration>'
    ),
    "message-flow-end": definitions(
        f'<collaboration id="c"><participant id="a" processRef="p"/><participant id="b"/><messageFlow id="f" sourceRef="e" targetRef="b"/></collaboration><process id="p">{S}{flow("s", "e")}{E}</process>'
    ),
    "collaboration-choreography": definitions(
        '<choreography id="c"><choreographyRef>c</choreographyRef></choreography>'
    ),
    "event-parallel": around(
        f'<intermediateCatchEvent id="c" parallelMultiple="true">{TIMER}</intermediateCatchEvent>', "c"
    ),
    "compensation-target": around(
        f'<subProcess id="t">{INNER}<task id="inside"/></subProcess>',
        "t",
        '<intermediateThrowEvent id="z"><compensateEventDefinition id="d" activityRef="inside"/></intermediateThrowEvent>',
    ),
    "activity-script-format": around('<scriptTask id="t" scriptFormat="whatever"><script>x</script></scriptTask>', "t"),
    "loop-negative": around('<task id="t"><standardLoopCharacteristics loopMaximum="-1"/></task>', "t"),
    "data-association-sources": around(
        '<task id="t"><dataOutputAssociation id="k"><sourceRef>o</sourceRef><sourceRef>q</sourceRef><targetRef>o</targetRef></dataOutputAssociation></task>',
        "t",
        '<dataObject id="o"/><dataObject id="q"/>',
    ),
    "data-association-owner": around(
        '<task id="t"><dataInputAssociation id="k"><sourceRef>o</sourceRef><targetRef>in</targetRef></dataInputAssociation></task>',
        "t",
        f'<dataObject id="o"/><task id="u">{IO.format("""<dataInput id="in"/><inputSet><dataInputRefs>in</dataInputRefs></inputSet><outputSet/>""")}</task>',
    ),
    "message-flow-several": definitions(
        '<collaboration id="c"><participant id="a" processRef="p"/><participant id="b"/><messageFlow id="f" sourceRef="b" targetRef="x"/><messageFlow id="g" sourceRef="x" targetRef="b"/></collaboration>'
        '<process id="p"><intermediateCatchEvent id="x"><messageEventDefinition id="d"/></intermediateCatchEvent></process>'
    ),
    "conversation-link": definitions(
        '<collaboration id="c"><participant id="a"/><participant id="b"/><conversationLink id="l" sourceRef="a" targetRef="b"/></collaboration>'
    ),
    "choreography-initiator": definitions(
        '<choreography id="c"><participant id="a"/><participant id="b"/><participant id="x"/><choreographyTask id="t" initiatingParticipantRef="x"><participantRef>a</participantRef><participantRef>b</participantRef><messageFlowRef>f</messageFlowRef></choreographyTask></choreography>'
    ),
    "message-missing": catch('<messageEventDefinition id="d"/>'),
    "message-name": around(
        '<intermediateCatchEvent id="t"><messageEventDefinition id="d" messageRef="m"/></intermediateCatchEvent>',
        "t",
        roots='<message id="m"/>',
    ),
    "message-start-expression": process(
        f'<startEvent id="s"><messageEventDefinition id="d" messageRef="m"/></startEvent>{flow("s", "e")}{E}',
        '<message id="m" name="${x}"/>',
    ),
    "message-duplicate": process(
        "".join(
            f'<startEvent id="s{n}"><messageEventDefinition id="d{n}" messageRef="m"/></startEvent>{flow(f"s{n}", "e")}'
            for n in (1, 2)
        )
        + E,
        MESSAGE,
    ),
    "signal-missing": catch('<signalEventDefinition id="d"/>'),
    "signal-duplicate": process(f"{S}{flow('s', 'e')}{E}", '<signal id="a" name="x"/><signal id="b" name="x"/>'),
    "error-code": process(f'{S}{flow("s", "e")}<endEvent id="e"><errorEventDefinition id="d"/></endEvent>'),
    "escalation-code": process(f'{S}{flow("s", "e")}<endEvent id="e"><escalationEventDefinition id="d"/></endEvent>'),
    "escalation-duplicate": around(
        f'<subProcess id="t">{INNER}</subProcess>',
        "t",
        "".join(
            f'<boundaryEvent id="b{n}" attachedToRef="t"><escalationEventDefinition id="d{n}"/></boundaryEvent>{flow(f"b{n}", "e")}'
            for n in (1, 2)
        ),
    ),
    "escalation-host": boundary('<escalationEventDefinition id="d"/>'),
    "async-flow": process(f'{S}<sequenceFlow sourceRef="s" targetRef="e" camunda:asyncAfter="true"/>{E}'),
    "mapping-place": around(f'<exclusiveGateway id="t">{ext("<camunda:inputOutput/>")}</exclusiveGateway>', "t"),
    "mapping-output": process(
        f'{S}{flow("s", "e")}<endEvent id="e">{ext("""<camunda:inputOutput><camunda:outputParameter name="x">1</camunda:outputParameter></camunda:inputOutput>""")}</endEvent>'
    ),
    "mapping-name": service(
        'camunda:expression="${1}"',
        ext("<camunda:inputOutput><camunda:inputParameter>1</camunda:inputParameter></camunda:inputOutput>"),
    ),
    "implementation-missing": service(),
    "external-topic": service('camunda:type="external"'),
    "result-variable": service('camunda:class="a.B" camunda:resultVariable="x"'),
    "decision-mapping": service(
        'camunda:decisionRef="d" camunda:mapDecisionResult="everything"', tag="businessRuleTask"
    ),
    "binding": around('<callActivity id="t" calledElement="q" camunda:calledElementBinding="version"/>', "t"),
    "form": around('<userTask id="t" camunda:formKey="a" camunda:formRef="b"/>', "t"),
    "call-element": around('<callActivity id="t"/>', "t"),
    "call-mapping": around(
        f'<callActivity id="t" calledElement="q">{ext("""<camunda:in target="x"/>""")}</callActivity>', "t"
    ),
    "assignee-duplicate": around(
        '<userTask id="t" camunda:assignee="a"><humanPerformer><resourceAssignmentExpression><formalExpression>b</formalExpression></resourceAssignmentExpression></humanPerformer></userTask>',
        "t",
    ),
    "listener": around(
        f'<userTask id="t">{ext("""<camunda:taskListener event="timeout" expression="${1}"/>""")}</userTask>', "t"
    ),
    "external-error": service('camunda:type="external" camunda:topic="x"', ext("<camunda:errorEventDefinition/>")),
    "history-time-to-live": process(
        f"{S}{flow('s', 'e')}{E}", attributes='isExecutable="true" camunda:historyTimeToLive="long"'
    ),
    "connector": service("", ext("<camunda:connector/>")),
    "form-field": around(
        f'<userTask id="t">{ext("<camunda:formData><camunda:formField/></camunda:formData>")}</userTask>', "t"
    ),
    "exec-nothing": process(f"{S}{flow('s', 'e')}{E}", attributes=""),
    "exec-kept": definitions('<choreography id="c"/>'),
    "exec-case": around('<callActivity id="t" camunda:caseRef="c"/>', "t"),
    "expression-syntax": around('<userTask id="t" camunda:assignee="${a"/>', "t"),
    "exec-delegate": service('camunda:class="a.B"'),
    "exec-script": around('<scriptTask id="t" scriptFormat="groovy"><script>x</script></scriptTask>', "t"),
    "exec-bean": service('camunda:expression="${bean.call(x)}"'),
    "exec-type": service('camunda:type="mail"'),
    "exec-code": around('<userTask id="t" camunda:formHandlerClass="a.B"/>', "t"),
    "exec-ignored": process(
        f'{S}{flow("s", "e")}<endEvent id="e"><compensateEventDefinition id="d" waitForCompletion="false"/></endEvent>'
    ),
    "exec-ignored-extension": around('<userTask id="t" camunda:skipExpression="${x}"/>', "t"),
    "exec-unknown-extension": around(f'<task id="t">{ext("<other:x/>")}</task>', "t"),
    "mistake-unreachable": around(TASK, "t", f'<task id="z"/>{flow("z", "z2")}<task id="z2"/>{flow("z2", "z")}'),
    "mistake-deadlock": process(
        f'{S}{flow("s", "g")}<exclusiveGateway id="g"/>{flow("g", "a", condition("= x"))}{flow("g", "b")}<task id="a"/><task id="b"/>{flow("a", "j")}{flow("b", "j")}'
        f'<parallelGateway id="j"/>{flow("j", "e")}{E}'
    ),
    "mistake-no-synchronisation": process(
        f'{S}{flow("s", "g")}<parallelGateway id="g"/>{flow("g", "a")}{flow("g", "b")}<task id="a"/><task id="b"/>{flow("a", "j")}{flow("b", "j")}<exclusiveGateway id="j"/>{flow("j", "e")}{E}'
    ),
    "mistake-no-default": gateway(
        "exclusiveGateway", flow("g", "a", condition("= x")) + flow("g", "b", condition("= y"))
    ),
    "mistake-condition-constant": gateway(
        "exclusiveGateway", flow("g", "a", condition("${true}")) + flow("g", "b"), 'default="g-b"'
    ),
    "mistake-superfluous-gateway": around('<parallelGateway id="t"/>', "t"),
    "mistake-join-and-fork": process(
        f'{S}{flow("s", "g")}<parallelGateway id="g"/>{flow("g", "a")}{flow("g", "b")}<task id="a"/><task id="b"/>{flow("a", "j")}{flow("b", "j")}<parallelGateway id="j"/>'
        f'{flow("j", "c")}{flow("j", "d")}<task id="c"/><task id="d"/>{flow("c", "e")}{flow("d", "e")}{E}'
    ),
    "mistake-implicit-join": around(TASK, "t", flow("s", "t").replace('id="s-t"', 'id="again"')),
    "mistake-implicit-split": around(TASK, "t", f'{flow("t", "z")}<task id="z"/>{flow("z", "e")}'),
    "mistake-duplicate-flow": around(TASK, "t", flow("s", "t").replace('id="s-t"', 'id="again"')),
    "mistake-endless-loop": process(f'{S}{flow("s", "a")}<task id="a"/>{flow("a", "b")}<task id="b"/>{flow("b", "a")}'),
    "mistake-dead-end": around(TASK, "t", f'{flow("t", "z")}<task id="z"/>'),
    "mistake-boundary-cycle": boundary(
        '<timerEventDefinition id="d"><timeCycle>R3/PT1H</timeCycle></timerEventDefinition>'
    ),
    "mistake-no-assignee": around('<userTask id="t"/>', "t"),
    "mistake-no-retries": service('camunda:class="a.B"'),
    "mistake-no-name": around('<task id="t"/>', "t"),
    "mistake-unused": process(f"{S}{flow('s', 'e')}{E}", MESSAGE),
    "mistake-error-unhandled": process(
        f'{S}{flow("s", "e")}<endEvent id="e"><errorEventDefinition id="d" errorRef="x"/></endEvent>',
        '<error id="x" errorCode="X"/>',
    ),
    "mistake-subprocess-blank": sub(""),
    "mistake-no-diagram": PLAIN,
}

UNREADABLE: dict[str, bytes] = {
    "xml-not-well-formed": b"<definitions><process></definitions>",
    "xml-doctype": b'<?xml version="1.0"?><!-- a --><!DOCTYPE x [<!ENTITY a "b">]><definitions/>',
    "xml-too-large": b"<a " + b" ".join(b'x%d="1"' % n for n in range(20_001)) + b"/>",
    "xml-too-deep": b"<a>" * 220 + b"</a>" * 220,
}

PROFILES: tuple[Profile, ...] = ("c7", "spec")


@pytest.mark.parametrize("rule", BROKEN)
def test_a_model_that_breaks_a_rule_is_told_so_with_the_rules_weight(rule: str) -> None:
    for profile in PROFILES:
        weight = RULES[rule].weight(profile)
        found = [problem for problem in check(BROKEN[rule], profile) if problem.rule == rule]
        if not weight:
            assert not found, profile
        elif found:
            assert weight in {problem.severity for problem in found}, profile
            for problem in found:
                assert problem.line >= 1
                assert problem.column >= 1
                assert problem.message.startswith("Expected ")
                assert " but " in problem.message
        else:
            assert rule in {"process-start", "subprocess-start", "event-gateway-mixed"}, (rule, profile)


@pytest.mark.parametrize("rule", UNREADABLE)
def test_what_cannot_be_read_is_refused_with_its_position(rule: str) -> None:
    with pytest.raises(BpmnParseError) as refused:
        parse_bpmn(UNREADABLE[rule])
    assert refused.value.problems[0].rule == rule
    assert all(problem.line >= 1 and problem.column >= 1 for problem in refused.value.problems)


def test_every_rule_has_a_model_that_breaks_it() -> None:
    untested = set(RULES) - set(BROKEN) - set(UNREADABLE)
    assert untested <= {"exec-compile"}, "exec-compile is for what the engine alone can say"


def test_a_plain_model_has_no_errors_and_no_warnings() -> None:
    for profile in PROFILES:
        assert {problem.severity for problem in check(PLAIN, profile)} <= {"info"}


def test_every_rule_is_documented_with_its_weights() -> None:
    page = (Path(__file__).parents[3] / "docs" / "lint.md").read_text(encoding="utf-8")
    weight = "(error|warning|info|–)"
    found = re.findall(rf"^\| `([a-z-]+)` \| {weight} \| {weight} \| (.+?) \| .*\|$", page, re.MULTILINE)
    rows = {id: rest for id, *rest in found}
    assert set(rows) == set(RULES)
    for id, rule in RULES.items():
        assert rows[id] == [rule.c7 or "–", rule.spec or "–", rule.about], id


def test_a_process_that_is_not_executable_is_not_refused_by_camundas_rules() -> None:
    data = BROKEN["implementation-missing"].replace(b'isExecutable="true"', b'isExecutable="false"')
    assert not [problem for problem in validate(parse_bpmn(data), "c7") if problem.severity == "error"]


def test_all_problems_are_told_at_once_in_the_order_of_the_file() -> None:
    data = process(
        f'{S}{flow("s", "t")}\n<serviceTask id="t"/>\n{flow("t", "c")}\n'
        f'<intermediateCatchEvent id="c"><timerEventDefinition/></intermediateCatchEvent>{flow("c", "e")}{E}'
    )
    found = [problem for problem in check(data) if problem.severity == "error"]
    assert [(problem.rule, problem.line) for problem in found] == [
        ("implementation-missing", 2),
        ("timer-definition", 4),
    ]
