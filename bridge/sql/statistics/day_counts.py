"""What is counted of a library's day, as the field does it: numbers that name nobody.

    wait         from the beginning to the first message of a librarian; the desk's own words are none
    abandoned    ended before that message as a lost call, or with the patron gone: neither a wait nor an answer that failed
    unanswered   still open without that message, or closed without it: buckets of their own, never a short wait
    practice     left out of everything, and said how many
    begun        by a librarian who wrote first: nobody waited, so left out of everything, and said how many
    set aside    left out of everything, as long as nobody has taken it in
    attribution  to the queue it entered and the queue that answered; to the library of the librarian who answered
    a hop        a transfer, a roll-over to the next tier, a return to the queue
    lasting      from the beginning to the last closing, of those that were answered and are closed
    counted      questions that staff counted by hand (bridge.sql.counter), apart from conversations; those taken back are none

A conversation belongs to the day and hour at which it began, a counted question to those at which it was asked, by the library's
clock. Nothing is read but columns that outlive the transcript, so what was forgotten still counts. Rows are streamed and counted
a portion at a time: other work goes on between two.

Spans of time are kept to the second, and to the minute from an hour on. So a day's waits are a few numbers.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable
from datetime import date
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Row, Select, and_, func, not_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bridge.contract.message import QuestionTaken
from bridge.sql import tables
from bridge.sql.rows import words_of
from bridge.sql.statistics.period import LocalClock, Period
from bridge.sql.transcripts.conversation_rows import BEGUN
from routing.followups import FOLLOW_UPS
from routing.records import SET_ASIDE

PORTION = 200  # rows counted at once
MOST_HOPS = 3
BETWEEN = "\n"  # stands between the parts of a key; no name has it

TRANSFER, ROLL_OVER, RETURN = "transfer", "roll-over", "return"
_HOPS = {  # a transfer to a queue is claimed as well: one hop
    ("claimed", "transfer"): TRANSFER,
    ("claimed", "successor"): TRANSFER,
    ("handed-over", "held"): TRANSFER,
    ("queued", "released"): RETURN,
    ("queued", "lost-librarian"): RETURN,
}

_questions = msgspec.json.Decoder(tuple[QuestionTaken, ...]).decode

_c = tables.conversation.c
_h = tables.hop.c
_q = tables.counted_question.c


class DayCounts(msgspec.Struct):
    """A day's counts.

    by       name -> key -> how many; names are those of `DayTally`
    waits    "1 web" (live) or "0 mail" (slow) and the channel -> seconds to the first answer -> how many
    lasting  the same, of how long it took until they were closed
    minutes  mode -> minutes that counted questions took -> how many
    longest  "1" (live) or "0" -> the longest wait in whole seconds
    """

    by: dict[str, dict[str, int]] = {}
    waits: dict[str, dict[int, int]] = {}
    lasting: dict[str, dict[int, int]] = {}
    minutes: dict[str, dict[int, int]] = {}
    longest: dict[str, int] = {}


def coarse(ms: int) -> int:
    """Return a span in seconds: whole ones, and whole minutes from an hour on."""
    seconds = max(0, ms) // 1000
    return seconds if seconds < 3600 else seconds // 60 * 60


class DayTally:
    """The counters of one day, and how a row moves them."""

    def __init__(self) -> None:
        self.by: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.spans: dict[str, defaultdict[str, Counter[int]]] = {
            name: defaultdict(Counter) for name in ("waits", "lasting", "minutes")
        }
        self.longest: dict[str, int] = {}

    def add(self, name: str, key: str) -> None:
        """Count one."""
        self.by[name][key] += 1

    def conversation(self, row: Row[Any], hour: int, moved: int, gone: bool) -> None:
        """Count a conversation; `moved`: its hops, `gone`: its patron left and did not come back."""
        if row.begun or row.code == "practice":
            self.add("begun" if row.begun else "practice", "")
            return
        if row.state == "closed" and row.code == SET_ASIDE:
            return
        self.add("total", "")
        self.add("queues", row.queue_entered)
        self.add("channels", row.channel)
        self.add("hours", str(hour))
        self.add("ends", self._end(row, gone))
        self.add("hops", str(min(moved, MOST_HOPS)))
        self.add("ratings", str(row.rating or ""))
        if row.first_answer_at is not None:
            self._answered(row)
        if row.state == "closed":
            self._coded(row)

    def _end(self, row: Row[Any], gone: bool) -> str:
        if row.first_answer_at is not None:
            return "answered"
        if row.state != "closed":
            return "open"
        left = row.live and gone and row.code not in FOLLOW_UPS
        return "abandoned" if left or row.code == "lost_call" else "closed"

    def _answered(self, row: Row[Any]) -> None:
        live = str(int(bool(row.live)))
        wait = row.first_answer_at - row.opened_at
        self.spans["waits"][f"{live} {row.channel}"][coarse(wait)] += 1
        self.longest[live] = max(self.longest.get(live, 0), max(0, wait) // 1000)
        self.add("routes", f"{row.queue_entered}{BETWEEN}{row.answered_queue or row.queue_entered}")
        self.add("answered_by", row.answered_by or "")
        if row.state == "closed" and row.closed_at is not None:
            self.spans["lasting"][f"{live} {row.channel}"][coarse(row.closed_at - row.opened_at)] += 1

    def _coded(self, row: Row[Any]) -> None:
        code = row.code or ""
        self.add("codes", code)
        if row.by_default:
            self.add("by_default", code)
        for word in words_of(row.descriptive):
            self.add("descriptive", word)
        self.add("read_scale", str(row.read_scale or 0))
        reference = {None: "", True: "yes", False: "no"}[row.reference]
        self.add("reference", reference)
        for one in _questions(row.questions) if row.questions else ():
            self.add("question_kinds", one.kind)
            self.add("question_read", str(one.read))
        answered = "answered" if row.first_answer_at is not None else ""
        self.add("asked", BETWEEN.join((row.channel, reference, answered)))

    def question(self, row: Row[Any], hour: int) -> None:
        """Count a question that staff counted by hand."""
        self.add("counted", f"{row.mode}{BETWEEN}{row.kind}")
        self.add("counted_hours", str(hour))
        self.add("counted_read", str(row.read_level or 0))
        self.add("counted_places", row.place)
        self.add("counted_patrons", row.patron_type)
        for word in words_of(row.codes):
            self.add("counted_codes", word)
        if row.minutes is not None:
            self.spans["minutes"][row.mode][row.minutes] += 1

    def counts(self) -> DayCounts:
        """Return what was counted."""
        plain = {name: {key: dict(of) for key, of in spans.items()} for name, spans in self.spans.items()}
        return DayCounts(by={name: dict(of) for name, of in self.by.items()}, longest=self.longest, **plain)


# ---- reading the rows -----------------------------------------------------------------------------------------------------------


def begun_here() -> ColumnElement[bool]:
    """Say of a conversation whether a librarian began it."""
    first = tables.hop.alias()
    here = select(first.c.id).where(first.c.conversation == _c.id, first.c.kind == "entered", first.c.reason == BEGUN)
    return here.correlate(tables.conversation).exists()


_COLUMNS = (
    *(_c.id, _c.channel, _c.live, _c.queue_entered, _c.state, _c.opened_at, _c.first_answer_at, _c.answered_by),
    *(
        _c.answered_queue,
        _c.closed_at,
        _c.code,
        _c.by_default,
        _c.descriptive,
        _c.read_scale,
        _c.reference,
        _c.questions,
    ),
    _c.rating,
)


async def counted(sql: AsyncConnection, library: str, period: Period, *, queue: str = "") -> dict[date, DayCounts]:
    """Count what a library's conversations that began in `period` (and entered `queue`) were, by day; days of nothing are left out.

    Questions counted by hand enter no queue: with one, there are none.
    """
    begin, end = period.span
    asked = [_c.library == library, _c.opened_at >= begin, _c.opened_at < end]
    if queue:
        asked.append(_c.queue_entered == queue)
    clock = LocalClock(period.timezone)
    days: defaultdict[date, DayTally] = defaultdict(DayTally)
    moved, gone = await _hops(sql, asked, clock, days)
    async for portion in portions(sql, select(*_COLUMNS, begun_here().label("begun")).where(*asked)):
        for row in portion:
            day, hour = clock(row.opened_at)
            days[day].conversation(row, hour, moved.get(row.id, 0), row.id in gone)
    if not queue:
        of = (_q.at_ms, _q.mode, _q.kind, _q.place, _q.patron_type, _q.minutes, _q.read_level, _q.codes)
        here = (_q.library == library, _q.at_ms >= begin, _q.at_ms < end, _q.voided_ms.is_(None))
        async for portion in portions(sql, select(*of).where(*here)):
            for row in portion:
                day, hour = clock(row.at_ms)
                days[day].question(row, hour)
    return {day: tally.counts() for day, tally in days.items()}


async def _hops(
    sql: AsyncConnection, asked: list[ColumnElement[bool]], clock: LocalClock, days: defaultdict[date, DayTally]
) -> tuple[Counter[str], set[str]]:
    """Count the hops of conversations that count; return how many each had, and those whose patron left for good."""
    moved: Counter[str] = Counter()
    gone: set[str] = set()
    aside = and_(_c.state == "closed", func.coalesce(_c.code, "") == SET_ASIDE)
    left_out = or_(aside, func.coalesce(_c.code, "") == "practice", begun_here())
    async for portion in portions(sql, hops_of([*asked, not_(left_out)])):
        for row in portion:
            if row.kind == "gone":
                gone.add(row.conversation)
            elif row.kind == "back":
                gone.discard(row.conversation)
            else:
                moved[row.conversation] += 1
                days[clock(row.opened_at)[0]].add("hop_kinds", _HOPS.get((row.kind, row.reason), ROLL_OVER))
    return moved, gone


def hops_of(asked: list[ColumnElement[bool]]) -> Select[Any]:
    """Select the hops that count, and when patrons of unanswered conversations left and came back, in order."""
    kinds = [and_(_h.kind == kind, _h.reason == reason) for kind, reason in _HOPS]
    leaving = and_(_h.kind.in_(("gone", "back")), _c.first_answer_at.is_(None), _c.state == "closed")
    query = select(_h.conversation, _h.kind, _h.reason, _c.opened_at).join_from(
        tables.conversation, tables.hop, _h.conversation == _c.id
    )
    return query.where(*asked, or_(*kinds, _h.kind == "tier", leaving)).order_by(_h.at)


async def portions(sql: AsyncConnection, query: Select[Any], most: int = PORTION) -> AsyncIterator[Iterable[Row[Any]]]:
    """Yield the rows of a query, some at a time, with a breath between."""
    async with sql.stream(query) as rows:
        async for portion in rows.partitions(most):
            yield portion
            await asyncio.sleep(0)
