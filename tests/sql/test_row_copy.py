"""Rows of a backup: a database of either kind gets them in the schema that they were read from, and is then brought up to date."""

from __future__ import annotations

import pytest
from sqlalchemy import insert, select

from bridge.sql import tables
from bridge.sql.archive import Archive
from bridge.sql.database import migrate
from bridge.sql.row_copy import NotEmpty, RowWriter, check_empty, make_schema, pinned, read_rows

ROW = ["main", "e1", 7]


async def test_rows_of_an_older_schema_are_brought_up_to_date(archive_url: str) -> None:
    archive = Archive(archive_url)
    await check_empty(archive.engine)
    await make_schema(archive.engine, "0015")
    writer = RowWriter(archive.engine, "follower", ["name", "epoch", "seq"])
    await writer.write([ROW])
    await writer.end()
    await migrate(archive.engine)
    async with archive.engine.connect() as sql:
        assert [list(row) for row in await sql.execute(select(tables.follower))] == [ROW]
        assert (await sql.execute(select(tables.file))).all() == []
    with pytest.raises(NotEmpty):
        await check_empty(archive.engine)
    with pytest.raises(LookupError, match="9999"):
        await make_schema(archive.engine, "9999")
    await archive.close()


async def test_what_is_written_meanwhile_is_not_read(archive: Archive) -> None:
    writing = archive.engine.execution_options(sqlite_write=True)
    async with writing.begin() as sql:
        await sql.execute(insert(tables.follower).values(name="main", epoch="e1", seq=7))
    async with pinned(archive.engine) as held:
        async with writing.begin() as sql:
            await sql.execute(insert(tables.follower).values(name="north", epoch="e2", seq=1))
        assert [row async for rows in read_rows(held, tables.follower) for row in rows] == [ROW]
