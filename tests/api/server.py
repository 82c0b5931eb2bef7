"""The API and an engine worker in a thread of the test's process: real HTTP, real Temporal, real PostgreSQL.

Tests are ordinary functions with an ordinary HTTP client; nothing in them waits, because after every change the next
GET must show it.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx
import uvicorn

from api.main import Server, create_app
from api.settings import ApiSettings
from interpreter.bpmn.builder import Builder
from interpreter.workflow.connection import TemporalConnection
from ostinato.dev.ports import free_port
from worker.main import engine
from worker.settings import WorkerSettings


@dataclass
class Rest:
    """A client of the running API. Paths are below /engine-rest."""

    http: httpx.Client
    url: str
    settings: ApiSettings
    stop: Callable[[], object]

    def request(self, method: str, path: str, expect: int | None = None, **options: Any) -> Any:
        """The JSON of the answer (None for 204); fails if the status is not the expected one (2xx if none is given)."""
        response = self.http.request(method, f"/engine-rest{path}", **options)
        expected = response.is_success if expect is None else response.status_code == expect
        assert expected, (
            f"{method} {path}: expected {expect or 'success'} but {response.status_code} {response.text[:600]}"
        )
        if response.status_code == 204:
            assert response.content == b""
            return None
        if response.content:
            assert response.headers["content-type"] == "application/json", "exactly, without a charset"
            return response.json()
        return None

    def get(self, path: str, expect: int | None = None, **params: Any) -> Any:
        """GET with query parameters."""
        return self.request("GET", path, expect, params=params)

    def post(self, path: str, body: Any = None, expect: int | None = None, **params: Any) -> Any:
        """POST with a JSON body."""
        return self.request("POST", path, expect, json=body, params=params)

    def put(self, path: str, body: Any = None, expect: int | None = None) -> Any:
        """PUT with a JSON body."""
        return self.request("PUT", path, expect, json=body)

    def delete(self, path: str, expect: int | None = None, **params: Any) -> Any:
        """DELETE with query parameters."""
        return self.request("DELETE", path, expect, params=params)

    def deploy(self, *models: Builder | tuple[str, bytes], expect: int | None = None, **fields: str) -> Any:
        """Deploy models and files; the names of form fields have their dashes as underscores."""
        files: list[tuple[str, tuple[str, bytes, str]]] = []
        for index, model in enumerate(models):
            name, content = model if isinstance(model, tuple) else (f"model-{index}.bpmn", model.xml())
            files.append((f"data_{index}", (name, content, "application/octet-stream")))
        data = {name.replace("_", "-"): value for name, value in fields.items()}
        return self.request("POST", "/deployment/create", expect, data=data, files=files)

    def start(self, key: str, expect: int | None = None, **body: Any) -> Any:
        """Start the latest version of a process."""
        return self.post(f"/process-definition/key/{key}/start", body, expect)

    @contextmanager
    def second(self) -> Iterator[Rest]:
        """Another client, with connections of its own, for another thread."""
        with httpx.Client(base_url=self.http.base_url, timeout=60) as http:
            yield Rest(http, self.url, self.settings, self.stop)

    def only_task(self, instance_id: str) -> Any:
        """The one open task of an instance."""
        tasks = self.get("/task", processInstanceId=instance_id)
        assert len(tasks) == 1, f"expected one task but {tasks}"
        return tasks[0]


@contextmanager
def running(database_url: str, temporal_address: str, task_queue: str, **settings: Any) -> Iterator[Rest]:
    """Serve until the block ends."""
    connection = TemporalConnection(address=temporal_address)
    port = free_port()
    api = replace(ApiSettings(connection, database_url, task_queue=task_queue, port=port), **settings)
    worker = WorkerSettings(connection, database_url, task_queue=task_queue)
    ready = threading.Event()
    failure: list[BaseException] = []
    stop: list[Any] = []

    async def serve() -> None:
        loop, stopped = asyncio.get_running_loop(), asyncio.Event()
        stop.append(lambda: loop.call_soon_threadsafe(stopped.set))
        app = create_app(api)
        server = Server(uvicorn.Config(app, port=port, log_level="warning", lifespan="on"), app, ready.set)
        async with engine(worker):
            task = asyncio.create_task(server.serve())
            await asyncio.wait([task, asyncio.create_task(stopped.wait())], return_when=asyncio.FIRST_COMPLETED)
            server.should_exit = True
            await task

    def work() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:
            failure.append(error)
        finally:
            ready.set()

    thread = threading.Thread(target=work, name="api", daemon=True)
    thread.start()
    ready.wait(60)
    if failure:
        raise failure[0]
    url = f"http://127.0.0.1:{port}"
    try:
        with httpx.Client(base_url=url, timeout=60) as http:
            yield Rest(http, f"{url}/engine-rest", api, lambda: [function() for function in stop])
    finally:
        for function in stop:
            function()
        thread.join(30)
    if failure:
        raise failure[0]
