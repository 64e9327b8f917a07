"""Which message of Twilio's is which delivery of ours, on every host and after a restart."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterator

from bridge.contract.memory import Memory, MemoryKind, MemoryRow, former_lines

KEPT_MS = 3 * 86_400_000  # longer than a delivery may wait
KNOWN = 20_000  # that this process remembers besides, so that a status costs no call


def _rows(delivery: str, sid: str, at: int = 0) -> tuple[MemoryRow, MemoryRow]:
    """Return the two rows of a submission, one for each way to ask."""
    return MemoryRow(f"d {delivery}", sid.encode(), at), MemoryRow(f"s {sid}", delivery.encode(), at)


def _former(raw: bytes, written: int) -> Iterator[MemoryRow]:
    """Read the lines of an earlier version: delivery, sid, ms."""
    for row in former_lines(raw, tuple[str, str, int]):
        yield from _rows(*row)


SUBMISSIONS = MemoryKind(name="submissions", most=400_000, keep_ms=KEPT_MS, former="submissions", read=_former)


class Submissions:
    """The submissions of one channel. All raise Busy."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._known: OrderedDict[str, str] = OrderedDict()  # sid -> delivery

    async def sid(self, delivery: str) -> str:
        """Return Twilio's id of a delivery, "" when it is not known."""
        rows = await self._memory.rows(SUBMISSIONS, [f"d {delivery}"])
        return rows[0].value.decode() if rows else ""

    async def deliveries(self, sids: Collection[str]) -> dict[str, str]:
        """Return, by sid, the deliveries of those messages of Twilio's that are known."""
        rows = await self._memory.rows(SUBMISSIONS, [f"s {sid}" for sid in sids])
        return {row.key[2:]: row.value.decode() for row in rows}

    async def submitted(self, delivery: str, sid: str) -> None:
        """Remember that `sid` is `delivery`."""
        if self._known.get(sid) != delivery:
            await self._memory.put(SUBMISSIONS, _rows(delivery, sid))
            self._known[sid] = delivery
            if len(self._known) > KNOWN:
                self._known.popitem(last=False)
