"""What a search finds, as people read it: conversations, each with what was found in it.

Lines and facts come newest first from two indexes and are merged by their moments. A page ends after `TALKS` conversations. An
older line of one that an earlier page showed may come on a later one; a reader of pages puts them together.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from bridge.sql import tables
from bridge.sql.transcripts.conversation_list import ListPlace, listed, place_of_talk
from bridge.sql.transcripts.reader import ConversationSummary, talk_of
from bridge.sql.transcripts.search import FoundFact, FoundLine, Search
from bridge.sql.transcripts.search_filters import Reach, SearchFilters
from bridge.sql.transcripts.search_words import Wanted

TALKS = 25  # conversations of a page
WINDOW = 200  # lines, and facts, that are looked at together
WINDOWS = 4  # of a page, where few conversations hold many lines
MATCHES = 20  # of one conversation on a page

_c = tables.conversation.c

FoundMatch = FoundLine | FoundFact


class SearchPlace(msgspec.Struct, frozen=True, array_like=True):
    """Where a page ended: the last line and the last fact that it told; 0 = before the first, -1 = there are no more."""

    line: int = 0
    fact: int = 0


class FoundTalk(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation, and what was found in it, the newest first; nothing where only filters were asked for."""

    talk: ConversationSummary
    matches: list[FoundMatch]


class FoundPage(msgspec.Struct, frozen=True, kw_only=True):
    """One page. `next` is where the next one begins, None at the end."""

    talks: list[FoundTalk]
    next: SearchPlace | ListPlace | None


class SearchAsked(msgspec.Struct, frozen=True, kw_only=True):
    """What is looked for, and where; without words every conversation fits that the filters leave."""

    wanted: Wanted
    reach: Reach
    filters: SearchFilters


async def list_page(engine: AsyncEngine, asked: SearchAsked, after: ListPlace | None, limit: int = TALKS) -> FoundPage:
    """Return a page of conversations by filters alone."""
    talks = await listed(engine, asked.reach, asked.filters, after, limit + 1)
    more = place_of_talk(talks[limit - 1]) if len(talks) > limit else None
    return FoundPage(talks=[FoundTalk(talk=talk, matches=[]) for talk in talks[:limit]], next=more)


async def words_page(
    engine: AsyncEngine, search: Search, asked: SearchAsked, after: SearchPlace, limit: int = TALKS
) -> FoundPage:
    """Return a page of conversations by words."""
    found: dict[str, list[FoundMatch]] = {}
    place = after
    asked = msgspec.structs.replace(asked, filters=await search.narrowed(asked.reach, asked.filters))
    for _ in range(WINDOWS):
        place = await _window(search, asked, place, found, limit)
        if len(found) >= limit or place == END:
            break
    talks = await summaries(engine, list(found))
    return FoundPage(
        talks=[FoundTalk(talk=talks[id], matches=some) for id, some in found.items() if id in talks],
        next=None if place == END else place,
    )


END = SearchPlace(-1, -1)


async def _window(
    search: Search, asked: SearchAsked, place: SearchPlace, found: dict[str, list[FoundMatch]], limit: int
) -> SearchPlace:
    """Take in the next lines and facts; return how far that went."""
    lines: list[FoundLine] = []
    facts: list[FoundFact] = []
    wanted, reach, filters = asked.wanted, asked.reach, asked.filters
    if place.line >= 0:
        lines = await search.find(wanted, reach, filters=filters, before=place.line, limit=WINDOW)
    if place.fact >= 0:
        facts = await search.facts(wanted, reach, filters=filters, before=place.fact, limit=WINDOW)
    lines_end, facts_end = len(lines) < WINDOW, len(facts) < WINDOW
    told_lines = told_facts = 0
    for one in _merged(lines, facts):
        if one.conversation not in found and len(found) >= limit:
            break
        told_lines += isinstance(one, FoundLine)
        told_facts += isinstance(one, FoundFact)
        matches = found.setdefault(one.conversation, [])
        if len(matches) < MATCHES:
            matches.append(one)
        # Beyond the end of a window that is full there may be something newer than what is left of the other.
        if (told_lines == len(lines) and not lines_end) or (told_facts == len(facts) and not facts_end):
            break
    return SearchPlace(
        _after(place.line, lines, told_lines, ended=lines_end), _after(place.fact, facts, told_facts, ended=facts_end)
    )


def _merged(lines: Sequence[FoundLine], facts: Sequence[FoundFact]) -> Iterator[FoundMatch]:
    return heapq.merge(lines, facts, key=lambda one: one.at, reverse=True)


def _after(before: int, rows: Sequence[FoundMatch], told: int, *, ended: bool) -> int:
    if told == len(rows) and ended:
        return -1
    return rows[told - 1].n if told else before


async def summaries(engine: AsyncEngine, ids: Sequence[str]) -> dict[str, ConversationSummary]:
    """Return what is known of these conversations."""
    async with engine.connect() as sql:
        rows = (await sql.execute(select(tables.conversation).where(_c.id.in_(ids)))).all()
    return {row.id: talk_of(row) for row in rows}
