"""Full-text search over transcripts: a real index, within what somebody may see.

SQLite has FTS5, PostgreSQL a tsvector column; `search_words` says by which words a text is in either. What a librarian types is
never the index's own query language. Lines and facts are found newest first, a few at a time: `search_page` puts them together.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Select, not_, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bridge.sql import tables
from bridge.sql.transcripts.facts import FactKind
from bridge.sql.transcripts.search_filters import (
    ALL,
    FilterChoice,
    Reach,
    SearchFilters,
    facts_with,
    fits,
    lines_among,
    lines_with,
    shown,
    talks_with,
    within,
)
from bridge.sql.transcripts.search_words import Wanted

# The snippet's marks: private-use characters, which no screen shows and no text holds by accident.
OPEN, CLOSE = "\ue000", "\ue001"
BEFORE, SHOWN = 40, 160  # characters of a snippet before the word, and in all
FEW = 2_000  # conversations whose lines are read by conversation
SEARCHED = 20_000  # characters of a text in which the words are marked

_c = tables.conversation.c
_f = tables.conversation_fact.c
_l = tables.line.c


class FoundLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line that was found. `n` numbers lines as they came; `snippet` marks the words found with `OPEN` and `CLOSE`."""

    n: int
    conversation: str
    line: str
    who: str
    at: int
    snippet: str


class FoundFact(msgspec.Struct, frozen=True, kw_only=True):
    """A fact that was found. `n` numbers facts as they came; `of` names the line of files."""

    n: int
    conversation: str
    kind: FactKind
    of: str
    at: int
    snippet: str


def snippet_of(text: str, wanted: Wanted) -> str:
    """Return the part of a text around the first word found, with the words found between `OPEN` and `CLOSE`."""
    found = wanted.spans(text[:SEARCHED])
    first = found[0][0] if found else 0
    begin, end = _word_from(text, first - BEFORE), min(len(text), max(first - BEFORE, 0) + SHOWN)
    part, done = "…" if begin else "", begin
    for start, stop in found:
        if start >= end:
            break
        part += f"{text[done:start]}{OPEN}{text[start:stop]}{CLOSE}"
        done = stop
    return part + text[done : max(end, done)] + ("…" if max(end, done) < len(text) else "")


def _word_from(text: str, at: int) -> int:
    """Return where a word begins at or soon after `at`."""
    if at <= 0:
        return 0
    space = text.find(" ", at, at + BEFORE // 2)
    return space + 1 if space >= 0 else at


class Search:
    """Finds lines and facts by their words."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def find(
        self,
        asked: str | Wanted,
        libraries: Sequence[str] | Reach,
        *,
        also: Sequence[str] = (),
        filters: SearchFilters = ALL,
        before: int = 0,
        limit: int = 50,
    ) -> list[FoundLine]:
        """Return lines that hold all words, newest first, in conversations within reach that fit the filters.

        `before`: the `n` of the last line of the page before; many lines may come in one millisecond, so no time parts them.
        """
        wanted = asked if isinstance(asked, Wanted) else Wanted(asked)
        reach = libraries if isinstance(libraries, Reach) else Reach(libraries=tuple(libraries), also=tuple(also))
        if not (wanted and reach):
            return []
        rows = await self._rows(line_query(wanted, reach, filters, self._engine.dialect.name, before, limit))
        return [
            FoundLine(
                n=row.n,
                conversation=row.conversation,
                line=row.id,
                who=row.who,
                at=row.at,
                snippet=snippet_of(row.text, wanted),
            )
            for row in rows
        ]

    async def facts(
        self, wanted: Wanted, reach: Reach, *, filters: SearchFilters = ALL, before: int = 0, limit: int = 50
    ) -> list[FoundFact]:
        """Return facts, the newest first, that hold one of the terms, of conversations whose facts hold all of them."""
        if not (wanted and reach):
            return []
        rows = await self._rows(fact_query(wanted, reach, filters, self._engine.dialect.name, before, limit))
        return [
            FoundFact(
                n=row.n,
                conversation=row.conversation,
                kind=row.kind,
                of=row.of,
                at=row.at,
                snippet=snippet_of(row.text, wanted),
            )
            for row in rows
        ]

    async def narrowed(self, reach: Reach, filters: SearchFilters) -> SearchFilters:
        """Return filters that name the conversations themselves, where they leave few; else the same ones.

        A word that is in every transcript would otherwise be looked up in all of them, to keep the lines of few.
        """
        if filters == ALL or not reach:
            return filters
        rows = await self._rows(narrow_query(reach, filters, self._engine.dialect.name, FEW))
        if len(rows) > FEW:
            return filters
        return SearchFilters(ids=(FilterChoice(tuple(row.id for row in rows)),), narrow=True)

    async def _rows(self, query: Select[Any]) -> list[Any]:
        async with self._engine.connect() as sql:
            return list((await sql.execute(query)).all())


def line_query(
    wanted: Wanted, reach: Reach, filters: SearchFilters, dialect: str, before: int, limit: int
) -> Select[Any]:
    """Return the statement that finds lines."""
    match = wanted.match(dialect)
    rows, fit, order = lines_with(match, dialect)
    if filters.narrow:
        (rows, fit), order = lines_among(match, dialect, filters.ids[0].values), _l.n
    query = select(_l.n, _l.conversation, _l.id, _l.who, _l.at, _l.text).select_from(rows)
    query = query.where(fit, within(reach), *fits(filters, reach, dialect))
    if before:
        query = query.where(order < before)
    return query.order_by(order.desc()).limit(limit)


def narrow_query(reach: Reach, filters: SearchFilters, dialect: str, most: int) -> Select[Any]:
    """Return the statement for the conversations that fit the filters, one more than `most` where there are too many."""
    return select(_c.id).where(within(reach), *fits(filters, reach, dialect)).limit(most + 1)


def fact_query(
    wanted: Wanted, reach: Reach, filters: SearchFilters, dialect: str, before: int, limit: int
) -> Select[Any]:
    """Return the statement that finds facts."""
    either = " | " if dialect == "postgresql" else " OR "
    rows, fit, order = facts_with(either.join(Wanted([term]).match(dialect) for term in wanted.terms), dialect)
    query = select(_f.n, _f.conversation, _f.kind, _f.of, _f.at, _f.text).select_from(rows)
    query = query.where(fit, shown(reach), within(reach), *fits(filters, reach, dialect))
    if len(wanted.terms) > 1:
        query = query.where(*(_c.id.in_(talks_with([term], reach, dialect)) for term in wanted.terms))
    query = query.where(*(not_(_c.id.in_(talks_with([term], reach, dialect))) for term in wanted.without))
    if before:
        query = query.where(order < before)
    return query.order_by(order.desc()).limit(limit)
