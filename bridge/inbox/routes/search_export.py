"""What a search found, as a file: CSV for spreadsheets, JSON with transcripts. Only coordinators, and only of their own libraries.

The answer is written as it is read, so that neither side holds it whole. Cells that a spreadsheet would take for a formula are
defused. Each conversation in the file is noted in its audit, and the export in that of the library. docs/search.md has the columns.
"""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime

import msgspec
from aiohttp import web

from bridge.contract.message import QuestionTaken
from bridge.inbox.http.responses import Refusal
from bridge.inbox.http.route import Call, Parameter, Route
from bridge.inbox.routes.opening import note
from bridge.inbox.routes.reports import inert
from bridge.inbox.schema import Problem
from bridge.inbox.views import rows
from bridge.inbox.views.access import coordinated, libraries_of
from bridge.inbox.views.lines import shown
from bridge.inbox.views.search_filters import reach_of, understood
from bridge.sql.people.accounts import now_ms
from bridge.sql.rows import words_of
from bridge.sql.transcripts.reader import ConversationSummary
from bridge.sql.transcripts.search_filters import FilterChoice
from bridge.sql.transcripts.search_page import SearchAsked
from bridge.sql.transcripts.search_query import parse
from bridge.sql.transcripts.selection_export import chosen, lines_of
from routing.state import State

MOST_IDS = 200
Record = dict[str, str | int | list[str]]


async def export_search(call: Call) -> web.StreamResponse:
    """All that a question finds, or of it the conversations in `ids`."""
    asked = _asked(call)
    for library in asked.reach.libraries:
        await note(call.services, call.me, library, "exported", "transcripts", by=call.me)
    kind = call.query["format"] or "csv"
    response = web.StreamResponse(
        headers={
            "Cache-Control": "no-store",
            "Content-Type": "text/csv; charset=utf-8" if kind == "csv" else "application/json",
            "Content-Disposition": f'attachment; filename="conversations.{kind}"',
        }
    )
    await response.prepare(call.request)
    async for part in _csv(call, asked) if kind == "csv" else _json(call, asked):
        await response.write(part)
    await response.write_eof()
    return response


def _asked(call: Call) -> SearchAsked:
    """Return what is to be exported. Raises Refusal 422 for a question that is not understood."""
    mine = coordinated(call.state, call.me)
    reach = reach_of(call.state, call.me, [one for one in libraries_of(call.state, call.me) if one in mine])
    asked, faults = understood(call.state, call.me, parse(call.query["q"]), reach, now_ms())
    if faults:
        raise Refusal(422, "invalid", f"q is not understood: {faults[0].token or faults[0].reason}.")
    if ids := [one for one in call.query["ids"].split(",") if one]:
        if len(ids) > MOST_IDS:
            raise Refusal(422, "invalid", f"ids names at most {MOST_IDS} conversations.")
        filters = msgspec.structs.replace(asked.filters, ids=(FilterChoice(tuple(ids)),))
        return msgspec.structs.replace(asked, filters=filters)
    return asked


async def _talks(call: Call, asked: SearchAsked) -> AsyncIterator[ConversationSummary]:
    archive = call.services.archive
    async for talk in chosen(archive.engine, archive.search, asked):
        archive.access_audit.note(call.me, [talk.id], "exported")
        yield talk


async def _csv(call: Call, asked: SearchAsked) -> AsyncIterator[bytes]:
    yield _row(list(COLUMNS))
    async for talk in _talks(call, asked):
        values = record(call.state, talk).values()
        yield _row([inert(" | ".join(one) if isinstance(one, list) else str(one)) for one in values])


def _row(cells: list[str]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue().encode()


async def _json(call: Call, asked: SearchAsked) -> AsyncIterator[bytes]:
    encode = msgspec.json.Encoder().encode
    yield b"["
    first = True
    async for talk in _talks(call, asked):
        yield (b"" if first else b",") + b"\n" + encode(record(call.state, talk))[:-1] + b',"lines":['
        first, begun = False, False
        async for line in lines_of(call.services.archive.engine, talk.id):
            it = shown(call.state, line, call.me)
            said = {"at": _time(it.at), "who": it.who, "author": it.author, "text": it.text, "event": it.event}
            yield (b"," if begun else b"") + encode(said | {"files": [one.name for one in it.attachments]})
            begun = True
        yield b"]}"
    yield b"\n]\n"


_questions = msgspec.json.Decoder(tuple[QuestionTaken, ...])


def _time(ms: int | None) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="seconds") if ms else ""


def record(state: State, talk: ConversationSummary) -> Record:
    """Return a conversation's row, by column."""
    return {name: value(state, talk) for name, value in COLUMNS.items()}


def _taken(talk: ConversationSummary) -> tuple[QuestionTaken, ...]:
    return _questions.decode(talk.questions) if talk.questions else ()


def _hidden(state: State, talk: ConversationSummary) -> str:
    return (
        ""
        if rows.is_private(state, talk.channel) or talk.address == talk.id
        else rows.shown_address(state, talk.library, talk.address, whole=True)
    )


def _contact(state: State, talk: ConversationSummary) -> str:
    masks = state.roster.library(talk.library).mask_addresses
    return rows.masked(talk.contact) if masks and talk.contact else talk.contact


COLUMNS: dict[str, Callable[[State, ConversationSummary], str | int | list[str]]] = {
    "conversation": lambda state, talk: talk.id,
    "library": lambda state, talk: rows.library_name(state, talk.library),
    "queue_entered": lambda state, talk: rows.queue_name(state, talk.queue_entered),
    "queue": lambda state, talk: rows.queue_name(state, talk.queue),
    "channel": lambda state, talk: talk.channel,
    "state": lambda state, talk: talk.state,
    "patron": lambda state, talk: talk.name,
    "address": _hidden,
    "contact": _contact,
    "language": lambda state, talk: talk.language,
    "subject": lambda state, talk: talk.subject,
    "opened_at": lambda state, talk: _time(talk.opened_at),
    "first_answer_at": lambda state, talk: _time(talk.first_answer_at),
    "closed_at": lambda state, talk: _time(talk.closed_at if talk.state == "closed" else None),
    "librarian": lambda state, talk: rows.name_of(state, talk.owner),
    "first_answered_by": lambda state, talk: rows.name_of(state, talk.answered_by or ""),
    "code": lambda state, talk: talk.code or "",
    "descriptive_codes": lambda state, talk: list(words_of(talk.descriptive)),
    "read_scale": lambda state, talk: talk.read_scale or "",
    "reference": lambda state, talk: "" if talk.reference is None else ("yes" if talk.reference else "no"),
    "questions": lambda state, talk: [f"{one.kind}:{one.read or ''}" for one in _taken(talk)],
    "rating": lambda state, talk: talk.rating or "",
    "imported": lambda state, talk: talk.imported,
}

WORDS = Parameter("q", "Words and filters: docs/search.md")
FORMAT = Parameter("format", "csv = one row a conversation; json = with transcripts", choices=("csv", "json"))
IDS = Parameter(
    "ids", f"Of what was found only these conversations, with commas between, {MOST_IDS} at most", most=16_000
)

ROUTES = (
    Route(
        "GET",
        "/search/export",
        "What a search finds in the libraries that one coordinates, as a file",
        export_search,
        access="coordinator",
        gives=bytes,
        query=(WORDS, FORMAT, IDS),
        also={422: Problem},
    ),
)
