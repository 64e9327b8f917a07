"""Whole transcripts, one after the other, for an operator who wants to keep them elsewhere."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bridge.sql import tables
from bridge.sql.rows import line_of
from bridge.sql.transcripts.lines import TranscriptLine
from bridge.sql.transcripts.reader import ConversationSummary, talk_of

PAGE = 200


class Transcript(msgspec.Struct, frozen=True):
    """A conversation with all its lines, notes and system lines included; hops and follow-ups as their rows are.

    `forgotten`: of its words nothing is kept.
    """

    conversation: ConversationSummary
    lines: list[TranscriptLine]
    hops: list[dict[str, Any]] = []
    follow_ups: list[dict[str, Any]] = []
    forgotten: bool = False


async def export(engine: AsyncEngine, library: str = "", since: int = 0) -> AsyncIterator[Transcript]:
    """Yield transcripts, oldest first: of one library or of all, begun at or after `since` ms."""
    talk, line = tables.conversation.c, tables.line.c
    at, last = since, ""
    while True:
        beyond = (talk.opened_at > at) | ((talk.opened_at == at) & (talk.id > last))
        query = select(tables.conversation).where(beyond).order_by(talk.opened_at, talk.id).limit(PAGE)
        if library:
            query = query.where(talk.library == library)
        async with engine.connect() as sql:
            found = (await sql.execute(query)).all()
            ids = [row.id for row in found]
            hops = await _beside(sql, tables.hop, ids)
            follow_ups = await _beside(sql, tables.follow_up, ids)
            for row in found:
                lines = select(tables.line).where(line.conversation == row.id)
                rows = (await sql.execute(lines.order_by(line.at, line.seq, line.part))).all()
                yield Transcript(
                    talk_of(row),
                    [line_of(one) for one in rows],
                    sorted(hops[row.id], key=lambda hop: int(hop["at"])),
                    follow_ups[row.id],
                    row.forgotten_at is not None,
                )
        if len(found) < PAGE:
            return
        at, last = found[-1].opened_at, found[-1].id


async def _beside(sql: AsyncConnection, table: Table, ids: Sequence[str]) -> defaultdict[str, list[dict[str, Any]]]:
    """Return the rows of a table that lie beside these conversations."""
    found: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in (await sql.execute(select(table).where(table.c.conversation.in_(ids)))).all():
        found[row.conversation].append(dict(row._mapping))
    return found
