"""What reaches beyond the instance: data stores, and effects that could not be performed."""

from __future__ import annotations

from typing import Any

from interpreter import commands as c
from interpreter.bpmn.builder import bpmn
from interpreter.codec import to_json
from interpreter.effects import PublishMessage, RepeatEffect
from interpreter.step import Step
from interpreter.waits import JobWait
from ostinato.testing.world import Run, World

STORE = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="t">
  <dataStore id="ds" name="prices"/>
  <process id="stored" isExecutable="true">
    <dataStoreReference id="ref" dataStoreRef="ds"/>
    <startEvent id="start"/>
    <sequenceFlow id="f1" sourceRef="start" targetRef="look"/>
    <userTask id="look">
      <ioSpecification><dataInput id="in" name="seen"/><dataOutput id="out" name="given"/><inputSet/><outputSet/>
      </ioSpecification>
      <dataInputAssociation><sourceRef>ref</sourceRef><targetRef>in</targetRef></dataInputAssociation>
      <dataOutputAssociation><sourceRef>out</sourceRef><targetRef>ref</targetRef></dataOutputAssociation>
    </userTask>
    <sequenceFlow id="f2" sourceRef="look" targetRef="end"/>
    <endEvent id="end"/>
  </process>
</definitions>"""


def seen(run: Run) -> Any:
    (element,) = [e for e in run.state.elements.values() if e.node == "look"]
    return element.variables.get("seen")


def complete(run: Run, **variables: Any) -> None:
    (wait,) = run.state.waits
    run.do(c.CompleteWait(run.world.now, wait, variables))


def test_a_later_instance_reads_what_an_earlier_one_wrote() -> None:
    world = World(STORE.encode())
    first = world.start("stored")
    assert seen(first) is None
    complete(first, given={"a": 1})
    assert first.state.ended
    assert world.data_stores == {"prices": {"a": 1}}
    second = world.start("stored")
    assert seen(second) == {"a": 1}
    world.data_stores["prices"] = 3
    assert seen(second) == {"a": 1}, "it is read before the activity, not while it runs"


def test_reading_is_a_job_and_waits() -> None:
    world = World(STORE.encode())
    run = world.start("stored", settle=False)
    (wait,) = run.state.waits.values()
    assert isinstance(wait, JobWait)
    assert (wait.kind, wait.type, wait.headers) == ("data_store", "prices", {"stores": ["prices"]})
    run.do(c.FailWait(world.now, wait.key, "no answer"), settle=False)
    (incident,) = run.state.incidents.values()
    assert (incident.node, incident.wait) == ("look", wait.key)
    run.do(c.ResolveIncident(world.now, incident.key))
    assert seen(run) is None
    assert not run.state.incidents


def _throws() -> tuple[World, Run, c.FailEffect]:
    world = World(bpmn("p").start().throw("tell", message="m").user_task("a").end())
    run = world.start("p")
    (message,) = run.messages
    failure = c.FailEffect(world.now, "id-1", to_json(message), message.node, "no answer")
    run.do(failure)
    return world, run, failure


def test_an_effect_that_failed_is_asked_for_again_under_its_id() -> None:
    world, run, failure = _throws()
    (incident,) = run.state.incidents.values()
    assert (incident.type, incident.node, incident.element) == ("failedEffect", "tell", 1)
    result = run.attempt(c.ResolveIncident(world.now, incident.key))
    assert isinstance(result, Step)
    assert result.effects == [RepeatEffect("id-1", failure.effect)]
    assert not run.state.incidents
    world.settle()
    assert [message.name for message in run.messages] == ["m", "m"]


def test_an_instance_waits_for_its_effects_before_it_completes() -> None:
    world, run, _ = _throws()
    complete(run)
    assert not run.state.ended
    assert not run.state.waits
    (incident,) = run.state.incidents
    run.do(c.ResolveIncident(world.now, incident))
    assert run.state.ended
    assert not run.state.incidents


def test_an_instance_that_is_over_has_the_incident_too() -> None:
    world = World(bpmn("p").start().end("done", message="m"))
    run = world.start("p")
    assert run.state.ended
    (message,) = run.messages
    run.do(c.FailEffect(world.now, "id-1", to_json(message), "done", "no answer"))
    (incident,) = run.state.incidents.values()
    assert incident.node == "done"
    result = run.attempt(c.ResolveIncident(world.now, incident.key))
    assert isinstance(result, Step)
    assert [type(effect) for effect in result.effects] == [RepeatEffect]
    assert not run.state.incidents
    assert isinstance(run.attempt(c.CompleteWait(world.now, 3)), c.Rejection)


def test_the_effect_of_an_instance_that_is_over_can_be_given_up() -> None:
    world = World(bpmn("p").start().end("done", message="m"))
    run = world.start("p")
    assert isinstance(run.attempt(c.CancelInstance(world.now)), c.Rejection)
    run.do(c.FailEffect(world.now, "id-1", to_json(run.messages[0]), "done", "no answer"))
    run.do(c.CancelInstance(world.now))
    assert not run.state.incidents
    assert run.state.outcome == "completed"
    assert isinstance(run.attempt(c.CancelInstance(world.now)), c.Rejection)


def test_an_effect_of_nobody_in_particular_belongs_to_the_process() -> None:
    world = World(bpmn("p").start().user_task("a").end())
    run = world.start("p")
    run.do(c.FailEffect(world.now, "id-1", to_json(PublishMessage("m")), "", "no answer"))
    (incident,) = run.state.incidents.values()
    assert incident.node == "p"
    run.do(c.CancelInstance(world.now))
    assert run.state.ended
    assert not run.state.incidents
