"""The API process: `create_app(settings)` builds the application, `run(settings)` serves it until it is told to stop.

/engine-rest/...                    Camunda 7's REST API (`resources/`)
/engine-rest/engine/default/...     the same
/docs, /openapi.json                its description
/api/webhooks, /api/hooks/{id}      requests from outside (`resources/webhook.py`)
/api/messages                       messages that wait for their receiver (`resources/published_message.py`)
/health                             200 once the database and Temporal answer, else 503
/                                   the browser application, if it is installed
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, version
from socket import socket

import uvicorn
from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from api.batches import carry_out
from api.beside import mount_beside
from api.chores import do_chores
from api.engine import CommandRejected, EngineUnavailable, InstanceNotFound, ProcessError
from api.errors import RestError, engine_error, invalid_request, rest_exception, unavailable
from api.front import Front, Verify
from api.logged_operations import LOGGED
from api.operations import JsonResponse, mount
from api.resources import OPERATIONS, published_message, webhook
from api.services import Services, open_services
from api.settings import ApiSettings
from store.errors import Conflict, InvalidQuery, NotFound, StoreError, Unavailable
from store.people import check_password

_log = logging.getLogger(__name__)

_HTTP_TYPES = {404: "NotFoundException", 405: "NotAllowedException", 415: "NotSupportedException"}


def create_app(settings: ApiSettings) -> FastAPI:
    """The application. Its connections are opened when it starts and closed when it stops (ASGI lifespan)."""
    services: list[Services] = []

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_services(settings) as opened:
            services.append(opened)
            app.state.services = opened
            beside = [
                asyncio.create_task(carry_out(opened), name="batches"),
                asyncio.create_task(do_chores(opened), name="chores"),
            ]
            try:
                yield
            finally:
                for task in beside:
                    task.cancel()
                await asyncio.gather(*beside, return_exceptions=True)
                services.clear()

    app = FastAPI(
        title="Ostinato",
        version=_version(),
        description="BPMN 2.0 on Temporal behind Camunda 7's REST API.",
        lifespan=lifespan,
        redirect_slashes=False,
    )
    mount(app, OPERATIONS, lambda: services[0], LOGGED)
    mount_beside(app, "Webhook", webhook.ROUTES, lambda: services[0])
    mount_beside(app, "Message", published_message.ROUTES, lambda: services[0])
    app.add_api_route("/health", _health(services), methods=["GET"], summary="Is everything there", response_model=None)
    app.add_exception_handler(RestError, _rest_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(StoreError, _store_error)
    app.add_exception_handler(ProcessError, _process_error)
    app.add_exception_handler(Exception, _bug)
    app.add_middleware(Front, users=dict(settings.users), verify=_stored_password(services))
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware, allow_origins=list(settings.cors_origins), allow_methods=["*"], allow_headers=["*"]
        )
    if settings.web_directory is not None:
        app.mount("/", StaticFiles(directory=settings.web_directory, html=True), name="web")
    return app


def run(settings: ApiSettings) -> None:
    """Serve until SIGTERM or SIGINT. Writes `settings.ready_file` once requests are accepted."""
    logging.basicConfig(level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        log_level=settings.log_level.lower(),
        access_log=False,
        lifespan="on",
        server_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=5,
    )

    def ready() -> None:
        if settings.ready_file is not None:
            settings.ready_file.write_text("ready\n")

    Server(config, app, ready).run()


class Server(uvicorn.Server):
    """Tells when it accepts requests, and sends those who wait for work away when it stops."""

    def __init__(self, config: uvicorn.Config, app: FastAPI, on_ready: Callable[[], object]) -> None:
        super().__init__(config)
        self._app = app
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_ready()

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        self._app.state.services.polls.stopping.set()
        await super().shutdown(sockets)


def _stored_password(services: list[Services]) -> Verify:
    async def verify(name: str, password: str) -> bool:
        return await check_password(services[0].database, name, password)

    return verify


def _health(services: list[Services]) -> Callable[[], Awaitable[Response]]:
    async def health() -> Response:
        parts = {"database": await _answers(services[0].database.ping()), "temporal": False}
        parts["temporal"] = await _answers(services[0].engine.check())
        return JsonResponse(parts, status_code=200 if all(parts.values()) else 503)

    return health


async def _answers(check: Awaitable[None]) -> bool:
    try:
        await asyncio.wait_for(check, timeout=3)
    except (StoreError, ProcessError, TimeoutError) as error:
        _log.warning("Health check failed: %s", error)
        return False
    return True


async def _rest_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RestError)
    return JsonResponse(error.body(), status_code=error.status)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    allowed = (error.headers or {}).get("allow") or (error.headers or {}).get("Allow")
    if request.method == "OPTIONS" and error.status_code == 405 and allowed:
        return Response(status_code=200, headers={"Allow": f"{allowed}, OPTIONS"})
    kind = _HTTP_TYPES.get(error.status_code, "RestException")
    body = RestError(
        error.status_code, kind, f"HTTP {error.status_code} {error.detail}: {request.method} {request.url.path}"
    )
    return JsonResponse(body.body(), status_code=error.status_code, headers=error.headers)


async def _store_error(request: Request, error: Exception) -> Response:
    match error:
        case InvalidQuery():
            answer = invalid_request(str(error))
        case NotFound():
            answer = invalid_request(str(error), 404)
        case Conflict():
            answer = rest_exception(str(error), 400)
        case Unavailable():
            answer = unavailable(str(error))
        case _:
            _log.error("The read model failed for %s %s", request.method, request.url.path, exc_info=error)
            answer = engine_error(str(error))
    return JsonResponse(answer.body(), status_code=answer.status)


async def _process_error(request: Request, error: Exception) -> Response:
    match error:
        case InstanceNotFound():
            answer = rest_exception(str(error), 404)
        case CommandRejected(code="not_found" | "ended"):  # it has ended meanwhile: there is none any more
            answer = rest_exception(str(error), 404)
        case CommandRejected(code="suspended"):
            answer = RestError(400, "SuspendedEntityInteractionException", str(error), 0)
        case CommandRejected(code="invalid"):
            answer = rest_exception(str(error), 400)
        case EngineUnavailable():
            answer = unavailable(str(error))
        case _:
            answer = rest_exception(str(error))
    return JsonResponse(answer.body(), status_code=answer.status)


async def _bug(request: Request, error: Exception) -> Response:
    """Anything else is a bug of ours: the client gets Camunda's shape, the log (by the server) the traceback."""
    answer = RestError(500, type(error).__name__, str(error) or type(error).__name__)
    return JsonResponse(answer.body(), status_code=500)


def _version() -> str:
    try:
        return version("ostinato")
    except PackageNotFoundError:
        return "0.0.0"
