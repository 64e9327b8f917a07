"""The archive's rows as plain values, so that a backup of SQLite opens in PostgreSQL and the other way round.

Rows are read in one transaction that sees the database as it was at its first read, however long that takes, while others write.
They are written into the schema that they were read from; then the migrations run that were added since.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import Connection, MetaData, Table, func, insert, inspect, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bridge.sql import tables
from bridge.sql.database import revision, upgrade_to

ROWS = 500  # at once
# The files' rows are made again where the files go, facts from the conversations, and days are counted again.
LEFT_OUT = frozenset({"file", "conversation_fact", "report_day", "report_change"})
# What the index of words holds of a row is another database's: it is read over here.
NOT_COPIED = {"line": "folded", "conversation": "indexed"}
# Whoever signed out, or was signed out, since the backup must not be signed in again.
NOT_RESTORED = frozenset({"session"})


Pinned = AsyncConnection


class NotEmpty(Exception):
    """There is something already where a backup is to be restored."""


@asynccontextmanager
async def pinned(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Give a connection that reads one state of the database from now on."""
    async with engine.connect() as sql:
        if sql.dialect.name == "postgresql":
            await sql.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        await sql.execute(select(tables.follower))
        yield sql


async def schema(sql: AsyncConnection) -> str:
    """Return the revision of the schema."""
    return await sql.run_sync(revision)


def copied_tables() -> list[Table]:
    """Return the tables of a backup, those that others refer to first."""
    return [table for table in tables.metadata.sorted_tables if table.name not in LEFT_OUT]


async def read_rows(sql: AsyncConnection, table: Table) -> AsyncIterator[list[list[Any]]]:
    """Yield all rows of a table in the order of its key, some at a time."""
    async with sql.stream(select(table).order_by(*table.primary_key.columns)) as found:
        async for portion in found.partitions(ROWS):
            yield [list(row) for row in portion]


async def positions(sql: AsyncConnection) -> dict[str, int]:
    """Return how far each consortium's log was written to these rows, by the archive's name for it."""
    rows = await sql.execute(select(tables.follower.c.name, tables.follower.c.seq))
    return {row.name: row.seq for row in rows}


async def check_empty(engine: AsyncEngine) -> None:
    """Raise NotEmpty where a database has tables: which rows of them we could write over, nobody knows."""
    async with engine.connect() as sql:
        if await sql.run_sync(lambda connection: inspect(connection).get_table_names()):
            raise NotEmpty("the archive has tables already: give it an empty database")


async def make_schema(engine: AsyncEngine, at: str) -> None:
    """Make the schema of a revision in an empty database. Raises LookupError for a revision of a later release."""
    async with engine.execution_options(sqlite_write=True).begin() as sql:
        await sql.run_sync(upgrade_to, at)


class RowWriter:
    """Writes one table's rows, a portion in a transaction."""

    def __init__(self, engine: AsyncEngine, name: str, columns: Sequence[str]) -> None:
        self._engine = engine.execution_options(sqlite_write=True)
        self._name, self._columns = name, columns
        self._table: Table | None = None

    async def write(self, rows: Sequence[Sequence[Any]]) -> None:
        """Write rows; their values are in the order of the columns."""
        async with self._engine.begin() as sql:
            table = self._table
            if table is None:
                table = self._table = await sql.run_sync(_reflected, self._name)
            values = [dict(zip(self._columns, row, strict=True)) for row in rows]
            column = NOT_COPIED.get(self._name, "")
            if column in table.columns:
                values = [{**row, column: None} for row in values]
            await sql.execute(insert(table), values)

    async def end(self) -> None:
        """Let the database number new rows after these."""
        if self._engine.dialect.name != "postgresql" or self._table is None:
            return
        async with self._engine.begin() as sql:
            for column in self._table.primary_key.columns:
                sequence = await sql.scalar(
                    text("SELECT pg_get_serial_sequence(:name, :column)"),
                    {"name": f'"{self._name}"', "column": column.name},
                )
                if sequence and (last := await sql.scalar(select(func.max(column)))):
                    await sql.execute(
                        text("SELECT setval(CAST(:name AS regclass), :last)"), {"name": sequence, "last": last}
                    )


def _reflected(connection: Connection, name: str) -> Table:
    return Table(name, MetaData(), autoload_with=connection, resolve_fks=False)
