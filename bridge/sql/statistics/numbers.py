"""A library's numbers of a period: what came, how it ended, how long patrons waited, who answered. `day_counts` has the rules.

Quantiles are by nearest rank. The days are added up from those that are kept; of one queue alone, they are counted for once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine

from bridge.sql.statistics.day_counts import MOST_HOPS, RETURN, ROLL_OVER, TRANSFER, counted
from bridge.sql.statistics.kept_days import KeptDays
from bridge.sql.statistics.period import Period
from bridge.sql.statistics.totals import Totals, quantile, together
from bridge.sql.statistics.ways import way_of

QUANTILES = (50, 75, 90, 95)
LIVE_S = (20, 90, 180, 600)
SLOW_S = (3600, 14_400, 86_400)


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """So many of something; `key` is its id."""

    key: str
    n: int


class CodeCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many ended with a resolution code, and for how many of them nobody chose it."""

    key: str
    n: int
    by_default: int


class RouteCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many entered one queue and were answered in another, or in the same."""

    entered: str
    answered: str
    n: int


class Quantile(msgspec.Struct, frozen=True, kw_only=True):
    """So many per cent waited no longer than this, in seconds."""

    percent: int
    seconds: int


class Waits(msgspec.Struct, frozen=True, kw_only=True):
    """Waits to the first message of a librarian, of those that got one; no quantiles where nobody did. `longest` in seconds.

    A bucket's key is the seconds it stays under; "" = longer than all of them.
    """

    answered: int
    longest: int
    quantiles: list[Quantile]
    buckets: list[Count]


class ModeNumbers(msgspec.Struct, frozen=True, kw_only=True):
    """One way to ask: conversations that came by it, or questions that were counted by hand (`by_hand`).

    `answered`: by a librarian; a question counted by hand was. `reference`: those that somebody called reference. Spans are in
    seconds, medians and what 90 per cent stay within: to the first answer, and until a conversation was closed or a counted
    question was done. None where nothing is known.
    """

    mode: str
    by_hand: bool
    n: int
    answered: int
    reference: int
    first_median: int | None = None
    first_90: int | None = None
    lasting_median: int | None = None
    lasting_90: int | None = None


class Numbers(msgspec.Struct, frozen=True, kw_only=True):
    """What is counted of conversations that began in a period; the header of `day_counts` says by which rules.

    `hours` "0" to "23" and `weekdays` "0" (Monday) to "6"; `week`: "0 9" = Mondays from nine to ten, empty ones left out;
    `ends`: "answered", "open", "closed", "abandoned"; `libraries`: whose librarian answered ("" = one that no library lists
    now); `hops`: "0" to "3", the last also for more; `hop_kinds`: "transfer", "roll-over", "return". `codes`, `descriptive`,
    `read_scale` ("0" = not rated) and `reference` ("yes", "no", "") are of those that are closed; `ratings`: "3" = it helped,
    "2" = partly, "1" = no, "" = not rated. `question_kinds` and `question_read` are of each question of a
    conversation, where more was said than of the whole. `modes`: each way to ask. What begins with `counted` is of questions
    counted by hand: their number, kinds, weekday and hour, READ levels, places, patron types and codes.
    """

    total: int
    practice: int
    begun: int
    queues: list[Count]
    channels: list[Count]
    days: list[Count]
    hours: list[Count]
    weekdays: list[Count]
    week: list[Count]
    ends: list[Count]
    live: Waits
    slow: Waits
    libraries: list[Count]
    routes: list[RouteCount]
    hops: list[Count]
    hop_kinds: list[Count]
    codes: list[CodeCount]
    descriptive: list[Count]
    read_scale: list[Count]
    reference: list[Count]
    ratings: list[Count]
    question_kinds: list[Count] = []
    question_read: list[Count] = []
    modes: list[ModeNumbers] = []
    counted: int = 0
    counted_kinds: list[Count] = []
    counted_week: list[Count] = []
    counted_read: list[Count] = []
    counted_places: list[Count] = []
    counted_patrons: list[Count] = []
    counted_codes: list[Count] = []


async def count(
    engine: AsyncEngine,
    library: str,
    period: Period,
    homes: Mapping[str, str],
    *,
    queue: str = "",
    modes: Mapping[str, str] | None = None,
) -> Numbers:
    """Count a library's conversations that began in `period` (and entered `queue`); `homes`: librarian -> library.

    `modes`: channel -> the way to ask that it is; a channel that isn't there is one of its own.
    """
    if not queue:
        return numbers_of(await KeptDays(engine).total(library, period), period, homes, modes or {})
    totals = Totals()
    async with engine.connect() as sql:
        for day, counts in (await counted(sql, library, period, queue=queue)).items():
            totals.add(day, counts)
    return numbers_of(totals, period, homes, modes or {})


def numbers_of(totals: Totals, period: Period, homes: Mapping[str, str], modes: Mapping[str, str]) -> Numbers:
    """Return the numbers that days add up to."""
    by = totals.by
    return Numbers(
        total=totals.one("total"),
        practice=totals.one("practice"),
        begun=totals.one("begun"),
        queues=most(by["queues"]),
        channels=most(by["channels"]),
        days=each(totals.days, period.days()),
        hours=each(by["hours"], map(str, range(24))),
        weekdays=each(by["weekdays"], map(str, range(7))),
        week=[Count(key=key, n=n) for key, n in sorted(by["week"].items())],
        ends=each(by["ends"], ("answered", "open", "closed", "abandoned")),
        live=_waits(totals, "1", LIVE_S),
        slow=_waits(totals, "0", SLOW_S),
        libraries=most(answering(totals, homes)),
        routes=[RouteCount(entered=a, answered=b, n=n) for (a, b), n in totals.pairs("routes")],
        hops=each(by["hops"], map(str, range(MOST_HOPS + 1))),
        hop_kinds=each(by["hop_kinds"], (TRANSFER, ROLL_OVER, RETURN)),
        codes=[CodeCount(key=key, n=n, by_default=by["by_default"][key]) for key, n in by["codes"].most_common()],
        descriptive=most(by["descriptive"]),
        read_scale=each(by["read_scale"], ("1", "2", "3", "4", "5", "6", "0")),
        reference=each(by["reference"], ("yes", "no", "")),
        ratings=each(by["ratings"], ("3", "2", "1", "")),
        question_kinds=most(by["question_kinds"]),
        question_read=each(by["question_read"], ("1", "2", "3", "4", "5", "6", "0")) if by["question_read"] else [],
        modes=[*_conversation_modes(totals, modes), *_counted_modes(totals)],
        counted=sum(by["counted"].values()),
        counted_kinds=most(_kinds(totals)),
        counted_week=[Count(key=key, n=n) for key, n in sorted(by["counted_week"].items())],
        counted_read=each(by["counted_read"], ("1", "2", "3", "4", "5", "6", "0")) if by["counted"] else [],
        counted_places=most(by["counted_places"]),
        counted_patrons=most(by["counted_patrons"]),
        counted_codes=most(by["counted_codes"]),
    )


def most(found: Mapping[str, int]) -> list[Count]:
    """Return counts, the largest first."""
    ordered = sorted(found.items(), key=lambda one: (-one[1], one[0]))
    return [Count(key=key, n=n) for key, n in ordered if n]


def each(found: Counter[str], keys: Iterable[str]) -> list[Count]:
    """Return counts in this order, those of nothing too."""
    return [Count(key=key, n=found[key]) for key in keys]


def answering(totals: Totals, homes: Mapping[str, str]) -> Counter[str]:
    """Return how many were answered by librarians of each library; "" = of none that is there now."""
    found: Counter[str] = Counter()
    for librarian, n in totals.by["answered_by"].items():
        found[homes.get(librarian, "")] += n
    return found


def _kinds(totals: Totals) -> Counter[str]:
    found: Counter[str] = Counter()
    for (_, kind), n in totals.pairs("counted"):
        found[kind] += n
    return found


def _waits(totals: Totals, live: str, bounds: tuple[int, ...]) -> Waits:
    spans = together(one for key, one in totals.waits.items() if key.startswith(live))
    buckets: Counter[str] = Counter()
    for seconds, n in spans.items():
        buckets[next((str(bound) for bound in bounds if seconds < bound), "")] += n
    quantiles = [(percent, quantile(spans, percent)) for percent in QUANTILES]
    return Waits(
        answered=spans.total(),
        longest=totals.longest.get(live, 0),
        quantiles=[Quantile(percent=percent, seconds=found) for percent, found in quantiles if found is not None],
        buckets=each(buckets, (*map(str, bounds), "")),
    )


def _conversation_modes(totals: Totals, modes: Mapping[str, str]) -> Iterable[ModeNumbers]:
    came: dict[str, list[str]] = {}
    for channel in totals.by["channels"]:
        came.setdefault(way_of(channel, modes), []).append(channel)
    reference: Counter[str] = Counter()
    for (channel, said, _), n in totals.pairs("asked"):
        reference[channel] += n if said == "yes" else 0
    found = []
    for mode, channels in came.items():
        keys = [f"{live} {channel}" for live in "01" for channel in channels]
        first = together(totals.waits.get(key, {}) for key in keys)
        lasting = together(totals.lasting.get(key, {}) for key in keys)
        found.append(
            ModeNumbers(
                mode=mode,
                by_hand=False,
                n=sum(totals.by["channels"][channel] for channel in channels),
                answered=first.total(),
                reference=sum(reference[channel] for channel in channels),
                first_median=quantile(first, 50),
                first_90=quantile(first, 90),
                lasting_median=quantile(lasting, 50),
                lasting_90=quantile(lasting, 90),
            )
        )
    return sorted(found, key=lambda one: (-one.n, one.mode))


def _counted_modes(totals: Totals) -> Iterable[ModeNumbers]:
    by: dict[str, Counter[str]] = {}
    for (mode, kind), n in totals.pairs("counted"):
        by.setdefault(mode, Counter())[kind] += n
    found = []
    for mode, kinds in by.items():
        spans = {minutes * 60: n for minutes, n in totals.minutes.get(mode, {}).items()}
        found.append(
            ModeNumbers(
                mode=mode,
                by_hand=True,
                n=kinds.total(),
                answered=kinds.total(),
                reference=kinds["reference"],
                lasting_median=quantile(spans, 50),
                lasting_90=quantile(spans, 90),
            )
        )
    return sorted(found, key=lambda one: (-one.n, one.mode))
