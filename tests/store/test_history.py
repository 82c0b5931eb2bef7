"""History is kept as long as it must be, removed when it may be, and counted."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from store import attachments, comments, definitions, deployments, metrics, reports
from store.audit import audit
from store.database import Database
from store.errors import Conflict, InvalidQuery, NotFound
from store.history import cleanable, cleanup, set_removal_time
from store.instances import HISTORIC_PROCESS_INSTANCES, delete_history, delete_variable_history
from store.new_definitions import NewProcess, NewResource
from store.projection import Projector
from store.variables import HISTORIC_VARIABLES
from store.variables import delete_history as delete_variable
from tests.store.streams import T0, batch, finished, started, step, user_task

ENDED = datetime.fromtimestamp(T0 / 1000, UTC)


async def deploy(database: Database, key: str, ttl: int | None) -> str:
    made = await deployments.create(
        database,
        resources=[NewResource("a.bpmn", b"<a/>")],
        processes=[NewProcess(key, key, f"hash-{key}", {}, {}, "a.bpmn", history_ttl=ttl)],
    )
    return made.process_definitions[0].id


async def live(projector: Projector, one: str, definition: str, *, end: bool = True, **options: str) -> None:
    meta = {"definition_id": definition, "definition_key": definition.partition(":")[0]}
    events = [*started(one, **options), *user_task(), *(finished() if end else [])]
    await projector.write(batch(one, 0, step(1, T0, *events), meta=meta))


async def exists(database: Database, *ids: str) -> list[str]:
    rows = await HISTORIC_PROCESS_INSTANCES.list(database, {"processInstanceIds": list(ids)})
    return sorted(row.id for row in rows)


async def test_what_may_be_removed_is(database: Database, projector: Projector, unique: Callable[[str], str]) -> None:
    short, never = await deploy(database, unique("short"), 5), await deploy(database, unique("never"), None)
    done, running, kept, child = unique("done"), unique("running"), unique("kept"), unique("child")
    await live(projector, done, short)
    await live(projector, running, short, end=False)
    await live(projector, kept, never)
    await live(projector, child, never, parent_id=running, root_id=running)
    await comments.add(database, message="x", instance_id=done)
    while await cleanup(database, ENDED + timedelta(days=4), limit=100) == 100:
        pass
    assert await exists(database, done) == [done]
    (row,) = await cleanable(database, ENDED + timedelta(days=6), definition_ids=[short])
    assert (row.finished_process_instance_count, row.cleanable_process_instance_count) == (1, 1)
    while await cleanup(database, ENDED + timedelta(days=6), limit=100) == 100:
        pass
    assert await exists(database, done, running, kept, child) == sorted([running, kept, child])
    assert await database.fetch("SELECT 1 FROM event_batch WHERE instance_id = %s", (done,)) == []
    assert await comments.list(database, instance_id=done) == []
    assert await set_removal_time(database, [kept], at=ENDED) == 1
    await cleanup(database, ENDED, limit=100)
    assert await exists(database, kept) == []


async def test_calculated_removal_times(database: Database, projector: Projector, unique: Callable[[str], str]) -> None:
    definition = await deploy(database, unique("key"), 3)
    root, child = unique("root"), unique("child")
    await live(projector, root, definition)
    await live(projector, child, definition, parent_id=root, root_id=root)
    assert await set_removal_time(database, [child], calculated=True, hierarchical=True) == 2
    row = await HISTORIC_PROCESS_INSTANCES.get(database, child)
    assert row is not None
    assert row.removal_time == ENDED + timedelta(days=3)
    assert await audit(database, [root, child]) == []


async def test_deletion_by_request(database: Database, projector: Projector, unique: Callable[[str], str]) -> None:
    definition = await deploy(database, unique("key"), None)
    done, running = unique("done"), unique("running")
    await live(projector, done, definition)
    await live(projector, running, definition, end=False)
    with pytest.raises(Conflict, match="still running"):
        await delete_history(database, running)
    with pytest.raises(Conflict):
        await delete_variable_history(database, running)
    (variable,) = await HISTORIC_VARIABLES.list(database, {"processInstanceId": done})
    assert await delete_variable(database, variable.id)
    assert not await delete_variable(database, variable.id)
    assert await delete_variable_history(database, done)
    assert await delete_history(database, done)
    assert not await delete_history(database, done)


async def test_reports_and_metrics(database: Database, projector: Projector, unique: Callable[[str], str]) -> None:
    key = unique("key")
    definition = await deploy(database, key, None)
    before = await metrics.total(database, "process-instances")
    for _ in range(3):
        await live(projector, unique("i"), definition)
    (row,) = await reports.process_durations(database, "month", definition_keys=[key])
    assert (row.period, row.period_unit, row.minimum, row.maximum) == (ENDED.month, "MONTH", 0, 0)
    (row,) = await reports.process_durations(database, "quarter", definition_ids=[definition])
    assert row.period == (ENDED.month + 2) // 3
    counts = await reports.task_counts(database, "taskName")
    assert {item.task_name: item.count for item in counts if item.process_definition_key == key} == {"Approve order": 3}
    assert len(await reports.task_durations(database, "month", completed_after=ENDED)) == 1
    assert await metrics.total(database, "root-process-instance-start") == before + 3
    assert await metrics.total(database, "flow-node-instances", ENDED, ENDED) == 0
    assert await metrics.total(database, "task-users") >= 0
    assert await metrics.total(database, "job-successful") == 0
    with pytest.raises(InvalidQuery):
        await metrics.total(database, "nonsense")
    with pytest.raises(InvalidQuery):
        await reports.process_durations(database, "week")
    with pytest.raises(InvalidQuery):
        await reports.task_counts(database, "assignee")
    assert any(row.id == definition for row in await definitions.statistics(database))


async def test_attachments(database: Database) -> None:
    link = await attachments.add(database, task_id="t", name="Rules", url="https://example.org")
    file = await attachments.add(database, task_id="t", instance_id="i", name="Scan", type="pdf", content=b"%PDF")
    assert [row.id for row in await attachments.of_task(database, "t")] == [link.id, file.id]
    assert [row.id for row in await attachments.of_instance(database, "i")] == [file.id]
    assert await attachments.content(database, file.id) == b"%PDF"
    assert await attachments.content(database, link.id) is None
    await attachments.delete(database, file.id)
    for action in (attachments.delete(database, file.id), attachments.content(database, file.id)):
        with pytest.raises(NotFound):
            await action
    with pytest.raises(InvalidQuery):
        await attachments.add(database, task_id="t")


async def test_the_operators_commands(
    database: Database,
    database_url: str,
    projector: Projector,
    unique: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OSTINATO_DATABASE_URL", database_url)
    one = unique("i")
    await live(projector, one, await deploy(database, unique("key"), 1))
    await database.execute("DELETE FROM variable WHERE instance_id = %s", (one,))

    async def run(*arguments: str) -> tuple[int, str]:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "ostinato", *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        output, _ = await process.communicate()
        return process.returncode or 0, output.decode()

    code, text = await run("audit", one)
    assert code == 1
    assert f"{one}: variable 1/amount *: stored None" in text
    assert (await run("audit", one, "--repair"))[0] == 0
    assert await run("audit", one) == (0, "The read model is what the log says.\n")
    assert (await run("rebuild", one))[0] == 0
    assert (await run("rebuild", "nothing"))[0] == 1
    code, text = await run("cleanup")
    assert code == 0
    assert text.startswith("Removed ")
    assert await exists(database, one) == []
