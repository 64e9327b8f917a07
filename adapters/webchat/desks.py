"""What browsers are told about the desk: one state for all, and the place in the queue for those who wait.

The rule: only a patron who waits is followed one by one, from their message until a librarian takes it; everybody else hears the
same broadcast, so that fifteen thousand idle chats cost nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable

from adapters.webchat.audience import Audience, Peer
from adapters.webchat.codec import desk_state, encode
from bridge.contract.adapter import ChannelDesk

PATIENCE_S = 60.0  # how long a message may take to show up in a queue
PACE_S = 1.0  # between two broadcasts


class Desks:
    """The desk, as told to the browsers of one channel."""

    def __init__(self, desk: Callable[[str], AsyncIterator[ChannelDesk]], audience: Audience) -> None:
        self._desk = desk
        self._audience = audience
        self._watched: dict[str, asyncio.Task[None]] = {}
        self.now: ChannelDesk | None = None
        self.ready = asyncio.Event()
        self._frame = b""

    async def run(self) -> None:
        """Broadcast the desk as it changes, until cancelled."""
        try:
            async for desk in self._desk(""):
                self.now = desk
                self.ready.set()
                frame = encode(desk_state(desk))
                if frame != self._frame:
                    self._frame = frame
                    await self._audience.tell_all(frame, but=self._watched)
                    await asyncio.sleep(PACE_S)
        finally:
            for task in self._watched.values():
                task.cancel()

    async def show(self, peer: Peer) -> None:
        """Tell one browser how the desk is, as for anybody."""
        if self._frame:
            await peer.answer(self._frame)

    async def place(self, peer: Peer) -> None:
        """Tell one browser how the desk is for its patron, now."""
        if desk := await self.of(peer.sender):
            await peer.answer(encode(desk_state(desk)))

    async def of(self, sender: str) -> ChannelDesk | None:
        """Return how the desk is for one patron, now; None while nobody knows."""
        desks = self._desk(sender)
        try:
            async for desk in desks:
                return desk
            return None
        finally:
            await close(desks)

    def follows(self, sender: str) -> bool:
        """Say whether this patron is told their place."""
        return sender in self._watched

    def watch(self, sender: str, patience: float = PATIENCE_S) -> None:
        """Tell this patron their place until somebody takes them; give up when they have none for `patience` seconds."""
        if sender not in self._watched and self._audience.listens(sender):
            self._watched[sender] = asyncio.create_task(self._follow(sender, patience))

    def leave(self, sender: str) -> None:
        """Nobody of this patron listens any more."""
        if task := self._watched.get(sender):
            task.cancel()

    async def _follow(self, sender: str, patience: float) -> None:
        desks = self._desk(sender)
        try:
            async with asyncio.timeout(patience) as limit:
                placed = False
                async for desk in desks:
                    await self._audience.tell(sender, encode(desk_state(desk)))
                    if desk.place:
                        placed = True
                        limit.reschedule(None)
                    elif placed:
                        return
        except TimeoutError:
            return
        finally:
            del self._watched[sender]
            await close(desks)


async def close(iterator: AsyncIterator[object]) -> None:
    """Let a generator of a port clean up now, and not when it is collected."""
    if isinstance(iterator, AsyncGenerator):
        await iterator.aclose()
