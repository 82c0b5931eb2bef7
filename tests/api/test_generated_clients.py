"""Two more clients that others wrote: pycamunda, which insists on every field, and one generated from Camunda's own
description, which sends false for every boolean that nobody set."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from interpreter.bpmn.builder import bpmn
from tests.api.server import Rest
from tests.api.test_external_tasks import work

pytest.importorskip("pycamunda")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # both import what today's Python frowns upon
    import generic_camunda_client as generic
    import pycamunda.decisiondef
    import pycamunda.deployment
    import pycamunda.externaltask
    import pycamunda.incident
    import pycamunda.message
    import pycamunda.processdef
    import pycamunda.processinst
    import pycamunda.signal
    import pycamunda.task
    import pycamunda.variable
    import pycamunda.version

Unique = Callable[[str], str]


# --- pycamunda ------------------------------------------------------------------------------------------------------


def test_pycamunda_runs_a_process(rest: Rest, unique: Unique, tmp_path: Any) -> None:
    key, url = unique("approval"), rest.url
    path = tmp_path / "approval.bpmn"
    path.write_bytes(bpmn(key).start().user_task("approve", name="Approve").end().xml())
    create = pycamunda.deployment.Create(
        url=url, name=unique("deployment"), source="test", enable_duplicate_filtering=True
    )
    with path.open("rb") as file:
        create.add_resource(file)
        deployed = create()
    (definition_id,) = deployed.deployed_process_definitions
    assert pycamunda.deployment.Get(url=url, id_=deployed.id_)().name == deployed.name
    (resource,) = pycamunda.deployment.GetResources(url=url, id_=deployed.id_)()
    assert pycamunda.deployment.GetResource(url=url, id_=deployed.id_, resource_id=resource.id_)().name == resource.name
    (listed,) = pycamunda.processdef.GetList(url=url, key=key, latest_version=True)()
    assert listed.id_ == definition_id
    assert pycamunda.processdef.Count(url=url, key=key)() == 1
    assert pycamunda.processdef.GetXML(url=url, key=key)() == path.read_text()

    start = pycamunda.processdef.StartInstance(url=url, key=key, business_key="B-1", with_variables_in_return=True)
    start.add_variable(name="amount", value=12, type_="Integer")
    instance = start()
    assert instance.business_key == "B-1"
    assert pycamunda.processinst.Get(url=url, id_=instance.id_)().id_ == instance.id_
    assert len(pycamunda.processinst.GetList(url=url, process_definition_key=key, active=True)()) == 1
    tree = pycamunda.processinst.GetActivityInstance(url=url, id_=instance.id_)()
    assert tree.child_activity_instances[0].activity_id == "approve"
    assert (
        pycamunda.processinst.VariablesGet(url=url, process_instance_id=instance.id_, var_name="amount")().value == 12
    )
    assert "amount" in pycamunda.processinst.VariablesGetList(url=url, process_instance_id=instance.id_)()
    stats = pycamunda.processdef.GetActivityInstanceStats(url=url, key=key)()
    assert stats[0].instances == 1

    (task,) = pycamunda.task.GetList(url=url, process_instance_id=instance.id_, unassigned=True)()
    pycamunda.task.Claim(url=url, id_=task.id_, user_id="ann")()
    assert pycamunda.task.Get(url=url, id_=task.id_)().assignee == "ann"
    pycamunda.task.Unclaim(url=url, id_=task.id_)()
    pycamunda.task.SetAssignee(url=url, id_=task.id_, user_id="bob")()
    pycamunda.task.Delegate(url=url, id_=task.id_, user_id="ann")()
    pycamunda.task.Resolve(url=url, id_=task.id_)()
    pycamunda.task.IdentityLinksAdd(url=url, task_id=task.id_, user_id="eve", type_="candidate")()
    assert {link.user_id for link in pycamunda.task.IdentityLinksGetList(url=url, task_id=task.id_)()} >= {"eve", "bob"}
    comment = pycamunda.task.CommentCreate(url=url, task_id=task.id_, message="fine")()
    assert pycamunda.task.CommentGet(url=url, task_id=task.id_, comment_id=comment.id_)().message == "fine"
    modify = pycamunda.task.LocalVariablesModify(url=url, task_id=task.id_)
    modify.add_variable(name="x", value=1, type_="Integer")
    modify()
    assert pycamunda.task.LocalVariablesGet(url=url, task_id=task.id_, var_name="x")().value == 1
    pycamunda.processinst.Suspend(url=url, id_=instance.id_)()
    pycamunda.processinst.Activate(url=url, id_=instance.id_)()
    complete = pycamunda.task.Complete(url=url, id_=task.id_)
    complete.add_variable(name="approved", value=True, type_="Boolean")
    complete()
    assert rest.get(f"/history/process-instance/{instance.id_}")["state"] == "COMPLETED"
    assert pycamunda.version.Get(url=url)()
    pycamunda.deployment.Delete(url=url, id_=deployed.id_, cascade=True)()


def test_pycamunda_does_external_tasks(rest: Rest, unique: Unique) -> None:
    key, topic, url = unique("work"), unique("topic"), rest.url
    rest.deploy(work(key, topic))
    instances = [rest.start(key, variables={"a": {"value": 1}}) for _ in range(3)]
    assert pycamunda.externaltask.Count(url=url, topic_name=topic)() == 3
    fetch = pycamunda.externaltask.FetchAndLock(url=url, worker_id="py", max_tasks=3)
    fetch.add_topic(name=topic, lock_duration=10000, variables=["a"])
    first, second, third = fetch()
    assert first.variables["a"].value == 1
    complete = pycamunda.externaltask.Complete(url=url, id_=first.id_, worker_id="py")
    complete.add_variable(name="b", value="2", type_="String")
    complete()
    pycamunda.externaltask.ExtendLock(url=url, id_=second.id_, worker_id="py", new_duration=20000)()
    pycamunda.externaltask.HandleBPMNError(url=url, id_=second.id_, worker_id="py", error_code="late")()
    pycamunda.externaltask.HandleFailure(
        url=url, id_=third.id_, worker_id="py", error_message="no", error_details="at all", retries=0, retry_timeout=0
    )()
    (incident,) = pycamunda.incident.GetList(url=url, process_instance_id=third.process_instance_id)()
    assert pycamunda.incident.Get(url=url, id_=incident.id_)().incident_message == "no"
    pycamunda.externaltask.SetRetries(url=url, id_=third.id_, retries=2)()
    pycamunda.externaltask.SetPriority(url=url, id_=third.id_, priority=5)()
    assert pycamunda.externaltask.Get(url=url, id_=third.id_)().priority == 5
    pycamunda.externaltask.Unlock(url=url, id_=third.id_)()
    assert {row["id"] for row in instances} == {t.process_instance_id for t in (first, second, third)}


def test_pycamunda_sends_events(rest: Rest, unique: Unique) -> None:
    key, message, signal, url = unique("events"), unique("paid"), unique("alarm"), rest.url
    rest.deploy(bpmn(key).start().catch("one", message=message).catch("two", signal=signal).user_task("done").end())
    started = rest.start(key, businessKey=key)
    correlate = pycamunda.message.CorrelateSingle(url=url, message_name=message, business_key=key, result_enabled=True)
    correlate.add_process_variable(name="sum", value=3, type_="Integer")
    (result,) = correlate()
    assert result.execution.process_instance_id == started["id"]
    pycamunda.signal.EventAll(url=url, name=signal)()
    assert rest.only_task(started["id"])["taskDefinitionKey"] == "done"
    (variable,) = pycamunda.variable.GetList(url=url, process_instance_id_in=[started["id"]])()
    assert (variable.name, variable.value) == ("sum", 3)
    assert pycamunda.decisiondef.GetList(url=url)() is not None


# --- generic-camunda-client -----------------------------------------------------------------------------------------


@pytest.fixture
def client(rest: Rest) -> Any:
    return generic.ApiClient(generic.Configuration(host=rest.url))


SERVED = [
    "DecisionDefinitionApi",
    "DecisionRequirementsDefinitionApi",
    "DeploymentApi",
    "EngineApi",
    "EventSubscriptionApi",
    "ExecutionApi",
    "ExternalTaskApi",
    "HistoricActivityInstanceApi",
    "HistoricDecisionInstanceApi",
    "HistoricDetailApi",
    "HistoricExternalTaskLogApi",
    "HistoricIdentityLinkLogApi",
    "HistoricIncidentApi",
    "HistoricJobLogApi",
    "HistoricProcessInstanceApi",
    "HistoricTaskInstanceApi",
    "HistoricUserOperationLogApi",
    "HistoricVariableInstanceApi",
    "IncidentApi",
    "JobApi",
    "JobDefinitionApi",
    "ProcessDefinitionApi",
    "ProcessInstanceApi",
    "TaskApi",
    "VariableInstanceApi",
    "VersionApi",
]


@pytest.fixture(scope="module")
def busy(rest: Rest) -> str:
    """Something of everything, so that every list has rows to read."""
    rest.deploy(
        bpmn("busy")
        .start()
        .parallel("all")
        .branch()
        .user_task("human", candidate_groups="sales")
        .end()
        .branch(at="all")
        .service_task("external", topic="busy")
        .end()
        .branch(at="all")
        .catch("message", message="busy")
        .end()
        .branch(at="all")
        .catch("timer", timer="PT10H")
        .end()
        .branch(at="all")
        .exclusive("broken")
        .when("${nobody}")
        .end()
        .otherwise()
        .end()
    )
    started = rest.start("busy", variables={"a": {"value": 1}, "day": {"value": "2030-01-01T00:00:00", "type": "Date"}})
    rest.post(f"/task/{rest.only_task(started['id'])['id']}/complete", {})
    rest.start("busy")
    return started["id"]


def _lists() -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for api in SERVED:
        for name in dir(getattr(generic, api)):
            if not name.startswith(("get_", "query_")) or name.endswith("_with_http_info"):
                continue
            needs = "(required)" in (getattr(getattr(generic, api), name).__doc__ or "")
            if not needs and not any(part in name for part in NEEDING):
                found.append((api, name))
    return found


#: Lists that need a parameter or are not served (docs/rest.md).
NEEDING = ("_report", "_by_key", "_by_id", "cleanable")


@pytest.mark.parametrize(("api", "name"), _lists())
def test_every_list_is_read_by_the_generated_client(client: Any, busy: str, api: str, name: str) -> None:
    method = getattr(getattr(generic, api)(client), name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = method()
    if isinstance(result, list):
        assert result or any(word in api for word in ("Decision", "UserOperation", "IdentityLink"))
    elif type(result).__name__ == "CountResultDto":
        assert result.count >= 0


def test_the_generated_client_runs_a_process(rest: Rest, client: Any, unique: Unique, tmp_path: Any) -> None:
    key = unique("approval")
    path = tmp_path / "approval.bpmn"
    path.write_bytes(bpmn(key).start().user_task("approve", due_date="2030-01-01T00:00:00Z").end().xml())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        deployed = generic.DeploymentApi(client).create_deployment(
            data=str(path), deployment_name=key, enable_duplicate_filtering=True, deploy_changed_only=False
        )
        assert len(deployed.deployed_process_definitions) == 1
        started = generic.ProcessDefinitionApi(client).start_process_instance_by_key(
            key,
            start_process_instance_dto=generic.StartProcessInstanceDto(
                business_key="B", variables={"a": generic.VariableValueDto(value=1, type="Integer")}
            ),
        )
        tasks = generic.TaskApi(client)
        before = datetime(2030, 1, 2, tzinfo=UTC)
        (task,) = tasks.query_tasks(
            task_query_dto=generic.TaskQueryDto(
                process_instance_id=started.id, due_before=before, created_before=before
            )
        )
        (same,) = tasks.get_tasks(process_instance_id=started.id, unassigned=True, due_before=str(before.isoformat()))
        assert same.id == task.id
        tasks.claim(task.id, user_id_dto=generic.UserIdDto(user_id="ann"))
        history = generic.HistoricProcessInstanceApi(client)
        assert history.get_historic_process_instance(started.id).state == "ACTIVE"
        tasks.complete(task.id, complete_task_dto=generic.CompleteTaskDto(variables={}, with_variables_in_return=True))
        assert history.get_historic_process_instance(started.id).state == "COMPLETED"
        with pytest.raises(generic.ApiException) as caught:
            generic.ProcessInstanceApi(client).get_process_instance(started.id)
        assert caught.value.status == 404
