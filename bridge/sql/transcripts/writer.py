"""The follower that writes the log to SQL: each entry exactly once.

A batch of entries becomes rows in one transaction together with the position reached, and the position is changed by
compare-and-set. So a crash leaves either both or neither. Of two processes that follow the same log one wins each batch,
and the other reads the position again.

A step that no database would take is set aside, and the rest goes on: bridge/sql/transcripts/rejected_steps.py says when.

Nothing is written before the store's barrier says that the entries are replicated, so the archive never knows more than the log.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress

import structlog
from sqlalchemy import insert, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bridge.log.follower import START, Entry, Follower, LogReset, Position, decoded
from bridge.log.traces import MessageTraces
from bridge.redis.store import Store, StoreError
from bridge.sql import tables
from bridge.sql.database import database_word
from bridge.sql.privacy.erasures import erase
from bridge.sql.rows import ignoring
from bridge.sql.transcripts import rejected_steps
from bridge.sql.transcripts.batch_size import BatchSize
from bridge.sql.transcripts.write_batch import WriteBatch, write_lines
from routing.events import Step

_log = structlog.get_logger(__name__)

NAME = "archive"
GATHER_S = 0.05  # between two readings: transactions cost more than rows, and readers have the tail meanwhile
REST = 9  # times as long as the last transactions took, while they are no more than
LATE_S = 5.0  # behind: a burst of talk goes before search and reports


def archive_name(consortium: str) -> str:
    """Return the name under which a consortium's log is followed."""
    return f"{NAME}:{consortium}"


class Moved(Exception):
    """Another process wrote this batch; the position is to be read again."""


class Writer:
    """Writes one consortium's log to the archive; `position` is what is committed."""

    def __init__(self, engine: AsyncEngine, store: Store, follower: Follower, consortium: str) -> None:
        self._engine = engine
        self._store = store
        self._follower = follower
        self.name = archive_name(consortium)
        self.position = START
        self.loaded = asyncio.Event()
        self.traces: MessageTraces | None = None  # where messages are traced
        self.trouble = ""  # why nothing could be written the last time
        self._moved = asyncio.Event()
        self._batch_size = BatchSize()

    async def run(self) -> None:
        """Follow until cancelled; a database or store that is away is waited for."""
        pause = 0.1
        while True:
            try:
                await self._load()
                while True:
                    await self._take_turn()
                    pause, self.trouble = 0.1, ""
            except Moved:
                continue
            except (SQLAlchemyError, StoreError, OSError) as error:
                self.trouble = "" if isinstance(error, StoreError) else f"cannot be written ({database_word(error)})"
                _log.warning("archive-behind", error=type(error).__name__, position=str(self.position))
                await asyncio.sleep(pause)
                pause = min(pause * 2, 5.0)

    async def _take_turn(self) -> None:
        """Write what the follower has for us, then rest."""
        try:
            entries = await self._gathered()
        except LogReset as gap:
            await self._skip(str(gap))
            return
        began, newest = time.monotonic(), self._follower.last
        await self._write(entries)
        self._batch_size.took(_steps(entries), time.monotonic() - began)
        await asyncio.sleep(self._rest(entries[0], newest, began))

    async def _gathered(self) -> list[Entry]:
        """Return the entries of the next transaction, whole: at least one, and about `BatchSize.steps` steps if so many wait."""
        found = await self._follower.since(self.position)
        steps = _steps(found)
        with suppress(LogReset):  # the next turn meets it where it has to be dealt with
            while steps < self._batch_size.steps and found[-1].seq < self._follower.last.seq:
                more = await self._follower.since(found[-1].position, wait=False)
                found += more
                steps += _steps(more)
        return found

    async def reached(self, position: Position) -> None:
        """Wait until the archive holds everything up to `position` of this epoch."""
        while self.position.seq < position.seq:
            self._moved.clear()
            await self._moved.wait()

    def _rest(self, first: Entry, newest: Position, began: float) -> float:
        """Return the seconds to wait before the next transaction: longer while people talk, if they have not for long.

        `began` is monotonic: a clock that is set must not make us wait for as long as it was set forward.
        """
        took = time.monotonic() - began
        late = time.time() - took - first.steps[0].at / 1000 if first.steps else 0.0
        if late > LATE_S or self._follower.last == newest:
            return GATHER_S
        return max(GATHER_S, REST * took)

    async def _load(self) -> None:
        query = select(tables.follower.c.epoch, tables.follower.c.seq).where(tables.follower.c.name == self.name)
        async with self._engine.begin() as sql:
            row = (await sql.execute(query)).first()
            if row is None:
                await sql.execute(insert(tables.follower).values(name=self.name, epoch="", seq=0))
        self._advance(Position(row.epoch, row.seq) if row else START)
        await self._store.follow(NAME, self.position.seq)  # from now on the log is kept for us
        self.loaded.set()

    async def _skip(self, why: str) -> None:
        """The log no longer has what follows our position: write the first entry that it has, and say so loudly."""
        first, newest = await self._store.log_range()
        _log.error("archive-gap", why=why, position=str(self.position), log_first=first, log_last=newest)
        held = await self._store.read_log(first - 1, count=1, block_ms=0)
        if held:
            await self._write([decoded(held[0])])
            return
        async with self._engine.begin() as sql:
            await self._move(sql, START)
        self._advance(START)

    async def _write(self, entries: Sequence[Entry]) -> None:
        await self._store.barrier()
        await self._write_soundly(entries)
        if self.traces is not None:
            self.traces.written(entries)
        await self._store.follow(NAME, self.position.seq)

    async def _write_soundly(self, entries: Sequence[Entry]) -> None:
        """Write entries in one transaction; if one of their steps is at fault, in halves, and its entry without that step."""
        try:
            await self._write_together(entries)
        except Exception as error:
            if isinstance(error, Moved) or not rejected_steps.at_fault(error):
                raise
            half = len(entries) // 2
            if not half:
                await self._write_apart(entries[0])
                return
            await self._write_soundly(entries[:half])
            await self._write_soundly(entries[half:])

    async def _write_together(self, entries: Sequence[Entry]) -> None:
        batch = WriteBatch()
        for entry in entries:
            for step in entry.steps:
                batch.take(step, entry.seq)
            await asyncio.sleep(0)
        target = entries[-1].position
        async with self._engine.begin() as sql:
            await self._move(sql, target)
            await batch.write(sql)
            await erase(sql, self.name, target.epoch, batch.erased)
        self._advance(target)

    async def _write_apart(self, entry: Entry) -> None:
        """Write an entry step by step, and set aside those at fault."""
        faults: list[tuple[Step, Exception]] = []
        async with self._engine.begin() as sql:
            await self._move(sql, entry.position)
            for step in entry.steps:
                try:
                    async with sql.begin_nested():
                        batch = WriteBatch()
                        batch.take(step, entry.seq)
                        await batch.write(sql)
                        await erase(sql, self.name, entry.position.epoch, batch.erased)
                except Exception as error:
                    if not rejected_steps.at_fault(error):
                        raise
                    faults.append((step, error))
                    await self._set_aside(sql, step, entry.seq, error)
        self._advance(entry.position)
        for step, fault in faults:
            rejected_steps.tell(self.name, step, entry.seq, fault)

    async def _set_aside(self, sql: AsyncConnection, step: Step, seq: int, error: Exception) -> None:
        rows = rejected_steps.rows(self.name, step, seq, error)
        await sql.execute(ignoring(sql.dialect.name, tables.set_aside), rows)
        if shown := rejected_steps.lines(step, seq):
            await write_lines(sql, shown)

    async def _move(self, sql: AsyncConnection, target: Position) -> None:
        row = tables.follower
        here = (row.c.name == self.name) & (row.c.seq == self.position.seq) & (row.c.epoch == self.position.epoch)
        moved = await sql.execute(update(row).where(here).values(epoch=target.epoch, seq=target.seq))
        if moved.rowcount != 1:
            raise Moved

    def _advance(self, target: Position) -> None:
        self.position = target
        self._moved.set()


def _steps(entries: Sequence[Entry]) -> int:
    return sum(len(entry.steps) for entry in entries)
