"""How often the desk itself writes to one address: a few automatic mails a day, and none to a machine (RFC 3834).

The rule ends a loop that no header prevented: one address gets `most` mails in any 24 hours, and then silence. What was
counted outlives a restart and a host, for a loop that crashes us would else begin again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from hashlib import sha256

import msgspec

from bridge.contract.memory import Memory, MemoryKind, MemoryRow

DAY_S = 86_400.0

_times = msgspec.json.Decoder(list[float]).decode


def _former(raw: bytes, written: int) -> Iterator[MemoryRow]:
    """Read the file of an earlier version: times (s) by hashed address."""
    try:
        kept = msgspec.json.decode(raw, type=dict[str, list[float]])
    except msgspec.DecodeError:
        return
    for peer, times in kept.items():
        if times:
            yield MemoryRow(peer, msgspec.json.encode(times), int(times[-1] * 1000))


AUTOMATIC = MemoryKind(
    name="automatic", most=10_000, keep_ms=round(DAY_S * 1000), former="automatic.json", read=_former
)


class Restraint:
    """Counts automatic mails by address."""

    def __init__(self, most: int, memory: Memory, now: Callable[[], float] = time.time) -> None:
        self._most = most
        self._memory = memory
        self._now = now
        self._turn = asyncio.Lock()

    async def allows(self, address: str) -> bool:
        """Whether one more may go to `address` now. Raises Busy."""
        return len(await self._recent(_peer(address))) < self._most

    async def count(self, address: str) -> None:
        """Count one that went out. Raises Busy."""
        peer = _peer(address)
        async with self._turn:
            times = [*await self._recent(peer), self._now()]
            await self._memory.put(AUTOMATIC, [MemoryRow(peer, msgspec.json.encode(times))])

    async def _recent(self, peer: str) -> list[float]:
        after = self._now() - DAY_S
        rows = await self._memory.rows(AUTOMATIC, [peer])
        return [at for row in rows for at in _times(row.value) if at > after]


def _peer(address: str) -> str:
    """Addresses are counted, not kept."""
    return sha256(address.strip().casefold().encode("utf-8", "replace")).hexdigest()[:24]
