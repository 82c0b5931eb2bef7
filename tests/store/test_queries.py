"""Every filter and every sort order of every resource is valid SQL, and the important ones find what they should."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from interpreter.events import ElementActivated, IncidentRaised, VariableSet, WaitOpened
from interpreter.values import Typed
from interpreter.waits import JobWait, MessageWait, TimerWait, UserTaskWait
from store.activities import HISTORIC_ACTIVITY_INSTANCES, open_waits, tree
from store.database import Database
from store.decision_instances import DECISION_INSTANCES
from store.definitions import (
    DECISION_DEFINITIONS,
    DECISION_REQUIREMENTS,
    JOB_DEFINITIONS,
    PROCESS_DEFINITIONS,
    activity_statistics,
    historic_activity_statistics,
    statistics,
)
from store.deployments import DEPLOYMENTS
from store.errors import InvalidQuery
from store.external_tasks import EXTERNAL_TASK_LOG, EXTERNAL_TASKS
from store.identity_links import IDENTITY_LINK_LOG
from store.incidents import HISTORIC_INCIDENTS, INCIDENTS, set_annotation
from store.instances import EXECUTIONS, HISTORIC_PROCESS_INSTANCES, PROCESS_INSTANCES
from store.jobs import JOB_LOG, JOBS, stacktrace
from store.log import events
from store.operations import OPERATIONS
from store.projection import Projector
from store.query import Resource, Sort
from store.subscriptions import ALL_SUBSCRIPTIONS, EVENT_SUBSCRIPTIONS
from store.tasks import HISTORIC_TASKS, TASKS
from store.variables import DETAILS, HISTORIC_VARIABLES, VARIABLES, local, visible
from tests.store.streams import T0, batch, external_task, finished, started, step, user_task

RESOURCES: dict[str, Resource[Any]] = {
    "process-definition": PROCESS_DEFINITIONS,
    "decision-definition": DECISION_DEFINITIONS,
    "decision-requirements": DECISION_REQUIREMENTS,
    "job-definition": JOB_DEFINITIONS,
    "deployment": DEPLOYMENTS,
    "process-instance": PROCESS_INSTANCES,
    "execution": EXECUTIONS,
    "history-process-instance": HISTORIC_PROCESS_INSTANCES,
    "history-activity-instance": HISTORIC_ACTIVITY_INSTANCES,
    "task": TASKS,
    "history-task": HISTORIC_TASKS,
    "external-task": EXTERNAL_TASKS,
    "external-task-log": EXTERNAL_TASK_LOG,
    "job": JOBS,
    "job-log": JOB_LOG,
    "incident": INCIDENTS,
    "history-incident": HISTORIC_INCIDENTS,
    "variable": VARIABLES,
    "history-variable": HISTORIC_VARIABLES,
    "detail": DETAILS,
    "event-subscription": EVENT_SUBSCRIPTIONS,
    "all-subscriptions": ALL_SUBSCRIPTIONS,
    "decision-instance": DECISION_INSTANCES,
    "identity-link-log": IDENTITY_LINK_LOG,
    "operation": OPERATIONS,
}
SAMPLES: dict[str, list[Any]] = {
    "string": ["text", "with:7", "%x%", "PENDING"],
    "strings": [["a", "b:2"], []],
    "boolean": [True, False],
    "integer": [3],
    "date": [datetime(2026, 1, 1, tzinfo=UTC)],
    "variables": [
        [{"name": "n", "operator": operator, "value": value}]
        for operator, value in [
            ("eq", 1),
            ("eq", "a"),
            ("eq", None),
            ("eq", "2026-01-01T00:00:00.000+0000"),
            ("neq", True),
            ("neq", None),
            ("neq", "b"),
            ("gt", 1.5),
            ("gteq", "2026-01-01T00:00:00Z"),
            ("lt", "m"),
            ("lteq", 3),
            ("like", "%a%"),
            ("notLike", "%a%"),
        ]
    ],
    "value": [1, "a", None],
    "conditions": [[{"operator": "gt", "value": datetime(2026, 1, 1, tzinfo=UTC)}]],
}


@pytest.mark.parametrize("name", RESOURCES)
async def test_every_filter_and_sort_order_works(database: Database, name: str) -> None:
    resource = RESOURCES[name]
    for filter_name, kind in resource.filters.items():
        for value in SAMPLES[kind]:
            for more in ({}, {"variableNamesIgnoreCase": True, "variableValuesIgnoreCase": True}):
                options = {key: option for key, option in more.items() if key in resource.filters}
                filters: dict[str, Any] = {filter_name: value, **options}
                try:
                    await resource.count(database, filters)
                except InvalidQuery:
                    assert filter_name == "delegationState"
                if resource.or_queries:
                    await resource.count(database, {"orQueries": [{} if filter_name == "delegationState" else filters]})
    for sort in sorted(resource.sorts):
        for descending in (False, True):
            await resource.list(database, {}, [Sort(sort, descending, "n", "Integer")], maximum=3)
    assert await resource.get(database, "nothing") is None


@pytest.mark.parametrize("name", RESOURCES)
async def test_unknown_names_are_refused(database: Database, name: str) -> None:
    with pytest.raises(InvalidQuery, match="nonsense"):
        await RESOURCES[name].list(database, {"nonsense": 1})
    with pytest.raises(InvalidQuery, match="nonsense"):
        await RESOURCES[name].list(database, {}, [Sort("nonsense")])


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        ({"priority": "high"}, "a whole number"),
        ({"assignee": 3}, "a text"),
        ({"assigned": "yes"}, "true or false"),
        ({"createdAfter": "yesterday"}, "a date"),
        ({"taskIdIn": "a"}, "a list"),
        ({"processVariables": [{"name": "a", "operator": "is", "value": 1}]}, "an operator"),
        ({"processVariables": [{"name": "a", "operator": "like", "value": 1}]}, "pattern"),
        ({"processVariables": [{"name": "a", "operator": "gt", "value": True}]}, "to compare"),
        ({"processVariables": [{"operator": "eq", "value": 1}]}, "the name of a variable"),
        ({"orQueries": [{"orQueries": []}]}, "inside"),
    ],
)
async def test_wrong_values_are_refused(database: Database, filters: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidQuery, match=message):
        await TASKS.list(database, filters)


@pytest.fixture
async def orders(projector: Projector, unique: Callable[[str], str]) -> list[str]:
    """Three instances: one at a user task, one at a job that failed, one that ended."""
    first, second, third = unique("a"), unique("b"), unique("c")
    people = UserTaskWait(
        key=4,
        element=3,
        node="approve",
        name="Approve Order",
        candidate_groups=("sales", "boss"),
        candidate_users=("mary",),
        due=T0 + 1000,
        form={"formKey": "order"},
    )
    await projector.write(
        batch(
            first,
            0,
            step(
                1,
                T0,
                *started(first, business_key="A-1", tenant="north"),
                ElementActivated(3, "approve", 1),
                WaitOpened(people),
                VariableSet(3, "note", "local", True),
                VariableSet(1, "when", Typed("Date", "2026-03-01T12:00:00.000+0000"), True),
            ),
        )
    )
    job = JobWait(4, 3, "charge", "service", "charge", retries=0)
    await projector.write(
        batch(
            second,
            0,
            step(
                1,
                T0 + 1,
                *started(second, business_key="B-1"),
                ElementActivated(3, "charge", 1),
                WaitOpened(job),
                IncidentRaised(5, "failedJob", "no funds", 3, "charge", 4, "a long story"),
                WaitOpened(TimerWait(6, 3, "late", T0 + 10)),
                WaitOpened(MessageWait(7, 1, "stop", "stop order")),
            ),
        )
    )
    await projector.write(batch(third, 0, step(1, T0 + 2, *started(third), *user_task(), *finished())))
    return [first, second, third]


async def test_tasks_by_people_and_variables(database: Database, orders: list[str]) -> None:
    async def found(**filters: Any) -> list[str]:
        return [
            row.process_instance_id or ""
            for row in await TASKS.list(database, {"processInstanceIdIn": orders, **filters})
        ]

    first = orders[:1]
    assert await found() == first
    assert await found(candidateGroup="sales") == first
    assert await found(candidateGroups=["x", "boss"]) == first
    assert await found(candidateUser="mary") == first
    assert await found(candidateGroup="other") == []
    assert await found(withoutCandidateGroups=True) == []
    assert await found(nameLike="%order%") == first
    assert await found(dueBefore=datetime.fromtimestamp(T0 / 1000 + 2, UTC)) == first
    assert await found(tenantIdIn=["north"]) == first
    assert await found(withoutTenantId=True) == []
    assert await found(processVariables=[{"name": "amount", "operator": "eq", "value": 120.0}]) == first
    assert await found(processVariables=[{"name": "amount", "operator": "gt", "value": 120}]) == []
    assert await found(processVariables=[{"name": "amount", "operator": "neq", "value": "120"}]) == first
    assert await found(taskVariables=[{"name": "note", "operator": "like", "value": "lo%"}]) == first
    assert (
        await found(
            taskVariables=[{"name": "NOTE", "operator": "eq", "value": "LOCAL"}],
            variableNamesIgnoreCase=True,
            variableValuesIgnoreCase=True,
        )
        == first
    )
    earlier = [{"name": "when", "operator": "lt", "value": "2026-03-01T14:00:00.000+0100"}]
    assert await found(processVariables=earlier) == first
    assert await found(orQueries=[{"assignee": "nobody", "candidateGroup": "sales"}]) == first
    assert await found(orQueries=[{"assignee": "nobody"}, {"candidateGroup": "sales"}]) == []
    row = await TASKS.get(database, f"{orders[0]}:4")
    assert row is not None
    assert (row.form, row.wait_key, row.element_key) == ({"formKey": "order"}, 4, 3)


async def test_instances_and_their_history(database: Database, orders: list[str]) -> None:
    async def found(resource: Resource[Any], **filters: Any) -> list[str]:
        ids = "processInstanceIds"
        return sorted(row.id for row in await resource.list(database, {ids: orders, **filters}))

    first, second, third = orders
    assert await found(PROCESS_INSTANCES) == sorted([first, second])
    assert await found(PROCESS_INSTANCES, businessKeyLike="A%") == [first]
    assert await found(PROCESS_INSTANCES, withIncident=True) == [second]
    assert await found(PROCESS_INSTANCES, activityIdIn=["approve"]) == [first]
    assert await found(HISTORIC_PROCESS_INSTANCES, finished=True) == [third]
    assert await found(HISTORIC_PROCESS_INSTANCES, completed=True) == [third]
    assert await found(HISTORIC_PROCESS_INSTANCES, activeActivityIdIn=["charge"]) == [second]
    assert await found(HISTORIC_PROCESS_INSTANCES, incidentStatus="open") == [second]
    row = await HISTORIC_PROCESS_INSTANCES.get(database, third)
    assert row is not None
    assert (row.state, row.duration_in_millis) == ("COMPLETED", 0)
    rows = await HISTORIC_ACTIVITY_INSTANCES.list(database, {"processInstanceId": third}, [Sort("occurrence")])
    assert [row.activity_id for row in rows] == ["start", "approve", "end"]
    assert rows[1].task_id == f"{third}:4"


async def test_what_waits_in_an_instance(database: Database, orders: list[str]) -> None:
    second = orders[1]
    mine = {"processInstanceId": second}
    jobs = await JOBS.list(database, mine)
    assert [(row.kind, row.retries) for row in jobs] == [("service", 0), ("timer", 3)]
    assert await JOBS.count(database, {**mine, "noRetriesLeft": True}) == 1
    assert await JOBS.count(database, {**mine, "timers": True}) == 1
    assert await stacktrace(database, f"{second}:4") == "a long story"
    (subscription,) = await EVENT_SUBSCRIPTIONS.list(database, mine)
    assert (subscription.event_name, subscription.execution_id) == ("stop order", second)
    (incident,) = await INCIDENTS.list(database, {**mine, "configuration": f"{second}:4"})
    assert (incident.id, incident.execution_id) == (f"{second}:5", f"{second}:3")
    await set_annotation(database, incident.id, "called the bank")
    assert [row.annotation for row in await HISTORIC_INCIDENTS.list(database, mine)] == ["called the bank"]
    assert sorted(row.id for row in await EXECUTIONS.list(database, mine)) == [second, f"{second}:3"]
    root = await tree(database, second)
    assert root is not None
    assert [child.activity_id for child in root.children] == ["charge"]
    assert root.children[0].incident_ids == [f"{second}:5"]
    assert await tree(database, orders[2]) is None
    assert await open_waits(database, second, 3) == []


async def test_variables_of_scopes(database: Database, orders: list[str]) -> None:
    first = orders[0]
    seen = await visible(database, first, 3)
    assert {name: row.value for name, row in seen.items()} == {
        "amount": 120,
        "note": "local",
        "when": "2026-03-01T12:00:00.000+0000",
    }
    assert sorted(await local(database, first, 3)) == ["note"]
    assert sorted(await visible(database, first, 1, ["amount", "note"])) == ["amount"]
    assert seen["when"].type == "Date"
    (row,) = await VARIABLES.list(database, {"taskIdIn": [f"{first}:4"]})
    assert row.name == "note"
    assert await VARIABLES.get(database, f"{first}:1:amount") is not None
    assert await VARIABLES.count(database, {"processInstanceIdIn": [orders[2]]}) == 0
    assert await HISTORIC_VARIABLES.count(database, {"processInstanceId": orders[2]}) == 1
    assert await HISTORIC_VARIABLES.count(database, {"processInstanceId": first, "variableValue": 120}) == 1


async def test_history_from_the_log(database: Database, projector: Projector, orders: list[str]) -> None:
    third = orders[2]
    changes = [VariableSet(1, "amount", 130), VariableSet(1, "amount", "much")]
    first = orders[0]
    await projector.write(batch(first, 8, step(9, T0 + 50, *changes)))
    details = await DETAILS.list(database, {"processInstanceId": first, "variableNameLike": "amount"}, [Sort("time")])
    assert [(row.revision, row.value, row.initial) for row in details] == [
        (0, 120, True),
        (1, 130, False),
        (2, "much", False),
    ]
    assert await DETAILS.get(database, details[1].id) == details[1]
    for kind, number in (("integer", 2), ("String", 2), ("date", 1), ("Object", 0)):
        assert await DETAILS.count(database, {"processInstanceId": first, "variableTypeIn": [kind]}) == number
    log = await JOB_LOG.list(database, {"processInstanceId": orders[1]}, [Sort("occurrence")])
    assert [(row.job_definition_type, row.creation_log) for row in log] == [("service", True), ("timer", True)]
    links = await IDENTITY_LINK_LOG.list(database, {"taskId": f"{first}:4"})
    assert sorted((row.type, row.user_id or row.group_id) for row in links) == [
        ("candidate", "boss"),
        ("candidate", "mary"),
        ("candidate", "sales"),
    ]
    found = await events(database, third, types=["ElementActivated"])
    assert [event.event["node"] for event in found] == ["start", "approve", "end"]


async def test_statistics(database: Database, orders: list[str]) -> None:
    assert isinstance(await statistics(database, incidents=True, failed_jobs=True), list)
    rows = await activity_statistics(database, "order:1:abc", incidents=True, failed_jobs=True)
    by_id = {row.id: row for row in rows}
    assert by_id["charge"].failed_jobs >= 1
    assert by_id["charge"].incidents["failedJob"] >= 1
    assert by_id["approve"].instances >= 1
    past = await historic_activity_statistics(
        database, "order:1:abc", instance_ids=orders, started_after=datetime.now(UTC) - timedelta(days=3650)
    )
    assert {row.id: (row.instances, row.finished) for row in past}["approve"] == (1, 1)


async def test_pages_and_sorting(database: Database, projector: Projector, unique: Callable[[str], str]) -> None:
    topic = unique("topic")
    for index in range(5):
        one = unique("i")
        events = [*started(one, business_key=f"K-{index}"), *external_task(3, topic, priority=5 - index)]
        await projector.write(batch(one, 0, step(1, T0 + index, *events)))
    sort = [Sort("taskPriority")]
    keys = [row.business_key for row in await EXTERNAL_TASKS.list(database, {"topicName": topic}, sort)]
    assert keys == ["K-4", "K-3", "K-2", "K-1", "K-0"]
    page = await EXTERNAL_TASKS.list(database, {"topicName": topic}, sort, first=1, maximum=2)
    assert [row.business_key for row in page] == ["K-3", "K-2"]
    assert await EXTERNAL_TASKS.list(database, {"topicName": topic}, maximum=0) == []
    assert await EXTERNAL_TASKS.count(database, {"topicName": topic}) == 5
