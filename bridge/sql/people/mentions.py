"""Mentions that wait: a note of a colleague's names a librarian, until they open its conversation.

A librarian with an open page hears of it at once; one who is signed out is told at the next sign-in. Only ids and times are kept.
The words stay in the transcript, so what is forgotten there is forgotten here.
"""

from __future__ import annotations

from collections.abc import Collection

import msgspec
import structlog
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from bridge.sql import tables
from bridge.sql.people.accounts import now_ms
from bridge.sql.rows import replacing

MOST = 20  # told at one sign-in: the newest

_m = tables.mention.c
_s = tables.mention_seen.c
_l = tables.line.c

log = structlog.get_logger("bridge.sql.people.mentions")


class Mention(msgspec.Struct, frozen=True, kw_only=True):
    """A note that names a librarian: its line, its conversation, who wrote it and what."""

    line: str
    conversation: str
    by: str
    text: str


class Mentions:
    """What waits for each librarian."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def unread(self, librarian: str) -> list[Mention]:
        """Return the mentions of a librarian in conversations that they did not open since, oldest first; [] while SQL is away."""
        seen = (_s.librarian == _m.librarian) & (_s.conversation == _m.conversation)
        query = (
            select(_m.line, _m.conversation, _m.by, _l.text)
            .select_from(tables.mention.join(tables.line, _l.id == _m.line).outerjoin(tables.mention_seen, seen))
            .where(_m.librarian == librarian, _m.at > func.coalesce(_s.at, 0))
            .order_by(_m.at.desc())
            .limit(MOST)
        )
        try:
            async with self._engine.connect() as sql:
                rows = (await sql.execute(query)).all()
        except (SQLAlchemyError, OSError) as error:
            log.warning("mentions-wait", error=type(error).__name__)
            return []
        return [Mention(line=r.line, conversation=r.conversation, by=r.by, text=r.text) for r in reversed(rows)]

    async def opened(self, librarian: str, conversations: Collection[str]) -> None:
        """Note that a librarian opened conversations: nothing of them waits. Most have no mention, and nothing is written then."""
        mine = (_m.librarian == librarian) & _m.conversation.in_(list(conversations))
        try:
            async with self._engine.connect() as sql:
                found = (await sql.scalars(select(_m.conversation).where(mine).distinct())).all()
            for conversation in found:
                await self._see(librarian, conversation)
        except (SQLAlchemyError, OSError) as error:
            log.warning("mentions-stay", error=type(error).__name__)

    async def seen(self, librarian: str, conversation: str) -> None:
        """Note that a librarian was told while the conversation was open before them."""
        try:
            await self._see(librarian, conversation)
        except (SQLAlchemyError, OSError) as error:
            log.warning("mentions-stay", error=type(error).__name__)

    async def _see(self, librarian: str, conversation: str) -> None:
        row = {"librarian": librarian, "conversation": conversation, "at": now_ms()}
        async with self._engine.begin() as sql:
            name = sql.dialect.name
            await sql.execute(replacing(name, tables.mention_seen, ["librarian", "conversation"], row))
