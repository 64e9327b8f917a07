"""How often somebody may try: five times in 15 minutes for a card, for an address and for a link. What succeeded isn't counted.

Cards and addresses are held as digests under a key of this process alone, so its memory names neither.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict, deque
from collections.abc import Callable
from hashlib import blake2b

TRIES = 5
WITHIN_S = 900.0
MOST = 20_000


class ProofAttempts:
    """Tries by who makes them. `clock`: seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._tries: OrderedDict[bytes, deque[float]] = OrderedDict()

    def begin(self, *who: str) -> bool:
        """Count a try for each of `who`; False when one of them has none left."""
        now = self._clock()
        held = [self._of(one, now) for one in who]
        if any(len(tries) >= TRIES for tries in held):
            return False
        for tries in held:
            tries.append(now)
        return True

    def succeeded(self, *who: str) -> None:
        """Take back the try that was right."""
        for one in who:
            if tries := self._tries.get(self._digest(one)):
                tries.pop()

    def _of(self, who: str, now: float) -> deque[float]:
        tries = self._tries.setdefault(self._digest(who), deque())
        self._tries.move_to_end(self._digest(who))
        while tries and tries[0] <= now - WITHIN_S:
            tries.popleft()
        if len(self._tries) > MOST:
            self._tries.popitem(last=False)
        return tries

    def _digest(self, who: str) -> bytes:
        return blake2b(who.encode(), key=self._key, digest_size=16).digest()
