"""All conversations of one patron: those of the patron's addresses, and those that a librarian merged with them.

An address is the patron's where they wrote from it, not where they only named it: anybody can name somebody else's. A stranger
who wrote into the patron's conversation (marked `other-sender`) is another person.
"""

from __future__ import annotations

from collections.abc import Collection

import msgspec
from sqlalchemy import or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bridge.sql import tables
from routing.records import at_key

MOST = 1_000  # conversations of one patron

_c = tables.conversation.c
_l = tables.line.c
_m = tables.merge.c
_OWN = (_l.who == "patron") & _l.marks.not_like("%other-sender%") & (_l.channel != "")

Place = tuple[str, str]  # channel, address


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation of a patron's, as far as forgetting it goes."""

    id: str
    library: str
    opened_at: int
    state: str
    places: tuple[str, ...] = ()  # `channel|address`


async def held(engine: AsyncEngine, conversations: Collection[str]) -> list[Held]:
    """Return what is known of these conversations, oldest first; not of those forgotten already."""
    found = []
    async with engine.connect() as sql:
        query = select(tables.conversation).where(_c.id.in_(list(conversations)), _c.forgotten_at.is_(None))
        for row in (await sql.execute(query.order_by(_c.opened_at))).all():
            places = tuple(sorted(at_key(*place) for place in await _places(sql, [row.id])))
            one = Held(id=row.id, library=row.library, opened_at=row.opened_at, state=row.state, places=places)
            found.append(one)
    return found


async def all_of(engine: AsyncEngine, conversation: str) -> list[Held]:
    """Return all conversations of the patron of one of them."""
    async with engine.connect() as sql:
        found = await _together(sql, {conversation}, set())
    return await held(engine, found)


async def all_at(engine: AsyncEngine, address: str, channel: str = "") -> list[Held]:
    """Return all conversations of the patron with this address, on one channel or on any.

    Channels keep addresses whose case does not matter in small letters; an operator may write them as on a card.
    """
    spelt = {address, address.strip().casefold()}
    async with engine.connect() as sql:
        wanted = [_c.address.in_(spelt), *([_c.channel == channel] if channel else [])]
        found = set((await sql.scalars(select(_c.id).where(*wanted))).all())
        wanted = [_OWN, _l.address.in_(spelt), *([_l.channel == channel] if channel else [])]
        found |= set((await sql.scalars(select(_l.conversation).where(*wanted).distinct())).all())
        found = await _together(sql, found, set())
    return await held(engine, found)


async def _together(sql: AsyncConnection, ids: set[str], seen: set[Place]) -> set[str]:
    """Return these conversations and all that their addresses and merges lead to."""
    fresh = set(ids)
    while fresh and len(ids) < MOST:
        places = await _places(sql, fresh) - seen
        seen |= places
        fresh = (await _begun_at(sql, places) | await _merged(sql, fresh)) - ids
        ids = ids | fresh
    return ids


async def _places(sql: AsyncConnection, ids: Collection[str]) -> set[Place]:
    """Return the addresses from which the patron of these conversations wrote."""
    names = list(ids)
    begun = (await sql.execute(select(_c.channel, _c.address).where(_c.id.in_(names), _c.address != ""))).all()
    wrote = select(_l.channel, _l.address).where(_l.conversation.in_(names), _OWN, _l.address != "").distinct()
    return {(row.channel, row.address) for row in (*begun, *(await sql.execute(wrote)).all())}


async def _begun_at(sql: AsyncConnection, places: Collection[Place]) -> set[str]:
    if not places:
        return set()
    names = [list(place) for place in places]
    began = select(_c.id).where(tuple_(_c.channel, _c.address).in_(names))
    wrote = select(_l.conversation).where(_OWN, tuple_(_l.channel, _l.address).in_(names)).distinct()
    return {*(await sql.scalars(began)).all(), *(await sql.scalars(wrote)).all()}


async def _merged(sql: AsyncConnection, ids: Collection[str]) -> set[str]:
    names = list(ids)
    rows = (
        await sql.execute(select(_m.conversation, _m.other).where(or_(_m.conversation.in_(names), _m.other.in_(names))))
    ).all()
    return {name for row in rows for name in (row.conversation, row.other)}
