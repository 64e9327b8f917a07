"""Who has left: patrons whose last browser is gone for longer than a reload takes.

The rule: after `GONE_S` without any browser of a patron at this process, the librarian is told that the patron is gone. Only
then may an answer go to the address that they left. When a browser comes that was not here in that time, that is told as well.
This process, another one or the one before may have called them gone. The process that has them says so again when it
hears that another one takes them for gone. What cannot be told now is told with the next look. Of a patron who is forgotten
nothing is told any more: it would be written down once more under the address. attendance.py knows whose process died.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence

GONE_S = 30.0
AT_ONCE = 500  # told together: after a restart all come back within seconds

Tell = Callable[[str, bool], Awaitable[None]]


class Departures:
    """Patrons who left, and since when (s of the monotonic clock); and those who came, as long as that is not told."""

    def __init__(self) -> None:
        self._left: dict[str, float] = {}
        self._back: dict[str, None] = {}

    def left(self, sender: str, now: float) -> None:
        """A patron's last browser closed."""
        self._back.pop(sender, None)
        self._left[sender] = now

    def came(self, sender: str) -> None:
        """A patron's first browser opened."""
        if self._left.pop(sender, None) is None:
            self._back[sender] = None

    def forget(self, senders: Collection[str]) -> None:
        """Drop what was still to be told of these."""
        for sender in senders:
            self._left.pop(sender, None)
            self._back.pop(sender, None)

    async def look(self, now: float, tell: Tell) -> None:
        """Tell who is gone and who came back. Passes on what `tell` raises; nothing is forgotten then."""
        for some in _sliced([*self._back]):
            await asyncio.gather(*(tell(sender, True) for sender in some))
            for sender in some:
                self._back.pop(sender, None)
        for some in _sliced([sender for sender, since in self._left.items() if since <= now - GONE_S]):
            await asyncio.gather(*(tell(sender, False) for sender in some))
            for sender in some:
                if self._left.pop(sender, None) is None:  # they came while that was told
                    self._back[sender] = None


def _sliced(senders: Sequence[str]) -> Iterator[Sequence[str]]:
    return (senders[n : n + AT_ONCE] for n in range(0, len(senders), AT_ONCE))
