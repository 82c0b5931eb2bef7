"""How clients begin instances: by key, as an embedded program with runs that change often, by message, by condition."""

from __future__ import annotations

import random
from typing import Any, Final
from uuid import NAMESPACE_OID, uuid5

from temporalio.client import Client as TemporalClient

from activities.children import meta_of
from activities.messages import MessageRouter
from interpreter import codec
from interpreter.commands import StartInstance
from interpreter.workflow import client as engine
from interpreter.workflow import contract
from interpreter.workflow.contract import ProcessInput
from ostinato.client import Client, EngineError, encode
from store import definitions
from store.database import Database
from store.errors import StoreError
from tests.e2e.chaos import scenes
from tests.e2e.chaos.books import Books
from tests.e2e.chaos.stage import Scene

#: A new run of the workflow at every rest, or after so few events of Temporal's that a few steps fill it.
_SHORT_RUNS: Final = ({"new_run_at_every_rest": True}, {"new_run_after_events": 25}, {"new_run_after_updates": 2})
_DAY: Final = 86_400_000


class Beginnings:
    """Each method is one attempt: the id of the instance, "" if it will come but is not known, None without an
    answer."""

    def __init__(
        self,
        client: Client,
        temporal: TemporalClient,
        database: Database,
        router: MessageRouter,
        chance: random.Random,
        books: Books,
    ) -> None:
        self._client, self._temporal, self._database, self._router = client, temporal, database, router
        self._chance = chance
        self._books = books

    async def begin(self, scene: Scene, variant: int, token: str, key: str | None, runs: int | None) -> str | None:
        """In the scene's way. `key`: whoever repeats it means the same instance. `runs`: which of the short runs."""
        variables = scenes.variables(scene.key, token, variant)
        try:
            match scene.begin:
                case "message":
                    return await self._by_message(scene.key, variables, key)
                case "condition":
                    return await self._by_condition(scene.key, variables)
                case _ if runs is not None and key is not None:
                    return await self._with_short_runs(scene.key, variables, token, runs)
                case _:
                    return await self._by_key(scene.key, variables, token, key)
        except EngineError as error:
            self._books.note(error)
        except (StoreError, engine.ProcessError) as error:
            self._books.errors[f"begin {type(error).__name__}"] += 1
        return None

    async def _by_key(self, process: str, variables: dict[str, Any], token: str, key: str | None) -> str:
        instance = await self._client.start(process, variables, business_key=f"B-{token}", idempotency_key=key)
        return instance.id

    async def _with_short_runs(self, process: str, variables: dict[str, Any], token: str, runs: int) -> str:
        """Its id is the key: a second one with the same id is the same instance."""
        row = await definitions.latest(self._database, process, None)
        if row is None:
            raise StoreError(f"Expected the process {process!r} to be deployed but it is not.")
        instance_id = str(uuid5(NAMESPACE_OID, f"chaos-{token}"))
        command = StartInstance(now=0, instance_id=instance_id, variables=variables, business_key=f"B-{token}")
        request = ProcessInput(row.hash, row.id, codec.to_json(command), meta_of(row), options=_SHORT_RUNS[runs % 3])
        try:
            await engine.start(self._temporal, instance_id, request, task_queue=contract.TASK_QUEUE)
        except engine.InstanceExists:
            self._books.deeds["instance began once although asked twice"] += 1
        self._books.deeds["began with short runs"] += 1
        return instance_id

    async def _by_message(self, name: str, variables: dict[str, Any], key: str | None) -> str | None:
        """With a key it is a letter with an id, which waits until somebody takes it; without, a correlated message."""
        if key is not None:
            await self._router.publish(name, None, variables, ttl=_DAY, id=key)
            self._books.deeds["began by a letter"] += 1
            return ""
        body = {"messageName": name, "processVariables": encode(variables), "resultEnabled": True}
        (result,) = await self._client.request("POST", "/message", json=body)
        self._books.deeds["began by a message"] += 1
        return str(result["processInstance"]["id"])

    async def _by_condition(self, process: str, variables: dict[str, Any]) -> str | None:
        body = {"variables": encode({**variables, "wanted": "chaos"})}
        started: list[dict[str, Any]] = await self._client.request("POST", "/condition", json=body)
        mine = [row["id"] for row in started if str(row["definitionId"]).startswith(f"{process}:")]
        if len(mine) != 1 or len(started) != 1:
            self._books.strange.append(f"a condition began {len(started)} instances instead of one")
        self._books.deeds["began by a condition"] += 1
        return str(mine[0]) if mine else None
