"""History is removed when its time is over, on request or in the window; what was counted stays counted."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from datetime import time as day_time
from typing import TYPE_CHECKING, Any

import pytest

from api.chores import window
from api.settings import CleanupSettings
from interpreter.bpmn.builder import bpmn
from tests.api.server import Rest, running
from tests.api.test_batches import ended

if TYPE_CHECKING:
    from ostinato.dev.temporal import TemporalServer

Unique = Callable[[str], str]
NIGHT = CleanupSettings(day_time(22), day_time(6))


@pytest.fixture(scope="module")
def rest(database_url: str, temporal: TemporalServer) -> Iterator[Rest]:
    queue = f"queue-{uuid.uuid4().hex[:12]}"
    with running(database_url, temporal.address, queue, cleanup=CleanupSettings(batch_days=0)) as client:
        yield client


def gone(rest: Rest, *instances: str) -> None:
    """Wait until the instances are out of the history."""
    deadline = time.monotonic() + 20
    while any(rest.http.get(f"/engine-rest/history/process-instance/{one}").is_success for one in instances):
        assert time.monotonic() < deadline, "the cleanup did not remove them"
    while rest.get("/history/cleanup/job")["dueDate"] is not None:
        assert time.monotonic() < deadline, "the cleanup did not end"


def removed(rest: Rest) -> Any:
    return rest.get("/metrics/history-cleanup-removed-process-instances/sum")["result"]


@pytest.mark.parametrize(
    ("settings", "now", "begins", "ends"),
    [
        (NIGHT, (10, 12, 0), (10, 22, 0), (11, 6, 0)),
        (NIGHT, (10, 23, 0), (10, 22, 0), (11, 6, 0)),
        (NIGHT, (10, 5, 59), (9, 22, 0), (10, 6, 0)),
        (NIGHT, (10, 6, 0), (10, 22, 0), (11, 6, 0)),
        (CleanupSettings(day_time(1), day_time(2)), (10, 1, 30), (10, 1, 0), (10, 2, 0)),
        (CleanupSettings(day_time(0), day_time(0)), (10, 1, 30), (10, 0, 0), (11, 0, 0)),
    ],
)
def test_the_window_that_is_open_or_next(settings: CleanupSettings, now: Any, begins: Any, ends: Any) -> None:
    def at(day: int, hour: int, minute: int) -> datetime:
        return datetime(2030, 5, day, hour, minute, tzinfo=UTC)

    span = window(settings, at(*now))
    assert span is not None
    assert (span.begins, span.ends) == (at(*begins), at(*ends))


def test_without_window_only_on_request(rest: Rest, unique: Unique) -> None:
    assert rest.get("/history/cleanup/configuration") == {
        "batchWindowStartTime": None,
        "batchWindowEndTime": None,
        "enabled": True,
    }
    key, kept = unique("short"), unique("kept")
    rest.deploy(bpmn(key).start().end(), bpmn(kept).start().end())
    definition = rest.get(f"/process-definition/key/{key}")["id"]
    rest.put(f"/process-definition/{definition}/history-time-to-live", {"historyTimeToLive": 0}, 204)
    started = rest.get("/metrics/process-instances/sum")["result"]
    old = [rest.start(key)["id"] for _ in range(3)]
    stays = rest.start(kept)["id"]
    job = rest.get("/history/cleanup/job")
    assert (job["dueDate"], job["suspended"], job["retries"]) == (None, True, 3)
    before = removed(rest)
    rest.post("/history/cleanup", immediatelyDue="false")
    assert rest.get(f"/history/process-instance/{old[0]}")["id"] == old[0]
    asked = rest.post("/history/cleanup")
    assert asked["id"] == job["id"]
    assert asked["dueDate"] is not None
    gone(rest, *old)
    assert removed(rest) == before + 3
    assert rest.get(f"/history/process-instance/{stays}")["id"] == stays
    assert rest.get("/metrics/process-instances/sum")["result"] <= started + 4
    (after,) = rest.get("/history/cleanup/jobs")
    assert (after["exceptionMessage"], after["suspended"]) == (None, True)


def test_removal_times_count_before_times_to_live(rest: Rest, unique: Unique) -> None:
    key = unique("never")
    rest.deploy(bpmn(key).start().end())
    due, later = rest.start(key)["id"], rest.start(key)["id"]
    for one, year in ((due, 2001), (later, 2100)):
        body = {"historicProcessInstanceIds": [one], "absoluteRemovalTime": f"{year}-01-01T00:00:00.000+0000"}
        ended(rest, rest.post("/history/process-instance/set-removal-time", body))
    rest.post("/history/cleanup")
    gone(rest, due)
    assert rest.get(f"/history/process-instance/{later}")["removalTime"] is not None


def test_batches_go_too(rest: Rest, unique: Unique) -> None:
    key = unique("batch")
    rest.deploy(bpmn(key).start().user_task("a").end())
    one = rest.start(key)["id"]
    batches = [
        ended(
            rest,
            rest.post(
                "/process-instance/variables-async", {"processInstanceIds": [one], "variables": {"x": {"value": 1}}}
            ),
        )
        for _ in range(2)
    ]
    rows = {
        row["batchType"]: row
        for row in rest.get("/history/batch/cleanable-batch-report", sortBy="finished", sortOrder="desc")
    }
    assert rows["set-variables"]["cleanableBatchesCount"] == rows["set-variables"]["finishedBatchesCount"] >= 2
    assert rest.get("/history/batch/cleanable-batch-report/count")["count"] == len(rows)
    body = {"historicBatchIds": [batches[1]["id"]], "absoluteRemovalTime": "2100-01-01T00:00:00.000+0000"}
    ended(rest, rest.post("/history/batch/set-removal-time", body))
    assert rest.get(f"/history/batch/{batches[1]['id']}")["removalTime"] == "2100-01-01T00:00:00.000+0000"
    rest.post("/history/cleanup")
    deadline = time.monotonic() + 20
    while rest.http.get(f"/engine-rest/history/batch/{batches[0]['id']}").is_success:
        assert time.monotonic() < deadline
    assert rest.get(f"/history/batch/{batches[1]['id']}")["id"] == batches[1]["id"]


def test_metrics_by_interval(rest: Rest, unique: Unique) -> None:
    key = unique("counted")
    rest.deploy(bpmn(key).start().end())
    begin = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    for _ in range(3):
        rest.start(key)
    rows = rest.get("/metrics", name="process-instances", startDate=begin)
    assert sum(row["value"] for row in rows) >= 3
    assert {(row["name"], row["reporter"]) for row in rows} == {("process-instances", "ostinato")}
    assert {row["timestamp"][14:] for row in rows} <= {f"{minute}:00.000+0000" for minute in ("00", "15", "30", "45")}
    assert {row["reporter"] for row in rest.get("/metrics", aggregateByReporter="true")} == {None}
    every = rest.get("/metrics", startDate=begin)
    assert {row["name"] for row in every} >= {"root-process-instance-start", "activity-instance-start"}
    assert [row["timestamp"] for row in every] == sorted((row["timestamp"] for row in every), reverse=True)
    assert rest.get("/metrics", reporter="somebody else") == []
    assert len(rest.get("/metrics", maxResults=1)) == 1
    assert sum(row["value"] for row in rest.get("/metrics", name="process-instances", startDate=begin, interval=1)) >= 3
    rest.get("/metrics", 400, maxResults=201)
    rest.get("/metrics", 400, interval=0)
    rest.get("/metrics", 400, name="nonsense")
