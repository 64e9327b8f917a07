"""Who has left: patrons whose last browser is gone for longer than a reload takes.

The rule: the librarian is told that the patron is gone, and an answer may then go to the address that was left, only after
`GONE_S` without any browser of that patron at this process; when one comes again, that is told as well. What cannot be told now
is told with the next look.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

GONE_S = 30.0
MOST = 50_000  # patrons remembered as gone; who was forgotten and comes again is there as soon as he writes

Tell = Callable[[str, bool], Awaitable[None]]


class Departures:
    """Patrons who left, and since when (s of the monotonic clock)."""

    def __init__(self) -> None:
        self._left: dict[str, float] = {}
        self._gone: dict[str, None] = {}
        self._back: dict[str, None] = {}

    def left(self, sender: str, now: float) -> None:
        """A patron's last browser closed."""
        self._back.pop(sender, None)
        if sender not in self._gone:
            self._left[sender] = now

    def came(self, sender: str) -> None:
        """A browser of a patron opened."""
        self._left.pop(sender, None)
        if sender in self._gone:
            self._back[sender] = None

    async def look(self, now: float, tell: Tell) -> None:
        """Tell who is gone and who came back. Passes on what `tell` raises; nothing is forgotten then."""
        for sender in list(self._back):
            await tell(sender, True)
            self._back.pop(sender, None)
            self._gone.pop(sender, None)
        for sender in [sender for sender, since in self._left.items() if since <= now - GONE_S]:
            await tell(sender, False)
            if self._left.pop(sender, None) is not None:
                self._gone[sender] = None
        while len(self._gone) > MOST:
            del self._gone[next(iter(self._gone))]
