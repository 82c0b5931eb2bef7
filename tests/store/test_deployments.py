"""Deployments: versions count up, duplicates are found, the compiled form is shared by hash."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from store import definitions, deployments
from store.database import Database
from store.definitions import PROCESS_DEFINITIONS
from store.errors import Conflict, NotFound
from store.migrate import current, upgrade
from store.new_definitions import (
    NewDecision,
    NewForm,
    NewJobDefinition,
    NewProcess,
    NewRequirements,
    NewResource,
    NewStart,
    days,
)
from store.projection import Projector
from tests.store.streams import T0, batch, started, step, user_task


def process(key: str, resource: str = "a.bpmn", **changes: Any) -> NewProcess:
    values: dict[str, Any] = {
        "key": key,
        "name": "A process",
        "hash": f"hash-of-{key}",
        "content": {"process_id": key},
        "nodes": {"approve": ("Approve", "userTask")},
        "resource_name": resource,
    }
    return NewProcess(**(values | changes))


async def test_versions_count_per_key_and_tenant(database: Database, unique: Callable[[str], str]) -> None:
    key = unique("key")
    files = [NewResource("a.bpmn", b"<a/>")]

    async def deploy(tenant: str | None = None) -> int:
        made = await deployments.create(database, tenant_id=tenant, resources=files, processes=[process(key)])
        return made.process_definitions[0].version

    assert sorted(await asyncio.gather(*(deploy() for _ in range(5)))) == [1, 2, 3, 4, 5]
    assert await deploy("north") == 1
    latest = await definitions.latest(database, key)
    assert latest is not None
    assert latest.id.startswith(f"{key}:5:")
    assert (latest.version, latest.hash) == (5, f"hash-of-{key}")
    assert await definitions.load(database, latest.hash) == {"process_id": key}
    assert await definitions.source(database, latest.id) == ("a.bpmn", b"<a/>")
    third = await definitions.by_version(database, key, 3)
    assert third is not None
    assert await definitions.in_deployment(database, key, third.deployment_id) == third
    assert await PROCESS_DEFINITIONS.count(database, {"key": key, "latestVersion": True}) == 2
    assert (
        await PROCESS_DEFINITIONS.count(
            database, {"key": key, "tenantIdIn": ["north"], "includeProcessDefinitionsWithoutTenantId": True}
        )
        == 6
    )
    with pytest.raises(NotFound):
        await definitions.load(database, "nothing")


async def test_duplicates_are_found(database: Database, unique: Callable[[str], str]) -> None:
    key, name = unique("key"), unique("deployment")
    first, second = NewResource("a.bpmn", b"<a/>"), NewResource("b.bpmn", b"<b/>")
    processes = [process(key), process(key + "2", "b.bpmn")]

    async def deploy(*files: NewResource, **options: bool) -> deployments.DeploymentResult:
        return await deployments.create(database, name=name, resources=files, processes=processes, **options)

    original = await deploy(first, second)
    again = await deploy(first, second, duplicate_filtering=True)
    assert (again.created, again.deployment.id) == (False, original.deployment.id)
    assert again.process_definitions == []
    changed = NewResource("b.bpmn", b"<c/>")
    partly = await deploy(first, changed, duplicate_filtering=True, deploy_changed_only=True)
    assert [row.key for row in partly.process_definitions] == [key + "2"]
    assert [row.name for row in await deployments.resources(database, partly.deployment.id)] == ["b.bpmn"]
    whole = await deploy(first, second, duplicate_filtering=True)
    assert len(whole.process_definitions) == 2


async def test_starts_of_the_latest_version_are_live(database: Database, unique: Callable[[str], str]) -> None:
    key, message = unique("key"), unique("message")
    files = [NewResource("a.bpmn", b"<a/>")]
    for node in ("first", "second"):
        starts = [NewStart(node, "message", message, {"x": 1})]
        made = await deployments.create(database, resources=files, processes=[process(key, starts=starts)])
    (found,) = await definitions.start_subscriptions(database, "message", message)
    assert (found.node, found.definition_key, found.spec) == ("second", key, {"x": 1})
    assert await definitions.start_subscriptions(database, "message", message, tenant="north") == []
    await definitions.set_suspended(database, [made.process_definitions[0].id], True)
    assert await definitions.start_subscriptions(database, "message", message) == []


async def test_decisions_and_forms(database: Database, unique: Callable[[str], str]) -> None:
    key = unique("risk")
    files = [NewResource("risk.dmn", b"<d/>"), NewResource("risk.form", b"{}")]
    for tag in ("1.0", "1.1"):
        made = await deployments.create(
            database,
            resources=files,
            decisions=[NewDecision(key, "Risk", "risk.dmn", f"{key}-graph", version_tag=tag)],
            requirements=[NewRequirements(f"{key}-graph", "Graph", "risk.dmn")],
            forms=[NewForm(key, "risk.form")],
        )
    latest = await definitions.latest_decision(database, key)
    assert latest is not None
    assert (latest.version, latest.version_tag) == (2, "1.1")
    assert latest.decision_requirements_definition_id == made.decision_requirements[0].id
    assert await definitions.decision_source(database, latest.id) == ("risk.dmn", b"<d/>")
    first = await definitions.decision_by_version(database, key, 1)
    assert first == await definitions.decision_by_version_tag(database, key, "1.0")
    assert await definitions.decision_in_deployment(database, key, made.deployment.id) == latest
    assert await definitions.latest_form(database, key) == ("risk.form", b"{}")
    assert await definitions.form_by_version(database, key, 1) == ("risk.form", b"{}")
    assert await definitions.form_in_deployment(database, "other", made.deployment.id) is None


async def test_a_deployment_with_running_instances_stays(
    database: Database, projector: Projector, unique: Callable[[str], str]
) -> None:
    key, one = unique("key"), unique("i")
    jobs = [NewJobDefinition("approve", "async-continuation", "async-before")]
    made = await deployments.create(
        database, resources=[NewResource("a.bpmn", b"<a/>")], processes=[process(key, jobs=jobs)]
    )
    definition = made.process_definitions[0]
    meta = {"definition_id": definition.id, "definition_key": key}
    events = started(one)
    await projector.write(batch(one, 0, step(1, T0, *events, *user_task()), meta=meta, definition_hash=definition.hash))
    with pytest.raises(Conflict):
        await deployments.delete(database, made.deployment.id)
    with pytest.raises(Conflict):
        await definitions.delete(database, definition.id)
    assert await deployments.delete(database, made.deployment.id, cascade=True)
    assert not await deployments.delete(database, made.deployment.id)
    with pytest.raises(NotFound):
        await definitions.set_history_ttl(database, definition.id, 3)


@pytest.mark.parametrize(("text", "value"), [(None, None), ("", None), ("180", 180), ("P5D", 5)])
def test_time_to_live(text: str | None, value: int | None) -> None:
    assert days(text) == value


def test_a_strange_time_to_live_is_refused() -> None:
    with pytest.raises(ValueError, match="P1M"):
        days("P1M")


async def test_migrating_twice_at_once(empty_database_url: str) -> None:
    assert current(empty_database_url) is None
    await asyncio.gather(*(asyncio.to_thread(upgrade, empty_database_url) for _ in range(3)))
    assert current(empty_database_url) is not None
    upgrade(empty_database_url)
    with pytest.raises(ValueError, match="Expected a database URL"):
        upgrade("mysql://x")
