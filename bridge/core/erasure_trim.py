"""What the streams owe after an erasure.

The log, `in` and both snapshots hold what was said until they are trimmed, for which a quiet desk takes a day. An erasure has it
done at once: an entry is put behind it, two snapshots are written from there on, and what is before the older of them is dropped
as soon as the archive has it. That takes seconds. The streams of fan-out channels (web chat) keep what was put out for some
minutes, for processes that are behind; then they are trimmed up to the erasure, too. An answer that is still on its way to a
network stands in its channel's stream until it is sent or given up.

Where this is remembered: in the state's count of erasures, which replaying the log makes again, and in each snapshot that is
written while something is owed. So a core that takes over in between goes on from the beginning.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Literal

Step = Literal["entry", "snapshot", "trim", "fanouts", "nothing"]


@dataclass(slots=True)
class ErasureTrim:
    """Entry `seq`, and all before it, are to be gone; 0 = nothing is owed."""

    age_s: float  # how long fan-out streams keep what was put out
    seq: int = 0
    since: float = 0.0
    trimmed: bool = False

    def incur(self, seq: int) -> None:
        """Something was erased in entry `seq`."""
        self.seq, self.since, self.trimmed = seq, time.monotonic(), False

    def next(self, committed: int, older: int) -> Step:
        """Return what is to be done next; `older`: the entry at which the older of two snapshots stands, 0 = there is none."""
        if not self.seq:
            return "nothing"
        if committed <= self.seq:
            return "entry"
        if older <= self.seq:
            return "snapshot"
        if not self.trimmed:
            return "trim"
        return "fanouts" if time.monotonic() >= self.since + self.age_s else "nothing"
