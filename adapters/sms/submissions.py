"""Which message of Twilio's is which delivery of ours, also after a restart."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from bridge.contract.journal import Journal, Row

KEPT_MS = 3 * 86_400_000  # longer than a delivery may wait


class Submissions:
    """The submissions of one channel, kept in its folder. Nothing is read before `load`."""

    def __init__(self, folder: Path | None) -> None:
        self._rows = Journal(folder, "submissions")
        self._deliveries: dict[str, str] = {}
        self._sids: dict[str, str] = {}
        self._loading = asyncio.Lock()
        self._loaded = False

    async def load(self) -> None:
        """Read what was written, once."""
        async with self._loading:
            if self._loaded:
                return
            since = int(time.time() * 1000) - KEPT_MS
            for row in await self._rows.read(lambda row: len(row) == 3 and row[2] > since):
                self._know(row)
            self._loaded = True

    def sid(self, delivery: str) -> str:
        """Return Twilio's id of a delivery, "" when it is not known."""
        return self._sids.get(delivery, "")

    def delivery(self, sid: str) -> str:
        """Return the delivery that a message of Twilio's is, "" when it is not known."""
        return self._deliveries.get(sid, "")

    async def submitted(self, delivery: str, sid: str) -> None:
        """Remember that `sid` is `delivery`."""
        if self._deliveries.get(sid) != delivery:
            row = [delivery, sid, int(time.time() * 1000)]
            self._know(row)
            await self._rows.add(row)

    def _know(self, row: Row) -> None:
        delivery, sid, _ = row
        self._sids[delivery], self._deliveries[sid] = sid, delivery
