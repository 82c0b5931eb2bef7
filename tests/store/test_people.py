"""What people do with tasks: claims have one winner, delegation goes there and back, everything is logged."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from store import comments
from store.database import Database
from store.errors import AlreadyClaimed, Conflict, InvalidQuery, NotFound
from store.identity_links import IDENTITY_LINK_LOG
from store.operations import OPERATIONS, annotate
from store.projection import Projector
from store.query import Sort
from store.tasks import (
    HISTORIC_TASKS,
    TASKS,
    TaskRow,
    add_link,
    assign,
    candidate_group_counts,
    claim,
    complete_standalone,
    create,
    delegate,
    delete,
    identity_links,
    remove_link,
    resolve,
    set_owner,
    unclaim,
    update,
)
from tests.store.streams import T0, batch, finished, started, step, user_task


@pytest.fixture
async def task_id(projector: Projector, unique: Callable[[str], str]) -> str:
    one = unique("i")
    events = [*started(one), *user_task(3, candidate_groups=("sales",))]
    await projector.write(batch(one, 0, step(1, T0, *events)))
    return f"{one}:4"


async def row(database: Database, task_id: str) -> TaskRow:
    found = await TASKS.get(database, task_id)
    assert found is not None
    return found


async def test_a_claim_has_one_winner(database: Database, task_id: str) -> None:
    async def attempt(user: str) -> bool:
        try:
            await claim(database, task_id, user)
        except AlreadyClaimed:
            return False
        return True

    users = [f"user-{index}" for index in range(12)]
    won = await asyncio.gather(*(attempt(user) for user in users))
    assert won.count(True) == 1
    winner = users[won.index(True)]
    assert (await row(database, task_id)).assignee == winner
    await claim(database, task_id, winner)  # again is no error
    await unclaim(database, task_id)
    assert (await row(database, task_id)).assignee is None


async def test_delegation_goes_there_and_back(database: Database, task_id: str) -> None:
    await assign(database, task_id, "mary")
    await delegate(database, task_id, "john")
    found = await row(database, task_id)
    assert (found.assignee, found.owner, found.delegation_state) == ("john", "mary", "PENDING")
    await resolve(database, task_id)
    found = await row(database, task_id)
    assert (found.assignee, found.owner, found.delegation_state) == ("mary", "mary", "RESOLVED")


async def test_properties_are_changed_and_logged(database: Database, task_id: str) -> None:
    due = datetime(2026, 5, 1, tzinfo=UTC)
    await update(database, task_id, {"name": "New", "due": due, "priority": 80}, user_id="boss")
    found = await row(database, task_id)
    assert (found.name, found.due, found.priority, found.task_state) == ("New", due, 80, "Updated")
    entries = await OPERATIONS.list(database, {"taskId": task_id}, [Sort("timestamp")])
    assert sorted((entry.operation_type, entry.property, entry.new_value) for entry in entries) == [
        ("SetDueDate", "due", str(round(due.timestamp() * 1000))),
        ("SetName", "name", "New"),
        ("SetPriority", "priority", "80"),
    ]
    assert len({entry.operation_id for entry in entries}) == 1
    assert await annotate(database, entries[0].operation_id, "why not")
    assert await OPERATIONS.count(database, {"taskId": task_id, "category": "TaskWorker"}) == 3
    with pytest.raises(InvalidQuery, match="colour"):
        await update(database, task_id, {"colour": "red"})
    with pytest.raises(InvalidQuery, match="PENDING"):
        await update(database, task_id, {"delegationState": "DONE"})


async def test_links(database: Database, task_id: str) -> None:
    await set_owner(database, task_id, "anna")
    await add_link(database, task_id, "candidate", user_id="mary", by="boss")
    await add_link(database, task_id, "candidate", user_id="mary")
    await add_link(database, task_id, "reviewer", group_id="audit")
    await add_link(database, task_id, "assignee", user_id="john")
    links = [(link.type, link.user_id or link.group_id) for link in await identity_links(database, task_id)]
    assert links == [
        ("assignee", "john"),
        ("owner", "anna"),
        ("candidate", "mary"),
        ("candidate", "sales"),
        ("reviewer", "audit"),
    ]
    assert await TASKS.count(database, {"taskId": task_id, "involvedUser": "mary"}) == 1
    await remove_link(database, task_id, "candidate", group_id="sales")
    await remove_link(database, task_id, "reviewer", group_id="audit")
    await remove_link(database, task_id, "assignee", user_id="somebody else")
    await remove_link(database, task_id, "assignee", user_id="john")
    assert [link.type for link in await identity_links(database, task_id)] == ["owner", "candidate"]
    assert await identity_links(database, task_id, "owner") != []
    log = await IDENTITY_LINK_LOG.list(database, {"taskId": task_id, "type": "candidate"}, [Sort("time")])
    assert ("sales", "delete") in [(entry.group_id, entry.operation_type) for entry in log]
    assert await HISTORIC_TASKS.count(database, {"taskId": task_id, "taskHadCandidateGroup": "sales"}) == 1
    with pytest.raises(InvalidQuery):
        await add_link(database, task_id, "candidate", user_id="a", group_id="b")


async def test_open_tasks_per_group(database: Database, task_id: str) -> None:
    assert dict(await candidate_group_counts(database))["sales"] >= 1


async def test_an_ended_task_is_nobodys(database: Database, projector: Projector, task_id: str) -> None:
    await assign(database, task_id, "mary")
    one = task_id.rpartition(":")[0]
    await projector.write(batch(one, 6, step(7, T0 + 1, *finished())))
    for action in (claim(database, task_id, "a"), resolve(database, task_id), identity_links(database, task_id)):
        with pytest.raises(NotFound):
            await action
    past = await HISTORIC_TASKS.get(database, task_id)
    assert past is not None
    assert (past.assignee, past.delete_reason, past.task_state) == ("mary", "completed", "Completed")


async def test_tasks_of_no_process(database: Database, task_id: str) -> None:
    mine = await create(database, {"name": "Call", "assignee": "mary", "tenantId": "north"}, user_id="mary")
    found = await row(database, mine)
    assert (found.name, found.process_instance_id, found.suspended, found.tenant_id) == ("Call", None, False, "north")
    assert found.execution_id is None
    with pytest.raises(Conflict):
        await create(database, {"id": mine})
    with pytest.raises(Conflict, match="part of a running process"):
        await delete(database, task_id)
    await complete_standalone(database, mine)
    with pytest.raises(NotFound):
        await delete(database, mine)
    past = await HISTORIC_TASKS.get(database, mine)
    assert past is not None
    assert past.delete_reason == "completed"


async def test_comments(database: Database, task_id: str) -> None:
    first = await comments.add(database, message="look", task_id=task_id, instance_id="i", user_id="mary")
    await comments.update(database, first.id, "look again")
    assert [item.message for item in await comments.list(database, task_id=task_id)] == ["look again"]
    assert [item.id for item in await comments.list(database, instance_id="i")] == [first.id]
    assert await comments.delete(database, comment_id=first.id) == 1
    assert await comments.get(database, first.id) is None
    with pytest.raises(NotFound):
        await comments.update(database, first.id, "gone")


async def test_a_claim_during_a_rebuild_is_not_lost(database: Database, projector: Projector, task_id: str) -> None:
    one = task_id.rpartition(":")[0]
    for index in range(15):
        await asyncio.gather(projector.rebuild(one), assign(database, task_id, f"user-{index}"), projector.rebuild(one))
        assert (await row(database, task_id)).assignee == f"user-{index}"
