"""Holding jobs back: one by one, and by the name of their kind."""

from __future__ import annotations

from interpreter import commands as c
from interpreter.bpmn.builder import bpmn, el
from interpreter.bpmn.parts import El, timer
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


def timers(run: Run) -> dict[str, int]:
    """When the open timers are due, by flow node."""
    return {w.node: w.due for w in run.state.waits.values() if isinstance(w, TimerWait)}


def test_a_timer_is_read_anew_with_the_variables_of_now() -> None:
    patience = timer(duration="${patience}")
    world = World(bpmn("p").start().user_task("ask").boundary("late", timer=patience).end().at("ask").end())
    began = world.now
    run = world.start("p", {"patience": "PT1H"})
    assert timers(run) == {"late": began + 3_600_000}
    (key,) = [w.key for w in run.state.waits.values() if isinstance(w, TimerWait)]
    run.do(c.SetVariables(began, {"patience": "PT2H"}))
    assert timers(run) == {"late": began + 3_600_000}, "nobody asked"
    run.do(c.ChangeWait(began + 600_000, key, recalculate_from=began))
    assert timers(run) == {"late": began + 7_200_000}
    run.do(c.ChangeWait(began + 600_000, key, recalculate_from=began + 600_000))
    assert timers(run) == {"late": began + 7_800_000}
    run.do(c.SetVariables(began, {"patience": "soon"}))
    refused = run.attempt(c.ChangeWait(began + 600_000, key, recalculate_from=began))
    assert isinstance(refused, c.Rejection)
    assert "Expected the timer of 'late' to be a timeDuration" in refused.message
    assert not run.state.incidents
    assert timers(run) == {"late": began + 7_800_000}, "it stays as it was"


def test_each_timeout_listener_is_read_anew_by_its_own_timer() -> None:
    def timeout(id: str, after: str) -> El:
        definition = el("timerEventDefinition", el("timeDuration", after))
        return el("camunda:taskListener", definition, event="timeout", id=id, class_=id)

    world = World(bpmn("p").start().user_task("u", ext=(timeout("a", "PT9H"), timeout("b", "${patience}"))).end())
    began = world.now
    run = world.start("p", {"patience": "PT1H"})
    first, second = [w for w in run.state.waits.values() if isinstance(w, TimerWait)]
    run.do(c.SetVariables(began, {"patience": "PT3H"}))
    for wait in (first, second):
        run.do(c.ChangeWait(began, wait.key, recalculate_from=began + 1))
    due = [w.due - began for w in run.state.waits.values() if isinstance(w, TimerWait)]
    assert due == [9 * 3_600_000 + 1, 3 * 3_600_000 + 1]


def test_only_timers_are_read_anew() -> None:
    world = two_jobs()
    run = world.start("p")
    (key,) = [w.key for w in run.state.waits.values() if isinstance(w, JobWait)]
    refused = run.attempt(c.ChangeWait(world.now, key, recalculate_from=0))
    assert isinstance(refused, c.Rejection)
    assert refused.message == f"Expected a timer but wait {key} is JobWait."
