"""The semantics that BPMN engines get wrong, 1 to 29: gateways, scopes, activities, boundaries, errors, escalations.

Each test bears the number of its line in the list; section numbers are those of BPMN 2.0.2.
"""

from __future__ import annotations

import pytest

from interpreter import commands as c
from interpreter.bpmn.builder import Builder, bpmn
from interpreter.bpmn.parts import error, multi, timer
from interpreter.state import dump_state, load_state
from interpreter.waits import MessageWait, TimerWait
from ostinato.testing.world import Run, World, run

BOTH = pytest.mark.parametrize("profile", ["c7", "spec"])


def tokens_on_one_flow(join: str, profile: str, **counts: int) -> Run:
    """Three tokens for a join with two incoming flows: two come by the first, one by the second."""
    b = bpmn("p").start().parallel("fork").exclusive("merge")
    b = b.node(join, "join").user_task("after").end()
    b = b.branch(at="fork").user_task("late").to("merge")
    b = b.branch(at="fork").user_task("other").to("join")
    return run(b, profile=profile)


# -- gateways


@BOTH
def test_1_exclusive_takes_the_first_true_flow_in_document_order(profile: str) -> None:
    model = (
        bpmn("p").start().exclusive("g").when("= x > 0").end("a").when("= x > 1", at="g").end("b").otherwise().end("c")
    )
    assert "+a" in run(model, profile=profile, x=2).trace("+")
    assert "+c" in run(model, profile=profile, x=0).trace("+")
    without = bpmn("p").start().exclusive("g").when("= x > 0").end("a").when("= x > 1", at="g").end("b")
    stuck = run(without, profile=profile, x=0)
    assert stuck.trace("#") == "#g"
    stuck.set(x=1).resolve()
    assert stuck.trace("+").endswith("+a")


@BOTH
def test_2_a_flow_without_condition_is_true_and_an_activity_splits_inclusively(profile: str) -> None:
    gateway = bpmn("p").start().exclusive("g").branch().end("a").when("= true", at="g").end("b")
    assert run(gateway, profile=profile).trace("+") == "+start +g +a"
    activity = (
        bpmn("p")
        .start()
        .task("t")
        .branch(at="t")
        .end("always")
        .when("= x", at="t")
        .end("maybe")
        .otherwise(at="t")
        .end("else")
    )
    assert run(activity, profile=profile, x=True).trace("+") == "+start +t +always +maybe"
    assert run(activity, profile=profile, x=False).trace("+") == "+start +t +always"


def test_3_parallel_join_needs_a_token_on_each_flow_and_leaves_the_rest() -> None:
    strict = tokens_on_one_flow("parallelGateway", "spec")
    strict.complete("late")
    assert "join" not in strict.trace("+")
    strict.complete("other")
    assert strict.trace("+").count("+join") == 1
    assert sum(strict.state.elements[1].tokens.values()) == 1
    counted = tokens_on_one_flow("parallelGateway", "c7")
    counted.complete("late")
    assert counted.trace("+").count("+join") == 1


def test_4_inclusive_join_is_looked_at_whenever_a_token_moves() -> None:
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
    diverted = run(model, profile="spec")
    assert "after" not in diverted.active
    diverted.advance("PT2H")
    assert diverted.active == ["after"]
    camunda = run(model, profile="c7")
    camunda.advance("PT2H")
    assert camunda.active == []
    assert camunda.explain()[0]["node"] == "join"


def test_5_inclusive_join_consumes_one_token_per_flow() -> None:
    def twice(profile: str) -> int:
        return (
            tokens_on_one_flow("inclusiveGateway", profile).complete("late").complete("other").trace("+").count("+join")
        )

    assert twice("spec") == 2
    assert twice("c7") == 1


def test_6_reachability_stops_at_scopes_and_sees_boundaries_links_and_loops() -> None:
    model = bpmn("p").start().inclusive("split").when("= true").inclusive("join").user_task("after").end("done")
    model = model.when("= true", at="split").subprocess("sub").start("in").user_task("inner").end("out").up()
    model = model.boundary("edge", timer="PT1H").throw("jump", link="L").apart().catch("land", link="L").to("join")
    model = model.at("sub").end("aside")
    waiting = run(model, profile="spec")
    assert "after" not in waiting.active, "the boundary event of the subprocess leads to the join by a link"
    assert waiting.complete("inner").active == ["after"]


def test_7_a_mixed_gateway_joins_then_splits() -> None:
    model = bpmn("p").start().parallel("fork").task("a").parallel("mixed").end("x").branch(at="mixed").end("y")
    model = model.branch(at="fork").task("b").to("mixed")
    assert run(model).trace("+").count("+mixed") == 1


@BOTH
def test_8_event_based_gateway_withdraws_the_losers(profile: str) -> None:
    model = bpmn("p").start().event_based("race").catch("late", timer="PT1H").end("a")
    model = model.branch(at="race").receive_task("told", message="m").end("b")
    told = run(model, profile=profile).message("m")
    assert told.trace("?!") == "?late ?told !told !late"
    assert told.ended
    timed = run(model, profile=profile).advance("PT1H")
    assert timed.trace("+").endswith("+late +a")


def test_9_instantiating_event_gateways() -> None:
    model = bpmn("p").event_based("both", instantiate=True, all=True).catch("one", message="m1").end("a")
    model = model.branch(at="both").catch("two", message="m2").end("b")
    world = World(model, profile="spec")
    assert [s.node for s in world.definitions["p"].start_events()] == ["one", "two"]
    assert world.message("m2")
    first = world.runs["p-1"]
    assert [w.node for w in first.waits(None, MessageWait)] == ["one"]
    assert not first.ended
    first.message("m1")
    assert first.ended
    either = bpmn("p").event_based("any", instantiate=True).catch("one", message="m1").end("a")
    either = either.branch(at="any").catch("two", message="m2").end("b")
    world = World(either)
    world.message("m1")
    assert world.runs["p-1"].ended


@BOTH
def test_10_complex_gateway_activates_and_resets(profile: str) -> None:
    model = bpmn("p").start().parallel("fork").user_task("a").complex("gate", activation="= activationCount >= 2")
    model = (
        model.user_task("after")
        .end()
        .branch(at="fork")
        .user_task("b")
        .to("gate")
        .branch(at="fork")
        .user_task("c")
        .to("gate")
    )
    discriminator = run(model, profile=profile).complete("a")
    assert "after" not in discriminator.active
    discriminator.complete("b")
    assert discriminator.active == ["after", "c"]
    discriminator.complete("c")
    assert discriminator.active == ["after"]
    assert discriminator.complete("after").ended


# -- scopes, activities, boundaries


@BOTH
def test_11_a_scope_completes_when_tokens_and_handlers_are_gone(profile: str) -> None:
    model = bpmn("p").start().subprocess("sub").start("in").user_task("work").end("out")
    model = (
        model.event_subprocess("es")
        .start("esin", message="m", interrupting=False)
        .user_task("handle")
        .end("esout")
        .up()
    )
    model = model.up().end("done")
    both = run(model, profile=profile).message("m").complete("work")
    assert both.active == ["es", "handle", "sub"]
    assert both.complete("handle").ended


@BOTH
def test_12_interrupting_boundary_cancels_everything_inside(profile: str) -> None:
    model = bpmn("p").start().subprocess("sub").start("in").parallel("f").user_task("u").end("o1")
    model = model.branch(at="f").service_task("s", topic="t").end("o2").branch(at="f").catch("c", timer="P1D").end("o3")
    model = model.branch(at="f").call_activity("call", "child").end("o4").up()
    model = model.boundary("stop", message="m").end("stopped").at("sub").end("done")
    world = World(model, bpmn("child").start().user_task("inner").end(), profile=profile)
    parent = world.start("p")
    parent.message("m")
    assert parent.ended
    assert world.runs[f"{parent.instance_id}.{_child_key(parent)}"].outcome == "cancelled"
    assert parent.trace("+").endswith("+stop +stopped")


def _child_key(parent: Run) -> int:
    from interpreter.events import WaitOpened
    from interpreter.waits import ChildWait

    return next(e.wait.key for e in parent.events if isinstance(e, WaitOpened) and isinstance(e.wait, ChildWait))


@BOTH
def test_13_non_interrupting_boundary_fires_many_times_and_outlives_its_host(profile: str) -> None:
    model = bpmn("p").start().subprocess("sub").start("in").user_task("u").end("out").up()
    model = (
        model.boundary("tick", interrupting=False, timer="R3/PT1H").user_task("remind").end("r").at("sub").end("done")
    )
    ticking = run(model, profile=profile).advance("PT2H30M")
    assert ticking.active.count("remind") == 2
    ticking.complete("u")
    assert ticking.active == ["remind", "remind"]
    assert not ticking.waits(None, TimerWait)
    ticking.complete("remind").complete("remind")
    assert ticking.ended


@BOTH
def test_14_boundary_of_a_multi_instance_is_on_its_body(profile: str) -> None:
    model = bpmn("p").start().user_task("many", mi=multi(cardinality="3")).boundary("stop", message="m").end("stopped")
    model = model.at("many").end("done")
    many = run(model, profile=profile)
    assert len(many.waits("m", MessageWait)) == 1
    assert many.message("m").ended
    assert many.trace("x") == "xmany xmany xmany xmany"
    inside = bpmn("p").start().subprocess("sub", mi=multi(cardinality="3")).start("in").user_task("u")
    inside = inside.boundary("each", message="m").end("e").at("u").end("out").up().end("done")
    assert len(run(inside, profile=profile).waits("m", MessageWait)) == 3


@BOTH
def test_15_boundary_timer_starts_after_input_mapping_and_keeps_its_instant(profile: str) -> None:
    model = (
        bpmn("p")
        .start()
        .user_task("u", inputs={"wait": "PT2H"})
        .boundary("clock", timer=timer(duration="${wait}"))
        .end("late")
    )
    model = model.at("u").end("done")
    clocked = run(model, profile=profile)
    wait = clocked.wait("clock", TimerWait)
    assert isinstance(wait, TimerWait)
    assert wait.due == clocked.world.now + 2 * 3_600_000
    clocked.state = load_state(dump_state(clocked.state))
    assert clocked.wait("clock", TimerWait) == wait
    assert clocked.trace("?") == "?clock ?u"


@BOTH
def test_16_the_loser_of_a_race_is_rejected(profile: str) -> None:
    model = bpmn("p").start().user_task("u").boundary("clock", timer="PT1H").end("late").at("u").end("done")
    raced = run(model, profile=profile)
    task, timer = raced.wait("u").key, raced.wait("clock").key
    raced.complete("u")
    late = raced.attempt(c.FireTimer(raced.world.now, timer))
    assert isinstance(late, c.Rejection)
    assert late.code == "ended"
    other = run(
        bpmn("p").start().user_task("u").boundary("clock", timer="PT1H").user_task("v").end().at("u").end(),
        profile=profile,
    )
    other.advance("PT1H")
    again = other.attempt(c.CompleteWait(other.world.now, task))
    assert isinstance(again, c.Rejection)
    assert again.code == "already_closed"


@BOTH
def test_17_interrupting_event_subprocess_takes_the_scope_over(profile: str) -> None:
    model = bpmn("p").start().parallel("f").user_task("a").end("ea").branch(at="f").user_task("b").end("eb")
    model = model.event_subprocess("es1").start("s1", message="m1").user_task("h1").end("e1").up()
    model = model.event_subprocess("es2").start("s2", message="m2").user_task("h2").end("e2").up()
    taken = run(model, profile=profile).message("m1")
    assert taken.active == ["es1", "h1"]
    assert not taken.waits(None, MessageWait)
    assert taken.complete("h1").ended
    calm = bpmn("p").start().user_task("a").end()
    calm = calm.event_subprocess("es").start("s", message="m", interrupting=False).user_task("h").end("e").up()
    several = run(calm, profile=profile).message("m").message("m")
    assert several.active.count("h") == 2
    assert "a" in several.active


@BOTH
def test_18_event_subprocess_in_a_multi_instance_listens_once_per_instance(profile: str) -> None:
    model = bpmn("p").start().subprocess("sub", mi=multi(cardinality="2")).start("in").user_task("u").end("out")
    model = model.event_subprocess("es").start("s", message="m").end("e").up().up().end("done")
    each = run(model, profile=profile)
    assert len(each.waits("m", MessageWait)) == 2
    each.message("m")
    assert len(each.waits("m", MessageWait)) == 1
    assert each.active.count("u") == 1


@BOTH
def test_19_event_subprocess_sees_the_scope_and_the_boundary_path_does_not(profile: str) -> None:
    model = bpmn("p").start().subprocess("sub", inputs={"inner": "1"}).start("in").user_task("u").end("out")
    model = (
        model.event_subprocess("es")
        .start("s", message="m", interrupting=False)
        .script_task(
            "see", "${execution.hasVariable('inner')}", format="juel", attrs={"camunda:resultVariable": "seen"}
        )
        .end("e")
        .up()
        .up()
    )
    model = (
        model.boundary("b", timer="PT1H")
        .script_task(
            "look", "${execution.hasVariable('inner')}", format="juel", attrs={"camunda:resultVariable": "after"}
        )
        .end("be")
        .at("sub")
        .end("done")
    )
    seen = run(model, profile=profile).message("m")
    assert seen.variables["seen"] is True
    assert seen.advance("PT1H").variables["after"] is False


@BOTH
def test_20_scope_or_event_but_never_both(profile: str) -> None:
    model = bpmn("p").start().subprocess("sub").start("in").user_task("u").end("out")
    model = model.event_subprocess("es").start("s", message="m").end("e").up().up().end("done")
    done = run(model, profile=profile)
    message = done.wait("m").key
    done.complete("u")
    assert done.trace("+").endswith("+done")
    assert isinstance(done.attempt(c.TriggerEvent(done.world.now, message)), c.Rejection)


@BOTH
def test_21_call_activity_maps_both_ways_and_passes_errors(profile: str) -> None:
    child = bpmn("child").start().script_task("s", "= a + 1", format="feel", attrs={"camunda:resultVariable": "b"})
    failing = child.end("boom", error="E")
    model = bpmn("p").start().call_activity("call", "child", ins={"x": "a"}, outs={"b": "y"}, business_key="${key}")
    model = model.boundary("caught", error=error("E", error_code_variable="code")).end("handled").at("call").end("done")
    caught = World(model, failing, profile=profile).start("p", {"x": 1, "key": "k"})
    assert caught.trace("+").endswith("+caught +handled")
    assert caught.variables["y"] == 2
    assert caught.variables["code"] == "E"
    plain = (
        bpmn("child").start().script_task("s", "= a + 1", format="feel", attrs={"camunda:resultVariable": "b"}).end()
    )
    world = World(model, plain, profile=profile)
    good = world.start("p", {"x": 4, "key": "k"})
    assert good.variables["y"] == 5
    called = next(r for r in world.runs.values() if r.definition.process_id == "child")
    assert called.state.business_key == "k"
    assert "x" not in called.variables


@BOTH
def test_22_terminate_ends_its_scope_and_nothing_outside(profile: str) -> None:
    def scope(b: Builder) -> Builder:
        return (
            b.start("in")
            .parallel("f")
            .user_task("u")
            .end("o")
            .branch(at="f")
            .user_task("t")
            .end("kill", terminate=True)
        )

    inner = scope(bpmn("p").start().subprocess("sub")).up().user_task("after").end("done")
    assert run(inner, profile=profile).complete("t").active == ["after"]
    root = run(scope(bpmn("p")), profile=profile).complete("t")
    assert root.ended
    assert root.outcome == "completed"
    each = scope(bpmn("p").start().subprocess("sub", mi=multi(cardinality="2"))).up().end("done")
    one = run(each, profile=profile).complete("t")
    assert one.active.count("u") == 1


@BOTH
def test_23_links_jump_inside_their_scope(profile: str) -> None:
    model = bpmn("p").start().exclusive("g").when("= x").throw("t1", link="L").otherwise(at="g").throw("t2", link="L")
    model = model.apart().catch("land", link="L").end("done")
    for x in (True, False):
        assert run(model, profile=profile, x=x).trace("+").endswith("+land +done")


# -- errors and escalations


def catching(**codes: str | bool) -> Builder:
    b = bpmn("p").start().subprocess("sub").start("in").end("boom", error="E").up()
    for id, code in codes.items():
        b = b.boundary(id, on="sub", error=code).end(f"{id}_end")
    return b.at("sub").end("done")


@BOTH
def test_24_error_lookup_goes_outwards_and_specific_first(profile: str) -> None:
    assert run(catching(all=True, special="E"), profile=profile).trace("+").endswith("+special +special_end")
    assert run(catching(all=True, other="F"), profile=profile).trace("+").endswith("+all +all_end")
    both = bpmn("p").start().subprocess("sub").start("in").end("boom", error="E")
    both = both.event_subprocess("es").start("s", error=True).end("inside").up().up()
    both = both.boundary("edge", error="E").end("outside").at("sub").end("done")
    assert run(both, profile=profile).trace("+").endswith("+es +s +inside +done")


@BOTH
def test_25_the_throwers_own_boundary_comes_first(profile: str) -> None:
    model = bpmn("p").start().subprocess("sub").start("in").service_task("work", topic="t")
    model = model.boundary("own", error="E").end("near").at("work").end("out")
    model = model.event_subprocess("es").start("s", error="E").end("far").up().up().end("done")
    assert run(model, profile=profile).throw_error("work", "E").trace("+").endswith("+own +near +done")


def test_26_an_uncaught_error_is_an_incident_or_ends_its_path() -> None:
    model = bpmn("p").start().service_task("work", topic="t").end()
    camunda = run(model, profile="c7").throw_error("work", "E")
    assert camunda.ended
    assert camunda.trace("#") == ""
    strict = run(model, profile="spec").throw_error("work", "E")
    assert strict.trace("#") == "#work"
    assert strict.resolve().complete("work").ended


@BOTH
def test_27_an_event_subprocess_does_not_catch_what_it_throws(profile: str) -> None:
    model = bpmn("p").start().subprocess("sub").start("in").end("boom", error="E")
    model = model.event_subprocess("es").start("s", error="E").end("again", error="E").up().up()
    model = model.boundary("edge", error="E").end("outside").at("sub").end("done")
    assert run(model, profile=profile).trace("+").endswith("+again +edge +outside")


@BOTH
def test_28_a_technical_failure_is_an_incident_never_an_error(profile: str) -> None:
    model = bpmn("p").start().service_task("work", type="job").boundary("all", error=True).end("e").at("work").end()
    failed = run(model, profile=profile).fail("work")
    assert failed.trace("#") == "#work"
    assert failed.active == ["work"]


@BOTH
def test_29_escalations(profile: str) -> None:
    def model(interrupting: bool) -> Builder:
        b = bpmn("p").start().subprocess("sub").start("in").throw("up", escalation="E").user_task("on").end("out").up()
        b = b.boundary("heard", interrupting=interrupting, escalation="E").user_task("handle").end("h")
        return b.at("sub").end("done")

    assert run(model(False), profile=profile).active == ["handle", "on", "sub"]
    assert run(model(True), profile=profile).active == ["handle"]
    alone = run(bpmn("p").start().throw("up", escalation="E").user_task("on").end(), profile=profile)
    assert alone.active == ["on"]
    task = run(bpmn("p").start().user_task("t").end(), profile=profile)
    refused = task.attempt(c.ThrowEscalation(task.world.now, task.wait("t").key, "E"))
    assert isinstance(refused, c.Rejection)
