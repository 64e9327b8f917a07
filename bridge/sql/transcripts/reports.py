"""Counting, as the field does it: what came, how it ended, how long patrons waited, who answered; numbers that name nobody.

    wait         from the beginning to the first message of a librarian; the desk's own words are none
    abandoned    ended before that message as a lost call, or with the patron gone: neither a wait nor an answer that failed
    unanswered   still open without that message, or closed without it: buckets of their own, never a short wait
    practice     left out of everything, and said how many
    begun        by a librarian who wrote first: nobody waited, so left out of everything, and said how many
    set aside    left out of everything, as long as nobody has taken it in
    attribution  to the queue it entered and the queue that answered; to the library of the librarian who answered
    a hop        a transfer, a roll-over to the next tier, a return to the queue

Days and hours are those of the library's clock. Nothing is read but columns that outlive the transcript, so what was forgotten
still counts. Rows are streamed and counted a portion at a time: other work goes on between two. Quantiles are by nearest rank,
to the second, and to the minute from an hour on. So a hundred thousand waits are a few thousand numbers to sort.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import ColumnElement, Row, Select, and_, func, not_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bridge.sql import tables
from bridge.sql.rows import words_of
from bridge.sql.transcripts.conversation_rows import BEGUN
from routing.followups import FOLLOW_UPS
from routing.records import SET_ASIDE

PORTION = 200  # rows counted at once
QUARTER_MS = 900_000  # every time zone's offset is a multiple of it
QUANTILES = (50, 75, 90, 95)
LIVE_S = (20, 90, 180, 600)
SLOW_S = (3600, 14_400, 86_400)
MOST_HOPS = 3

TRANSFER, ROLL_OVER, RETURN = "transfer", "roll-over", "return"
_HOPS = {  # a transfer to a queue is claimed as well: one hop
    ("claimed", "transfer"): TRANSFER,
    ("claimed", "successor"): TRANSFER,
    ("handed-over", "held"): TRANSFER,
    ("queued", "released"): RETURN,
    ("queued", "lost-librarian"): RETURN,
}

_c = tables.conversation.c
_h = tables.hop.c

COLUMNS = (
    *(_c.id, _c.channel, _c.live, _c.queue_entered, _c.state, _c.opened_at, _c.first_answer_at, _c.answered_by),
    *(_c.answered_queue, _c.code, _c.by_default, _c.descriptive, _c.read_scale, _c.reference, _c.rating),
)


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


class Numbers(msgspec.Struct, frozen=True, kw_only=True):
    """What is counted of conversations that began in a period; the header of the module says by which rules.

    `hours` "0" to "23" and `weekdays` "0" (Monday) to "6"; `week`: "0 9" = Mondays from nine to ten, empty ones left out;
    `ends`: "answered", "open", "closed", "abandoned"; `libraries`: whose librarian answered ("" = one that no library lists
    now); `hops`: "0" to "3", the last also for more; `hop_kinds`: "transfer", "roll-over", "return". `codes`, `descriptive`,
    `read_scale` ("0" = not rated) and `reference` ("yes", "no", "") are of those that are closed; `ratings`: "3" = it helped,
    "2" = partly, "1" = no, "" = not rated.
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


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """From the first day to the last, both whole, by a library's clock."""

    first: date
    last: date
    timezone: str

    @property
    def span(self) -> tuple[int, int]:
        """Beginning and end in ms, the end not part of it."""
        zone = ZoneInfo(self.timezone)
        ends = (self.first, self.last + timedelta(days=1))
        begin, end = (int(datetime.combine(day, time(), zone).timestamp() * 1000) for day in ends)
        return begin, end

    def days(self) -> list[str]:
        """Every day of it."""
        return [str(self.first + timedelta(days=n)) for n in range((self.last - self.first).days + 1)]


async def count(
    engine: AsyncEngine, library: str, period: Period, homes: Mapping[str, str], *, queue: str = ""
) -> Numbers:
    """Count a library's conversations that began in `period` (and entered `queue`); `homes`: librarian -> library."""
    begin, end = period.span
    asked = [_c.library == library, _c.opened_at >= begin, _c.opened_at < end]
    if queue:
        asked.append(_c.queue_entered == queue)
    aside = and_(_c.state == "closed", _c.code == SET_ASIDE)
    counted = [*asked, or_(_c.code.is_(None), and_(_c.code != "practice", not_(aside))), not_(begun_here())]
    tally = Tally(period, homes)
    async with engine.connect() as sql:
        practice = await sql.scalar(select(func.count()).where(*asked, _c.code == "practice", not_(begun_here())))
        begun = await sql.scalar(select(func.count()).where(*asked, begun_here()))
        async for portion in portions(sql, hops_of(counted)):
            tally.take_hops(portion)
        async for portion in portions(sql, select(*COLUMNS).where(*counted)):
            tally.take(portion)
    return tally.numbers(practice or 0, begun or 0)


def begun_here() -> ColumnElement[bool]:
    """Say of a conversation whether a librarian began it."""
    first = tables.hop.alias()
    here = select(first.c.id).where(first.c.conversation == _c.id, first.c.kind == "entered", first.c.reason == BEGUN)
    return here.correlate(tables.conversation).exists()


def hops_of(counted: list[ColumnElement[bool]]) -> Select[Any]:
    """Select the hops that count, and when patrons of unanswered conversations left and came back, in order."""
    kinds = [and_(_h.kind == kind, _h.reason == reason) for kind, reason in _HOPS]
    leaving = and_(_h.kind.in_(("gone", "back")), _c.first_answer_at.is_(None), _c.state == "closed")
    query = select(_h.conversation, _h.kind, _h.reason).join_from(
        tables.hop, tables.conversation, _h.conversation == _c.id
    )
    return query.where(*counted, or_(*kinds, _h.kind == "tier", leaving)).order_by(_h.at)


async def portions(sql: AsyncConnection, query: Select[Any]) -> AsyncIterator[list[Row[Any]]]:
    async with sql.stream(query) as rows:
        async for portion in rows.partitions(PORTION):
            yield list(portion)
            await asyncio.sleep(0)


class Tally:
    """The counters, and how a row moves them."""

    def __init__(self, period: Period, homes: Mapping[str, str]) -> None:
        self._period = period
        self._zone = ZoneInfo(period.timezone)
        self._homes = homes
        self._moments: dict[int, tuple[str, str, str]] = {}
        self._moved: Counter[str] = Counter()
        self._gone: set[str] = set()
        self._by: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._routes: Counter[tuple[str, str]] = Counter()
        self._by_default: Counter[str] = Counter()
        self._waits = {True: _Waiting(LIVE_S), False: _Waiting(SLOW_S)}
        self._total = 0

    def _add(self, name: str, key: str) -> None:
        self._by[name][key] += 1

    def take_hops(self, rows: Iterable[Row[Any]]) -> None:
        """Count hops; they come before the conversations."""
        for row in rows:
            if row.kind == "gone":
                self._gone.add(row.conversation)
            elif row.kind == "back":
                self._gone.discard(row.conversation)
            else:
                self._moved[row.conversation] += 1
                self._add("hop_kinds", _HOPS.get((row.kind, row.reason), ROLL_OVER))

    def take(self, rows: Iterable[Row[Any]]) -> None:
        """Count conversations."""
        for row in rows:
            self._total += 1
            self._came(row)
            self._add("ends", self._end(row))
            self._add("hops", str(min(self._moved[row.id], MOST_HOPS)))
            self._add("ratings", str(row.rating or ""))
            if row.first_answer_at is not None:
                self._answered(row)
            if row.state == "closed":
                self._coded(row)

    def _came(self, row: Row[Any]) -> None:
        day, hour, weekday = self._moment(row.opened_at)
        self._add("queues", row.queue_entered)
        self._add("channels", row.channel)
        self._add("days", day)
        self._add("hours", hour)
        self._add("weekdays", weekday)
        self._add("week", f"{weekday} {hour}")

    def _moment(self, at: int) -> tuple[str, str, str]:
        quarter = at // QUARTER_MS
        found = self._moments.get(quarter)
        if found is None:
            local = datetime.fromtimestamp(quarter * QUARTER_MS / 1000, self._zone)
            found = self._moments[quarter] = (str(local.date()), str(local.hour), str(local.weekday()))
        return found

    def _end(self, row: Row[Any]) -> str:
        if row.first_answer_at is not None:
            return "answered"
        if row.state != "closed":
            return "open"
        left = row.live and row.id in self._gone and row.code not in FOLLOW_UPS
        return "abandoned" if left or row.code == "lost_call" else "closed"

    def _answered(self, row: Row[Any]) -> None:
        self._waits[bool(row.live)].take(row.first_answer_at - row.opened_at)
        self._routes[row.queue_entered, row.answered_queue or row.queue_entered] += 1
        self._add("libraries", self._homes.get(row.answered_by or "", ""))

    def _coded(self, row: Row[Any]) -> None:
        code = row.code or ""
        self._add("codes", code)
        self._by_default[code] += bool(row.by_default)
        for word in words_of(row.descriptive):
            self._add("descriptive", word)
        self._add("read_scale", str(row.read_scale or 0))
        self._add("reference", {None: "", True: "yes", False: "no"}[row.reference])

    def numbers(self, practice: int, begun: int) -> Numbers:
        """Return what was counted."""
        codes = self._by["codes"].most_common()
        return Numbers(
            total=self._total,
            practice=practice,
            begun=begun,
            queues=self._most("queues"),
            channels=self._most("channels"),
            days=self._each("days", self._period.days()),
            hours=self._each("hours", map(str, range(24))),
            weekdays=self._each("weekdays", map(str, range(7))),
            week=[Count(key=key, n=n) for key, n in sorted(self._by["week"].items())],
            ends=self._each("ends", ("answered", "open", "closed", "abandoned")),
            live=self._waits[True].waits(),
            slow=self._waits[False].waits(),
            libraries=self._most("libraries"),
            routes=[RouteCount(entered=a, answered=b, n=n) for (a, b), n in self._routes.most_common()],
            hops=self._each("hops", map(str, range(MOST_HOPS + 1))),
            hop_kinds=self._each("hop_kinds", (TRANSFER, ROLL_OVER, RETURN)),
            codes=[CodeCount(key=code, n=n, by_default=self._by_default[code]) for code, n in codes],
            descriptive=self._most("descriptive"),
            read_scale=self._each("read_scale", ("1", "2", "3", "4", "5", "6", "0")),
            reference=self._each("reference", ("yes", "no", "")),
            ratings=self._each("ratings", ("3", "2", "1", "")),
        )

    def _most(self, name: str) -> list[Count]:
        """Return counts, the largest first."""
        found = sorted(self._by[name].items(), key=lambda one: (-one[1], one[0]))
        return [Count(key=key, n=n) for key, n in found]

    def _each(self, name: str, keys: Iterable[str]) -> list[Count]:
        """Return counts in this order, those of nothing too."""
        found = self._by[name]
        return [Count(key=key, n=found[key]) for key in keys]


class _Waiting:
    """How long those waited who were answered."""

    def __init__(self, bounds: tuple[int, ...]) -> None:
        self._bounds = bounds
        self._seconds: Counter[int] = Counter()
        self._buckets: Counter[int] = Counter()
        self._longest = 0

    def take(self, ms: int) -> None:
        """Count one wait."""
        ms = max(0, ms)
        seconds = ms // 1000
        self._seconds[seconds if seconds < 3600 else seconds // 60 * 60] += 1
        self._buckets[next((bound for bound in self._bounds if ms < bound * 1000), 0)] += 1
        self._longest = max(self._longest, seconds)

    def waits(self) -> Waits:
        """Return the quantiles and the buckets."""
        answered = self._seconds.total()
        buckets = [Count(key=str(bound or ""), n=self._buckets[bound]) for bound in (*self._bounds, 0)]
        return Waits(
            answered=answered, longest=self._longest, quantiles=list(self._quantiles(answered)), buckets=buckets
        )

    def _quantiles(self, answered: int) -> Iterable[Quantile]:
        wanted = [(percent, -(-percent * answered // 100)) for percent in QUANTILES] if answered else []
        upto = 0
        for seconds in sorted(self._seconds):
            upto += self._seconds[seconds]
            while wanted and upto >= wanted[0][1]:
                yield Quantile(percent=wanted.pop(0)[0], seconds=seconds)
