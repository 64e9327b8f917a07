"""Which process has which patrons, so that another one can say who left when a process dies with its host.

The rule: each process remembers whom it has, within seconds, and every `BEAT_S` that it lives. One that was silent for `DEAD_S` is
dead. A process that finds a dead one takes its patrons over, as if their last browser had closed now (`Departures`): who has come
to a living process meanwhile is there, and of the others the librarian is told. A row goes once the librarian was told.

An address in a row is that of a browser, which names nobody.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Collection

from bridge.contract.memory import Memory, MemoryKind, MemoryRow

BEAT_S = 10.0
DEAD_S = 60.0
DAY_MS = 86_400_000

PRESENT = MemoryKind(name="present", most=500_000, keep_ms=2 * DAY_MS)  # patron -> process
ALIVE = MemoryKind(name="processes", most=1_000, keep_ms=DAY_MS)  # processes that say that they live


class Attendance:
    """The patrons of this process, and those of processes that died. All that waits raises Busy."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._mark = secrets.token_hex(8)
        self._ours: set[str] = set()
        self._changed: dict[str, bool] = {}  # patron -> whether they are ours now: what the rows don't say yet
        self._said = -math.inf  # monotonic: when we last said that we live
        self._began = False

    def came(self, sender: str) -> None:
        """A patron's browser opened here."""
        if sender not in self._ours:
            self._ours.add(sender)
            self._changed[sender] = True

    def told(self, sender: str) -> None:
        """The librarian was told that a patron of ours is gone."""
        if sender in self._ours:
            self._ours.discard(sender)
            self._changed[sender] = False

    async def forget(self, senders: Collection[str]) -> None:
        """Drop what is remembered of these."""
        for sender in senders:
            self._ours.discard(sender)
            self._changed.pop(sender, None)
        await self._memory.drop(PRESENT, senders)

    async def look(self, now: float) -> list[str]:
        """Remember what changed; return the patrons whose process has died since this was last asked. They are ours now."""
        beats = now - self._said >= BEAT_S
        if beats:
            await self._memory.put(ALIVE, [MemoryRow(self._mark)])
            self._said = now
        if self._changed:
            await self._save()
        return await self._orphans() if beats else []

    async def _save(self) -> None:
        changed, self._changed = self._changed, {}
        try:
            if came := [sender for sender, ours in changed.items() if ours]:
                await self._take(came)
            if gone := [sender for sender, ours in changed.items() if not ours]:
                rows = await self._memory.rows(PRESENT, gone)  # another process may have them now
                await self._memory.drop(PRESENT, [row.key for row in rows if row.value.decode() == self._mark])
        except BaseException:
            self._changed = changed | self._changed
            raise

    async def _orphans(self) -> list[str]:
        said = {row.key: row.at for row in await self._memory.rows(ALIVE)}
        since = said.get(self._mark, 0) - round(DEAD_S * 1000)
        dead = [mark for mark, at in said.items() if at <= since]
        if self._began and not dead:
            return []
        living = said.keys() - set(dead)
        found = [row.key for row in await self._memory.rows(PRESENT) if row.value.decode() not in living]
        await self._take(found)
        await self._memory.drop(ALIVE, dead)
        self._ours.update(found)
        self._began = True
        return found

    async def _take(self, senders: Collection[str]) -> None:
        await self._memory.put(PRESENT, [MemoryRow(sender, self._mark.encode()) for sender in senders])
