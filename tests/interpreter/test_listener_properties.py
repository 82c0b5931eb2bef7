"""Properties of random processes with listeners everywhere: jobs and expressions, Camunda's and Zeebe's, on nodes,
flows and tasks, with asynchronous inner instances. Nothing gets stuck or is left behind, whatever happens when.
"""

from __future__ import annotations

import os
import random
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lxml import etree

from interpreter import commands as c
from interpreter import events as ev
from interpreter import lifecycle
from interpreter.bpmn.namespaces import BPMN, CAMUNDA, ZEEBE
from interpreter.waits import JobWait, UserTaskWait
from ostinato.conformance.walks import take_walk
from ostinato.testing.world import Run, definitions_of
from tests.interpreter.processes import block_process, graph_process
from tests.interpreter.test_properties import PROFILES, SEEDS, _after

EXAMPLES = int(os.environ.get("OSTINATO_EXAMPLES", "40"))

Element = Any


@pytest.fixture(autouse=True)
def _short_loops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifecycle, "SAME_FLOW_LIMIT", 50)


def listening(data: bytes, seed: int) -> bytes:
    """The model with listeners here and there."""
    rng = random.Random(seed)
    root: Element = etree.fromstring(data)
    for process in list(root.iter(f"{{{BPMN}}}process")):
        for element in list(process.iter()):
            tag = str(element.tag).removeprefix(f"{{{BPMN}}}")
            if tag == "multiInstanceLoopCharacteristics":
                for attribute in ("asyncBefore", "asyncAfter"):
                    element.set(f"{{{CAMUNDA}}}{attribute}", rng.choice(["true", "false"]))
            if element.get("id") is None or "}" in tag or tag.endswith(("Definition", "Characteristics")):
                continue
            if tag not in ("process", "association", "property") and rng.random() < 0.3:
                _listen(element, tag, rng)
    return etree.tostring(root)


def _listen(element: Element, tag: str, rng: random.Random) -> None:
    holder = element.find(f"{{{BPMN}}}extensionElements")
    if holder is None:
        holder = etree.Element(f"{{{BPMN}}}extensionElements")
        element.insert(0, holder)
    code = {"class": "job"} if rng.random() < 0.6 else {"expression": "${execution.setVariable('x', x)}"}
    if tag == "userTask":
        event = rng.choice(["create", "assignment", "update", "complete", "delete"])
        etree.SubElement(holder, f"{{{CAMUNDA}}}taskListener", {"event": event, **code})
        if rng.random() < 0.5:
            zeebe = etree.SubElement(holder, f"{{{ZEEBE}}}taskListeners")
            event = rng.choice(["creating", "assigning", "updating", "completing", "canceling"])
            etree.SubElement(zeebe, f"{{{ZEEBE}}}taskListener", {"eventType": event, "type": "task"})
    if rng.random() < 0.5:
        etree.SubElement(holder, f"{{{CAMUNDA}}}executionListener", {"event": rng.choice(["start", "end"]), **code})
    if tag != "sequenceFlow" and rng.random() < 0.5:
        zeebe = etree.SubElement(holder, f"{{{ZEEBE}}}executionListeners")
        event = rng.choice(["start", "end", "beforeAll"])
        etree.SubElement(zeebe, f"{{{ZEEBE}}}executionListener", {"eventType": event, "type": "zeebe"})


def disturb(run: Run, rng: random.Random) -> None:
    """People claim and change tasks, and listeners deny and correct."""
    now = run.world.now
    for wait in list(run.state.waits.values()):
        if isinstance(wait, UserTaskWait) and rng.random() < 0.3:
            changes: dict[str, Any] = {"priority": rng.randint(0, 3)}
            action = rng.choice(["", "claim", "delegate", "resolve"])
            run.attempt(c.ChangeTask(now, wait.key, changes, action, rng.choice(["ann", "bob"])))
        elif isinstance(wait, JobWait) and "task" in wait.headers and rng.random() < 0.3:
            answer = {"type": "userTask", "denied": rng.random() < 0.5, "corrections": {"assignee": "cid"}}
            run.attempt(c.CompleteWait(now, wait.key, result=answer))
        elif isinstance(wait, JobWait) and wait.kind == "listener" and rng.random() < 0.1:
            run.attempt(c.FailWait(now, wait.key, "no"))
    for incident in list(run.state.incidents):
        if incident in run.state.incidents:
            run.attempt(c.ResolveIncident(now, incident))


@settings(max_examples=EXAMPLES, deadline=None)
@given(SEEDS, PROFILES)
@example(1837470, "c7")
def test_block_structured_processes_with_listeners(seed: int, profile: str) -> None:
    definition = definitions_of(listening(block_process(seed, 2).xml(), seed), profile)[0]
    walk, run = take_walk(definition, seed, 60, variables={"x": seed % 4}, disturb=disturb)
    assert walk.end != "stuck"
    _after(run)


@settings(max_examples=max(EXAMPLES // 4, 5), deadline=None)
@given(SEEDS, PROFILES)
@example(0, "spec")
@example(98, "spec")  # tokens multiply
def test_unstructured_processes_with_listeners(seed: int, profile: str) -> None:
    definition = definitions_of(listening(graph_process(seed), seed), profile)[0]
    walk, run = take_walk(definition, seed, 40, variables={"x": seed % 4}, disturb=disturb)
    assert walk.end != "stuck"
    _after(run)


@settings(max_examples=max(EXAMPLES // 2, 5), deadline=None)
@given(SEEDS, PROFILES, st.integers(min_value=1, max_value=30))
def test_suspensions_and_small_budgets_with_listeners(seed: int, profile: str, budget: int) -> None:
    from interpreter import machine

    definition = definitions_of(listening(block_process(seed, 2).xml(), seed), profile)[0]

    def suspend(run: Run, rng: random.Random) -> None:
        if run.state.sequence % 3 == 0:
            run.attempt(c.SuspendInstance(run.world.now))
            for wait in list(run.state.waits):
                assert isinstance(run.attempt(c.CompleteWait(run.world.now, wait)), c.Rejection)
            run.attempt(c.ResumeInstance(run.world.now))

    _, whole = take_walk(definition, seed, 30, variables={"x": 1}, laws=False)
    before = machine.BUDGET
    machine.BUDGET = budget
    try:
        walk, parked = take_walk(definition, seed, 30, variables={"x": 1}, disturb=suspend)
    finally:
        machine.BUDGET = before
    assert walk.end != "stuck"
    _after(parked)
    about = ev.EngineNoted | ev.InstanceSuspended | ev.InstanceResumed
    assert [e for e in parked.events if not isinstance(e, about)] == [
        e for e in whole.events if not isinstance(e, about)
    ]
