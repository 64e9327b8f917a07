"""What channels remember, for verbs that run beside the daemon or without it.

A private Redis belongs to the daemon. While it runs we speak to it by its socket; else we start it for as long as the verb takes.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from bridge.app.commands import open_archive
from bridge.app.config import Config
from bridge.app.daemon import redis
from bridge.channels.memory import StoreMemory
from bridge.channels.plugins import load
from bridge.contract.adapter import AdapterError, Busy
from bridge.contract.command import ChannelAccess
from bridge.contract.sealed_token import derived_key
from bridge.redis.embedded import EmbeddedError, running
from bridge.redis.store import Store, StoreError
from bridge.sql.archive import Archive

ChannelVerb = Callable[[Sequence[ChannelAccess], Sequence[str]], Awaitable[int]]


async def run_verb(config: Config, verb: ChannelVerb, words: Sequence[str]) -> int:
    """Run a verb of an adapter; 1 when what it needs is away. Raises ConfigError."""
    try:
        async with open_archive(config) as archive, channels(config, archive) as found:
            return await verb(found, words)
    except (AdapterError, Busy, EmbeddedError, StoreError) as error:
        print(error, file=sys.stderr)
        return 1


@asynccontextmanager
async def channels(config: Config, archive: Archive) -> AsyncIterator[list[ChannelAccess]]:
    """Open the memories of every channel of the configuration. The daemon alone moves what an earlier version kept in folders.

    Raises ConfigError, Misconfigured, EmbeddedError or StoreError.
    """
    async with AsyncExitStack() as stack:
        secret = await archive.secret()
        url = str(config.redis.url) or await running(config.data / "redis") or await redis(config, stack, wait=2.0)
        stores: dict[str, Store] = {}
        for name in {channel.consortium for channel in config.channels}:
            stores[name] = await Store.open(url, name, replicas=config.redis.replicas)
            stack.push_async_callback(stores[name].close)
        yield [
            ChannelAccess(
                name=channel.name,
                kind=channel.kind,
                memory=StoreMemory(stores[channel.consortium], channel.name, load(channel.kind).capabilities.remembers),
                secret=derived_key(secret, f"channel {channel.name}"),
            )
            for channel in config.channels
        ]
