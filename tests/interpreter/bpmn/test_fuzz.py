"""Whatever bytes come in: a located refusal or a list of findings, soon and in little memory."""

from __future__ import annotations

import random
import time
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interpreter.bpmn.builder import bpmn
from interpreter.bpmn.deployment import prepare
from interpreter.bpmn.document import BpmnParseError, parse_bpmn
from interpreter.bpmn.validate import validate
from tests.interpreter.bpmn.models import definitions, flow, process

MODEL = (
    bpmn("order")
    .start(message="go")
    .user_task("approve", candidate_groups="sales")
    .boundary(timer="PT1H")
    .end()
    .back()
    .exclusive("ok")
    .when("= ok")
    .subprocess("sub")
    .start()
    .service_task("ship", type="ship")
    .end(error="E")
    .up()
    .end()
    .otherwise()
    .end()
    .xml()
)


def assert_located(data: bytes) -> None:
    prepared = prepare(data, name="fuzz.bpmn")
    for problem in prepared.problems:
        assert problem.rule
        assert problem.message
        if problem.severity == "error":
            assert problem.line >= 1
            assert problem.column >= 1


@given(st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_random_bytes(data: bytes) -> None:
    assert_located(data)


@given(st.integers(min_value=0, max_value=2**32))
@settings(max_examples=300, deadline=None)
def test_damaged_models(seed: int) -> None:
    rng = random.Random(seed)
    data = bytearray(MODEL)
    for _ in range(rng.randint(1, 6)):
        start = rng.randrange(len(data))
        match rng.randrange(4):
            case 0:
                data[start] = rng.randrange(256)
            case 1:
                del data[start : start + rng.randint(1, 40)]
            case 2:
                piece = data[start : start + rng.randint(1, 200)]
                at = rng.randrange(len(data))
                data[at:at] = piece
            case _:
                data[start:start] = rng.choice([b"<", b">", b'"', b"&", b"</", b"<task/>", b"\x00", b"=", b"${", b"id"])
    assert_located(bytes(data))


@given(st.text(max_size=40), st.sampled_from(["name", "default", "startQuantity", "id", "isForCompensation"]))
@settings(max_examples=150, deadline=None)
def test_any_text_in_any_attribute(text: str, attribute: str) -> None:
    escaped = "".join(
        f"&#{ord(c)};" for c in text if c in "\t\n\r" or 32 <= ord(c) < 0xD800 or 0xE000 <= ord(c) < 0xFFFE
    )
    assert_located(process(f'<task {attribute}="{escaped}"/>'))


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
HOSTILE: dict[str, bytes] = {
    "billion laughs": f'<!DOCTYPE x [<!ENTITY l0 "lol">{LAUGHS}]><definitions>&l11;</definitions>'.encode(),
    "laughs in an attribute": f'<!DOCTYPE x [<!ENTITY l0 "lol">{LAUGHS}]><definitions id="&l11;"/>'.encode(),
    "external entity": b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><definitions>&e;</definitions>',
    "external schema": b'<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x.dtd"><definitions/>',
    "deep nesting": b"<a>" * 300_000,
    "deep subprocesses": definitions("<process id='p'>" + "<subProcess>" * 190 + "</subProcess>" * 190 + "</process>"),
    "huge attribute": b'<definitions id="' + b"a" * 9_000_000 + b'"/>',
    "huge text": definitions("<process id='p'><documentation>" + "a" * 9_000_000 + "</documentation></process>"),
    "huge name": b"<" + b"a" * 9_000_000 + b"/>",
    "many attributes": b"<definitions " + b" ".join(b'a%d="1"' % n for n in range(400_000)) + b"/>",
    "many elements": definitions("<process id='p'>" + "<task/>" * 600_000 + "</process>"),
    "many namespaces": b"<definitions " + b" ".join(b'xmlns:a%d="u"' % n for n in range(100_000)) + b"/>",
    "too large": b"<definitions>" + b" " * (11 * 1024 * 1024) + b"</definitions>",
    "null bytes": b"\x00" * 1_000_000,
    "endless comment": b"<!--" + b"-" * 9_000_000,
    "prolog of comments": b"<!---->" * 1_000_000,
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.timeout(60)
def test_hostile_files_end_in_a_located_refusal_in_bounded_time_and_memory(name: str) -> None:
    data = HOSTILE[name]
    tracemalloc.start()
    began = time.process_time()
    try:
        prepared = prepare(data, name=name)
        used = time.process_time() - began
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert prepared.problems
    assert all(
        problem.line >= 1 and problem.column >= 1 for problem in prepared.problems if problem.severity == "error"
    )
    assert used < 20, f"{used:.1f} s"
    assert peak < 400 * 1024 * 1024, f"{peak / 1e6:.0f} MB"
    assert len(prepared.problems) <= 1000


def test_nothing_is_read_from_the_machine() -> None:
    with pytest.raises(BpmnParseError) as refused:
        parse_bpmn(HOSTILE["external entity"])
    assert "root:" not in str(refused.value)


def blocks(count: int) -> str:
    return "".join(
        f'<parallelGateway id="f{n}"/><task id="a{n}"/><task id="b{n}"/><exclusiveGateway id="j{n}"/>'
        + flow(f"f{n}", f"a{n}")
        + flow(f"f{n}", f"b{n}")
        + flow(f"a{n}", f"j{n}")
        + flow(f"b{n}", f"j{n}")
        + flow(f"j{n}", f"f{n + 1}")
        for n in range(count)
    )


def repeated(text: str, count: int) -> str:
    return "".join(text.replace("#", str(n)) for n in range(count))


START = '<startEvent id="s"/>'
ERROR_END = '<endEvent id="e#"><errorEventDefinition errorRef="E"/></endEvent>'
LINKS = (
    '<intermediateCatchEvent id="c#"><linkEventDefinition name="L"/></intermediateCatchEvent>'
    '<intermediateThrowEvent id="t#"><linkEventDefinition name="L"/></intermediateThrowEvent>'
)
BIG: dict[str, bytes] = {
    "many forks and merges": process(START + flow("s", "f0") + blocks(2000) + '<endEvent id="f2000"/>'),
    "many subprocesses": process(
        START + repeated(f'<subProcess id="p#"><startEvent id="s#"/>{ERROR_END}</subProcess>', 5000),
        '<error id="E" errorCode="E"/>',
    ),
    "many boundary events": process(
        START
        + '<task id="t"/>'
        + repeated('<boundaryEvent id="b#" attachedToRef="t"><escalationEventDefinition/></boundaryEvent>', 5000)
    ),
    "many links of one name": process(START + repeated(LINKS, 4000)),
    "many equal flows": process(
        START
        + '<exclusiveGateway id="g"/><parallelGateway id="j"/>'
        + repeated('<sequenceFlow id="q#" sourceRef="g" targetRef="j"/>', 10_000)
    ),
    "many pools": definitions(
        '<collaboration id="c">'
        + repeated('<participant id="a#"/>', 4000)
        + repeated('<messageFlow id="m#" sourceRef="a#" targetRef="a0"/>', 4000)
        + "</collaboration>"
    ),
    "many backward flows": process(
        START
        + flow("s", "t0")
        + repeated('<exclusiveGateway id="t#"/><sequenceFlow id="z#" sourceRef="t#" targetRef="t0"/>', 4000)
    ),
}


@pytest.mark.parametrize("name", BIG)
@pytest.mark.timeout(60)
def test_big_models_are_checked_in_time(name: str) -> None:
    began = time.process_time()
    problems = validate(parse_bpmn(BIG[name]))
    used = time.process_time() - began
    assert len(problems) <= 1000
    assert used < 15, f"{used:.1f} s"


def test_of_too_many_findings_the_errors_are_kept() -> None:
    problems = validate(parse_bpmn(process(repeated('<task id="t#"/>', 3000) + '<serviceTask id="last"/>')))
    assert len(problems) == 1000
    assert "implementation-missing" in {problem.rule for problem in problems}


def test_a_model_of_a_thousand_tasks_is_checked_and_compiled_well_under_a_second() -> None:
    builder = bpmn("long").start()
    for number in range(1000):
        builder.service_task(f"t{number}", type="work", name="work")
    data = builder.end().xml()
    began = time.process_time()
    prepared = prepare(data)
    used = time.process_time() - began
    assert not prepared.is_refused
    assert len(prepared.definitions) == 1
    assert used < 1.5, f"{used:.2f} s"
