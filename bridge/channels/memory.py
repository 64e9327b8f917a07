"""What a channel remembers, over the store: the same for every process and host, durable before it is said to be so.

The rows are in Redis, not in the archive. A channel that has Redis needs nothing else, so an archive that is away stops no text.
A process that runs channels alone has no other rights. A row is as durable as a message that was acknowledged: on disk, and on as
many replicas. `bridge.contract.memory` has the rules for rows, store.lua keeps them.

Callers share a connection, so many rows of one moment are one fsync and one wait for the replicas.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from bridge.channels.former_folder import FormerFolder
from bridge.contract.adapter import Busy, Undeclared
from bridge.contract.memory import MAX_KEY, MAX_VALUE, MemoryKind, MemoryRow
from bridge.redis.store import Full, Store, StoreError

BATCH = 500  # rows of one call
PAGE = 2_000


class StoreMemory:
    """`bridge.contract.memory.Memory` of one channel. `kinds`: what its adapter declares; `folder`: where earlier ones kept it."""

    def __init__(self, store: Store, channel: str, kinds: Collection[MemoryKind], folder: Path | None = None) -> None:
        self._store = store
        self._channel = channel
        self._kinds = frozenset(kinds)
        self._former = FormerFolder(channel, folder, kinds, self._write)

    async def begin(self) -> None:
        """Move what an earlier version kept in the folder, once. Every other call does it before anything else. Raises Busy."""
        await self._former.move()

    async def put(self, kind: MemoryKind, rows: Sequence[MemoryRow]) -> None:
        """See `bridge.contract.memory.Memory`."""
        self._check(kind)
        for row in rows:
            if not row.key or len(row.key.encode()) > MAX_KEY or len(row.value) > MAX_VALUE:
                raise ValueError(f"{kind.name}: a key of 1 to {MAX_KEY} bytes, and a value of {MAX_VALUE} at most")
        await self.begin()
        await self._write(kind, rows)

    async def rows(self, kind: MemoryKind, keys: Collection[str] | None = None) -> list[MemoryRow]:
        """See `bridge.contract.memory.Memory`."""
        self._check(kind)
        await self.begin()
        try:
            return await (self._all(kind) if keys is None else self._some(kind, sorted(keys)))
        except StoreError as error:
            raise Busy(f"what the channel remembers cannot be read now ({type(error).__name__})") from error

    async def drop(self, kind: MemoryKind, keys: Collection[str]) -> None:
        """See `bridge.contract.memory.Memory`."""
        self._check(kind)
        await self.begin()
        names = sorted(keys)
        try:
            for first in range(0, len(names), BATCH):
                await self._store.unremember(self._channel, kind.name, names[first : first + BATCH])
        except StoreError as error:
            raise Busy(f"nothing can be dropped now ({type(error).__name__})") from error

    async def expire(self) -> None:
        """Drop the rows of every kind that are too old. Raises Busy."""
        for kind in self._kinds:
            if kind.keep_ms:
                await self._write(kind, ())

    async def _write(self, kind: MemoryKind, rows: Sequence[MemoryRow]) -> None:
        try:
            for first in range(0, max(1, len(rows)), BATCH):
                await self._store.remember(
                    self._channel,
                    kind.name,
                    [(row.key, row.value, row.at) for row in rows[first : first + BATCH]],
                    most=kind.most,
                    keep_ms=kind.keep_ms,
                    refuse=kind.full == "refuse",
                )
        except Full as error:
            raise Busy(f"{self._channel} keeps no more of {kind.name}") from error
        except StoreError as error:
            raise Busy(f"nothing can be remembered now ({type(error).__name__})") from error

    async def _all(self, kind: MemoryKind) -> list[MemoryRow]:
        """From the newest back, so that what is dropped or added meanwhile makes us miss no row."""
        found: list[MemoryRow] = []
        more = True
        while more:
            page, more = await self._store.remembered(
                self._channel, kind.name, keep_ms=kind.keep_ms, passing=len(found), count=PAGE
            )
            found += [MemoryRow(*row) for row in page]
        return found[::-1]

    async def _some(self, kind: MemoryKind, keys: Sequence[str]) -> list[MemoryRow]:
        found: list[MemoryRow] = []
        for first in range(0, len(keys), BATCH):
            page = await self._store.recall(self._channel, kind.name, keys[first : first + BATCH], keep_ms=kind.keep_ms)
            found += [MemoryRow(*row) for row in page]
        return found

    def _check(self, kind: MemoryKind) -> None:
        if kind not in self._kinds:
            raise Undeclared(f"{kind.name} is not in `Capabilities.remembers`")
