"""The auditor: after the storm, four books must agree: the clients' own, the log of events, the read model, and
Temporal."""

from __future__ import annotations

from collections import Counter
from typing import Any

from temporalio.client import Client as TemporalClient

from interpreter.workflow import client as engine
from interpreter.workflow.payloads import data_converter
from store import log
from store.audit import audit as audit_rows
from store.database import Database
from tests.e2e.chaos.load import NODES, Books

Flaws = list[str]


async def audit(database_url: str, temporal_address: str, books: Books) -> Flaws:
    """Everything that is wrong, one sentence each."""
    flaws: Flaws = []
    temporal = await TemporalClient.connect(temporal_address, data_converter=data_converter())
    async with Database(database_url) as database:
        flaws += [f"read model: {difference}" for difference in await audit_rows(database)]
        for instance_id, number in books.started.items():
            events = await _events(database, instance_id)
            flaws += [f"{instance_id}: {flaw}" for flaw in _outcome(events, number)]
            state = await engine.ask(temporal, instance_id, "state")
            if state["sequence"] != len(events):
                flaws.append(f"{instance_id}: Temporal's state has {state['sequence']} events, the log {len(events)}")
    flaws += [f"task {key}: acknowledged {n} times" for key, n in books.acknowledged.items() if n > 1]
    return flaws


async def _events(database: Database, instance_id: str) -> list[dict[str, Any]]:
    return [logged.event for logged in await log.events(database, instance_id)]


def _outcome(events: list[dict[str, Any]], number: int) -> Flaws:
    """Each node once, each wait opened and closed once, each counter 1, and the end that the data asked for."""
    flaws: Flaws = []
    completed = Counter(event["node"] for event in events if event["t"] == "ElementCompleted")
    end = "accepted" if number % 2 == 0 else "refused"
    for node in (*NODES, end):
        if completed[node] != 1:
            flaws.append(f"{node!r} completed {completed[node]} times")
    opened = Counter(event["wait"]["key"] for event in events if event["t"] == "WaitOpened")
    closed = Counter(event["key"] for event in events if event["t"] == "WaitClosed")
    flaws += [
        f"wait {key} opened {n} times, closed {closed[key]} times" for key, n in opened.items() if closed[key] != 1
    ]
    values = {event["name"]: event["value"] for event in events if event["t"] == "VariableSet"}
    flaws += [f"{name} is {values.get(name)}" for name in ("charged", "shipped", "booked") if values.get(name) != 1]
    if not any(event["t"] == "InstanceEnded" and event["outcome"] == "completed" for event in events):
        flaws.append("has not completed")
    return flaws
