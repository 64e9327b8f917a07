"""A practice channel as the interface sees it: begin a session, give orders to it, and see how far it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from bridge.channels.signals import SignalBoard
from bridge.contract.adapter import Signal
from bridge.contract.memory import Memory, MemoryRow
from bridge.training.scenario import Manners
from bridge.training.session import (
    ORDERS,
    PROGRESS,
    SESSIONS,
    PracticeOrder,
    PracticeProgress,
    PracticeSession,
    kept_scenario,
)


@dataclass(frozen=True, slots=True)
class PracticeState:
    """A session, and how far it is; None = it was begun a moment ago."""

    session: PracticeSession
    progress: PracticeProgress | None

    @property
    def over(self) -> bool:
        """Whether the patron is gone, or somebody ended it."""
        return self.progress is not None and (self.progress.over or self.progress.patron.gone)

    @property
    def player(self) -> str:
        """Who plays the patron, "" = the script."""
        return self.progress.player if self.progress is not None else self.session.player


class PracticeChannel:
    """One channel of practice. All methods raise Busy while the store is away."""

    def __init__(self, name: str, manners: Manners, memory: Memory, signs: SignalBoard) -> None:
        self.name = name
        self.manners = manners
        self._memory = memory
        self._signs = signs

    async def begin(self, session: PracticeSession) -> None:
        """Begin a session. Doing it again changes nothing. Raises ValueError for a scenario that is too long."""
        kept_scenario(session.scenario)
        await self._memory.put(SESSIONS, [MemoryRow(session.id, msgspec.json.encode(session))])
        await self.order(f"{session.id} begin", PracticeOrder(session=session.id, kind="begin", by=session.by))

    async def order(self, key: str, order: PracticeOrder) -> None:
        """Give an order; one with a `key` that was given before is carried out once."""
        await self._memory.put(ORDERS, [MemoryRow(key, msgspec.json.encode(order))])
        await self._signs.tell(Signal(kind="gone", channel=self.name, address=order.session, text=key))

    async def all(self) -> list[PracticeState]:
        """Return the sessions of the last seven days, oldest first."""
        return await self._states(await self._memory.rows(SESSIONS))

    async def one(self, session: str) -> PracticeState | None:
        """Return a session, None where there is none of this id."""
        return next(iter(await self._states(await self._memory.rows(SESSIONS, [session]))), None)

    async def of_conversation(self, conversation: str) -> PracticeState | None:
        """Return the session that a conversation belongs to, None where it is none of this channel."""
        return next((one for one in await self.all() if one.session.conversation == conversation), None)

    async def _states(self, rows: Iterable[MemoryRow]) -> list[PracticeState]:
        sessions = [msgspec.json.decode(row.value, type=PracticeSession) for row in rows]
        found = await self._memory.rows(PROGRESS, [one.id for one in sessions]) if sessions else []
        progress = {row.key: msgspec.json.decode(row.value, type=PracticeProgress) for row in found}
        return [PracticeState(one, progress.get(one.id)) for one in sessions]
