"""Token buckets: how much is allowed in a time, for requests from outside and for our own calls to a network.

A bucket holds up to `burst` tokens and gets `a_second` new ones each second. It starts full. Each request takes a token. Where
there is none, the answer is the number of seconds until there is one, so callers can say when to come again.

The caller brings the time (seconds of any steady clock), so the rules are tested without waiting. `TokenBuckets` holds one bucket a
key, for a patron, an address or a name. `PacedCalls` waits for its tokens.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    """So many a second, with `burst` saved up at most."""

    a_second: float
    burst: float


class TokenBucket:
    """One bucket, full at first. `spent` counts the tokens that are missing at the time `at`."""

    __slots__ = ("at", "rate", "spent")

    def __init__(self, rate: Rate, at: float) -> None:
        self.rate = rate
        self.spent = 0.0
        self.at = at

    def wait(self, now: float, many: float = 1) -> float:
        """Return the seconds until `many` tokens are there, 0.0 when they are there now."""
        self.spent = max(0.0, self.spent - (now - self.at) * self.rate.a_second)
        self.at = now
        over = self.spent + many - self.rate.burst
        return over / self.rate.a_second if over > 0 else 0.0

    def take(self, now: float, many: float = 1) -> float:
        """Take `many` tokens and return 0.0; where they are not there, take none and return the seconds until they are."""
        wait = self.wait(now, many)
        if not wait:
            self.spent += many
        return wait

    def owe(self, now: float, many: float, patience: float) -> float:
        """Return the seconds until all that was taken is filled up again: the time at which the caller may do the next thing.

        `many` tokens are taken for that, also more than the bucket holds, unless the wait is longer than `patience`.
        """
        wait = self.wait(now, self.rate.burst)
        if wait <= patience:
            self.spent += many
        return wait

    def full(self, now: float) -> bool:
        """Say whether it is full, so that forgetting it changes nothing."""
        return self.spent <= (now - self.at) * self.rate.a_second


class TokenBuckets:
    """A bucket a key. Beyond `most` keys (0 = no limit) the one that was used longest ago is forgotten."""

    __slots__ = ("_held", "_most", "rate")

    def __init__(self, rate: Rate, most: int = 0) -> None:
        self.rate = rate
        self._most = most
        self._held: OrderedDict[str, TokenBucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._held)

    def take(self, key: str, now: float, many: float = 1) -> float:
        """Take `many` tokens from `key`'s bucket: 0.0 when they were there, else the seconds until they are."""
        bucket = self._held.get(key)
        if bucket is None:
            bucket = self._held[key] = TokenBucket(self.rate, now)
            if self._most and len(self._held) > self._most:
                self._held.popitem(last=False)
        else:
            self._held.move_to_end(key)
        return bucket.take(now, many)

    def allows(self, key: str, now: float) -> bool:
        """Take a token from `key`'s bucket; False when it is empty."""
        return not self.take(key, now)

    def forget_full(self, now: float) -> None:
        """Drop the buckets that are full again, so that memory follows recent use."""
        for key in [key for key, bucket in self._held.items() if bucket.full(now)]:
            del self._held[key]


class PacedCalls:
    """Calls at `rate` a second in the long run, a second's worth at once; 0 = no limit."""

    def __init__(self, rate: float, now: Callable[[], float] = time.monotonic) -> None:
        self._bucket = TokenBucket(Rate(rate, max(1.0, rate)), now()) if rate else None
        self._now = now
        self._turn = asyncio.Lock()

    async def take(self) -> None:
        """Wait for a token, first come first served."""
        if self._bucket is None:
            return
        async with self._turn:
            if wait := self._bucket.take(self._now()):
                await asyncio.sleep(wait)
                self._bucket.owe(self._now(), 1, math.inf)  # a sleep may end a little early: that counts for the next
