"""The newest steps by conversation: what happened since the archive's last commit.

A transcript is what SQL holds up to its position, continued from here, so that a line shows as soon as it is committed.
Bounded: when the archive is far behind, the steps before the bound are read from the log itself.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any, get_args

from bridge.follower import START, Entry, Follower, Position, Reset
from bridge.store import StoreError
from routing.events import Event, Noticed, Opened, Progressed, Received, Said, Step

TAIL_STEPS = 100_000


class Tail:
    """Steps that the archive has not committed yet, by conversation.

    `reached` tells how far it has, once `loaded` is set.
    """

    def __init__(self, follower: Follower, reached: Callable[[], Position], loaded: asyncio.Event) -> None:
        self._loaded = loaded
        self._follower = follower
        self._reached = reached
        self._steps: defaultdict[str, list[tuple[int, Step]]] = defaultdict(list)
        self._order: deque[tuple[int, tuple[str, ...], tuple[str, ...]]] = deque()  # seq, conversations, ids
        self._ids: dict[str, tuple[int, str]] = {}
        self._newest: dict[tuple[str, str], str] = {}
        self._addresses: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
        self.since = START
        self.position = START
        self.started = asyncio.Event()

    async def run(self) -> None:
        """Follow until cancelled."""
        await self._loaded.wait()
        self._restart(self._reached())
        self.started.set()
        while True:
            try:
                self._take(await self._follower.since(self.position))
            except Reset:
                self._restart(self._follower.last)
            except (StoreError, OSError):
                await asyncio.sleep(0.2)

    def _restart(self, start: Position) -> None:
        for held in (self._steps, self._order, self._ids, self._newest, self._addresses):
            held.clear()
        self.since = self.position = start

    def _take(self, entries: Sequence[Entry]) -> None:
        keep = self._keep
        for entry in entries:
            seq = entry.seq
            for step in entry.steps:
                keep(seq, step)
        self.position = entries[-1].position
        self._prune()

    def _keep(self, seq: int, step: Step) -> None:
        talks: tuple[str, ...] = ()
        ids: tuple[str, ...] = ()
        for event in step.events:
            kind = type(event)
            talk: str = event.conversation if kind in _TALKED else ""  # type: ignore[union-attr]  # what _TALKED means
            if talk and talk not in talks:
                talks += (talk,)
                self._steps[talk].append((seq, step))
            if isinstance(event, Opened):
                self._newest[event.channel, event.address] = talk
                self._addresses[talk].append((event.channel, event.address))
            elif (name_of := _NAME.get(kind)) is not None and (name := name_of(event)):
                self._ids[name] = (seq, talk)
                ids += (name,)
        if talks:
            self._order.append((seq, talks, ids))

    def _prune(self) -> None:
        done, since = self._reached().seq, self.since.seq
        while self._order and (self._order[0][0] <= done or len(self._order) > TAIL_STEPS):
            seq, talks, ids = self._order.popleft()
            for talk in talks:
                self._drop(talk, max(seq, done))
            for name in ids:
                if self._ids.get(name, (seq + 1, ""))[0] <= seq:
                    del self._ids[name]
            since = max(seq, since)
        self.since = Position(self.since.epoch, since)

    def _drop(self, talk: str, seq: int) -> None:
        """Drop a conversation's steps up to `seq`, all at once: their later turns in the order find nothing left."""
        steps = self._steps.get(talk)
        if steps is None:
            return
        if steps[-1][0] > seq:
            del steps[: bisect_right(steps, seq, key=itemgetter(0))]
            return
        del self._steps[talk]
        for address in self._addresses.pop(talk, ()):
            if self._newest.get(address) == talk:
                del self._newest[address]

    def newest(self, channel: str, sender: str) -> str:
        """Return the newest conversation of an address, if it began since what the archive holds."""
        return self._newest.get((channel, sender), "")

    async def steps(self, conversation: str, after: Position) -> list[tuple[int, Step]]:
        """Return the steps that concern a conversation after `after`, in order."""
        held = [found for found in self._steps.get(conversation, ()) if found[0] > after.seq]
        if after.seq >= self.since.seq:
            return held
        return await self._read(conversation, after) + held

    async def _read(self, conversation: str, after: Position) -> list[tuple[int, Step]]:
        """Read what lies between the archive's position and what is held here from the log."""
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
        return next((self._ids[name][1] for name in ids if name in self._ids), "")


def _concerns(step: Step, conversation: str) -> bool:
    return any(getattr(event, "conversation", "") == conversation for event in step.events)


# The id by which an event's message or delivery may be asked for.
_NAME: dict[type, Callable[[Any], str]] = {
    Received: lambda event: event.message.id,
    Said: lambda event: event.delivery.id,
    Noticed: lambda event: event.delivery.id,
    Progressed: lambda event: event.network_id,
}
_TALKED = frozenset(kind for kind in get_args(Event) if "conversation" in kind.__struct_fields__)
