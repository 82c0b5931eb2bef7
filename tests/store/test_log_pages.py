"""Pages of the histories that are read from the event log are the same as the whole, and read only what they need."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from interpreter.events import ElementActivated, VariableSet, WaitClosed, WaitOpened
from interpreter.waits import JobWait
from store.database import Database
from store.external_tasks import EXTERNAL_TASK_LOG
from store.jobs import JOB_LOG
from store.projection import Projector
from store.query import log as log_pages
from store.query.resource import Resource, Sort
from store.variables import DETAILS
from tests.store.streams import T0, batch, external_task, finished, started, step

LOGS: list[tuple[Resource[Any], str]] = [(JOB_LOG, "timestamp"), (EXTERNAL_TASK_LOG, "timestamp"), (DETAILS, "time")]
NEWEST = {"timestamp": Sort("timestamp", True), "time": Sort("time", True)}


async def live(projector: Projector, one: str, at: int) -> None:
    """An instance with two jobs of which one is left, an external task and a variable that is set twice."""
    events = [
        *started(one),
        *external_task(),
        ElementActivated(key=7, node="pay", scope=1),
        WaitOpened(JobWait(8, 7, "pay", "service", "pay")),
        WaitOpened(JobWait(9, 7, "pay", "service", "tell")),
    ]
    await projector.write(batch(one, 0, step(1, at, *events)))
    more = [WaitClosed(key=8), VariableSet(scope=1, name="amount", value=121), *finished(node="charge")]
    await projector.write(batch(one, len(events), step(len(events) + 1, at + 1000, *more)))


@pytest.fixture
async def instances(
    database: Database, projector: Projector, unique: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> list[str]:
    """Twelve of them, a minute to some days apart, the oldest first."""
    ids = [unique("log") for _ in range(12)]
    for number, one in enumerate(ids):
        await live(projector, one, T0 + 60_000 * 2**number)
    await database.execute("UPDATE event_batch SET written_at = from_millis((steps -> -1 ->> 'at')::bigint)")
    monkeypatch.setattr(log_pages, "_LEAST", 1)  # so that one look is not enough
    return ids


@pytest.mark.parametrize(("log", "by"), LOGS, ids=["jobs", "external tasks", "details"])
async def test_pages_make_up_the_whole(database: Database, instances: list[str], log: Resource[Any], by: str) -> None:
    every = await log.list(database, {})
    mine = [row for row in every if row.process_instance_id in instances]
    assert len(mine) >= 24
    assert await log.count(database, {}) == len(every)
    pages = [await log.list(database, {}, [], first, 5) for first in range(0, len(every), 5)]
    assert [row for page in pages for row in page] == every
    for row in mine[:5]:
        assert await log.get(database, row.id) == row

    def moment(row: Any) -> Any:
        return getattr(row, by)

    newest = await log.list(database, {}, [NEWEST[by]])
    for first, maximum in ((0, 1), (0, 7), (3, 10), (len(every) - 2, 10), (len(every), 3)):
        page = await log.list(database, {}, [NEWEST[by]], first, maximum)
        assert [moment(row) for row in page] == [moment(row) for row in newest[first : first + maximum]]
        assert [row.id for row in page] == [row.id for row in newest[first : first + maximum]]


async def test_the_log_of_a_job(database: Database, instances: list[str]) -> None:
    rows = await JOB_LOG.list(database, {"processInstanceId": instances[0]})
    assert [(row.job_id.rpartition(":")[2], row.creation_log, row.success_log) for row in rows] == [
        ("8", True, False),
        ("9", True, False),
        ("8", False, True),
    ]
    assert [row.job_definition_configuration for row in rows] == ["pay", "tell", "pay"]
    details = await DETAILS.list(database, {"processInstanceId": instances[0]})
    assert [(row.variable_name, row.revision, row.initial, row.value) for row in details] == [
        ("amount", 0, True, 120),
        ("amount", 1, False, 121),
    ]


@pytest.mark.slow
async def test_a_page_of_thirty_thousand_instances_is_quick(database: Database, projector: Projector) -> None:
    await live(projector, "model", T0)
    copies = 30_000
    async with database.connection() as connection:
        await connection.execute("SET statement_timeout = 0")
        await connection.execute(
            "INSERT INTO process_instance SELECT (jsonb_populate_record(p, jsonb_build_object("
            "'id', 'copy' || g, 'root_id', 'copy' || g, 'started_at', p.started_at + g * interval '1 second'))).* "
            "FROM process_instance p, generate_series(1, %s) g WHERE p.id = 'model'",
            (copies,),
        )
        await connection.execute(
            "INSERT INTO event_batch SELECT 'copy' || g, first, last, confirmed, digests, "
            "from_millis(%s) + (g + 2) * interval '1 second', (SELECT jsonb_agg(jsonb_set(s, '{at}', "
            "to_jsonb((s ->> 'at')::bigint + g * 1000))) FROM jsonb_array_elements(steps) s), meta "
            "FROM event_batch, generate_series(1, %s) g WHERE instance_id = 'model' ORDER BY g",
            (T0, copies),
        )
        await connection.execute("ANALYZE")
        await connection.execute("RESET statement_timeout")
    for log, by in LOGS:
        for sorting in ([], [NEWEST[by]]):
            begun = time.perf_counter()
            assert len(await log.list(database, {}, sorting, 0, 50)) == 50
            assert time.perf_counter() - begun < 1.0, "some milliseconds on an idle machine"
