"""The plays: at least one for every flow node, every event definition in every position, and every loop of
`docs/elements.md`. Timers are short, because on the real engine they take their time."""

from __future__ import annotations

from typing import Final

from interpreter.bpmn.builder import Builder, bpmn
from interpreter.bpmn.parts import loop, multi
from tests.workflow.alive import Play, activate, decided, done, message, timer
from tests.workflow.event_plays import (
    BOUNDARY_EVENTS,
    CATCH_EVENTS,
    END_EVENTS,
    EVENT_SUBPROCESSES,
    START_EVENTS,
    THROW_EVENTS,
)
from tests.workflow.listener_plays import LISTENERS

DMN = b"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" id="rates" name="rates" namespace="urn:rates">
  <decision id="rate" name="rate">
    <variable name="rate" typeRef="number"/>
    <literalExpression><text>n * 3</text></literalExpression>
  </decision>
</definitions>"""


def fork(*targets: str) -> Builder:
    """A process that goes on to user tasks side by side, which meet again at `join`."""
    first, *others = targets
    model = bpmn("p").start().parallel("fork").user_task(first).parallel("join")
    for other in others:
        model = model.branch(at="fork").user_task(other).to("join")
    return model.at("join")


# -- flow nodes

FLOW_NODES: Final[dict[str, Play]] = {
    "none start and end": Play(bpmn("p").start("in").end("done"), reaches=("in", "done")),
    "task and manual task": Play(bpmn("p").start().task("a").manual_task("b").end("done"), reaches=("a", "b", "done")),
    "service task as a job": Play(
        bpmn("p").start().service_task("a", type="double").service_task("b", type="double").end("done"),
        variables={"n": 5},
        gives={"n": 20},
    ),
    "service task as an external task": Play(
        bpmn("p").start().service_task("a", topic="t").end("done"), [done("a", x=1)], gives={"x": 1}
    ),
    "service task by an expression": Play(
        bpmn("p").start().service_task("a", expression="${n + 1}", result_variable="n").end("done"),
        variables={"n": 1},
        gives={"n": 2},
    ),
    "service task with an error": Play(
        bpmn("p")
        .start()
        .service_task("a", type="refuse")
        .end("done")
        .boundary("caught", on="a", error="refused")
        .end("refused"),
        reaches=("refused",),
        avoids=("done",),
    ),
    "asynchronous continuations": Play(
        bpmn("p").start().task("a", async_before=True).task("b", async_after=True).end("done")
    ),
    "send task": Play(
        bpmn("p")
        .start()
        .send_task("send", message="to-partner")
        .end("sent")
        .process("q")
        .start("got", message="to-partner")
        .end("done"),
        reaches=("sent", "done"),
        profile="spec",
    ),
    "receive task": Play(
        bpmn("p").start().receive_task("wait", message="reply").end("done"), [message("reply", x=1)], gives={"x": 1}
    ),
    "user task": Play(bpmn("p").start().user_task("u").end("done"), [done("u", x={"y": [1]})], gives={"x": {"y": [1]}}),
    "script task in FEEL": Play(
        bpmn("p").start().script_task("s", "n * 2", format="feel", result_variable="n").end("done"),
        variables={"n": 21},
        gives={"n": 42},
    ),
    "script task in JavaScript": Play(
        bpmn("p")
        .start()
        .script_task("s", "execution.setVariable('total', n * 7); null", format="javascript")
        .end("done"),
        variables={"n": 6},
        gives={"total": 42},
    ),
    "business rule task": Play(
        bpmn("p").start().business_rule_task("d", decision="rate", result_variable="r").end("done"),
        [decided("d", {"value": 12, "rows": [{"rate": 12}]})],
        variables={"n": 4},
        decisions=DMN,
    ),
    "call activity": Play(
        bpmn("p")
        .start()
        .call_activity("call", "called", ins={"n": "n"}, outs={"n": "twice"})
        .end("done")
        .process("called")
        .start("c_in")
        .service_task("c_work", type="double")
        .user_task("c_look")
        .end("c_out"),
        [done("c_look")],
        reaches=("c_out", "done"),
        variables={"n": 4},
        gives={"n": 4, "twice": 8},
    ),
    "call activity with an error": Play(
        bpmn("p")
        .start()
        .call_activity("call", "called")
        .end("done")
        .boundary("failed", on="call", error="E")
        .end("unhappy")
        .process("called")
        .start()
        .end("broken", error="E"),
        reaches=("failed", "unhappy"),
        avoids=("done",),
    ),
    "call activity with an escalation": Play(
        bpmn("p")
        .start()
        .call_activity("call", "called")
        .end("done")
        .boundary("told", on="call", escalation="X", interrupting=False)
        .end("noted")
        .process("called")
        .start()
        .throw("tell", escalation="X")
        .user_task("c_go")
        .end("c_out"),
        [done("c_go")],
        reaches=("noted", "done", "c_out"),
    ),
    "call activity that is taken away": Play(
        bpmn("p")
        .start()
        .call_activity("call", "called")
        .end("done")
        .boundary("heard", on="call", message="stop")
        .end("stopped")
        .process("called")
        .start()
        .user_task("c_go")
        .end("c_out"),
        [message("stop")],
        reaches=("stopped",),
        avoids=("done", "c_out"),
    ),
    "subprocess": Play(
        bpmn("p").start().subprocess("sub").start("s_in").user_task("u").end("s_out").up().end("done"),
        [done("u")],
        reaches=("s_out", "sub", "done"),
    ),
    "transaction that succeeds": Play(
        bpmn("p").start().transaction("tx").start("t_in").user_task("u").end("t_out").up().end("done"),
        [done("u")],
        reaches=("tx", "done"),
    ),
    "ad-hoc subprocess": Play(
        bpmn("p")
        .start()
        .adhoc("adhoc", until="= enough")
        .user_task("a")
        .apart()
        .user_task("b")
        .up()
        .at("adhoc")
        .end("done"),
        [activate("adhoc", "b"), done("a"), done("b", enough=True)],
        variables={"enough": False},
        reaches=("adhoc", "done"),
    ),
    "ad-hoc subprocess in sequence": Play(
        bpmn("p")
        .start()
        .adhoc("adhoc", ordering="Sequential")
        .user_task("a")
        .apart()
        .user_task("b")
        .up()
        .at("adhoc")
        .end("done"),
        [done("a"), done("b")],
        reaches=("a", "b", "done"),
    ),
    "exclusive gateway": Play(
        bpmn("p")
        .start()
        .user_task("u")
        .exclusive("g")
        .when("= x > 5")
        .end("done")
        .otherwise()
        .service_task("s", type="double")
        .end("small"),
        [done("u", x=6)],
        avoids=("small",),
    ),
    "parallel gateway": Play(
        fork("a", "b", "c").end("done"), [done("b"), done("c"), done("a")], reaches=("a", "b", "c", "done")
    ),
    "inclusive gateway": Play(
        bpmn("p")
        .start()
        .inclusive("split")
        .when("= x > 1")
        .user_task("a")
        .inclusive("meet")
        .end("done")
        .when("= x > 2", at="split")
        .user_task("b")
        .to("meet")
        .when("= x > 9", at="split")
        .user_task("never")
        .to("meet"),
        [done("b"), done("a")],
        variables={"x": 5},
        avoids=("never",),
    ),
    "complex gateway": Play(
        bpmn("p")
        .start()
        .parallel("fork")
        .user_task("a")
        .complex("two", activation="= activationCount >= 2")
        .user_task("next")
        .end("done")
        .branch(at="fork")
        .user_task("b")
        .to("two")
        .branch(at="fork")
        .user_task("c")
        .to("two"),
        [done("c"), done("a"), done("b"), done("next")],
    ),
    "event-based gateway": Play(
        bpmn("p")
        .start()
        .event_based("g")
        .catch("mail", message="m")
        .end("done")
        .branch(at="g")
        .catch("late", timer="PT1H")
        .end("never"),
        [message("m", x=1)],
        avoids=("late",),
        gives={"x": 1},
    ),
    "event-based gateway and its timer": Play(
        bpmn("p")
        .start()
        .event_based("g")
        .catch("mail", message="m")
        .end("never")
        .branch(at="g")
        .catch("late", timer="PT0.3S")
        .end("done"),
        [timer("late")],
        avoids=("mail",),
    ),
    "event-based gateway that starts the process": Play(
        bpmn("p")
        .apart()
        .event_based("g", instantiate=True)
        .catch("mail", message="m")
        .end("done")
        .branch(at="g")
        .catch("letter", message="l")
        .end("never"),
        [message("m", x=1)],
        begin=None,
        reaches=("mail", "done"),
    ),
    "event-based gateway that waits for all": Play(
        bpmn("p")
        .apart()
        .event_based("g", instantiate=True, all=True)
        .catch("mail", message="m")
        .end("a")
        .branch(at="g")
        .catch("letter", message="l")
        .end("b"),
        [message("m"), message("l")],
        begin=None,
        reaches=("a", "b"),
    ),
    "receive task that starts the process": Play(
        bpmn("p").apart().receive_task("got", message="m", instantiate=True).end("done"),
        [message("m")],
        begin=None,
    ),
}

# -- loops

LOOPS: Final[dict[str, Play]] = {
    "parallel multi-instance of jobs": Play(
        bpmn("p")
        .start()
        .service_task(
            "t",
            type="square",
            zeebe_inputs={"item": "= item", "square": "= 0"},
            mi=multi("= items", element="item", output_collection="squares", output_element="= square"),
        )
        .end("done"),
        variables={"items": [1, 2, 3, 4]},
        gives={"squares": [1, 4, 9, 16]},
    ),
    "sequential multi-instance of user tasks": Play(
        bpmn("p").start().user_task("u", mi=multi("items", element="item", sequential=True)).end("done"),
        [done("u"), done("u"), done("u")],
        variables={"items": ["a", "b", "c"]},
    ),
    "parallel multi-instance with a completion condition": Play(
        bpmn("p").start().user_task("u", mi=multi(cardinality=4, until="${nrOfCompletedInstances >= 2}")).end("done"),
        [done("u"), done("u")],
    ),
    "multi-instance subprocess with a boundary event": Play(
        bpmn("p")
        .start()
        .subprocess("sub", mi=multi(cardinality=3))
        .start("s_in")
        .user_task("u")
        .end("s_out")
        .up()
        .end("done")
        .boundary("heard", on="sub", message="m")
        .end("handled"),
        [done("u"), message("m")],
        reaches=("s_out", "heard", "handled"),
        avoids=("done",),
    ),
    "multi-instance call activity": Play(
        bpmn("p")
        .start()
        .call_activity("call", "called", ins={"item": "n"}, mi=multi("items", element="item"))
        .end("done")
        .process("called")
        .start("c_in")
        .service_task("c_work", type="double")
        .end("c_out"),
        reaches=("c_out", "done"),
        variables={"items": [1, 2, 3]},
    ),
    "standard loop": Play(
        bpmn("p").start().service_task("t", type="double", loop=loop("= n < 100", maximum=20)).end("done"),
        variables={"n": 3},
        gives={"n": 192},
        profile="spec",
    ),
    "standard loop tested before": Play(
        bpmn("p").start().service_task("t", type="double", loop=loop("= n < 1", test_before=True)).end("done"),
        variables={"n": 3},
        gives={"n": 3},
        profile="spec",
    ),
}

PLAYS: Final[dict[str, Play]] = {
    **FLOW_NODES,
    **START_EVENTS,
    **EVENT_SUBPROCESSES,
    **CATCH_EVENTS,
    **BOUNDARY_EVENTS,
    **THROW_EVENTS,
    **END_EVENTS,
    **LOOPS,
    **LISTENERS,
}
