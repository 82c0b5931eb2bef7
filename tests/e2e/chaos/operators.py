"""Operators under chaos: they suspend and resume, migrate, modify, delete, correct, deploy; one by one and in batches.

What must happen once carries what makes it so: an activity instance that is there only once, an instance that has its
new definition already, the same deployment.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

from ostinato.client import Client, EngineError, Incident, NotFound, Task
from tests.e2e.chaos.books import Books
from tests.e2e.chaos.scenes_begun import TIMED, timed
from tests.e2e.chaos.scenes_operated import MOVED, MOVING

SUSPENDED: Final = "chaos_order"
"""The definition that is suspended now and then."""
_PATIENCE: Final = 45.0
"""After so many seconds a batch that got no answer has not been made."""


async def _always(item: Task) -> bool:
    return True


class Operators:
    """`loops` run until the end; `raging` says whether it is still time for what disturbs. To be set: `open`, the
    instances that may be suspended, and `is_there`, which asks whether a task is really there."""

    def __init__(self, client: Client, chance: random.Random, books: Books, raging: Callable[[], bool]) -> None:
        self._client = client
        self._chance = chance
        self._books = books
        self._raging = raging
        self.began = asyncio.Event()
        self._in_batches: dict[str, float] = {}
        self.open: Callable[[], list[str]] = list
        self.is_there: Callable[[Task], Awaitable[bool]] = _always
        self.loops = (self._suspend, self._suspend_definition, self._move, self._modify, self._delete, self._repair)

    # -- suspension

    async def _suspend(self) -> None:
        """Some instances stand still for a while. A suspension that got no answer may come late, so that after the
        storm everything that is found suspended is resumed."""
        await asyncio.sleep(self._chance.uniform(0.5, 2.0))
        candidates = self.open()
        if not self._raging():
            rows = await self._client.instances(suspended=True)
            await self._resume([row.id for row in rows])
            return
        if not candidates:
            return
        chosen = self._chance.sample(candidates, min(len(candidates), self._chance.randint(1, 4)))
        way = self._chance.choice(("one", "some", "batch"))
        self._books.deeds[f"suspended {way}"] += 1
        try:
            await self._set_suspended(way, chosen, suspended=True)
            await asyncio.sleep(self._chance.uniform(0.2, 2.0))
        except EngineError as error:
            self._books.note(error)
        await self._resume(chosen)

    async def _resume(self, instances: list[str]) -> None:
        for instance in instances:
            await self._insist(lambda instance=instance: self._set_suspended("one", [instance], suspended=False))

    async def _set_suspended(self, way: str, instances: list[str], *, suspended: bool) -> None:
        match way:
            case "one":
                for instance in instances:
                    try:
                        path = f"/process-instance/{instance}/suspended"
                        await self._client.request("PUT", path, json={"suspended": suspended})
                    except NotFound as error:  # it has ended
                        self._books.note(error)
            case "some":
                body = {"processInstanceIds": instances, "suspended": suspended}
                await self._client.request("PUT", "/process-instance/suspended", json=body)
            case _:
                body = {"processInstanceIds": instances, "suspended": suspended}
                await self._client.request("POST", "/process-instance/suspended-async", json=body)

    async def _suspend_definition(self) -> None:
        """Nobody can start it for a while, and all its instances stand still."""
        if not self._raging():
            await asyncio.sleep(1.0)
            await self._set_definition_suspended(False)  # one that got no answer may have come late
            return
        await asyncio.sleep(self._chance.uniform(6.0, 12.0))
        self._books.deeds["suspended a definition"] += 1
        try:
            await self._set_definition_suspended(True)
            await asyncio.sleep(self._chance.uniform(0.2, 1.5))
        except EngineError as error:
            self._books.note(error)
        await self._insist(lambda: self._set_definition_suspended(False))

    async def _set_definition_suspended(self, suspended: bool) -> None:
        body = {"suspended": suspended, "includeProcessInstances": True}
        await self._client.request("PUT", f"/process-definition/key/{SUSPENDED}/suspended", json=body)

    # -- migration

    async def _move(self) -> None:
        rows = await self._client.tasks(taskDefinitionKey="moving")
        chosen = [row.process_instance_id for row in rows if row.process_instance_id][:5]
        if not chosen:
            await asyncio.sleep(0.4)
            return
        source = await self._client.request("GET", f"/process-definition/key/{MOVING}")
        target = await self._client.request("GET", f"/process-definition/key/{MOVED}")
        plan = {
            "sourceProcessDefinitionId": source["id"],
            "targetProcessDefinitionId": target["id"],
            "instructions": [
                {"sourceActivityIds": ["area"], "targetActivityIds": ["place"]},
                {"sourceActivityIds": ["moving"], "targetActivityIds": ["moved"]},
            ],
        }
        way = self._chance.choice(("one", "race", "batch"))
        self._books.deeds[f"migrated {way}"] += 1
        now = {"migrationPlan": plan, "processInstanceIds": chosen[:1]}
        match way:
            case "one":
                await self._quietly("/migration/execute", now)
            case "race":
                await asyncio.gather(*(self._quietly("/migration/execute", now) for _ in range(2)))
            case _:
                body = {"migrationPlan": plan, "processInstanceIds": chosen}
                await self._quietly("/migration/executeAsync", body)
                await asyncio.sleep(1.0)

    # -- modification

    async def _modify(self) -> None:
        """Each instance is modified once: the token that is cancelled is there only once. A batch cannot name it."""
        rows = await self._client.tasks(taskDefinitionKey="wrong_way")
        due = [row for row in rows if time.monotonic() > self._in_batches.get(row.id, 0.0)]
        chosen = [row for row in due[:5] if await self.is_there(row)]
        if not chosen:
            await asyncio.sleep(0.4)
            return
        if self._chance.random() < 0.3:
            await self._modify_in_batch(chosen[:4])
            return
        path, body = await self._modification(chosen[0])
        self._books.deeds["modified"] += 1
        await asyncio.gather(*(self._quietly(path, body) for _ in range(self._chance.choice((1, 2)))))

    async def _modification(self, item: Task) -> tuple[str, dict[str, Any]]:
        tree = await self._client.tree(str(item.process_instance_id))
        (token,) = [child.id for child in tree.children if child.activity_id == "wrong_way"] or [""]
        instructions: list[dict[str, str]] = [
            {"type": "cancel", "activityInstanceId": token},
            {"type": "startBeforeActivity", "activityId": "right_way"},
        ]
        return f"/process-instance/{item.process_instance_id}/modification", {"instructions": instructions}

    async def _modify_in_batch(self, chosen: list[Task]) -> None:
        for item in chosen:
            self._in_batches[item.id] = time.monotonic() + _PATIENCE
        self._books.deeds["modified in a batch"] += len(chosen)
        body = {
            "processDefinitionId": chosen[0].process_definition_id,
            "processInstanceIds": [item.process_instance_id for item in chosen],
            "instructions": [
                {"type": "cancel", "activityId": "wrong_way"},
                {"type": "startBeforeActivity", "activityId": "right_way"},
            ],
        }
        await self._quietly("/modification/executeAsync", body)

    # -- deletion

    async def _delete(self) -> None:
        rows = await self._client.tasks(taskDefinitionKey="doomed")
        chosen = [str(row.process_instance_id) for row in rows[:5] if await self.is_there(row)]
        if not chosen:
            await asyncio.sleep(0.4)
            return
        if self._chance.random() < 0.5:
            self._books.deeds["deleted"] += 1
            calls = (self._client.cancel(chosen[0]) for _ in range(2))
            for outcome in await asyncio.gather(*calls, return_exceptions=True):
                if isinstance(outcome, EngineError):
                    self._books.note(outcome)
                elif outcome is not None:
                    raise outcome
            return
        self._books.deeds["deleted in a batch"] += len(chosen)
        await self._quietly("/process-instance/delete", {"processInstanceIds": chosen, "deleteReason": "chaos"})
        await asyncio.sleep(1.0)

    # -- incidents

    async def _repair(self) -> None:
        await asyncio.sleep(0.5)
        for incident in await self._client.incidents():
            self._books.deeds[f"incident {incident.incident_type} at {incident.activity_id}"] += 1
            try:
                await self._mend(incident)
            except EngineError as error:
                self._books.note(error)

    async def _mend(self, incident: Incident) -> None:
        if incident.activity_id == "wrong":
            await self._client.set_variables(str(incident.process_instance_id), {"corrected": 2})
        await self._client.retry(incident)

    # -- the clock

    async def wind_clocks(self) -> None:
        """Now and then a process is deployed that the clock begins; asked for until there is an answer."""
        number = 0
        while number == 0 or self._raging():
            files = {f"{TIMED}_{number}.bpmn": timed(number).xml()}
            await self._insist(lambda files=files: self._client.deploy(contents=files))
            self._books.timed.append(f"{TIMED}_{number}")
            number += 1
            await self.began.wait()  # the first one shows what must come out
            await asyncio.sleep(self._chance.uniform(10.0, 30.0))

    # -- manners

    async def _insist(self, call: Callable[[], Awaitable[Any]]) -> None:
        while True:
            try:
                await call()
                return
            except EngineError as error:
                self._books.note(error)
                await asyncio.sleep(0.4)

    async def _quietly(self, path: str, body: dict[str, Any]) -> None:
        try:
            await self._client.request("POST", path, json=body)
        except EngineError as error:
            self._books.note(error)
