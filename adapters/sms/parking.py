"""Texts to a number that nobody has configured: kept, shown to the operator, and taken in once the number is known.

They are a patron's words like any others, so they are deleted in time as well: after the days that libraries usually keep
transcripts. No library has the number, so none has set other days for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from pathlib import Path

import msgspec

from adapters.sms.codec import Inbound
from bridge.contract.adapter import Busy
from bridge.contract.journal import Journal

MOST = 10_000  # texts kept
KEPT_MS = 90 * 86_400_000


class Parking:
    """Parked texts of one channel, each once."""

    def __init__(self, folder: Path | None) -> None:
        self._journal = Journal(folder, "parked")
        self._here: set[str] | None = None
        self._turn = asyncio.Lock()

    async def park(self, inbound: Inbound) -> None:
        """Keep a text; it is durable when this returns. Raises Busy when too many are parked, OSError."""
        async with self._turn:
            if self._here is None:
                self._here = {row[0] for row in await self._journal.read()}
            here = self._here
            if inbound.sid in here:
                return
            if len(here) >= MOST:
                raise Busy("too many texts are parked")
            await self._journal.add(msgspec.to_builtins(inbound))
            here.add(inbound.sid)

    async def parked(self) -> Sequence[Inbound]:
        """Return what is parked, oldest first."""
        return [msgspec.convert(row, Inbound) for row in await self._journal.read()]

    async def clear(self, now: int) -> None:
        """Forget texts that came more than KEPT_MS before `now` (ms)."""
        await self._journal.read(lambda row: msgspec.convert(row, Inbound).at > now - KEPT_MS)
        self._here = None

    async def forget(self, senders: Collection[str]) -> None:
        """Forget what these numbers sent."""
        await self.leave({inbound.sid for inbound in await self.parked() if inbound.sender in senders})

    async def leave(self, sids: Collection[str]) -> None:
        """Forget texts that were taken in."""
        if sids:
            await self._journal.read(lambda row: row[0] not in sids)
            self._here = None
