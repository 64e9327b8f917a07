"""Keep every channel of one store running.

Health is the exception that an adapter's `run` raises
    Unavailable      again after a full-jitter wait of 1 s to 5 min; it starts small again after a session that worked
    Throttled        the same, after a minute at least
    BadCredentials   blocked until a person changes the configuration and starts the daemon again
    Misconfigured    from __init__: refuse to start; from `run`: blocked
    anything else    a bug: the session is started again like after Unavailable, counted, its traceback logged
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from functools import partial

from bridge.channels.channel import ChannelHealth, ChannelRunner, ConfiguredChannel, Deliveries, MakePorts
from bridge.channels.inbound.inlet import IngestBatcher
from bridge.channels.outbound.drain import STOP_S
from bridge.contract.adapter import Misconfigured
from bridge.contract.message import Delivery
from bridge.redis.store import Store
from bridge.runtime.backoff import Backoff

__all__ = ["ChannelHealth", "ChannelRunner", "ConfiguredChannel", "Deliveries", "MakePorts", "Supervisor"]


class Supervisor:
    """All channels of one store in this process. `sole`: no other process can be there (embedded Redis), so a lease is taken
    at once. `stop_s`: how long submissions in flight may finish at a stop. `worded` fills in what no stream may hold, just before
    a delivery is sent. Raises Misconfigured when an adapter cannot work as configured."""

    def __init__(
        self,
        store: Store,
        gathering: IngestBatcher,
        channels: Sequence[ConfiguredChannel],
        ports: MakePorts,
        *,
        find: Callable[[Sequence[str]], Awaitable[str]] | None = None,
        sole: bool = False,
        process: str = "",
        stop_s: float = STOP_S,
        backoff: Callable[[], Backoff] = Backoff,
        worded: Callable[[Delivery], Delivery] = lambda delivery: delivery,
    ) -> None:
        self._make = partial(
            ChannelRunner,
            store,
            gathering,
            ports=ports,
            find=find,
            sole=sole,
            process=process,
            stop_s=stop_s,
            backoff=backoff,
            worded=worded,
        )
        self.runners = {channel.name: self._make(channel=channel) for channel in channels}
        if len(self.runners) != len(channels):
            raise Misconfigured("two channels have the same name")
        self._group: asyncio.TaskGroup | None = None
        self._running: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Keep all channels running until cancelled."""
        try:
            async with asyncio.TaskGroup() as self._group:
                for runner in self.runners.values():
                    self._begin(runner)
                await asyncio.Event().wait()
        finally:
            self._group = None
            self._running.clear()

    def made(self, channel: ConfiguredChannel) -> ChannelRunner:
        """Return a runner that does not run yet. Raises Misconfigured when its adapter cannot work as configured."""
        return self._make(channel=channel)

    async def change(self, ended: Collection[str], begun: Sequence[ChannelRunner]) -> None:
        """End some channels as at a stop, then begin others; the rest goes on."""
        ending = [task for name in ended if (task := self._running.pop(name, None)) is not None]
        for task in ending:
            task.cancel()
        if ending:
            await asyncio.wait(ending)
        for name in ended:
            self.runners.pop(name, None)
        for runner in begun:
            self.runners[runner.channel.name] = runner
            self._begin(runner)

    def _begin(self, runner: ChannelRunner) -> None:
        if self._group is not None:
            name = runner.channel.name
            self._running[name] = self._group.create_task(runner.run(), name=f"channel {name}")
