"""The clients of the chaos: they start instances, do people's work, deliver messages and signals, repair incidents.

They are as clumsy as real ones: they ask twice, at the same time and later, when nobody answered and without any
reason. Everything they see goes into the `Books`. Every instance is known by the token of the request that made it;
what is repeated with the same id (keyed starts, updates, published letters) must happen once.
"""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from temporalio.client import Client as TemporalClient

from activities.messages import MessageRouter
from interpreter.commands import CompleteWait
from interpreter.ids import split
from interpreter.workflow import client as engine
from interpreter.workflow import contract
from interpreter.workflow.payloads import data_converter
from ostinato.client import Client, EngineError, NotFound, Task, Unreachable
from store.database import Database
from store.errors import StoreError
from store.payloads import Payloads
from tests.e2e.chaos import scenes, scenes_begun, stage
from tests.e2e.chaos.beginnings import Beginnings
from tests.e2e.chaos.books import Attempt, Books
from tests.e2e.chaos.operators import Operators
from tests.e2e.chaos.stage import UNTOUCHED, Scene

T = TypeVar("T")
_RUNG = (
    "SELECT definition_key AS key, count(*) AS times FROM process_instance "
    f"WHERE definition_key LIKE '{scenes_begun.TIMED}%%' GROUP BY definition_key"
)
_TOKENS = "SELECT DISTINCT value #>> '{}' AS token FROM variable WHERE name = 'token'"


class Crowd:
    """See the module. `run` until `enough`, then `drain`. `at_once`: instances that may be open at a time."""

    def __init__(self, url: str, temporal: str, database_url: str, seed: int, at_once: int) -> None:
        self._url, self._temporal_address, self._database_url = url, temporal, database_url
        self._chance = random.Random(seed)
        self._at_once = at_once
        self._run = uuid.uuid4().hex[:6]
        self._count = 0
        self._open: set[str] = set()
        self._unsteady: set[str] = set()
        self._updated: set[str] = set()
        self._posting: set[asyncio.Task[None]] = set()
        self.storm = False
        self.books = Books()
        self.over = asyncio.Event()

    async def __aenter__(self) -> Crowd:
        self._client = Client(self._url, timeout=20.0)
        self._database = Database(self._database_url, application="chaos")
        await self._database.open()
        converter = data_converter(shelf=Payloads(self._database))
        self._temporal = await TemporalClient.connect(self._temporal_address, data_converter=converter)
        self._router = MessageRouter(self._database, self._temporal, contract.TASK_QUEUE)
        await self._client.deploy(contents=scenes.resources())
        await self._client.deploy(contents=scenes.resources())  # the same again makes no new version
        self._beginnings = Beginnings(
            self._client, self._temporal, self._database, self._router, self._chance, self.books
        )
        operators = Operators(self._client, self._chance, self.books, lambda: self.storm)
        operators.open = self._that_may_stand_still
        operators.is_there = self._is_there
        self._began = operators.began
        loops = (self._people, self._people, self._messenger, self._clumsy_worker, self._counting, *operators.loops)
        self._tasks = [asyncio.create_task(self._forever(loop)) for loop in loops]
        self._tasks.append(asyncio.create_task(operators.wind_clocks()))
        return self

    async def __aexit__(self, *_: object) -> None:
        self.over.set()
        tasks = [*self._tasks, *self._posting]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._client.close()
        await self._database.close()

    # -- starting

    async def play_calm(self) -> None:
        """One instance of each variant of each scene, until they have ended: what must come out."""
        gate = asyncio.Semaphore(self._at_once)

        async def one(scene: Scene, variant: int) -> None:
            async with gate:
                await self._start(scene, variant)

        await asyncio.gather(*(one(scene, v) for scene in scenes.SCENES for v in range(stage.VARIANTS)))
        await self.drain(120)

    async def play(self, enough: Callable[[], bool]) -> None:
        """Start instances until `enough()`, never more than `at_once` open."""
        pool = [scene for scene in scenes.SCENES for _ in range(scene.weight)]
        starting: set[asyncio.Task[None]] = set()
        while not enough():
            if len(self._open) + len(starting) >= self._at_once:
                await asyncio.sleep(0.05)
                continue
            scene = self._chance.choice(pool)
            if scene.key == scenes.PARKED and self._chance.random() < 0.8:
                continue
            task = asyncio.create_task(self._start(scene, self._chance.randrange(stage.VARIANTS)))
            starting.add(task)
            task.add_done_callback(starting.discard)
            await asyncio.sleep(self._chance.uniform(0, 0.1))
        if starting:
            await asyncio.wait(starting)

    def begin_storm(self) -> None:
        """From now on faults may happen, and people and operators do what disturbs."""
        self.storm = True
        self._began.set()

    async def drain(self, seconds: float) -> None:
        """Wait until all but the parked have ended. TimeoutError says which have not, and where they are."""
        deadline = time.monotonic() + seconds
        while not await self._all_ended():
            if time.monotonic() > deadline:
                raise TimeoutError(f"not ended after {seconds:g} s: {await self._left()}")
            await asyncio.sleep(0.3)

    async def _start(self, scene: Scene, variant: int) -> None:
        """Half of the starts carry an idempotency key and are made twice at the same time, and again until there is an
        answer: one instance. The others have a new token each time: as many instances as the engine likes."""
        is_keyed = self._chance.random() < 0.5 and scene.begin != "condition"
        runs = self._chance.randrange(3) if self._chance.random() < 0.5 else None
        token = self._token(scene, variant)
        while True:
            key = token if is_keyed else None
            calls = [self._beginnings.begin(scene, variant, token, key, runs) for _ in range(1 + is_keyed)]
            instances = {instance for instance in await asyncio.gather(*calls) if instance is not None}
            if len(instances) > 1:
                self.books.strange.append(f"one idempotency key, several instances: {sorted(instances)}")
            if "" in instances:
                self.books.promised.add(token)
                return
            if instances:
                instance = instances.pop()
                self.books.started[token] = instance
                if scene.key != scenes.PARKED:
                    self._open.add(instance)
                    if not scene.steady:
                        self._unsteady.add(instance)
                return
            self.books.deeds["start without an answer"] += 1
            await asyncio.sleep(0.3)
            if not is_keyed:
                token = self._token(scene, variant)

    def _token(self, scene: Scene, variant: int) -> str:
        self._count += 1
        token = f"{self._run}-{self._count}"
        self.books.attempts[token] = Attempt(token, scene.key, variant, self.storm)
        if scene.key == "chaos_letter":  # before, while and after its receiver starts, whether or not we hear of it
            self._keep(asyncio.create_task(self._post_letter(token)))
        return token

    async def _post_letter(self, token: str) -> None:
        """Publish twice at the same time under one id, and again while nobody answers."""
        await asyncio.sleep(self._chance.choice((0.0, 0.05, 1.0)))
        await asyncio.gather(*(self._publish(token) for _ in range(2)))
        self.books.deeds["letter published twice"] += 1

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._posting.add(task)
        task.add_done_callback(self._posting.discard)

    async def _publish(self, token: str) -> None:
        while True:
            try:
                await self._router.publish("chaos-letter", token, {}, ttl=3_600_000, id=f"L-{token}")
                return
            except (StoreError, engine.ProcessError) as error:
                self.books.errors[f"publish {type(error).__name__}"] += 1
                await asyncio.sleep(0.5)

    # -- people

    async def _people(self) -> None:
        tasks = [t for t in await self._client.tasks() if not str(t.task_definition_key).startswith(UNTOUCHED)]
        self._chance.shuffle(tasks)
        for item in tasks[:12]:
            if item.task_definition_key != "moved" or await self._is_there(item):
                await self._complete(item)
        await asyncio.sleep(0.05 if tasks else 0.2)

    async def _is_there(self, item: Task) -> bool:
        """Rows are written before Temporal has the step. When it is lost, they tell for some seconds of a task that is
        not there, or not there yet. Who does something that goes another way then asks the instance itself."""
        instance_id, key = split(item.id)
        try:
            state = await engine.ask(self._temporal, instance_id, contract.QUERY_STATE)
        except engine.ProcessError as error:
            self.books.errors[f"ask {type(error).__name__}"] += 1
            return False
        if any(wait["key"] == key and wait["node"] == item.task_definition_key for wait in state["waits"]):
            return True
        self.books.deeds["saw a task that is not there"] += 1
        return False

    async def _complete(self, item: Task) -> None:
        """In one of the ways in which people and programs complete tasks."""
        variables = {"go": True} if item.task_definition_key == "press" else {f"by_{item.task_definition_key}": True}
        way = self._chance.choice(("once", "once", "twice", "race", "claim", "update"))
        self.books.deeds[f"user task {way}"] += 1

        def complete() -> Awaitable[None]:
            return self._client.complete(item.id, variables)

        match way:
            case "twice":
                await self._deed(item.id, complete)
                await self._deed(item.id, complete)
            case "race":
                await asyncio.gather(self._deed(item.id, complete), self._deed(item.id, complete))
            case "claim":
                await self._quietly(lambda: self._client.claim(item.id, "ann"))
                await self._deed(item.id, complete)
            case "update":
                await self._by_update(item, variables)
            case _:
                await self._deed(item.id, complete)

    async def _by_update(self, item: Task, variables: dict[str, Any]) -> None:
        """The same update id three times: executed once, and everybody gets the same answer."""
        instance_id, wait = split(item.id)
        command = CompleteWait(now=0, wait=wait, variables=variables)

        async def send() -> int | None:
            try:
                answer = await engine.execute(self._temporal, instance_id, command, update_id=f"chaos-{item.id}")
            except engine.ProcessError as error:
                self.books.errors[f"update {type(error).__name__}"] += 1
                return None
            return answer.sequence

        answers = {*await asyncio.gather(send(), send()), await send()} - {None}
        if answers and item.id not in self._updated:  # the same id from another person is the same deed
            self._updated.add(item.id)
            self.books.yes[item.id] += 1
        if len(answers) > 1:
            self.books.strange.append(f"one update id, several answers: {sorted(a for a in answers if a is not None)}")

    # -- messages and signals

    async def _messenger(self) -> None:
        rows: list[dict[str, Any]] = await self._client.request("GET", "/event-subscription")
        mine = [
            row for row in rows if str(row["eventName"]).startswith(("told-", "heard-")) and row["processInstanceId"]
        ]
        self._chance.shuffle(mine)
        for row in mine[:12]:
            await self._tell(row)
        await asyncio.sleep(0.1 if mine else 0.3)

    async def _tell(self, row: dict[str, Any]) -> None:
        name, subscription = row["eventName"], row["id"]
        if row["eventType"] == "signal":
            if self._chance.random() < 0.5:
                self.books.deeds["signal sent"] += 1
                await self._quietly(lambda: self._client.signal(name))
            else:  # another instance throws it
                self.books.deeds["signal thrown"] += 1
                await self._quietly(lambda: self._client.start(scenes.THROWER, {"name": name}))
            await asyncio.sleep(0.1)
            return
        way = self._chance.choice(("name", "instance", "trigger", "race"))
        if name in scenes_begun.SHARED:  # others wait for a message of this name too
            way = self._chance.choice(("instance", "trigger"))
        self.books.deeds[f"message by {way}"] += 1
        match way:
            case "instance":
                await self._deed(subscription, lambda: self._client.correlate(name, instance=row["processInstanceId"]))
            case "trigger":
                path = f"/execution/{row['executionId']}/messageSubscriptions/{name}/trigger"
                await self._deed(subscription, lambda: self._client.request("POST", path, json={}))
            case "race":
                await asyncio.gather(*(self._deed(subscription, lambda: self._client.correlate(name)) for _ in "ab"))
            case _:
                await self._deed(subscription, lambda: self._client.correlate(name))

    # -- external tasks, clumsily

    async def _clumsy_worker(self) -> None:
        """Fetches as one worker, answers as two, twice, at the same time."""
        body = {
            "workerId": "clumsy",
            "maxTasks": 5,
            "asyncResponseTimeout": 500,
            "topics": [{"topicName": stage.CLUMSY, "lockDuration": 2_000}],
        }
        locked: list[dict[str, Any]] = await self._client.request("POST", "/external-task/fetchAndLock", json=body)

        def answer(task_id: str, worker: str) -> Callable[[], Awaitable[Any]]:
            return lambda: self._client.request(
                "POST", f"/external-task/{task_id}/complete", json={"workerId": worker, "variables": {}}
            )

        for row in locked:
            self.books.clumsy.append(row["id"])
            if self._chance.random() < 0.2:
                continue  # forgets it: the lock runs out
            if await self._quietly(answer(row["id"], "stranger")):
                self.books.strange.append(f"external task {row['id']} was completed by one who has not locked it")
            calls = [self._deed(row["id"], answer(row["id"], "clumsy")) for _ in range(2)]
            await asyncio.gather(*calls)

    # -- who is still there

    async def _counting(self) -> None:
        """Keep the number of open instances up to date."""
        await asyncio.sleep(0.3)
        known = set(self._open)
        running = {instance.id for instance in await self._client.instances()}
        self._open -= known - running
        self._unsteady &= self._open

    def _that_may_stand_still(self) -> list[str]:
        return sorted(self._unsteady)

    async def _all_ended(self) -> bool:
        """Nothing runs but the parked; every letter has been opened and every clock has rung as often as the first."""
        try:
            left = await self._client.instances()
            if any(item.definition_key != scenes.PARKED for item in left):
                return False
            rung = {row["key"]: row["times"] for row in await self._database.fetch(_RUNG)}
            rows = await self._database.fetch(_TOKENS)
        except EngineError as error:
            self.books.note(error)
            return False
        except StoreError as error:
            self.books.errors[f"count {type(error).__name__}"] += 1
            return False
        waiting = self.books.promised - {row["token"] for row in rows}
        return not waiting and all(rung.get(key, 0) >= scenes_begun.RINGS for key in self.books.timed)

    async def _left(self) -> str:
        """What still runs and what it waits for."""
        found: list[str] = []
        rows = await self._database.fetch(
            "SELECT p.id, p.definition_key FROM process_instance p "
            "WHERE p.ended_at IS NULL AND p.definition_key <> %s ORDER BY p.started_at LIMIT 20",
            (scenes.PARKED,),
        )
        for row in rows:
            try:
                state = await engine.ask(self._temporal, row["id"], contract.QUERY_STATE)
                waits = [f"{w['t']} {w['node']}" for w in state["waits"]]
                found.append(f"{row['definition_key']} {row['id']} ended={state['ended']} {waits}")
            except engine.ProcessError as error:
                found.append(f"{row['definition_key']} {row['id']}: {error}")
        return "; ".join(found)

    # -- manners

    async def _forever(self, loop: Callable[[], Awaitable[None]]) -> None:
        while not self.over.is_set():
            try:
                await loop()
            except EngineError as error:
                self.books.note(error)
                await asyncio.sleep(0.3)

    async def _deed(self, id: str, call: Callable[[], Awaitable[Any]]) -> None:
        """Do it, and now and then once more long afterwards, as a network or a retrying client may."""
        await self._deed_once(id, call)
        if self.storm and self._chance.random() < 0.1:
            self._keep(asyncio.create_task(self._late(id, call)))

    async def _late(self, id: str, call: Callable[[], Awaitable[Any]]) -> None:
        await asyncio.sleep(self._chance.uniform(1.0, 15.0))
        self.books.deeds["asked again much later"] += 1
        await self._deed_once(id, call)

    async def _deed_once(self, id: str, call: Callable[[], Awaitable[Any]]) -> None:
        """Do it and write down whether the engine said yes, no or nothing."""
        try:
            await call()
            self.books.yes[id] += 1
        except Unreachable as error:
            self.books.silence[id] += 1
            self.books.note(error)
        except EngineError as error:
            self.books.no[id] += 1
            self.books.note(error)

    async def _quietly(self, call: Callable[[], Awaitable[Any]]) -> bool:
        try:
            await call()
        except NotFound:
            return False
        except EngineError as error:
            self.books.note(error)
            return False
        return True
