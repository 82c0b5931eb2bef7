"""The pure core against SpiffWorkflow on the same models, in memory, in one run, interleaved.

    python benchmarks/bench_core.py [--rounds 5] [--json FILE]

Both engines get the same BPMN, compiled beforehand, and run an instance from start to end: a row of abstract tasks,
and a process with an exclusive gateway and a parallel fork and join. What is counted is flow nodes per second. Then,
for this engine alone: that a 10,000-instance multi-instance costs ten times a 1,000-instance one, and what dump and
load of 1,000 open elements cost. Ends with one line per ratio: `ratio <name> <median>`.
"""

from __future__ import annotations

import argparse
import gc
import io
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from interpreter import commands as c
from interpreter.bpmn.builder import Builder, bpmn
from interpreter.bpmn.compile import compile_process
from interpreter.bpmn.parts import multi
from interpreter.definition import Definition
from interpreter.state import dump_state, load_state
from interpreter.step import Step, new_state, step

LENGTH = 30


def row() -> Builder:
    b = bpmn("bench").start()
    for n in range(LENGTH):
        b = b.task(f"t{n}")
    return b.end()


def mixed() -> Builder:
    b = (
        bpmn("bench")
        .start()
        .task("a")
        .exclusive("x")
        .when("n > 3")
        .task("y")
        .parallel("fork")
        .task("p")
        .parallel("join")
    )
    b = b.task("z").end("done").branch(at="fork").task("q").to("join")
    return b.otherwise(at="x").task("other").end("no")


def ours(model: Builder) -> tuple[Callable[[], int], str]:
    definition = compile_process(model.document(), "bench")

    def once() -> int:
        state = new_state(definition)
        result = step(definition, state, c.StartInstance(0, "i", {"n": 5}))
        assert isinstance(result, Step)
        assert state.ended
        return sum(1 for e in result.events if type(e).__name__ == "ElementActivated")

    return once, definition.hash


def spiff(model: Builder) -> Callable[[], int]:
    from lxml import etree
    from SpiffWorkflow.bpmn import BpmnWorkflow
    from SpiffWorkflow.bpmn.parser import BpmnParser
    from SpiffWorkflow.util.task import TaskState

    parser = BpmnParser()
    parser.add_bpmn_xml(etree.parse(io.BytesIO(model.xml())), filename="bench.bpmn")
    spec = parser.get_spec("bench")

    def once() -> int:
        workflow = BpmnWorkflow(spec)
        for ready in workflow.get_tasks(state=TaskState.READY):
            ready.data["n"] = 5
        workflow.run_all(halt_on_manual=False)  # abstract tasks are manual there
        assert workflow.is_completed()
        names = set(model_nodes)
        return sum(1 for t in workflow.get_tasks(state=TaskState.COMPLETED) if t.task_spec.name in names)

    model_nodes = list(compile_process(model.document(), "bench").nodes)
    return once


def rate(once: Callable[[], int], seconds: float) -> float:
    """Flow nodes per second."""
    nodes = 0
    started = time.perf_counter()
    while (spent := time.perf_counter() - started) < seconds:
        nodes += once()
    return nodes / spent


def many(total: int) -> tuple[float, Definition, Any]:
    """Seconds to start and complete a multi-instance of `total` jobs; the state while all are open."""
    model = bpmn("bench").start().service_task("job", type="job", mi=multi("=items", element="item", zeebe=True)).end()
    definition = compile_process(model.document(), "bench")
    state = new_state(definition)
    gc.collect()
    started = time.perf_counter()
    step(definition, state, c.StartInstance(0, "i", {"items": list(range(total))}))
    while state.pending:
        step(definition, state, c.Continue(0))
    opened = time.perf_counter() - started
    dumped = dump_state(state)
    started = time.perf_counter()
    for key in list(state.waits):
        step(definition, state, c.CompleteWait(0, key))
    assert state.ended
    return opened + time.perf_counter() - started, definition, dumped


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.4)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    results: dict[str, Any] = {}
    ratios: list[tuple[str, float]] = []
    for name, model in (("row", row()), ("mixed", mixed())):
        mine, theirs = ours(model)[0], spiff(model)
        mine(), theirs()
        pairs: list[tuple[float, float]] = []
        for _ in range(options.rounds):
            gc.collect()
            pairs.append((rate(mine, options.seconds), rate(theirs, options.seconds)))
        own, other = statistics.median(p[0] for p in pairs), statistics.median(p[1] for p in pairs)
        ratio = statistics.median(a / b for a, b in pairs)
        print(f"{name:6} ostinato {own:10,.0f} nodes/s   SpiffWorkflow {other:10,.0f} nodes/s   {ratio:6.1f} x")
        results[name] = {"ostinato": own, "spiff": other, "ratio": ratio}
        ratios.append((f"core-{name}-vs-spiff", ratio))
    small = statistics.median(many(1_000)[0] for _ in range(options.rounds))
    large = statistics.median(many(10_000)[0] for _ in range(options.rounds))
    print(
        f"multi-instance  1,000: {small * 1000:.0f} ms   10,000: {large * 1000:.0f} ms   "
        f"per instance {large / small / 10:.2f} x"
    )
    ratios.append(("core-cost-per-step-10000-vs-1000", large / small / 10))
    _, _, dumped = many(1_000)
    text = json.dumps(dumped)
    state = load_state(json.loads(text))
    dump_times, load_times = [], []
    for _ in range(max(options.rounds, 5)):
        gc.collect()
        started = time.perf_counter()
        dump_state(state)
        dump_times.append(time.perf_counter() - started)
        data = json.loads(text)
        started = time.perf_counter()
        load_state(data)
        load_times.append(time.perf_counter() - started)
    dump_ms, load_ms = statistics.median(dump_times) * 1000, statistics.median(load_times) * 1000
    print(f"1,000 open elements with waits: dump {dump_ms:.1f} ms, load {load_ms:.1f} ms, {len(text):,} bytes of JSON")
    results |= {"mi_1000_s": small, "mi_10000_s": large, "dump_ms": dump_ms, "load_ms": load_ms, "bytes": len(text)}
    if options.json is not None:
        options.json.write_text(json.dumps(results, indent=2), encoding="utf-8")
    for name, value in ratios:
        print(f"ratio {name} {value:.2f}")


if __name__ == "__main__":
    main()
