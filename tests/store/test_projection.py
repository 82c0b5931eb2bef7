"""Batches of events become rows, whatever is repeated, late, or never happened."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from interpreter.events import (
    DecisionEvaluated,
    ElementActivated,
    ElementTerminated,
    IncidentRaised,
    IncidentResolved,
    InstanceMigrated,
    InstanceResumed,
    InstanceSuspended,
    VariableRemoved,
    VariableSet,
    WaitChanged,
    WaitClosed,
    WaitOpened,
)
from interpreter.values import Typed
from interpreter.waits import ExternalTaskWait, JobWait, MessageWait, TimerWait
from store.audit import audit
from store.batches import Batch
from store.database import Database
from store.errors import LogGap
from store.projection import Projector
from tests.store.streams import T0, batch, external_task, finished, started, step, user_task


async def rows(database: Database, table: str, instance_id: str) -> list[dict[str, object]]:
    return await database.fetch(f"SELECT * FROM {table} WHERE instance_id = %s ORDER BY sequence", (instance_id,))


async def assert_sound(database: Database, *instance_ids: str) -> None:
    assert [str(difference) for difference in await audit(database, instance_ids)] == []


async def test_a_step_becomes_rows(database: Database, projector: Projector, unique: Callable[[str], str]) -> None:
    one = unique("i")
    result = await projector.write(batch(one, 0, step(1, T0, *started(one, business_key="A-1"), *user_task())))
    assert (result.status, result.written) == ("written", 6)
    instance = await database.fetch_one("SELECT * FROM process_instance WHERE id = %s", (one,))
    assert instance is not None
    assert (instance["business_key"], instance["state"], instance["written"]) == ("A-1", "ACTIVE", 6)
    assert instance["started_at"].timestamp() * 1000 == T0
    assert [row["node"] for row in await rows(database, "activity_instance", one)] == ["start", "approve"]
    (task,) = await rows(database, "task", one)
    assert (task["id"], task["name"], task["ended_at"]) == (f"{one}:4", "Approve order", None)
    await assert_sound(database, one)


async def test_what_opens_and_closes_in_one_batch_is_one_row_or_none(
    database: Database, projector: Projector, unique: Callable[[str], str]
) -> None:
    one = unique("i")
    job = JobWait(key=4, element=3, node="charge", kind="service", type="charge")
    events = [*started(one), ElementActivated(key=3, node="charge", scope=1), WaitOpened(job), *finished(3, "charge")]
    await projector.write(batch(one, 0, step(1, T0, *events)))
    assert await rows(database, "job", one) == []
    assert all(row["ended_at"] for row in await rows(database, "activity_instance", one))
    await assert_sound(database, one)


async def test_t8_a_repeated_batch_changes_nothing(
    database: Database, projector: Projector, unique: Callable[[str], str]
) -> None:
    one = unique("i")
    first = batch(one, 0, step(1, T0, *started(one), *user_task()))
    await projector.write(first)
    assert (await projector.write(first)).status == "repeated"
    second = batch(one, 6, step(7, T0 + 5, *finished()))
    assert (await projector.write(second)).status == "written"
    assert (await projector.write(second)).status == "repeated"
    (task,) = await rows(database, "task", one)
    assert task["end_reason"] == "completed"
    await assert_sound(database, one)


async def test_a_confirmed_batch_writes_what_the_optimistic_one_left(
    database: Database, projector: Projector, unique: Callable[[str], str]
) -> None:
    one = unique("i")
    head, tail = step(1, T0, *started(one)), step(5, T0 + 1, *user_task())
    assert (await projector.write(batch(one, 0, head, confirmed=False))).status == "written"
    assert (await projector.write(batch(one, 0, head, tail))).status == "written"
    instance = await database.fetch_one("SELECT written, confirmed FROM process_instance WHERE id = %s", (one,))
    assert instance == {"written": 6, "confirmed": 6}
    assert (await projector.write(batch(one, 0, head, confirmed=False))).status in ("repeated", "stale")
    await assert_sound(database, one)


async def test_t8_an_attempt_that_never_happened_leaves_nothing(
    database: Database, projector: Projector, unique: Callable[[str], str]
) -> None:
    one = unique("i")
    await projector.write(batch(one, 0, step(1, T0, *started(one), *user_task())))
    ghost = [WaitClosed(4), *external_task(5, "ghost"), VariableSet(1, "ghost", True, True)]
    await projector.write(batch(one, 6, step(7, T0 + 10, *ghost)))
    assert len(await rows(database, "external_task", one)) == 1
    result = await projector.write(batch(one, 6, step(7, T0 + 20, *finished())))
    assert result.status == "rebuilt"
    assert await rows(database, "external_task", one) == []
    assert await database.fetch("SELECT name FROM variable WHERE instance_id = %s", (one,)) == [{"name": "amount"}]
    (task,) = await rows(database, "task", one)
    assert task["end_reason"] == "completed"
    await assert_sound(database, one)


async def test_the_older_attempt_cannot_overwrite_the_newer(
    database: Database, projector: Projector, unique: Callable[[str], str]
) -> None:
    one = unique("i")
    await projector.write(batch(one, 0, step(1, T0, *started(one), *user_task())))
    await projector.write(batch(one, 6, step(7, T0 + 20, *finished())))
    zombie = batch(one, 6, step(7, T0 + 10, WaitClosed(4), *external_task(5, "ghost")))
    assert (await projector.write(zombie)).status == "stale"
    assert await rows(database, "external_task", one) == []
    await assert_sound(database, one)


async def test_an_unconfirmed_batch_never_overwrites(
    database: Database, projector: Projector, unique: Callable[[str], str]
) -> None:
    one = unique("i")
    await projector.write(batch(one, 0, step(1, T0, *started(one), *user_task())))
    await projector.write(batch(one, 6, step(7, T0 + 10, *finished())))
    other = batch(one, 6, step(7, T0 + 11, *external_task(5, "ghost")), confirmed=False)
    assert (await projector.write(other)).status == "dropped"
    await assert_sound(database, one)


async def test_a_shorter_newer_attempt_cuts_the_longer_ghost(
    database: Database, projector: Projector, unique: Callable[[str], str]
) -> None:
    one = unique("i")
    head, ghost = step(1, T0, *started(one)), step(5, T0 + 1, *external_task(3, "ghost"))
    await projector.write(batch(one, 0, head, ghost, fence=T0))
    assert (await projector.write(batch(one, 0, head, fence=T0 + 9))).status == "rebuilt"
    assert await rows(database, "external_task", one) == []
    assert (await projector.write(batch(one, 4, step(5, T0 + 10, *user_task()), fence=T0 + 10))).status == "written"
    await assert_sound(database, one)


async def test_a_ghost_that_begins_inside_a_stored_batch(
    database: Database, projector: Projector, unique: Callable[[str], str]
) -> None:
    one = unique("i")
    head, ghost = step(1, T0, *started(one)), step(5, T0 + 1, *external_task(3, "ghost"))
    await projector.write(batch(one, 0, head, ghost, fence=T0, confirmed=False))
    assert (await projector.write(batch(one, 4, step(5, T0 + 9, *user_task())))).status == "rebuilt"
    assert await rows(database, "external_task", one) == []
    assert len(await rows(database, "task", one)) == 1
    await assert_sound(database, one)


async def test_a_gap_is_an_error(projector: Projector, unique: Callable[[str], str]) -> None:
    one = unique("i")
    with pytest.raises(LogGap, match="to reach event 6 but it ends at 0"):
        await projector.write(batch(one, 6, step(7, T0, *finished())))


async def test_people_keep_their_changes_through_a_rebuild(
    database: Database, projector: Projector, unique: Callable[[str], str]
) -> None:
    one = unique("i")
    await projector.write(batch(one, 0, step(1, T0, *started(one), *user_task())))
    await database.execute("UPDATE task SET assignee = 'mary', touched = true WHERE instance_id = %s", (one,))
    await projector.rebuild(one)
    (task,) = await rows(database, "task", one)
    assert task["assignee"] == "mary"
    await assert_sound(database, one)


async def test_the_audit_tells_what_differs(
    database: Database, projector: Projector, unique: Callable[[str], str]
) -> None:
    one = unique("i")
    await projector.write(batch(one, 0, step(1, T0, *started(one), *user_task())))
    await database.execute("UPDATE variable SET value = '99' WHERE instance_id = %s", (one,))
    await database.execute("DELETE FROM task WHERE instance_id = %s", (one,))
    found = await audit(database, [one])
    assert [(d.table, d.column) for d in found] == [("variable", "value"), ("task", "*")]
    await projector.rebuild(one)
    await assert_sound(database, one)


async def test_a_lost_instance_row_is_rebuilt(
    database: Database, projector: Projector, unique: Callable[[str], str]
) -> None:
    one = unique("i")
    await projector.write(batch(one, 0, step(1, T0, *started(one), *user_task())))
    await database.execute("DELETE FROM process_instance WHERE id = %s", (one,))
    assert [d.table for d in await audit(database)] == ["process_instance"]
    await projector.rebuild(one)
    await assert_sound(database, one)


async def test_every_kind_of_event(database: Database, projector: Projector, unique: Callable[[str], str]) -> None:
    one = unique("i")
    job = JobWait(key=4, element=3, node="charge", kind="service", type="charge")
    await projector.write(
        batch(
            one,
            0,
            step(
                1,
                T0,
                *started(one),
                ElementActivated(key=3, node="charge", scope=1),
                WaitOpened(job),
                WaitOpened(TimerWait(key=5, element=3, node="late", due=T0 + 1000)),
                WaitOpened(MessageWait(key=6, element=1, node="stop", name="stop", correlation_key="A")),
                ElementActivated(key=7, node="many", scope=1, multi="body"),
                VariableSet(7, "nrOfInstances", 3, True),
                VariableSet(1, "when", Typed("Date", "2026-01-01T00:00:00.000+0000"), True),
                VariableSet(1, "odd", "nul \x00 here", True),
            ),
        )
    )
    failed = JobWait(key=4, element=3, node="charge", kind="service", type="charge", retries=0)
    events = [
        WaitChanged(failed, "no funds"),
        IncidentRaised(key=8, type="failedJob", message="no funds", element=3, node="charge", wait=4),
        VariableRemoved(1, "amount"),
        InstanceSuspended(),
        DecisionEvaluated(element=3, node="charge", decision="risk", trace={"result": 1}),
    ]
    await projector.write(batch(one, 12, step(13, T0 + 10, *events)))
    (row, timer) = await rows(database, "job", one)
    assert (row["retries"], row["message"], timer["kind"]) == (0, "no funds", "timer")
    (incident,) = await rows(database, "incident", one)
    assert (incident["message"], incident["ended_at"]) == ("no funds", None)
    await assert_sound(database, one)
    end = [
        InstanceResumed(),
        IncidentResolved(8),
        WaitClosed(4, "cancelled"),
        WaitClosed(5, "cancelled"),
        WaitClosed(6, "cancelled"),
        ElementTerminated(3, "charge", "cancelled"),
        ElementTerminated(7, "many", "cancelled"),
    ]
    await projector.write(batch(one, 17, step(18, T0 + 20, *end)))
    assert await rows(database, "job", one) == []
    assert await rows(database, "subscription", one) == []
    (incident,) = await rows(database, "incident", one)
    assert incident["deleted"] is True
    await assert_sound(database, one)


async def test_a_migration_moves_what_is_open(
    database: Database, projector: Projector, unique: Callable[[str], str]
) -> None:
    one = unique("i")
    await projector.write(batch(one, 0, step(1, T0, *started(one), *user_task())))
    await database.execute("UPDATE task SET assignee = 'mary', touched = true WHERE instance_id = %s", (one,))
    moved = InstanceMigrated(definition_hash="hash-2", process_id="order", nodes={"approve": "decide"})
    meta = {"definition_id": "order:2:def", "definition_key": "order"}
    await projector.write(batch(one, 6, step(7, T0 + 1, moved), meta=meta))
    (task,) = await rows(database, "task", one)
    assert (task["node"], task["assignee"]) == ("decide", "mary")
    instance = await database.fetch_one("SELECT definition_id, written FROM process_instance WHERE id = %s", (one,))
    assert instance == {"definition_id": "order:2:def", "written": 7}
    await assert_sound(database, one)


async def test_a_worker_keeps_its_lock_until_the_engine_speaks(
    database: Database, projector: Projector, unique: Callable[[str], str]
) -> None:
    one = unique("i")
    await projector.write(batch(one, 0, step(1, T0, *started(one), *external_task(3))))
    await database.execute(
        "UPDATE external_task SET worker = 'w', locked_until = now(), touched = true WHERE instance_id = %s", (one,)
    )
    await projector.rebuild(one)
    assert (await rows(database, "external_task", one))[0]["worker"] == "w"
    changed = WaitChanged(ExternalTaskWait(key=4, element=3, node="charge", topic="charge", retries=0), "failed")
    await projector.write(batch(one, 6, step(7, T0 + 1, changed)))
    (row,) = await rows(database, "external_task", one)
    assert (row["worker"], row["retries"], row["error_message"]) == (None, 0, "failed")
    await assert_sound(database, one)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"base": 0, "steps": []}, "instance_id"),
        ({"instance_id": "a", "base": -1}, "base"),
        ({"instance_id": "a", "base": 0, "steps": [{"first": 2, "at": 1, "events": [{}]}]}, "starts at 1 but"),
    ],
)
def test_a_senseless_batch_is_refused(data: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Batch.from_json(data)


async def test_an_attempt_in_which_nothing_happened_removes_the_ghost(
    database: Database, projector: Projector, unique: Callable[[str], str]
) -> None:
    one = unique("i")
    await projector.write(batch(one, 0, step(1, T0, *started(one), *user_task())))
    await projector.write(batch(one, 6, step(7, T0 + 10, WaitClosed(4), *external_task(5, "ghost"))))
    assert (await projector.write(batch(one, 6, fence=T0 + 5))).status == "stale"
    assert (await projector.write(batch(one, 6, fence=T0 + 20, confirmed=False))).status == "repeated"
    assert (await projector.write(batch(one, 6, fence=T0 + 20))).status == "rebuilt"
    assert await rows(database, "external_task", one) == []
    await assert_sound(database, one)
    assert (await projector.write(batch(one, 0, fence=T0 + 30))).status == "rebuilt"
    assert await database.fetch("SELECT 1 FROM process_instance WHERE id = %s", (one,)) == []


async def test_the_same_batch_from_many_sides_at_once(
    database: Database, projector: Projector, unique: Callable[[str], str]
) -> None:
    """A flush that took too long is repeated while it is still under way."""
    one = unique("i")
    for flush in (
        batch(one, 0, step(1, T0, *started(one), *user_task())),
        batch(one, 6, step(7, T0 + 1, *finished())),
    ):
        results = await asyncio.gather(*(projector.write(flush) for _ in range(6)))
        assert sorted(result.status for result in results) == ["repeated"] * 5 + ["written"]
        assert {result.written for result in results} == {flush.reached}
    instance = await database.fetch_one("SELECT start_node, confirmed FROM process_instance WHERE id = %s", (one,))
    assert instance == {"start_node": "start", "confirmed": 11}
    await assert_sound(database, one)


async def test_attempts_that_race_leave_the_newest(
    database: Database, projector: Projector, unique: Callable[[str], str]
) -> None:
    one = unique("i")
    await projector.write(batch(one, 0, step(1, T0, *started(one), *user_task())))
    attempts = [
        batch(one, 6, step(7, T0 + index, WaitClosed(4), *external_task(5, f"attempt-{index}")))
        for index in range(1, 7)
    ]
    await asyncio.gather(*(projector.write(attempt) for attempt in attempts))
    assert [row["topic"] for row in await rows(database, "external_task", one)] == ["attempt-6"]
    await assert_sound(database, one)


async def test_truncating_removes_whole_steps(
    database: Database, projector: Projector, unique: Callable[[str], str]
) -> None:
    one = unique("i")
    await projector.write(batch(one, 0, step(1, T0, *started(one)), step(5, T0 + 1, *user_task()), fence=T0))
    assert await projector.truncate(one, 5, T0)
    instance = await database.fetch_one("SELECT written FROM process_instance WHERE id = %s", (one,))
    assert instance == {"written": 4}
    assert await rows(database, "task", one) == []
    await assert_sound(database, one)


async def test_rows_that_should_not_be_there_are_put_right(
    database: Database, projector: Projector, unique: Callable[[str], str], caplog: pytest.LogCaptureFixture
) -> None:
    one = unique("i")
    await projector.write(batch(one, 0, step(1, T0, *started(one))))
    await database.execute(
        "INSERT INTO activity_instance (instance_id, key, scope, sequence, node, type, started_at) "
        "VALUES (%s, 3, 1, 5, 'nonsense', '', now())",
        (one,),
    )
    assert (await projector.write(batch(one, 4, step(5, T0 + 1, *user_task())))).status == "written"
    assert "not what the log says" in caplog.text
    await database.execute("DELETE FROM process_instance WHERE id = %s", (one,))
    await database.execute("DELETE FROM event_batch WHERE instance_id = %s", (one,))
    assert (await projector.write(batch(one, 0, step(1, T0, *started(one), *user_task())))).status == "written"
    await assert_sound(database, one)
