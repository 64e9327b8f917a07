"""What a channel has revoked, the same for every process: over the store, durable before it is said to be so.

The rule: what is revoked stays so for `KEEP_DAYS`, longer than anything that a channel signs may be valid.
"""

from __future__ import annotations

from collections.abc import Collection

from bridge.contract.adapter import Busy
from bridge.redis.store import Store, StoreError

KEEP_DAYS = 100
DAY_MS = 86_400_000


class StoreRevocations:
    """`bridge.contract.adapter.Revocations` of one channel."""

    def __init__(self, store: Store, channel: str) -> None:
        self._store = store
        self._channel = channel

    async def add(self, names: Collection[str]) -> None:
        """See `bridge.contract.adapter.Revocations`."""
        try:
            if names:
                await self._store.revoke(self._channel, sorted(names), KEEP_DAYS * DAY_MS)
        except StoreError as error:
            raise Busy(f"nothing can be revoked now ({type(error).__name__})") from error

    async def holds(self, name: str) -> bool:
        """See `bridge.contract.adapter.Revocations`."""
        try:
            return await self._store.is_revoked(self._channel, name)
        except StoreError as error:
            raise Busy(f"what was revoked cannot be read now ({type(error).__name__})") from error

    async def since(self, at: int) -> tuple[Collection[str], int]:
        """See `bridge.contract.adapter.Revocations`."""
        try:
            now = await self._store.now()
            return await self._store.revoked_since(self._channel, at), now
        except StoreError as error:
            raise Busy(f"what was revoked cannot be read now ({type(error).__name__})") from error
