"""Files as large objects of PostgreSQL: as durable, as replicated and as backed up as the transcripts.

The bytes and their row are written and deleted in one transaction. `pg_dump` of the whole database takes large objects with it.
The column is of the type `oid`, so that `vacuumlo` sees that they are used (PostgreSQL 35.4, F.49).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import Row, bindparam, text
from sqlalchemy.dialects.postgresql import BYTEA, OID
from sqlalchemy.ext.asyncio import AsyncConnection

from bridge.sql.files.rows import FileRows

CHUNK = 256 * 1024

_MAKE = text("SELECT lo_create(0)")
_WRITE = text("SELECT lo_put(:object, CAST(:at AS bigint), :chunk)").bindparams(
    bindparam("object", type_=OID), bindparam("chunk", type_=BYTEA)
)
_READ = text("SELECT lo_get(:object, CAST(:at AS bigint), CAST(:size AS integer))").bindparams(
    bindparam("object", type_=OID)
)
_DELETE = text("SELECT lo_unlink(:object)").bindparams(bindparam("object", type_=OID))
_EXISTS = text("SELECT 1 FROM pg_largeobject_metadata WHERE oid = :object").bindparams(bindparam("object", type_=OID))


class LargeObjectFiles(FileRows):
    """`bridge.files.store.FileStore` in PostgreSQL."""

    name = "postgresql"

    async def _put(self, source: Path, row: dict[str, Any]) -> None:
        file = await asyncio.to_thread(source.open, "rb")
        try:
            async with self._engine.begin() as sql:
                made = await self._written(sql, file)
                if not await self._insert(sql, {**row, "large_object": made}):
                    await sql.execute(_DELETE, {"object": made})
        finally:
            await asyncio.to_thread(file.close)

    async def _written(self, sql: AsyncConnection, file: BinaryIO) -> int:
        made: int = await sql.scalar(_MAKE)
        at = 0
        while chunk := await asyncio.to_thread(file.read, CHUNK):
            await sql.execute(_WRITE, {"object": made, "at": at, "chunk": chunk})
            at += len(chunk)
        return made

    async def _whole(self, row: Row[Any]) -> bool:
        async with self._reading.connect() as sql:
            return await sql.scalar(_EXISTS, {"object": row.large_object}) is not None

    async def _bytes(self, row: Row[Any]) -> AsyncIterator[bytes]:
        async with self._reading.connect() as sql:
            for at in range(0, row.size, CHUNK):
                if await sql.scalar(_EXISTS, {"object": row.large_object}) is None:
                    raise FileNotFoundError(row.digest)
                yield bytes(await sql.scalar(_READ, {"object": row.large_object, "at": at, "size": CHUNK}))

    async def _dropped(self, sql: AsyncConnection, row: Row[Any]) -> None:
        await sql.execute(_DELETE, {"object": row.large_object})

    async def _forgotten(self, row: Row[Any]) -> None:
        """The bytes went with the row."""
