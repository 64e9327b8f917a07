"""The newest steps by conversation: all that happened since the archive's last commit.

A transcript is what SQL holds up to its position, and the steps from here after it. So a line shows as soon as it is committed. The
tail is bounded: when the archive is far behind, the steps before the bound are read from the log itself.

The steps are indexed by pages of a few thousand steps in a row. A page is dropped whole as soon as the archive has all of it. To
delete each step from one large index cost more than to add it.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Sequence, Set
from typing import Any, get_args

from bridge.log.follower import START, Entry, Follower, LogReset, Position
from bridge.redis.store import StoreError
from routing.erasure import without
from routing.events import (
    CallOffered,
    CopyFailed,
    Event,
    Forwarded,
    Noticed,
    Offered,
    Opened,
    OwnDataOffered,
    Parked,
    Progressed,
    ReadUpTo,
    Received,
    Relayed,
    Revoked,
    Said,
    Step,
    TranscriptMailed,
    Turned,
)

TAIL_STEPS = 100_000
PAGE_STEPS = 4_000  # of one page, about: the steps of an entry stay together


class _Page:
    """The index of some entries in a row, up to `until`."""

    __slots__ = ("_ids", "_newest", "_steps", "count", "until")

    def __init__(self) -> None:
        self.until = 0
        self.count = 0
        self._steps: defaultdict[str, list[tuple[int, Step]]] = defaultdict(list)
        self._ids: dict[str, str] = {}
        self._newest: dict[tuple[str, str], str] = {}

    def keep(self, entry: Entry) -> None:
        """Take the next entry."""
        seq, held_steps, ids = entry.seq, self._steps, self._ids
        for step in entry.steps:
            pair = (seq, step)
            for event in step.events:
                kind = type(event)
                conversation: str = event.conversation if kind in _IN_CONVERSATION else ""  # type: ignore[union-attr]  # _IN_CONVERSATION says so
                if conversation:
                    held = held_steps[conversation]
                    if not held or held[-1] is not pair:
                        held.append(pair)
                if (name_of := _NAME.get(kind)) is not None:
                    ids[name_of(event)] = conversation
                elif isinstance(event, Opened):
                    self._newest[event.channel, event.address] = conversation
        self.until = seq
        self.count += len(entry.steps)

    def steps(self, conversation: str) -> Sequence[tuple[int, Step]]:
        """Return a conversation's steps, in order."""
        return self._steps.get(conversation, ())

    def newest(self, channel: str, sender: str) -> str:
        """Return the newest conversation of an address that began here, else ""."""
        return self._newest.get((channel, sender), "")

    def forget(self, gone: Set[str]) -> None:
        """Delete erased conversations."""
        for conversation in gone:
            self._steps.pop(conversation, None)
        for held in self._steps.values():
            held[:] = [(seq, without(step, gone)) if _any_concerns(step, gone) else (seq, step) for seq, step in held]
        self._newest = {place: conversation for place, conversation in self._newest.items() if conversation not in gone}

    def find(self, name: str) -> str:
        """Return the conversation of a message, delivery or network id, else ""."""
        return self._ids.get(name, "")


class Tail:
    """Steps that the archive has not committed yet, by conversation.

    `reached` returns the archive's position, once `loaded` is set.
    """

    def __init__(self, follower: Follower, reached: Callable[[], Position], loaded: asyncio.Event) -> None:
        self._loaded = loaded
        self._follower = follower
        self._reached = reached
        self._pages: deque[_Page] = deque()  # oldest first
        self._held = 0  # steps of all pages
        self.since = START
        self.position = START
        self.started = asyncio.Event()
        follower.on_forget.append(self._forget)

    async def run(self) -> None:
        """Follow until cancelled."""
        await self._loaded.wait()
        self._restart(self._reached())
        self.started.set()
        while True:
            try:
                self._take(await self._follower.since(self.position))
            except LogReset:
                self._restart(self._follower.last)
            except (StoreError, OSError):
                await asyncio.sleep(0.2)

    def _restart(self, start: Position) -> None:
        self._pages.clear()
        self._held = 0
        self.since = self.position = start

    def _forget(self, gone: Set[str]) -> None:
        for page in self._pages:
            page.forget(gone)

    def _take(self, entries: Sequence[Entry]) -> None:
        pages = self._pages
        for entry in entries:
            if not pages or pages[-1].count >= PAGE_STEPS:
                pages.append(_Page())
            pages[-1].keep(entry)
            self._held += len(entry.steps)
        self.position = entries[-1].position
        self._prune()

    def _prune(self) -> None:
        """Drop the pages that the archive has, and the oldest ones beyond the bound."""
        done = self._reached().seq
        while self._pages and (self._pages[0].until <= done or self._held > TAIL_STEPS):
            page = self._pages.popleft()
            self._held -= page.count
            self.since = Position(self.since.epoch, page.until)

    def newest(self, channel: str, sender: str) -> str:
        """Return the newest conversation of an address, if it began after the archive's position, else ""."""
        return next(filter(None, (page.newest(channel, sender) for page in reversed(self._pages))), "")

    async def steps(self, conversation: str, after: Position) -> list[tuple[int, Step]]:
        """Return the steps that concern a conversation after `after`, in order. Raises LogReset, StoreUnavailable."""
        held = [found for page in self._pages for found in page.steps(conversation) if found[0] > after.seq]
        if after.seq >= self.since.seq:
            return held
        return await self._read(conversation, after) + held

    async def _read(self, conversation: str, after: Position) -> list[tuple[int, Step]]:
        """Read the steps between `after` and the first page from the log."""
        found: list[tuple[int, Step]] = []
        position, until = after, self.since.seq
        while position.seq < until:
            entries = await self._follower.since(position, wait=False)
            if not entries:
                break
            for entry in entries:
                if entry.seq <= until:
                    steps = (step for step in entry.steps if _concerns(step, conversation))
                    found += [(entry.seq, step) for step in steps]
            position = entries[-1].position
        return found

    def find(self, ids: Sequence[str]) -> str:
        """Return the conversation of a message or delivery that the archive does not hold yet, else ""."""
        return next(filter(None, (page.find(name) for name in ids for page in reversed(self._pages) if name)), "")


def _concerns(step: Step, conversation: str) -> bool:
    return _any_concerns(step, {conversation})


def _any_concerns(step: Step, conversations: Set[str]) -> bool:
    return any(getattr(event, "conversation", "") in conversations for event in step.events)


# The id by which an event's message or delivery may be asked for.
_NAME: dict[type, Callable[[Any], str]] = {
    Received: lambda event: event.message.id,
    Said: lambda event: event.delivery.id,
    Forwarded: lambda event: event.delivery.id,
    Noticed: lambda event: event.delivery.id,
    CallOffered: lambda event: event.delivery.id,
    OwnDataOffered: lambda event: event.delivery.id,
    Progressed: lambda event: event.network_id,
}
# Events that name a message or delivery by which nobody asks for a conversation: the event that brought it is named above, or
# it is not kept, went to a librarian, or to an address that nobody at the desk may learn.
UNNAMED: frozenset[type] = frozenset(
    {CopyFailed, Turned, Offered, Revoked, Relayed, ReadUpTo, TranscriptMailed, Parked}
)
_IN_CONVERSATION = frozenset(kind for kind in get_args(Event) if "conversation" in kind.__struct_fields__)
