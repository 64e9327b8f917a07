"""How long to wait before trying again: full jitter, doubling from a second to five minutes.

Full jitter is a uniform draw between nothing and the growing bound. It spreads out the clients that one outage sent away together
(Brooker, "Exponential Backoff and Jitter", 2015). The supervisor and the outlet wait for adapters; an adapter never waits itself.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

FIRST_S = 1.0
MOST_S = 300.0


@dataclass(slots=True)
class Backoff:
    """The waits of one thing that keeps failing, in seconds. `chance` draws from [0, 1)."""

    first: float = FIRST_S
    most: float = MOST_S
    chance: Callable[[], float] = random.random
    failures: int = field(default=0, init=False)

    def bound(self) -> float:
        """Return the longest that the next wait can be, in seconds."""
        return min(self.most, self.first * 2.0 ** min(self.failures, 30))

    def next(self) -> float:
        """Count a failure and return the seconds to wait after it."""
        wait = self.bound() * self.chance()
        self.failures += 1
        return wait

    def reset(self) -> None:
        """Start again from the first bound: it worked."""
        self.failures = 0


def leaves(error: BaseException) -> Iterator[BaseException]:
    """Iterate over the exceptions of a group, at every depth; over `error` itself when it is no group."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from leaves(inner)
    else:
        yield error
