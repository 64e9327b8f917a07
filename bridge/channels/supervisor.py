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
from collections.abc import Awaitable, Callable, Sequence

from bridge.channels.channel import ChannelHealth, ChannelRunner, ConfiguredChannel, Deliveries, MakePorts
from bridge.channels.inbound.inlet import IngestBatcher
from bridge.channels.outbound.drain import STOP_S
from bridge.contract.adapter import Misconfigured
from bridge.redis.store import Store
from bridge.runtime.backoff import Backoff

__all__ = ["ChannelHealth", "ChannelRunner", "ConfiguredChannel", "Deliveries", "MakePorts", "Supervisor"]


class Supervisor:
    """All channels of one store in this process. `sole`: no other process can be there (embedded Redis), so a lease is taken
    at once. `stop_s`: how long submissions in flight may finish at a stop. Raises Misconfigured when an adapter cannot work
    as configured."""

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
    ) -> None:
        self.runners = {
            channel.name: ChannelRunner(
                store, gathering, channel, ports, find=find, sole=sole, process=process, stop_s=stop_s, backoff=backoff
            )
            for channel in channels
        }
        if len(self.runners) != len(channels):
            raise Misconfigured("two channels have the same name")

    async def run(self) -> None:
        """Keep all channels running until cancelled."""
        async with asyncio.TaskGroup() as group:
            for runner in self.runners.values():
                group.create_task(runner.run(), name=f"channel {runner.channel.name}")
