"""Reading over what an earlier release wrote, so that it is found by the words of today's rule.

The migration changes no row, since a start must not wait for an index. The newest lines come first, a few hundred in a transaction,
and between two of them other writers have most of the time. Several processes may do it at once: each row changes once.
"""

from __future__ import annotations

import asyncio
import time

import structlog
from sqlalchemy import bindparam, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from bridge.sql import tables
from bridge.sql.transcripts.search_words import FOLDED

log = structlog.get_logger("bridge.sql.transcripts.reindex")

BATCH = 300  # lines
REST = 4  # times as long as a batch took
LOOK_S = 600.0  # whether a process of an earlier release has written since

_l = tables.line.c
_FOLD = (
    update(tables.line)
    .where(_l.n == bindparam("row"), _l.folded.is_(None), _l.text == bindparam("read"))
    .values(folded=bindparam("words"))
)


class Reindexing:
    """Brings old lines under today's rule."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._alone = asyncio.Lock()  # one for all consortia of a process

    async def run(self) -> None:
        """Read over what is left until cancelled; a database that is away is waited for."""
        while True:
            try:
                async with self._alone:
                    await self.all()
            except (SQLAlchemyError, OSError) as error:
                log.warning("search-behind", error=type(error).__name__)
            await asyncio.sleep(LOOK_S)

    async def all(self) -> int:
        """Read over everything that is left; returns how many lines that were."""
        done = 0
        while True:
            began = time.monotonic()
            count = await self.some()
            if not count:
                break
            done += count
            await asyncio.sleep(REST * (time.monotonic() - began))
        if done:
            log.info("search-reindexed", lines=done)
        return done

    async def some(self) -> int:
        """Read over the newest lines that are left, at most `BATCH`; returns how many there were."""
        async with self._engine.connect() as sql:
            query = select(_l.n, _l.text).where(_l.folded.is_(None)).order_by(_l.n.desc()).limit(BATCH)
            rows = (await sql.execute(query)).all()
            folded = FOLDED[sql.dialect.name]
        if not rows:
            return 0
        changed = [{"row": row.n, "read": row.text, "words": folded(row.text)} for row in rows]
        async with self._engine.begin() as sql:
            await sql.execute(_FOLD, changed)
        return len(rows)
