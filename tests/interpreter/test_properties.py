"""Properties that hold for every process, however it is made and whatever happens to it in which order.

Walks check the laws after every step (fold(events) == state, dump and load change nothing, rejected commands change
nothing).
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from interpreter import commands as c
from interpreter import events as ev
from interpreter import lifecycle
from interpreter.codec import to_json
from interpreter.state import dump_state
from ostinato.conformance.walks import take_walk
from ostinato.testing.world import Run, definitions_of
from tests.interpreter.processes import block_process, graph_process

SEEDS = st.integers(min_value=0, max_value=2**32 - 1)
PROFILES = st.sampled_from(["c7", "spec"])
EXAMPLES = int(os.environ.get("OSTINATO_EXAMPLES", "40"))


@pytest.fixture(autouse=True)
def _short_loops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifecycle, "SAME_FLOW_LIMIT", 50)


def _after(run: Run) -> None:
    """What holds when a walk is over."""
    opened = [e.wait.key for e in run.events if isinstance(e, ev.WaitOpened)]
    closed = [e.key for e in run.events if isinstance(e, ev.WaitClosed)]
    assert len(opened) == len(set(opened)), "a wait key is used once"
    assert len(closed) == len(set(closed)), "a wait is closed once"
    assert set(closed) <= set(opened)
    assert set(opened) - set(closed) == set(run.state.waits)
    activated = [e.key for e in run.events if isinstance(e, ev.ElementActivated)]
    gone = [e.key for e in run.events if isinstance(e, ev.ElementCompleted | ev.ElementTerminated)]
    assert len(gone) == len(set(gone)), "an element instance ends once"
    assert set(activated) - set(gone) == set(run.state.elements) - {1}
    if run.state.ended:
        assert not run.state.elements
        assert not run.state.waits
        assert not run.state.incidents
        assert not run.state.pending


@settings(max_examples=EXAMPLES, deadline=None)
@given(SEEDS, PROFILES)
@example(24, "spec")
def test_block_structured_processes(seed: int, profile: str) -> None:
    definition = definitions_of(block_process(seed), profile)[0]
    walk, run = take_walk(definition, seed, 80, variables={"x": seed % 4})
    assert walk.end != "stuck"
    _after(run)


@settings(max_examples=max(EXAMPLES // 8, 5), deadline=None)
@given(SEEDS, PROFILES)
@example(2, "c7")
@example(3, "spec")
@example(98, "spec")
def test_unstructured_processes(seed: int, profile: str) -> None:
    definition = definitions_of(graph_process(seed), profile)[0]
    walk, run = take_walk(definition, seed, 40, variables={"x": seed % 4})
    assert walk.end != "stuck"
    _after(run)


@settings(max_examples=EXAMPLES // 2, deadline=None)
@given(SEEDS, PROFILES)
def test_suspending_and_resuming_is_neutral(seed: int, profile: str) -> None:
    definition = definitions_of(block_process(seed, 2), profile)[0]

    def disturb(run: Run, rng: random.Random) -> None:
        if (run.state.sequence + seed) % 3 == 0:
            run.attempt(c.SuspendInstance(run.world.now))
            for wait in list(run.state.waits):
                assert isinstance(run.attempt(c.CompleteWait(run.world.now, wait)), c.Rejection)
            run.attempt(c.ResumeInstance(run.world.now))

    _, quiet = take_walk(definition, seed, 40, variables={"x": 1}, laws=False)
    _, disturbed = take_walk(definition, seed, 40, variables={"x": 1}, laws=False, disturb=disturb)
    kept = [e for e in disturbed.events if not isinstance(e, ev.InstanceSuspended | ev.InstanceResumed)]
    assert kept == quiet.events


@settings(max_examples=EXAMPLES, deadline=None)
@given(SEEDS, PROFILES)
@example(205, "c7")
@example(1336, "c7")
@example(64451509, "c7")
def test_modifications_leave_nothing_behind(seed: int, profile: str) -> None:
    definition = definitions_of(block_process(seed, 2), profile)[0]
    nodes = [
        n.id
        for n in definition.nodes.values()
        if n.scope is not None
        and n.kind not in ("startEvent", "boundaryEvent", "eventSubProcess")
        and not n.for_compensation
    ]

    def disturb(run: Run, rng: random.Random) -> None:
        if rng.random() < 0.3:
            start = c.ModificationInstruction("startBeforeActivity", rng.choice(nodes))
            running = [e.key for e in run.state.elements.values() if e.key != 1]
            cancel = [c.ModificationInstruction("cancel", element=rng.choice(running))] if running else []
            run.attempt(c.ModifyInstance(run.world.now, (start, *cancel)))

    walk, run = take_walk(definition, seed, 40, variables={"x": 1}, disturb=disturb)
    assert walk.end != "stuck"
    _after(run)


@settings(max_examples=EXAMPLES // 2, deadline=None)
@given(SEEDS, PROFILES, st.integers(min_value=1, max_value=40))
@example(92, "spec", 1)
@example(117683, "c7", 1)
@example(5098, "spec", 1)
def test_a_small_step_budget_changes_only_when_things_happen(seed: int, profile: str, budget: int) -> None:
    from interpreter import machine

    definition = definitions_of(block_process(seed, 2), profile)[0]
    _, whole = take_walk(definition, seed, 30, variables={"x": 1}, laws=False)
    before = machine.BUDGET
    machine.BUDGET = budget
    try:
        walk, parked = take_walk(definition, seed, 30, variables={"x": 1})
    finally:
        machine.BUDGET = before
    assert walk.end != "stuck"
    _after(parked)
    assert [e for e in parked.events if not isinstance(e, ev.EngineNoted)] == [
        e for e in whole.events if not isinstance(e, ev.EngineNoted)
    ]


def _digest() -> str:
    digest = hashlib.sha256()
    for seed in range(12):
        definition = definitions_of(block_process(seed), "spec")[0]
        _, run = take_walk(definition, seed, 40, variables={"x": 1}, laws=False)
        digest.update(json.dumps([to_json(e) for e in run.events]).encode())
        digest.update(json.dumps(dump_state(run.state)).encode())
    return digest.hexdigest()


@pytest.mark.parametrize("hash_seed", ["0", "1", "4242"])
def test_the_same_under_any_hash_seed(hash_seed: str) -> None:
    root = Path(__file__).resolve().parents[2]
    code = "from tests.interpreter.test_properties import _digest; print(_digest())"
    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=root,
        env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.strip() == _digest()
