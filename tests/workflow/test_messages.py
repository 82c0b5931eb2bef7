"""Messages meet their receivers: early, late, at the same moment, repeated; none is lost and none is taken twice."""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from temporalio.client import Client

from activities.messages import MessageRouter
from interpreter import codec
from interpreter.bpmn.builder import Builder, bpmn
from interpreter.bpmn.compile import compile_all
from interpreter.bpmn.document import parse_bpmn
from interpreter.commands import CompleteWait, ResumeInstance, StartInstance, SuspendInstance
from interpreter.workflow import client as process
from interpreter.workflow import contract
from interpreter.workflow.connection import TemporalConnection
from interpreter.workflow.contract import ProcessInput
from ostinato.dev.temporal import TemporalServer
from store import deployments, messages
from store.audit import audit
from store.database import Database
from store.instances import HISTORIC_PROCESS_INSTANCES
from store.new_definitions import from_definition
from store.projection import Projector
from store.subscriptions import EVENT_SUBSCRIPTIONS
from store.variables import HISTORIC_VARIABLES
from worker.main import engine
from worker.settings import WorkerSettings


@dataclass
class World:
    """A running engine with a database."""

    database: Database
    client: Client
    queue: str
    router: MessageRouter

    async def deploy(self, model: Builder) -> Any:
        """The deployed definition's row and its compiled form."""
        (definition,) = compile_all(parse_bpmn(model.xml()), "c7")
        made = await deployments.create(
            self.database,
            name="p",
            resources=[deployments.NewResource("p.bpmn", model.xml())],
            processes=[from_definition(definition, "p.bpmn")],
            now=datetime.now(UTC),
        )
        return made.process_definitions[0]

    async def start(self, row: Any, **variables: Any) -> str:
        """A new instance at its first wait state."""
        instance = str(uuid.uuid4())
        command = StartInstance(now=0, instance_id=instance, variables=variables)
        request = ProcessInput(row.hash, row.id, codec.to_json(command), {"definition_id": row.id})
        await process.start(self.client, instance, request, task_queue=self.queue)
        return instance

    async def end(self, instance: str) -> Any:
        """The historic row of an instance once it has ended."""
        await self.client.get_workflow_handle(instance).result()
        return await HISTORIC_PROCESS_INSTANCES.get(self.database, instance)

    async def variable(self, instance: str, name: str) -> Any:
        """Last value of a variable."""
        rows = await HISTORIC_VARIABLES.list(self.database, {"processInstanceId": instance, "variableName": name})
        return rows[0].value if rows else None


@pytest.fixture
async def world(
    temporal_client: Client, temporal: TemporalServer, task_queue: str, database_url: str
) -> AsyncIterator[World]:
    settings = WorkerSettings(TemporalConnection(address=temporal.address), database_url, task_queue=task_queue)
    async with engine(settings), Database(database_url) as database:
        yield World(database, temporal_client, task_queue, MessageRouter(database, temporal_client, task_queue))


def _receiver(name: str) -> Builder:
    return bpmn(f"wait-{name}").start().catch("c", message=name, correlation_key="= order").end("got")


async def _let_time_pass(world: World, name: str) -> None:
    """A claim becomes stale, and the message is over."""
    await world.database.execute(
        "UPDATE message SET claimed_at = claimed_at - interval '1 minute', expires_at = now() - interval '1 second' "
        "WHERE name = %s",
        (name,),
    )


async def test_a_message_for_somebody_who_waits(world: World, unique: Any) -> None:
    name = unique("paid")
    row = await world.deploy(_receiver(name))
    mine, other = await world.start(row, order="A"), await world.start(row, order="B")
    receiver = await world.router.publish(name, "A", {"amount": 5})
    assert receiver is not None
    assert receiver.startswith(mine)
    await world.end(mine)
    assert await world.variable(mine, "amount") == 5
    assert (await HISTORIC_PROCESS_INSTANCES.get(world.database, other)).end_time is None


async def test_an_early_message_waits_for_its_receiver(world: World, unique: Any) -> None:
    name = unique("paid")
    row = await world.deploy(_receiver(name))
    assert await world.router.publish(name, "A", {"amount": 6}, ttl=60_000) is None
    instance = await world.start(row, order="A")
    await world.end(instance)
    assert await world.variable(instance, "amount") == 6


async def test_an_early_message_without_time_to_live_is_gone(world: World, unique: Any) -> None:
    name = unique("paid")
    row = await world.deploy(_receiver(name))
    assert await world.router.publish(name, "A") is None
    instance = await world.start(row, order="A")
    await world.router.sweep()
    assert (await HISTORIC_PROCESS_INSTANCES.get(world.database, instance)).end_time is None


async def test_a_message_with_an_id_is_published_once(world: World, unique: Any) -> None:
    name = unique("paid")
    row = await world.deploy(_receiver(name))
    first, second = await world.start(row, order="A"), await world.start(row, order="A")
    for _ in range(2):  # the engine's own router may be the one who finds the receiver: the answer is None then
        await world.router.publish(name, "A", id="m1", ttl=60_000)
    ends = [asyncio.ensure_future(world.end(one)) for one in (first, second)]
    await asyncio.wait(ends, timeout=10, return_when=asyncio.FIRST_COMPLETED)
    await world.router.sweep()
    for end in ends:
        end.cancel()
    await asyncio.gather(*ends, return_exceptions=True)
    ended = [(await HISTORIC_PROCESS_INSTANCES.get(world.database, one)).end_time for one in (first, second)]
    assert sum(end is not None for end in ended) == 1


async def test_a_message_starts_an_instance_when_nobody_waits(world: World, unique: Any) -> None:
    name = unique("order")
    await world.deploy(bpmn(f"by-{name}").start("s", message=name).end("e"))
    instance = await world.router.publish(name, None, {"n": 1})
    assert instance is not None
    assert (await world.end(instance)).start_activity_id == "s"
    assert await world.variable(instance, "n") == 1


async def test_a_delivery_that_nobody_confirmed_is_looked_into(
    world: World, unique: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = unique("paid")
    row = await world.deploy(_receiver(name))
    instance = await world.start(row, order="A")
    confirm = messages.confirm

    async def die(database: Database, number: int) -> None:
        raise ConnectionError("the publisher dies here")

    monkeypatch.setattr(messages, "confirm", die)
    with pytest.raises(ConnectionError):
        await world.router.publish(name, "A", ttl=60_000)
    monkeypatch.setattr(messages, "confirm", confirm)
    await world.end(instance)
    late = await world.start(row, order="A")
    await world.database.execute("UPDATE message SET claimed_at = claimed_at - interval '1 minute'")
    await world.router.sweep()
    await world.router.sweep()
    assert (await HISTORIC_PROCESS_INSTANCES.get(world.database, late)).end_time is None, "it was delivered already"


@pytest.mark.parametrize("later", ["0 seconds", "31 seconds", "1 hour"])
@pytest.mark.parametrize("starting", [False, True])
async def test_a_publisher_that_died_before_it_looked_may_repeat(
    world: World, unique: Any, monkeypatch: pytest.MonkeyPatch, starting: bool, later: str
) -> None:
    name = unique("paid")
    row = await world.deploy(bpmn(f"by-{name}").start("s", message=name).end("e") if starting else _receiver(name))
    key = None if starting else "A"
    instance = None if starting else await world.start(row, order="A")
    claim = messages.claim

    async def die(database: Database, number: int, receiver: str) -> bool:
        raise ConnectionError("the publisher dies here")

    monkeypatch.setattr(messages, "claim", die)
    with pytest.raises(ConnectionError):
        await world.router.publish(name, key, id="m1")
    monkeypatch.setattr(messages, "claim", claim)
    await world.database.execute(
        "UPDATE message SET expires_at = expires_at - %s::text::interval WHERE name = %s", (later, name)
    )
    receiver = await world.router.publish(name, key, id="m1")
    assert await world.router.publish(name, key, id="m1") is None
    # The engine looks for messages too when an instance has begun to wait, and may have been late enough to find this.
    began = instance or receiver
    assert began is not None
    assert (await world.end(began)).end_time is not None


async def test_a_message_that_is_repeated_in_time_lives_no_longer(world: World, unique: Any) -> None:
    name = unique("paid")
    for _ in range(2):
        assert await world.router.publish(name, "A", ttl=60_000, id="m1") is None
        await asyncio.sleep(0.1)
    row = await messages.find(world.database, name, "A", "m1")
    assert row is not None
    assert abs((row.expires_at - row.published_at).total_seconds() - 60) < 0.05


async def test_a_claim_whose_owner_died_before_the_start_is_taken_up(
    world: World, unique: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = unique("order")
    await world.deploy(bpmn(f"by-{name}").start("s", message=name).end("e"))
    start = process.start

    async def die(*_: Any, **__: Any) -> Any:
        raise ConnectionError("the publisher dies here")

    monkeypatch.setattr(process, "start", die)
    with pytest.raises(ConnectionError):
        await world.router.publish(name, None, id="m1")
    monkeypatch.setattr(process, "start", start)
    await world.database.execute(
        "UPDATE message SET claimed_at = claimed_at - interval '1 minute' WHERE name = %s", (name,)
    )
    await world.router.sweep()
    rows = await HISTORIC_PROCESS_INSTANCES.list(world.database, {"processDefinitionKey": f"by-{name}"})
    assert [row.start_activity_id for row in rows] == ["s"]


@pytest.mark.parametrize("starting", [False, True])
async def test_a_message_that_was_claimed_in_time_does_not_expire_on_the_way(
    world: World, unique: Any, monkeypatch: pytest.MonkeyPatch, starting: bool
) -> None:
    """Its receiver's engine did not answer for longer than the message lives."""
    name = unique("paid")
    row = await world.deploy(bpmn(f"by-{name}").start("s", message=name).end("e") if starting else _receiver(name))
    instance = None if starting else await world.start(row, order="A")
    call = "start" if starting else "execute"
    real = getattr(process, call)

    async def unavailable(*_: Any, **__: Any) -> Any:
        raise process.EngineUnavailable("no engine")

    monkeypatch.setattr(process, call, unavailable)
    with pytest.raises(process.EngineUnavailable):
        await world.router.publish(name, None if starting else "A", id="m1")
    monkeypatch.setattr(process, call, real)
    await _let_time_pass(world, name)
    await world.router.sweep()
    if instance is not None:
        await world.end(instance)
    rows = await HISTORIC_PROCESS_INSTANCES.list(world.database, {"processDefinitionId": row.id})
    assert [found.end_time is not None for found in rows] == [True]


async def test_a_claimed_message_that_nobody_wants_any_more_has_the_life_it_had(world: World, unique: Any) -> None:
    name = unique("paid")
    message = await messages.publish(
        world.database, id="m1", name=name, correlation_key=None, tenant_id=None, variables={}, ttl=0
    )
    assert message is not None
    assert await messages.claim(world.database, message.number, "nobody:1")
    await _let_time_pass(world, name)
    await world.router.sweep()
    row = await world.deploy(bpmn(f"by-{name}").start("s", message=name).end("e"))
    await world.router.sweep()
    assert not await HISTORIC_PROCESS_INSTANCES.list(world.database, {"processDefinitionId": row.id})


async def _lose(world: World, row: Any, instance: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message is claimed for the instance, whose step is flushed, and then everything dies before it commits: the
    subscription's row is gone though nothing has happened. Later the message's claim and time are over."""

    async def die(_: Client, instance_id: str, *__: Any, **___: Any) -> Any:
        state = await process.ask(world.client, instance_id, contract.QUERY_STATE)
        now, sequence = time.time_ns() // 1_000_000, state["sequence"]
        events = [{"t": "WaitClosed", "key": state["waits"][0]["key"]}]
        batch = {
            "instance_id": instance_id,
            "base": sequence,
            "steps": [{"at": now, "first": sequence + 1, "events": events}],
            "confirmed": False,
            "definition_hash": row.hash,
            "meta": {"definition_id": row.id},
            "fence": now,
        }
        await Projector(world.database).write(batch)
        raise process.EngineUnavailable("the server dies here")

    with monkeypatch.context() as dying:
        dying.setattr(process, "execute", die)
        with pytest.raises(process.EngineUnavailable):
            await world.router.publish(name, "A", {"n": 1}, id="m1")
    assert await world.router.publish(name, "A", {"n": 1}, id="m1") is None, "left to the sweep"
    assert not await EVENT_SUBSCRIPTIONS.list(world.database, {"processInstanceId": instance})
    await _let_time_pass(world, name)


async def test_a_receiver_whose_subscription_went_with_a_step_that_never_happened(
    world: World, unique: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = unique("paid")
    row = await world.deploy(_receiver(name))
    instance = await world.start(row, order="A")
    await _lose(world, row, instance, name, monkeypatch)
    await world.router.sweep()
    assert (await asyncio.wait_for(world.end(instance), 20)).end_time is not None
    assert await world.variable(instance, "n") == 1
    assert await audit(world.database) == []


async def test_a_suspended_receiver_whose_subscription_went_with_a_step_that_never_happened(
    world: World, unique: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It keeps the message until it goes on; meanwhile nothing else begins with it."""
    name = unique("paid")
    row = await world.deploy(_receiver(name))
    instance = await world.start(row, order="A")
    await world.deploy(bpmn(f"by-{name}").start("s", message=name).end("e"))
    await process.execute(world.client, instance, SuspendInstance(now=0))
    await _lose(world, row, instance, name, monkeypatch)
    await world.router.sweep()
    await process.execute(world.client, instance, ResumeInstance(now=0))
    assert not await HISTORIC_PROCESS_INSTANCES.list(world.database, {"processDefinitionKey": f"by-{name}"})
    await _let_time_pass(world, name)
    await world.router.sweep()
    assert (await asyncio.wait_for(world.end(instance), 20)).end_time is not None
    assert await world.variable(instance, "n") == 1


async def test_a_receiver_that_went_another_way_leaves_a_lost_message_to_another_one(
    world: World, unique: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also if it is suspended: it is the instance that says whether it still waits."""
    name = unique("paid")
    model = bpmn(f"race-{name}").start().user_task("u").boundary("b", message=name, correlation_key="= order")
    row = await world.deploy(model.end("too_late").at("u").user_task("after").end())
    instance = await world.start(row, order="A")
    await _lose_update(world, name, monkeypatch)
    state = await process.ask(world.client, instance, contract.QUERY_STATE)
    (task,) = (wait["key"] for wait in state["waits"] if wait["t"] == "UserTaskWait")
    await process.execute(world.client, instance, CompleteWait(now=0, wait=task))
    await process.execute(world.client, instance, SuspendInstance(now=0))
    other = await world.start(await world.deploy(_receiver(name)), order="A")
    await _let_time_pass(world, name)
    await world.router.sweep()
    assert (await asyncio.wait_for(world.end(other), 20)).end_time is not None


async def _lose_update(world: World, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def die(*_: Any, **__: Any) -> Any:
        raise process.EngineUnavailable("the server dies here")

    with monkeypatch.context() as dying:
        dying.setattr(process, "execute", die)
        with pytest.raises(process.EngineUnavailable):
            await world.router.publish(name, "A", {"n": 1}, id="m1")


async def test_a_receiver_that_does_not_answer_keeps_no_other_message_waiting(
    world: World, unique: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = unique("paid")
    row = await world.deploy(_receiver(name))
    deaf, other = await world.start(row, order="A"), await world.start(row, order="B")
    real = process.execute

    async def execute(client: Client, instance_id: str, *args: Any, **kwargs: Any) -> Any:
        if instance_id == deaf:
            raise process.EngineUnavailable("no engine")
        return await real(client, instance_id, *args, **kwargs)

    for key in "AB":
        await messages.publish(
            world.database, id=key, name=name, correlation_key=key, tenant_id=None, variables={}, ttl=60_000
        )
    monkeypatch.setattr(process, "execute", execute)
    await world.router.sweep()
    assert (await world.end(other)).end_time is not None


async def test_a_message_waits_while_its_receiver_is_suspended(world: World, unique: Any) -> None:
    name = unique("paid")
    row = await world.deploy(_receiver(name))
    instance = await world.start(row, order="A")
    await process.execute(world.client, instance, SuspendInstance(now=0))
    assert await world.router.publish(name, "A", {"n": 1}) is None
    await process.execute(world.client, instance, ResumeInstance(now=0))
    await _let_time_pass(world, name)
    await world.router.sweep()
    assert (await world.end(instance)).end_time is not None
    assert await world.variable(instance, "n") == 1


async def test_instances_send_to_each_other(world: World, unique: Any) -> None:
    name = unique("ping")
    row = await world.deploy(_receiver(name))
    sender = await world.deploy(bpmn(f"send-{name}").start().throw("t", message=name, correlation_key="= order").end())
    instance = await world.start(row, order="X")
    await world.end(await world.start(sender, order="X"))
    await world.end(instance)


@pytest.mark.parametrize("pairs", [60, pytest.param(2_000, marks=[pytest.mark.slow, pytest.mark.timeout(900)])])
async def test_message_and_subscription_at_the_same_moment(world: World, unique: Any, pairs: int) -> None:
    """Each message is sent at a random moment around the start of its receiver."""
    name = unique("race")
    row = await world.deploy(_receiver(name))
    chance, instances = random.Random(pairs), dict[int, str]()
    gate = asyncio.Semaphore(12)

    async def one(number: int) -> None:
        async def send() -> None:
            await asyncio.sleep(chance.random() * 0.03)
            await world.router.publish(name, f"K{number}", {"n": number}, ttl=600_000)

        async def receive() -> None:
            await asyncio.sleep(chance.random() * 0.03)
            instances[number] = await world.start(row, order=f"K{number}")

        async with gate:
            await asyncio.gather(send(), receive())

    await asyncio.gather(*(one(number) for number in range(pairs)))
    for number, instance in instances.items():
        await asyncio.wait_for(world.end(instance), 30)
        assert await world.variable(instance, "n") == number
