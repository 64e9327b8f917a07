"""Files on their way from stores that were used before to the one that is chosen now.

While some are left, they are read where they are. They are moved one after the other, with the time at which they came and whether
they came more than once. A file is deleted from its former store once the new one has it.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import structlog

from bridge.contract.adapter import FilesAway
from bridge.contract.message import Attachment
from bridge.files.store import FileFacts, FileStore

log = structlog.get_logger("bridge.files.moving")

AGAIN_S = 60.0


class MovingFiles:
    """`FileStore`: all that comes goes to `chosen`; what is not there is looked for in `former`."""

    def __init__(self, chosen: FileStore, former: Sequence[FileStore]) -> None:
        self.name = chosen.name
        self._chosen = chosen
        self._former = tuple(former)
        self._all = (chosen, *former)
        self._moving = asyncio.Lock()  # an erasure must not fall between a copy that is read and its row

    async def save(
        self, chunks: AsyncIterator[bytes], name: str, limit: int, allowed: frozenset[str] = frozenset()
    ) -> Attachment:
        """See FileStore."""
        return await self._chosen.save(chunks, name, limit, allowed)

    async def path(self, digest: str) -> Path | None:
        """See FileStore."""
        for store in (*self._all, self._chosen):  # it may be moved while we look
            if found := await store.path(digest):
                return found
        return None

    async def look(self, digest: str) -> Attachment | None:
        """See FileStore."""
        for store in (*self._all, self._chosen):
            if found := await store.look(digest):
                return found
        return None

    async def facts(self, digest: str) -> FileFacts | None:
        """See FileStore."""
        for store in (*self._all, self._chosen):
            if found := await store.facts(digest):
                return found
        return None

    async def adopt(self, source: Path, facts: FileFacts) -> None:
        """See FileStore."""
        await self._chosen.adopt(source, facts)

    async def remove(self, digest: str, *, before: float = math.inf, again_before: float = math.inf) -> bool:
        """See FileStore. One that came to both stores came more than once."""
        async with self._moving:
            held = [store for store in self._all if await store.facts(digest) is not None]
            limit = min(before, again_before) if len(held) > 1 else before
            gone = [await store.remove(digest, before=limit, again_before=again_before) for store in held]
        return bool(gone) and all(gone)

    async def older(self, before: float) -> set[str]:
        """See FileStore."""
        found: set[str] = set()
        for store in self._all:
            found |= await store.older(before)
        return found

    async def total(self) -> int:
        """See FileStore."""
        return sum([await store.total() for store in self._all])

    async def clear(self, before: float) -> None:
        """See FileStore."""
        for store in self._all:
            await store.clear(before)

    async def run(self) -> None:
        """Move all that is left in former stores, and try again each minute what cannot be moved, until all is moved."""
        while True:
            try:
                moved, stuck = await self.move()
            except FilesAway as error:
                log.warning("files cannot be moved now", why=str(error))
            except Exception:
                log.exception("files cannot be moved")
            else:
                if moved or stuck:
                    log.info("files-moved", files=moved, left=stuck, to=self.name)
                if not stuck:
                    return
            await asyncio.sleep(AGAIN_S)

    async def move(self) -> tuple[int, int]:
        """Move all files once; return how many were moved, and how many could not be read. Raises FilesAway."""
        moved = stuck = 0
        for store in self._former:
            for digest in sorted(await store.older(math.inf)):
                try:
                    moved += await self._one(store, digest)
                except (OSError, ValueError) as error:
                    stuck += 1
                    log.error("a file cannot be moved", digest=digest, why=type(error).__name__)
        return moved, stuck

    async def _one(self, store: FileStore, digest: str) -> bool:
        async with self._moving:
            facts = await store.facts(digest)
            place = await store.path(digest) if facts is not None else None
            if facts is None:
                return False
            if place is None:
                raise OSError("its bytes are gone")
            await self._chosen.adopt(place, facts)
            return await store.remove(digest)
