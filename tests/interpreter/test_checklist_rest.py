"""The semantics that BPMN engines get wrong, 30 to 65: compensation, messages, conditions, timers, loops, variables,
operations.

Each test bears the number of its line in the list. What concerns several instances (routing of messages and signals,
deployments) is tested where it lives; here is the engine's part.
"""

from __future__ import annotations

import pytest

from interpreter import calendar
from interpreter import commands as c
from interpreter import events as ev
from interpreter.bpmn.builder import Builder, bpmn, el
from interpreter.bpmn.parts import loop, multi, timer
from interpreter.state import dump_state, load_state
from interpreter.waits import JobWait, TimerWait, UserTaskWait
from ostinato.testing.world import Run, World, run

BOTH = pytest.mark.parametrize("profile", ["c7", "spec"])


def undoable(b: Builder, id: str, **options: object) -> Builder:
    return (
        b.service_task(id, type="job", **options)
        .boundary(f"c_{id}", compensation=True)
        .handler("service_task", f"undo_{id}", type="undo")
    )


def jobs(r: Run, type: str) -> list[str]:
    return [w.node for w in r.waits(type, JobWait)]


# -- compensation and transactions


@BOTH
def test_30_each_completion_can_be_compensated(profile: str) -> None:
    model = undoable(bpmn("p").start().exclusive("head"), "a").exclusive("again").when("= n < 2").to("head")
    model = model.otherwise(at="again").throw("undo", compensation=True).end()
    twice = run(model, profile=profile, n=0)
    twice.complete("a", n=1).complete("a", n=2)
    handled = 0
    while jobs(twice, "undo"):
        twice.complete("undo")
        handled += 1
    assert handled == 2
    assert twice.ended


def test_31_reverse_order_and_the_thrower_waits() -> None:
    def model() -> Builder:
        b = undoable(undoable(bpmn("p").start(), "a"), "b")
        return b.throw("undo", compensation=True).user_task("after").end()

    strict = run(model(), profile="spec").complete("a").complete("b")
    assert jobs(strict, "undo") == ["undo_b"]
    assert "after" not in strict.active
    assert jobs(strict.complete("undo_b"), "undo") == ["undo_a"]
    assert strict.complete("undo_a").active == ["after"]
    concurrent = run(model(), profile="c7").complete("a").complete("b")
    assert jobs(concurrent, "undo") == ["undo_b", "undo_a"]


@BOTH
def test_32_only_completed_subprocesses_are_compensated(profile: str) -> None:
    model = bpmn("p").start().parallel("f").subprocess("sub").start("in")
    model = undoable(model, "a").user_task("u").end("out").up().end("e1")
    model = model.branch(at="f").user_task("go").throw("undo", compensation=True).end("e2")
    unfinished = run(model, profile=profile).complete("a").complete("go")
    assert jobs(unfinished, "undo") == []


@BOTH
def test_33_handlers_of_a_subprocess_see_its_variables_as_they_were(profile: str) -> None:
    model = bpmn("p").start().subprocess("sub", inputs={"inner": "${outer}"}).start("in")
    model = undoable(model, "a").end("out").up().user_task("u").throw("undo", compensation=True).end()
    snapshot = run(model, profile=profile, outer=1).complete("a").complete("u", outer=2)
    snapshot.state = load_state(dump_state(snapshot.state))
    handler = snapshot.wait("undo_a")
    from interpreter.queries import job_input

    seen = job_input(snapshot.definition, snapshot.state, handler)
    assert (seen["inner"], seen["outer"]) == (1, 2)


@BOTH
def test_34_a_compensation_event_subprocess_consumes_the_throw(profile: str) -> None:
    model = bpmn("p").start().subprocess("sub").start("in")
    model = undoable(model, "a").end("out")
    model = (
        model.event_subprocess("es").start("s", compensation=True).service_task("instead", type="instead").end("e").up()
    )
    model = model.up().throw("undo", compensation=True).end("done")
    handled = run(model, profile=profile).complete("a")
    assert jobs(handled, "undo") == []
    assert jobs(handled, "instead") == ["instead"]
    assert handled.complete("instead").ended


@BOTH
def test_35_a_multi_instance_is_compensated_once_per_instance_when_all_have_ended(profile: str) -> None:
    model = undoable(bpmn("p").start().parallel("f"), "many", mi=multi(cardinality="2"))
    model = (
        model.user_task("after").end("e1").branch(at="f").user_task("early").throw("undo", compensation=True).end("e2")
    )
    early = run(model, profile=profile).complete("many").complete("early")
    assert jobs(early, "undo") == []
    late = run(model, profile=profile).complete("many").complete("many").complete("early")
    seen = []
    while jobs(late, "undo"):
        wait = late.wait("undo")
        seen.append(late.state.elements[wait.element].variables["loopCounter"])
        late.complete("undo")
    assert len(set(seen)) == 2


@BOTH
def test_36_what_is_compensated_is_not_compensated_again(profile: str) -> None:
    model = undoable(bpmn("p").start(), "a").throw("u1", compensation=True).throw("u2", compensation=True).end()
    assert run(model, profile=profile).complete("a").complete("undo_a").ended


@BOTH
def test_37_an_error_in_a_handler_comes_from_the_throwing_event(profile: str) -> None:
    model = bpmn("p").start().subprocess("tx").start("in")
    model = undoable(model, "a").throw("undo", compensation=True).end("out").up()
    model = model.boundary("edge", error="E").end("outside").at("tx").end("done")
    failing = run(model, profile=profile).complete("a").throw_error("undo_a", "E")
    assert failing.trace("+").endswith("+edge +outside")


@BOTH
def test_38_cancel_interrupts_compensates_then_leaves(profile: str) -> None:
    model = bpmn("p").start().transaction("tx").start("in").parallel("f")
    model = (
        undoable(model, "a").user_task("go").end("stop", cancel=True).branch(at="f").user_task("other").end("o").up()
    )
    model = (
        model.boundary("cancelled", cancel=True).end("undone").boundary("hazard", on="tx", error=True).end("hazarded")
    )
    model = model.at("tx").end("done")
    tx = run(model, profile=profile).complete("a").complete("go")
    assert tx.active == ["stop", "tx", "undo_a"]
    assert tx.complete("undo_a").trace("+").endswith("+cancelled +undone")
    hazard = run(model, profile=profile).complete("a")
    hazard.throw_error("go", "X")
    assert jobs(hazard, "undo") == []
    assert hazard.trace("+").endswith("+hazard +hazarded")


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


# -- loops, multi-instance, variables


@BOTH
def test_53_the_collection_is_evaluated_once_and_may_be_empty(profile: str) -> None:
    model = bpmn("p").start().user_task("u", mi=multi("${items}", element="item", sequential=True)).end()
    assert run(model, profile=profile, items=[]).ended
    once = run(model, profile=profile, items=[1, 2])
    once.set(items=[1, 2, 3, 4])
    assert once.complete("u").complete("u").ended
    wrong = run(model, profile=profile, items=5)
    assert wrong.trace("#") == "#u"


@BOTH
def test_54_completion_condition_and_counters(profile: str) -> None:
    model = bpmn("p").start().user_task("u", mi=multi(cardinality="3", until="${nrOfCompletedInstances >= 2}"))
    model = model.end()
    many = run(model, profile=profile)
    body = next(e for e in many.state.elements.values() if e.multi == "body")
    assert body.variables == {"nrOfInstances": 3, "nrOfCompletedInstances": 0, "nrOfActiveInstances": 3}
    many.complete("u").complete("u")
    assert many.ended
    assert many.trace("x") == "xu"
    row = run(bpmn("p").start().user_task("u", mi=multi(cardinality="3", sequential=True)).end(), profile=profile)
    body = next(e for e in row.state.elements.values() if e.multi == "body")
    assert body.variables["nrOfActiveInstances"] == 1
    counter = next(e for e in row.state.elements.values() if e.multi == "inner").variables["loopCounter"]
    assert counter == (0 if profile == "c7" else 1)


@BOTH
def test_55_outputs_keep_the_order_of_the_inputs(profile: str) -> None:
    model = (
        bpmn("p")
        .start()
        .service_task(
            "s",
            type="job",
            zeebe_outputs={"doubled": "=result"},
            mi=multi("=items", element="item", output_collection="all", output_element="=item * 2", zeebe=True),
        )
        .end()
    )
    many = run(model, profile=profile, items=[1, 2, 3])
    for wait in reversed(many.waits("s")):
        many.do(c.CompleteWait(many.world.now, wait.key, {"result": 1}))
    assert many.variables["all"] == [2, 4, 6]


def test_56_standard_loop() -> None:
    def times(profile: str = "spec", **options: object) -> int:
        again = run(bpmn("p").start().user_task("u", loop=loop("= n < 3", **options)).end(), profile=profile, n=0)
        count = 0
        while not again.ended:
            count += 1
            again.complete("u", n=count)
        return count

    assert times() == 3
    assert times(maximum=2) == 2
    assert times(test_before=True) == 3
    assert times("c7") == 1
    skipped = run(bpmn("p").start().user_task("u", loop=loop("= n < 3", test_before=True)).end(), profile="spec", n=3)
    assert skipped.ended


@BOTH
def test_57_where_variables_go(profile: str) -> None:
    model = bpmn("p").start().user_task("u", inputs={"local": "1"}, outputs={"out": "${local}"}).user_task("v").end()
    done = run(model, profile=profile).complete("u", local=2, fresh=3)
    assert done.variables == {"fresh": 3, "out": 2}
    cancelled = (
        bpmn("p").start().user_task("u", outputs={"out": "1"}).boundary("t", timer="PT1H").end("e").at("u").end()
    )
    assert "out" not in run(cancelled, profile=profile).advance("PT1H").variables


@BOTH
def test_58_input_order_matters_and_results_stay_local_with_outputs(profile: str) -> None:
    model = bpmn("p").start().user_task("u", inputs={"a": "1", "b": "${a}2"}).end()
    chained = run(model, profile=profile)
    assert chained.state.elements[chained.element("u")].variables == {"a": "1", "b": "12"}
    zeebe = bpmn("p").start().service_task("s", type="job", zeebe_outputs={"kept": "=result"}).end()
    mapped = run(zeebe, profile=profile).complete("s", result=1, dropped=2)
    assert mapped.variables == {"kept": 1}


@BOTH
def test_59_asynchronous_continuations_are_jobs(profile: str) -> None:
    model = bpmn("p").start().task("t", attrs={"camunda:asyncBefore": "true", "camunda:asyncAfter": "true"}).end()
    world = World(model, profile=profile)
    durable = Run(world, world.definitions["p"], "i")
    durable.attempt(c.StartInstance(0, "i"))
    before = durable.wait("t", JobWait)
    assert isinstance(before, JobWait)
    assert (before.kind, before.element) == ("async_before", 1)
    durable.attempt(c.CompleteWait(0, before.key))
    after = durable.wait("t", JobWait)
    assert isinstance(after, JobWait)
    assert after.kind == "async_after"
    assert durable.trace("+-") == "+start -start +t -t"
    durable.attempt(c.CompleteWait(0, after.key))
    assert durable.ended


def test_60_retry_time_cycles() -> None:
    assert calendar.retry_cycle("R5/PT5M") == (5, (300_000,))
    assert calendar.retry_cycle("PT10M,PT17M") == (3, (600_000, 1_020_000))
    model = bpmn("p").start().service_task("s", class_="x.Y", retry_cycle="R2/PT5M").end()
    failing = run(model)
    wait = failing.wait("s", JobWait)
    assert isinstance(wait, JobWait)
    assert (wait.retries, wait.retry_after) == (2, (300_000,))
    failing.fail("s", retries=1)
    assert not failing.incidents
    failing.fail("s", "broken")
    assert failing.incidents == ["broken"]
    failing.do(c.ChangeWait(failing.world.now, wait.key, retries=3))
    assert not failing.incidents
    assert failing.complete("s").ended


@BOTH
def test_61_ad_hoc_subprocesses(profile: str) -> None:
    def model(**options: object) -> Builder:
        b = bpmn("p").start().adhoc("adhoc", **options).user_task("a").apart().user_task("b").up()
        return b.at("adhoc").end("done")

    both = run(model(), profile=profile)
    assert both.active == ["a", "adhoc", "b"]
    row = run(model(ordering="Sequential"), profile=profile)
    assert row.active == ["a", "adhoc"]
    assert row.complete("a").active == ["adhoc", "b"]
    assert row.complete("b").ended
    enough = run(model(until="= enough"), profile=profile, enough=False).complete("a", enough=True)
    assert enough.ended
    assert enough.trace("x") == "xb"
    patient = run(model(until="= enough", cancel_remaining=False), profile=profile, enough=False).complete(
        "a", enough=True
    )
    assert patient.active == ["adhoc", "b"]
    again = run(model(until="= enough"), profile=profile, enough=False)
    again.do(c.ActivateAdHoc(again.world.now, again.element("adhoc"), ("a",)))
    assert again.active.count("a") == 2


@BOTH
def test_62_user_task_listeners_and_properties(profile: str) -> None:
    def listener(event: str) -> object:
        return el(
            "camunda:taskListener",
            event=event,
            expression="${execution.setVariable('log', log.concat('" + event[0] + "'))}",
        )

    model = (
        bpmn("p")
        .start()
        .user_task(
            "u",
            assignee="${boss}",
            candidate_groups="a,b",
            due_date="PT1H",
            priority="${40 + 2}",
            ext=[listener("create"), listener("assignment"), listener("complete"), listener("delete")],
        )
        .boundary("t", timer="PT2H")
        .end("e")
        .at("u")
        .end()
    )
    task = run(model, profile=profile, boss="ann", log="")
    wait = task.wait("u")
    assert isinstance(wait, UserTaskWait)
    assert (wait.assignee, wait.candidate_groups, wait.priority) == ("ann", ("a", "b"), 42)
    assert wait.due == task.world.now + 3_600_000
    assert task.variables["log"] == "ca"
    cancelled = run(model, profile=profile, boss="ann", log="").advance("PT2H")
    assert cancelled.variables["log"] == "cad"
    assert task.complete("u").variables["log"] == "cac"


@BOTH
def test_63_suspended_instances_take_nothing(profile: str) -> None:
    model = bpmn("p").start().parallel("f").user_task("u").end("a").branch(at="f").catch("m", message="m").end("b")
    still = run(model, profile=profile)
    still.suspend()
    for command in (
        c.CompleteWait(0, still.wait("u").key),
        c.TriggerEvent(0, still.wait("m").key),
        c.ThrowBpmnError(0, still.wait("u").key, "E"),
    ):
        refused = still.attempt(command)
        assert isinstance(refused, c.Rejection)
        assert refused.code == "suspended"
    assert still.resume().complete("u").message("m").ended


@BOTH
def test_64_modification_creates_missing_scopes_once(profile: str) -> None:
    model = (
        bpmn("p")
        .start()
        .user_task("first")
        .subprocess("sub")
        .start("in")
        .user_task("a")
        .user_task("b")
        .end("out")
        .up()
        .end()
    )
    moved = run(model, profile=profile)
    moved.modify(
        c.ModificationInstruction("startBeforeActivity", "b"),
        c.ModificationInstruction("startBeforeActivity", "a"),
        c.ModificationInstruction("cancel", "first"),
    )
    assert moved.active == ["a", "b", "sub"]
    several = (
        bpmn("p").start().subprocess("sub", mi=multi(cardinality="2")).start("in").user_task("a").end("out").up().end()
    )
    two = run(several, profile=profile)
    ambiguous = two.attempt(c.ModifyInstance(0, (c.ModificationInstruction("startBeforeActivity", "a"),)))
    assert isinstance(ambiguous, c.Rejection)
    inner = [e.key for e in two.state.elements.values() if e.multi == "inner"]
    two.modify(c.ModificationInstruction("startBeforeActivity", "a", ancestor=inner[1]))
    assert len(two.state.elements[inner[1]].children) == 2
    nothing = run(model, profile=profile)
    nothing.modify(c.ModificationInstruction("cancel", "first"))
    assert nothing.outcome == "cancelled"


@BOTH
def test_65_element_keys_are_never_used_twice(profile: str) -> None:
    model = (
        bpmn("p")
        .start()
        .exclusive("head")
        .user_task("u")
        .exclusive("x")
        .when("= n < 3")
        .to("head")
        .otherwise(at="x")
        .end()
    )
    looping = run(model, profile=profile, n=0)
    for n in range(1, 4):
        looping.state = load_state(dump_state(looping.state))
        looping.complete("u", n=n)
    keys = [e.key for e in looping.events if isinstance(e, ev.ElementActivated)]
    assert looping.ended
    assert len(keys) == len(set(keys))


def test_timers_of_catch_events_with_cycles_by_profile() -> None:
    model = bpmn("p").start().catch("t", timer=timer(cycle="R3/PT1H")).user_task("u").end()
    assert run(model, profile="c7").advance("P1D").active == ["u"]
    assert run(model, profile="spec").advance("P1D").active == ["u", "u", "u"]


@BOTH
def test_timeout_listeners_of_user_tasks(profile: str) -> None:
    listener = el(
        "camunda:taskListener",
        el("timerEventDefinition", el("timeDuration", "PT1H")),
        event="timeout",
        id="remind",
        expression="${execution.setVariable('late', true)}",
    )
    task = run(bpmn("p").start().user_task("u", ext=[listener]).end(), profile=profile).advance("PT2H")
    assert task.variables == {"late": True}
    assert task.active == ["u"]
    assert task.complete("u").ended


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


@BOTH
def test_ad_hoc_outputs_are_collected(profile: str) -> None:
    from interpreter import queries

    model = (
        bpmn("p")
        .start()
        .adhoc(
            "tools",
            ext=[
                el(
                    "zeebe:adHoc",
                    activeElementsCollection="=wanted",
                    outputCollection="results",
                    outputElement="=answer",
                )
            ],
        )
        .service_task("a", type="job", zeebe_outputs={"answer": "=x"})
        .apart()
        .service_task("b", type="job")
        .up()
    )
    tools = run(model.at("tools").end("done"), profile=profile, wanted=["a"])
    assert tools.active == ["a", "tools"]
    before = queries.state_at(tools.definition, tools.events, len(tools.events), tools.state.features)
    tools.complete("a", x=1)
    assert tools.ended
    assert tools.variables["results"] == [1]
    assert queries.diff(before, tools.state)["ended"] == [False, True]
