"""What a channel may tell its patrons about the desk: open or closed, somebody there or not, how long, who is next.

Every channel hears it from one computation over the whole chain of tiers, hours and presence (`routing.desk_view`). So no widget
says "closed" while the cooperative is open, or "online" while nobody is there. It is worked out from this process's
replica when something happened, at most twice a second, and twice a minute for what time alone changes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable

from msgspec.structs import replace

from bridge.contract.adapter import ChannelDesk
from bridge.log.replica import Replica
from routing import desk_view

SHORTEST_S = 0.5
LONGEST_S = 30.0
AT_ONCE = 50  # watchers looked after before others get their turn


def clock() -> int:
    """Return this machine's time in ms; what is shown may be a little off, what is decided never uses it."""
    return time.time_ns() // 1_000_000


class _Watch:
    """A listener who is told how the desk is, and what they were told last."""

    __slots__ = ("changed", "channel", "sender", "shown")

    def __init__(self, channel: str, sender: str) -> None:
        self.channel = channel
        self.sender = sender
        self.shown: ChannelDesk | None = None
        self.changed = asyncio.Event()


class DeskStatus:
    """The desk as patrons may see it; `run` must be running for `watch` to see changes."""

    def __init__(self, replica: Replica, now: Callable[[], int] = clock) -> None:
        self._replica = replica
        self._now = now
        self._changed = asyncio.Event()
        self._watches: dict[_Watch, None] = {}
        replica.on_entries.append(lambda entries: self._changed.set())
        replica.on_reset.append(self._changed.set)
        self._down = self._behind = False

    async def run(self) -> None:
        """Wake those for whom something changed, until cancelled."""
        while True:
            try:
                async with asyncio.timeout(LONGEST_S):
                    await self._changed.wait()
            except TimeoutError:
                pass
            self._changed.clear()
            await self._look()
            await asyncio.sleep(SHORTEST_S)

    def store_changed(self, up: bool, why: str = "") -> None:
        """Tell all who watch that nothing can be taken in now, or that it can again."""
        self._down = not up
        self._changed.set()

    def ring_changed(self, behind: bool) -> None:
        """Tell all who watch that what is taken in reaches nobody now, or that it does again."""
        self._behind = behind
        self._changed.set()

    def _view(self, channel: str, now: int, sender: str = "") -> ChannelDesk:
        current = desk_view.view(self._replica.state, channel, now, sender)
        if self._down or self._behind:
            return replace(current, down=self._down, behind=self._behind)
        return current

    async def _look(self) -> None:
        """Compare what each watcher was told with how it is now; those who do not wait all see the same."""
        state, now = self._replica.state, self._now()
        common: dict[str, ChannelDesk] = {}
        for n, watch in enumerate([*self._watches], 1):
            channel, sender = watch.channel, watch.sender
            if desk_view.waits(state, channel, sender) is not None:
                current = self._view(channel, now, sender)
            elif (known := common.get(channel)) is not None:
                current = known
            else:
                current = common[channel] = self._view(channel, now)
            if current != watch.shown:
                watch.changed.set()
            if not n % AT_ONCE:
                await asyncio.sleep(0)

    def now(self, channel: str, sender: str = "") -> ChannelDesk:
        """Return how the desk is for a channel, and for one patron's place in it."""
        return self._view(channel, self._now(), sender)

    async def watch(self, channel: str, sender: str = "") -> AsyncIterator[ChannelDesk]:
        """Yield how the desk is now, then at each change."""
        await self._replica.ready.wait()
        watch = _Watch(channel, sender)
        self._watches[watch] = None
        try:
            while True:
                current = self.now(channel, sender)
                if current != watch.shown:
                    watch.shown = current
                    yield current
                    continue
                watch.changed.clear()
                await watch.changed.wait()
        finally:
            del self._watches[watch]
