"""The audit of accounts: sign-ins, failures, roles, second factors, exports. Coordinators read their library's, administrators all.

It can be fetched as a file: CSV whose cells no spreadsheet takes for formulas, or JSON. That is an export, and is audited itself.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

import msgspec
from aiohttp import web

from bridge.inbox.http.responses import not_found
from bridge.inbox.http.route import Call, Parameter, Route
from bridge.inbox.routes.opening import note
from bridge.inbox.routes.reports import inert
from bridge.inbox.schema import Problem, sign_on
from bridge.inbox.views import rows
from bridge.inbox.views.access import coordinated
from bridge.sign_on.settings import ROLES
from bridge.sql.people.account_events import DEEDS, AccountEvent, EventsAsked
from routing.access import administers

PAGE = 100
MOST_ROWS = 20_000  # in a file


async def account_events(call: Call) -> sign_on.AccountEventPage:
    """One page, newest first."""
    kept = call.services.archive.account_events
    found = await kept.found(_asked(call), before=call.number("cursor", 0), limit=PAGE + 1)
    more = str(found[PAGE - 1].n) if len(found) > PAGE else ""
    return sign_on.AccountEventPage(events=_shown(call, found[:PAGE]), next=more)


async def account_events_file(call: Call) -> web.Response:
    """The newest as a file."""
    asked = _asked(call)
    found = _shown(call, await call.services.archive.account_events.found(asked, limit=MOST_ROWS))
    await note(call.services, call.me, call.query["library"] or call.who.library, "exported", "audit", by=call.me)
    kind = call.query["format"] or "csv"
    headers = {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="audit.{kind}"'}
    if kind == "json":
        return web.Response(body=msgspec.json.encode(found), content_type="application/json", headers=headers)
    return web.Response(text=_csv(found), content_type="text/csv", charset="utf-8", headers=headers)


def _asked(call: Call) -> EventsAsked:
    """Return what is asked for. Raises Refusal 404 for a library that isn't mine to coordinate."""
    library, role = call.query["library"], call.query["role"]
    mine = coordinated(call.state, call.me)
    if library and library not in mine:
        raise not_found()
    everything = not library and administers(call.state, call.me)
    people = call.state.roster.librarians
    return EventsAsked(
        libraries=[library] if library else [*mine, ""] if everything else mine,
        librarians=[name for name, one in people.items() if one.role == role] if role else None,
        what=call.query["what"],
    )


def _shown(call: Call, events: Sequence[AccountEvent]) -> list[sign_on.AccountEventView]:
    def name(librarian: str) -> str:
        return rows.name_of(call.state, librarian) if librarian else ""

    return [
        sign_on.AccountEventView(
            at=one.at,
            library=one.library,
            librarian=one.librarian,
            librarian_name=name(one.librarian),
            by=one.by,
            by_name=name(one.by),
            what=one.what,
            detail=one.detail,
        )
        for one in events
    ]


def _csv(events: Sequence[sign_on.AccountEventView]) -> str:
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(sign_on.AccountEventView.__struct_fields__)
    for one in events:
        table.writerow(
            [value if isinstance(value, int) else inert(str(value)) for value in msgspec.structs.astuple(one)]
        )
    return out.getvalue()


_QUERY = (
    Parameter("library", "Of this library; of all that I coordinate where none is named"),
    Parameter("role", "Of those who have this role now", choices=ROLES),
    Parameter("what", "Only events of this kind", choices=DEEDS),
)

ROUTES = (
    Route(
        "GET",
        "/account-events",
        "What happened to accounts; for coordinators",
        account_events,
        access="coordinator",
        gives=sign_on.AccountEventPage,
        query=(*_QUERY, Parameter("cursor", "`next` of the page before", kind="integer", most=1 << 53)),
        also={404: Problem},
    ),
    Route(
        "GET",
        "/account-events/file",
        "What happened to accounts, as a file",
        account_events_file,
        access="coordinator",
        gives=bytes,
        query=(*_QUERY, Parameter("format", "csv unless json is asked for", choices=("csv", "json"))),
        also={404: Problem},
    ),
)
