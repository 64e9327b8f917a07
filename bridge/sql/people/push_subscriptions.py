"""Where notices are pushed: the browsers of librarians.

A librarian has at most ten: a further one takes the place of the oldest. Each goes when its browser ends it, when its push
service says so, when its librarian is signed out everywhere, and after a time in which nobody renewed it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence

import msgspec
from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bridge.contract.answer_notices import PushTarget
from bridge.sql import tables
from bridge.sql.people.accounts import now_ms
from bridge.sql.rows import replacing

MOST_BY_LIBRARIAN = 10
KEPT_MS = 60 * 86_400_000

_p = tables.push_subscription.c


class PushSubscription(PushTarget, frozen=True, kw_only=True):
    """The subscription of a librarian's browser."""

    librarian: str

    @property
    def id(self) -> str:
        """Its key."""
        return endpoint_id(self.endpoint)


def endpoint_id(endpoint: str) -> str:
    """Return the key of a subscription: its address is a secret, and long."""
    return hashlib.sha256(endpoint.encode()).hexdigest()


class PushSubscriptions:
    """The subscriptions of one consortium."""

    def __init__(self, engine: AsyncEngine, consortium: str) -> None:
        self._engine = engine
        self._consortium = consortium

    async def keep(self, one: PushSubscription) -> None:
        """Keep or renew a subscription. A browser has one: it is whose it was handed in for last."""
        row = {"id": one.id, "consortium": self._consortium, "at": now_ms(), **msgspec.structs.asdict(one)}
        async with self._engine.begin() as sql:
            await sql.execute(replacing(sql.dialect.name, tables.push_subscription, ["id"], row))
            await self._bound(sql, _p.librarian == one.librarian, MOST_BY_LIBRARIAN)

    async def _bound(self, sql: AsyncConnection, whose: ColumnElement[bool], most: int) -> None:
        query = select(_p.id).where(_p.consortium == self._consortium, whose).order_by(_p.at.desc(), _p.id).offset(most)
        if old := list((await sql.scalars(query)).all()):
            await sql.execute(delete(tables.push_subscription).where(_p.id.in_(old)))

    async def whose(self) -> frozenset[str]:
        """Return the librarians that have one."""
        query = select(_p.librarian).where(_p.consortium == self._consortium).distinct()
        async with self._engine.connect() as sql:
            return frozenset((await sql.scalars(query)).all())

    async def of(self, librarian: str) -> Sequence[PushSubscription]:
        """Return a librarian's subscriptions."""
        return await self._read(_p.librarian == librarian)

    async def _read(self, which: ColumnElement[bool]) -> Sequence[PushSubscription]:
        query = select(tables.push_subscription).where(_p.consortium == self._consortium, which)
        async with self._engine.connect() as sql:
            rows = (await sql.execute(query)).all()
        return [
            PushSubscription(
                endpoint=row.endpoint,
                p256dh=row.p256dh,
                auth=row.auth,
                librarian=row.librarian,
            )
            for row in rows
        ]

    async def end(self, endpoint: str, librarian: str) -> None:
        """Drop a browser's subscription, if it is this librarian's."""
        await self._drop((_p.id == endpoint_id(endpoint)) & (_p.librarian == librarian))

    async def drop(self, one: PushSubscription) -> None:
        """Drop a subscription that its push service knows no more."""
        await self._drop(_p.id == one.id)

    async def end_all(self, librarians: Collection[str]) -> None:
        """Drop all subscriptions of librarians."""
        await self._drop(_p.librarian.in_(list(librarians)))

    async def expire(self) -> None:
        """Drop what nobody renewed for a long time."""
        await self._drop(_p.at < now_ms() - KEPT_MS)

    async def _drop(self, which: ColumnElement[bool]) -> None:
        async with self._engine.begin() as sql:
            query = delete(tables.push_subscription).where(_p.consortium == self._consortium, which)
            await sql.execute(query)
