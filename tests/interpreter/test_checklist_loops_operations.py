"""The semantics that BPMN engines get wrong, 53 to 65: loops, multi-instance, variables, jobs, operations.

Each test bears the number of its line in the list.
"""

from __future__ import annotations

import pytest

from interpreter import calendar
from interpreter import commands as c
from interpreter import events as ev
from interpreter.bpmn.builder import Builder, bpmn, el
from interpreter.bpmn.parts import loop, multi
from interpreter.state import dump_state, load_state
from interpreter.waits import JobWait, UserTaskWait
from ostinato.testing.world import Run, World, run

BOTH = pytest.mark.parametrize("profile", ["c7", "spec"])


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
