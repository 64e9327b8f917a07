"""Closed follow-ups: the core forgets them, the archive keeps them for as long as their conversations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import msgspec
from sqlalchemy import or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncEngine

from bridge.contract.message import Outcome
from bridge.sql import tables

_f = tables.follow_up.c


class ClosedFollowUp(msgspec.Struct, frozen=True, kw_only=True):
    """A follow-up that is closed, as the archive has it. Times are ms."""

    id: str
    conversation: str
    library: str
    owner: str
    name: str
    address: str
    deadline: int
    question: str
    opened_at: int
    closed_at: int
    outcome: Outcome


async def closed_follow_ups(
    engine: AsyncEngine,
    libraries: Sequence[str],
    owner: str,
    since: int,
    *,
    before: tuple[int, str] | None = None,
    limit: int,
) -> list[ClosedFollowUp]:
    """Return those of these libraries, and the owner's own that were closed since a time; the last closed first."""
    own = (_f.owner == owner) & (_f.changed_at >= since)
    query = select(tables.follow_up).where(_f.state == "closed", or_(_f.library.in_(list(libraries)), own))
    if before is not None:
        query = query.where(tuple_(_f.changed_at, _f.id) < tuple_(*before))
    query = query.order_by(_f.changed_at.desc(), _f.id.desc()).limit(limit)
    async with engine.connect() as sql:
        return [
            ClosedFollowUp(
                id=row.id,
                conversation=row.conversation,
                library=row.library,
                owner=row.owner,
                name=row.name,
                address=row.address,
                deadline=row.deadline,
                question=row.question,
                opened_at=row.opened_at,
                closed_at=row.changed_at,
                outcome=cast(Outcome, row.outcome),
            )
            for row in await sql.execute(query)
        ]
