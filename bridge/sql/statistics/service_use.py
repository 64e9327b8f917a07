"""Numbers beside the conversations' own: help given to partners, how old open follow-ups are, how the FAQ is used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

import msgspec
from sqlalchemy import and_, func, not_, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bridge.sql import tables
from bridge.sql.statistics.day_counts import begun_here
from bridge.sql.statistics.numbers import Count, each, most
from bridge.sql.statistics.period import Period
from bridge.sql.statistics.totals import quantile
from routing.practice_queue import practice_library
from routing.records import SET_ASIDE

HOUR_MS = 3_600_000
AGES_H = (24, 72, 168, 720)
FAQ = ("view", "helpful", "unhelpful", "solved", "used")

_c = tables.conversation.c
_f = tables.follow_up.c
_d = tables.faq_day.c


class FollowUpAges(msgspec.Struct, frozen=True, kw_only=True):
    """The follow-ups that are open now. Ages in whole hours; a bucket's key is the hours it stays under, "" = older than all."""

    open: int
    overdue: int
    oldest_hours: int
    median_hours: int | None
    ages: list[Count]


async def help_given(engine: AsyncEngine, library: str, librarians: Collection[str], period: Period) -> list[Count]:
    """Count other libraries' conversations that began in `period` and that these librarians, of `library`, answered first.

    Practice isn't among them.
    """
    if not librarians:
        return []
    begin, end = period.span
    code = func.coalesce(_c.code, "")
    query = (
        select(_c.library, func.count())
        .where(
            _c.answered_by.in_(sorted(librarians)),
            *(_c.opened_at >= begin, _c.opened_at < end, _c.library != library, code != "practice"),
            _c.library.not_like(f"%{practice_library('')}"),
            *(not_(and_(_c.state == "closed", code == SET_ASIDE)), not_(begun_here())),
        )
        .group_by(_c.library)
    )
    async with engine.connect() as sql:
        return most({name: int(n) for name, n in (await sql.execute(query)).all()})


async def follow_up_ages(engine: AsyncEngine, library: str, now: int) -> FollowUpAges:
    """Return how long a library's follow-ups have been open at `now` (ms)."""
    query = select(_f.opened_at, _f.deadline).where(_f.library == library, _f.state.in_(("new", "open", "pending")))
    async with engine.connect() as sql:
        rows = (await sql.execute(query)).all()
    hours = Counter(max(0, now - row.opened_at) // HOUR_MS for row in rows)
    ages: Counter[str] = Counter()
    for age, n in hours.items():
        ages[next((str(bound) for bound in AGES_H if age < bound), "")] += n
    return FollowUpAges(
        open=len(rows),
        overdue=sum(bool(row.deadline) and row.deadline < now for row in rows),
        oldest_hours=max(hours, default=0),
        median_hours=quantile(hours, 50),
        ages=each(ages, (*map(str, AGES_H), "")),
    )


async def faq_use(engine: AsyncEngine, library: str, period: Period) -> list[Count]:
    """Count how often a library's entries were read, found helpful or not, ended a question, or went into an answer.

    Days are by UTC, as they were counted.
    """
    entries = select(tables.faq_entry.c.id).where(tables.faq_entry.c.library == library)
    query = (
        select(_d.what, func.sum(_d["count"]))
        .where(_d.entry.in_(entries), _d.day.between(str(period.first), str(period.last)))
        .group_by(_d.what)
    )
    async with engine.connect() as sql:
        found = Counter({what: int(n) for what, n in (await sql.execute(query)).all()})
    return each(found, FAQ)
