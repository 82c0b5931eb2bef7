"""`ostinato audit`, `rebuild` and `cleanup`: the operator's tools for the read model. They need the database only."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from ostinato import settings
from ostinato.errors import UserError

if TYPE_CHECKING:
    from store.database import Database


def audit(
    instances: Annotated[list[str] | None, typer.Argument(help="Ids of instances; none: all of them.")] = None,
    repair: Annotated[bool, typer.Option("--repair", help="Compute the rows of what differs again.")] = False,
) -> None:
    """Compare the read model with the event log and print what differs. Exit code 1 if something does."""
    different = asyncio.run(_audit(instances or None, repair))
    if different:
        raise typer.Exit(0 if repair else 1)


def rebuild(instances: Annotated[list[str], typer.Argument(help="Ids of instances.")]) -> None:
    """Compute the rows of instances again from their event log."""
    asyncio.run(_rebuild(instances))


def cleanup(
    limit: Annotated[int, typer.Option("--limit", min=1, help="Remove at most so many instances.")] = 100_000,
) -> None:
    """Remove ended instances whose history time to live is over."""
    typer.echo(f"Removed {asyncio.run(_cleanup(limit))} instances.")


def _database() -> Database:
    from store.database import Database

    return Database(settings.load().required_database_url(), max_size=4, application="ostinato-cli")


async def _audit(instances: list[str] | None, repair: bool) -> int:
    from store.audit import audit as compare
    from store.projection import Projector

    async with _database() as database:
        differences = await compare(database, instances)
        for difference in differences:
            typer.echo(str(difference))
        wrong = sorted({difference.instance_id for difference in differences})
        if repair:
            projector = Projector(database)
            for instance_id in wrong:
                await projector.rebuild(instance_id)
    verdict = "computed again" if repair else "differ from their log"
    typer.echo(f"{len(wrong)} instances {verdict}." if wrong else "The read model is what the log says.")
    return len(wrong)


async def _rebuild(instances: list[str]) -> None:
    from store.errors import NotFound
    from store.projection import Projector

    async with _database() as database:
        projector = Projector(database)
        for instance_id in instances:
            try:
                await projector.rebuild(instance_id)
            except NotFound as error:
                raise UserError(str(error)) from error
            typer.echo(f"{instance_id}: computed again.")


async def _cleanup(limit: int) -> int:
    from store.history import MAX_BATCH
    from store.history import cleanup as remove

    removed = 0
    async with _database() as database:
        while removed < limit:
            wanted = min(MAX_BATCH, limit - removed)
            found = await remove(database, datetime.now(UTC), wanted)
            removed += found
            if found < wanted:
                break
    return removed
