"""Finding conversations by words and filters, searches that are kept, and taking what was found away as a file."""

from __future__ import annotations

import base64
import binascii
from typing import TypeVar

import msgspec

from bridge.inbox import schema
from bridge.inbox.http.responses import Refusal, not_found, wrong_role
from bridge.inbox.http.route import Call, Parameter, Route
from bridge.inbox.views import rows
from bridge.inbox.views.access import coordinated, libraries_of
from bridge.inbox.views.lines import fragments
from bridge.inbox.views.search_filters import reach_of, understood
from bridge.sql.people.accounts import now_ms
from bridge.sql.people.saved_searches import SavedSearch, TooManySearches
from bridge.sql.transcripts.conversation_list import ListPlace
from bridge.sql.transcripts.search import FoundLine
from bridge.sql.transcripts.search_page import FoundMatch, FoundPage, FoundTalk, SearchPlace, list_page, words_page
from bridge.sql.transcripts.search_query import QueryFault, parse

LONGEST_CURSOR = 300

Place = TypeVar("Place", SearchPlace, ListPlace)


async def search(call: Call) -> schema.Hits:
    """Conversations that hold all these words and fit these filters; without words the open ones, then the last closed."""
    query = parse(call.query["q"])
    asked, faults = understood(call.state, call.me, query, reach_of(call.state, call.me), now_ms())
    if faults:
        return schema.Hits(hits=[], faults=[_fault(one) for one in faults])
    archive, cursor = call.services.archive, call.query["cursor"]
    if asked.wanted:
        place = _place(cursor, SearchPlace) or SearchPlace()
        found = await words_page(archive.engine, archive.search, asked, place)
    else:
        found = await list_page(archive.engine, asked, _place(cursor, ListPlace))
    if call.query[
        "q"
    ].strip():  # the last words of each are shown; without a question that is the list of what was closed
        archive.access_audit.note(call.me, [one.talk.id for one in found.talks], "found")
    return _shown(call, found)


def _shown(call: Call, found: FoundPage) -> schema.Hits:
    mine = frozenset(coordinated(call.state, call.me))
    following = base64.urlsafe_b64encode(msgspec.json.encode(found.next)).decode() if found.next is not None else ""
    return schema.Hits(hits=[_hit(call, one, mine) for one in found.talks], next=following)


def _place(cursor: str, kind: type[Place]) -> Place | None:
    """Read a cursor. Raises Refusal 422 for one that is none of ours."""
    if not cursor:
        return None
    try:
        found = msgspec.json.decode(base64.urlsafe_b64decode(cursor.encode()), type=kind)
    except (msgspec.DecodeError, ValueError, binascii.Error):
        raise Refusal(422, "invalid", "cursor is not one that a page gave.") from None
    if any(isinstance(value, int) and not -1 <= value < 1 << 53 for value in msgspec.structs.astuple(found)):
        raise Refusal(422, "invalid", "cursor is not one that a page gave.")
    return found


def _fault(one: QueryFault) -> schema.SearchFault:
    return schema.SearchFault(token=one.token, reason=one.reason, near=list(one.near))


def _hit(call: Call, one: FoundTalk, mine: frozenset[str]) -> schema.Hit:
    talk = one.talk
    channel = call.state.channels.get(talk.channel)
    return schema.Hit(
        conversation=talk.id,
        library=talk.library,
        library_name=rows.library_name(call.state, talk.library),
        channel=talk.channel,
        kind=channel.kind if channel is not None else "",
        patron=talk.name or rows.unnamed(call.state, talk.library, talk.channel, talk.id, talk.address),
        subject=talk.subject,
        state="closed" if talk.state == "closed" else "open",
        owner_name=rows.name_of(call.state, talk.owner) if talk.owner else "",
        code=talk.code or "",
        last_text=talk.last_text,
        last_at=talk.last_at,
        closed_at=(talk.closed_at or 0) if talk.state == "closed" else 0,
        can_export=talk.library in mine,
        imported=talk.imported,
        matches=[_match(match) for match in one.matches],
    )


def _match(one: FoundMatch) -> schema.Match:
    if isinstance(one, FoundLine):
        return schema.Match(kind="said", at=one.at, snippet=fragments(one.snippet), line=one.line, who=one.who)
    line = one.of if one.kind == "file" else ""
    return schema.Match(kind=one.kind, at=one.at, snippet=fragments(one.snippet), line=line)


# ---- searches that are kept --------------------------------------------------------------------------------------------------


async def saved_searches(call: Call) -> schema.SavedSearchList:
    """What I kept, and what coordinators share in my libraries."""
    libraries = libraries_of(call.state, call.me)
    found = await call.services.archive.saved_searches.of(call.me, libraries)
    topics = {code for library in libraries for code in call.state.roster.library(library).descriptive}
    return schema.SavedSearchList(searches=[_saved(call, one) for one in found], topics=sorted(topics))


async def save_search(call: Call) -> schema.SavedSearchView:
    """Keep a question under a name, for me or for the staff of a library that I coordinate."""
    asked: schema.SaveSearchAsked = call.body
    name, query = asked.name.strip(), asked.query.strip()
    for field, text in (("name", name), ("query", query)):
        if not text:
            raise Refusal(422, "invalid", f"{field} is blank.")
    if asked.library and asked.library not in coordinated(call.state, call.me):
        raise wrong_role("Only a library's coordinator shares a search with its staff.")
    try:
        kept = await call.services.archive.saved_searches.keep(call.me, asked.library, name, query)
    except TooManySearches:
        detail = "There is no room for more saved searches; delete one first."
        raise Refusal(
            409, "refused", detail, body=schema.Clash(error="refused", detail=detail, reason="full")
        ) from None
    if kept.library:
        await call.services.archive.access_audit.record(call.me, f"desk/{kept.library}", "search-shared", kept.id)
    return _saved(call, kept)


async def drop_search(call: Call) -> None:
    """Delete a search of mine, or one that I may share."""
    kept = await call.services.archive.saved_searches.one(call.id)
    if kept is None or not _may_see(call, kept):
        raise not_found()
    if not _may_change(call, kept):
        raise wrong_role("Only a library's coordinator deletes what is shared with its staff.")
    await call.services.archive.saved_searches.drop(kept.id)
    if kept.library:
        await call.services.archive.access_audit.record(call.me, f"desk/{kept.library}", "search-unshared", kept.id)


def _may_see(call: Call, one: SavedSearch) -> bool:
    if one.library:
        return one.library in libraries_of(call.state, call.me) or _may_change(call, one)
    return one.librarian == call.me


def _may_change(call: Call, one: SavedSearch) -> bool:
    return one.library in coordinated(call.state, call.me) if one.library else one.librarian == call.me


def _saved(call: Call, one: SavedSearch) -> schema.SavedSearchView:
    return schema.SavedSearchView(
        id=one.id,
        name=one.name,
        query=one.query,
        library=one.library,
        library_name=rows.library_name(call.state, one.library) if one.library else "",
        can_change=_may_change(call, one),
    )


WORDS = Parameter("q", "Words and filters: docs/search.md; the last word may be unfinished")
CURSOR = Parameter("cursor", "`next` of the page before", most=LONGEST_CURSOR)

ROUTES = (
    Route(
        "GET", "/search", "Find conversations by words and filters", search, gives=schema.Hits, query=(WORDS, CURSOR)
    ),
    Route("GET", "/searches", "Searches that I kept, and shared ones", saved_searches, gives=schema.SavedSearchList),
    Route(
        "POST",
        "/searches",
        "Keep a search",
        save_search,
        asks=schema.SaveSearchAsked,
        gives=schema.SavedSearchView,
        keyed=True,
        also={409: schema.Clash},
    ),
    Route("DELETE", "/searches/{id}", "Delete a search that was kept", drop_search, also={404: schema.Problem}),
)
