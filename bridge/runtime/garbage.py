"""When Python's collector of cycles works: little and often on what is new, and on everything only while nobody talks.

Our records hold no cycles (gc=False), so by its defaults it takes a quarter of a busy daemon's time and finds nothing. It stops
everything for about a third of a microsecond for each object that it looks at: a hundred milliseconds for the records of a
large desk, if it may look at them all. So it looks at a few thousand new ones at a time; and at the rest once an hour, in a quiet
moment, for the few cycles that libraries make and leave.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable

NEW = (10_000, 2, 1_000_000)
EVERY_S = 3_600.0
QUIET_S = 1.0
LATEST_S = 3_600.0  # a desk that is never quiet for so long is tidied all the same


def tidy_little() -> None:
    """Leave alone for good what is loaded by now, and look at new objects a few thousand at a time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*NEW)


async def tidy_when_quiet(moved: Callable[[], object]) -> None:
    """Look at everything once an hour, as soon as `moved` has answered the same for a second; until cancelled."""
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
