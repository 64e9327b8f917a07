"""Counting for a whole consortium: what each library received, who answered it, and how long patrons waited.

The rules are those of one library's report (`reports`). Received is counted where the patron's library is, answered where the
librarian's is: so each library's help to its partners shows beside the help that it got. Days are those of one clock for all, so a
library's own report may differ by what came near midnight. All rows are read in one pass, a portion at a time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

import msgspec
from sqlalchemy import and_, not_, or_, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bridge.sql import tables
from bridge.sql.transcripts.reports import COLUMNS, Numbers, Period, Tally, Waits, begun_here, hops_of, portions
from routing.records import SET_ASIDE

_c = tables.conversation.c


class LibraryNumbers(msgspec.Struct, frozen=True, kw_only=True):
    """One library's, or ("") all libraries' together.

    `received` = `answered` + `unanswered` (open or closed without an answer) + `abandoned`. Of `answered`, `by_partners` were
    answered by librarians of others. `for_partners`: those of others that this library's librarians answered.
    `median_live`, `median_slow`: seconds to the first answer, None where nothing was answered.
    """

    library: str
    received: int
    answered: int
    unanswered: int
    abandoned: int
    by_partners: int
    for_partners: int
    moved: int  # transferred, rolled over or returned at least once
    median_live: int | None
    median_slow: int | None


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """How many questions of one library were answered by librarians of another ("" = of none that is there now)."""

    received: str
    answered: str
    n: int


class ConsortiumNumbers(msgspec.Struct, frozen=True, kw_only=True):
    """All libraries together, each, and who answered for whom."""

    together: LibraryNumbers
    libraries: list[LibraryNumbers]
    exchanges: list[Exchange]


async def count_consortium(
    engine: AsyncEngine, libraries: Collection[str], period: Period, homes: Mapping[str, str]
) -> ConsortiumNumbers:
    """Count the conversations of these libraries that began in `period`; `homes`: librarian -> library."""
    begin, end = period.span
    aside = and_(_c.state == "closed", _c.code == SET_ASIDE)
    counted = [
        *(_c.library.in_(list(libraries)), _c.opened_at >= begin, _c.opened_at < end),
        or_(_c.code.is_(None), and_(_c.code != "practice", not_(aside))),
        not_(begun_here()),
    ]
    tallies = {"": Tally(period, homes)} | {name: Tally(period, homes) for name in libraries}
    async with engine.connect() as sql:
        async for portion in portions(sql, hops_of(counted).add_columns(_c.library)):
            for row in portion:
                for name in ("", row.library):
                    tallies[name].take_hops([row])
        async for portion in portions(sql, select(*COLUMNS, _c.library).where(*counted)):
            for row in portion:
                for name in ("", row.library):
                    tallies[name].take([row])
    return _shown({name: tally.numbers(0, 0) for name, tally in tallies.items()})


def _shown(numbers: Mapping[str, Numbers]) -> ConsortiumNumbers:
    exchanges = [
        Exchange(received=library, answered=one.key, n=one.n)
        for library, counted in numbers.items()
        if library
        for one in counted.libraries
    ]
    by: Counter[str] = Counter()
    given: Counter[str] = Counter()
    for one in exchanges:
        if one.received != one.answered:
            by[one.received] += one.n
            given[one.answered] += one.n
            by[""] += one.n
            given["all"] += one.n
    rows = [_row(name, one, by[name], given[name or "all"]) for name, one in numbers.items()]
    partners = [one for one in exchanges if one.received != one.answered]
    return ConsortiumNumbers(
        together=rows[0],
        libraries=sorted(rows[1:], key=lambda row: row.library),
        exchanges=sorted(partners, key=lambda one: (one.received, one.answered)),
    )


def _row(library: str, numbers: Numbers, by_partners: int, for_partners: int) -> LibraryNumbers:
    ends = {one.key: one.n for one in numbers.ends}
    return LibraryNumbers(
        library=library,
        received=numbers.total,
        answered=ends["answered"],
        unanswered=ends["open"] + ends["closed"],
        abandoned=ends["abandoned"],
        by_partners=by_partners,
        for_partners=for_partners,
        moved=sum(one.n for one in numbers.hops if one.key != "0"),
        median_live=_median(numbers.live),
        median_slow=_median(numbers.slow),
    )


def _median(waits: Waits) -> int | None:
    return next((one.seconds for one in waits.quantiles if one.percent == 50), None)
