"""How many steps of the log go into one transaction of the archive.

Rows that come together cost less: pages of an index that many of them touch are written once, what happened to a conversation is
one change of its row, and the words of all make one piece of the full-text index. But who else wants to write waits meanwhile, and
a fault or a crash means to do all of it again. So a transaction grows while there is more to write than it holds, up to a time that
nobody minds to wait, and shrinks as soon as it takes longer.
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
