"""Every departure from the standard is one named feature, with a test on both sides: the same model, with it and
without it."""

from __future__ import annotations

import pytest

from interpreter import features as f
from interpreter.bpmn.builder import Builder, bpmn
from interpreter.bpmn.parts import compensation, loop, multi, timer
from ostinato.testing.world import Run, World


def start(model: Builder, feature: str | None, **variables: object) -> Run:
    world = World(model, profile="spec", features=[] if feature is None else [feature])
    return world.start(None, variables)


def both(feature: str, model: Builder, **variables: object) -> tuple[Run, Run]:
    """The instance without the feature, and with it."""
    return start(model, None, **variables), start(model, feature, **variables)


def two_on_one_flow(join: str) -> Builder:
    b = bpmn("p").start().parallel("fork").exclusive("merge").node(join, "join").user_task("after").end()
    return b.branch(at="fork").user_task("late").to("merge").branch(at="fork").user_task("other").to("join")


def test_join_counts_tokens() -> None:
    without, with_it = both(f.JOIN_COUNTS_TOKENS, two_on_one_flow("parallelGateway"))
    assert "after" not in without.complete("late").active
    assert "after" in with_it.complete("late").active


def test_inclusive_takes_all() -> None:
    without, with_it = both(f.INCLUSIVE_TAKES_ALL, two_on_one_flow("inclusiveGateway"))
    assert without.complete("late").complete("other").active == ["after", "after"]
    assert with_it.complete("late").complete("other").active == ["after"]


def test_inclusive_on_arrival() -> None:
    model = (
        bpmn("p").start().inclusive("split").when("= true").task("a").inclusive("join").user_task("after").end("done")
    )
    model = (
        model.when("= true", at="split")
        .user_task("b")
        .boundary("away", timer="PT1H")
        .end("elsewhere")
        .at("b")
        .to("join")
    )
    without, with_it = both(f.INCLUSIVE_ON_ARRIVAL, model)
    assert without.advance("PT1H").active == ["after"]
    assert with_it.advance("PT1H").active == []


def test_uncaught_error_ends_path() -> None:
    without, with_it = both(f.UNCAUGHT_ERROR_ENDS_PATH, bpmn("p").start().end("boom", error="E"))
    assert without.trace("#") == "#boom"
    assert with_it.ended


def test_loop_counter_from_zero() -> None:
    model = bpmn("p").start().user_task("u", mi=multi(cardinality="2")).end()
    without, with_it = both(f.LOOP_COUNTER_FROM_ZERO, model)

    def counters(r: Run) -> list[object]:
        return [e.variables["loopCounter"] for e in r.state.elements.values() if e.multi == "inner"]

    assert counters(without) == [1, 2]
    assert counters(with_it) == [0, 1]


def test_standard_loop_ignored() -> None:
    without, with_it = both(f.STANDARD_LOOP_IGNORED, bpmn("p").start().user_task("u", loop=loop("= true")).end())
    assert not without.complete("u").ended
    assert with_it.complete("u").ended


def test_compensation_concurrent() -> None:
    b = bpmn("p").start()
    for name in ("a", "b"):
        b = b.service_task(name, type="job").boundary(f"c{name}", compensation=True)
        b = b.handler("service_task", f"undo_{name}", type="undo")
    without, with_it = both(f.COMPENSATION_CONCURRENT, b.throw("undo", compensation=True).end())
    for r in (without, with_it):
        r.complete("a").complete("b")
    assert len(without.waits("undo")) == 1
    assert len(with_it.waits("undo")) == 2


def test_conditions_by_level() -> None:
    model = (
        bpmn("p").start().user_task("u").boundary("c", interrupting=False, condition="= x > 1").user_task("h").end("e")
    )
    without, with_it = both(f.CONDITIONS_BY_LEVEL, model.at("u").end(), x=0)
    for r in (without, with_it):
        r.set(x=2).set(x=3)
    assert without.active.count("h") == 1
    assert with_it.active.count("h") == 2


def test_throws_at_once() -> None:
    model = (
        bpmn("p")
        .start()
        .parallel("f")
        .throw("say", signal="s")
        .end("e1")
        .branch(at="f")
        .catch("hear", signal="s")
        .end("e2")
    )
    without, with_it = both(f.THROWS_AT_ONCE, model)
    assert without.ended
    assert with_it.active == ["hear"]


def test_cycle_catch_once() -> None:
    model = bpmn("p").start().catch("t", timer=timer(cycle="R2/PT1H")).user_task("u").end()
    without, with_it = both(f.CYCLE_CATCH_ONCE, model)
    assert without.advance("P1D").active == ["u", "u"]
    assert with_it.advance("P1D").active == ["u"]


def test_loop_until() -> None:
    without, with_it = both(f.LOOP_UNTIL, bpmn("p").start().user_task("u", loop=loop("= true", maximum=3)).end())
    assert not without.complete("u").ended
    assert with_it.complete("u").ended


def test_loop_input_errors() -> None:
    model = (
        bpmn("p").start().user_task("u", mi=multi("${items}")).boundary("wrong", error=True).end("caught").at("u").end()
    )
    without, with_it = both(f.LOOP_INPUT_ERRORS, model, items=[])
    assert "caught" not in without.trace("+")
    assert without.ended
    assert with_it.trace("+").endswith("+wrong +caught")


def test_profiles_are_known_by_name() -> None:
    assert f.features_of("spec", rules=1) == ()
    assert set(f.features_of("c7")) - set(f.features_of("c7", rules=1)) == set(f.features_of("spec"))
    with pytest.raises(ValueError, match="'zzz'"):
        f.features_of("zzz")


def test_compensation_always_waits() -> None:
    b = (
        bpmn("p")
        .start()
        .service_task("a", type="job")
        .boundary("c", compensation=True)
        .handler("service_task", "undo_a", type="undo")
    )
    b = b.throw("undo", compensation=compensation(wait_for_completion=False)).user_task("after").end()
    without, with_it = both(f.COMPENSATION_ALWAYS_WAITS, b)
    assert without.complete("a").active == ["after", "undo_a"]
    assert without.complete("undo_a").complete("after").ended
    assert with_it.complete("a").active == ["undo", "undo_a"]


def test_compensation_stops_at_calls() -> None:
    child = bpmn("child").start().service_task("book", type="job").boundary("c", compensation=True)
    child = child.handler("service_task", "unbook", type="undo").end()
    parent = bpmn("p").start().call_activity("call", "child", ins={"*": "*"}, outs={"*": "*"})
    parent = parent.throw("undo", compensation=True).end("done")
    for feature, undone in ((None, True), (f.COMPENSATION_STOPS_AT_CALLS, False)):
        world = World(parent, child, profile="spec", features=[] if feature is None else [feature])
        caller = world.start("p", {"x": 1})
        booked = next(r for r in world.runs.values() if r.definition.process_id == "child")
        booked.complete("book", booked=7)
        assert caller.ended is not undone
        if undone:
            undoing = list(world.runs.values())[-1]
            assert undoing.active == ["unbook"]
            assert undoing.variables["booked"] == 7
            undoing.complete("unbook")
            assert undoing.ended
            assert caller.trace("+").endswith("+done")
