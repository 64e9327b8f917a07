"""What was asked, one row each, under the column names that a library's spreadsheets know: our own, those of RefAnalytics, or those
of LibraryH3lp's activity. Only coordinators, and only of their own libraries. No patron and no librarian is in it.

Rows are written as they are read, so that neither side holds the file whole. Cells that a spreadsheet would take for a formula are
defused.
"""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from aiohttp import web

from bridge.inbox.http.responses import not_found
from bridge.inbox.http.route import Call, Parameter, Route
from bridge.inbox.routes.opening import note
from bridge.inbox.routes.reports import FROM, LIBRARY, TO, inert, library_asked, period_asked
from bridge.inbox.schema import Problem
from bridge.inbox.views import rows
from bridge.inbox.views.access import coordinated
from bridge.sql.statistics.transactions import Transaction, conversations, counted_questions
from bridge.sql.statistics.ways import ways_to_ask

PORTION = 200  # rows written at once

Cell = str | int
Columns = Mapping[str, Callable[["TransactionRow"], Cell]]


class TransactionRow:
    """A transaction with what its cells are made of: names, the library's clock."""

    def __init__(self, one: Transaction, way: str, queue: str, zone: ZoneInfo) -> None:
        self.one, self.way, self.queue = one, way, queue
        self.local = datetime.fromtimestamp(one.at / 1000, zone)

    @property
    def kind(self) -> str:
        """Which kind of question: what was counted, or what was said at the end."""
        said = {None: "", True: "reference", False: "other"}[self.one.reference]
        return self.one.kind or said

    @property
    def minutes(self) -> Cell:
        """How long it took, in whole minutes; "" = not known."""
        if self.one.minutes is not None:
            return self.one.minutes
        return max(0, self.one.closed_at - self.one.at) // 60_000 if self.one.closed_at is not None else ""


def _nothing(_: TransactionRow) -> Cell:
    """Fill a column that would name somebody."""
    return ""


def _utc(ms: int | None) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S") if ms is not None else ""


def _seconds(since: int, until: int | None) -> Cell:
    return max(0, until - since) // 1000 if until is not None else ""


OWN: Columns = {
    "id": lambda it: it.one.id,
    "counted_by_hand": lambda it: "no" if it.one.channel else "yes",
    "date": lambda it: f"{it.local:%Y-%m-%d}",
    "time": lambda it: f"{it.local:%H:%M:%S}",
    "weekday": lambda it: it.local.isoweekday(),
    "way": lambda it: it.way,
    "queue": lambda it: it.queue,
    "place": lambda it: it.one.place,
    "patron_type": lambda it: it.one.patron_type,
    "kind": lambda it: it.kind,
    "read": lambda it: it.one.read or "",
    "codes": lambda it: " | ".join(it.one.codes),
    "resolution": lambda it: it.one.code,
    "first_answer_seconds": lambda it: _seconds(it.one.at, it.one.first_answer_at),
    "closed_after_seconds": lambda it: _seconds(it.one.at, it.one.closed_at),
    "minutes": lambda it: it.minutes,
}
REF_ANALYTICS: Columns = {
    "Id": lambda it: it.one.id,
    "Date": lambda it: f"{it.local:%Y-%m-%d}",
    "Time": lambda it: f"{it.local:%H:%M}",
    "Ticket #": lambda it: it.one.id if it.one.channel and not it.one.live else "",
    "Chat #": lambda it: it.one.id if it.one.channel and it.one.live else "",
    "Location": lambda it: it.one.place or it.queue,
    "Entered By": _nothing,
    "Patron Affiliation": _nothing,
    "Patron Status": lambda it: it.one.patron_type,
    "Communication": lambda it: it.way,
    "Question Type": lambda it: it.kind,
    "Duration": lambda it: it.minutes,
    "READ": lambda it: it.one.read or "",
}
LIBRARYH3LP: Columns = {
    "id": lambda it: it.one.id,
    "guest": _nothing,
    "operator": _nothing,
    "queue": lambda it: it.queue,
    "protocol": lambda it: {"chat": "web"}.get(it.way, it.way),
    "started": lambda it: _utc(it.one.at),
    "accepted": lambda it: _utc(it.one.accepted_at),
    "ended": lambda it: _utc(it.one.closed_at),
}
SHAPES: Mapping[str, Columns] = {"own": OWN, "refanalytics": REF_ANALYTICS, "libraryh3lp": LIBRARYH3LP}


async def transactions_csv(call: Call) -> web.StreamResponse:
    """A library's conversations and counted questions of a period, one row each; LibraryH3lp's columns hold conversations alone."""
    library = library_asked(call)
    if library.id not in coordinated(call.state, call.me):
        raise not_found()
    period = period_asked(call, library.timezone)
    shape = call.query["columns"] or "own"
    await note(call.services, call.me, library.id, "exported", f"transactions-{shape}", by=call.me)
    name = f"transactions-{shape}-{period.first}-{period.last}.csv"
    response = web.StreamResponse(
        headers={
            "Cache-Control": "no-store",
            "Content-Type": "text/csv; charset=utf-8",
            "Content-Disposition": f'attachment; filename="{name}"',
        }
    )
    await response.prepare(call.request)
    engine = call.services.archive.engine
    columns = SHAPES[shape]
    sources = [conversations(engine, library.id, period)]
    if shape != "libraryh3lp":
        sources.append(counted_questions(engine, library.id, period))
    await response.write(_written([list(columns)]))
    for source in sources:
        async for part in _parts(call, source, columns, ZoneInfo(library.timezone)):
            await response.write(part)
    await response.write_eof()
    return response


async def _parts(
    call: Call, source: AsyncIterator[Transaction], columns: Columns, zone: ZoneInfo
) -> AsyncIterator[bytes]:
    ways = ways_to_ask({name: one.kind for name, one in call.services.channels.items()})
    waiting: list[list[Cell]] = []
    async for one in source:
        way = one.way or ways.get(one.channel, one.channel)
        asked = TransactionRow(one, way, rows.queue_name(call.state, one.queue) if one.queue else "", zone)
        cells = [value(asked) for value in columns.values()]
        waiting.append([inert(cell) if isinstance(cell, str) else cell for cell in cells])
        if len(waiting) >= PORTION:
            yield _written(waiting)
            waiting = []
    yield _written(waiting)


def _written(found: list[list[str]] | list[list[Cell]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(found)
    return out.getvalue().encode()


COLUMNS = Parameter("columns", "The names of the columns; our own when none are named", choices=tuple(SHAPES))

ROUTES = (
    Route(
        "GET",
        "/reports/transactions.csv",
        "What was asked, one row each, for a spreadsheet",
        transactions_csv,
        access="coordinator",
        gives=bytes,
        query=(LIBRARY, COLUMNS, FROM, TO),
        also={404: Problem},
    ),
)
