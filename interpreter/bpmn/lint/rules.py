"""The table of rules: id, layer, weight in each profile, what it says. docs/lint.md is checked against it.

A rule's weight is "error" (refuses a deployment), "warning", "info", or "" (not looked at in that profile).
Profile ``c7`` refuses what Camunda 7 refuses; profile ``spec`` refuses what BPMN 2.0.2 forbids.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from interpreter.bpmn.document import Node
from interpreter.bpmn.lint.graph import Graph, Scope
from interpreter.bpmn.problems import Problem, Profile, Severity

Layer = Literal["xml", "metamodel", "reference", "structure", "executability", "mistake"]
Weight = Literal["error", "warning", "info", ""]


@dataclass(frozen=True, slots=True)
class Rule:
    """``about`` is one sentence for the documentation, ``source`` where the rule comes from."""

    id: str
    layer: Layer
    c7: Weight
    spec: Weight
    about: str
    source: str = ""

    def weight(self, profile: Profile) -> Weight:
        return self.c7 if profile == "c7" else self.spec


def _table(text: str) -> dict[str, Rule]:
    weights: dict[str, Weight] = {"E": "error", "W": "warning", "I": "info", "-": ""}
    layers: dict[str, Layer] = {
        "xml": "xml",
        "metamodel": "metamodel",
        "reference": "reference",
        "structure": "structure",
        "executability": "executability",
        "mistake": "mistake",
    }
    rules: dict[str, Rule] = {}
    layer: Layer = "xml"
    for line in text.strip().splitlines():
        if line.startswith("["):
            layer = layers[line.strip("[] ")]
            continue
        id, both, rest = line.split(None, 2)
        about, _, source = rest.partition(" | ")
        rules[id] = Rule(id, layer, weights[both[0]], weights[both[1]], about.strip(), source.strip())
    return rules


# id, weight in c7 and in spec (E error, W warning, I info, - off), sentence | source
_RULES: Final = """
[xml]
xml-not-well-formed EE The file is well-formed XML. | XML 1.0
xml-doctype EE The file declares no document type and no entities. | safety
xml-too-large EE The file is within the bounds of size, elements, attributes and lengths. | safety
xml-too-deep EE Elements are nested within the bound. | safety
[metamodel]
metamodel-root EE The root is BPMN 2.0's definitions. | BPMN 15.3
metamodel-child EE Child elements are those that the element may have. | BPMN schema
metamodel-order EE Child elements come in the schema's order. | BPMN schema
metamodel-child-missing EE Required child elements are there. | BPMN schema
metamodel-attribute EE Attributes are those that the element may have. | BPMN schema
metamodel-attribute-missing EE Required attributes are there. | BPMN schema
metamodel-value EE Values are of the attribute's type. | BPMN schema
metamodel-called-element WE calledElement is a qualified name (Camunda takes any text and expressions). | BPMN schema
metamodel-duplicate-id EE Ids are unique in the file. | BPMN schema
metamodel-idref EE References by id inside the file exist. | BPMN schema
metamodel-text EE There is no text where the schema has none. | BPMN schema
metamodel-type EE xsi:type names a type that may stand there. | BPMN schema
metamodel-abstract EE Elements are concrete. | BPMN schema
metamodel-foreign-type WW xsi:type on a vendor's element names a known type. | XML Schema
[reference]
ref-unresolved WE References by qualified name find their element. | BPMN 8.1
ref-not-imported WW A reference into another namespace names something of an imported file. | BPMN 8.1
ref-wrong-kind WE References find an element of the right kind. | BPMN metamodel
flow-end EE A sequence flow connects flow nodes. | BPMN 7.6.1
flow-crosses-scope EE A sequence flow stays in its process or subprocess. | BPMN 7.6.1
id-missing WE Elements that others have to refer to carry an id. | BPMN 8.3.1
[structure]
flow-into-start WE A start event has no incoming flow. | BPMN 10.5.2
flow-out-of-end WE An end event has no outgoing flow. | BPMN 10.5.3
flow-into-boundary WE A boundary event has no incoming flow. | BPMN 10.5.4
flow-default WE The default flow is one of the node's outgoing flows. | BPMN 8.4.13
flow-lists WE incoming and outgoing of a node name exactly the flows that end and begin there. | BPMN 8.4.7
flow-condition-source WE Conditions are on flows out of activities and data-based gateways. | BPMN 13.4
flow-condition-alone WE A conditional flow out of an activity is not its only outgoing flow. | BPMN 8.4.13
event-subprocess-flow EE An event subprocess has no incoming and no outgoing flow. | BPMN 10.3.5
event-subprocess-start EE An event subprocess has exactly one start event. | BPMN 10.3.5
event-subprocess-trigger EE The start event of an event subprocess has a trigger that is allowed there. | BPMN 10.5.2
event-trigger EE An event has a trigger that is allowed at its position. | BPMN 10.5
event-non-interrupting EE Error, compensation and cancel events interrupt. | BPMN 10.5.4
event-definition-reusable WE eventDefinitionRef names a definition at the top of the file. | BPMN 10.5.1
event-connected WE Events have the incoming and outgoing flows that their position asks for. | BPMN 10.5
event-parallel WW Parallel multiple is for events with several triggers. | BPMN 10.5.1
boundary-connected WE A boundary event has an outgoing flow, a compensation one has none. | BPMN 10.5.4
boundary-host EE A boundary event is attached to an activity of its own scope. | BPMN 10.5.4
cancel-boundary EE A cancel boundary event is attached to a transaction, one at most. | BPMN 10.5.4
cancel-end EE A cancel end event is in a transaction. | BPMN 10.5.3
compensation-handler WE A compensation boundary event is associated with one handler. | BPMN 10.7.1
compensation-flag EE The activity of a compensation boundary event is for compensation. | BPMN 10.7.1
compensation-flow EE A compensation handler has no flows. | BPMN 10.7.1
compensation-duplicate EW One way of compensation per activity. | Camunda 7
compensation-target WE What is compensated is in the same scope (or around the event subprocess). | BPMN 10.7
compensation-start EE A compensation start event is in the event subprocess of an embedded subprocess. | BPMN 10.7
link-pair EE A link throw event has a catch event of its name in the same scope. | BPMN 10.5.4
link-source WE A link catch event has a throw event. | BPMN 10.5.4
link-duplicate EE Link catch events of a scope have different names. | BPMN 10.5.4
link-flow WE A link catch event has no incoming, a link throw event no outgoing flow. | BPMN 10.5.4
timer-definition EE A timer has one of date, duration and cycle. | BPMN 10.5.5
timer-format WE A timer's literal value is a date, duration or cycle of ISO 8601 (or a cron expression). | BPMN 10.5.5
condition-empty EE A conditional event has a condition. | BPMN 10.5.5
condition-formal WE A conditional event's condition is a formal expression. | BPMN 10.5.5
expression-empty WE A formal expression has a text. | BPMN 8.4.6
expression-type EW An expression is a formal one when it says its type. | Camunda 7
process-start EE An executable process can be started. | Camunda 7; BPMN 10.5.2
process-start-several EE A process has one none start event at most. | Camunda 7
process-public WE A public process is not executable. | BPMN 10.2
process-id-duplicate EE Processes of a file have different ids. | Camunda 7
subprocess-start EW A subprocess has a start event. | Camunda 7
subprocess-start-several EE A subprocess has one start event at most. | BPMN 10.3.5
subprocess-start-trigger EE The start event of a subprocess has no trigger. | BPMN 10.5.2
start-end-pair WE A scope has both start and end events or neither. | BPMN 10.5.2, 10.5.3
node-connected WE In a scope with start (end) events all nodes have incoming (outgoing) flows. | BPMN 10.5.2, 10.5.3
gateway-flows WE A gateway has several incoming or several outgoing flows. | BPMN 10.6.1
gateway-direction -E gatewayDirection agrees with the flows. | BPMN 8.4.9
gateway-no-outgoing EW An exclusive gateway has an outgoing flow. | Camunda 7
gateway-condition-single EW The only outgoing flow of an exclusive gateway has no condition. | Camunda 7
gateway-condition-default EW The default flow has no condition. | Camunda 7
gateway-condition-missing EW All flows of a diverging exclusive gateway but the default have a condition. | Camunda 7
gateway-condition-implicit WW The one flow without condition serves as the default flow. | Camunda 7
event-gateway-outgoing WE An event-based gateway has two or more outgoing flows. | BPMN 10.6.6
event-gateway-target EE An event-based gateway is followed by catch events (or receive tasks). | BPMN 10.6.6; Camunda 7
event-gateway-mixed -E Message events and receive tasks do not follow one event-based gateway together. | BPMN 10.6.6
event-gateway-boundary WE A receive task after an event-based gateway has no boundary events. | BPMN 10.6.6
event-gateway-condition WE Flows out of an event-based gateway have no condition. | BPMN 10.6.6
event-gateway-incoming WE What follows an event-based gateway has no other incoming flow. | BPMN 10.6.6
event-gateway-start WE An instantiating event-based gateway has no incoming flow; a parallel one starts. | BPMN 10.6.6
event-gateway-async EE asyncAfter is not used on an event-based gateway. | Camunda 7
activity-quantity EE startQuantity and completionQuantity are 1 or more. | BPMN 10.3
activity-script -E A script task with a script says its format. | BPMN 10.3.3
activity-script-format -E A script's format is a MIME type or a known language. | BPMN 10.3.3
receive-instantiate WE An instantiating receive task has no incoming flow. | BPMN 10.3.3
adhoc-content WE An ad-hoc subprocess has activities and no start or end events. | BPMN 10.3.5
choreography-in-process EE Choreography activities are not in processes. | BPMN 11
loop-definition EE A multi-instance activity has a cardinality or a collection. | BPMN 10.3.8; Camunda 7
loop-cardinality-and-collection WE A multi-instance activity has a cardinality or a collection, not both. | BPMN 10.3.8
loop-element-variable EE An element variable comes with a collection. | Camunda 7
loop-negative WE A literal loop maximum or cardinality is not negative. | BPMN 10.3.8
loop-behavior WE Multi-instance behavior One, None and Complex name what they throw. | BPMN 10.3.8
loop-data-item WE The item of a multi-instance activity is of the collection's type and no collection. | BPMN 10.3.8
loop-data-input WE loopDataInputRef and loopDataOutputRef name data of the activity. | BPMN 10.3.8
operation-data -E Data of a task with an operation or message agrees with the message. | BPMN 10.3.3
message-operation -E A message event with a typed message names the operation. | BPMN 10.5.5
call-data -E Data of a call activity agrees with what it calls. | BPMN 10.3.6
data-collection WE Collections refer to item definitions that are collections, and the other way round. | BPMN 10.4.1
data-association-type WE The two ends of a data association have the same structure unless it transforms. | BPMN 10.4.2
data-association-sources -E A data association with several sources has a transformation. | BPMN 10.4.2
data-association-owner -E A data association ends at (begins from) data of its own activity or event. | BPMN 10.4.2
data-set -E Every data input (output) is in an input (output) set; optional ones are among the set's. | BPMN 10.4.1
data-subprocess -E An embedded subprocess has no data inputs and outputs of its own. | BPMN 10.4.1
data-process-direction WE Data inputs of a process are not written, its data outputs not read. | BPMN 10.4.1
data-event WE An event with several triggers has data for each that carries data. | BPMN 10.4.1
data-reference-name -E A data object reference with a state is called <object> [<state>]. | BPMN 10.4.1
documentation-format -E textFormat is a MIME type. | BPMN 8.3.2
participant-multiplicity WE Multiplicity is 0 <= minimum <= maximum and 1 <= maximum. | BPMN 9.3.1
message-flow-pool WE A message flow connects two pools. | BPMN 9.4
message-flow-end WE A message flow begins and ends at pools, activities and message events. | BPMN 9.4
message-flow-several -E An intermediate event has message flows in one direction only. | BPMN 10.5.4
conversation-link -E A conversation link connects a conversation with a participant. | BPMN 9.5
choreography-initiator -E The initiating participant takes part in the choreography activity. | BPMN 11.5
collaboration-choreography WE Choreographies and global conversations name no choreography. | BPMN 9.2, 11
message-missing EE A message catch event names a message. | Camunda 7
message-name EW A message that is received has a name. | Camunda 7
message-start-expression EW The message name of a start event is no expression. | Camunda 7
message-duplicate EW One subscription per message (signal, condition) and scope. | Camunda 7
signal-missing EE A signal event names a signal with a name. | Camunda 7
signal-duplicate EW Signals have different names. | Camunda 7
error-code EE An error end event has an error with a code. | Camunda 7
escalation-code EE A thrown escalation has a code. | Camunda 7
escalation-duplicate EW Escalation handlers of a scope do not overlap. | Camunda 7
escalation-host E- An escalation boundary event is on a subprocess, call activity or user task. | Camunda 7
async-flow EE asyncAfter on a flow needs its id. | Camunda 7
mapping-place EW Input and output mappings are not on gateways and event subprocesses. | Camunda 7
mapping-output EW There is no output mapping on end events and multi-instance activities. | Camunda 7
mapping-name EE Input and output parameters have a name. | Camunda 7
implementation-missing EW A service-like task says what it does. | Camunda 7
external-topic EE An external task has a topic. | Camunda 7
result-variable EW A result variable is not combined with class or delegateExpression. | Camunda 7
decision-mapping EE mapDecisionResult is one of the known mappers. | Camunda 7
binding EE A binding is latest, deployment, version (with version) or versionTag (with tag). | Camunda 7
form EE formKey and formRef exclude each other; a form's binding is complete. | Camunda 7
call-element EE A call activity names one thing to call. | Camunda 7
call-mapping EE A mapping of a call activity has source and target. | Camunda 7
assignee-duplicate EE A user task has one assignee. | Camunda 7
listener EE A listener has a known event and says what it does; a timeout listener has an id and a timer. | Camunda 7
external-error EE An error event definition of an external task has an error and an expression. | Camunda 7
history-time-to-live EE historyTimeToLive is a number of days or P<n>D. | Camunda 7
connector EE A connector has an id. | Camunda 7
form-field EE A form field has an id. | Camunda 7
[executability]
exec-nothing WW The file has an executable process. | engine
exec-kept II Choreographies and conversations are kept and not executed. | engine
exec-compile EE The engine can compile the process. | engine
expression-syntax EE An expression of an executable process can be read (FEEL, JUEL). | engine; Camunda 7
exec-case EE A call activity calls a process (case management is not executed). | engine
exec-delegate WW A Java class or delegate expression needs a handler registered under its name. | engine
exec-script WW A script is in a language that the engine runs by itself (FEEL, JUEL). | engine
exec-bean WW An expression that calls a bean's method needs a function registered under its name. | engine
exec-type WW A mail, shell or other built-in task needs a handler registered under its type. | engine
exec-code WW A Java hook (form handler, variable mapping) needs a handler registered under its name. | engine
exec-ignored WW The element or attribute has no effect. | engine
exec-ignored-extension WW An extension of an executable process has an effect. | engine
exec-unknown-extension II A vendor's extension is kept and not executed. | engine
[mistake]
mistake-unreachable WW Every node can be reached. | bpmnlint
mistake-deadlock WW A parallel join is not fed by alternatives. | soundness
mistake-no-synchronisation WW Parallel branches are not merged without synchronisation. | soundness
mistake-no-default WW A diverging gateway with conditions has a default flow. | bpmnlint
mistake-condition-constant WW A condition is not always true or false. | analysis
mistake-superfluous-gateway II A gateway splits or joins. | bpmnlint
mistake-join-and-fork II A gateway does not join and split at once. | bpmnlint
mistake-implicit-join II An activity with several incoming flows runs once for each token. | bpmnlint
mistake-implicit-split II An activity with several outgoing flows forks. | bpmnlint
mistake-duplicate-flow WW Two flows do not connect the same nodes in the same direction and condition. | bpmnlint
mistake-endless-loop WW A loop has a way out or waits somewhere. | soundness
mistake-dead-end WW A path ends at an end event where the scope has end events. | bpmnlint
mistake-boundary-cycle WW A cycle is not used where it fires once. | analysis
mistake-no-assignee II A user task has an assignee or candidates. | analysis
mistake-no-retries II A service task that calls out says how often it is tried again. | analysis
mistake-no-name II Activities, events and diverging gateways have a name. | bpmnlint
mistake-unused II Messages, signals, errors and escalations are used. | bpmnlint
mistake-error-unhandled WW An error that is thrown is caught somewhere. | analysis
mistake-subprocess-blank II A subprocess is not empty. | bpmnlint
mistake-no-diagram II The process has a diagram. | bpmnlint
"""

RULES: Final[dict[str, Rule]] = _table(_RULES)


# What BPMN asks of executable processes only: a drawing may leave it open.
_EXECUTION_DETAIL: Final = frozenset(
    {
        *("timer-definition", "condition-empty", "condition-formal", "expression-empty", "loop-definition"),
        *("loop-data-item", "operation-data", "message-operation", "call-data", "call-element", "data-collection"),
        *(
            "data-association-type",
            "data-event",
            "message-missing",
            "signal-missing",
            "error-code",
            "escalation-code",
            "data-set",
            "loop-behavior",
            "event-gateway-target",
        ),
    }
)


MAX_FINDINGS: Final = 5_000
"""Findings of one weight that are kept; beyond, more of them tell nothing new and cost memory."""


class Report:
    """Collects findings; a rule that is off in the profile is left out.

    In profile ``c7`` a process that is not executable is ignored by the engine, so its errors become warnings; in
    profile ``spec`` the errors of rules that BPMN has for executable processes only.
    """

    def __init__(self, graph: Graph, profile: Profile) -> None:
        self.graph = graph
        self.profile: Profile = profile
        self.problems: list[Problem] = []
        self._ignored: dict[Node, bool] = {}
        self._counts: dict[str, int] = {}

    def __call__(self, rule: str, node: Node, message: str, hint: str = "", related: Iterable[Node] = ()) -> None:
        """One finding of ``rule`` at ``node``; ``related`` take part in it."""
        weight = RULES[rule].weight(self.profile)
        if not weight:
            return
        severity: Severity = weight
        relaxed = self.profile == "c7" or rule in _EXECUTION_DETAIL
        if severity == "error" and relaxed and self._is_ignored(node):
            severity = "warning"
        self._counts[severity] = self._counts.get(severity, 0) + 1
        if self._counts[severity] > MAX_FINDINGS:
            return
        id = node.id
        holder = node.parent
        while id is None and holder is not None:
            id, holder = holder.id, holder.parent
        ids = [id] if id else []
        for other in related:
            if other.id and other.id not in ids:
                ids.append(other.id)
        self.problems.append(Problem(rule, severity, message, id, node.line, node.column, hint, tuple(ids), node.tag))

    def _is_ignored(self, node: Node) -> bool:
        process: Node | None = node
        while process is not None and process.tag != "process":
            process = process.parent
        if process is None:
            return False
        known = self._ignored.get(process)
        if known is None:
            known = not process.boolean("isExecutable")
            self._ignored[process] = known
        return known


__all__ = ["RULES", "Graph", "Layer", "Report", "Rule", "Scope", "Weight"]
