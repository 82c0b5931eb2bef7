"""Plays of listeners that are jobs, and of what an instance is told about others."""

from __future__ import annotations

from typing import Final

from interpreter.bpmn.builder import Builder, bpmn
from interpreter.bpmn.parts import El, el, multi, signal, timer
from tests.workflow.alive import Play, claim, done
from tests.workflow.alive import timer as fired


def camunda(event: str, type: str = "count") -> El:
    return el("camunda:executionListener", event=event, class_=type)


def zeebe(event: str, type: str = "count") -> El:
    return el("zeebe:executionListeners", el("zeebe:executionListener", eventType=event, type=type))


def task_listener(event: str, type: str = "count") -> El:
    return el("camunda:taskListener", event=event, class_=type)


def zeebe_task(*listeners: tuple[str, str]) -> El:
    return el("zeebe:taskListeners", *[el("zeebe:taskListener", eventType=e, type=t) for e, t in listeners])


def called() -> Builder:
    b = bpmn("p").start().call_activity("call", "called").end("done").process("called").start().parallel("fork")
    return b.user_task("ask").end("broken", error="E").branch(at="fork").user_task("other").end("c_out")


LISTENERS: Final[dict[str, Play]] = {
    "execution listeners of classes": Play(
        bpmn("p", ext=[camunda("start"), camunda("end")])
        .start(ext=[camunda("end")])
        .user_task("u", ext=[camunda("start"), camunda("start"), camunda("end")], flow_ext=[camunda("take")])
        .end("done", ext=[camunda("start")]),
        [done("u")],
        gives={"count": 8},
    ),
    "Zeebe's execution listeners": Play(
        bpmn("p", ext=[zeebe("start")])
        .start()
        .subprocess("s", ext=[zeebe("end")])
        .start()
        .task("t", ext=[zeebe("end")])
        .end()
        .up()
        .end("done", ext=[zeebe("end")]),
        gives={"count": 4},
    ),
    "a listener of a sequence flow before a join": Play(
        bpmn("p")
        .start()
        .parallel("fork")
        .task("a")
        .parallel("join", flow_ext=[camunda("take")])
        .end("done")
        .branch(at="fork")
        .task("b")
        .to("join"),
        gives={"count": 1},
    ),
    "a listener that refuses": Play(
        bpmn("p")
        .start()
        .task("t", ext=[camunda("start", "refuse")])
        .end("done")
        .boundary("caught", on="t", error="refused")
        .end("refused"),
        reaches=("refused",),
        avoids=("done",),
    ),
    "listeners of a user task": Play(
        bpmn("p")
        .start()
        .user_task("u", ext=[task_listener(e) for e in ("create", "assignment", "update", "complete")])
        .end("done"),
        [claim("u", "ann"), done("u", x=1)],
        gives={"count": 4, "x": 1},
    ),
    "Zeebe's listeners of a user task": Play(
        bpmn("p")
        .start()
        .user_task("u", ext=[zeebe_task(("creating", "correct"), ("completing", "judge"))])
        .end("done"),
        [done("u", ok=False), done("u", ok=True)],
        gives={"ok": True},
    ),
    "a listener of a user task that is cancelled": Play(
        bpmn("p")
        .start()
        .user_task("u", ext=[task_listener("delete")])
        .end("never")
        .boundary("late", on="u", timer=timer("PT1S"))
        .end("done"),
        [fired("late")],
        avoids=("never",),
    ),
    "a listener of an instance that ends": Play(
        bpmn("p")
        .start()
        .parallel("fork")
        .user_task("u", ext=[task_listener("delete")])
        .end("never")
        .branch(at="fork")
        .user_task("v")
        .end("done", terminate=True),
        [done("v")],
        reaches=("v",),
        avoids=("never",),
    ),
    "each inner instance asynchronously": Play(
        bpmn("p")
        .start()
        .service_task("t", type="work", mi=multi(cardinality=3, async_before=True, async_after=True), async_after=True)
        .end("done"),
    ),
    "once before all, and each time": Play(
        bpmn("p")
        .start()
        .user_task(
            "u",
            mi=multi(cardinality="=count + 1", zeebe=True),
            ext=[zeebe("beforeAll"), zeebe_task(("creating", "work"))],
        )
        .end("done"),
        [done("u"), done("u")],
        variables={"count": 0},
    ),
    "an error that no caller catches": Play(
        called(), [done("ask"), done("other")], reaches=("broken", "c_out", "done")
    ),
    "an asynchronous signal": Play(
        bpmn("p")
        .start()
        .parallel("fork")
        .user_task("go")
        .throw("t", signal=signal("S", camunda__async=True))
        .user_task("after")
        .end("done")
        .branch(at="fork")
        .catch("heard", signal="S")
        .end("heard_end")
        .process("q")
        .start("called", signal="S")
        .end("q_end"),
        [done("go"), done("after")],
        reaches=("heard", "done", "q_end"),
    ),
}
