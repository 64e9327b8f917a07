"""Counting for those who work there: a library's own numbers, as JSON and as CSV.

All of a library's staff see them, and administrators see every library's. Nobody else does: what one may not see looks like what is
not there. They name no patron and no librarian, and coordinators get no more than others. Numbers are for the service, not for
watching colleagues.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from aiohttp import web

from bridge.contract.message import is_blank
from bridge.inbox.http.responses import Refusal, not_found
from bridge.inbox.http.route import Call, Parameter, Route
from bridge.inbox.routes.opening import note
from bridge.inbox.schema import Problem
from bridge.inbox.schema.reports import Report
from bridge.inbox.views.access import coordinated, libraries_of
from bridge.sql.people.accounts import now_ms
from bridge.sql.statistics.numbers import Numbers, Waits, count
from bridge.sql.statistics.period import LocalClock, Period
from bridge.sql.statistics.service_use import faq_use, follow_up_ages, help_given
from bridge.sql.statistics.ways import ways_to_ask
from routing.organisation import Library

HOUR_MS = 3_600_000
WEEK_MS = 7 * 24 * HOUR_MS
OPEN_WEEKS = 4
DAYS = 30  # what is counted when no period is asked for
MOST_DAYS = 1860  # five years and a month

TABLES = (
    *("queues", "channels", "days", "hours", "weekdays", "week", "ends", "libraries", "hops", "hop_kinds"),
    *("descriptive", "read_scale", "reference", "ratings", "counted_kinds", "counted_week", "counted_read"),
    *("counted_places", "counted_patrons", "counted_codes"),
)
SPANS = ("first_median", "first_90", "lasting_median", "lasting_90")

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_FORMULA = frozenset("=+-@\t\r\n\u2212")  # also in full width and in small forms, which spreadsheets of Asia read alike


async def reports(call: Call) -> Report | web.Response:
    """A library's numbers; as CSV for who accepts only that."""
    accepted = call.request.headers.get("Accept", "")
    if "text/csv" in accepted and "json" not in accepted:
        return await reports_csv(call)
    return await _report(call)


async def reports_csv(call: Call) -> web.Response:
    """A library's numbers for a spreadsheet."""
    found = await _report(call)
    await note(call.services, call.me, found.library, "exported", "reports", by=call.me)
    name = "-".join(re.sub(r"[^A-Za-z0-9]+", "-", part).strip("-") for part in (found.library, found.first, found.last))
    headers = {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="reports-{name}.csv"'}
    return web.Response(text=_csv(found), content_type="text/csv", charset="utf-8", headers=headers)


async def _report(call: Call) -> Report:
    library = library_asked(call)
    queue = call.query["queue"]
    if queue and not queue.startswith(f"{library.id}/"):
        raise Refusal(422, "invalid", "queue is not one of that library's.")
    period = period_asked(call, library.timezone)
    homes = call.state.roster.home
    engine = call.services.archive.engine
    ways = ways_to_ask({name: one.kind for name, one in call.services.channels.items()})
    staff = [librarian for librarian, home in homes.items() if home == library.id]
    return Report(
        library=library.id,
        queue=queue,
        first=str(period.first),
        last=str(period.last),
        timezone=period.timezone,
        numbers=await count(engine, library.id, period, homes, queue=queue, modes=ways),
        given=await help_given(engine, library.id, staff, period),
        open_hours=open_hours(library, now_ms()),
        follow_ups=await follow_up_ages(engine, library.id, now_ms()),
        faq=await faq_use(engine, library.id, period),
    )


def open_hours(library: Library, now: int) -> list[str]:
    """Return the weekdays and hours ("0 9") in which a library is open in most of the four weeks from `now` (ms).

    [] where it is always open: then there is nothing to tell apart.
    """
    if library.openings is None:
        return []
    clock = LocalClock(library.timezone)
    weeks: Counter[str] = Counter()
    for start, end in library.openings:
        first = max(start, now) // HOUR_MS * HOUR_MS
        for at in range(first, min(end, now + OPEN_WEEKS * WEEK_MS), HOUR_MS):
            day, hour = clock(max(at, start))
            weeks[f"{day.weekday()} {hour}"] += 1
    return sorted(key for key, n in weeks.items() if 2 * n >= OPEN_WEEKS)


def library_asked(call: Call) -> Library:
    """Return the library asked for, one's own when none is. Raises Refusal 404 for another one's."""
    mine = [*libraries_of(call.state, call.me), *coordinated(call.state, call.me)]
    wanted = call.query["library"] or next(iter(mine), "")
    if wanted not in mine or wanted not in call.state.roster.libraries:
        raise not_found()
    return call.state.roster.libraries[wanted]


def period_asked(call: Call, timezone: str) -> Period:
    """Return the days asked for. Raises Refusal 422 for what are none."""
    today = datetime.fromtimestamp(now_ms() / 1000, ZoneInfo(timezone)).date()
    last = asked_day(call, "to") or today
    first = asked_day(call, "from") or last - timedelta(days=DAYS - 1)
    if first > last:
        raise Refusal(422, "invalid", "from is a day after to.")
    if (last - first).days >= MOST_DAYS:
        raise Refusal(422, "invalid", f"At most {MOST_DAYS} days are counted at once.")
    return Period(first=first, last=last, timezone=timezone)


def asked_day(call: Call, name: str) -> date | None:
    """Return the day that a query names, None for none. Raises Refusal 422 for what is none."""
    text = call.query[name]
    if not text:
        return None
    try:
        found = date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        found = None
    if found is None or not 2000 <= found.year < 3000:
        raise Refusal(422, "invalid", f"{name} is a day like 2026-03-31.")
    return found


# ---- CSV: one number a row, with the table it belongs to ---------------------------------------------------------------------


def _csv(report: Report) -> str:
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(("table", "item", "of", "number"))
    for name in ("library", "queue", "first", "last", "timezone"):
        rows.writerow(("report", name, "", inert(getattr(report, name))))
    for table, item, of, number in (*_rows(report.numbers), *_others(report)):
        rows.writerow((table, inert(item), inert(of), number))
    return out.getvalue()


def inert(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula (OWASP: CSV injection)."""
    shown = next((char for char in text if char in _FORMULA or not is_blank(char)), "")
    return f"'{text}" if _FORMULA.intersection(unicodedata.normalize("NFKC", shown)) else text


def _rows(numbers: Numbers) -> Iterable[tuple[str, str, str, int]]:
    yield "conversations", "counted", "", numbers.total
    yield "conversations", "practice", "", numbers.practice
    yield "conversations", "begun", "", numbers.begun
    yield "counted", "counted", "", numbers.counted
    for table in TABLES:
        for one in getattr(numbers, table):
            yield table, one.key, "", one.n
    for route in numbers.routes:
        yield "routes", route.entered, route.answered, route.n
    for code in numbers.codes:
        yield "codes", code.key, "", code.n
        yield "codes", code.key, "by_default", code.by_default
    yield from _waits("live", numbers.live)
    yield from _waits("slow", numbers.slow)


def _others(report: Report) -> Iterable[tuple[str, str, str, int]]:
    for one in report.numbers.modes:
        table = "counted_ways" if one.by_hand else "ways"
        for name in ("n", "answered", "reference"):
            yield table, one.mode, name, getattr(one, name)
        for name in SPANS:
            if (seconds := getattr(one, name)) is not None:
                yield table, one.mode, f"{name}_seconds", seconds
    for given in report.given:
        yield "given", given.key, "", given.n
    yield "follow_ups_now", "open", "", report.follow_ups.open
    yield "follow_ups_now", "overdue", "", report.follow_ups.overdue
    for age in report.follow_ups.ages:
        yield "follow_ups_now", "under" if age.key else "older", f"{age.key} hours" if age.key else "", age.n
    for used in report.faq:
        yield "faq", used.key, "", used.n


def _waits(kind: str, waits: Waits) -> Iterable[tuple[str, str, str, int]]:
    yield f"wait_{kind}", "answered", "", waits.answered
    for each in waits.quantiles:
        yield f"wait_{kind}", f"percentile_{each.percent}", "seconds", each.seconds
    if waits.answered:
        yield f"wait_{kind}", "longest", "seconds", waits.longest
    for bucket in waits.buckets:
        yield f"wait_{kind}", "under" if bucket.key else "longer", bucket.key, bucket.n


LIBRARY = Parameter("library", "Whose numbers; one's own library when none is named")
FROM = Parameter("from", "The first day, like 2026-03-01, by the library's clock; 30 days when none is named")
TO = Parameter("to", "The last day, counted whole; today when none is named")
QUEUE = Parameter("queue", "Only what entered this queue")

ROUTES = (
    Route(
        "GET",
        "/reports",
        "A library's numbers; CSV for Accept: text/csv",
        reports,
        gives=Report,
        query=(LIBRARY, FROM, TO, QUEUE),
        also={404: Problem},
    ),
    Route(
        "GET",
        "/reports.csv",
        "A library's numbers for a spreadsheet",
        reports_csv,
        gives=bytes,
        query=(LIBRARY, FROM, TO, QUEUE),
        also={404: Problem},
    ),
)
