"""Reading over what an earlier release wrote, so that it is found by the words of today's rule, and conversations by their facts.

The migration changes no row, since a start must not wait for an index. The newest lines come first, a few hundred in a transaction,
and between two of them other writers have most of the time. Several processes may do it at once: each row changes once.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from typing import Any

import structlog
from sqlalchemy import Row, bindparam, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bridge.sql import tables
from bridge.sql.rows import line_of, words_of
from bridge.sql.transcripts.facts import Fact, facts_of, files_of, topics_of, write_facts
from bridge.sql.transcripts.search_words import FOLDED

log = structlog.get_logger("bridge.sql.transcripts.reindex")

BATCH = 300  # lines
REST = 4  # times as long as a batch took
LOOK_S = 600.0  # whether a process of an earlier release has written since

_c = tables.conversation.c
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
        """Read over everything that is left; returns how many lines and conversations that were."""
        done = 0
        while True:
            began = time.monotonic()
            count = await self.some() or await self.some_talks()
            if not count:
                break
            done += count
            await asyncio.sleep(REST * (time.monotonic() - began))
        if done:
            log.info("search-reindexed", rows=done)
        return done

    async def some_talks(self) -> int:
        """Make the facts of the newest conversations that have none, at most `BATCH`; returns how many there were.

        Their rows are held meanwhile, so that none is forgotten between the reading and the writing.
        """
        async with self._engine.begin() as sql:
            query = select(tables.conversation).where(_c.indexed.is_(None)).order_by(_c.opened_at.desc()).limit(BATCH)
            rows = (await sql.execute(query.with_for_update(skip_locked=True))).all()
            if not rows:
                return 0
            kept = [row for row in rows if row.forgotten_at is None]
            facts = [fact for row in kept for fact in facts_of_row(row)]
            facts += await _files(sql, [row.id for row in kept])
            await write_facts(sql, facts, known=False)
            await sql.execute(
                update(tables.conversation).where(_c.id.in_([row.id for row in rows])).values(indexed=True)
            )
        return len(rows)

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


def facts_of_row(row: Row[Any]) -> Iterator[Fact]:
    """Yield the facts in a row of `tables.conversation`."""
    yield from facts_of(
        row.id,
        row.opened_at,
        {"name": row.name, "contact": row.contact, "address": row.address, "subject": row.subject},
    )
    ended = row.closed_at or row.last_at
    yield from facts_of(row.id, ended, {"code": row.code or ""})
    yield from topics_of(row.id, ended, words_of(row.descriptive))


async def _files(sql: AsyncConnection, talks: Sequence[str]) -> list[Fact]:
    query = select(tables.line).where(_l.conversation.in_(talks), _l.attachments != "[]")
    rows = (await sql.execute(query)).all()
    return [fact for row in rows for fact in files_of(row.conversation, row.id, row.at, line_of(row).attachments)]
