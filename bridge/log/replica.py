"""The core's state as a web process holds it, folded from the log.

The replica runs the same `routing` code as the core over committed steps. So a screen never shows another owner than the core's. It
tells listeners of each batch of entries after applying it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import structlog

from bridge.log.follower import START, Entry, Follower, LogReset, Position
from bridge.log.snapshot import load_state
from bridge.redis.store import Store, StoreError
from bridge.runtime.backoff import Backoff
from routing import core
from routing.state import State

_log = structlog.get_logger(__name__)

Listener = Callable[[Sequence[Entry]], None]


class Replica:
    """The desk as this process sees it; others only read `state`."""

    def __init__(self, store: Store, follower: Follower) -> None:
        self._store = store
        self._follower = follower
        self.state = State.fresh()
        self.position = START
        self.ready = asyncio.Event()
        self.on_entries: list[Listener] = []
        self.on_reset: list[Callable[[], None]] = []

    async def run(self) -> None:
        """Follow until cancelled. After a gap load the state again and tell the listeners."""
        backoff = Backoff(first=0.2, most=5.0)
        while True:
            try:
                await self._load()
                backoff.reset()
                while True:
                    self._apply(await self._follower.since(self.position))
            except LogReset as gap:
                _log.info("replica-reset", why=str(gap))
                # There may be no snapshot yet that we can read and that the log continues.
                await asyncio.sleep(backoff.next())
            except (StoreError, OSError) as error:
                _log.warning("replica-behind", error=type(error).__name__)
                await asyncio.sleep(0.2)

    async def _load(self) -> None:
        loaded = await load_state(self._store)
        self.state.dissolve()
        self.state, self.position = loaded.state, Position(loaded.epoch, loaded.seq)
        head = (await self._store.head()).seq  # the follower may not have begun yet: wait for it
        while entries := await self._follower.since(self.position, wait=self.position.seq < head):
            for entry in entries:
                self._fold([entry])
                await asyncio.sleep(0)
        self.ready.set()
        for tell in self.on_reset:
            tell()

    def _fold(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            for step in entry.steps:
                core.apply(self.state, step)
        self.position = entries[-1].position

    def _apply(self, entries: Sequence[Entry]) -> None:
        self._fold(entries)
        for tell in self.on_entries:
            tell(entries)
