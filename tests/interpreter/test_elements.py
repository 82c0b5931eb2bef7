"""The lists that a new element must be entered in: behaviour table, file, generator for property tests, docs, and a
model that runs."""

from __future__ import annotations

import dataclasses
import inspect
import re
from pathlib import Path

import pytest

from interpreter import codec
from interpreter.bpmn.builder import Builder, bpmn
from interpreter.definition import SCOPE_KINDS, dump_definition, load_definition
from interpreter.elements import table
from interpreter.elements.behavior import Behavior
from interpreter.features import PROFILES
from interpreter.triggers import table as triggers
from ostinato.testing.world import definitions_of, run
from tests.interpreter.processes import STRATEGIES, block_process

ROOT = Path(__file__).resolve().parents[2]
DOCS = (ROOT / "docs" / "elements.md").read_text(encoding="utf-8")
ROWS = set(re.findall(r"^\| `(\w+)` \|", DOCS, re.MULTILINE))

# One model per kind, in which an instance of it is activated without anybody's help.
MODELS: dict[str, Builder] = {
    "process": bpmn("p").start().end(),
    "startEvent": bpmn("p").start().end(),
    "endEvent": bpmn("p").start().end(),
    "intermediateThrowEvent": bpmn("p").start().throw("t").end(),
    "intermediateCatchEvent": bpmn("p").start().catch("c", timer="PT1H").end(),
    "boundaryEvent": bpmn("p").start().user_task("u").boundary("b", condition="= true").end(),
    "task": bpmn("p").start().task("t").end(),
    "manualTask": bpmn("p").start().manual_task("t").end(),
    "serviceTask": bpmn("p").start().service_task("t", type="job").end(),
    "sendTask": bpmn("p").start().send_task("t", message="m").end(),
    "receiveTask": bpmn("p").start().receive_task("t", message="m").end(),
    "userTask": bpmn("p").start().user_task("t").end(),
    "scriptTask": bpmn("p").start().script_task("t", "1", format="feel").end(),
    "businessRuleTask": bpmn("p").start().business_rule_task("t", decision="d").end(),
    "callActivity": bpmn("p").start().call_activity("t", "called").end(),
    "subProcess": bpmn("p").start().subprocess("s").start("i").end("o").up().end(),
    "transaction": bpmn("p").start().transaction("s").start("i").end("o").up().end(),
    "adHocSubProcess": bpmn("p").start().adhoc("s").task("a").up().end(),
    "eventSubProcess": bpmn("p")
    .start()
    .user_task("u")
    .end()
    .event_subprocess("s")
    .start("i", condition="= true")
    .end("o")
    .up(),
    "exclusiveGateway": bpmn("p").start().exclusive("g").end(),
    "parallelGateway": bpmn("p").start().parallel("g").end(),
    "inclusiveGateway": bpmn("p").start().inclusive("g").end(),
    "complexGateway": bpmn("p").start().complex("g", activation="= activationCount >= 1").end(),
    "eventBasedGateway": bpmn("p").start().event_based("g").catch("c", timer="PT1H").end(),
}


def test_every_kind_is_in_every_list() -> None:
    kinds = set(table.BEHAVIORS)
    assert set(MODELS) == kinds
    assert set(STRATEGIES) == kinds
    assert kinds <= ROWS, kinds - ROWS
    assert set(triggers.READERS) <= ROWS, set(triggers.READERS) - ROWS
    assert set(table.READERS) <= kinds
    assert kinds >= SCOPE_KINDS


def test_every_feature_is_documented() -> None:
    assert {name for names in PROFILES.values() for name in names} <= ROWS


@pytest.mark.parametrize("kind", sorted(table.BEHAVIORS))
def test_the_file_of_a_kind_says_what_it_is(kind: str) -> None:
    behavior = table.BEHAVIORS[kind]
    assert isinstance(behavior, Behavior)
    module = inspect.getmodule(type(behavior))
    assert module is not None
    assert module.__doc__
    assert "BPMN 2.0.2" in module.__doc__
    assert module.__name__.startswith("interpreter.elements.")


@pytest.mark.parametrize("profile", sorted(PROFILES))
@pytest.mark.parametrize("kind", sorted(MODELS))
def test_a_model_of_each_kind_runs(kind: str, profile: str) -> None:
    model = MODELS[kind]
    instance = run(model, profile=profile)
    activated = {instance.definition.nodes[n].kind for mark, n in instance.steps() if mark == "+"} | {"process"}
    assert kind in activated
    assert not instance.incidents


@pytest.mark.parametrize("seed", range(10))
def test_definitions_survive_dump_and_load(seed: int) -> None:
    definition = definitions_of(block_process(seed))[0]
    dumped = dump_definition(definition)
    loaded = load_definition(dumped)
    assert loaded.hash == definition.hash == dumped["hash"]
    assert dump_definition(loaded) == dumped


def test_every_registered_dataclass_has_a_json_form() -> None:
    for name, cls in codec.registered().items():
        assert dataclasses.is_dataclass(cls), name
        assert cls.__name__ == name


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"t": "CompleteWait", "now": "x", "wait": 1}, "CompleteWait.now"),
        ({"t": "CompleteWait", "now": 1}, "CompleteWait.wait"),
        ({"t": "CompleteWait", "now": 1, "wait": 1, "zzz": 1}, "zzz"),
        ({"t": "Nothing"}, "Nothing"),
        ([], "Expected an object"),
        ({"t": "WaitOpened", "wait": {"t": "JobWait", "key": True}}, "WaitOpened.wait.JobWait.key"),
    ],
)
def test_bad_json_names_the_field(data: object, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        codec.from_json(data)
