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
from tests.interpreter.bpmn.models import definitions, process

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
