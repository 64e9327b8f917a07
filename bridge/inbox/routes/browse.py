"""Looking: lists, transcripts, drafts. Nothing here changes what colleagues or patrons see."""

from __future__ import annotations

import base64
import binascii

from bridge.inbox import schema
from bridge.inbox.http.responses import Refusal
from bridge.inbox.http.route import Call, Parameter, Route
from bridge.inbox.routes.conversation import line_page, view
from bridge.inbox.views import rows
from bridge.sql.people.drafts import DraftChanged
from routing.waiting_list import Entry

PAGE = 100

CURSOR = Parameter("cursor", "`next` of the page before")
LIMIT = Parameter("limit", "Rows of a page", kind="integer", most=PAGE)


LONGEST_KEY = 17  # digits and a sign: 1 << 53 at most


def _cursor(entry: Entry | None) -> str:
    return base64.urlsafe_b64encode(f"{entry[0]}|{entry[1]}".encode()).decode() if entry else ""


def _entry(cursor: str) -> Entry | None:
    """Read a cursor. Raises Refusal 422 for one that is none of ours."""
    if not cursor:
        return None
    try:
        key, _, conversation = base64.urlsafe_b64decode(cursor.encode()).decode().partition("|")
        if len(key) > LONGEST_KEY:
            raise ValueError("longer than a moment")
        return int(key), conversation
    except (ValueError, binascii.Error):
        raise Refusal(422, "invalid", "cursor is not one that a page gave.") from None


async def conversations(call: Call) -> schema.Rows:
    """One page of a list."""
    after = _entry(call.query["cursor"])
    await call.consortium.live.ready()
    asked = call.query["view"]
    found, last = call.consortium.lists.page(call.state, call.me, asked, after, max(1, call.number("limit", PAGE)))  # type: ignore[arg-type]  # one of its choices
    call.consortium.live.known(call.me).update(row.id for row in found)
    return schema.Rows(position=str(call.services.replica.position), view=asked, rows=found, next=_cursor(last))  # type: ignore[arg-type]  # one of its choices


async def conversation(call: Call) -> schema.ConversationView:
    """A conversation opened: looking claims nothing."""
    return await view(call)


async def lines(call: Call) -> schema.LinePage:
    """Older lines of a transcript."""
    return await line_page(call, call.query["before"])


async def drafts(call: Call) -> schema.Drafts:
    """What I have begun to write."""
    found = await call.services.archive.drafts.of(call.me)
    return schema.Drafts(drafts=[rows.draft(one) for one in found])


async def keep_draft(call: Call) -> None:
    """Keep what I have begun to write to this patron, or to colleagues about them. Raises Refusal 409: another window wrote."""
    asked: schema.DraftAsked = call.body
    kind = "note" if asked.note else "reply"
    kept = call.services.archive.drafts
    try:
        await kept.keep(call.me, call.id, kind, asked.text, window=asked.window, base=asked.base)
    except DraftChanged as error:
        detail = "Another window of yours has written here since."
        body = schema.DraftClash(error="refused", detail=detail, reason="draft-changed", draft=rows.draft(error.draft))
        raise Refusal(409, "refused", detail, body=body) from None


VIEW = Parameter("view", "Which list", choices=("waiting", "mine", "open", "closed", "aside"), required=True)
BEFORE = Parameter("before", "`before` of the page that is held")

ROUTES = (
    Route("GET", "/conversations", "One page of a list", conversations, gives=schema.Rows, query=(VIEW, CURSOR, LIMIT)),
    Route(
        "GET",
        "/conversations/{id}",
        "A conversation opened",
        conversation,
        scope="conversation",
        gives=schema.ConversationView,
    ),
    Route(
        "GET",
        "/conversations/{id}/lines",
        "Older lines",
        lines,
        scope="conversation",
        gives=schema.LinePage,
        query=(BEFORE,),
    ),
    Route(
        "PUT",
        "/conversations/{id}/draft",
        "Keep a draft; an empty one is forgotten",
        keep_draft,
        scope="conversation",
        asks=schema.DraftAsked,
    ),
    Route("GET", "/drafts", "All that I have begun", drafts, gives=schema.Drafts),
)
