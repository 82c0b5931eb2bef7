"""Extensions without effect are told, those with one are not, and the engine reads what the table says it reads."""

from __future__ import annotations

import pytest

from interpreter.bpmn.builder import Builder, bpmn, el
from interpreter.bpmn.compile import compile_all
from interpreter.bpmn.lint import ignored
from interpreter.bpmn.validate import validate
from interpreter.waits import ExternalTaskWait, JobWait, UserTaskWait
from ostinato.testing.world import run
from tests.interpreter.bpmn.models import around, document

FAMILY = "camunda operaton activiti flowable"


def told(data: bytes) -> list[str]:
    return [p.message for p in validate(document(data)) if p.rule == "exec-ignored-extension"]


def of(model: Builder) -> list[str]:
    return told(model.xml())


@pytest.mark.parametrize(
    "node",
    [
        '<userTask id="t" camunda:asignee="ann"/>',
        '<userTask id="t" flowable:skipExpression="${x}"/>',
        '<task id="t" camunda:assignee="ann"/>',
        '<callActivity id="t" calledElement="x" activiti:inheritVariables="true"/>',
        '<userTask id="t"><extensionElements><zeebe:agentDefinition agentType="a"/></extensionElements></userTask>',
        '<userTask id="t"><extensionElements><camunda:taskListner class="C"/></extensionElements></userTask>',
        '<task id="t"><extensionElements><zeebe:assignmentDefinition assignee="a"/></extensionElements></task>',
    ],
)
def test_what_has_no_effect_is_told_once(node: str) -> None:
    (message,) = told(around(node, "t"))
    assert message.endswith("is ignored.")
    assert "'t'" in message


def test_a_drawing_is_not_asked_for_effects() -> None:
    assert of(bpmn("p", executable=False).start().user_task("u", camunda__skipExpression="${x}").end()) == []
    assert of(bpmn("p").start().user_task("u", zeebe__modelerTemplate="a", camunda__modelerTemplate="b").end()) == []


def test_what_the_engine_reads_is_not_told() -> None:
    model = (
        bpmn("p", history_time_to_live="P1D", camunda__jobPriority="${n}", camunda__taskPriority="${n}")
        .start(initiator="who", form_key="f")
        .user_task(
            "u",
            assignee="a",
            camunda__owner="o",
            candidate_users="b",
            candidate_groups="c",
            due_date="PT1H",
            follow_up_date="PT1H",
            priority="1",
            form_key="f",
            async_before=True,
            async_after=True,
            exclusive=False,
            job_priority="3",
            ext=[el("camunda:taskListener", event="all", expression="${1}"), el("zeebe:userTask")],
            retry_cycle="R3/PT1M",
            properties={"a": "b"},
        )
        .service_task("x", topic="t", task_priority="5")
        .business_rule_task("d", decision="r", result_variable="r", map_decision_result="singleEntry")
        .call_activity("c", "q", called_element_binding="version", called_element_version="1", ins={"*": "*"})
        .end()
    )
    assert of(model) == []


def test_every_attribute_of_the_table_is_named_in_a_reader() -> None:
    """The table must not promise what nobody reads: each name occurs in the source of a reader."""
    from pathlib import Path

    root = Path(ignored.__file__).parents[2]
    sources = [path for path in root.rglob("*.py") if "lint" not in path.parts]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    neutral = {"exclusive", "userTask"}  # hold anyway: one thing at a time, every user task is the engine's own
    for table in (ignored._ATTRIBUTES, ignored._ELEMENTS, ignored._ZEEBE):
        missing = [name for name in table if f'"{name}"' not in text and name not in neutral]
        assert missing == []


# -- what the table made us read


def test_an_expression_for_the_priority_of_all_jobs_of_a_process() -> None:
    model = bpmn("p", camunda__jobPriority="${n + 1}", camunda__taskPriority="${n + 2}").start().parallel("f")
    model = model.service_task("a", class_="A").end().branch(at="f").service_task("b", topic="t").end()
    model = model.branch(at="f").service_task("c", class_="C", job_priority="9").end()
    waits = {w.node: w for w in run(model, n=1).state.waits.values()}
    a, b, c = waits["a"], waits["b"], waits["c"]
    assert isinstance(a, JobWait)
    assert isinstance(b, ExternalTaskWait)
    assert isinstance(c, JobWait)
    assert (a.priority, b.priority, c.priority) == (2, 3, 9)


def test_zeebes_priorities_of_jobs() -> None:
    own = el("zeebe:jobPriorityDefinition", priority="=n * 2")
    model = bpmn("p", ext=[el("zeebe:jobPriorityDefinition", priority="7")]).start().parallel("f")
    model = model.service_task("a", type="t", ext=[own]).end().branch(at="f").service_task("b", type="t").end()
    waits = {w.node: w for w in run(model, n=2).state.waits.values() if isinstance(w, JobWait)}
    assert (waits["a"].priority, waits["b"].priority) == (4, 7)


def test_the_owner_of_a_user_task() -> None:
    r = run(bpmn("p").start().user_task("u", activiti__owner="${boss}").end(), boss="ann")
    wait = r.wait("u", UserTaskWait)
    assert isinstance(wait, UserTaskWait)
    assert wait.owner == "ann"


def test_a_listener_for_all_events() -> None:
    every = el("camunda:taskListener", event="all", expression="${execution.setVariable('n', n + 1)}")
    model = bpmn("p").start().user_task("u", assignee="ann", ext=[every]).boundary("b", timer="PT1H").end().back().end()
    assert run(model, n=0).complete("u").variables["n"] == 3
    assert run(model, n=0).advance("PT1H").variables["n"] == 3


def test_vendors_attributes_of_listeners_may_have_a_prefix() -> None:
    prefixed = el("camunda:executionListener", event="start", **{"camunda:class": "C"})
    (definition,) = compile_all(bpmn("p").start().task("t", ext=[prefixed]).end().document())
    (listener,) = definition.nodes["t"].listeners
    assert listener.job_type is not None
    assert listener.job_type.text == "C"
