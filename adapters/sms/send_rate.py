"""How fast one sender may text: segments a second, by the kind of its number.

Faster texts are queued by the network, and queued for too long they fail (30001); so they wait here, in order.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from adapters.sms import numbers

PATIENCE_S = 30.0  # a longer wait is the outlet's


class SendRate:
    """Turns of each sender. `rate` (segments a second) counts for every sender; 0 = by the kind of its number."""

    def __init__(self, rate: float = 0.0, now: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._now = now
        self._free: dict[str, float] = {}

    def turn(self, sender: str, segments: int) -> float:
        """Return the seconds until this sender's turn. Taken, unless that is more than PATIENCE_S."""
        now = self._now()
        begin = max(now, self._free.get(sender, 0.0))
        if begin - now <= PATIENCE_S:
            self._free[sender] = begin + segments / (self._rate or numbers.pace(sender))
        return begin - now
