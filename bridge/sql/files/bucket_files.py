"""Files in an S3-compatible bucket, with their rows in the archive, whichever database that is.

An object's key is its digest and a word of chance: `files/ab/cdef…/word`. Bytes are put before their row is written and deleted
after it is gone. A crash in between leaves an object without a row, which `clear` deletes a day later.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bridge.files.bucket import Bucket
from bridge.files.local_copies import LocalCopies
from bridge.sql.files.rows import FILE, FileRows, translated

BELOW = "files/"
PORTION = 500


class BucketFiles(FileRows):
    """`bridge.files.store.FileStore` in a bucket."""

    name = "s3"

    def __init__(self, engine: AsyncEngine, copies: LocalCopies, bucket: Bucket) -> None:
        super().__init__(engine, copies)
        self._bucket = bucket

    async def _put(self, source: Path, row: dict[str, Any]) -> None:
        digest = row["digest"]
        key = f"{BELOW}{digest[:2]}/{digest[2:]}/{secrets.token_hex(8)}"
        await self._bucket.put(key, source)
        async with self._engine.begin() as sql:
            made = await self._insert(sql, {**row, "object_key": key})
        if not made:
            await self._bucket.delete(key)

    async def _whole(self, row: Row[Any]) -> bool:
        return await self._bucket.holds(row.object_key)

    def _bytes(self, row: Row[Any]) -> AsyncIterator[bytes]:
        return self._bucket.get(row.object_key)

    async def _dropped(self, sql: AsyncConnection, row: Row[Any]) -> None:
        """The bucket knows no transaction: see `_forgotten`."""

    async def _forgotten(self, row: Row[Any]) -> None:
        await self._bucket.delete(row.object_key)

    async def clear(self, before: float) -> None:
        """See FileStore. Also delete objects that were put before `before` and have no row."""
        await super().clear(before)
        portion: list[str] = []
        async for key in self._bucket.listed(before, BELOW):
            portion.append(key)
            if len(portion) == PORTION:
                await self._drop_strays(portion)
                portion = []
        await self._drop_strays(portion)

    async def _drop_strays(self, keys: Sequence[str]) -> None:
        with translated():
            async with self._reading.connect() as sql:
                used = await sql.scalars(select(FILE.c.object_key).where(FILE.c.object_key.in_(keys)))
                strays = set(keys) - set(used.all())
        for key in strays:
            await self._bucket.delete(key)
