"""Which conversations were forgotten, by request or with time: ids alone."""

from __future__ import annotations

from sqlalchemy import select, union
from sqlalchemy.ext.asyncio import AsyncEngine

from bridge.sql import tables

_c, _e = tables.conversation.c, tables.erasure.c


async def forgotten_since(engine: AsyncEngine, since: int) -> list[str]:
    """Return the conversations that were forgotten since `since` (ms), and those that are about to be."""
    gone = select(_c.id).where(_c.forgotten_at >= since)
    asked = select(_e.conversation).where(_e.state != "refused")
    async with engine.connect() as sql:
        return sorted((await sql.scalars(union(gone, asked))).all())


async def still_kept(engine: AsyncEngine, conversations: list[str]) -> list[str]:
    """Return those of these conversations that are here and not forgotten."""
    found: list[str] = []
    async with engine.connect() as sql:
        for start in range(0, len(conversations), 500):
            some = conversations[start : start + 500]
            found += (await sql.scalars(select(_c.id).where(_c.id.in_(some), _c.forgotten_at.is_(None)))).all()
    return found
