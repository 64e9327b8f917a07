"""Survey sheets: what a library reports once a year, each line with its number and how the number was made.

    pls      reference transactions (IMLS, Public Libraries Survey): counted for the year, or projected from typical weeks,
             two times 26 or four times 13
    acrl     transactions, consultations and virtual ones apart (ACRL and ARL, after ANSI/NISO Z39.7)
    sconul   enquiries, from 1 August to 31 July, counted or projected from sample weeks
    own      lines that the library chose

A reference transaction takes a member of staff who knows, recommends, interprets, evaluates or uses information sources. Where
the library is, when it opens, equipment and rules are none of it. A conversation is one when somebody said so at its end, a
question counted by hand when it is of that kind. An encounter that held both counts for its reference question alone.
Conversations of which nobody said anything are left out, unless the library counts them (`count_unsaid`).

Practice, what librarians began by themselves, and what was taken back are in no line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Literal, get_args

import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine

from bridge.sql.statistics.kept_days import KeptDays
from bridge.sql.statistics.period import Period
from bridge.sql.statistics.totals import Totals

Survey = Literal["pls", "acrl", "sconul", "own"]
Measure = Literal[
    "reference",
    "transactions",
    "consultations",
    "virtual",
    "in_person",
    "phone",
    "other_ways",
    "directional",
    "technical",
    "other",
    "not_reference",
    "unsaid",
    "conversations",
    "answered",
    "unanswered",
    "abandoned",
    "counted",
    "practice",
]
Part = Literal["line", "of_which", "left_out"]
How = Literal["counted", "projected"]

SURVEYS: tuple[Survey, ...] = get_args(Survey)
MEASURES: tuple[Measure, ...] = get_args(Measure)
YEAR_WEEKS = 52
PLS_WEEKS = (2, 4)
MOST_WEEKS = 13
YEAR_DAYS = (364, 371)  # what is projected to a year is one

_VIRTUAL = frozenset({"chat", "email", "sms"})
_IN_PERSON = frozenset({"walk_up", "roving"})

_LEFT_OUT: tuple[tuple[Measure, Part], ...] = (
    ("directional", "left_out"),
    ("technical", "left_out"),
    ("other", "left_out"),
    ("not_reference", "left_out"),
    ("unsaid", "left_out"),
    ("practice", "left_out"),
)
_WAYS: tuple[tuple[Measure, Part], ...] = (
    ("in_person", "of_which"),
    ("phone", "of_which"),
    ("virtual", "of_which"),
    ("other_ways", "of_which"),
)
LINES: Mapping[Survey, Sequence[tuple[Measure, Part]]] = {
    "pls": (("reference", "line"), *_WAYS, ("consultations", "of_which"), *_LEFT_OUT),
    "acrl": (("transactions", "line"), ("consultations", "line"), ("virtual", "line"), *_LEFT_OUT),
    "sconul": (("reference", "line"), *_WAYS, ("consultations", "of_which"), *_LEFT_OUT),
}


class WeekCount(msgspec.Struct, frozen=True, kw_only=True):
    """A week that a number was projected from: its first day, and what was counted in its seven days."""

    first: str
    n: int


class SurveyLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line. `projected`: `n` is the sum of the weeks times 52, divided by how many they are, rounded half up."""

    key: Measure
    part: Part
    n: int
    how: How
    weeks: list[WeekCount] = []


class SurveySheet(msgspec.Struct, frozen=True, kw_only=True):
    """A survey's lines for a period.

    `unsaid_counts`: conversations of which nobody said whether they were reference are counted as such. `weeks_fit`: False where
    weeks were chosen that the survey doesn't take (their number, or the period is no year), so that all was counted.
    """

    survey: Survey
    lines: list[SurveyLine]
    unsaid_counts: bool
    weeks_fit: bool


async def survey_sheet(
    engine: AsyncEngine,
    library: str,
    survey: Survey,
    period: Period,
    *,
    weeks: Sequence[date] = (),
    own: Sequence[Measure] = (),
    count_unsaid: bool = False,
) -> SurveySheet:
    """Return a library's sheet. `weeks`: first days of typical weeks; of them those count that lie whole in the period."""
    kept = KeptDays(engine)
    inside = [day for day in sorted(set(weeks)) if period.first <= day and day + timedelta(days=6) <= period.last]
    fits = _fit(survey, period, inside)
    chosen = inside if fits else []
    year, sampled = Totals(), [Totals() for _ in chosen]
    async for day, counts in kept.days(library, period):
        year.add(day, counts)
        for first, totals in zip(chosen, sampled, strict=True):
            if first <= day < first + timedelta(days=7):
                totals.add(day, counts)
    wanted = LINES.get(survey) or [(key, "line") for key in own]
    return SurveySheet(
        survey=survey,
        lines=[_line(key, part, year, chosen, sampled, count_unsaid) for key, part in wanted],
        unsaid_counts=count_unsaid,
        weeks_fit=fits,
    )


def _fit(survey: Survey, period: Period, weeks: Sequence[date]) -> bool:
    """Say whether a number may be projected from these weeks; that of none may."""
    if not weeks:
        return True
    days = (period.last - period.first).days + 1
    apart = all(after - before >= timedelta(days=7) for before, after in pairwise(weeks))
    return YEAR_DAYS[0] <= days <= YEAR_DAYS[1] and apart and (survey != "pls" or len(weeks) in PLS_WEEKS)


def _line(
    key: Measure, part: Part, year: Totals, weeks: Sequence[date], sampled: Sequence[Totals], count_unsaid: bool
) -> SurveyLine:
    if not weeks:
        return SurveyLine(key=key, part=part, n=measured(key, year, count_unsaid), how="counted")
    found = [measured(key, totals, count_unsaid) for totals in sampled]
    return SurveyLine(
        key=key,
        part=part,
        n=projected(found),
        how="projected",
        weeks=[WeekCount(first=str(first), n=n) for first, n in zip(weeks, found, strict=True)],
    )


def projected(weeks: Sequence[int]) -> int:
    """Return what weeks come to in a year: their sum times 52 divided by how many they are, rounded half up."""
    return (2 * sum(weeks) * YEAR_WEEKS + len(weeks)) // (2 * len(weeks))


def measured(key: Measure, totals: Totals, count_unsaid: bool) -> int:
    """Return a measure of what days add up to."""
    return _MEASURES[key](totals, count_unsaid)


def _said(totals: Totals, count_unsaid: bool) -> int:
    """Return how many conversations count as reference."""
    return sum(
        n
        for (_, said, answered), n in totals.pairs("asked")
        if said == "yes" or (count_unsaid and not said and answered)
    )


def _unsaid(totals: Totals) -> int:
    return sum(n for (_, said, answered), n in totals.pairs("asked") if not said and answered)


def _by_hand(totals: Totals, fits: Callable[[str], bool], kind: str = "reference") -> int:
    return sum(n for (mode, of), n in totals.pairs("counted") if of == kind and fits(mode))


def _of_kind(kind: str) -> Callable[[Totals, bool], int]:
    return lambda totals, _: _by_hand(totals, lambda _: True, kind)


def _end(*keys: str) -> Callable[[Totals, bool], int]:
    return lambda totals, _: sum(totals.by["ends"][key] for key in keys)


_MEASURES: Mapping[Measure, Callable[[Totals, bool], int]] = {
    "reference": lambda totals, unsaid: _said(totals, unsaid) + _by_hand(totals, lambda _: True),
    "transactions": lambda totals, unsaid: (
        _said(totals, unsaid) + _by_hand(totals, lambda mode: mode != "consultation")
    ),
    "consultations": lambda totals, _: _by_hand(totals, lambda mode: mode == "consultation"),
    "virtual": lambda totals, unsaid: _said(totals, unsaid) + _by_hand(totals, lambda mode: mode in _VIRTUAL),
    "in_person": lambda totals, _: _by_hand(totals, lambda mode: mode in _IN_PERSON),
    "phone": lambda totals, _: _by_hand(totals, lambda mode: mode == "phone"),
    "other_ways": lambda totals, _: _by_hand(totals, lambda mode: mode == "other"),
    "directional": _of_kind("directional"),
    "technical": _of_kind("technical"),
    "other": _of_kind("other"),
    "not_reference": lambda totals, _: totals.by["reference"]["no"],
    "unsaid": lambda totals, _: _unsaid(totals),
    "conversations": lambda totals, _: totals.one("total"),
    "answered": _end("answered"),
    "unanswered": _end("open", "closed"),
    "abandoned": _end("abandoned"),
    "counted": lambda totals, _: sum(totals.by["counted"].values()),
    "practice": lambda totals, _: totals.one("practice"),
}


# ---- years -----------------------------------------------------------------------------------------------------------------


def year_of(day: date, start: str) -> tuple[date, date]:
    """Return the first and the last day of the year that a day is in, where years begin at `start` ("07-01")."""
    month, first = map(int, start.split("-"))
    begin = date(day.year, month, first)
    if begin > day:
        begin = date(day.year - 1, month, first)
    return begin, date(begin.year + 1, month, first) - timedelta(days=1)


def years_before(today: date, start: str, most: int) -> list[tuple[date, date]]:
    """Return the year that `today` is in and those before, newest first."""
    found = [year_of(today, start)]
    while len(found) < most:
        found.append(year_of(found[-1][0] - timedelta(days=1), start))
    return found
