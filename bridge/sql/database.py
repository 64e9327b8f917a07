"""Opening the archive's database: SQLite by default, PostgreSQL by URL, always at the newest schema.

Migrations go forward only and run by themselves at start, so an old data directory opens under a new version. Several hosts may
start at once: one migrates, the others wait for it.

A migration that only adds leaves older daemons at work. One that takes something away, or changes its meaning, raises `OLDEST` to
its own number. A daemon that finds a newer schema works with it if its own newest migration is `OLDEST` or later, else it refuses.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Dialect, event, func, inspect, select, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bridge.sql import tables

MIGRATIONS = Path(__file__).parent / "migrations"
OLDEST = "0020"  # the oldest schema whose daemons work with the newest
ALONE = 0x6465736B62726467  # PostgreSQL's advisory lock of those who migrate


class BadAddress(ValueError):
    """The archive's URL names no database that we can open; the text holds no part of the URL, in which a password may lie."""


class Unreachable(Exception):
    """The database cannot be opened now, or not by us; the text is what it says itself."""


class NewerSchema(Exception):
    """A newer release has changed the database in a way that this one does not know; the text says which."""


class Away(OSError):
    """The database server cannot be reached now; the same may go well a moment later."""


def is_away(error: Exception) -> bool:
    """Whether something failed because the database server is away, or left in the middle of it."""
    return isinstance(error, Away) or (isinstance(error, DBAPIError) and error.connection_invalidated)


def is_locked(error: Exception) -> bool:
    """Whether SQLite's file was held by another writer for longer than anybody waits."""
    return isinstance(error, DBAPIError) and "locked" in str(error.orig)


def database_word(error: Exception) -> str:
    """Return in a few words why the database failed; its own text may quote what somebody wrote, and is left out."""
    if isinstance(error, DBAPIError):
        if "disk is full" in str(error.orig) or type(error.orig).__name__ == "DiskFullError":
            return "the disk is full"
        return type(error.orig).__name__
    return type(error).__name__


def engine_for(url: str) -> AsyncEngine:
    """Return an engine for `sqlite:///path`, a bare path, or `postgresql://…`. Raises BadAddress."""
    parsed = _parsed(url if "://" in url else f"sqlite:///{url}")
    kind = parsed.get_backend_name()
    if kind == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise BadAddress("names no file, and what is in memory is gone with the daemon")
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
        engine = create_async_engine(parsed.set(drivername="postgresql+asyncpg"), pool_size=8, pool_pre_ping=True)
        event.listen(engine.sync_engine, "do_connect", _connect)
        return engine
    raise BadAddress(f"the archive is SQLite or PostgreSQL, not {kind}")


def _parsed(url: str) -> URL:
    try:
        return make_url(url)
    except (ArgumentError, ValueError):  # their texts quote the url
        raise BadAddress("is not a database's URL: special characters of a password are written as %XX") from None


def _connect(dialect: Dialect, _record: Any, args: Sequence[Any], options: Mapping[str, Any]) -> Any:
    """Connect, and give what a driver raises for a server that is away (many kinds) one name."""
    try:
        return dialect.connect(*args, **options)
    except Exception as error:
        raise Away(str(error) or type(error).__name__) from error


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


async def reach(engine: AsyncEngine) -> None:
    """Connect once. Raises Unreachable for each error by which a driver says that a database is away or an option is unknown."""
    try:
        if engine.dialect.name == "sqlite":
            await asyncio.to_thread(_look, str(engine.url.database))
        else:
            async with engine.connect():
                pass
    except Exception as error:
        await engine.dispose()
        told = error.orig if isinstance(error, DBAPIError) else error.__cause__ if isinstance(error, Away) else error
        raise Unreachable(f"cannot be opened: {type(told).__name__}: {told}") from None


def _look(file: str) -> None:
    """Open a file by itself: aiosqlite's thread outlives the loop where the first opening fails."""
    with closing(sqlite3.connect(file, timeout=30, uri=file.startswith("file:"))) as found:
        found.execute("PRAGMA schema_version")


async def migrate(engine: AsyncEngine) -> None:
    """Bring the schema to the newest version. Raises NewerSchema."""
    async with engine.execution_options(sqlite_write=True).begin() as sql:
        await sql.run_sync(_upgrade)


def _upgrade(connection: Connection) -> None:
    """Run what migrations are missing. Where none is, Alembic is not even loaded: that takes a fifth of a second."""
    if _up_to_date(connection):
        return
    if connection.dialect.name == "postgresql":  # SQLite's transaction is alone already
        connection.execute(select(func.pg_advisory_xact_lock(ALONE)))
        if _up_to_date(connection):
            return
    _migrated(connection, "head")
    connection.execute(tables.schema_reader.delete())
    connection.execute(tables.schema_reader.insert().values(oldest=OLDEST, release=version("deskbridge")))


def _migrated(connection: Connection, to: str) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, to)


def upgrade_to(connection: Connection, at: str) -> None:
    """Run the migrations up to a revision. Raises LookupError for one that this release does not know."""
    if at > newest():
        raise LookupError(f"its schema is {at}, and this release knows it up to {newest()}")
    if _version(connection) < at:
        _migrated(connection, at)


def revision(connection: Connection) -> str:
    """Return the revision of the schema, "" where there is none."""
    return _version(connection)


def _up_to_date(connection: Connection) -> bool:
    """Whether no migration is missing. Raises NewerSchema for a schema that a later release made and we cannot work with."""
    found, ours = _version(connection), newest()
    if found <= ours:
        return found == ours
    oldest, release = connection.execute(select(tables.schema_reader.c.oldest, tables.schema_reader.c.release)).one()
    if ours < oldest:
        raise NewerSchema(f"Deskbridge {release} has changed its schema to {found}; this release knows it up to {ours}")
    return True


def _version(connection: Connection) -> str:
    """Return the revision of the schema, "" where there is none."""
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or ""


def newest() -> str:
    """Return the revision of the newest migration: each file's name begins with its own."""
    return max(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("*_*.py"))
