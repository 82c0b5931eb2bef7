"""A load that knows what must come out: many instances of one model with every sort of wait, driven by clients that
keep their own books while parts of the stack are killed under them.

    start -> charge (Temporal activity) -> [ approve (user task) | ship (external task) ] -> pause (timer) -> book
    (activity) -> end

Each worker adds one to a variable of its own, so that a completion counted twice or lost shows in the data. Clients
repeat what failed without an answer, as clients do, and write down every completion that the engine acknowledged.
"""

from __future__ import annotations

import asyncio
import random
import uuid
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from interpreter.bpmn.builder import bpmn
from ostinato import Client, Worker, task
from ostinato.client import EngineError, NotFound, Unreachable
from ostinato.worker import Job

KEY = "chaos_order"
NODES = ("start", "charge", "fork", "approve", "ship", "join", "pause", "book", "decide")


def model() -> bytes:
    """The model as XML."""
    return (
        bpmn(KEY, name="Order under chaos")
        .start("start")
        .service_task("charge", type="chaos_charge")
        .parallel("fork")
        .user_task("approve", name="Approve")
        .parallel("join")
        .branch(at="fork")
        .service_task("ship", topic="chaos_ship")
        .to("join")
        .at("join")
        .catch("pause", timer="PT1S")
        .service_task("book", type="chaos_book")
        .exclusive("decide")
        .when("= approved")
        .end("accepted")
        .otherwise()
        .end("refused")
        .xml()
    )


@dataclass
class Books:
    """What the clients saw. `attempts` counts handler calls by job id; `acknowledged` counts the engine's yes by task
    id."""

    started: dict[str, int] = field(default_factory=dict[str, int])
    attempts: Counter[str] = field(default_factory=Counter[str])
    acknowledged: Counter[str] = field(default_factory=Counter[str])
    unanswered: Counter[str] = field(default_factory=Counter[str])
    unknown: Counter[str] = field(default_factory=Counter[str])
    errors: Counter[str] = field(default_factory=Counter[str])


class Load:
    """`count` instances at the running stack. Start it as a task, kill what you like, await `run`."""

    def __init__(self, url: str, temporal: str, count: int) -> None:
        self.url, self.temporal, self.count = url, temporal, count
        self.books = Books()
        self.done = asyncio.Event()
        self.started = asyncio.Event()
        self._run = uuid.uuid4().hex[:8]

    async def run(self, timeout: float) -> None:
        """Start all instances and serve them until all have ended; TimeoutError names how many have not."""
        async with Client(self.url) as client:
            self.client = client
            await self._patiently(lambda: client.deploy(contents={f"{KEY}.bpmn": model()}))
            workers = [
                Worker(self._handlers(), temporal=self.temporal, url=self.url, worker_id=f"chaos-{n}") for n in range(2)
            ]
            serving = [asyncio.create_task(worker.run()) for worker in workers]
            people = [asyncio.create_task(self._people(n)) for n in range(2)]
            try:
                async with asyncio.timeout(timeout):
                    await self._start_all()
                    self.started.set()
                    await self._all_ended()
            except TimeoutError:
                left = await self._patiently(lambda: self.client.instances(processDefinitionKey=KEY))
                raise TimeoutError(f"{len(left)} of {self.count} instances had not ended after {timeout} s") from None
            finally:
                self.done.set()
                for worker in workers:
                    worker.stop()
                await asyncio.gather(*people, *serving, return_exceptions=True)

    def _handlers(self) -> list[Any]:
        books = self.books

        @task("chaos_charge")
        async def charge(job: Job) -> dict[str, int]:
            books.attempts[job.id] += 1
            return {"charged": job.variables.get("charged", 0) + 1}

        @task(topic="chaos_ship", lock_duration=5.0)
        async def ship(job: Job) -> dict[str, int]:
            books.attempts[job.id] += 1
            return {"shipped": job.variables.get("shipped", 0) + 1}

        @task("chaos_book")
        async def book(job: Job) -> dict[str, int]:
            books.attempts[job.id] += 1
            return {"booked": job.variables.get("booked", 0) + 1}

        return [charge, ship, book]

    async def _start_all(self) -> None:
        gate = asyncio.Semaphore(8)

        async def one(number: int) -> None:
            async with gate:
                await self._start(f"{self._run}-{number}", number)

        await asyncio.gather(*(one(n) for n in range(self.count)))

    async def _start(self, business_key: str, number: int) -> None:
        while True:
            try:
                instance = await self.client.start(KEY, {"number": number}, business_key=business_key)
                self.books.started[instance.id] = number
                return
            except EngineError as error:
                self._note(error)
                await asyncio.sleep(0.2)
                # No answer is not a no: look before asking again.
                found = await self._patiently(
                    lambda: self.client.past_instances(processInstanceBusinessKey=business_key)
                )
                if found:
                    self.books.started[found[0].id] = number
                    return

    async def _people(self, seed: int) -> None:
        """Completes whatever task it sees, in random order, at times one that another has just completed."""
        choice = random.Random(seed)
        while not self.done.is_set():
            try:
                tasks = await self.client.tasks(processDefinitionKey=KEY)
            except EngineError as error:
                self._note(error)
                await asyncio.sleep(0.1)
                continue
            choice.shuffle(tasks)
            for item in tasks[:16]:
                if self.done.is_set():
                    return
                await self._complete(item.id, item.process_instance_id)
            if not tasks:
                await asyncio.sleep(0.05)

    async def _complete(self, task_id: str, instance_id: str | None) -> None:
        try:
            if instance_id is None:  # a task without a process is not of this load
                return
            if instance_id not in self.books.started:  # its starter got no answer, and may have asked again
                key = (await self.client.past_instance(instance_id)).business_key or ""
                self.books.started[instance_id] = int(key.rpartition("-")[2])
                self.books.unanswered[instance_id] += 1
            number = self.books.started[instance_id]
            await self.client.complete(task_id, {"approved": number % 2 == 0, "by": task_id})
            self.books.acknowledged[task_id] += 1
        except Unreachable as error:
            self.books.unknown[task_id] += 1
            self._note(error)
        except EngineError as error:
            self._note(error)

    async def _all_ended(self) -> None:
        while True:
            left = await self._patiently(lambda: self.client.instances(processDefinitionKey=KEY))
            if not left:
                return
            await asyncio.sleep(0.2)

    async def _patiently(self, ask: Any) -> Any:
        while True:
            try:
                return await ask()
            except NotFound:
                raise
            except EngineError as error:
                self._note(error)
                await asyncio.sleep(0.2)

    def _note(self, error: EngineError) -> None:
        self.books.errors[f"{type(error).__name__} {error.status} {error.type}"] += 1
