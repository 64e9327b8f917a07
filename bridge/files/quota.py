"""A limit over all files together, so that strangers cannot fill the disk on which everything else is kept (CWE-770).

What the files take is measured when the first comes, every ten minutes, and each minute while the limit is reached. What came
since is added. Files that come at once may exceed the limit together, each by its own size. A file that is refused is no loss:
its sender is told that we are busy, and networks bring it again.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from bridge.contract.adapter import FilesAway
from bridge.contract.message import Attachment
from bridge.files.store import FileFacts, FileStore

MEASURE_S = 600.0
FULL_S = 60.0


class LimitedFiles:
    """`FileStore` over another, which takes nothing in once `most` bytes are reached."""

    def __init__(self, store: FileStore, most: int, now: Callable[[], float] = time.monotonic) -> None:
        self.name = store.name
        self._store = store
        self._most = most
        self._now = now
        self._used = 0
        self._measured_at = -math.inf
        self._measuring = asyncio.Lock()

    async def save(
        self, chunks: AsyncIterator[bytes], name: str, limit: int, allowed: frozenset[str] = frozenset()
    ) -> Attachment:
        """See FileStore. Raises FilesAway while the limit is reached."""
        if await self._full():
            raise FilesAway(f"the files reach the {self._most >> 20} MB of files.quota_mb")
        file = await self._store.save(chunks, name, limit, allowed)
        self._used += file.size
        return file

    async def _full(self) -> bool:
        async with self._measuring:
            age = self._now() - self._measured_at
            if age >= MEASURE_S or (self._used >= self._most and age >= FULL_S):
                self._used = await self._store.total()
                self._measured_at = self._now()
        return self._used >= self._most

    async def path(self, digest: str) -> Path | None:
        """See FileStore."""
        return await self._store.path(digest)

    async def look(self, digest: str) -> Attachment | None:
        """See FileStore."""
        return await self._store.look(digest)

    async def facts(self, digest: str) -> FileFacts | None:
        """See FileStore."""
        return await self._store.facts(digest)

    async def adopt(self, source: Path, facts: FileFacts) -> None:
        """See FileStore. What we have already is taken over whatever the limit is."""
        await self._store.adopt(source, facts)

    async def remove(self, digest: str, *, before: float = math.inf, again_before: float = math.inf) -> bool:
        """See FileStore."""
        return await self._store.remove(digest, before=before, again_before=again_before)

    async def older(self, before: float) -> set[str]:
        """See FileStore."""
        return await self._store.older(before)

    async def total(self) -> int:
        """See FileStore."""
        return await self._store.total()

    async def clear(self, before: float) -> None:
        """See FileStore."""
        await self._store.clear(before)
