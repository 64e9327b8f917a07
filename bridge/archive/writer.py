"""The follower that writes the log to SQL: each entry exactly once.

A batch of entries becomes rows in one transaction together with the position reached, and the position is changed by
compare-and-set. So a crash leaves either both or neither, and of two processes that follow the same log one wins each batch
while the other reads the position again.

A step that no database would take is set aside, and the rest goes on: bridge/archive/unwritten.py says when.

Nothing is written before the store's barrier says that the entries are replicated, so the archive never knows more than the log.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from functools import partial

import structlog
from msgspec.structs import asdict
from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bridge.archive import tables, unwritten
from bridge.archive.bulk import Statement, write_many
from bridge.archive.erasures import erase
from bridge.archive.ledger import Ledger
from bridge.archive.lines import Line, ReadBy, Staged, amend, changes
from bridge.archive.rows import ignoring, line_row
from bridge.follower import START, Entry, Follower, Position, Reset, decoded
from bridge.store import Store, StoreError
from routing.events import Erased, Step

_log = structlog.get_logger(__name__)

NAME = "archive"
STEPS = 1_000  # of one transaction
GATHER_S = 0.05  # between two readings: transactions cost more than rows, and whoever reads has the tail meanwhile
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
        self._moved = asyncio.Event()

    async def run(self) -> None:
        """Follow until cancelled; a database or store that is away is waited for."""
        pause = 0.1
        while True:
            try:
                await self._load()
                while True:
                    await self._take_turn()
                    pause = 0.1
            except Moved:
                continue
            except (SQLAlchemyError, StoreError, OSError) as error:
                _log.warning("archive-behind", error=type(error).__name__, position=str(self.position))
                await asyncio.sleep(pause)
                pause = min(pause * 2, 5.0)

    async def _take_turn(self) -> None:
        """Write what the follower has for us, then rest."""
        try:
            found = await self._follower.since(self.position)
        except Reset as gap:
            await self._skip(str(gap))
            return
        began, newest = time.time(), self._follower.last
        for entries in _portions(found):
            await self._write(entries)
        await asyncio.sleep(self._rest(found[0], newest, began))

    async def reached(self, position: Position) -> None:
        """Wait until the archive holds everything up to `position` of this epoch."""
        while self.position.seq < position.seq:
            self._moved.clear()
            await self._moved.wait()

    def _rest(self, first: Entry, newest: Position, began: float) -> float:
        """Return the seconds to wait before the next transaction: longer while people talk, if they have not for long."""
        late = began - first.steps[0].at / 1000 if first.steps else 0.0
        if late > LATE_S or self._follower.last == newest:
            return GATHER_S
        return max(GATHER_S, REST * (time.time() - began))

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
        """Write entries in one transaction; if one of their steps is at fault, each entry in its own, without that step."""
        await self._store.barrier()
        try:
            await self._write_together(entries)
        except Exception as error:
            if isinstance(error, Moved) or not unwritten.at_fault(error):
                raise
            for entry in entries:
                await self._write_apart(entry)
        await self._store.follow(NAME, self.position.seq)

    async def _write_together(self, entries: Sequence[Entry]) -> None:
        batch = _Batch()
        for entry in entries:
            for step in entry.steps:
                batch.take(step, entry.seq)
            await asyncio.sleep(0)
        target = entries[-1].position
        async with self._engine.begin() as sql:
            await self._move(sql, target)
            await batch.write(sql)
            await erase(sql, self.name, target, batch.erased)
        self._advance(target)

    async def _write_apart(self, entry: Entry) -> None:
        """Write an entry step by step, and set aside those at fault."""
        faults: list[tuple[Step, Exception]] = []
        async with self._engine.begin() as sql:
            await self._move(sql, entry.position)
            for step in entry.steps:
                try:
                    async with sql.begin_nested():
                        batch = _Batch()
                        batch.take(step, entry.seq)
                        await batch.write(sql)
                        await erase(sql, self.name, entry.position, batch.erased)
                except Exception as error:
                    if not unwritten.at_fault(error):
                        raise
                    faults.append((step, error))
                    await self._set_aside(sql, step, entry.seq, error)
        self._advance(entry.position)
        for step, fault in faults:
            unwritten.tell(self.name, step, entry.seq, fault)

    async def _set_aside(self, sql: AsyncConnection, step: Step, seq: int, error: Exception) -> None:
        dialect = sql.dialect.name
        await sql.execute(ignoring(dialect, tables.set_aside), unwritten.rows(self.name, step, seq, error))
        if shown := [line_row(line) for line in unwritten.lines(step, seq)]:
            await sql.execute(ignoring(dialect, tables.line), shown)

    async def _move(self, sql: AsyncConnection, target: Position) -> None:
        row = tables.follower
        here = (row.c.name == self.name) & (row.c.seq == self.position.seq) & (row.c.epoch == self.position.epoch)
        moved = await sql.execute(update(row).where(here).values(epoch=target.epoch, seq=target.seq))
        if moved.rowcount != 1:
            raise Moved

    def _advance(self, target: Position) -> None:
        self.position = target
        self._moved.set()


def _portions(entries: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
    """Cut a reading into transactions of about STEPS steps, entries whole."""
    first, steps = 0, 0
    for n, entry in enumerate(entries, 1):
        steps += len(entry.steps)
        if steps >= STEPS or n == len(entries):
            yield entries[first:n]
            first, steps = n, 0


class _Batch:
    """What some entries mean, folded as far as it can be before it is written."""

    def __init__(self) -> None:
        self._ledger = Ledger()
        self._lines: dict[str, Line] = {}
        self._staged: list[Staged] = []
        self._read: list[ReadBy] = []

    @property
    def erased(self) -> list[Erased]:
        """What is to be forgotten once the rest is written."""
        return self._ledger.erased

    def take(self, step: Step, seq: int) -> None:
        """Take one step in. What became of a line that is new here is written with the line."""
        self._ledger.enter(step)
        for change in changes(step, seq):
            if isinstance(change, Line):
                self._lines.setdefault(change.id, change)
            elif isinstance(change, ReadBy):
                self._read.append(change)
            elif change.line in self._lines:
                amend(self._lines, change)
            else:
                self._staged.append(change)

    async def write(self, sql: AsyncConnection) -> None:
        """Write everything, inside the caller's transaction."""
        dialect = sql.dialect.name
        for name, removal, rows in self._ledger.removals():
            await write_many(sql, name, partial(_same, removal), rows)
        for table, rows in self._ledger.inserts():
            await write_many(sql, table.name, partial(ignoring, dialect, table), rows)
        if self._lines:
            rows = [line_row(line) for line in self._lines.values()]
            await write_many(sql, "line", partial(ignoring, dialect, tables.line), rows)
        for name, statement, rows in self._ledger.updates():
            await write_many(sql, name, partial(_same, statement), rows)
        if self._staged:
            await write_many(sql, "stage", partial(_same, _STAGE), [asdict(change) for change in self._staged])
        if self._read:
            await sql.execute(_READ, [{"talk": change.conversation, "upto": change.upto} for change in self._read])


def _same(statement: Statement) -> Statement:
    return statement


_line = tables.line
_upto = _line.alias("upto")

_STAGE = (
    update(_line)
    .where(_line.c.id == bindparam("line"))
    .values(
        stage=bindparam("stage"),
        reason=bindparam("reason"),
        detail=bindparam("detail"),
        network_id=func.coalesce(func.nullif(bindparam("network_id"), ""), _line.c.network_id),
    )
)

_READ = (
    update(_line)
    .where(_line.c.conversation == bindparam("talk"), _line.c.who == "patron", _line.c.stage != "read")
    .where(_line.c.n <= select(_upto.c.n).where(_upto.c.id == bindparam("upto")).scalar_subquery())
    .values(stage="read")
)
