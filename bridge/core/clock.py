"""What time it is for the core: that of its inputs, also when the server's clock was set back.

Inputs are dated by the ids of their entries, which only rise: while the server's clock stands behind the newest one, all are
dated alike, and no deadline would come before the clock has caught up. So time goes on from that newest one at the pace of
this process's own clock: a little slower, that the server's clock catches up in the end and both are one again.
"""

from __future__ import annotations

import time
from collections.abc import Callable

PACE = 0.9  # while the server's clock is behind: an hour is caught up in ten


class InputClock:
    """Estimates the date (ms) of an input that would come now."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._offset = 0.0
        self._at = 0
        self._since = 0.0

    def clock(self, ms: int) -> None:
        """Hear what the server's clock shows."""
        self._offset = ms - self._monotonic() * 1000

    def heard(self, at: int) -> None:
        """Hear of the date of an input."""
        if at > self._at:
            self._at, self._since = at, self._monotonic()

    def now(self) -> float:
        """Return the date of now: never before that of an input that was heard of."""
        now = self._monotonic()
        return max(now * 1000 + self._offset, self._at + (now - self._since) * 1000 * PACE)
