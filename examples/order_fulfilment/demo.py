"""The order process from deployment to the end, with a crash in the middle.

Starts the embedded stack, deploys `order.bpmn`, starts one instance per row of ORDERS, decides the approvals over
REST, kills the engine's worker with SIGKILL while tasks are under way, starts it again, and waits. Ends with a table
of what every instance did; the exit code is 0 only if each ended where it should and no task's work was done twice.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from ostinato import Client, Worker
from ostinato.client import EngineError, Instance, PastActivity, PastInstance
from ostinato.dev.stack import Stack
from ostinato.worker import Job, Task

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from tasks import charge_card, reserve_stock  # noqa: E402

DEADLINE = 90.0


@dataclass(frozen=True)
class Order:
    """An order and where its instance should end. `approved` None: nobody decides."""

    number: str
    amount: float
    expected: str
    approved: bool | None = True
    discount: float = 0.0
    card: str = "4111-1111"
    timeout: str = "PT10M"

    def variables(self) -> dict[str, Any]:
        """What the instance starts with."""
        return {
            "amount": self.amount,
            "discount": self.discount,
            "card": self.card,
            "items": [f"item {n}" for n in range(1, 4)],
            "approvalTimeout": self.timeout,
        }


ORDERS = (
    Order("A-1", 250, "sent_with_gift"),
    Order("A-2", 40, "sent"),
    Order("A-3", 120, "sent", discount=0.25),
    Order("A-4", 900, "rejected", approved=False),
    Order("A-5", 75, "unpaid", card="9999-0000"),
    Order("A-6", 60, "expired", approved=None, timeout="PT3S"),
    Order("A-7", 310, "sent_with_gift"),
    Order("A-8", 99.9, "sent"),
)


def main() -> int:
    """Run the demo in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="ostinato-demo-") as directory:
        return asyncio.run(demo(Path(directory), Console()))


async def demo(directory: Path, console: Console) -> int:
    """The whole story; the exit code."""
    began = time.monotonic()

    def say(text: str) -> None:
        console.print(f"[dim]{time.monotonic() - began:6.1f} s[/dim]  {text}")

    def progress(part: str, state: str) -> None:
        if state == "ready":
            say(f"{part} is ready")

    done: Counter[str] = Counter()
    async with Stack(directory, progress=progress) as stack, Client(stack.engine_url) as engine:
        worker = Worker(
            [counted(charge_card, done), counted(reserve_stock, done)],
            temporal=stack.temporal_address,
            url=stack.engine_url,
        )
        serving = asyncio.create_task(worker.run())
        await engine.deploy(HERE / "order.bpmn")
        say("deployed order.bpmn")

        started: dict[str, Instance] = {}
        for order in ORDERS:
            started[order.number] = await engine.start("order-fulfilment", order.variables(), business_key=order.number)
        say(f"started {len(started)} instances")

        decided = [order for order in ORDERS if order.approved is not None]
        half = len(decided) // 2
        for order in decided[:half]:
            await decide(engine, started[order.number], order)
        say(f"decided {half} orders; their tasks are under way")
        await asyncio.to_thread(stack.kill_worker)
        say("[red]killed the engine's worker (SIGKILL)[/red]")
        late = [asyncio.create_task(decide(engine, started[order.number], order)) for order in decided[half:]]
        await asyncio.sleep(1.0)
        await asyncio.to_thread(stack.start_worker)
        say("started the worker again")
        await asyncio.gather(*late)
        say(f"decided the other {len(late)} orders, some of them while there was no worker")

        pasts = await asyncio.gather(
            *(engine.wait_ended(instance.id, DEADLINE) for instance in started.values()), return_exceptions=True
        )
        say("all instances have ended")
        worker.stop()
        await serving
        good = await report(engine, console, list(zip(ORDERS, pasts, strict=True)), done)
    say("[green]all as modelled, nothing ran twice[/green]" if good else "[red]not as expected[/red]")
    return 0 if good else 1


def counted(item: Task, done: Counter[str]) -> Task:
    """The same task; each piece of work that it does is counted under the job's id."""

    if asyncio.iscoroutinefunction(item.handler):

        async def handler(job: Job, **variables: Any) -> Any:
            done[f"{item.name} {job.id}"] += 1
            return await item.handler(**_wanted(item, job, variables))

    else:

        def handler(job: Job, **variables: Any) -> Any:
            done[f"{item.name} {job.id}"] += 1
            return item.handler(**_wanted(item, job, variables))

    return replace(item, handler=handler)


def _wanted(item: Task, job: Job, variables: dict[str, Any]) -> dict[str, Any]:
    names = item.handler.__code__.co_varnames[: item.handler.__code__.co_argcount]
    return {name: job if name == "job" else variables[name] for name in names}


async def decide(engine: Client, instance: Instance, order: Order) -> None:
    """A person claims and completes the approval; tries again while the engine does not answer."""
    deadline = time.monotonic() + DEADLINE
    (task,) = await engine.tasks(instance=instance.id)
    await engine.claim(task.id, "mary")
    while True:
        try:
            await engine.complete(task.id, {"approved": bool(order.approved)})
            return
        except EngineError as error:
            if not await engine.tasks(instance=instance.id):
                return  # it was completed, only the answer was lost
            if time.monotonic() > deadline:
                raise TimeoutError(f"Expected order {order.number} to be decided but it was not: {error}") from error
            await asyncio.sleep(0.2)


async def report(
    engine: Client, console: Console, ended: list[tuple[Order, PastInstance | BaseException]], done: Counter[str]
) -> bool:
    """Print what happened; true if it is what should have happened."""
    table = Table("order", "path", "ended at", "took", "tasks done", "as modelled")
    good = True
    for order, past in ended:
        if isinstance(past, BaseException):
            table.add_row(order.number, "", f"[red]{past}[/red]", "", "", "[red]no[/red]")
            good = False
            continue
        activities = await engine.past_activities(past.id)
        work = {key: count for key, count in done.items() if past.id in key}
        end = ends_in(activities)
        fits = end == order.expected and all(count == 1 for count in work.values())
        good &= fits
        table.add_row(
            order.number,
            " > ".join(path(activities)),
            end,
            f"{(past.duration_in_millis or 0) / 1000:.1f} s",
            ", ".join(f"{key.split()[0]} x{count}" for key, count in sorted(work.items())),
            "[green]yes[/green]" if fits else f"[red]no, expected {order.expected}[/red]",
        )
    console.print(table)
    twice = [key for key, count in done.items() if count != 1]
    console.print(f"{sum(done.values())} pieces of work done, {len(twice)} of them more than once")
    return good and not twice


def ends_in(activities: list[PastActivity]) -> str:
    """The end event of the process (not of the subprocess) that was reached."""
    ends = [row.activity_id for row in activities if row.activity_type.endswith("EndEvent")]
    return next((end for end in ends if end != "fulfil_end"), "?")


def path(activities: list[PastActivity]) -> list[str]:
    """Tasks and events in the order in which they were entered; crossed out what was cancelled."""
    shown = [
        row for row in activities if "Gateway" not in row.activity_type and not row.activity_id.startswith("fulfil_")
    ]
    return [f"[strike]{row.activity_id}[/strike]" if row.canceled else row.activity_id for row in shown]


if __name__ == "__main__":
    sys.exit(main())
