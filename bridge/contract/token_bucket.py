"""A token bucket: how often a network may be asked for something."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable


class TokenBucket:
    """A token bucket: `rate` a second in the long run, a second's worth at once; 0 = no limit."""

    def __init__(self, rate: float, now: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._burst = max(1.0, rate)
        self._tokens = self._burst
        self._now = now
        self._last = now()
        self._turn = asyncio.Lock()

    def wait(self) -> float:
        """Return the seconds until the next token, 0.0 when there is one now."""
        now = self._now()
        self._tokens = min(self._burst, self._tokens + (now - self._last) * self._rate)
        self._last = now
        return 0.0 if self._tokens >= 1 else (1 - self._tokens) / self._rate

    async def take(self) -> None:
        """Wait for a token, first come first served."""
        if not self._rate:
            return
        async with self._turn:
            if wait := self.wait():
                await asyncio.sleep(wait)
                self.wait()
            self._tokens -= 1
