"""What is counted of the FAQ: numbers by day, searches that found nothing, links that broke. No person is in any of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Literal

import msgspec
from sqlalchemy import Select, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bridge.sql import tables
from bridge.sql.people.accounts import now_ms
from bridge.sql.rows import adding

Counted = Literal["view", "helpful", "unhelpful", "solved", "used"]
GAP_DAYS = 30
GAP_FROM = 2  # occurrences from which a gap is shown
KEPT_DAYS = 2 * 365
MOST_GAPS_A_DAY = 500  # of a library: searches are written by strangers
MOST_REMARKS = 200  # of an entry
MOST_GAP, MOST_REMARK = 120, 1000

_d, _g, _k, _l = tables.faq_day.c, tables.faq_gap.c, tables.faq_remark.c, tables.faq_link.c


class Gap(msgspec.Struct, frozen=True):
    """Words that were searched for and not found, and how often within `GAP_DAYS`."""

    words: str
    language: str
    count: int
    last: str


class Remark(msgspec.Struct, frozen=True):
    """What a reader said who found an entry unhelpful."""

    n: int
    entry: str
    at: int
    text: str


class BrokenLink(msgspec.Struct, frozen=True):
    """A link that leads nowhere; `problem` is a word."""

    entry: str
    url: str
    checked_at: int
    problem: str


def today() -> date:
    """Return the day by UTC."""
    return datetime.now(UTC).date()


class FaqCounts:
    """The counts of all libraries."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def count(self, entry: str, what: Counted, by: int = 1) -> None:
        """Count something about an entry today."""
        table, values = tables.faq_day, {"entry": entry, "day": today().isoformat(), "what": what, "count": by}
        async with self._engine.begin() as sql:
            await sql.execute(adding(sql.dialect.name, table, ["entry", "day", "what"], values))

    async def of_library(self, library: str, since: date) -> dict[str, dict[str, int]]:
        """Return what was counted of a library's entries since a day, by entry and by what."""
        found: dict[str, dict[str, int]] = {}
        query = (
            select(_d.entry, _d.what, func.sum(_d["count"]))
            .where(_d.entry.in_(_of(library)), _d.day >= since.isoformat())
            .group_by(_d.entry, _d.what)
        )
        async with self._engine.connect() as sql:
            for entry, what, count in (await sql.execute(query)).all():
                found.setdefault(entry, {})[what] = int(count)
        return found

    async def remark(self, entry: str, text: str) -> None:
        """Keep what a reader said, up to a bound."""
        async with self._engine.begin() as sql:
            held = await sql.scalar(select(func.count()).where(_k.entry == entry)) or 0
            if held < MOST_REMARKS:
                await sql.execute(
                    insert(tables.faq_remark), {"entry": entry, "at": now_ms(), "text": text[:MOST_REMARK]}
                )

    async def remarks(self, library: str) -> list[Remark]:
        """Return what readers said about a library's entries, newest first."""
        query = select(_k.n, _k.entry, _k.at, _k.text).where(_k.entry.in_(_of(library))).order_by(_k.n.desc())
        async with self._engine.connect() as sql:
            return [Remark(*row) for row in (await sql.execute(query.limit(MOST_REMARKS))).all()]

    async def drop_remark(self, library: str, n: int) -> None:
        """Drop a remark about an entry of this library that was seen to."""
        async with self._engine.begin() as sql:
            await sql.execute(delete(tables.faq_remark).where(_k.n == n, _k.entry.in_(_of(library))))

    async def missed(self, library: str, language: str, words: str) -> None:
        """Count a search that nothing answered. `words` are scrubbed already."""
        day = today().isoformat()
        table, keys = tables.faq_gap, ["library", "language", "words", "day"]
        values = {"library": library, "language": language, "words": words[:MOST_GAP], "day": day, "count": 1}
        async with self._engine.begin() as sql:
            here = (_g.library == library) & (_g.day == day)
            if (await sql.scalar(select(func.count()).where(here)) or 0) >= MOST_GAPS_A_DAY:
                return
            await sql.execute(adding(sql.dialect.name, table, keys, values))

    async def gaps(self, library: str) -> list[Gap]:
        """Return what was searched for at least twice and not found, the most frequent first."""
        since = (today() - timedelta(days=GAP_DAYS)).isoformat()
        count = func.sum(_g["count"])
        query = (
            select(_g.words, _g.language, count, func.max(_g.day))
            .where(_g.library == library, _g.day >= since)
            .group_by(_g.words, _g.language)
            .having(count >= GAP_FROM)
            .order_by(count.desc(), _g.words)
            .limit(200)
        )
        async with self._engine.connect() as sql:
            return [Gap(words, language, int(n), last) for words, language, n, last in (await sql.execute(query)).all()]

    async def close_gap(self, library: str, words: str) -> None:
        """Drop a gap that was seen to."""
        async with self._engine.begin() as sql:
            await sql.execute(delete(tables.faq_gap).where(_g.library == library, _g.words == words))

    async def note_links(self, entry: str, found: Iterable[BrokenLink]) -> None:
        """Keep which links of an entry lead nowhere, in place of what was known."""
        rows = [msgspec.structs.asdict(one) for one in found]
        async with self._engine.begin() as sql:
            await sql.execute(delete(tables.faq_link).where(_l.entry == entry))
            if rows:
                await sql.execute(insert(tables.faq_link), rows)

    async def broken(self, library: str) -> list[BrokenLink]:
        """Return the links of a library's entries that lead nowhere."""
        query = select(_l.entry, _l.url, _l.checked_at, _l.problem).where(_l.entry.in_(_of(library)))
        async with self._engine.connect() as sql:
            return [BrokenLink(*row) for row in (await sql.execute(query.order_by(_l.entry, _l.url))).all()]

    async def sweep(self) -> None:
        """Forget gaps after `GAP_DAYS` and day counts after `KEPT_DAYS`."""
        gaps, days = ((today() - timedelta(days=days)).isoformat() for days in (GAP_DAYS, KEPT_DAYS))
        async with self._engine.begin() as sql:
            await sql.execute(delete(tables.faq_gap).where(_g.day < gaps))
            await sql.execute(delete(tables.faq_day).where(_d.day < days))


def _of(library: str) -> Select[tuple[str]]:
    return select(tables.faq_entry.c.id).where(tables.faq_entry.c.library == library)
