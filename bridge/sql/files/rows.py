"""What the stores on several hosts share: one row for each file, decided by the database, and local copies for readers.

The bytes lie at a place that is never used twice. So a file that comes again while it is deleted gets a row and a place of its own,
and the deletion touches neither. Bytes whose row could not be written, or which outlived it, are strays: `clear` deletes them.
"""

from __future__ import annotations

import asyncio
import math
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Row, and_, case, delete, func, or_, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bridge.contract.adapter import FilesAway
from bridge.contract.message import Attachment
from bridge.files.local_copies import LocalCopies
from bridge.files.store import DIGEST, FileFacts, drafted
from bridge.sql import tables
from bridge.sql.database import is_away
from bridge.sql.people.accounts import now_ms
from bridge.sql.rows import ignoring

FILE = tables.file
_c = FILE.c


class FileRows(ABC):
    """`bridge.files.store.FileStore` over rows; where the bytes lie is a subclass's."""

    name = ""

    def __init__(self, engine: AsyncEngine, copies: LocalCopies) -> None:
        self._engine = engine.execution_options(sqlite_write=True)
        self._reading = engine
        self._copies = copies

    # ---- what a subclass does with bytes ----

    @abstractmethod
    async def _put(self, source: Path, row: dict[str, Any]) -> None:
        """Keep the bytes of `source` at a new place and write `row` with it; where another row came first, call `_again`."""

    @abstractmethod
    async def _whole(self, row: Row[Any]) -> bool:
        """Say whether the bytes of a row are where it says."""

    @abstractmethod
    def _bytes(self, row: Row[Any]) -> AsyncIterator[bytes]:
        """Yield the bytes of a row, a chunk at a time. Raises FileNotFoundError."""

    @abstractmethod
    async def _dropped(self, sql: AsyncConnection, row: Row[Any]) -> None:
        """Delete the bytes of a row in its own transaction, where they are in the database."""

    @abstractmethod
    async def _forgotten(self, row: Row[Any]) -> None:
        """Delete the bytes of a row that is gone, where they are elsewhere."""

    # ---- the port ----

    async def save(
        self, chunks: AsyncIterator[bytes], name: str, limit: int, allowed: frozenset[str] = frozenset()
    ) -> Attachment:
        """See `bridge.contract.adapter.Blobs`. A file that is refused or breaks off leaves nothing behind."""
        async with drafted(self._copies.folder, chunks, name, limit, allowed) as draft:
            file = draft.file
            taken = {"taken_at": now_ms(), "again": False}
            with translated():
                await self._keep(draft.path, file, taken)
            await self._copies.take(draft.path, file.digest)
            return file

    async def path(self, digest: str) -> Path | None:
        """Return where a copy of the bytes is; None when they are gone or `digest` is not a digest."""
        row = await self._row(digest)
        if row is None:
            return None
        with translated():
            return await self._copies.path(digest, lambda: self._bytes(row))

    async def look(self, digest: str) -> Attachment | None:
        """Return a kept file's size and the type that its first bytes show; None when it is gone."""
        row = await self._row(digest)
        return None if row is None else Attachment(digest=digest, media_type=row.media_type, size=row.size, name="")

    async def facts(self, digest: str) -> FileFacts | None:
        """See FileStore."""
        row = await self._row(digest)
        if row is None:
            return None
        return FileFacts(digest=digest, size=row.size, taken_at=row.taken_at / 1000, again=row.again)

    async def adopt(self, source: Path, facts: FileFacts) -> None:
        """See FileStore."""
        async with drafted(self._copies.folder, _read(source), "", facts.size) as draft:
            if draft.file.digest != facts.digest:
                raise ValueError(f"{facts.digest} holds other bytes than its name says")
            taken = {"taken_at": round(facts.taken_at * 1000), "again": facts.again}
            with translated():
                if await self._here(facts.digest, {**taken, "again": True}):
                    return
                await self._put(draft.path, self._new(draft.file, taken))

    async def remove(self, digest: str, *, before: float = math.inf, again_before: float = math.inf) -> bool:
        """See FileStore."""
        if not DIGEST.fullmatch(digest):
            return False
        old = or_(and_(~_c.again, _ms(before)), and_(_c.again, _ms(min(before, again_before))))
        with translated():
            async with self._engine.begin() as sql:
                found = await sql.execute(delete(FILE).where(self._is(digest), old).returning(FILE))
                row = found.first()
                if row is not None:
                    await self._dropped(sql, row)
            if row is None:
                return False
            await self._copies.drop(digest)
            await self._forgotten(row)
        return True

    async def older(self, before: float) -> set[str]:
        """See FileStore."""
        with translated():
            async with self._reading.connect() as sql:
                query = select(_c.digest).where(_c.store == self.name, _ms(before))
                return set((await sql.scalars(query)).all())

    async def total(self) -> int:
        """See FileStore."""
        with translated():
            async with self._reading.connect() as sql:
                query = select(func.coalesce(func.sum(_c.size), 0)).where(_c.store == self.name)
                return int(await sql.scalar(query) or 0)

    async def clear(self, before: float) -> None:
        """See FileStore."""
        await self._copies.clear(before)

    # ---- rows ----

    def _is(self, digest: str) -> Any:
        return and_(_c.digest == digest, _c.store == self.name)

    async def _row(self, digest: str) -> Row[Any] | None:
        if not DIGEST.fullmatch(digest):
            return None
        with translated():
            async with self._reading.connect() as sql:
                return (await sql.execute(select(FILE).where(self._is(digest)))).first()

    async def _keep(self, draft: Path, file: Attachment, taken: dict[str, Any]) -> None:
        if not await self._here(file.digest, {**taken, "again": True}):
            await self._put(draft, self._new(file, taken))

    def _new(self, file: Attachment, taken: dict[str, Any]) -> dict[str, Any]:
        kept = {"digest": file.digest, "store": self.name, "size": file.size, "media_type": file.media_type}
        return {**kept, **taken}

    async def _here(self, digest: str, taken: dict[str, Any]) -> bool:
        """Note that the bytes of a row came once more; False where there is none, or its bytes are lost."""
        async with self._engine.begin() as sql:
            row = (await self._again(sql, digest, taken)).first()
        if row is None:
            return False
        if await self._whole(row):
            return True
        async with self._engine.begin() as sql:
            await sql.execute(delete(FILE).where(self._is(digest), *(_c[key] == getattr(row, key) for key in PLACES)))
        return False

    async def _again(self, sql: AsyncConnection, digest: str, taken: dict[str, Any]) -> Any:
        at, again = taken["taken_at"], taken["again"]
        newest = case((_c.taken_at < at, at), else_=_c.taken_at)
        values = {"taken_at": newest, **({"again": True} if again else {})}
        return await sql.execute(update(FILE).where(self._is(digest)).values(values).returning(FILE))

    async def _insert(self, sql: AsyncConnection, row: dict[str, Any]) -> bool:
        """Write a row; False where another one came first, which then came again."""
        made = await sql.execute(ignoring(sql.dialect.name, FILE).values(row).returning(_c.digest))
        if made.first() is not None:
            return True
        await self._again(sql, row["digest"], {**row, "again": True})
        return False


PLACES = ("large_object", "object_key")


async def counted(engine: AsyncEngine) -> dict[str, int]:
    """Return how many files there are by store."""
    async with engine.connect() as sql:
        rows = await sql.execute(select(_c.store, func.count().label("files")).group_by(_c.store))
        return {row.store: row.files for row in rows}


def _ms(before: float) -> Any:
    return _c.taken_at < (round(before * 1000) if math.isfinite(before) else 1 << 62)


async def _read(path: Path) -> AsyncIterator[bytes]:
    with await asyncio.to_thread(path.open, "rb") as file:
        while chunk := await asyncio.to_thread(file.read, 1 << 18):
            yield chunk


@contextmanager
def translated() -> Iterator[None]:
    """Turn what a database raises while it is away into FilesAway."""
    try:
        yield
    except (DBAPIError, OSError) as error:
        if is_away(error):
            raise FilesAway("the database does not answer") from None
        raise
