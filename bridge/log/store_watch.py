"""Whether Redis answers and takes inputs, asked once a second, so that everybody here knows within five seconds.

A server that is frozen or cut off looks like one that has nothing to say. It is asked on a connection of its own; when it does not
answer, all connections to it are closed, so that no caller waits longer, and the next call asks where the master is.
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
    """What this process knows of its Redis; `run` must be running. `on_change` hears whether it answers, and else why not."""

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
        """Note what a call has shown; the next look may show another."""
        if (up, why) == (self.up, self.why):
            return
        if up != self.up:
            log.warning("store-back" if up else "store-away", why=why)
        self.up, self.why = up, why
        for tell in self.on_change:
            tell(up, why)
