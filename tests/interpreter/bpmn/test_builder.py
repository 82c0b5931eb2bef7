"""The builder: valid files, drawn diagrams, deterministic ids, mistakes told."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interpreter.bpmn import parts
from interpreter.bpmn.builder import Builder, BuilderError, bpmn, el
from interpreter.bpmn.deployment import prepare
from interpreter.bpmn.document import parse_bpmn
from interpreter.bpmn.lint.metamodel import check_metamodel
from interpreter.bpmn.parts import loop, multi
from interpreter.bpmn.validate import validate
from tests.suites import SUITES


def order() -> Builder:
    return (
        bpmn("order")
        .start()
        .user_task("approve", candidate_groups="sales")
        .exclusive("approved?")
        .when("= approved")
        .service_task("ship", type="ship")
        .end("shipped")
        .otherwise()
        .end("rejected")
    )


def everything() -> Builder:
    return (
        bpmn("trip", name="Trip", version_tag="1", history_time_to_live="P5D", documentation="all of it")
        .start(message=parts.message("booked", correlation_key="= id"))
        .user_task("approve", candidate_groups="sales", inputs={"a": "${b}", "l": [1, 2], "m": {"k": "v"}})
        .boundary("late", timer="PT1H", interrupting=False)
        .end("escalated", escalation="LATE")
        .back()
        .parallel("fork")
        .branch()
        .service_task("ship", type="ship", retries=3, headers={"a": "b"}, zeebe_inputs={"t": "= s"})
        .to("join")
        .branch()
        .service_task("pay", topic="pay", mi=multi("items", element="item", until="= nrOfCompletedInstances > 2"))
        .boundary("undo", compensation=True)
        .handler("service_task", "refund", topic="refund")
        .parallel("join")
        .transaction("tx")
        .start()
        .exclusive("g")
        .when("= ok")
        .end()
        .otherwise()
        .end(cancel=True)
        .up()
        .boundary("cancelled", cancel=True)
        .end(error="E1")
        .back()
        .event_subprocess("handling")
        .start(error=parts.error("E2", code_variable="code"))
        .script_task("s", "x + 1", format="feel", result_variable="y")
        .end()
        .up()
        .adhoc("free", until="= done")
        .task("x")
        .apart()
        .task("y")
        .up()
        .call_activity(
            "call", "other", ins={"*": "*", "a": "b", "= x + 1": "c"}, outs={"r": "s"}, loop=loop("= n < 3", maximum=4)
        )
        .event_based("first")
        .branch()
        .catch("answered", message="answer")
        .to("done")
        .branch()
        .catch("late_2", timer=parts.timer(date="= date"))
        .throw(link="L")
        .catch("there", link="L")
        .complex("c", activation="= activationCount > 0")
        .branch()
        .throw("told", signal="news")
        .to("done")
        .branch()
        .inclusive("i")
        .when("= a")
        .task("a")
        .end()
        .otherwise()
        .end("done", terminate=True)
        .annotation("a remark", on="call")
        .data_object("doc")
        .data_store("db")
        .lane("Sales", ["approve", "start"])
        .lane("Rest", ["fork", "ship", "pay", "join"])
        .participant("Us", process="trip")
        .participant("Them")
        .message_flow("Them", "start", message="booked")
        .process("other")
        .start()
        .task("only")
        .end()
    )


@pytest.mark.parametrize("make", [order, everything])
def test_a_built_model_is_valid_and_deployable(make: Callable[[], Builder]) -> None:
    prepared = prepare(make().xml())
    assert [str(problem) for problem in prepared.problems if problem.severity == "error"] == []
    assert prepared.definitions


def test_a_built_model_satisfies_the_standards_schema() -> None:
    schema_file = SUITES / "metamodels" / "bpmn-moddle" / "BPMN20.xsd"
    if not schema_file.exists():
        pytest.skip(f"third-party suite absent: expected {schema_file}")
    from lxml import etree

    schema = etree.XMLSchema(etree.parse(str(schema_file)))
    for make in (order, everything):
        assert schema.validate(make().document().tree), schema.error_log


def test_the_same_calls_give_the_same_bytes() -> None:
    assert everything().xml() == everything().xml()


def test_ids_are_given_slugged_or_made_of_their_ends() -> None:
    document = order().document()
    gateway = document.by_id("approved")
    assert gateway is not None
    assert gateway.name == "approved?"
    assert gateway.attr("default") == "approved-rejected"
    assert [flow.id for flow in document.processes()[0].children("sequenceFlow")] == [
        "start-approve",
        "approve-approved",
        "approved-ship",
        "ship-shipped",
        "approved-rejected",
    ]


def test_every_node_flow_and_pool_is_drawn_once() -> None:
    document = everything().document()
    drawn = [
        element.get("bpmnElement")
        for element in document.root.element.iter("*")
        if element.tag.endswith(("BPMNShape", "BPMNEdge"))
    ]
    assert len(drawn) == len(set(drawn))
    nodes = [
        node.id for process in document.processes()[:1] for node in process.descendants() if node.child("incoming")
    ]
    assert set(nodes) <= set(drawn)
    assert {"Us", "Them"} <= set(drawn)


def test_roots_are_declared_once_and_shared() -> None:
    document = bpmn("p").start(message="m").catch(message="m").throw(message="m").end(error="E").document()
    assert [message.name for message in document.messages] == ["m"]
    assert [error.attr("errorCode") for error in document.errors] == ["E"]


def test_a_cycle_is_drawn_and_valid() -> None:
    xml = bpmn("p").start().task("a").exclusive("g").when("= again").to("a").otherwise().end().xml()
    assert not [problem for problem in validate(parse_bpmn(xml)) if problem.severity == "error"]


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: bpmn("p").start().end().task("t"), "ended it"),
        (lambda: bpmn("p").start().task("t").task("t"), "taken"),
        (lambda: bpmn("p").start().task("t", nonsense="x"), "nonsense"),
        (lambda: bpmn("p").start().user_task("t", asignee="x"), "assignee"),
        (lambda: bpmn("p").start().to("nowhere").xml(), "nowhere"),
        (lambda: bpmn("p").start().at("nowhere"), "nowhere"),
        (lambda: bpmn("p").when("= x"), "gateway"),
        (lambda: bpmn("p").up(), "subprocess"),
        (lambda: bpmn("p").back(), "boundary"),
        (lambda: bpmn("p").start().catch(timer="soon"), "soon"),
        (lambda: bpmn("p").start().task("t", ext=[el("mine:x")]).xml(), "mine"),
        (lambda: bpmn("p").start().task("t").handler("task", "h"), "compensation"),
        (lambda: bpmn("p").boundary(timer="PT1H"), "attach"),
    ],
)
def test_mistakes_are_told(make: Callable[[], object], told: str) -> None:
    with pytest.raises(BuilderError, match=told):
        make()


def test_a_vendor_of_ones_own() -> None:
    xml = bpmn("p").namespace("mine", "urn:mine").start().task("t", ext=[el("mine:x", "text", y=1)]).end().xml()
    assert b'xmlns:mine="urn:mine"' in xml
    assert b'<mine:x y="1">text</mine:x>' in xml


KINDS = st.sampled_from(
    ["task", "user_task", "service_task", "receive_task", "script_task", "manual_task", "call_activity"]
)


@given(st.recursive(KINDS, lambda block: st.lists(block, min_size=1, max_size=3), max_leaves=12))
@settings(max_examples=60, deadline=None)
def test_block_structured_models_of_any_shape_are_valid(shape: object) -> None:
    builder = bpmn("p").start()
    count = 0

    def build(block: object, depth: int) -> None:
        nonlocal count
        count += 1
        name = f"n{count}"
        if isinstance(block, str):
            getattr(builder, block)(name)
            return
        assert isinstance(block, list)
        if depth % 2:
            builder.parallel(f"{name}_fork")
            for part in block:
                builder.branch(f"{name}_fork")
                build(part, depth + 1)
                builder.to(f"{name}_join")
            builder.apart().parallel(f"{name}_join")
        else:
            builder.subprocess(name).start()
            for part in block:
                build(part, depth + 1)
            builder.end().up()

    build(shape, 0)
    document = builder.end().document()
    assert check_metamodel(document) == []
    structural = [
        p for p in validate(document, "spec") if p.rule.startswith(("flow", "ref", "node", "event", "subprocess"))
    ]
    assert structural == []
