"""Execution listeners as jobs: where they hold the token, what they see and set, what happens when they fail."""

from __future__ import annotations

from typing import Any

import pytest

from interpreter import commands as c
from interpreter import features as f
from interpreter import queries
from interpreter.bpmn.builder import Builder, bpmn
from interpreter.bpmn.parts import El, el, multi, timer
from interpreter.waits import JobWait, UserTaskWait
from ostinato.testing.world import Run, World, run

BOTH = pytest.mark.parametrize("profile", ["c7", "spec"])


def camunda(event: str | None, name: str, *fields: El) -> El:
    return el("camunda:executionListener", *fields, event=event, class_=name)


def zeebe(*listeners: tuple[str, str], retries: str | None = None) -> El:
    return el(
        "zeebe:executionListeners",
        *[el("zeebe:executionListener", eventType=event, type=type, retries=retries) for event, type in listeners],
    )


def open_jobs(r: Run) -> list[str]:
    return [w.type for w in r.state.waits.values() if isinstance(w, JobWait)]


# -- on sequence flows


@BOTH
def test_a_listener_of_a_sequence_flow_holds_its_token(profile: str) -> None:
    flow = [camunda("start", "first"), el("camunda:executionListener", expression="${execution.setVariable('b', a)}")]
    model = bpmn("p").start().user_task("u", flow_ext=[*flow, camunda(None, "second")]).end("done")
    r = run(model, profile=profile, a=1)
    assert (open_jobs(r), r.active) == (["first"], [])
    assert r.complete("first", a=7).variables["b"] == 7, "what the job says is there for those behind it"
    assert open_jobs(r) == ["second"]
    assert r.complete("second").active == ["u"]


@pytest.mark.parametrize(("profile", "join"), [("c7", "parallel"), ("spec", "parallel"), ("spec", "inclusive")])
def test_a_join_waits_for_a_token_that_a_listener_holds(profile: str, join: str) -> None:
    model = getattr(bpmn("p").start().parallel("fork").task("a"), join)("join", flow_ext=[camunda(None, "slow")])
    model = model.user_task("after").end().branch(at="fork").task("b").to("join")
    r = run(model, profile=profile)
    assert r.active == []
    assert r.complete("slow").active == ["after"]


def test_c7_and_a_flow_listener_before_an_inclusive_join() -> None:
    """In c7 the join is looked at when a token arrives: the held one is seen on its way."""
    model = bpmn("p").start().inclusive("fork").task("a").inclusive("join", flow_ext=[camunda(None, "slow")])
    model = model.user_task("after").end().branch(at="fork").task("b").to("join")
    r = run(model, profile="c7")
    assert r.active == []
    assert r.complete("slow").active == ["after"]


@BOTH
def test_a_scope_is_not_done_while_a_flow_listener_runs(profile: str) -> None:
    inner = bpmn("p").start().subprocess("s").start().end("in", flow_ext=[camunda(None, "slow")])
    model = inner.up().user_task("after").end().at("s").boundary("late", timer="PT1H").end("gone")
    r = run(model, profile=profile)
    assert r.active == ["s"]
    assert run(model, profile=profile).complete("slow").active == ["after"]
    assert open_jobs(r.advance("PT1H")) == [], "an interrupted scope takes its listeners with it"
    assert r.ended


@BOTH
def test_a_failed_flow_listener_is_an_incident_and_is_tried_again(profile: str) -> None:
    r = run(bpmn("p").start().user_task("u", flow_ext=[camunda(None, "slow")]).end(), profile=profile)
    r.fail("slow", "no")
    (incident,) = r.state.incidents.values()
    assert (incident.type, incident.node, incident.message) == ("failedJob", "u", "no")
    r.do(c.ResolveIncident(r.world.now, incident.key))
    assert r.complete("slow").active == ["u"]


def test_an_error_of_a_flow_listener_is_caught_around_it() -> None:
    model = bpmn("p").start().subprocess("s").start().user_task("u", flow_ext=[camunda(None, "slow")]).end().up()
    model = model.end().at("s").boundary("caught", error="E").user_task("after").end()
    assert run(model).throw_error("slow", "E").active == ["after"]


def test_without_the_rule_flow_listeners_of_classes_are_passed_over() -> None:
    model = bpmn("p").start().user_task("u", flow_ext=[camunda(None, "slow")]).end()
    assert World(model, features=f.features_of("c7", rules=1)).start().active == ["u"]


# -- Zeebe's points


def test_zeebes_listeners_run_between_mappings_and_what_they_are_for() -> None:
    model = (
        bpmn("p")
        .start()
        .service_task(
            "s",
            type="work",
            zeebe_inputs={"x": "=n + 1"},
            zeebe_outputs={"out": "=x"},
            ext=[zeebe(("start", "before"), ("end", "after"), ("start", "before2"))],
        )
        .boundary("late", timer=timer(duration="=wait"))
        .end("gone")
        .back()
        .user_task("next")
        .end()
    )
    r = run(model, n=1)
    assert open_jobs(r) == ["before"], "the boundary event's timer is not there yet"
    assert queries.job_input(r.definition, r.state, r.wait("before"))["x"] == 2
    r.complete("before", x=10, wait="PT1H")
    assert "wait" not in r.variables, "what a start listener says stays in the element instance"
    r.complete("before2")
    assert len(r.state.waits) == 2
    r.complete("work")
    assert (open_jobs(r), r.variables["out"]) == (["after"], 10), "the outputs are there before an end listener"
    r.complete("after", out=11, more=True)
    assert (r.variables["out"], r.variables["more"], r.active) == (11, True, ["next"])


def test_zeebes_before_all_runs_once_and_can_make_the_collection() -> None:
    model = (
        bpmn("p")
        .start()
        .user_task(
            "u", mi=multi("=people", element="who", zeebe=True), ext=[zeebe(("beforeAll", "invite"), ("start", "each"))]
        )
    )
    r = run(model.end())
    assert open_jobs(r) == ["invite"]
    r.complete("invite", people=["ann", "bob"])
    assert open_jobs(r) == ["each", "each"]
    assert "people" not in r.variables
    assert r.complete("each").complete("each").active.count("u") == 3


def test_a_listener_of_zeebe_has_the_headers_and_retries_of_the_model() -> None:
    task_headers = el(
        "zeebe:taskHeaders", el("zeebe:header", key="a", value="1"), el("zeebe:header", key="b", value="2")
    )
    own = el("zeebe:taskHeaders", el("zeebe:header", key="b", value="3"))
    listener = el("zeebe:executionListener", own, eventType="start", type="=kind", retries="=n")
    model = bpmn("p").start().task("t", ext=[task_headers, el("zeebe:executionListeners", listener)]).end()
    (wait,) = run(model, kind="k", n=5).waits("t", JobWait)
    assert isinstance(wait, JobWait)
    assert (wait.type, wait.retries) == ("k", 5)
    assert wait.headers == {"a": "1", "b": "3", "phase": "start", "index": 0}


def test_a_class_is_given_its_fields() -> None:
    fields = [
        el("camunda:field", name="fixed", stringValue="yes"),
        el("camunda:field", el("camunda:expression", "${n + 1}"), name="sum"),
        el("camunda:field", name="bean", expression="${bean.method()}"),
    ]
    (wait,) = run(bpmn("p").start().task("t", ext=[camunda("start", "C", *fields)]).end(), n=1).waits("C", JobWait)
    assert isinstance(wait, JobWait)
    assert wait.headers["fields"] == {"fixed": "yes", "sum": 2, "bean": "${bean.method()}"}


# -- everywhere


@BOTH
@pytest.mark.parametrize("event", ["start", "end"])
def test_every_kind_of_node_and_the_process_wait_for_their_listeners(event: str, profile: str) -> None:
    def listened(name: str) -> dict[str, Any]:
        return {"ext": [zeebe((event, f"z_{name}")), camunda(event, f"c_{name}")]}

    model = (
        bpmn("p", **listened("p"))
        .start("in", **listened("in"))
        .exclusive("x", **listened("x"))
        .throw("t", **listened("t"))
        .parallel("g", **listened("g"))
        .subprocess("s", **listened("s"))
        .start("s_in")
        .end("s_out")
        .up()
        .script_task("f", "1", format="feel", **listened("f"))
        .end("out", **listened("out"))
    )
    r = run(model, profile=profile)
    seen: list[str] = []
    while not r.ended:
        (job,) = open_jobs(r)
        seen.append(job)
        r.complete(job)
    names = ["in", "x", "t", "g", "s", "f", "out"]
    first, second = ("z", "c") if event == "start" else ("c", "z")
    each = [f"{letter}_{name}" for name in names for letter in (first, second)]
    of_process = [f"{first}_p", f"{second}_p"]
    assert seen == ([*of_process, *each] if event == "start" else [*each, *of_process])


def test_what_is_cancelled_has_its_class_listeners_run_without_waiting() -> None:
    model = bpmn("p").start().user_task("u", ext=[camunda("end", "C"), zeebe(("end", "Z"))])
    model = model.boundary("late", timer="PT1H").end("gone").back().end()
    r = run(model, n=1).advance("PT1H")
    assert r.ended
    (listener,) = r.listeners
    assert (listener.type, listener.node, listener.variables["n"]) == ("C", "u", 1)
    quiet = run(model, n=1)
    quiet.do(c.CancelInstance(quiet.world.now, skip_listeners=True))
    assert quiet.listeners == []


def test_a_late_signal_throw_runs_its_flow_listeners_once() -> None:
    count = el("camunda:executionListener", expression="${execution.setVariable('n', n + 1)}")
    model = bpmn("p").start().parallel("fork").throw("s", signal="S", flow_ext=[count]).end()
    model = model.branch(at="fork").task("other").end()
    assert run(model, profile="spec", n=0).variables["n"] == 1


# -- asynchronous continuations of inner instances


@BOTH
@pytest.mark.parametrize("sequential", [True, False])
def test_async_before_and_after_of_the_loop_are_those_of_each_inner_instance(profile: str, sequential: bool) -> None:
    loop = multi(
        cardinality=2, sequential=sequential, until="= nrOfCompletedInstances > 5", async_before=True, async_after=True
    )
    loop.element.extension(el("camunda:failedJobRetryTimeCycle", "R7/PT1M"))
    model = bpmn("p").start().task("t", mi=loop, async_before=True, async_after=True, retry_cycle="R4/PT2M").end()
    world = World(model, profile=profile)
    r = world.start(settle=False)
    seen: list[tuple[str, int]] = []
    while not r.ended:
        waits = r.waits("t", JobWait)
        assert len(waits) == 1 or not sequential
        wait = waits[0]
        assert isinstance(wait, JobWait)
        seen.append((wait.kind, wait.retries))
        r.do(c.CompleteWait(world.now, wait.key), settle=False)
    inner = [("async_before", 7), ("async_after", 7)]
    assert seen[0] == ("async_before", 4)
    assert seen[-1] == ("async_after", 4)
    assert sorted(seen[1:-1]) == sorted([*inner, *inner])
    if sequential:
        assert seen[1:-1] == [*inner, *inner]


def test_an_inner_instance_counts_as_completed_after_its_asynchronous_continuation() -> None:
    loop = multi(cardinality=2, until="${nrOfCompletedInstances == 1}", async_after=True)
    model = bpmn("p").start().user_task("u", mi=loop).boundary("late", timer="PT1H").end("gone").back().end()

    def completed() -> Run:
        r = World(model).start()
        user_task = next(w for w in r.waits("u") if isinstance(w, UserTaskWait))
        r.do(c.CompleteWait(r.world.now, user_task.key), settle=False)
        assert not r.ended
        return r

    r = completed()
    r.do(c.CompleteWait(r.world.now, r.wait("u", JobWait).key))
    assert r.ended
    interrupted = completed()
    interrupted.do(c.FireTimer(r.world.now, interrupted.wait("late").key), settle=False)
    assert interrupted.ended, "the boundary event of the body takes it along"


# -- leaving


def leaving(**options: Any) -> Builder:
    b = bpmn("p").start().subprocess("s", **options).start().user_task("in").end()
    b = b.event_subprocess("es").start("es_in", interrupting=False, condition="= go").user_task("handled").end().up()
    return b.up().user_task("after").end()


def test_a_scope_that_leaves_listens_no_more() -> None:
    old = f.features_of("spec", rules=1)
    for features, lost in ((None, False), (old, True)):
        held = World(leaving(ext=[camunda("end", "C")]), profile="spec", features=features).start(None, {"go": False})
        held.complete("in").set(go=True)
        assert ("handled" in held.active) is lost
        held.complete("C")
        assert held.active == (["after", "es", "handled"] if lost else ["after"])
    mapped = World(leaving(outputs={"go": "${true}"}), profile="spec").start(None, {"go": False}).complete("in")
    assert mapped.active == ["after"]
    assert "+handled" not in mapped.trace("+")


def test_what_is_started_by_hand_in_a_scope_that_leaves_is_waited_for() -> None:
    r = World(leaving(ext=[camunda("end", "C")]), profile="spec").start(None, {"go": False}).complete("in")
    r.do(c.ModifyInstance(r.world.now, (c.ModificationInstruction("startBeforeActivity", "in"),)))
    assert r.complete("C").active == ["in", "s"]
    assert open_jobs(r.complete("in")) == ["C"], "it leaves once more"
    assert r.complete("C").active == ["after"]


def test_listeners_are_explained() -> None:
    model = bpmn("p").start().user_task("u", flow_ext=[camunda(None, "F")], ext=[_completing()]).end()
    r = run(model)
    assert [e["why"] for e in r.explain()] == [
        "The take listener 'F' of sequence flow 'start-u' is at work (3 retries)."
    ]
    assert [e["why"] for e in r.complete("F").complete("u").explain()] == [
        "userTask 'u' waits for its listeners.",
        "The complete listener 'Z' of userTask 'u' is at work (3 retries).",
    ]


def _completing() -> El:
    return el("zeebe:taskListeners", el("zeebe:taskListener", eventType="completing", type="Z"))
