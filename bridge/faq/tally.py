"""Counts of the public pages, gathered in memory and written every few seconds: a page waits for no disk.

A process that dies loses the last seconds' counts, which are numbers without people.
"""

from __future__ import annotations

import asyncio
from collections import Counter

import structlog

from bridge.sql.faq.counts import Counted, FaqCounts

WRITE_S = 5.0
MOST_WAITING = 10_000  # kinds of counts that wait for a database that is away

log = structlog.get_logger("bridge.faq.tally")


class FaqTally:
    """Counts until `run` writes them."""

    def __init__(self, counts: FaqCounts) -> None:
        self._counts = counts
        self._waiting: Counter[tuple[str, Counted]] = Counter()

    def count(self, entry: str, what: Counted) -> None:
        """Count something about an entry."""
        if len(self._waiting) < MOST_WAITING:
            self._waiting[entry, what] += 1

    async def write(self) -> None:
        """Write what was counted; what cannot be written waits."""
        for key, by in list(self._waiting.items()):
            await self._counts.count(*key, by)
            self._waiting[key] -= by
            if not self._waiting[key]:
                del self._waiting[key]

    async def run(self) -> None:
        """Write every few seconds until cancelled, and once more then."""
        while True:
            try:
                await asyncio.sleep(WRITE_S)
                await self._try()
            except asyncio.CancelledError:
                await self._try()
                raise

    async def _try(self) -> None:
        try:
            await self.write()
        except Exception as error:
            log.warning("faq-counts-wait", error=type(error).__name__)
