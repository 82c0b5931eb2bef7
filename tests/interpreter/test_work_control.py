"""Holding jobs back: one by one, and by the name of their kind."""

from __future__ import annotations

from interpreter import commands as c
from interpreter.bpmn.builder import bpmn
from interpreter.state import dump_state, load_state
from interpreter.step import new_state, step
from interpreter.waits import JobWait, TimerWait, job_name
from ostinato.testing.world import Run, World


def two_jobs() -> World:
    return World(
        bpmn("p").start().parallel("fork").service_task("work", type="w").end()
        .branch(at="fork").user_task("ask").service_task("late", type="w").boundary("t", timer="PT1H").end()
        .at("late").end()
    )  # fmt: skip


def jobs(run: Run) -> dict[str, bool]:
    """Names of open jobs, and whether they are held back."""
    return {job_name(w): w.suspended for w in run.state.waits.values() if isinstance(w, JobWait | TimerWait)}


def test_one_job_is_held_back_and_let_go() -> None:
    world = two_jobs()
    run = world.start("p")
    (key,) = [w.key for w in run.state.waits.values() if isinstance(w, JobWait)]
    run.do(c.ChangeWait(world.now, key, suspended=True))
    assert jobs(run) == {"work": True}
    assert jobs(run) == {
        job_name(w): w.suspended for w in load_state(dump_state(run.state)).waits.values() if isinstance(w, JobWait)
    }
    run.do(c.ChangeWait(world.now, key, priority=7))
    assert jobs(run) == {"work": True}, "other changes leave it so"
    run.do(c.ChangeWait(world.now, key, suspended=False))
    assert jobs(run) == {"work": False}
    (task,) = [w.key for w in run.state.waits.values() if not isinstance(w, JobWait)]
    refused = run.attempt(c.ChangeWait(world.now, task, suspended=True))
    assert isinstance(refused, c.Rejection)
    assert refused.code == "invalid"


def test_jobs_to_come_are_held_back_by_name() -> None:
    world = two_jobs()
    run = world.start("p")
    run.do(c.SuspendJobs(world.now, ("work", "late"), suspended=True))
    assert jobs(run) == {"work": False}, "what is open is left alone"
    run.complete("ask")
    assert jobs(run) == {"work": False, "late": True, "t#timer": False}
    run.do(c.SuspendJobs(world.now, ("work", "t#timer"), suspended=True, include=True))
    assert jobs(run) == {"work": True, "late": True, "t#timer": True}
    run.do(c.SuspendJobs(world.now, ("late",), suspended=False, include=True))
    assert jobs(run) == {"work": True, "late": False, "t#timer": True}


def test_an_instance_may_begin_with_jobs_held_back() -> None:
    (definition,) = two_jobs().definitions.values()
    state = new_state(definition)
    step(definition, state, c.StartInstance(0, "one", suspended_jobs=("work",)))
    assert {w.node: w.suspended for w in state.waits.values() if isinstance(w, JobWait)} == {"work": True}


def test_nothing_changes_that_is_so_already() -> None:
    world = two_jobs()
    run = world.start("p")
    run.do(c.SuspendJobs(world.now, ("work",), suspended=True, include=True))
    before = len(run.events)
    run.do(c.SuspendJobs(world.now, ("work",), suspended=True, include=True))
    assert len(run.events) == before
