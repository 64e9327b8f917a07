"""How fast one sender may text: segments a second, by the kind of its number.

Faster texts are queued by the network, and queued for too long they fail (30001); so they wait here, in order.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from adapters.sms import numbers
from bridge.contract.token_bucket import Rate, TokenBucket

PATIENCE_S = 30.0  # a longer wait is the outlet's


class SendRate:
    """Turns of each sender. `rate` (segments a second) counts for every sender; 0 = by the kind of its number."""

    def __init__(self, rate: float = 0.0, now: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._now = now
        self._senders: dict[str, TokenBucket] = {}

    def turn(self, sender: str, segments: int) -> float:
        """Return the seconds until this sender's turn. Taken, unless that is more than PATIENCE_S."""
        now = self._now()
        bucket = self._senders.get(sender)
        if bucket is None:
            rate = self._rate or numbers.send_rate(sender)
            bucket = self._senders[sender] = TokenBucket(Rate(rate, rate), now)
        return bucket.owe(now, segments, PATIENCE_S)
