"""Counting for a whole consortium: what each library received, who answered it, and how long patrons waited.

The rules are those of one library's report (`numbers`). Received is counted where the patron's library is, answered where the
librarian's is: so each library's help to its partners shows beside the help that it got. Each library's days are those of its own
clock, so that its row is what its own report says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine

from bridge.sql.statistics.kept_days import KeptDays
from bridge.sql.statistics.numbers import answering
from bridge.sql.statistics.period import Period
from bridge.sql.statistics.totals import Totals, quantile, together


class LibraryNumbers(msgspec.Struct, frozen=True, kw_only=True):
    """One library's, or ("") all libraries' together.

    `received` = `answered` + `unanswered` (open or closed without an answer) + `abandoned`. Of `answered`, `by_partners` were
    answered by librarians of others. `for_partners`: those of others that this library's librarians answered.
    `median_live`, `median_slow`: seconds to the first answer, None where nothing was answered. `counted`: questions that staff
    counted by hand.
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
    counted: int = 0


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
    engine: AsyncEngine, timezones: Mapping[str, str], period: Period, homes: Mapping[str, str]
) -> ConsortiumNumbers:
    """Count the conversations of libraries that began in `period`, by the clock of each.

    `timezones`: library -> its time zone; `homes`: librarian -> library.
    """
    everything, found = Totals(), dict[str, Totals]()
    kept = KeptDays(engine)
    for library, timezone in timezones.items():
        mine = found[library] = Totals()
        own = Period(first=period.first, last=period.last, timezone=timezone)
        async for day, counts in kept.days(library, own):
            mine.add(day, counts)
            everything.add(day, counts)
    exchanges = [
        Exchange(received=library, answered=answered, n=n)
        for library, totals in found.items()
        for answered, n in answering(totals, homes).items()
        if answered != library
    ]
    by: Counter[str] = Counter()
    given: Counter[str] = Counter()
    for one in exchanges:
        by[one.received] += one.n
        given[one.answered] += one.n
    helped = by.total()
    rows = [_row(library, totals, by[library], given[library]) for library, totals in found.items()]
    return ConsortiumNumbers(
        together=_row("", everything, helped, helped),
        libraries=sorted(rows, key=lambda row: row.library),
        exchanges=sorted(exchanges, key=lambda one: (one.received, one.answered)),
    )


def _row(library: str, totals: Totals, by_partners: int, for_partners: int) -> LibraryNumbers:
    ends, hops = totals.by["ends"], totals.by["hops"]
    return LibraryNumbers(
        library=library,
        received=totals.one("total"),
        answered=ends["answered"],
        unanswered=ends["open"] + ends["closed"],
        abandoned=ends["abandoned"],
        by_partners=by_partners,
        for_partners=for_partners,
        moved=sum(n for key, n in hops.items() if key != "0"),
        median_live=_median(totals, "1"),
        median_slow=_median(totals, "0"),
        counted=sum(totals.by["counted"].values()),
    )


def _median(totals: Totals, live: str) -> int | None:
    return quantile(together(one for key, one in totals.waits.items() if key.startswith(live)), 50)
