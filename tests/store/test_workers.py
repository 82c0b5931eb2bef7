"""Workers and external tasks: one task, one worker, whatever happens at once; and nobody polls in vain."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from interpreter.events import InstanceSuspended, VariableSet
from store.audit import audit
from store.database import Database
from store.errors import InvalidQuery, LockedByOther, NotFound, Suspended
from store.external_tasks import (
    EXTERNAL_TASK_LOG,
    EXTERNAL_TASKS,
    Topic,
    check_lock,
    error_details,
    extend_lock,
    fail,
    fetch_and_lock,
    lock,
    set_priority,
    set_retries,
    topic_names,
    unlock,
)
from store.notifications import Listener
from store.projection import Projector
from store.query import Sort
from tests.store.streams import T0, batch, external_task, started, step

MINUTE = 60_000


@pytest.fixture
def topic(unique: Callable[[str], str]) -> str:
    return unique("topic")


async def start(projector: Projector, one: str, topic: str, at: int = T0, **changes: Any) -> str:
    """An instance that waits at an external task; the task's id."""
    options = {name: changes.pop(name) for name in ("business_key", "tenant") if name in changes}
    events = [*started(one, **options), *external_task(3, topic, **changes), VariableSet(3, "note", "mine", True)]
    await projector.write(batch(one, 0, step(1, at, *events)))
    return f"{one}:4"


async def test_a_worker_gets_the_task_with_what_it_sees(
    database: Database, projector: Projector, unique: Callable[[str], str], topic: str
) -> None:
    one = unique("i")
    task_id = await start(projector, one, topic, business_key="A-1", headers={"kind": "card"})
    wanted = Topic(topic, MINUTE, include_extension_properties=True)
    (task,) = await fetch_and_lock(database, "w1", 10, [wanted])
    assert (task.id, task.worker_id, task.business_key, task.execution_id) == (task_id, "w1", "A-1", f"{one}:3")
    assert {name: row.value for name, row in task.variables.items()} == {"amount": 120, "note": "mine"}
    assert task.extension_properties == {"kind": "card"}
    assert await fetch_and_lock(database, "w2", 10, [wanted]) == []
    assert (await check_lock(database, task_id, "w1")).wait_key == 4
    with pytest.raises(LockedByOther, match="by worker 'w1'"):
        await check_lock(database, task_id, "w2")


async def test_only_the_wanted_variables(
    database: Database, projector: Projector, unique: Callable[[str], str], topic: str
) -> None:
    await start(projector, unique("i"), topic)
    (task,) = await fetch_and_lock(database, "w", 1, [Topic(topic, 1, variables=["amount"])])
    assert list(task.variables) == ["amount"]
    await asyncio.sleep(0.02)  # the lock of 1 ms has passed
    (task,) = await fetch_and_lock(database, "w", 1, [Topic(topic, MINUTE, local_variables=True)])
    assert list(task.variables) == ["note"]
    assert task.extension_properties == {}


async def test_many_workers_at_once_never_share_a_task(
    database: Database, projector: Projector, unique: Callable[[str], str], topic: str
) -> None:
    ids = {await start(projector, unique("i"), topic, T0 + index) for index in range(40)}

    async def worker(name: str) -> list[str]:
        mine: list[str] = []
        while tasks := await fetch_and_lock(database, name, 3, [Topic(topic, MINUTE)]):
            mine += [task.id for task in tasks]
        return mine

    shares = await asyncio.gather(*(worker(f"w{index}") for index in range(6)))
    everything = [task_id for share in shares for task_id in share]
    assert sorted(everything) == sorted(ids)


async def test_which_tasks_a_topic_means(
    database: Database, projector: Projector, unique: Callable[[str], str], topic: str
) -> None:
    await start(projector, unique("i"), topic, T0, business_key="A", tenant="north")
    await start(projector, unique("i"), topic, T0 + 1, business_key="B", priority=9)

    async def keys(**options: Any) -> list[str | None]:
        tasks = await fetch_and_lock(database, "w", 10, [Topic(topic, MINUTE, **options)])
        for task in tasks:
            await unlock(database, task.id)
        return [task.business_key for task in tasks]

    assert await keys() == ["A", "B"]
    assert await keys(business_key="B") == ["B"]
    assert await keys(tenant_id_in=["north"]) == ["A"]
    assert await keys(without_tenant_id=True) == ["B"]
    assert await keys(process_definition_key="order") == ["A", "B"]
    assert await keys(process_definition_key_in=["other"]) == []
    assert await keys(process_variables={"amount": 120}) == ["A", "B"]
    assert await keys(process_variables={"amount": "120"}) == []
    found = await fetch_and_lock(database, "w", 10, [Topic(topic, MINUTE)], use_priority=True)
    assert [task.business_key for task in found] == ["B", "A"]
    for task in found:
        await unlock(database, task.id)
    found = await fetch_and_lock(database, "w", 10, [Topic(topic, MINUTE)], sorting=[Sort("createTime", True)])
    assert [task.business_key for task in found] == ["B", "A"]
    with pytest.raises(InvalidQuery):
        await fetch_and_lock(database, "w", 10, [Topic(topic, MINUTE)], sorting=[Sort("id")])
    assert await fetch_and_lock(database, "w", 0, [Topic(topic, MINUTE)]) == []


async def test_several_topics_with_their_own_durations(
    database: Database, projector: Projector, unique: Callable[[str], str], topic: str
) -> None:
    first, second = topic, unique("topic")
    await start(projector, unique("i"), first)
    await start(projector, unique("i"), second)
    tasks = await fetch_and_lock(database, "w", 10, [Topic(first, MINUTE), Topic(second, 10 * MINUTE)])
    ends = {task.topic_name: task.lock_expiration_time for task in tasks}
    assert 8 * 60 < (ends[second] - ends[first]).total_seconds() < 10 * 60
    assert {first, second} <= set(await topic_names(database, locked=True, retries_left=True))
    assert first not in await topic_names(database, unlocked=True)


async def test_locks_are_extended_taken_off_and_expire(
    database: Database, projector: Projector, unique: Callable[[str], str], topic: str
) -> None:
    task_id = await start(projector, unique("i"), topic)
    await lock(database, task_id, "w1", MINUTE)
    await lock(database, task_id, "w1", MINUTE)
    with pytest.raises(LockedByOther):
        await lock(database, task_id, "w2", MINUTE)
    with pytest.raises(LockedByOther):
        await extend_lock(database, task_id, "w2", MINUTE)
    await extend_lock(database, task_id, "w1", 5 * MINUTE)
    await unlock(database, task_id)
    with pytest.raises(LockedByOther, match="by nobody"):
        await check_lock(database, task_id, "w1")
    await lock(database, task_id, "w1", 1)
    await asyncio.sleep(0.02)
    await check_lock(database, task_id, "w1")  # expired, but nobody else took it
    await lock(database, task_id, "w2", MINUTE)
    for action in (
        unlock(database, "nothing"),
        extend_lock(database, "nothing:4", "w", 1),
        error_details(database, "x:9"),
    ):
        with pytest.raises(NotFound):
            await action


async def test_a_failure_is_offered_again_after_its_pause(
    database: Database, projector: Projector, unique: Callable[[str], str], topic: str
) -> None:
    one = unique("i")
    task_id = await start(projector, one, topic)
    wanted = [Topic(topic, MINUTE)]
    await fetch_and_lock(database, "w", 1, wanted)
    with pytest.raises(LockedByOther):
        await fail(database, task_id, "other", "x", None, 2, 0)
    await fail(database, task_id, "w", "no money", "long", 2, MINUTE)
    assert await fetch_and_lock(database, "w", 1, wanted) == []
    await unlock(database, task_id)
    (task,) = await fetch_and_lock(database, "w", 1, wanted)
    assert (task.retries, task.error_message, task.error_details) == (2, "no money", "long")
    await fail(database, task_id, "w", "no money", "long", 0, 0)
    assert await fetch_and_lock(database, "w", 1, wanted) == []
    await set_retries(database, [task_id], 1)
    await set_priority(database, task_id, 7)
    (task,) = await fetch_and_lock(database, "w", 1, wanted)
    assert (task.retries, task.priority) == (1, 7)
    log = await EXTERNAL_TASK_LOG.list(database, {"externalTaskId": task_id}, [Sort("timestamp")])
    assert [(row.creation_log, row.failure_log, row.retries) for row in log] == [
        (True, False, None),
        (False, True, 2),
        (False, True, 0),
    ]
    assert await audit(database, [one]) == []


async def test_a_suspended_instance_gives_no_tasks(
    database: Database, projector: Projector, unique: Callable[[str], str], topic: str
) -> None:
    one = unique("i")
    task_id = await start(projector, one, topic)
    await lock(database, task_id, "w", MINUTE)
    await projector.write(batch(one, 7, step(8, T0 + 1, InstanceSuspended())))
    with pytest.raises(Suspended):
        await check_lock(database, task_id, "w")
    await unlock(database, task_id)
    assert await fetch_and_lock(database, "w", 1, [Topic(topic, MINUTE)]) == []
    assert await EXTERNAL_TASKS.count(database, {"topicName": topic, "suspended": True}) == 1


async def test_a_waiting_poll_is_woken(
    database: Database, database_url: str, projector: Projector, unique: Callable[[str], str], topic: str
) -> None:
    listener = Listener(database_url)
    await listener.start()
    try:
        async with listener.watch([topic, "another"]) as waiter, listener.watch(["unrelated"]) as other:
            await other.wait(0)
            assert await fetch_and_lock(database, "w", 1, [Topic(topic, MINUTE)]) == []
            task_id = await start(projector, unique("i"), topic)
            assert await waiter.wait(5)
            (task,) = await fetch_and_lock(database, "w", 1, [Topic(topic, MINUTE)])
            assert await waiter.wait(0.05) is False
            await unlock(database, task.id)
            assert task.id == task_id
            assert await waiter.wait(5)
            assert await other.wait(0) is False
    finally:
        await listener.stop()
    assert listener._waiters == {}


async def test_the_listener_comes_back(database: Database, database_url: str, topic: str) -> None:
    listener = Listener(database_url)
    await listener.start()
    try:
        async with listener.watch([topic]) as waiter:
            await waiter.wait(0)
            await database.fetch(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = 'ostinato-listen' AND datname = current_database()"
            )
            assert await waiter.wait(10)  # woken after the reconnection: something may have been missed
            await database.execute("SELECT pg_notify('ostinato_external_task', %s)", (topic,))
            assert await waiter.wait(10)
    finally:
        await listener.stop()
