"""Task listeners: the transitions of a user task, with expressions and with jobs that hold them."""

from __future__ import annotations

from typing import Any

import pytest

from interpreter import commands as c
from interpreter import features as f
from interpreter import queries
from interpreter.bpmn.builder import Builder, bpmn
from interpreter.bpmn.parts import El, el
from interpreter.state import dump_state, load_state
from interpreter.waits import JobWait, UserTaskWait
from ostinato.testing.world import Run, World, run

BOTH = pytest.mark.parametrize("profile", ["c7", "spec"])
EVENTS = ("create", "assignment", "update", "complete", "delete")


def listener(event: str, **how: str) -> El:
    return el("camunda:taskListener", event=event, **how)


def noting(event: str) -> El:
    return listener(event, expression="${execution.setVariable('log', log.concat('" + event + " '))}")


def zeebe(*events: str) -> El:
    names = {"create": "creating", "assignment": "assigning", "update": "updating"}
    names |= {"complete": "completing", "delete": "canceling"}
    return el("zeebe:taskListeners", *[el("zeebe:taskListener", eventType=names[e], type=e) for e in events])


def model(*listeners: El, **options: Any) -> Builder:
    b = bpmn("p").start().user_task("u", ext=listeners, **options)
    return b.boundary("late", timer="PT1H").end("gone").back().user_task("next").end()


def open_jobs(r: Run) -> list[str]:
    return [w.type for w in r.state.waits.values() if isinstance(w, JobWait)]


def task(r: Run, node: str = "u") -> UserTaskWait:
    wait = r.wait(node, UserTaskWait)
    assert isinstance(wait, UserTaskWait)
    return wait


def change(r: Run, action: str = "", user: str | None = None, **changes: Any) -> None:
    r.do(c.ChangeTask(r.world.now, task(r).key, changes, action, user))


def answer(r: Run, job: str, *, denied: bool = False, **corrections: Any) -> Run:
    return r.complete_with(job, {"type": "userTask", "denied": denied, "corrections": corrections})


# -- which events happen


@BOTH
def test_the_events_of_a_task_and_their_order(profile: str) -> None:
    r = run(model(*map(noting, EVENTS)), profile=profile, log="")
    assert r.variables["log"] == "create "
    change(r, "claim", "ann")
    assert r.variables["log"] == "create update assignment "
    change(r, priority=70)
    assert r.variables["log"] == "create update assignment update "
    change(r, priority=70)
    assert r.variables["log"] == "create update assignment update ", "what changes nothing is no update"
    r.do(c.SetVariables(r.world.now, {"x": 1}, element=r.element("u"), local=True))
    assert r.variables["log"] == "create update assignment update update "
    change(r, assignee=None)
    assert r.variables["log"].endswith("update update assignment ")
    assert (task(r).assignee, task(r).priority) == (None, 70)
    assert r.complete("u").variables["log"].endswith(" complete ")


@BOTH
def test_a_task_with_an_assignee_is_assigned_after_its_creation(profile: str) -> None:
    assert run(model(*map(noting, EVENTS), assignee="ann"), profile=profile, log="").variables["log"] == (
        "create assignment "
    )
    setting = listener("create", expression="${task.setAssignee('bob')}")
    r = run(model(setting, *map(noting, EVENTS)), profile=profile, log="")
    assert (task(r).assignee, r.variables["log"]) == ("bob", "create assignment ")


def test_a_cancelled_task_is_deleted_and_not_completed() -> None:
    r = run(model(*map(noting, EVENTS)), log="").advance("PT1H")
    assert r.variables["log"] == "create delete "


def test_listeners_see_and_change_the_task_as_it_will_be() -> None:
    seen = listener("assignment", expression="${execution.setVariable('who', task.assignee)}")
    grouped = listener("update", expression="${task.addCandidateGroup('g')}")
    raised = listener("update", expression="${task.setPriority(task.priority + 1)}")
    r = run(model(seen, grouped, raised))
    change(r, "claim", "ann")
    assert r.variables["who"] == "ann"
    assert (task(r).candidate_groups, task(r).priority) == (("g",), 51)


def test_delegate_and_resolve_follow_camundas_rules() -> None:
    r = run(model(assignee="ann"))
    change(r, "delegate", "bob")
    assert (task(r).owner, task(r).assignee, task(r).delegation) == ("ann", "bob", "PENDING")
    change(r, "delegate", "cid")
    assert (task(r).owner, task(r).assignee) == ("ann", "cid")
    change(r, "resolve")
    assert (task(r).assignee, task(r).delegation) == ("ann", "RESOLVED")


def test_a_claimed_task_cannot_be_claimed_and_nonsense_is_refused() -> None:
    r = run(model(assignee="ann"))

    def attempt(**what: Any) -> Any:
        return r.attempt(c.ChangeTask(r.world.now, task(r).key, **what))

    assert attempt(action="claim", user="bob") == c.Rejection(
        "claimed", "Expected a free task but 'u' is already claimed by someone else."
    )
    assert not isinstance(attempt(action="claim", user="ann"), c.Rejection)
    for wrong in (
        {"action": "steal"},
        {"changes": {"zzz": "a"}},
        {"changes": {"due": "soon"}},
        {"changes": {"priority": None}},
        {"changes": {"candidate_users": "a"}},
        {"changes": {"delegation": "MAYBE"}},
        {"changes": {"assignee": 1}},
    ):
        assert attempt(**wrong).code == "invalid", wrong


# -- jobs


@BOTH
def test_a_class_holds_the_creation_of_its_task(profile: str) -> None:
    r = run(
        model(listener("create", class_="C"), listener("create", delegateExpression="${d}"), assignee="ann"),
        profile=profile,
    )
    assert open_jobs(r) == ["C"]
    assert r.waits("u", UserTaskWait) == []
    wait = r.wait("C", JobWait)
    assert isinstance(wait, JobWait)
    assert (wait.headers["phase"], wait.headers["task"]["assignee"]) == ("create", "ann")
    assert r.complete("C", x=1).variables["x"] == 1
    assert open_jobs(r) == ["d"]
    assert task(r.complete("d")).assignee == "ann"


def test_a_job_corrects_the_task_that_is_being_created() -> None:
    r = run(model(zeebe("create", "assignment")))
    answer(
        r,
        "create",
        assignee="ann",
        priority=80,
        dueDate="2031-01-01T00:00:00Z",
        candidateGroups=["a", "b"],
        candidateUsers=None,
    )
    answer(r, "assignment", assignee="bob", dueDate="")
    assert (task(r).assignee, task(r).priority, task(r).due) == ("bob", 80, None)
    assert task(r).candidate_groups == ("a", "b")


def test_zeebes_updating_is_not_about_the_assignee_alone() -> None:
    r = run(model(zeebe("update", "assignment")))
    change(r, "claim", "ann")
    assert open_jobs(r) == ["assignment"]
    assert task(r).assignee is None, "it is not so yet"
    r.complete("assignment")
    assert task(r).assignee == "ann"
    change(r, priority=1)
    assert open_jobs(r) == ["update"]
    wait = r.wait("update", JobWait)
    assert isinstance(wait, JobWait)
    assert (wait.headers["changed"], wait.headers["taskKey"]) == (["priority"], task(r).key)
    r.complete("update")
    assert task(r).priority == 1


def test_a_completion_is_held_until_all_listeners_agree() -> None:
    r = run(model(zeebe("complete"), zeebe("complete")))
    r.complete("u", approved=True)
    assert "approved" not in r.variables
    assert queries.job_input(r.definition, r.state, r.wait("complete"))["approved"] is True
    again = r.attempt(c.CompleteWait(r.world.now, task(r).key))
    assert again == c.Rejection("invalid", "Expected a user task at rest but a listener of 'u' is at work.")
    assert isinstance(r.attempt(c.ChangeTask(r.world.now, task(r).key, {"priority": 1})), c.Rejection)
    r.state = load_state(dump_state(r.state))
    r.complete("complete")
    assert r.active == ["u"]
    r.complete("complete")
    assert (r.active, r.variables["approved"]) == (["next"], True)


def test_a_denied_completion_has_not_happened() -> None:
    r = run(model(zeebe("complete", "assignment")))
    r.complete("u", approved=True)
    answer(r, "complete", denied=True)
    assert (r.active, "approved" in r.variables, open_jobs(r)) == (["u"], False, [])
    change(r, "claim", "ann")
    answer(r, "assignment", denied=True)
    assert task(r).assignee is None
    r.complete("u")
    answer(r, "complete", priority=7)
    assert r.active == ["next"]


def test_camundas_complete_listeners_find_the_variables_set() -> None:
    r = run(model(listener("complete", class_="C"))).complete("u", approved=True)
    assert (r.variables["approved"], open_jobs(r), r.active) == (True, ["C"], ["u"])
    assert r.complete("C").active == ["next"]


def test_a_failed_listener_is_an_incident_and_only_it_is_tried_again() -> None:
    r = run(model(noting("complete"), listener("complete", class_="C")), log="").complete("u")
    r.fail("C", "no")
    (incident,) = r.state.incidents.values()
    assert (incident.type, incident.node) == ("failedJob", "u")
    r.do(c.ResolveIncident(r.world.now, incident.key))
    r.complete("C")
    assert (r.variables["log"], r.active) == ("complete ", ["next"])


def test_wrong_corrections_are_an_incident_of_the_job() -> None:
    r = run(model(zeebe("create")))
    wrongs: list[dict[str, Any]] = [{"zzz": 1}, {"priority": "high"}, {"dueDate": "soon"}, {"candidateUsers": "ann"}]
    for wrong in wrongs:
        answer(r, "create", **wrong)
        assert len(r.state.incidents) == 1
        assert open_jobs(r) == ["create"]
        r.do(c.ResolveIncident(r.world.now, next(iter(r.state.incidents))))
    assert task(answer(r, "create", priority=3)).priority == 3


def test_an_error_of_a_task_listener_is_one_of_the_task() -> None:
    b = bpmn("p").start().user_task("u", ext=[listener("complete", class_="C"), listener("delete", class_="D")])
    b = b.boundary("caught", error="E").user_task("after").end().at("u").end()
    r = run(b).complete("u").throw_error("C", "E")
    assert r.active == ["after"]
    assert [x.type for x in r.listeners] == ["D"], "the task is cancelled"


def test_a_task_that_is_cancelled_takes_its_listeners_with_it() -> None:
    r = run(model(zeebe("complete", "delete")), n=1).complete("u").advance("PT1H")
    assert (open_jobs(r), r.active, r.ended) == ([], [], True)
    (deleted,) = r.listeners
    assert (deleted.type, deleted.variables, deleted.headers["phase"]) == ("delete", {"n": 1}, "delete")


def test_each_timeout_listener_has_its_own_timer_and_waits_for_its_turn() -> None:
    def timeout(id: str, after: str) -> El:
        definition = el("timerEventDefinition", el("timeDuration", after))
        return el("camunda:taskListener", definition, event="timeout", id=id, class_=id)

    r = run(model(timeout("soon", "PT10M"), timeout("later", "PT20M"), listener("update", class_="slow")))
    r.advance("PT10M")
    assert open_jobs(r) == ["soon"]
    r.advance("PT10M")
    assert open_jobs(r) == ["soon"]
    r.complete("soon")
    assert open_jobs(r) == ["later"]
    assert r.complete("later").active == ["u"]
    assert r.complete("u").active == ["next"]


def test_a_failing_expression_is_tried_again_from_itself() -> None:
    wrong = listener("complete", expression="${missing + 1}")
    r = run(model(noting("complete"), wrong), log="").complete("u")
    (incident,) = r.state.incidents.values()
    r.do(c.SetVariables(r.world.now, {"missing": 1}))
    r.do(c.ResolveIncident(r.world.now, incident.key))
    assert (r.variables["log"], r.active) == ("complete ", ["next"])


def test_every_inner_instance_has_its_own_listeners() -> None:
    from interpreter.bpmn.parts import multi

    r = run(model(zeebe("create", "complete"), mi=multi(cardinality=2)))
    assert open_jobs(r) == ["create", "create"]
    r.complete("create").complete("create")
    r.complete("u").complete("complete")
    r.do(c.CompleteWait(r.world.now, r.waits("u", UserTaskWait)[0].key))
    assert r.complete("complete").active == ["next"]


def test_without_the_rule_task_listeners_of_classes_are_passed_over() -> None:
    old = f.features_of("c7", rules=1)
    r = World(model(listener("create", class_="C"), noting("complete")), features=old).start(None, {"log": ""})
    assert open_jobs(r) == []
    assert r.complete("u").variables["log"] == "complete "
