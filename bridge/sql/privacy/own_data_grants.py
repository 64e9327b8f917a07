"""Whom a one-time link is for, and whether it was used: the transcript's line that brought it, and a row of the audit."""

from __future__ import annotations

import msgspec
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from bridge.sql import tables
from bridge.sql.people.accounts import now_ms

TAKEN = "own-data-taken"

_l = tables.line.c
_c = tables.conversation.c
_a = tables.audit.c


class OwnDataGrant(msgspec.Struct, frozen=True, kw_only=True):
    """What a link opens: what is kept of the patron at one address, by the library of one conversation."""

    delivery: str
    conversation: str
    library: str
    channel: str
    address: str


class OwnDataGrants:
    """The grants of one archive."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def of(self, delivery: str, event: str, *, since: int) -> OwnDataGrant | None:
        """Return what the link in a delivery opens; None: the line is older than `since` ms, was forgotten, or it was used."""
        query = (
            select(_l.conversation, _l.channel, _l.address, _c.library)
            .select_from(tables.line.join(tables.conversation, _c.id == _l.conversation))
            .where(_l.id == delivery, _l.event == event, _l.address != "", _l.at >= since)
        )
        async with self._engine.connect() as sql:
            row = (await sql.execute(query)).first()
            used = await sql.scalar(select(_a.n).where(_a.id == _used(delivery)))
        if row is None or used is not None:
            return None
        return OwnDataGrant(
            delivery=delivery,
            conversation=row.conversation,
            library=row.library,
            channel=row.channel,
            address=row.address,
        )

    async def use(self, grant: OwnDataGrant) -> bool:
        """Write that the patron fetches it now; False where that was written before."""
        row = {"id": _used(grant.delivery), "at": now_ms(), "who": "", "what": TAKEN, "detail": ""}
        try:
            async with self._engine.begin() as sql:
                await sql.execute(insert(tables.audit), [row | {"conversation": grant.conversation}])
        except IntegrityError:
            return False
        return True

    async def broke_off(self, grant: OwnDataGrant) -> None:
        """Let it be fetched once more; the audit keeps that it was begun."""
        async with self._engine.begin() as sql:
            await sql.execute(update(tables.audit).where(_a.id == _used(grant.delivery)).values(id=None))


def _used(delivery: str) -> str:
    return f"own data {delivery}"
