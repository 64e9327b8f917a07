"""What channels remember, for verbs that run beside the daemon or without it.

A private Redis belongs to the daemon. While it runs we speak to it by its socket; else we start it for as long as the verb takes.
"""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from bridge.app.commands import open_archive
from bridge.app.config import ChannelConfig, Config
from bridge.app.daemon import redis
from bridge.channels.memory import StoreMemory
from bridge.channels.plugins import load
from bridge.contract.adapter import AdapterError, Busy
from bridge.contract.command import ChannelAccess
from bridge.contract.memory import Memory
from bridge.contract.sealed_token import derived_key
from bridge.redis.embedded import EmbeddedError, running
from bridge.redis.store import Store, StoreError
from bridge.testing.memory import ProcessMemory

ChannelVerb = Callable[[Sequence[ChannelAccess], Sequence[str]], Awaitable[int]]


async def run_verb(config: Config, verb: ChannelVerb, words: Sequence[str]) -> int:
    """Run a verb of an adapter; 1 when what it needs is away. Raises ConfigError."""
    try:
        async with open_archive(config) as archive, channels(config, await archive.secret()) as found:
            return await verb(found, words)
    except (AdapterError, Busy, EmbeddedError, StoreError) as error:
        print(error, file=sys.stderr)
        return 1


@asynccontextmanager
async def channels(config: Config, secret: bytes) -> AsyncIterator[list[ChannelAccess]]:
    """Open the memories of every channel of the configuration; `secret` is the archive's.

    The daemon alone moves what an earlier version kept in folders. Raises ConfigError, Misconfigured, EmbeddedError or StoreError.
    """
    async with AsyncExitStack() as stack:
        url = str(config.redis.url) or await _private(config, stack)
        stores: dict[str, Store] = {}
        for name in {channel.consortium for channel in config.channels} if url else ():
            stores[name] = await Store.open(url, name, replicas=config.redis.replicas)
            stack.push_async_callback(stores[name].close)
        yield [
            ChannelAccess(
                name=channel.name,
                kind=channel.kind,
                memory=_memory(stores.get(channel.consortium), channel),
                secret=derived_key(secret, f"channel {channel.name}"),
            )
            for channel in config.channels
        ]


async def _private(config: Config, stack: AsyncExitStack) -> str:
    """Return the URL of the private Redis, "" before the first start. We start it in its owner's name alone."""
    folder = config.data / "redis"
    if url := await running(folder):
        return url
    if not folder.is_dir():
        return ""
    if folder.stat().st_uid != os.geteuid():
        raise EmbeddedError(
            f"{folder} belongs to another user: run this as the daemon's user, or while the daemon runs"
        )
    return await redis(config, stack, wait=2.0)


def _memory(store: Store | None, channel: ChannelConfig) -> Memory:
    """Return what a channel remembers; nothing where there is no store yet."""
    if store is None:
        return ProcessMemory()
    return StoreMemory(store, channel.name, load(channel.kind).capabilities.remembers)
