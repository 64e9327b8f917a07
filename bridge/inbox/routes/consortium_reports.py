"""Counting for an administrator: all libraries of the consortium together and each, as JSON and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from aiohttp import web

from bridge.inbox.http.route import Call, Route
from bridge.inbox.routes.opening import note
from bridge.inbox.routes.reports import FROM, TO, inert, period_asked
from bridge.inbox.schema.reports import ConsortiumReport
from bridge.inbox.views.access import libraries_of
from bridge.sql.statistics.consortium import LibraryNumbers, count_consortium

COLUMNS = (
    *("received", "answered", "unanswered", "abandoned", "by_partners", "for_partners", "moved"),
    *("median_live", "median_slow"),
)


async def consortium_reports(call: Call) -> ConsortiumReport | web.Response:
    """The libraries' numbers; as CSV for who accepts only that."""
    accepted = call.request.headers.get("Accept", "")
    if "text/csv" in accepted and "json" not in accepted:
        return await consortium_reports_csv(call)
    return await _report(call)


async def consortium_reports_csv(call: Call) -> web.Response:
    """The libraries' numbers for a spreadsheet."""
    found = await _report(call)
    await note(call.services, call.me, call.who.library, "exported", "consortium-reports", by=call.me)
    name = f"reports-consortium-{found.first}-{found.last}.csv"
    headers = {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="{name}"'}
    return web.Response(text=_csv(found), content_type="text/csv", charset="utf-8", headers=headers)


async def _report(call: Call) -> ConsortiumReport:
    roster = call.state.roster
    home = next(iter(libraries_of(call.state, call.me)), "")
    period = period_asked(call, roster.library(home).timezone)
    timezones = {name: one.timezone for name, one in roster.libraries.items()}
    numbers = await count_consortium(call.services.archive.engine, timezones, period, roster.home)
    return ConsortiumReport(first=str(period.first), last=str(period.last), timezone=period.timezone, numbers=numbers)


def _csv(report: ConsortiumReport) -> str:
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(("table", "item", "of", "number"))
    for name in ("first", "last", "timezone"):
        rows.writerow(("report", name, "", inert(getattr(report, name))))
    numbers = report.numbers
    for item, of, number in _rows("", numbers.together):
        rows.writerow(("together", item, of, number))
    for library in numbers.libraries:
        for item, of, number in _rows(library.library, library):
            rows.writerow(("libraries", inert(item), of, number))
    for one in numbers.exchanges:
        rows.writerow(("answered_for", inert(one.received), inert(one.answered), one.n))
    return out.getvalue()


def _rows(item: str, numbers: LibraryNumbers) -> Iterable[tuple[str, str, int]]:
    for name in COLUMNS:
        number = getattr(numbers, name)
        if number is not None:
            yield item, name, number


ROUTES = (
    Route(
        "GET",
        "/reports/consortium",
        "All libraries' numbers; CSV for Accept: text/csv",
        consortium_reports,
        access="administrator",
        gives=ConsortiumReport,
        query=(FROM, TO),
    ),
    Route(
        "GET",
        "/reports/consortium.csv",
        "All libraries' numbers for a spreadsheet",
        consortium_reports_csv,
        access="administrator",
        gives=bytes,
        query=(FROM, TO),
    ),
)
