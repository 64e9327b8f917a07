"""A store between a submission and its settling: the moment at which a daemon that dies leaves the most doubt."""

from __future__ import annotations

import asyncio
from typing import Any

from bridge.redis.store import Store


class HeldStore(Store):
    """A store whose settling can be held back: what a daemon that dies at that moment leaves behind."""

    held: asyncio.Event | None = None

    async def settle(self, channel: str, settlements: Any) -> list[bool]:
        """Settle, unless it is held."""
        if self.held is not None:
            await self.held.wait()
        return await super().settle(channel, settlements)
