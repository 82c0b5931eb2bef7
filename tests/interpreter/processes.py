"""Random processes for property tests: block-structured ones with the builder, unstructured ones as any graph.

`STRATEGIES` names a generator for every kind of flow node; the meta-test holds that list.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from interpreter.bpmn.builder import Builder, bpmn
from interpreter.bpmn.parts import loop, multi, timer

Block = Callable[[Builder, random.Random, "Names", int], Builder]


class Names:
    """Fresh ids."""

    def __init__(self) -> None:
        self.count = 0

    def new(self, prefix: str) -> str:
        self.count += 1
        return f"{prefix}{self.count}"


def block_process(seed: int, depth: int = 3) -> Builder:
    """A random block-structured process."""
    rng = random.Random(seed)
    names = Names()
    builder = bpmn("random").start("begin")
    builder = sequence(builder, rng, names, depth)
    return builder.end("done")


def sequence(b: Builder, rng: random.Random, names: Names, depth: int) -> Builder:
    for _ in range(rng.randint(1, 3)):
        choices = LEAVES if depth <= 0 else [*LEAVES, *NESTED, *NESTED]
        b = rng.choice(choices)(b, rng, names, depth - 1)
    return b


# -- leaves


def task(b: Builder, rng: random.Random, names: Names, depth: int) -> Builder:
    return b.task(names.new("task"))


def manual_task(b: Builder, rng: random.Random, names: Names, depth: int) -> Builder:
    return b.manual_task(names.new("manual"))


def user_task(b: Builder, rng: random.Random, names: Names, depth: int) -> Builder:
    return b.user_task(names.new("user"), attrs={"camunda:asyncBefore": "true"} if rng.random() < 0.2 else {})


def service_task(b: Builder, rng: random.Random, names: Names, depth: int) -> Builder:
    if rng.random() < 0.5:
        return b.service_task(names.new("service"), topic="topic")
    return b.service_task(names.new("service"), type="job")


def send_task(b: Builder, rng: random.Random, names: Names, depth: int) -> Builder:
    return b.send_task(names.new("send"), message="nobody")


def receive_task(b: Builder, rng: random.Random, names: Names, depth: int) -> Builder:
    return b.receive_task(names.new("receive"), message=names.new("message"))


def script_task(b: Builder, rng: random.Random, names: Names, depth: int) -> Builder:
    return b.script_task(names.new("script"), "1 + 1", format="feel", attrs={"camunda:resultVariable": "r"})


def business_rule_task(b: Builder, rng: random.Random, names: Names, depth: int) -> Builder:
    return b.business_rule_task(names.new("rule"), decision="d")


def call_activity(b: Builder, rng: random.Random, names: Names, depth: int) -> Builder:
    return b.call_activity(names.new("call"), "called")


def catch(b: Builder, rng: random.Random, names: Names, depth: int) -> Builder:
    kind = rng.choice(["timer", "message", "signal", "condition"])
    id = names.new("catch")
    if kind == "timer":
        return b.catch(id, timer="PT1H")
    if kind == "message":
        return b.catch(id, message=names.new("m"))
    if kind == "signal":
        return b.catch(id, signal=names.new("s"))
    return b.catch(id, condition="= true")


def throw(b: Builder, rng: random.Random, names: Names, depth: int) -> Builder:
    kind = rng.choice(["signal", "escalation", "compensation", "none"])
    id = names.new("throw")
    if kind == "signal":
        return b.throw(id, signal=f"s{rng.randint(1, 20)}")
    if kind == "escalation":
        return b.throw(id, escalation="E")
    if kind == "compensation":
        return b.throw(id, compensation=True)
    return b.throw(id)


# -- nested


def exclusive(b: Builder, rng: random.Random, names: Names, depth: int) -> Builder:
    split, join = names.new("xor"), names.new("merge")
    b = b.exclusive(split).when(f"${{x == {rng.randint(0, 3)}}}")
    b = sequence(b, rng, names, depth).exclusive(join)
    b = b.otherwise(at=split)
    return sequence(b, rng, names, depth).to(join).at(join)


def parallel(b: Builder, rng: random.Random, names: Names, depth: int) -> Builder:
    split, join = names.new("fork"), names.new("join")
    b = sequence(b.parallel(split), rng, names, depth).parallel(join)
    b = sequence(b.branch(at=split), rng, names, depth).to(join)
    return b.at(join)


def inclusive(b: Builder, rng: random.Random, names: Names, depth: int) -> Builder:
    split, join = names.new("or"), names.new("gather")
    b = b.inclusive(split).when("${x > 0}")
    b = sequence(b, rng, names, depth).inclusive(join)
    b = sequence(b.when("${x > 1}", at=split), rng, names, depth).to(join)
    b = sequence(b.otherwise(at=split), rng, names, depth).to(join)
    return b.at(join)


def complex_gateway(b: Builder, rng: random.Random, names: Names, depth: int) -> Builder:
    split, join = names.new("fork"), names.new("complex")
    b = sequence(b.parallel(split), rng, names, depth).complex(
        join, activation=f"= activationCount >= {rng.randint(1, 2)}"
    )
    b = sequence(b.branch(at=split), rng, names, depth).to(join)
    return b.at(join)


def event_based(b: Builder, rng: random.Random, names: Names, depth: int) -> Builder:
    split, join = names.new("race"), names.new("merge")
    b = b.event_based(split).catch(names.new("late"), timer="PT1H").exclusive(join)
    b = b.branch(at=split).catch(names.new("told"), message=names.new("m"))
    return sequence(b, rng, names, depth).to(join).at(join)


def subprocess(b: Builder, rng: random.Random, names: Names, depth: int) -> Builder:
    id = names.new("sub")
    options = {}
    if rng.random() < 0.4:
        options["mi"] = multi(cardinality=str(rng.randint(0, 3)), sequential=rng.random() < 0.5)
    elif rng.random() < 0.2:
        options["loop"] = loop("= false", maximum=2)
    b = b.subprocess(id, **options).start(names.new("in"))
    b = sequence(b, rng, names, depth)
    kind = rng.random()
    if kind < 0.15:
        b = b.end(names.new("out"), terminate=True)
    elif kind < 0.3:
        b = b.end(names.new("out"), error="code")
    elif kind < 0.4:
        b = b.end(names.new("out"), escalation="E")
    else:
        b = b.end(names.new("out"))
    if rng.random() < 0.4:
        es = names.new("es")
        b = b.event_subprocess(es).start(names.new("esin"), message=names.new("m"), interrupting=rng.random() < 0.5)
        b = sequence(b, rng, names, depth).end(names.new("out")).up()
    b = b.up()
    if rng.random() < 0.6:
        trigger = rng.choice(
            [{"timer": "PT1H"}, {"error": True}, {"message": names.new("m")}, {"signal": f"s{rng.randint(1, 20)}"}]
        )
        stop = "error" in trigger or rng.random() < 0.5
        b = b.boundary(names.new("edge"), interrupting=stop, **trigger)
        b = sequence(b, rng, names, depth).end(names.new("out"))
        b = b.at(id)
    return b


def transaction(b: Builder, rng: random.Random, names: Names, depth: int) -> Builder:
    id = names.new("tx")
    b = b.transaction(id).start(names.new("in")).service_task(names.new("book"), type="job")
    b = b.boundary(names.new("undo"), compensation=True).handler("service_task", names.new("unbook"), type="undo")
    b = sequence(b, rng, names, depth)
    b = b.end(names.new("out"), cancel=True) if rng.random() < 0.5 else b.end(names.new("out"))
    b = b.up().boundary(names.new("cancelled"), cancel=True).end(names.new("out"))
    return b.at(id)


def ad_hoc(b: Builder, rng: random.Random, names: Names, depth: int) -> Builder:
    id = names.new("adhoc")
    b = b.adhoc(id, ordering=rng.choice(["Parallel", "Sequential"]))
    b = b.user_task(names.new("user")).apart().service_task(names.new("service"), type="job").up()
    return b.at(id)


def compensated(b: Builder, rng: random.Random, names: Names, depth: int) -> Builder:
    id = names.new("undoable")
    options = {"mi": multi(cardinality="2")} if rng.random() < 0.3 else {}
    b = b.service_task(id, type="job", **options)
    b = b.boundary(names.new("undo"), compensation=True).handler("service_task", names.new("handler"), type="undo")
    return b.at(id)


def repeated(b: Builder, rng: random.Random, names: Names, depth: int) -> Builder:
    return b.service_task(
        names.new("many"), type="job", mi=multi(cardinality=str(rng.randint(0, 4)), sequential=rng.random() < 0.5)
    )


def guarded(b: Builder, rng: random.Random, names: Names, depth: int) -> Builder:
    id = names.new("guarded")
    stop = rng.random() < 0.5
    b = b.user_task(id).boundary(
        names.new("clock"), interrupting=stop, timer="PT1H" if stop else timer(cycle="R2/PT1H")
    )
    b = sequence(b, rng, names, depth).end(names.new("out"))
    return b.at(id)


def back_edge(b: Builder, rng: random.Random, names: Names, depth: int) -> Builder:
    head, tail = names.new("head"), names.new("tail")
    b = sequence(b.exclusive(head), rng, names, depth).user_task(names.new("user")).exclusive(tail)
    return b.when("${x == 3}").to(head).otherwise(at=tail)


LEAVES: list[Block] = [
    task,
    manual_task,
    user_task,
    service_task,
    send_task,
    receive_task,
    script_task,
    business_rule_task,
    call_activity,
    catch,
    throw,
]
NESTED: list[Block] = [
    exclusive,
    parallel,
    inclusive,
    complex_gateway,
    event_based,
    subprocess,
    transaction,
    ad_hoc,
    compensated,
    repeated,
    guarded,
    back_edge,
]

STRATEGIES: dict[str, Block] = {
    "process": sequence,
    "startEvent": subprocess,
    "endEvent": subprocess,
    "intermediateThrowEvent": throw,
    "intermediateCatchEvent": catch,
    "boundaryEvent": guarded,
    "task": task,
    "manualTask": manual_task,
    "serviceTask": service_task,
    "sendTask": send_task,
    "receiveTask": receive_task,
    "userTask": user_task,
    "scriptTask": script_task,
    "businessRuleTask": business_rule_task,
    "callActivity": call_activity,
    "subProcess": subprocess,
    "eventSubProcess": subprocess,
    "transaction": transaction,
    "adHocSubProcess": ad_hoc,
    "exclusiveGateway": exclusive,
    "parallelGateway": parallel,
    "inclusiveGateway": inclusive,
    "complexGateway": complex_gateway,
    "eventBasedGateway": event_based,
}


# -- unstructured


KINDS = (
    "task",
    "userTask",
    "serviceTask",
    "exclusiveGateway",
    "parallelGateway",
    "inclusiveGateway",
    "complexGateway",
    "endEvent",
    "terminate",
)


def graph_process(seed: int, size: int = 10) -> bytes:
    """A random graph of flow nodes: joins that never come, loops, tokens that overtake one another."""
    rng = random.Random(seed)
    kinds = {f"n{i}": rng.choice(KINDS) for i in range(size)}
    flows: list[tuple[str, str]] = [("begin", "n0")]
    for i in range(size):
        if kinds[f"n{i}"] in ("endEvent", "terminate"):
            continue
        for _ in range(rng.choice((1, 1, 2, 3))):
            flows.append((f"n{i}", f"n{rng.randint(0, size - 1)}"))
    parts = ['<startEvent id="begin"/>']
    for id, kind in kinds.items():
        default = ""
        own = [n for n, (source, _) in enumerate(flows) if source == id]
        if kind in ("exclusiveGateway", "inclusiveGateway", "complexGateway", "task") and len(own) > 1:
            default = f' default="f{own[-1]}"'
        if kind == "terminate":
            parts.append(f'<endEvent id="{id}"><terminateEventDefinition/></endEvent>')
        else:
            parts.append(f'<{kind} id="{id}"{default}/>')
    for n, (source, target) in enumerate(flows):
        kind = kinds.get(source, "")
        own = [i for i, (s, _) in enumerate(flows) if s == source]
        condition = ""
        if len(own) > 1 and n != own[-1] and kind in ("exclusiveGateway", "inclusiveGateway", "complexGateway", "task"):
            condition = f"<conditionExpression>${{x == {rng.randint(0, 3)}}}</conditionExpression>"
        parts.append(f'<sequenceFlow id="f{n}" sourceRef="{source}" targetRef="{target}">{condition}</sequenceFlow>')
    return (
        '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="t">'
        '<process id="graph" isExecutable="true">' + "".join(parts) + "</process></definitions>"
    ).encode()
