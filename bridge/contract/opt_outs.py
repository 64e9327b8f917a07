"""Opt-outs from texts: the words that a carrier obeys, and who has said them. For every channel that sends texts.

An opt-out (CTIA, "Messaging Principles and Best Practices") is kept for each pair of our number, or our whole service, and theirs.
The last word counts by its own time, since a list may bring an older one later. One text counts once, however often it comes.
The words count when they are all that a text says, in capitals or not.

Every process of a channel asks before it sends, since another one may have heard a STOP a moment ago. No opt-out is ever dropped to
make room: a text that cannot be remembered is not acknowledged.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from bridge.contract.memory import Memory, MemoryKind, MemoryRow, former_lines

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


class LastWord(msgspec.Struct, frozen=True, array_like=True):
    """What was said last for one pair, by which text."""

    text_id: str
    out: bool


def _former(raw: bytes, written: int) -> Iterator[MemoryRow]:
    """Read the lines of an earlier version: text id, ours, theirs, ms, out."""
    for text_id, ours, theirs, at, out in former_lines(raw, tuple[str, str, str, int, bool]):
        yield MemoryRow(_pair(ours, theirs), msgspec.json.encode(LastWord(text_id, out)), at)


def _pair(ours: str, theirs: str) -> str:
    return f"{ours}\t{theirs}"


OPT_OUTS = MemoryKind(name="opt-outs", most=500_000, full="refuse", former="opt-outs", read=_former)


class OptOuts:
    """The opt-outs of one channel. All raise Busy while they cannot be read or kept: the text is to come again, or to go later."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    async def opted_out(self, ours: str, theirs: str) -> bool:
        """Say whether the last word of `theirs` to `ours` was to send nothing more."""
        return (await self._last(ours, theirs)).out

    async def obey(self, text_id: str, ours: str, theirs: str, at: int, word: Command) -> list[str]:
        """Remember what the word of a text says, and return the marks that tell a librarian.

        A START that ended an opt-out may come twice, by a webhook and by a list: it is marked the same both times.
        """
        if word not in ("STOP", "START"):
            return []
        last = await self._last(ours, theirs)
        if (word == "STOP" or last.out) and last.text_id != text_id:
            await self.opt(text_id, ours, theirs, at, out=word == "STOP")
        if word == "STOP":
            return ["opted-out"]
        return ["opted-in"] if last.out or last.text_id == text_id else []

    async def opt(self, text_id: str, ours: str, theirs: str, at: int, *, out: bool) -> None:
        """Remember what a text said at `at` (ms)."""
        row = MemoryRow(_pair(ours, theirs), msgspec.json.encode(LastWord(text_id, out)), at)
        await self._memory.put(OPT_OUTS, [row])

    async def _last(self, ours: str, theirs: str) -> LastWord:
        rows = await self._memory.rows(OPT_OUTS, [_pair(ours, theirs)])
        return msgspec.json.decode(rows[0].value, type=LastWord) if rows else LastWord("", False)
