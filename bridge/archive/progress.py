"""How far the archive has come, for those who wait for it: told by the writer here, or by one in another process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bridge.follower import START, Position


class Progress:
    """The archive's `position` as this process knows it (never ahead of SQL); `known` once anything was told."""

    def __init__(self, on_move: Callable[[Position], None] = lambda position: None) -> None:
        self.position = START
        self.known = asyncio.Event()
        self._on_move = on_move
        self._moved = asyncio.Event()

    def move(self, position: Position) -> None:
        """Tell how far SQL is."""
        self.position = position
        self.known.set()
        self._moved.set()
        self._on_move(position)

    async def reached(self, position: Position) -> None:
        """Wait until the archive holds everything up to `position` of this epoch."""
        while self.position.seq < position.seq:
            self._moved.clear()
            await self._moved.wait()
