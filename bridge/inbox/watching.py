"""A conversation that a page has open: its newest lines, so that a delivery's tick can be told as the whole line again.

First the transcript is read, then what happened meanwhile is applied, by the archive's own rule: lines are added once and stages
end where the log ends, whatever overlaps.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from bridge.archive.lines import Line, ReadBy, Staged, amend, changes
from bridge.follower import Position, Reset
from bridge.inbox.room import Room
from routing.events import Step

HELD = 500
PATIENCE_S = 5.0
LOOK_S = 0.01

Steps = Iterable[tuple[int, Step]]


class Watched:
    """The lines of one conversation as one page holds them."""

    def __init__(self, conversation: str) -> None:
        self.conversation = conversation
        self._lines: dict[str, Line] = {}
        self._early: list[tuple[int, Step]] = []
        self._loaded = False
        self._changed: dict[str, None] = {}

    async def load(self, room: Room, since: Position | None, heard: Position) -> None:
        """Read the transcript and mark what changed after `since`; `heard` is the entry after which `take` is called.

        Raises Reset when the page has missed more than is held.
        """
        await _caught_up(room, heard)
        steps = await room.tail.steps(self.conversation, since) if since is not None else []
        lines = await room.reader.transcript(self.conversation, limit=HELD)
        self._lines = {line.id: line for line in lines}
        for seq, step in steps:
            self._mark(step, seq)
        if any(name not in self._lines for name in self._changed):
            raise Reset("missed more lines than are held")
        self._loaded = True
        self.take(self._early)
        self._early = []

    def take(self, steps: Steps) -> None:
        """Apply what happened, in order."""
        if not self._loaded:
            self._early += steps
            return
        for seq, step in steps:
            for change in changes(step, seq):
                if not isinstance(change, Line) or change.conversation == self.conversation:
                    amend(self._lines, change)
            self._mark(step, seq)

    def _mark(self, step: Step, seq: int) -> None:
        """Remember which lines a step adds or changes."""
        for change in changes(step, seq):
            match change:
                case Line():
                    if change.conversation == self.conversation:
                        self._changed[change.id] = None
                case Staged():
                    if change.line in self._lines:
                        self._changed[change.line] = None
                case ReadBy():
                    if change.conversation == self.conversation:
                        read = (
                            line.id for line in self._lines.values() if line.who == "patron" and line.stage == "read"
                        )
                        self._changed.update(dict.fromkeys(read))

    def news(self) -> list[Line]:
        """Return the lines that are new or changed since this was last asked."""
        found = [self._lines[name] for name in self._changed if name in self._lines]
        self._changed.clear()
        for name in list(self._lines)[: max(0, len(self._lines) - 4 * HELD)]:
            del self._lines[name]
        return found

    @property
    def waiting(self) -> bool:
        """Whether there is something to tell."""
        return bool(self._changed)


async def _caught_up(room: Room, heard: Position) -> None:
    """Wait until transcripts know what the pages have heard. Raises TimeoutError."""
    for _ in range(int(PATIENCE_S / LOOK_S)):
        if room.tail.position.seq >= heard.seq:
            return
        await asyncio.sleep(LOOK_S)
    raise TimeoutError
