"""What is measured: each shape is a model, and the workflow that somebody would write by hand for the same job."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from interpreter.bpmn.builder import Builder, bpmn, el
from interpreter.bpmn.parts import message, multi

JOB: Final = "bench_step"
"""The one job type: it counts the variable `total` up. Both sides use the same worker for it."""

BRANCHES: Final = 100


@dataclass(frozen=True, slots=True)
class Shape:
    """One kind of process.

    `nodes` is the number of flow nodes that one run executes, all instances together. `hand` names the workflow in
    `benchmarks/hand_written.py`. `is_human` shapes stop at one user task, which the load completes. `share` is the
    part of the asked number of instances that makes a round of reasonable length. The first model is the one started.
    """

    name: str
    title: str
    nodes: int
    hand: str
    models: tuple[Callable[[], Builder], ...]
    is_human: bool = False
    share: float = 1.0
    is_pair: bool = False

    def variables(self, instance: str) -> dict[str, Any]:
        """What every instance starts with, by hand as well: partners have to find each other, others only count."""
        return {"pair": instance} if self.is_pair else {"total": 0}


def _model(process_id: str) -> Builder:
    return bpmn(process_id, history_time_to_live="P30D")


def _one() -> Builder:
    return _model("bench_one").start().service_task("work", type=JOB).end()


def _service() -> Builder:
    model = _model("bench_service").start()
    for name in ("first", "second", "third"):
        model = model.service_task(name, type=JOB)
    return model.exclusive("enough").when("= total >= 3").end("big").otherwise().end("small")


def _ten() -> Builder:
    """Two steps, a decision between two ways of two, two parallel branches of two, four steps: ten tasks a run."""
    model = _model("bench_ten").start().service_task("receive", type=JOB).service_task("check", type=JOB)
    model = model.exclusive("large").when("= total >= 2").service_task("assess", type=JOB)
    model = model.exclusive("go_on").otherwise(at="large").service_task("wave_through", type=JOB).to("go_on")
    model = model.at("go_on").parallel("fork").service_task("pick", type=JOB).service_task("pack", type=JOB)
    model = model.parallel("join").branch(at="fork").service_task("bill", type=JOB).service_task("book", type=JOB)
    model = model.to("join").at("join")
    for name in ("ship", "notify", "archive"):
        model = model.service_task(name, type=JOB)
    return model.end()


def _human() -> Builder:
    return _model("bench_human").start().user_task("approve", name="Approve").end()


def _ping() -> Builder:
    return (
        _model("bench_ping")
        .start()
        .throw("ping", message=message("bench_ping", extensions=(el("camunda:in", source="pair", target="pair"),)))
        .receive_task("wait", message="bench_pong", correlation_key="= pair")
        .end()
    )


def _pong() -> Builder:
    return (
        _model("bench_pong")
        .start(message="bench_ping")
        .throw("pong", message=message("bench_pong", correlation_key="= pair"))
        .end()
    )


def _many() -> Builder:
    return _model("bench_many").start().service_task("work", type=JOB, mi=multi(cardinality=str(BRANCHES))).end()


def _caller() -> Builder:
    return _model("bench_caller").start().call_activity("call", "bench_called", ins={"*": "*"}, outs={"*": "*"}).end()


def _called() -> Builder:
    return _model("bench_called").start().service_task("work", type=JOB).end()


SHAPES: Final = {
    shape.name: shape
    for shape in (
        Shape("one", "one service task", 3, "HandSteps", (_one,)),
        Shape("service", "three service tasks and a decision", 6, "HandService", (_service,)),
        Shape("ten", "ten service tasks, a decision, two branches", 16, "HandTen", (_ten,), share=0.5),
        Shape("human", "one user task", 3, "HandHuman", (_human,), is_human=True),
        Shape("ping", "two instances exchange messages", 7, "HandPing", (_ping, _pong), share=0.5, is_pair=True),
        Shape("many", f"{BRANCHES} parallel instances of a task", BRANCHES + 3, "HandMany", (_many,), share=0.125),
        Shape("call", "a process calls a process", 6, "HandCaller", (_caller, _called)),
    )
}
