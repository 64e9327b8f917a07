"""Trimming the streams after an erasure.

The log, `in` and both snapshots hold erased words until they are trimmed, which takes a day at a quiet desk. After an erasure it is
done at once. An entry is appended, and two snapshots are written after it. All entries before the older snapshot are dropped as
soon as the archive has them. That takes seconds.

The streams of fan-out channels (web chat) keep deliveries for some minutes, for processes that are behind. Then they are trimmed up
to the erasure, too. An answer that is still on its way to a network stays in its channel's stream until it is sent or given up.

The state's count of erasures remembers this, which replaying the log makes again. So does each snapshot that is written before the
trimming is done. So a core that takes over in between begins the trimming again.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Literal

Step = Literal["entry", "snapshot", "trim", "fanouts", "nothing"]


@dataclass(slots=True)
class ErasureTrim:
    """Entry `seq` and all before it are to be trimmed; 0 = there is nothing to trim."""

    age_s: float  # how long fan-out streams keep what was put out
    seq: int = 0
    since: float = 0.0
    trimmed: bool = False

    def begin(self, seq: int) -> None:
        """Note that entry `seq` erased something."""
        self.seq, self.since, self.trimmed = seq, time.monotonic(), False

    def next(self, committed: int, older: int) -> Step:
        """Return what to do next. `committed` is the last entry, `older` that of the older snapshot (0 = there is none)."""
        if not self.seq:
            return "nothing"
        if committed <= self.seq:
            return "entry"
        if older <= self.seq:
            return "snapshot"
        if not self.trimmed:
            return "trim"
        return "fanouts" if time.monotonic() >= self.since + self.age_s else "nothing"
