"""`ostinato dev` and its single parts: `worker`, `api`, `migrate`. The composition root of the processes."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import Annotated, Any, NoReturn

import typer

from ostinato import settings
from ostinato.errors import UserError


def dev(
    directory: Annotated[
        Path | None, typer.Option("--dir", help="Where data and logs are kept (OSTINATO_HOME, .ostinato).")
    ] = None,
    port: Annotated[int | None, typer.Option("--port", help="Preferred port of the API.", min=0, max=65535)] = None,
    durable: Annotated[
        bool,
        typer.Option("--durable", help="Temporal waits for the disk at each commit: survives a power cut, slower."),
    ] = False,
) -> None:
    """Start everything on this machine: Temporal, PostgreSQL, worker and API.

    Data is kept: the next start continues where this one ended. Set OSTINATO_DATABASE_URL or OSTINATO_TEMPORAL_ADDRESS
    to use a server of your own instead of an embedded one. Ctrl-C stops everything.
    """
    _require("psycopg", "fastapi", "psutil")

    from rich.console import Console

    from ostinato.dev.processes import StartError
    from ostinato.dev.stack import Stack, StackOptions

    read = settings.load()
    console = Console()
    began = time.monotonic()
    stack = Stack(
        directory or read.home,
        StackOptions(
            database_url=read.database_url,
            temporal_address=read.temporal_address,
            postgres_port=read.postgres_port,
            temporal_port=read.temporal_port,
            temporal_ui_port=read.temporal_ui_port,
            temporal_durable=durable,
            api_host=read.api_host,
            api_port=read.api_port if port is None else port,
        ),
        progress=_Lines(console, began),
    )
    stopping, ready = threading.Event(), threading.Event()
    _stop_on_signals(stopping, ready)
    try:
        stack.start_all()
        ready.set()
        _print_addresses(console, stack, time.monotonic() - began)
        stack.supervise(stopping)
    except StartError as error:
        raise UserError(str(error)) from error
    finally:
        stack.stop_all()
    console.print("Stopped. The next [bold]ostinato dev[/] continues from here.")


def worker() -> None:
    """Run one engine worker against the servers that the settings name.

    Needs OSTINATO_DATABASE_URL and OSTINATO_TEMPORAL_ADDRESS.
    """
    told = settings.load().worker()
    from worker.main import run

    run(told)
    _leave()


def api() -> None:
    """Run the REST API against the servers that the settings name.

    Needs OSTINATO_DATABASE_URL and OSTINATO_TEMPORAL_ADDRESS.
    """
    told = settings.load().api()
    from api.main import run

    run(told)
    _leave()


def migrate() -> None:
    """Bring the database and Temporal's search attributes up to date.

    Safe to repeat, and safe while two do it at once.
    """
    import asyncio

    read = settings.load()
    database_url = read.required_database_url()
    from store.migrate import upgrade

    upgrade(database_url)
    asyncio.run(_register_search_attributes(read))
    typer.echo("The database and Temporal's search attributes are up to date.")
    _leave()


async def _register_search_attributes(read: settings.Settings) -> None:
    from temporalio.api.enums.v1 import IndexedValueType
    from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
    from temporalio.service import RPCError, RPCStatusCode

    from interpreter.workflow.connection import connect
    from interpreter.workflow.search_attributes import SEARCH_ATTRIBUTES

    connection = read.temporal()
    try:
        client = await connect(connection)
    except RuntimeError as error:
        raise UserError(f"Expected Temporal at {connection.address} but it does not answer: {error}") from error
    operator = client.operator_service
    known = await operator.list_search_attributes(ListSearchAttributesRequest(namespace=connection.namespace))
    types = {
        name: IndexedValueType.Value(f"INDEXED_VALUE_TYPE_{kind.upper()}") for name, kind in SEARCH_ATTRIBUTES.items()
    }
    for name, kind in types.items():
        if known.custom_attributes.get(name, kind) != kind:
            raise UserError(
                f"Expected the search attribute {name!r} of namespace {connection.namespace!r} to be a "
                f"{SEARCH_ATTRIBUTES[name]} but it is registered as {known.custom_attributes[name]}"
            )
    missing = {name: kind for name, kind in types.items() if name not in known.custom_attributes}
    if not missing:
        return
    try:
        await operator.add_search_attributes(
            AddSearchAttributesRequest(namespace=connection.namespace, search_attributes=missing)
        )
    except RPCError as error:
        if error.status is not RPCStatusCode.ALREADY_EXISTS:  # somebody else was quicker
            raise UserError(
                f"Expected to register {', '.join(missing)} in namespace {connection.namespace!r} "
                f"but Temporal said: {error}"
            ) from error


def _leave() -> NoReturn:
    """Exit without tearing the interpreter down.

    The Temporal client's own threads may be about to let go of the interpreter when it is torn down, which then aborts
    the process ("PyGILState_Release: thread state must be current") although everything is done.
    """
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _require(*packages: str) -> None:
    missing = [package for package in packages if find_spec(package) is None]
    if missing:
        raise UserError(f"Expected the embedded stack but {', '.join(missing)} is missing: pip install 'ostinato[dev]'")


class _Lines:
    """Progress as one line per change of state, with the seconds since the start."""

    def __init__(self, console: Any, began: float) -> None:
        self._console = console
        self._began = began
        self._lock = threading.Lock()

    def __call__(self, part: str, text: str) -> None:
        with self._lock:
            seconds = time.monotonic() - self._began
            self._console.print(f"[dim]{seconds:6.1f} s[/]  [bold]{part:<9}[/] {text}", highlight=False)


def _stop_on_signals(stopping: threading.Event, ready: threading.Event) -> None:
    """Ctrl-C or SIGTERM sets `stopping`; before `ready`, or a second time, it interrupts whatever is waited for."""

    def stop(number: int, frame: FrameType | None) -> None:
        if stopping.is_set() or not ready.is_set():
            raise KeyboardInterrupt
        stopping.set()

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)


def _print_addresses(console: Any, stack: Any, seconds: float) -> None:
    addresses = {
        "REST API": stack.engine_url,
        "API docs": f"{stack.api_url}/docs",
        "Temporal UI": stack.temporal_ui_url,
        "Temporal": stack.temporal_address,
        "PostgreSQL": stack.database_url,
        "Logs": stack.logs,
    }
    console.print()
    for name, address in addresses.items():
        if address:
            console.print(f"  [bold]{name:<12}[/] {address}", soft_wrap=True, highlight=False)
    console.print(f"\nReady after {seconds:.1f} s. Ctrl-C stops everything; nothing is lost.", highlight=False)
