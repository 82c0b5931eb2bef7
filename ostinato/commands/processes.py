"""Processes from the terminal: deploy, start, ps, show, tasks, complete, history, incidents, retry. All over REST.

An instance or task is named by its id or by the beginning of it, an instance also by its business key.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.table import Table
from rich.tree import Tree

from ostinato import settings
from ostinato.client import ActivityTree, Client, Incident, Instance, NotFound, PastInstance, Task
from ostinato.errors import UserError

_SHOWN = 200

_T = TypeVar("_T")

Limit = Annotated[int, typer.Option("--limit", "-n", help="Show at most so many.", min=1, max=10_000)]
Variables = Annotated[
    list[str] | None,
    typer.Option("--var", "-v", help="A variable, NAME=VALUE; the value is JSON, or text when it is not."),
]


def deploy(
    files: Annotated[
        list[Path], typer.Argument(help="BPMN, DMN and form files, deployed together.", exists=True, dir_okay=False)
    ],
    name: Annotated[str | None, typer.Option("--name", help="Name of the deployment.")] = None,
    again: Annotated[bool, typer.Option("--again", help="Make a new version even if nothing has changed.")] = False,
) -> None:
    """Deploy BPMN, DMN and form files."""

    async def work(engine: Client, console: Console) -> None:
        made = await engine.deploy(*files, name=name, changed_only=not again)
        if not made.definitions:
            console.print(f"deployment {made.id}: nothing has changed")
            return
        for definition in made.definitions:
            console.print(f"deployed [bold]{definition}[/bold]")

    _run(work)


def start(
    key: Annotated[str, typer.Argument(help="Key of the process.")],
    variables: Variables = None,
    business_key: Annotated[
        str | None, typer.Option("--business-key", "-k", help="Your name for the instance.")
    ] = None,
) -> None:
    """Start an instance of a process."""

    async def work(engine: Client, console: Console) -> None:
        instance = await engine.start(key, _parse(variables), business_key=business_key)
        console.print(instance.id, highlight=False)
        if instance.ended:
            console.print(f"[dim]ended at {await _end(engine, instance.id)}[/dim]")
        else:
            await _print_tree(engine, console, instance.id, instance.id)

    _run(work)


def ps(
    key: Annotated[str | None, typer.Argument(help="Only instances of this process.")] = None,
    all_: Annotated[bool, typer.Option("--all", "-a", help="Ended instances too.")] = False,
    limit: Limit = 50,
) -> None:
    """List running instances."""

    async def work(engine: Client, console: Console) -> None:
        found = await engine.past_instances(
            processDefinitionKey=key,
            unfinished=None if all_ else True,
            sortBy="startTime",
            sortOrder="desc",
            maxResults=limit,
        )
        table = _table("instance", "process", "version", "business key", "state", "started", "took")
        for row in found:
            table.add_row(
                row.id,
                row.process_definition_key,
                str(row.process_definition_version or ""),
                row.business_key or "",
                _state(row),
                _ago(row.start_time),
                "" if row.duration_in_millis is None else _span(row.duration_in_millis / 1000),
            )
        _print(console, table, "no instances" if all_ else "no running instances")

    _run(work)


def show(instance: Annotated[str, typer.Argument(help="Instance id, its beginning, or business key.")]) -> None:
    """Show where the tokens of an instance are."""

    async def work(engine: Client, console: Console) -> None:
        found = await _instance(engine, instance)
        key = f" ({found.business_key})" if found.business_key else ""
        title = f"[bold]{found.process_definition_key}[/bold] {found.id}{key} {_state(found)}"
        if found.ended:
            console.print(title)
            console.print(f"ended at {await _end(engine, found.id)} {_ago(found.end_time)}")
            variables = await engine.past_variables(found.id)
        else:
            await _print_tree(engine, console, found.id, title)
            variables = await engine.variables(found.id)
        if variables:
            table = _table("variable", "value")
            for name, value in sorted(variables.items()):
                table.add_row(name, _shorten(value))
            console.print(table)
        for incident in await engine.incidents(processInstanceId=found.id):
            console.print(f"[red]incident[/red] at {incident.activity_id}: {incident.incident_message}")

    _run(work)


def tasks(
    instance: Annotated[str | None, typer.Argument(help="Only tasks of this instance.")] = None,
    assignee: Annotated[str | None, typer.Option("--assignee", help="Only tasks of this person.")] = None,
    group: Annotated[str | None, typer.Option("--group", help="Only tasks that this group may claim.")] = None,
    limit: Limit = 50,
) -> None:
    """List open user tasks."""

    async def work(engine: Client, console: Console) -> None:
        chosen = None if instance is None else (await _instance(engine, instance)).id
        found = await engine.tasks(
            instance=chosen,
            assignee=assignee,
            candidateGroup=group,
            sortBy="created",
            sortOrder="desc",
            maxResults=limit,
        )
        table = _table("task", "name", "instance", "assignee", "created", "due")
        for row in found:
            table.add_row(
                row.id,
                row.name or row.task_definition_key or "",
                row.process_instance_id or "",
                row.assignee or "",
                _ago(row.created),
                "" if row.due is None else f"{row.due:%Y-%m-%d %H:%M}",
            )
        _print(console, table, "no open tasks")

    _run(work)


def complete(
    task: Annotated[str, typer.Argument(help="Task id, its beginning, or the instance that has only this task.")],
    variables: Variables = None,
) -> None:
    """Complete a user task."""

    async def work(engine: Client, console: Console) -> None:
        found = await _task(engine, task)
        await engine.complete(found.id, _parse(variables))
        console.print(f"completed {found.name or found.task_definition_key or found.id}")
        if found.process_instance_id is not None:
            try:
                await _print_tree(engine, console, found.process_instance_id, found.process_instance_id)
            except NotFound:
                console.print("[dim]the instance has ended[/dim]")

    _run(work)


def history(instance: Annotated[str, typer.Argument(help="Instance id, its beginning, or business key.")]) -> None:
    """Show what an instance has done."""

    async def work(engine: Client, console: Console) -> None:
        found = await _instance(engine, instance)
        table = _table("flow node", "name", "type", "started", "took", "")
        for row in await engine.past_activities(found.id):
            took = ""
            if row.start_time is not None and row.end_time is not None:
                took = _span((row.end_time - row.start_time).total_seconds())
            open_or_canceled = "canceled" if row.canceled else "open" if row.end_time is None else ""
            table.add_row(
                row.activity_id,
                row.activity_name or "",
                row.activity_type,
                "" if row.start_time is None else f"{row.start_time.astimezone():%Y-%m-%d %H:%M:%S}",
                took,
                open_or_canceled,
            )
        console.print(f"[bold]{found.process_definition_key}[/bold] {found.id} {_state(found)}")
        _print(console, table, "nothing yet")

    _run(work)


def incidents(
    instance: Annotated[str | None, typer.Argument(help="Only incidents of this instance.")] = None, limit: Limit = 50
) -> None:
    """List open incidents."""

    async def work(engine: Client, console: Console) -> None:
        chosen = None if instance is None else (await _instance(engine, instance)).id
        table = _table("incident", "type", "instance", "flow node", "since", "message")
        for row in await engine.incidents(processInstanceId=chosen, maxResults=limit):
            table.add_row(
                row.id,
                row.incident_type,
                row.process_instance_id or "",
                row.activity_id or "",
                _ago(row.incident_timestamp),
                _shorten(row.incident_message or ""),
            )
        _print(console, table, "no incidents")

    _run(work)


def retry(
    which: Annotated[str, typer.Argument(help="Incident id, its beginning, or an instance (all its incidents).")],
    retries: Annotated[int, typer.Option("--retries", help="How many new attempts.", min=1)] = 1,
) -> None:
    """Retry what failed."""

    async def work(engine: Client, console: Console) -> None:
        every = await engine.incidents()
        chosen: list[Incident] = [row for row in every if row.id.startswith(which)]
        if not chosen or len(chosen) > 1:
            chosen = [row for row in every if which in (row.id, row.process_instance_id)] or chosen
        if not chosen:
            raise UserError(f"Expected an open incident for {which!r} but there is none.")
        for incident in chosen:
            await engine.retry(incident, retries)
            console.print(f"retried {incident.activity_id}: {_shorten(incident.incident_message or '')}")

    _run(work)


# -- private


def _run(work: Callable[[Client, Console], Awaitable[_T]]) -> _T:
    read = settings.load()

    async def main() -> _T:
        async with Client(read.url) as engine:
            return await work(engine, Console(soft_wrap=True))

    return asyncio.run(main())


async def _end(engine: Client, instance_id: str) -> str:
    """The flow node that an ended instance entered last."""
    activities = await engine.past_activities(instance_id)
    return activities[-1].activity_id if activities else "its start"


async def _instance(engine: Client, text: str) -> PastInstance:
    try:
        return await engine.past_instance(text)
    except NotFound:
        pass
    by_key = await engine.past_instances(processInstanceBusinessKey=text, maxResults=2)
    recent = by_key or await engine.past_instances(sortBy="startTime", sortOrder="desc", maxResults=1000)
    found = [row for row in recent if by_key or row.id.startswith(text)]
    return _only(found, "instance", text)


async def _task(engine: Client, text: str) -> Task:
    of_instance = await engine.tasks(instance=text, maxResults=2)
    of_instance = of_instance or await engine.tasks(processInstanceBusinessKey=text, maxResults=2)
    if of_instance:
        return _only(of_instance, "task", text)
    every = await engine.tasks(sortBy="created", sortOrder="desc", maxResults=1000)
    exact = [row for row in every if row.id == text]
    return _only(exact or [row for row in every if row.id.startswith(text)], "task", text)


def _only(found: Sequence[_T], what: str, text: str) -> _T:
    if not found:
        raise UserError(f"Expected {what} {text!r} but there is none.")
    if len(found) > 1:
        raise UserError(f"Expected one {what} for {text!r} but there are several; give more of the id.")
    return found[0]


async def _print_tree(engine: Client, console: Console, instance_id: str, title: str) -> None:
    root = await engine.tree(instance_id)
    tree = Tree(title)
    budget = [_SHOWN]
    for child in root.children:
        _grow(tree, child, budget)
    if budget[0] < 0:
        tree.add(f"[dim]and {-budget[0]} more[/dim]")
    console.print(tree)


def _grow(tree: Tree, node: ActivityTree, budget: list[int]) -> None:
    budget[0] -= 1
    if budget[0] < 0:
        return
    name = f"[bold]{node.activity_name}[/bold] " if node.activity_name else ""
    mark = " [red]incident[/red]" if node.incidents else ""
    branch = tree.add(f"{name}{node.activity_id} [dim]{node.activity_type}[/dim]{mark}")
    for child in node.children:
        _grow(branch, child, budget)


def _parse(variables: list[str] | None) -> dict[str, Any]:
    parsed: dict[str, Any] = {}
    for item in variables or []:
        name, equals, text = item.partition("=")
        if not equals or not name:
            raise UserError(f"Expected a variable like NAME=VALUE but it was {item!r}.")
        try:
            parsed[name] = json.loads(text)
        except ValueError:
            parsed[name] = text
    return parsed


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _print(console: Console, table: Table, empty: str) -> None:
    console.print(table if table.row_count else f"[dim]{empty}[/dim]")


def _state(row: PastInstance | Instance) -> str:
    if isinstance(row, Instance):
        return "suspended" if row.suspended else "active"
    colors = {"ACTIVE": "green", "SUSPENDED": "yellow", "COMPLETED": "blue"}
    return f"[{colors.get(row.state, 'red')}]{row.state.lower()}[/]"


def _ago(instant: datetime | None) -> str:
    if instant is None:
        return ""
    return f"{_span((datetime.now(UTC) - instant).total_seconds())} ago"


def _span(seconds: float) -> str:
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size * 2:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def _shorten(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= 120 else text[:117] + "..."
