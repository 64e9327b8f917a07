"""What the channel must know after a restart: who texted STOP, and which message of Twilio's is which delivery of ours.

Opt-outs (CTIA, "Messaging Principles and Best Practices"): kept for each pair of our number, or our Messaging Service, and theirs;
the last word counts by its own time, for the list may bring an older one later. One text counts once, however often it comes.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from adapters.sms.journal import Journal, Row

KEPT_MS = 3 * 86_400_000  # longer than a delivery may wait


class OptOuts:
    """The opt-outs of one channel, and its submissions. Nothing is read before `load`."""

    def __init__(self, folder: Path | None) -> None:
        self._words = Journal(folder, "opt-outs")
        self._submissions = Journal(folder, "submissions")
        self._pairs: dict[tuple[str, str], tuple[int, bool]] = {}
        self._counted: set[str] = set()
        self._ended: set[str] = set()
        self._deliveries: dict[str, str] = {}
        self._sids: dict[str, str] = {}
        self._loading = asyncio.Lock()
        self._loaded = False

    async def load(self) -> None:
        """Read what was written, once."""
        async with self._loading:
            if self._loaded:
                return
            for row in await self._words.read():
                self._word(*row)
            since = int(time.time() * 1000) - KEPT_MS
            for row in await self._submissions.read(lambda row: len(row) == 3 and row[2] > since):
                self._submission(row)
            self._loaded = True

    # -- opt-outs

    def opted_out(self, ours: str, theirs: str) -> bool:
        """Whether the last word of `theirs` to `ours` was to send nothing more."""
        return self._pairs.get((ours, theirs), (0, False))[1]

    def opted_in(self, sid: str) -> bool:
        """Whether text `sid` ended an opt-out: it may come twice, by the webhook and by the list."""
        return sid in self._ended

    async def opt(self, sid: str, ours: str, theirs: str, at: int, *, out: bool) -> None:
        """Remember what text `sid` said at `at` (ms). Raises OSError: it is to come again then."""
        if sid not in self._counted:
            await self._words.add([sid, ours, theirs, at, out])
            self._word(sid, ours, theirs, at, out)

    def _word(self, sid: str, ours: str, theirs: str, at: int, out: bool) -> None:
        self._counted.add(sid)
        if not out:
            self._ended.add(sid)
        if at >= self._pairs.get((ours, theirs), (0, False))[0]:
            self._pairs[ours, theirs] = at, out

    # -- submissions

    def sid(self, delivery: str) -> str:
        """Return Twilio's id of a delivery, "" when it is not known."""
        return self._sids.get(delivery, "")

    def delivery(self, sid: str) -> str:
        """Return the delivery that a message of Twilio's is, "" when it is not known."""
        return self._deliveries.get(sid, "")

    async def submitted(self, delivery: str, sid: str) -> None:
        """Remember that `sid` is `delivery`."""
        if self._deliveries.get(sid) != delivery:
            row = [delivery, sid, int(time.time() * 1000)]
            self._submission(row)
            await self._submissions.add(row)

    def _submission(self, row: Row) -> None:
        delivery, sid, _ = row
        self._sids[delivery], self._deliveries[sid] = sid, delivery
