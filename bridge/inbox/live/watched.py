"""A conversation that a page has open: its newest lines, so that a delivery's tick can be told as the whole line again.

First the transcript is read, then what happened meanwhile is applied, by the archive's own rule. Lines are added once, and stages
end where the log ends, also where the two overlap.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from bridge.inbox.services import InboxServices
from bridge.log.follower import LogReset, Position
from bridge.sql.transcripts.lines import ReadBy, Staged, TranscriptLine, amend, changes
from routing.events import Step

HELD = 500  # lines read at once
MOST = 2_000  # lines held
PATIENCE_S = 5.0
LOOK_S = 0.01

Steps = Sequence[tuple[int, Step]]


class Watched:
    """The lines of one conversation, and of those merged with it, as one page holds them."""

    def __init__(self, conversation: str, merged: Iterable[str] = ()) -> None:
        self.conversation = conversation
        self.members = (conversation, *merged)
        self._lines: dict[str, dict[str, TranscriptLine]] = {member: {} for member in self.members}
        self._early: list[tuple[str, Steps]] = []
        self._loaded = False
        self.answered = True  # False: the page waits to hear that it is being watched
        self._changed: dict[tuple[str, str], None] = {}
        self._hidden: set[str] = set()

    def show(self, member: str, *, visible: bool) -> None:
        """Say whether one of the conversations may be seen now; while it may not, what changes in it is held back."""
        (self._hidden.discard if visible else self._hidden.add)(member)

    async def load(self, services: InboxServices, since: Position | None, heard: Position) -> None:
        """Read the transcript and mark what changed after `since`; `heard` is the entry after which `take` is called.

        Raises Reset when the page has missed more than is held, TimeoutError when transcripts stay behind.
        """
        await _caught_up(services, heard)
        for member in self.members:
            steps = await services.tail.steps(member, since) if since is not None else []
            lines = await services.reader.transcript(member, limit=HELD)
            self._lines[member] = {line.id: line for line in lines}
            for seq, step in steps:
                self._mark(member, step, seq)
        if any(name not in self._lines[member] for member, name in self._changed):
            raise LogReset("missed more lines than are held")
        self._loaded = True
        self.answered = False
        for member, early in self._early:
            self.take(member, early)
        self._early = []

    def take(self, member: str, steps: Steps) -> None:
        """Apply what happened in one of the conversations, in order."""
        if not self._loaded:
            self._early.append((member, steps))
            return
        lines = self._lines[member]
        for seq, step in steps:
            for change in changes(step, seq):
                if not isinstance(change, TranscriptLine) or change.conversation == member:
                    amend(lines, change)
            self._mark(member, step, seq)

    def _mark(self, member: str, step: Step, seq: int) -> None:
        """Remember which lines a step adds or changes."""
        lines = self._lines[member]
        for change in changes(step, seq):
            match change:
                case TranscriptLine() if change.conversation == member:
                    self._changed[member, change.id] = None
                case Staged() if change.line in lines:
                    self._changed[member, change.line] = None
                case ReadBy() if change.conversation == member:
                    read = (line.id for line in lines.values() if line.who == "patron" and line.stage == "read")
                    self._changed.update({(member, name): None for name in read})

    def changed_lines(self) -> list[TranscriptLine]:
        """Return the lines that may be seen and are new or changed since this was last asked."""
        self.answered = True
        told = [each for each in self._changed if each[0] not in self._hidden]
        for each in told:
            del self._changed[each]
        found = [self._lines[member][name] for member, name in told if name in self._lines[member]]
        for lines in self._lines.values():
            for name in list(lines)[: max(0, len(lines) - MOST)]:
                del lines[name]
        return found

    @property
    def waiting(self) -> bool:
        """Whether there may be something to tell: lines, or that everything since the page's position is told from now on."""
        return self._loaded and (bool(self._changed) or not self.answered)

    @property
    def hidden(self) -> bool:
        """Whether the conversation itself may not be seen now."""
        return self.conversation in self._hidden


async def _caught_up(services: InboxServices, heard: Position) -> None:
    """Wait until transcripts know what the pages have heard. Raises TimeoutError."""
    for _ in range(int(PATIENCE_S / LOOK_S)):
        if services.tail.position.seq >= heard.seq:
            return
        await asyncio.sleep(LOOK_S)
    raise TimeoutError
