"""Rows of this process alone, for tests of an adapter's parts: the rules of `bridge.contract.memory` without a store.

`Ring` gives an adapter the real ones. `away` makes every call raise Busy; two objects over one `ProcessMemory` are two hosts.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from bridge.contract.adapter import Busy
from bridge.contract.memory import MAX_KEY, MAX_VALUE, Memory, MemoryKind, MemoryRow


class ProcessMemory(Memory):
    """`bridge.contract.memory.Memory` of one channel; `now` is its clock in ms."""

    def __init__(self, now: Callable[[], int] = lambda: int(time.time() * 1000)) -> None:
        self.away = False
        self._now = now
        self._kinds: dict[MemoryKind, dict[str, MemoryRow]] = {}

    async def put(self, kind: MemoryKind, rows: Sequence[MemoryRow]) -> None:
        """See `bridge.contract.memory.Memory`."""
        held, now = dict(self._there(kind)), self._now()
        for row in rows:
            if not 0 < len(row.key.encode()) <= MAX_KEY or len(row.value) > MAX_VALUE:
                raise ValueError(f"{kind.name}: a key of 1 to {MAX_KEY} bytes, and a value of {MAX_VALUE} at most")
            at = row.at if 0 < row.at <= now else now
            if at >= (held[row.key].at if row.key in held else 0):
                held[row.key] = replace(row, at=at)
        if kind.full == "refuse" and len(held) > kind.most:
            raise Busy(f"no more of {kind.name} is kept")
        newest = sorted(held.values(), key=lambda row: row.at)[-kind.most :]
        self._kinds[kind] = {row.key: row for row in newest}

    async def rows(self, kind: MemoryKind, keys: Collection[str] | None = None) -> list[MemoryRow]:
        """See `bridge.contract.memory.Memory`."""
        held = self._there(kind)
        return [*held.values()] if keys is None else [held[key] for key in sorted(keys) if key in held]

    async def drop(self, kind: MemoryKind, keys: Collection[str]) -> None:
        """See `bridge.contract.memory.Memory`."""
        held = self._there(kind)
        self._kinds[kind] = {key: row for key, row in held.items() if key not in keys}

    def _there(self, kind: MemoryKind) -> dict[str, MemoryRow]:
        if self.away:
            raise Busy("what the channel remembers cannot be read now")
        since = self._now() - kind.keep_ms if kind.keep_ms else -1
        return {key: row for key, row in self._kinds.get(kind, {}).items() if row.at > since}
