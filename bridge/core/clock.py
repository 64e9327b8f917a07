"""The time of the core: the dates of its inputs, which go on even when the server's clock was set back.

The ids of entries date the inputs, and ids only rise. While the server's clock is behind the newest id, all inputs get the same
date, and no deadline would come. So time goes on from that newest id by this process's own clock. It
goes a little slower, so that the server's clock catches up and both agree again.
"""

from __future__ import annotations

import time
from collections.abc import Callable

SPEED = 0.9  # while the server's clock is behind: it catches up an hour in ten


class InputClock:
    """Estimates the date (ms) of an input that would come now."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._offset = 0.0
        self._at = 0
        self._since = 0.0

    def sync(self, ms: int) -> None:
        """Note the time of the server's clock."""
        self._offset = ms - self._monotonic() * 1000

    def note(self, at: int) -> None:
        """Note the date of an input."""
        if at > self._at:
            self._at, self._since = at, self._monotonic()

    def now(self) -> float:
        """Return the present date: never before that of an input that was noted."""
        now = self._monotonic()
        return max(now * 1000 + self._offset, self._at + (now - self._since) * 1000 * SPEED)
