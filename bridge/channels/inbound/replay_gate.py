"""Where live messages wait while the replay runs: what was missed goes first, and the order of those that wait is kept.

Where there is a replay, the gate is closed before the first session is connected, since a webhook may come sooner. It stays closed
until the last waiting message has gone in, so a message that comes meanwhile waits behind them. Where the replay breaks off,
nothing goes in until another has run. A live message brings its cursor, which would go past what is still to be asked for.
"""

from __future__ import annotations

import asyncio
from collections import deque

from bridge.contract.adapter import Busy


class ReplayGate:
    """The waiting room of one channel's inlet."""

    def __init__(self) -> None:
        self.closed = False
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._letting_in = False
        self._refusing = False

    def close(self) -> None:
        """Have everybody wait from now on."""
        self.closed, self._letting_in, self._refusing = True, False, False

    async def turn(self) -> None:
        """Wait until it is one's turn to go in, which must be done at once. Raises Busy when the session breaks off."""
        if self._refusing:
            raise _broken_off()
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        finally:
            self._waiting.remove(turn)
            if self._letting_in:
                self._call()

    def let_in(self) -> None:
        """Let those who wait in, one after the other, then open the door."""
        if self.closed and not self._refusing:
            self._letting_in = True
            self._call()

    def refuse(self) -> None:
        """Send those who wait away with Busy, and who comes after them, until the gate is opened or closed again."""
        self.closed, self._letting_in, self._refusing = True, False, True
        for turn in self._waiting:
            if not turn.done():
                turn.set_exception(_broken_off())

    def leave(self) -> None:
        """The session has ended. Who still waits is sent away with Busy; so is who comes later, if what was missed has not come in:
        the next session's replay brings them behind it."""
        owed = self.closed and not self._letting_in
        self.refuse()
        self.closed = self._refusing = owed

    def _call(self) -> None:
        if not self._waiting:
            self.closed, self._letting_in = False, False
        elif not self._waiting[0].done():
            self._waiting[0].set_result(None)


def _broken_off() -> Busy:
    return Busy("the session broke off before what was missed had come in")
