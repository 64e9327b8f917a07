"""What was asked, one row each: conversations that count, and questions counted by hand. Nobody is named."""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec
from sqlalchemy import and_, func, not_, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bridge.sql import tables
from bridge.sql.rows import words_of
from bridge.sql.statistics.day_counts import begun_here, portions
from bridge.sql.statistics.period import Period
from routing.records import SET_ASIDE

_c = tables.conversation.c
_q = tables.counted_question.c


class Transaction(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation, or a question counted by hand (`way` is its mode then, and `channel` ""). Times are ms, None = never.

    `reference`: None = nobody said; `kind`: of a counted question; `minutes`: what a counted question took.
    """

    id: str
    at: int
    way: str = ""
    channel: str = ""
    live: bool = False
    queue: str = ""
    accepted_at: int | None = None
    first_answer_at: int | None = None
    closed_at: int | None = None
    code: str = ""
    codes: tuple[str, ...] = ()
    read: int = 0
    reference: bool | None = None
    kind: str = ""
    place: str = ""
    patron_type: str = ""
    minutes: int | None = None


async def conversations(engine: AsyncEngine, library: str, period: Period) -> AsyncIterator[Transaction]:
    """Yield a library's conversations that began in `period` and count, in order."""
    begin, end = period.span
    code = func.coalesce(_c.code, "")
    query = (
        select(
            *(
                _c.id,
                _c.opened_at,
                _c.channel,
                _c.live,
                _c.queue_entered,
                _c.claimed_at,
                _c.first_answer_at,
                _c.closed_at,
            ),
            *(_c.state, _c.code, _c.descriptive, _c.read_scale, _c.reference),
        )
        .where(
            *(_c.library == library, _c.opened_at >= begin, _c.opened_at < end, code != "practice"),
            *(not_(and_(_c.state == "closed", code == SET_ASIDE)), not_(begun_here())),
        )
        .order_by(_c.opened_at, _c.id)
    )
    async with engine.connect() as sql:
        async for portion in portions(sql, query):
            for row in portion:
                closed = row.state == "closed"
                yield Transaction(
                    id=row.id,
                    at=row.opened_at,
                    channel=row.channel,
                    live=bool(row.live),
                    queue=row.queue_entered,
                    accepted_at=row.claimed_at,
                    first_answer_at=row.first_answer_at,
                    closed_at=row.closed_at if closed else None,
                    code=row.code or "" if closed else "",
                    codes=words_of(row.descriptive) if closed else (),
                    read=row.read_scale or 0,
                    reference=row.reference,
                )


async def counted_questions(engine: AsyncEngine, library: str, period: Period) -> AsyncIterator[Transaction]:
    """Yield a library's questions counted by hand that were asked in `period`, in order."""
    begin, end = period.span
    of = (_q.id, _q.at_ms, _q.mode, _q.kind, _q.place, _q.patron_type, _q.minutes, _q.read_level, _q.codes)
    here = (_q.library == library, _q.at_ms >= begin, _q.at_ms < end, _q.voided_ms.is_(None))
    async with engine.connect() as sql:
        async for portion in portions(sql, select(*of).where(*here).order_by(_q.at_ms, _q.id)):
            for row in portion:
                yield Transaction(
                    id=row.id,
                    at=row.at_ms,
                    way=row.mode,
                    kind=row.kind,
                    reference=row.kind == "reference",
                    place=row.place,
                    patron_type=row.patron_type,
                    minutes=row.minutes,
                    read=row.read_level or 0,
                    codes=words_of(row.codes),
                )
