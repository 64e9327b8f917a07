"""What a channel may tell its patrons about the desk: open or closed, somebody there or not, how long, who is next.

Every channel hears it from the same computation over the whole chain of tiers, hours and presence (`routing.desk`), so that no
widget says "closed" while the cooperative is open, or "online" while nobody is there. It is worked out from this process's
replica whenever something happened, at most twice a second, and twice a minute for what time alone changes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable

from bridge.adapter import Desk
from bridge.replica import Replica
from routing import desk

SHORTEST_S = 0.5
LONGEST_S = 30.0


def clock() -> int:
    """Return this machine's time in ms; what is shown may be a little off, what is decided never uses it."""
    return time.time_ns() // 1_000_000


class FrontDesk:
    """The desk as patrons may see it; `run` must be running for `watch` to see changes."""

    def __init__(self, replica: Replica, now: Callable[[], int] = clock) -> None:
        self._replica = replica
        self._now = now
        self._changed = asyncio.Event()
        self._turn: asyncio.Future[None] | None = None
        replica.on_entries.append(lambda entries: self._changed.set())
        replica.on_reset.append(self._changed.set)

    async def run(self) -> None:
        """Wake watchers when something may have changed, until cancelled."""
        while True:
            try:
                async with asyncio.timeout(LONGEST_S):
                    await self._changed.wait()
            except TimeoutError:
                pass
            self._changed.clear()
            self._wake()
            await asyncio.sleep(SHORTEST_S)

    def _wake(self) -> None:
        if self._turn is not None and not self._turn.done():
            self._turn.set_result(None)
        self._turn = None

    def now(self, channel: str, sender: str = "") -> Desk:
        """Return how the desk stands for a channel, and for one patron's place in it."""
        return desk.view(self._replica.state, channel, self._now(), sender)

    async def watch(self, channel: str, sender: str = "") -> AsyncIterator[Desk]:
        """Yield how the desk stands now, then at each change."""
        await self._replica.ready.wait()
        shown: Desk | None = None
        while True:
            current = self.now(channel, sender)
            if current != shown:
                shown = current
                yield current
                continue
            if self._turn is None:
                self._turn = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._turn)
