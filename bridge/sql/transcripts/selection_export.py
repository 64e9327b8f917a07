"""A search's result, or some conversations of it, one after the other, for a file.

A page of conversations is in memory at a time, and of a transcript a portion of its lines. Nothing is held in the database between
two of them, however slowly somebody reads.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from sqlalchemy import Select, select, tuple_
from sqlalchemy.ext.asyncio import AsyncEngine

from bridge.sql import tables
from bridge.sql.rows import line_of
from bridge.sql.transcripts.conversation_list import ListPlace
from bridge.sql.transcripts.lines import TranscriptLine
from bridge.sql.transcripts.reader import ConversationSummary
from bridge.sql.transcripts.search import Search
from bridge.sql.transcripts.search_page import SearchAsked, SearchPlace, list_page, words_page

PAGE = 100
PORTION = 500  # lines
MOST = 100_000  # conversations of one file

_l = tables.line.c


async def chosen(engine: AsyncEngine, search: Search, asked: SearchAsked) -> AsyncIterator[ConversationSummary]:
    """Yield each conversation that a question finds, once, and at most `MOST`."""
    seen: set[str] = set()
    listing: ListPlace | None = None
    place = SearchPlace()
    while len(seen) < MOST:
        if asked.wanted:
            page = await words_page(engine, search, asked, place, PAGE)
        else:
            page = await list_page(engine, asked, listing, PAGE)
        for one in page.talks:
            if one.talk.id not in seen and len(seen) < MOST:
                seen.add(one.talk.id)
                yield one.talk
        if page.next is None:
            return
        if isinstance(page.next, SearchPlace):
            place = page.next
        else:
            listing = page.next


async def lines_of(engine: AsyncEngine, conversation: str) -> AsyncIterator[TranscriptLine]:
    """Yield the lines of a conversation, the oldest first."""
    last: tuple[int, int, int] | None = None
    while True:
        query: Select[Any] = select(tables.line).where(_l.conversation == conversation)
        if last is not None:
            query = query.where(tuple_(_l.at, _l.seq, _l.part) > tuple_(*last))
        async with engine.connect() as sql:
            rows = (await sql.execute(query.order_by(_l.at, _l.seq, _l.part).limit(PORTION))).all()
        for row in rows:
            yield line_of(row)
        if len(rows) < PORTION:
            return
        last = rows[-1].at, rows[-1].seq, rows[-1].part
