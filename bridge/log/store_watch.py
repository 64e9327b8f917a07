"""Asks once a second whether Redis answers and takes inputs, so that this whole process knows within five seconds.

A server that is frozen or cut off looks like one that has nothing to say. So we ask on a separate connection. If Redis does not
answer, all connections to it are closed, and no caller waits longer. The next call asks where the master is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from bridge.redis.store import Store, StoreError

LOOK_S = 1.0
WITHIN_S = 2.5  # with the pause before it, less than five seconds

log = structlog.get_logger("bridge.log.store_watch")


class StoreWatch:
    """Whether Redis answered the last time; `run` must be running. `on_change` gets whether it answers, and the reason if not."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.up = True
        self.why = ""
        self.on_change: list[Callable[[bool, str], None]] = []

    async def run(self) -> None:
        """Ask until cancelled."""
        while True:
            try:
                await self._store.takes_in(WITHIN_S)
            except (StoreError, OSError) as error:
                self.found(up=False, why=str(error))
            else:
                self.found(up=True)
            await asyncio.sleep(LOOK_S)

    def found(self, *, up: bool, why: str = "") -> None:
        """Note what a call has shown, until the next look."""
        if (up, why) == (self.up, self.why):
            return
        if up != self.up:
            log.warning("store-back" if up else "store-away", why=why)
        self.up, self.why = up, why
        for tell in self.on_change:
            tell(up, why)
