"""The browsers of patrons who want to be told of an answer while the page of their chat is closed.

A conversation has at most three: a further one takes the place of the oldest. Each goes when the patron says so, when its push
service says so, when its conversation ends or is forgotten, and after a time in which nobody renewed it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec
from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bridge.contract.answer_notices import PushTarget
from bridge.sql import tables
from bridge.sql.people.accounts import now_ms
from bridge.sql.people.push_subscriptions import KEPT_MS, endpoint_id
from bridge.sql.rows import replacing

MOST_BY_CONVERSATION = 3
SLICE = 500  # conversations in one statement

_p = tables.patron_subscription.c


class PatronSubscription(PushTarget, frozen=True, kw_only=True):
    """The subscription of a patron's browser: for answers to `address` on `channel`, until `conversation` ends."""

    conversation: str
    channel: str
    address: str


class PatronSubscriptions:
    """The patrons' subscriptions of one consortium."""

    def __init__(self, engine: AsyncEngine, consortium: str) -> None:
        self._engine = engine
        self._consortium = consortium

    async def keep(self, one: PatronSubscription) -> None:
        """Keep or renew a subscription. A browser has one: it is whose it was handed in for last."""
        id = endpoint_id(one.endpoint)
        row = {"id": id, "consortium": self._consortium, "at": now_ms(), **msgspec.structs.asdict(one)}
        whose = (_p.consortium == self._consortium) & (_p.conversation == one.conversation)
        async with self._engine.begin() as sql:
            await sql.execute(replacing(sql.dialect.name, tables.patron_subscription, ["id"], row))
            query = select(_p.id).where(whose).order_by(_p.at.desc(), _p.id).offset(MOST_BY_CONVERSATION)
            if old := list((await sql.scalars(query)).all()):
                await sql.execute(delete(tables.patron_subscription).where(_p.id.in_(old)))

    async def of(self, channel: str, address: str) -> Sequence[PatronSubscription]:
        """Return the subscriptions of one patron."""
        query = select(tables.patron_subscription).where(
            _p.consortium == self._consortium, _p.channel == channel, _p.address == address
        )
        async with self._engine.connect() as sql:
            rows = (await sql.execute(query)).all()
        return [
            PatronSubscription(**{name: getattr(row, name) for name in PatronSubscription.__struct_fields__})
            for row in rows
        ]

    async def conversations(self) -> frozenset[str]:
        """Return the conversations that have one."""
        query = select(_p.conversation).where(_p.consortium == self._consortium).distinct()
        async with self._engine.connect() as sql:
            return frozenset((await sql.scalars(query)).all())

    async def end(self, channel: str, address: str) -> None:
        """Drop the subscriptions of one patron."""
        await self._drop((_p.channel == channel) & (_p.address == address))

    async def end_all(self, conversations: Collection[str]) -> None:
        """Drop the subscriptions of conversations that ended."""
        ids = list(conversations)
        for n in range(0, len(ids), SLICE):
            await self._drop(_p.conversation.in_(ids[n : n + SLICE]))

    async def drop(self, one: PushTarget) -> None:
        """Drop a subscription that its push service knows no more."""
        await self._drop(_p.id == endpoint_id(one.endpoint))

    async def expire(self) -> None:
        """Drop what nobody renewed for a long time."""
        await self._drop(_p.at < now_ms() - KEPT_MS)

    async def _drop(self, which: ColumnElement[bool]) -> None:
        async with self._engine.begin() as sql:
            await sql.execute(delete(tables.patron_subscription).where(_p.consortium == self._consortium, which))
