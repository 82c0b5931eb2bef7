"""The reckoning: after the storm all books must agree.

    the clients' books         what was asked and what the engine acknowledged
    the task workers' ledger   which jobs were really done
    the log of events          in PostgreSQL, and its fold by the engine's own `apply`
    the read model             rows == fold of the log (`store.audit`)
    Temporal                   the list of workflows, each one's answer to the query `state`, and each run's history,
                               which must also be one that can be replayed

Nothing lost: every acknowledged start exists and came to the outcome that its variant comes to in calm weather, every
acknowledged completion closed its wait. Nothing twice: see `stories`. No ghost: no instance, wait or job that another
book does not know.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client as TemporalClient
from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError

from interpreter import codec
from interpreter.apply import fold
from interpreter.definition import Definition, load_definition
from interpreter.ids import element_id
from interpreter.step import new_state
from interpreter.workflow import client as engine
from interpreter.workflow import contract
from interpreter.workflow.details import describe_state
from interpreter.workflow.payloads import data_converter
from store import definitions
from store.audit import audit as audit_rows
from store.database import Database
from store.payloads import Payloads
from tests.e2e.chaos import scenes, stage
from tests.e2e.chaos.books import Books
from tests.e2e.chaos.replays import replay
from tests.e2e.chaos.scenes_begun import RINGS, TIMED
from tests.e2e.chaos.stories import Shape, Story

_JOBS = frozenset({stage.WORK, stage.DECLINE, stage.FLAKY, stage.MOODY})
_TOPICS = frozenset({stage.SHIP, stage.SHAKY})
_STATE = (
    *("sequence", "confirmed", "ended", "outcome", "suspended", "business_key"),
    *("elements", "waits", "incidents"),
)
_PARALLEL = 6
_LAST_EFFECTS = 90.0  # seconds, for all together


@dataclass
class Report:
    """`flaws`: one sentence for each thing that is wrong. `counts`: how much was compared."""

    flaws: list[str] = field(default_factory=list[str])
    counts: Counter[str] = field(default_factory=Counter[str])

    def check(self, what: str, right: bool, wrong: str) -> None:
        """Count a comparison; note the sentence if it failed."""
        self.counts[what] += 1
        if not right:
            self.flaws.append(wrong)


async def reckon(database_url: str, temporal_address: str, books: Books, ledger: Path) -> Report:
    """Compare all books."""
    report = Report()
    async with Database(database_url, max_size=_PARALLEL) as database:
        converter = data_converter(shelf=Payloads(database))
        temporal = await TemporalClient.connect(temporal_address, data_converter=converter)
        report.flaws += [f"read model: {difference}" for difference in await audit_rows(database)]
        stories = await read_stories(database)
        for story in stories.values():
            report.counts["events"] += len(story.events)
            for flaw in story.flaws():
                report.flaws.append(f"{story.key} {story.instance_id}: {flaw}")
        _outcomes(report, books, stories)
        _clocks(report, books, stories)
        _acknowledgements(report, books, stories)
        _work(report, stories, (await asyncio.to_thread(ledger.read_text)).splitlines())
        await _temporal(report, database, temporal, stories)
    report.counts["instances"] = len(stories)
    return report


async def read_stories(database: Database) -> dict[str, Story]:
    """The log of every instance."""
    found: dict[str, Story] = {}
    for row in await database.fetch("SELECT id, definition_key, parent_id, ended_at FROM process_instance"):
        found[row["id"]] = Story(row["id"], row["definition_key"], row["parent_id"], row["ended_at"] is not None)
    for instance_id, story in found.items():
        rows = await database.fetch(
            "SELECT sequence, event FROM logged_event WHERE instance_id = %s ORDER BY sequence", (instance_id,)
        )
        story.events = [(row["sequence"], row["event"]) for row in rows]
    return found


def _outcomes(report: Report, books: Books, stories: dict[str, Story]) -> None:
    """Every family of instances that goes back to one request came to what its variant comes to in calm weather."""
    families: dict[str, list[Story]] = defaultdict(list)
    for story in stories.values():
        token = story.token
        if token is None:
            is_expected = story.key == scenes.THROWER or story.key.startswith(TIMED)
            report.check("throwers", is_expected, f"{story.key} {story.instance_id} has no token")
        elif token not in books.attempts:
            report.flaws.append(f"ghost: {story.key} {story.instance_id} was never asked for (token {token})")
        else:
            families[token].append(story)
    for token, instance_id in books.started.items():
        report.check("acknowledged starts", instance_id in stories, f"lost: instance {instance_id} (token {token})")
    for token in books.promised:
        report.check("letters that begin an instance", token in families, f"lost: the letter {token} has begun nothing")
    expected: dict[tuple[str, int], Counter[tuple[str, Shape]]] = {}
    for token, attempt in books.attempts.items():
        if not attempt.storm and token in families:
            expected[attempt.scene, attempt.variant] = _family_shape(families[token])
    for token, family in families.items():
        attempt = books.attempts[token]
        if not attempt.storm:
            continue
        shape, right = _family_shape(family), expected[attempt.scene, attempt.variant]
        report.check(
            "outcomes",
            shape == right,
            f"{attempt.scene} variant {attempt.variant} ({token}) came out otherwise: {_difference(shape, right)}",
        )


def _clocks(report: Report, books: Books, stories: dict[str, Story]) -> None:
    """Every timed process has begun as often as its cycle says, and each time came to the same."""
    for key in books.timed:
        shapes = Counter(story.shape() for story in stories.values() if story.key == key)
        right = sum(shapes.values()) == RINGS and len(shapes) == 1
        report.check("clocks", right, f"{key} has begun {sum(shapes.values())} times, with {len(shapes)} outcomes")


def _family_shape(family: list[Story]) -> Counter[tuple[str, Shape]]:
    return Counter((story.key, story.shape()) for story in family)


def _difference(shape: Counter[tuple[str, Shape]], right: Counter[tuple[str, Shape]]) -> str:
    def facts(shapes: Counter[tuple[str, Shape]]) -> Counter[str]:
        total: Counter[str] = Counter()
        for (key, facts_of_one), number in shapes.items():
            total[f"instances of {key}"] += number
            for fact, count in facts_of_one:
                total[f"{key}: {fact}"] += count * number
        return total

    mine, theirs = facts(shape), facts(right)
    return "; ".join(
        f"{fact}: {mine[fact]} instead of {theirs[fact]}" for fact in mine | theirs if mine[fact] != theirs[fact]
    )


def _acknowledgements(report: Report, books: Books, stories: dict[str, Story]) -> None:
    """What the engine said yes to happened, and it said yes once."""
    outcomes = {
        element_id(story.instance_id, key): outcome
        for story in stories.values()
        for key, outcome in story.closed().items()
    }
    taken = {element_id(story.instance_id, key) for story in stories.values() for key in story.taken()}
    for id, times in books.yes.items():
        report.check("acknowledged completions", times == 1, f"twice: {id} was acknowledged {times} times")
        wrong = f"lost: {id} was acknowledged but is {outcomes.get(id)!r} in the log"
        report.check("completions in the log", id in taken, wrong)
    for id in books.clumsy:
        report.check("external tasks fetched", id in outcomes, f"ghost: external task {id} is in no log")


def _work(report: Report, stories: dict[str, Story], lines: list[str]) -> None:
    """Jobs that the log calls done were done by a worker; what a worker was given is in the log."""
    ledger = Counter(line.split()[0] for line in lines)
    report.counts["handler calls"] = len(lines)
    known: set[str] = set()
    for story in stories.values():
        closed = story.closed()
        for key, wait in story.waits().items():
            served = wait.get("topic") in _TOPICS if wait["t"] == "ExternalTaskWait" else wait.get("type") in _JOBS
            if wait["t"] not in ("ExternalTaskWait", "JobWait") or not served:
                continue
            id = f"{story.instance_id}:{key}"
            known.add(id)
            if closed.get(key) in ("completed", "error"):
                report.check("jobs done", ledger[id] > 0, f"invented: {id} is done in the log but nobody did it")
    for id in ledger:
        report.check("jobs given", id in known, f"ghost: {id} was given to a worker but is in no log")


async def _temporal(report: Report, database: Database, temporal: TemporalClient, stories: dict[str, Story]) -> None:
    """Temporal knows the same instances; each one's state is the fold of the log; its history holds the same work."""
    statuses: dict[str, WorkflowExecutionStatus | None] = {}
    runs: dict[str, list[str]] = defaultdict(list)
    async for execution in temporal.list_workflows(f"WorkflowType = '{contract.WORKFLOW_TYPE}'"):
        runs[execution.id].append(execution.run_id)
        if execution.status != WorkflowExecutionStatus.CONTINUED_AS_NEW:
            statuses[execution.id] = execution.status
    for id in runs:
        report.check("workflows", id in stories, f"lost: workflow {id} has no row")
        report.counts["runs"] += len(runs[id])
    loaded: dict[str, Definition] = {}
    waiting = iter(stories.values())
    until = asyncio.get_running_loop().time() + _LAST_EFFECTS

    async def work() -> None:
        for story in waiting:
            for flaw in [
                flaw async for flaw in _compare(report, database, temporal, story, statuses, runs, loaded, until)
            ]:
                report.flaws.append(f"{story.key} {story.instance_id}: {flaw}")

    await asyncio.gather(*(work() for _ in range(_PARALLEL)))
    async for run, wrong in replay(database, temporal, runs):
        report.check("replays", wrong is None, f"run {run} cannot be replayed: {wrong}")


async def _last_status(temporal: TemporalClient, instance_id: str, until: float) -> WorkflowExecutionStatus | None:
    """What an instance threw at its end goes out after its last row; an attempt that died is repeated after 30 s."""
    handle = temporal.get_workflow_handle(instance_id)
    try:
        async with asyncio.timeout_at(until):
            await handle.result()
    except (TimeoutError, WorkflowFailureError):
        pass
    return (await handle.describe()).status


async def _compare(
    report: Report,
    database: Database,
    temporal: TemporalClient,
    story: Story,
    statuses: dict[str, WorkflowExecutionStatus | None],
    runs: dict[str, list[str]],
    loaded: dict[str, Definition],
    until: float,
) -> AsyncIterator[str]:
    if story.instance_id not in statuses:
        yield "ghost: Temporal has no such workflow"
        return
    status = statuses[story.instance_id]
    if story.ended and status == WorkflowExecutionStatus.RUNNING:
        status = await _last_status(temporal, story.instance_id, until)
    if (status == WorkflowExecutionStatus.COMPLETED) != story.ended:
        yield f"Temporal says {status}, its row says ended={story.ended}"
    first = await _definition(database, loaded, story.events[0][1]["definition_hash"])
    folded = fold(new_state(first), (codec.from_json(event) for _, event in story.events))
    last = await _definition(database, loaded, folded.definition_hash)  # another one after a migration
    try:
        state = await engine.ask(temporal, story.instance_id, contract.QUERY_STATE)
    except engine.ProcessError as error:
        yield f"cannot say its state: {error}"
        return
    mine = codec_free(describe_state(last, folded, folded.sequence))
    for name in _STATE:
        report.counts["state fields"] += 1
        if state[name] != mine[name]:
            yield f"{name} is {state[name]!r:.300} for Temporal but {mine[name]!r:.300} by the log"
    for flaw in await _history(report, temporal, story, runs[story.instance_id]):
        yield flaw


async def _definition(database: Database, loaded: dict[str, Definition], hash: str) -> Definition:
    if hash not in loaded:
        loaded[hash] = load_definition(await definitions.load(database, hash))
    return loaded[hash]


async def _history(report: Report, temporal: TemporalClient, story: Story, runs: list[str]) -> list[str]:
    """Each job that is done in the log is one completed activity in the histories of the instance's runs, and the other
    way round."""
    completed: Counter[str] = Counter()
    for run in runs:
        types: dict[int, str] = {}
        async for event in temporal.get_workflow_handle(story.instance_id, run_id=run).fetch_history_events():
            report.counts["Temporal events"] += 1
            if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
                types[event.event_id] = event.activity_task_scheduled_event_attributes.activity_type.name
            elif event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
                completed[types[event.activity_task_completed_event_attributes.scheduled_event_id]] += 1
    waits, closed = story.waits(), story.closed()
    logged = Counter(
        str(wait["type"])
        for key, wait in waits.items()
        if wait["t"] == "JobWait" and wait["type"] in _JOBS and closed.get(key) == "completed"
    )
    mine = Counter({name: number for name, number in completed.items() if name in _JOBS})
    return list(_unequal(mine, logged))


def _unequal(activities: Counter[str], jobs: Counter[str]) -> Iterator[str]:
    for name in sorted(activities | jobs):
        if activities[name] < jobs[name]:
            yield f"{jobs[name]} jobs {name!r} are done in the log but Temporal has {activities[name]} activities"
        elif activities[name] > jobs[name]:
            yield f"Temporal has {activities[name]} completed activities {name!r} but the log {jobs[name]} jobs"


def codec_free(value: Any) -> Any:
    """As it looks after a way through JSON: tuples are lists."""
    if isinstance(value, dict):
        return {str(key): codec_free(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [codec_free(item) for item in value]
    return value
