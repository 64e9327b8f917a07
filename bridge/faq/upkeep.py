"""What the FAQ needs without anybody asking: old counts go, and links are looked for that lead nowhere.

Entries that were changed are looked at within the hour, all of them once a week. Only the process that leads does it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection

import structlog

from bridge.faq.link_check import check_library
from bridge.sql.archive import Archive

LOOK_S = 3_600.0
ALL_S = 7 * 86_400.0

log = structlog.get_logger("bridge.faq.upkeep")


class FaqUpkeep:
    """The upkeep of one consortium's FAQ. `libraries` names its libraries, `leads` says whether this process is to work now."""

    def __init__(
        self,
        archive: Archive,
        libraries: Callable[[], Awaitable[Collection[str]]],
        leads: Callable[[], bool],
        allowed: Collection[str],
    ) -> None:
        self._archive = archive
        self._libraries = libraries
        self._leads = leads
        self._allowed = allowed

    async def run(self) -> None:
        """Look once an hour, until cancelled."""
        since, whole = int(time.time() * 1000), time.monotonic()
        while True:
            await asyncio.sleep(LOOK_S)
            if not self._leads():
                continue
            begun = int(time.time() * 1000)
            if time.monotonic() - whole >= ALL_S:
                since, whole = 0, time.monotonic()
            await self.look(since)
            since = begun

    async def look(self, since: int) -> int:
        """Forget old counts and look at the links of entries changed since `since` (ms); return how many lead nowhere."""
        await self._archive.faq_counts.sweep()
        found = 0
        for library in await self._libraries():
            entries, counts = self._archive.faq, self._archive.faq_counts
            found += await check_library(library, entries, counts, self._allowed, since=since)
        if found:
            log.info("faq-links-broken", links=found)
        return found
