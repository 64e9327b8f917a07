"""The follower that writes the log to SQL: each entry exactly once.

A batch of entries becomes rows in one transaction together with the position reached, and the position is changed by
compare-and-set. So a crash leaves either both or neither, and of two processes that follow the same log one wins each batch
while the other reads the position again.

Nothing is written before the store's barrier says that the entries are replicated, so the archive never knows more than the log.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
import structlog
from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bridge.archive import tables
from bridge.archive.ledger import Ledger
from bridge.archive.lines import Line, ReadBy, Staged, changes
from bridge.archive.rows import ignoring, line_row
from bridge.follower import START, Entry, Follower, Position, Reset
from bridge.store import Store, StoreError

_log = structlog.get_logger(__name__)

NAME = "archive"


class Moved(Exception):
    """Another process wrote this batch; the position is to be read again."""


class Writer:
    """Writes one consortium's log to the archive; `position` is what is committed."""

    def __init__(self, engine: AsyncEngine, store: Store, follower: Follower, consortium: str) -> None:
        self._engine = engine
        self._store = store
        self._follower = follower
        self.name = f"{NAME}:{consortium}"
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
                    await self._write(await self._follower.since(self.position))
                    pause = 0.1
            except Moved:
                continue
            except Reset as gap:
                await self._skip(str(gap))
            except (SQLAlchemyError, StoreError, OSError) as error:
                _log.warning("archive-behind", error=type(error).__name__, position=str(self.position))
                await asyncio.sleep(pause)
                pause = min(pause * 2, 5.0)

    async def reached(self, position: Position) -> None:
        """Wait until the archive holds everything up to `position` of this epoch."""
        while self.position.seq < position.seq:
            self._moved.clear()
            await self._moved.wait()

    async def _load(self) -> None:
        query = select(tables.follower.c.epoch, tables.follower.c.seq).where(tables.follower.c.name == self.name)
        async with self._engine.begin() as sql:
            row = (await sql.execute(query)).first()
            if row is None:
                await sql.execute(insert(tables.follower).values(name=self.name, epoch="", seq=0))
        self._advance(Position(row.epoch, row.seq) if row else START)
        self.loaded.set()

    async def _skip(self, why: str) -> None:
        """The log no longer has what follows our position: go on from its start, and say so loudly."""
        first, newest = await self._store.log_range()
        _log.error("archive-gap", why=why, position=str(self.position), log_first=first, log_last=newest)
        target = START
        if first > 1:
            held = await self._store.read_log(first - 1, count=1, block_ms=0)
            target = Position(held[0].epoch, held[0].seq) if held else START
        async with self._engine.begin() as sql:
            await self._move(sql, target)
        self._advance(target)

    async def _write(self, entries: Sequence[Entry]) -> None:
        await self._store.barrier()
        ledger = Ledger()
        lines: list[dict[str, Any]] = []
        amendments: list[Staged | ReadBy] = []
        for entry in entries:
            for step in entry.steps:
                ledger.enter(step)
                for change in changes(step, entry.seq):
                    if isinstance(change, Line):
                        lines.append(line_row(change))
                    else:
                        amendments.append(change)
        target = entries[-1].position
        async with self._engine.begin() as sql:
            await self._move(sql, target)
            await _write_rows(sql, ledger, lines, amendments)
        self._advance(target)
        await self._store.follow(NAME, target.seq)

    async def _move(self, sql: AsyncConnection, target: Position) -> None:
        row = tables.follower
        here = (row.c.name == self.name) & (row.c.seq == self.position.seq) & (row.c.epoch == self.position.epoch)
        moved = await sql.execute(update(row).where(here).values(epoch=target.epoch, seq=target.seq))
        if moved.rowcount != 1:
            raise Moved

    def _advance(self, target: Position) -> None:
        self.position = target
        self._moved.set()


async def _write_rows(
    sql: AsyncConnection, ledger: Ledger, lines: list[dict[str, Any]], amendments: list[Staged | ReadBy]
) -> None:
    dialect = sql.dialect.name
    for table, rows in ledger.inserts():
        await sql.execute(ignoring(dialect, table), rows)
    if lines:
        await sql.execute(ignoring(dialect, tables.line), lines)
    for statement, rows in ledger.updates():
        await sql.execute(statement, rows)
    await _amend(sql, amendments)


async def _amend(sql: AsyncConnection, amendments: list[Staged | ReadBy]) -> None:
    staged = [msgspec.structs.asdict(change) for change in amendments if isinstance(change, Staged)]
    if staged:
        await sql.execute(_STAGE, staged)
    read = [{"talk": change.conversation, "upto": change.upto} for change in amendments if isinstance(change, ReadBy)]
    if read:
        await sql.execute(_READ, read)


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
