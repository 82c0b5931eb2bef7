"""Brings a database to the schema of this release. Safe to call from several processes at once."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, create_engine, pool

_LOCK = 0x0571_1A70  # any number that nobody else uses for advisory locks in this database


def upgrade(database_url: str) -> None:
    """Run all migrations that are missing, in one transaction.

    `database_url` is a plain libpq URL. Whoever comes second waits for the first and finds nothing to do.
    """
    with _connect(database_url) as connection, connection.begin():
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def current(database_url: str) -> str | None:
    """The database's revision, or None if it was never migrated."""
    with _connect(database_url) as connection:
        return MigrationContext.configure(connection).get_current_revision()


def _connect(database_url: str) -> Connection:
    scheme, separator, rest = database_url.partition("://")
    if not separator or scheme not in ("postgresql", "postgres"):
        raise ValueError("Expected a database URL like 'postgresql://user@host:port/name' but its scheme was another.")
    return create_engine(f"postgresql+psycopg://{rest}", poolclass=pool.NullPool).connect()
