"""The right to run a consortium's core: one holder at a time, fenced by its token in every commit.

With an external Redis a lease runs out after five seconds without renewal, and then another process may take it. With the embedded
one no other process can be there, because the directory is locked. So a new daemon takes the lease of a dead one at once.

Losing the lease needs no clock on our side: the server refuses every call of an old holder.
"""

from __future__ import annotations

import asyncio
import secrets

import structlog

from bridge.redis.holders import LastSign
from bridge.redis.store import Fenced, Store, StoreUnavailable

TTL_MS = 5_000
_log = structlog.get_logger(__name__)


class Lease:
    """One try to hold the core's lease, under a token of its own. `sole`: no other process can be there."""

    def __init__(self, store: Store, *, sole: bool, ttl_ms: int = TTL_MS, last_sign: LastSign | None = None) -> None:
        self.token = secrets.token_hex(12)
        self.last_sign = last_sign or LastSign()
        self.before = LastSign()  # the last sign of a holder before us
        self._store = store
        self._sole = sole
        self._ttl_ms = ttl_ms

    async def acquire(self) -> None:
        """Return when the lease is ours. Wait for a store that is away."""
        pause = min(0.2, self._ttl_ms / 10_000)
        away = False
        while True:
            try:
                if await self._store.take(self.token, self._ttl_ms, force=self._sole):
                    self.before = self.last_sign.as_it_is()
                    return
                self.last_sign.of_another(self._ttl_ms, await self._store.lease_left())
            except StoreUnavailable as error:
                if not away:
                    _log.warning("lease-store-away", error=str(error))
                away = True
            await asyncio.sleep(pause)

    async def keep(self) -> None:
        """Renew until cancelled. Raises Fenced when the lease is lost, or could not be renewed for as long as it runs."""
        loop = asyncio.get_running_loop()
        held = loop.time()
        while True:
            await asyncio.sleep(self._ttl_ms / 1000 / 4)
            asked = loop.time()
            try:
                await self._store.renew(self.token, self._ttl_ms)
                held = asked
                self.last_sign.ours(asked)
            except StoreUnavailable as error:
                if not self._sole and loop.time() - held > self._ttl_ms / 1000:
                    raise Fenced("the lease could not be renewed in time") from error
            except Fenced:
                if not self._sole or not await self._store.take(self.token, self._ttl_ms):
                    raise

    async def release(self) -> None:
        """Give the lease up, so that the next process need not wait; best effort."""
        try:
            async with asyncio.timeout(1):
                await self._store.release(self.token)
        except (StoreUnavailable, TimeoutError):
            pass
