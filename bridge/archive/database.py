"""Opening the archive's database: SQLite by default, PostgreSQL by URL, always at the newest schema.

Migrations go forward only and run by themselves at start, so an old data directory opens under a new version.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, event, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

MIGRATIONS = Path(__file__).parent / "migrations"


class BadAddress(ValueError):
    """The archive's URL names no database that we can open."""


def engine_for(url: str) -> AsyncEngine:
    """Return an engine for `sqlite:///path`, a bare path, or `postgresql://…`. Raises BadAddress."""
    if "://" not in url:
        url = f"sqlite:///{url}"
    parsed = make_url(url)
    kind = parsed.get_backend_name()
    if kind == "sqlite":
        engine = create_async_engine(
            parsed.set(drivername="sqlite+aiosqlite"),
            connect_args={"timeout": 30},
            pool_use_lifo=True,  # the connection that wrote last knows the pages; every other one has to read them again
        )
        event.listen(engine.sync_engine, "connect", _tune_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
        return engine
    if kind in ("postgresql", "postgres"):
        return create_async_engine(parsed.set(drivername="postgresql+asyncpg"), pool_size=8, pool_pre_ping=True)
    raise BadAddress(f"the archive is SQLite or PostgreSQL, not {kind}")


_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "busy_timeout=30000",
    "secure_delete=ON",
    "cache_size=-16000",  # kB, of those pages that are used: a large transaction need not write one of them twice
)


def _tune_sqlite(connection: Any, _record: Any) -> None:
    """Set what SQLite needs in each connection: a write-ahead log, durable commits, real foreign keys."""
    connection.isolation_level = None  # transactions are begun by us, see _begin_sqlite
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    """Begin for writing at once where a transaction may write: a late upgrade of a read lock fails instead of waiting."""
    immediate = connection.get_execution_options().get("sqlite_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


async def migrate(engine: AsyncEngine) -> None:
    """Bring the schema to the newest version."""
    async with engine.execution_options(sqlite_write=True).begin() as sql:
        await sql.run_sync(_upgrade)


def _upgrade(connection: Connection) -> None:
    """Run what migrations are missing. Where none is, Alembic is not even loaded: that takes a fifth of a second."""
    if _version(connection) == _newest():
        return
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _version(connection: Connection) -> str:
    """Return the revision of the schema, "" where there is none."""
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or ""


def _newest() -> str:
    """Return the revision of the newest migration: each file's name begins with its own."""
    return max(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("*_*.py"))
