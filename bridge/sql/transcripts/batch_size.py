"""How many steps of the log go into one transaction of the archive.

Rows that come together cost less. Pages of an index that many rows touch are written once. A conversation's events are one change
of its row. The words of all rows make one piece of the full-text index. But other writers wait meanwhile, and after a fault
or a crash all of it is done again. So a transaction grows while more waits than it holds, up to a time that nobody minds. It
shrinks as soon as it takes longer.
"""

from __future__ import annotations

LEAST, MOST = 1_000, 8_000  # steps
BRISK_S, SLOW_S = 0.3, 0.6


class BatchSize:
    """The size of the next transaction, learned from those before."""

    def __init__(self) -> None:
        self.steps = LEAST

    def took(self, steps: int, seconds: float) -> None:
        """Learn that a transaction of `steps` took `seconds`; one that was not full tells only if it was slow."""
        if seconds > SLOW_S:
            self.steps = max(LEAST, self.steps // 2)
        elif seconds < BRISK_S and steps >= self.steps:
            self.steps = min(MOST, self.steps * 2)
