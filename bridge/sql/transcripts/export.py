"""Whole transcripts, one after the other, for an operator who wants to keep them elsewhere."""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from bridge.sql import tables
from bridge.sql.rows import line_of
from bridge.sql.transcripts.lines import TranscriptLine
from bridge.sql.transcripts.reader import ConversationSummary, talk_of

PAGE = 200


class Transcript(msgspec.Struct, frozen=True):
    """A conversation with all its lines, notes and system lines included."""

    conversation: ConversationSummary
    lines: list[TranscriptLine]


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
            talks = [talk_of(row) for row in (await sql.execute(query)).all()]
            for found in talks:
                lines = select(tables.line).where(line.conversation == found.id)
                rows = (await sql.execute(lines.order_by(line.at, line.seq, line.part))).all()
                yield Transcript(found, [line_of(row) for row in rows])
        if len(talks) < PAGE:
            return
        at, last = talks[-1].opened_at, talks[-1].id
