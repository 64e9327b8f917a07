"""Texts to a number that nobody has configured: kept, shown to the operator, and taken in once the number is known.

They are a patron's words like any others, so they are deleted in time as well: after the days that libraries usually keep
transcripts. No library has the number, so none has set other days for it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import msgspec

from adapters.sms.codec import Inbound
from bridge.contract.memory import Memory, MemoryKind, MemoryRow, former_lines

KEPT_MS = 90 * 86_400_000


def _row(inbound: Inbound) -> MemoryRow:
    return MemoryRow(inbound.sid, msgspec.json.encode(inbound), inbound.at)


def _former(raw: bytes, written: int) -> Iterator[MemoryRow]:
    """Read the lines of an earlier version, one text each."""
    return map(_row, former_lines(raw, Inbound))


PARKED = MemoryKind(name="parked", most=10_000, keep_ms=KEPT_MS, full="refuse", former="parked", read=_former)


class Parking:
    """Parked texts of one channel, each once. All raise Busy."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    async def park(self, inbound: Inbound) -> None:
        """Keep a text; it is durable when this returns. Raises Busy also when too many are parked."""
        await self._memory.put(PARKED, [_row(inbound)])

    async def parked(self) -> Sequence[Inbound]:
        """Return what is parked, oldest first."""
        return [msgspec.json.decode(row.value, type=Inbound) for row in await self._memory.rows(PARKED)]

    async def forget(self, senders: Collection[str]) -> None:
        """Forget what these numbers sent."""
        await self.leave({inbound.sid for inbound in await self.parked() if inbound.sender in senders})

    async def leave(self, sids: Collection[str]) -> None:
        """Forget texts that were taken in."""
        if sids:
            await self._memory.drop(PARKED, sids)
