"""When Python's garbage collector works: little and often on new objects, and on all objects only in a quiet moment.

Our records hold no cycles (gc=False), so with its defaults the collector takes a quarter of a busy daemon's time and finds nothing.
It stops everything for about a third of a microsecond for each object that it looks at. For all records of a large desk that is a
hundred milliseconds. So it looks at a few thousand new objects at a time. Once an hour, in a quiet moment, it looks at the rest,
for the few cycles that libraries make and leave.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable

NEW = (10_000, 2, 1_000_000)
EVERY_S = 3_600.0
QUIET_S = 1.0
LATEST_S = 3_600.0  # a desk that is never quiet for so long is collected in a busy moment


def tidy_little() -> None:
    """Never look again at the objects that exist now, and look at new ones a few thousand at a time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*NEW)


async def tidy_when_quiet(moved: Callable[[], object]) -> None:
    """Look at all objects once an hour, as soon as `moved` has returned the same for a second. Runs until cancelled."""
    while True:
        await asyncio.sleep(EVERY_S)
        latest = time.monotonic() + LATEST_S
        while time.monotonic() < latest:
            before = moved()
            await asyncio.sleep(QUIET_S)
            if moved() == before:
                break
        gc.unfreeze()
        gc.collect()
        gc.freeze()
