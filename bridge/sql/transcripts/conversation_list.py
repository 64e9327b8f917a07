"""Conversations by filters alone, without words: those that are open first, then the closed ones, the last ended first.

A walk along an index that is in order already, for each library by itself, and the walks merged: no sorting of all that a library
ever closed. A page goes on where the one before ended, so it costs the same wherever it begins.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bridge.sql import tables
from bridge.sql.transcripts.reader import ConversationSummary, talk_of
from bridge.sql.transcripts.search_filters import SET_ASIDE, Reach, SearchFilters, fits, within

_c = tables.conversation.c
OPEN_STATES = ("waiting", "active")


class ListPlace(msgspec.Struct, frozen=True, array_like=True):
    """Where a page ended: among the open ones or the closed ones, at which moment (ms), at which conversation."""

    closed: bool
    at: int
    conversation: str


async def listed(
    engine: AsyncEngine, reach: Reach, filters: SearchFilters, after: ListPlace | None, limit: int
) -> list[ConversationSummary]:
    """Return the next conversations of the list."""
    if not reach:
        return []
    found: list[Any] = []
    async with engine.connect() as sql:
        if after is None or not after.closed:
            found += (await sql.execute(open_query(reach, filters, engine.dialect.name, after, limit))).all()
        if len(found) < limit:
            place = after if after is not None and after.closed else None
            found += await _closed(sql, reach, filters, place, limit - len(found))
    return [talk_of(row) for row in found]


def place_of_talk(talk: ConversationSummary) -> ListPlace:
    """Return where in the list a conversation is."""
    closed = talk.state == "closed"
    return ListPlace(closed, (talk.closed_at or 0) if closed else talk.last_at, talk.id)


def open_query(reach: Reach, filters: SearchFilters, dialect: str, after: ListPlace | None, limit: int) -> Select[Any]:
    """Return the statement for those that are open."""
    query = select(tables.conversation).where(_c.state.in_(OPEN_STATES), within(reach), *fits(filters, reach, dialect))
    if after is not None:
        query = query.where(_beyond(_c.last_at, after))
    return query.order_by(_c.last_at.desc(), _c.id.desc()).limit(limit)


async def _closed(
    sql: AsyncConnection, reach: Reach, filters: SearchFilters, after: ListPlace | None, limit: int
) -> Sequence[Any]:
    wanted = [choice for choice in filters.libraries if not choice.excluded]
    libraries = [one for one in reach.libraries if all(one in choice.values for choice in wanted)]
    walks = [
        (await sql.execute(closed_query(library, reach, filters, sql.dialect.name, after, limit))).all()
        for library in libraries
    ]
    return list(heapq.merge(*walks, key=lambda row: (row.closed_at, row.id), reverse=True))[:limit]


def closed_query(
    library: str, reach: Reach, filters: SearchFilters, dialect: str, after: ListPlace | None, limit: int
) -> Select[Any]:
    """Return the statement for those that a library closed; what was set aside has a list of its own."""
    query = select(tables.conversation).where(
        _c.library == library, _c.state == "closed", _c.forgotten_at.is_(None), *fits(filters, reach, dialect)
    )
    if not any(SET_ASIDE in choice.values for choice in filters.codes):
        query = query.where(or_(_c.code.is_(None), _c.code != SET_ASIDE))
    query = query.where(_c.closed_at.is_not(None))
    if after is not None:
        query = query.where(_beyond(_c.closed_at, after))
    return query.order_by(_c.closed_at.desc(), _c.id.desc()).limit(limit)


def _beyond(at: ColumnElement[int | None], after: ListPlace) -> ColumnElement[bool]:
    """Return the condition that a moment and an id are beyond a place; the first half alone bounds a walk along an index."""
    return and_(at <= after.at, or_(at < after.at, _c.id < after.conversation))
