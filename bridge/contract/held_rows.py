"""The rows of a channel's memory, held by the one process that holds the channel."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Generic, TypeVar

import msgspec

from bridge.contract.memory import Memory, MemoryKind, MemoryRow

T = TypeVar("T")


class HeldRows(Generic[T]):
    """The rows of one kind, held in this process too: for a channel that one process at a time holds.

    `load` reads them at the start of a session. `put` and `drop` change what is held at once; `save` makes all changes durable in
    one call. A value is what msgspec makes JSON of, of the type that is given.
    """

    def __init__(self, memory: Memory, kind: MemoryKind, type_: type[T]) -> None:
        self._memory = memory
        self._kind = kind
        self._decode = msgspec.json.Decoder(type_).decode
        self._held: dict[str, T] = {}
        self._changed: dict[str, None] = {}  # keys, in order
        self._saving = asyncio.Lock()

    async def load(self) -> None:
        """Read all rows; changes that are not saved yet stay. A value that cannot be read is left out. Raises Busy."""
        found: dict[str, T] = {}
        for row in await self._memory.rows(self._kind):
            try:
                found[row.key] = self._decode(row.value)
            except msgspec.DecodeError:
                continue
        for key in self._changed:
            found.pop(key, None)
            if key in self._held:
                found[key] = self._held[key]
        self._held = found

    def get(self, key: str) -> T | None:
        """Return the value of a key, None when it is not here."""
        return self._held.get(key)

    def held(self) -> list[str]:
        """Return the keys that are held, oldest first."""
        return list(self._held)

    @property
    def changed(self) -> bool:
        """Whether there is something to save."""
        return bool(self._changed)

    def put(self, key: str, value: T) -> None:
        """Set the value of a key, as the newest row."""
        self._held.pop(key, None)
        self._held[key] = value
        self._note(key)
        while len(self._held) > self._kind.most:
            oldest = next(iter(self._held))
            del self._held[oldest]
            self._changed.pop(oldest, None)  # the store drops its oldest as well

    def drop(self, key: str) -> None:
        """Delete a key."""
        if self._held.pop(key, None) is not None:
            self._note(key)

    async def save(self) -> None:
        """Return once all changes made so far are durable. Raises Busy: they are kept for the next call."""
        async with self._saving:
            keys, self._changed = self._changed, {}
            rows = [MemoryRow(key, msgspec.json.encode(self._held[key])) for key in keys if key in self._held]
            gone = [key for key in keys if key not in self._held]
            try:
                if rows:
                    await self._memory.put(self._kind, rows)
                if gone:
                    await self._memory.drop(self._kind, gone)
            except BaseException:
                self._changed = keys | self._changed
                raise

    async def forget(self, keys: Collection[str]) -> None:
        """Return once these keys are durably gone, whether they were loaded or not. Raises Busy."""
        for key in keys:
            self._held.pop(key, None)
            self._changed.pop(key, None)
        async with self._saving:
            await self._memory.drop(self._kind, keys)

    def _note(self, key: str) -> None:
        self._changed.pop(key, None)
        self._changed[key] = None
