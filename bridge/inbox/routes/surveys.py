"""Survey sheets, as JSON and as CSV, and what a library chose for them.

All of a library's staff read them; its coordinators choose. A sheet holds figures alone, and names no patron and no librarian.
"""

from __future__ import annotations

import csv
import io
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
from aiohttp import web

from bridge.inbox import schema
from bridge.inbox.http.route import Call, Parameter, Route
from bridge.inbox.routes.opening import note
from bridge.inbox.routes.reports import FROM, LIBRARY, TO, inert, library_asked, period_asked
from bridge.inbox.schema.reports import (
    MailingView,
    ReportSettingsAsked,
    ReportSettingsView,
    SurveyReport,
    SurveyYear,
)
from bridge.inbox.views.access import coordinated
from bridge.inbox.views.faults import refusal
from bridge.sql.people.accounts import now_ms
from bridge.sql.statistics.settings import ReportSettings, settings_faults
from bridge.sql.statistics.surveys import SURVEYS, Survey, SurveyLine, survey_sheet, years_before
from routing.organisation import Library

YEARS = 6  # that are offered
SCONUL_START = "08-01"


async def survey(call: Call) -> SurveyReport:
    """A survey sheet of a library; of its last year that is over when no period is named."""
    library = library_asked(call)
    settings = await call.services.archive.report_settings.of(library.id)
    asked: Survey = msgspec.convert(call.query["survey"] or "pls", Survey)
    today = datetime.fromtimestamp(now_ms() / 1000, ZoneInfo(library.timezone)).date()
    years = years_before(today, SCONUL_START if asked == "sconul" else settings.fiscal_start, YEARS)
    if not call.query["from"] and not call.query["to"]:
        call.query |= {"from": str(years[1][0]), "to": str(years[1][1])}
    period = period_asked(call, library.timezone)
    sheet = await survey_sheet(
        call.services.archive.engine,
        library.id,
        asked,
        period,
        weeks=settings.weeks_of(asked),
        own=settings.own,
        count_unsaid=settings.count_unsaid,
    )
    return SurveyReport(
        library=library.id,
        first=str(period.first),
        last=str(period.last),
        timezone=period.timezone,
        finished=period.last < today,
        years=[SurveyYear(first=str(first), last=str(last)) for first, last in years],
        sheet=sheet,
    )


async def survey_csv(call: Call) -> web.Response:
    """A survey sheet for a spreadsheet: a line each, with how its number was made."""
    found = await survey(call)
    await note(call.services, call.me, found.library, "exported", f"survey-{found.sheet.survey}", by=call.me)
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(("survey", "library", "first", "last", "line", "part", "number", "how", "weeks"))
    for line in found.sheet.lines:
        about = (found.sheet.survey, inert(found.library), found.first, found.last)
        rows.writerow((*about, line.key, line.part, line.n, line.how, _weeks(line)))
    name = f"survey-{found.sheet.survey}-{found.first}-{found.last}.csv"
    headers = {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="{name}"'}
    return web.Response(text=out.getvalue(), content_type="text/csv", charset="utf-8", headers=headers)


def _weeks(line: SurveyLine) -> str:
    """Return what a number was projected from: "2026-03-30: 12; 2026-10-05: 9"."""
    return "; ".join(f"{week.first}: {week.n}" for week in line.weeks)


async def report_settings(call: Call) -> ReportSettingsView:
    """What a library chose for its sheets; where its numbers are mailed only for its coordinators."""
    return await _shown(call, library_asked(call))


async def keep_report_settings(call: Call) -> ReportSettingsView:
    """Choose for a library. Numbers that ended before mail was switched on, or switched to another rhythm, are not mailed."""
    asked: ReportSettingsAsked = call.body
    library = call.state.roster.libraries[call.id]
    kept = call.services.archive.report_settings
    before = await kept.of(call.id)
    today = datetime.fromtimestamp(now_ms() / 1000, ZoneInfo(library.timezone)).date()
    since = before.mail_since if asked.mail_rhythm == before.mail_rhythm and before.mail_since else str(today)
    settings = ReportSettings(**msgspec.structs.asdict(asked), mail_since=since)
    if found := settings_faults(settings):
        raise refusal("faulty", found)
    await kept.keep(call.id, settings)
    await call.services.archive.access_audit.record(call.me, f"desk/{call.id}", "report-settings", asked.mail_rhythm)
    return await _shown(call, library)


async def _shown(call: Call, library: Library) -> ReportSettingsView:
    settings = await call.services.archive.report_settings.of(library.id)
    mine = library.id in coordinated(call.state, call.me)
    mailings = await call.services.archive.report_mailings.latest(library.id) if mine else []
    return ReportSettingsView(
        library=library.id,
        mine=mine,
        fiscal_start=settings.fiscal_start,
        count_unsaid=settings.count_unsaid,
        weeks=settings.weeks,
        own=settings.own,
        mail_rhythm=settings.mail_rhythm,
        mail_to=settings.mail_to if mine else [],
        mail_problem=mail_problem(call, library),
        mailings=[
            MailingView(
                rhythm=one.rhythm,
                first=one.first,
                address=one.address,
                state=one.state,
                reason=one.reason,
                at=one.at,
            )
            for one in mailings
        ],
    )


def mail_problem(call: Call, library: Library) -> str:
    """Return why a library's numbers can't be mailed now; "" = they can."""
    name = library.contact_channel
    facts = call.services.channels.get(name)
    if not name or facts is None:
        return "no-channel"
    if not facts.mails:
        return "no-mail"
    status = call.state.channels.get(name)
    return "" if status is not None and status.up else "channel-down"


SURVEY = Parameter("survey", "Which survey; pls when none is named", choices=SURVEYS)

ROUTES = (
    Route(
        "GET",
        "/reports/survey",
        "A survey sheet of a library",
        survey,
        gives=SurveyReport,
        query=(LIBRARY, SURVEY, FROM, TO),
        also={404: schema.Problem},
    ),
    Route(
        "GET",
        "/reports/survey.csv",
        "A survey sheet of a library for a spreadsheet",
        survey_csv,
        gives=bytes,
        query=(LIBRARY, SURVEY, FROM, TO),
        also={404: schema.Problem},
    ),
    Route(
        "GET",
        "/reports/settings",
        "What a library chose for its survey sheets",
        report_settings,
        gives=ReportSettingsView,
        query=(LIBRARY,),
        also={404: schema.Problem},
    ),
    Route(
        "PUT",
        "/organisation/{id}/report-settings",
        "Choose for a library's survey sheets, and where its numbers are mailed",
        keep_report_settings,
        access="coordinator",
        scope="library",
        asks=ReportSettingsAsked,
        gives=ReportSettingsView,
        also={422: schema.LibraryFaults},
    ),
)
