"""Opt-outs from texts: the words that a carrier obeys, and who has said them. For every channel that sends texts.

An opt-out (CTIA, "Messaging Principles and Best Practices") is kept for each pair of our number, or our whole service, and theirs.
The last word counts by its own time, since a list may bring an older one later. One text counts once, however often it comes.
The words count when they are all that a text says, in capitals or not.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Literal

from bridge.contract.journal import Journal

STOP = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"})
START = frozenset({"START", "YES", "UNSTOP"})
HELP = frozenset({"HELP", "INFO"})

Command = Literal["", "STOP", "START", "HELP"]


def command(text: str, told: str = "") -> Command:
    """Return what a text tells a carrier to do. `told` is the carrier's own reading of it, where it gives one."""
    said = told.strip().upper() or text.strip().upper()
    if said in STOP:
        return "STOP"
    if said in START:
        return "START"
    return "HELP" if said in HELP else ""


class OptOuts:
    """The opt-outs of one channel, kept in its folder. Nothing is read before `load`."""

    def __init__(self, folder: Path | None) -> None:
        self._words = Journal(folder, "opt-outs")
        self._pairs: dict[tuple[str, str], tuple[int, bool]] = {}
        self._counted: set[str] = set()
        self._ended: set[str] = set()
        self._loading = asyncio.Lock()
        self._loaded = False

    async def load(self) -> None:
        """Read what was written, once."""
        async with self._loading:
            if not self._loaded:
                for row in await self._words.read():
                    self._word(*row)
                self._loaded = True

    def opted_out(self, ours: str, theirs: str) -> bool:
        """Say whether the last word of `theirs` to `ours` was to send nothing more."""
        return self._pairs.get((ours, theirs), (0, False))[1]

    def opted_in(self, text_id: str) -> bool:
        """Say whether a text ended an opt-out: it may come twice, by a webhook and by a list."""
        return text_id in self._ended

    async def obey(self, text_id: str, ours: str, theirs: str, at: int, word: Command) -> list[str]:
        """Remember what the word of a text says, and return the marks that tell a librarian. Raises OSError: it comes again."""
        out = self.opted_out(ours, theirs)
        if word == "STOP" or (word == "START" and out):
            await self.opt(text_id, ours, theirs, at, out=word == "STOP")
        if word == "STOP":
            return ["opted-out"]
        return ["opted-in"] if word == "START" and (out or self.opted_in(text_id)) else []

    async def opt(self, text_id: str, ours: str, theirs: str, at: int, *, out: bool) -> None:
        """Remember what a text said at `at` (ms). Raises OSError: it is to come again then."""
        if text_id not in self._counted:
            await self._words.add([text_id, ours, theirs, at, out])
            self._word(text_id, ours, theirs, at, out)

    def _word(self, text_id: str, ours: str, theirs: str, at: int, out: bool) -> None:
        self._counted.add(text_id)
        if not out:
            self._ended.add(text_id)
        if at >= self._pairs.get((ours, theirs), (0, False))[0]:
            self._pairs[ours, theirs] = at, out
