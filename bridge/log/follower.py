"""One reader of the log in each process, shared by everything here that follows it.

The rule is Zulip's: old state + the events since = new state. A follower holds the id of the last entry it saw and asks for the
entries after it; it never asks a clock. Entries are read and decoded once and kept in a bounded ring. Every consumer pulls at its
own speed, so a slow archive delays no other. A consumer behind the ring reads the stream itself. One behind the stream, which is
trimmed, gets `LogReset` and loads the state again.

A position is `<epoch>:<seq>`. Each lease of the core has a new random epoch, because after a failover the same sequence numbers can
come again with other content. A position with another epoch than the log's is unknown, and unknown means `LogReset`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Set

import msgspec
import structlog
from msgspec.structs import force_setattr

from bridge.redis.store import LogEntry, Store, StoreError
from bridge.runtime.backoff import Backoff
from routing.erasure import without
from routing.events import Step
from routing.wire import decode_steps

_log = structlog.get_logger(__name__)

RING_STEPS = 50_000
BLOCK_MS = 5_000
READ_COUNT = 64
AT_ONCE = 1_000  # steps handed to one consumer before others get their turn, about
LONGEST_SEQ = 18  # digits: as an id of a stream it has 64 bits


class LogReset(Exception):
    """The position is unknown, or older than all that the log still holds: load the state again."""


class Position(msgspec.Struct, frozen=True, gc=False):
    """A place in the log; `Position("", 0)` is before its first entry."""

    epoch: str
    seq: int

    @classmethod
    def parse(cls, text: str) -> Position:
        """Read `<epoch>:<seq>`. Raises LogReset for any other text."""
        epoch, colon, seq = text.rpartition(":")
        if not colon or not seq.isascii() or not seq.isdigit() or len(seq) > LONGEST_SEQ:
            raise LogReset(f"not a position: {text[:40]!r}")
        return cls(epoch, int(seq))

    def __str__(self) -> str:
        return f"{self.epoch}:{self.seq}"


START = Position("", 0)


class Entry(msgspec.Struct, frozen=True, gc=False):
    """A decoded log entry: the steps of one commit."""

    epoch: str
    seq: int
    steps: list[Step]

    @property
    def position(self) -> Position:
        """The entry's place in the log."""
        return Position(self.epoch, self.seq)


def _concerns(step: Step, conversations: Set[str]) -> bool:
    return any(getattr(event, "conversation", "") in conversations for event in step.events)


def decoded(raw: LogEntry) -> Entry:
    """Return a log entry as it was decided."""
    steps = decode_steps(raw.steps)
    for n, step in enumerate(steps):
        force_setattr(step, "n", n)  # it is frozen for others, who have not seen it yet
    return Entry(raw.epoch, raw.seq, steps)


class Follower:
    """Reads one consortium's log and hands it on; `run` must be running for `since` to see new entries."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._ring: deque[Entry] = deque()
        self._steps = 0
        self._last = START
        self._arrival: asyncio.Future[None] | None = None
        self.on_forget: list[Callable[[Set[str]], None]] = []

    @property
    def last(self) -> Position:
        """The newest entry that this process has read."""
        return self._last

    async def run(self) -> None:
        """Follow until cancelled; wait for a store that is away.

        If the log holds an event that this release does not know, wait too, until the operator starts the newer release here. A
        reader that skipped the event would have another state than all other processes.
        """
        pause, unknown = 0.05, Backoff(first=2.0, most=60.0)
        while True:
            try:
                await self._start()
                pause = 0.05
                while True:
                    raws = await self._store.read_log(self._last.seq, count=READ_COUNT, block_ms=BLOCK_MS)
                    for n, raw in enumerate(raws):
                        if n:
                            await asyncio.sleep(0)
                        self._take([raw])
            except (StoreError, OSError) as error:
                _log.warning("log-away", error=type(error).__name__)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 2.0)
            except msgspec.DecodeError as error:
                _log.error(
                    "log-of-a-newer-release", after=str(self._last), error=str(error), do="run that release here too"
                )
                await asyncio.sleep(unknown.next())

    async def _start(self) -> None:
        """Continue at our last entry, or begin at the log's newest one; a log that was rewound empties the ring."""
        _, newest = await self._store.log_range()
        if self._last != START and newest >= self._last.seq and await self._holds(self._last):
            return
        self._ring.clear()
        self._steps = 0
        found = await self._store.read_log(max(newest - 1, 0), count=1, block_ms=0) if newest else []
        self._last = START
        self._take(found)
        self._tell()

    async def _holds(self, position: Position) -> bool:
        if position.seq < 1:
            return False
        found = await self._store.read_log(position.seq - 1, count=1, block_ms=0)
        return bool(found) and found[0].seq == position.seq and found[0].epoch == position.epoch

    def _take(self, raws: list[LogEntry]) -> None:
        for raw in raws:
            entry = decoded(raw)
            if self._ring and entry.seq != self._last.seq + 1:
                self._ring.clear()  # trimmed while this process hung: consumers before the gap load again
                self._steps = 0
            self._ring.append(entry)
            self._steps += len(entry.steps) + 1
            self._last = entry.position
        while self._steps > RING_STEPS and len(self._ring) > 1:
            self._steps -= len(self._ring.popleft().steps) + 1
        if raws:
            self._tell()

    async def forget(self, gone: Set[str], until: int) -> None:
        """Delete erased conversations from the ring, and have those listeners delete them that hold copies.

        Only entries up to `until` are changed: all consumers must have read them.
        """
        for entry in list(self._ring):
            if entry.seq <= until:
                entry.steps[:] = [without(step, gone) if _concerns(step, gone) else step for step in entry.steps]
                await asyncio.sleep(0)
        for tell in self.on_forget:
            tell(gone)

    def _tell(self) -> None:
        if self._arrival is not None and not self._arrival.done():
            self._arrival.set_result(None)
        self._arrival = None

    async def since(self, position: Position, *, wait: bool = True) -> list[Entry]:
        """Return entries after `position`, in order; with `wait`, at least one. Raises LogReset, StoreUnavailable.

        A consumer that is far behind gets a portion and asks again; other tasks get their turn in between.
        """
        while True:
            found = await self._after(position)
            if found or not wait:
                if found and found[-1].seq < self._last.seq:
                    await asyncio.sleep(0)
                return found
            if self._arrival is None:
                self._arrival = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._arrival)

    async def _after(self, position: Position) -> list[Entry]:
        if position == self._last:
            return []
        if self._ring and self._ring[0].seq <= position.seq <= self._last.seq:
            return self._from_ring(position)
        return await self._from_store(position)

    def _from_ring(self, position: Position) -> list[Entry]:
        start = position.seq - self._ring[0].seq
        if self._ring[start].epoch != position.epoch:
            raise LogReset("another epoch")
        found, steps = list[Entry](), 0
        for n in range(start + 1, len(self._ring)):  # usually only the newest entries are asked for
            entry = self._ring[n]
            found.append(entry)
            steps += len(entry.steps)
            if steps >= AT_ONCE:
                break
        return found

    async def _from_store(self, position: Position) -> list[Entry]:
        if position != START and not await self._holds(position):
            raise LogReset("no longer in the log")
        raws = await self._store.read_log(position.seq, count=READ_COUNT, block_ms=0)
        if raws and raws[0].seq != position.seq + 1:
            raise LogReset("trimmed")
        found = []
        for raw in raws:
            found.append(decoded(raw))
            await asyncio.sleep(0)
        return found
