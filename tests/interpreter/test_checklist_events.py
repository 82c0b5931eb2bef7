"""The semantics that BPMN engines get wrong, 39 to 52: messages, signals, conditions, timers.

Each test bears the number of its line in the list. What concerns several instances (routing of messages and
signals, deployments) is tested where it lives; here is the engine's part.
"""

from __future__ import annotations

import pytest

from interpreter import calendar
from interpreter import commands as c
from interpreter.bpmn.builder import Builder, bpmn
from interpreter.bpmn.parts import timer
from interpreter.state import dump_state, load_state
from interpreter.waits import TimerWait
from ostinato.testing.world import World, run

BOTH = pytest.mark.parametrize("profile", ["c7", "spec"])


# -- messages, signals, conditions


@BOTH
def test_39_41_42_message_subscriptions_have_resolved_names_and_one_receiver(profile: str) -> None:
    model = bpmn("p").start().parallel("f").catch("one", message="m-${id}").end("e1")
    model = model.branch(at="f").catch("two", message="m-${id}").end("e2")
    named = run(model, profile=profile, id="7")
    assert {w.name for w in named.state.waits.values() if hasattr(w, "name")} == {"m-7"}
    named.message("m-7")
    assert len(named.waits("m-7")) == 1
    start = bpmn("s").start("by", message="go").end()
    assert World(start).definitions["s"].start_events()[0].name == "go"


@BOTH
def test_40_43_start_subscriptions_are_in_the_definition(profile: str) -> None:
    model = (
        bpmn("p")
        .start("m", message="m")
        .end("a")
        .apart()
        .start("s", signal="s")
        .end("b")
        .apart()
        .start("t", timer="R/PT1H")
        .end("c")
    )
    starts = World(model, profile=profile).definitions["p"].start_events()
    assert [(s.node, s.type, s.name, s.spec) for s in starts] == [
        ("m", "message", "m", ""),
        ("s", "signal", "s", ""),
        ("t", "timer", "", "R/PT1H"),
    ]


@BOTH
def test_44_a_signal_goes_to_those_who_listen_when_it_is_thrown(profile: str) -> None:
    model = bpmn("p").start().parallel("f").catch("hear", signal="s").catch("again", signal="s").end("e1")
    model = model.branch(at="f").user_task("go").throw("say", signal="s").end("e2")
    heard = run(model, profile=profile).complete("go")
    assert heard.active == ["again"]


def test_45_conditional_events() -> None:
    def model(interrupting: bool) -> Builder:
        b = (
            bpmn("p")
            .start()
            .user_task("u")
            .boundary("c", interrupting=interrupting, condition="= x > 1")
            .user_task("h")
        )
        return b.end("eh").at("u").end("done")

    level = run(model(False), profile="c7", x=0).set(x=2).set(x=3)
    assert level.active.count("h") == 2
    edge = run(model(False), profile="spec", x=0).set(x=2).set(x=3).set(x=0).set(x=2)
    assert edge.active.count("h") == 2
    at_once = run(model(True), profile="c7", x=5)
    assert at_once.active == ["h"]
    before = run(model(True), profile="c7", x=0)
    before.complete("u", x=9)
    assert before.active == ["h"], "the condition is looked at before the task is left"
    preempt = bpmn("p").start().user_task("normal").end()
    preempt = preempt.event_subprocess("es").start("s", condition="= x > 1").user_task("h").end("e").up()
    assert run(preempt, x=5).trace("+") == "+es +s +h"
    shadowed = (
        bpmn("p")
        .start()
        .subprocess("sub", inputs={"x": "0"})
        .start("in")
        .catch("c", condition="${x > 1}")
        .end("o")
        .up()
    )
    hidden = run(shadowed.end("done"), profile="c7", x=0).set(x=5)
    assert hidden.active == ["c", "sub"]


def test_46_conditional_start_events_are_asked_for() -> None:
    from interpreter.queries import conditional_starts

    model = (
        bpmn("p").start("big", condition="= amount > 10").end("a").apart().start("rush", condition="= rush").end("b")
    )
    definition = World(model).definitions["p"]
    assert conditional_starts(definition, {"amount": 11}, 0) == ["big"]
    assert conditional_starts(definition, {"amount": 11, "rush": True}, 0) == ["big", "rush"]
    assert conditional_starts(definition, {}, 0) == []


@BOTH
def test_47_multiple_events_take_any_and_parallel_multiple_all(profile: str) -> None:
    from interpreter.bpmn.parts import message, signal

    anyone = bpmn("p").start().catch("c", events=[message("m"), signal("s")]).end()
    assert run(anyone, profile=profile).signal("s").ended
    every = bpmn("p").start().catch("c", events=[message("m"), signal("s")], parallel_multiple=True).end()
    waiting = run(every, profile=profile).signal("s")
    waiting.state = load_state(dump_state(waiting.state))
    assert not waiting.ended
    assert waiting.message("m").ended


# -- timers


def test_48_cycles_count_and_go_on_from_the_schedule() -> None:
    assert calendar.first("R3/PT10H", 0) == (36_000_000, 2)
    assert calendar.first("R/PT1H", 0) == (3_600_000, -1)
    assert calendar.first("R3/2030-01-01T00:00:00Z/PT1H", calendar.parse_instant("2029-01-01")) == (
        calendar.parse_instant("2030-01-01"),
        2,
    )
    assert calendar.first("0 0/5 * * * ?", 0) == (300_000, -1)
    model = bpmn("p").start().user_task("u").boundary("t", interrupting=False, timer="R3/PT10H").end("e").at("u").end()
    late = run(model)
    started = late.world.now
    first = late.wait("t", TimerWait).key
    late.do(c.FireTimer(started + 15 * 3_600_000, first))
    following = late.wait("t", TimerWait)
    assert isinstance(following, TimerWait)
    assert following.due == started + 20 * 3_600_000
    late.advance("P10D")
    assert late.trace("+").count("+t") == 3


def test_49_dates_zones_and_calendar_arithmetic() -> None:
    assert calendar.parse_instant("2030-01-01T00:00:00") == calendar.parse_instant("2030-01-01T01:00:00+01:00")
    january = calendar.parse_instant("2030-01-31")
    assert calendar.add(january, calendar.parse_duration("P1M")) == calendar.parse_instant("2030-02-28")
    berlin = "R/2030-03-30T12:00:00[Europe/Berlin]/P1D"
    first, _ = calendar.first(berlin, 0) or (0, 0)
    assert calendar.following(berlin, first) == first + 23 * 3_600_000, "the clocks go forward that night"


@BOTH
def test_50_a_past_date_is_due_at_once_and_suspended_timers_wait(profile: str) -> None:
    model = bpmn("p").start().catch("t", timer="2020-01-01T00:00:00Z").end()
    past = run(model, profile=profile)
    past.suspend()
    timer_wait = past.wait("t", TimerWait)
    refused = past.attempt(c.FireTimer(past.world.now, timer_wait.key))
    assert isinstance(refused, c.Rejection)
    assert refused.code == "suspended"
    past.resume()
    assert past.advance(0).ended


@BOTH
def test_51_changing_the_due_date_of_a_cycle(profile: str) -> None:
    model = bpmn("p").start().user_task("u").boundary("t", interrupting=False, timer="R3/PT1H").end("e").at("u").end()
    moved = run(model, profile=profile)
    wait = moved.wait("t", TimerWait)
    moved.do(c.ChangeWait(moved.world.now, wait.key, due=moved.world.now + 60_000))
    moved.advance("PT2M")
    assert moved.trace("+").count("+t") == 1


@BOTH
def test_52_a_timer_ends_with_its_scope(profile: str) -> None:
    model = bpmn("p").start().user_task("u").boundary("t", timer="PT1H").end("e").at("u").user_task("v").end()
    assert not run(model, profile=profile).complete("u").waits(None, TimerWait)


def test_timers_of_catch_events_with_cycles_by_profile() -> None:
    model = bpmn("p").start().catch("t", timer=timer(cycle="R3/PT1H")).user_task("u").end()
    assert run(model, profile="c7").advance("P1D").active == ["u"]
    assert run(model, profile="spec").advance("P1D").active == ["u", "u", "u"]


@BOTH
def test_parallel_multiple_start_events_wait_for_the_rest(profile: str) -> None:
    from interpreter.bpmn.parts import message

    model = bpmn("p").start("both", events=[message("m1"), message("m2")], parallel_multiple=True).user_task("u").end()
    world = World(model, profile=profile)
    world.message("m2")
    begun = world.runs["p-1"]
    assert [w.node for w in begun.waits("m1")] == ["both"]
    assert "u" not in begun.active
    world.message("m1")
    assert begun.active == ["u"]
    assert len(world.runs) == 1
