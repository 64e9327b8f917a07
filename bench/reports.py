"""(t) A report over five years, on SQLite and PostgreSQL: 100,000 conversations a year and half as many counted questions.

The facts are those of the seeded year (tests/sql/seeded_year.py), five times, all of them of three libraries; the largest one's
report is made. `counted` is the first one, which counts each day; afterwards days are kept, and a report adds them up.
"""

from __future__ import annotations

import time
from datetime import date

import uvloop

from bench.archives import analysed, on_both
from bench.figures import QUICK, REPEATS, Sheet, most, say
from bridge.sql.archive import Archive
from bridge.sql.statistics.numbers import count
from bridge.sql.statistics.period import Period
from bridge.sql.statistics.surveys import survey_sheet
from tests.sql import seeded_year as facts

YEARS = 5
A_YEAR = 2_000 if QUICK else 100_000
FIRST = 2020
PERIOD = Period(first=date(FIRST, 1, 1), last=date(FIRST + YEARS - 1, 12, 31), timezone=facts.ZONES["north"])
GOAL_S = 2.0


async def report(archive: Archive) -> tuple[float, int]:
    """Return the seconds that a report took, and how many conversations are in it."""
    began = time.perf_counter()
    found = await count(archive.engine, "north", PERIOD, facts.STAFF, modes=facts.MODES)
    return time.perf_counter() - began, found.total


async def on(url: str, name: str, sheet: Sheet) -> None:
    """Measure on one database and put down."""
    archive = await Archive.open(url)
    try:
        for n in range(YEARS):
            talks, asked = facts.year(A_YEAR, seed=n, first=date(FIRST + n, 1, 1))
            await facts.write(archive.engine, talks, asked)
        await analysed(archive)
        suffix = "" if name == "sqlite" else f"_{name}"
        spent, total = await report(archive)
        say(f"{total} conversations of one library on {name}")
        sheet.add(f"report_years_counted_s{suffix}", [spent], "s", None, "the first one: all days are counted")
        again = [(await report(archive))[0] for _ in range(REPEATS)]
        sheet.add(f"report_years_s{suffix}", again, "s", most(GOAL_S), f"{YEARS} years, {total} conversations")
        began = time.perf_counter()
        await survey_sheet(archive.engine, "north", "pls", PERIOD)
        sheet.add(
            f"survey_years_s{suffix}", [time.perf_counter() - began], "s", most(GOAL_S), "a survey sheet of as long"
        )
    finally:
        await archive.close()


def main() -> None:
    """Measure in a process of its own."""
    sheet = Sheet()
    uvloop.run(on_both(on, sheet))
    sheet.hand_in()


if __name__ == "__main__":
    main()
