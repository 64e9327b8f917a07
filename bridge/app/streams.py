"""The streams of all consortia, for commands that run beside the daemon: its private Redis is reached by its socket."""

from __future__ import annotations

from contextlib import AsyncExitStack

from bridge.app.config import Config
from bridge.app.daemon import consortia, redis
from bridge.redis.embedded import running
from bridge.redis.store import Store

PATIENCE_S = 120.0  # a large copy takes its time


async def streams(config: Config, stack: AsyncExitStack) -> dict[str, Store]:
    """Return a store for each consortium, open as long as `stack`. Raises StoreError, EmbeddedError."""
    url = str(config.redis.url) or await running(config.data / "redis") or await redis(config, stack, wait=2.0)
    found = {}
    for name in consortia(config):
        found[name] = await Store.open(url, name, replicas=config.redis.replicas, patience=PATIENCE_S)
        stack.push_async_callback(found[name].close)
    return found
