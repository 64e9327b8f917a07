"""The FAQ for librarians: lists, entries with their versions, files, and what needs care."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from hashlib import sha256

import msgspec
from aiohttp import web

from bridge.contract.adapter import TooLarge
from bridge.faq.site import file_answer
from bridge.files.media_types import HEAD, sniff
from bridge.inbox import schema
from bridge.inbox.http.responses import Refusal, forbidden, not_found
from bridge.inbox.http.route import Call, Parameter, Route
from bridge.inbox.routes.faq_access import (
    check_change,
    differences,
    entry_row,
    entry_view,
    faq_libraries,
    is_due,
    other_libraries,
    publishes,
    seen_entry,
)
from bridge.inbox.schema import faq
from bridge.inbox.views import rows
from bridge.inbox.views.faults import refusal
from bridge.pages.markdown import html_of
from bridge.sql.faq.counts import today
from bridge.sql.faq.entries import AddressTaken, EntryChanged
from bridge.sql.faq.entry import FILE_TYPES, MOST_FILE_BYTES, STATES, EntryFile, FaqEntry, entry_faults, topics_of
from bridge.sql.faq.search import Scope
from bridge.sql.people.field_fault import FieldFault
from routing.access import listed

SHOWN = 500
COUNTED_DAYS = 90

LIBRARY = Parameter("library", "The library whose entries are shown", required=True)
STATE = Parameter("state", "Only these", choices=STATES)
WORDS = Parameter("q", "Only the nearest to these words")
NAME = Parameter("name", "What the file is called", required=True, most=200)


async def faq_list(call: Call) -> faq.FaqList:
    """The entries of a library; of one that is not mine those that it shares."""
    library = _library(call)
    mine = library in faq_libraries(call)
    found = await call.services.archive.faq.of_library(library)
    if not mine:
        found = [one for one in found if one.state in ("cooperative", "public")]
    topics = topics_of(found)
    if call.query["state"]:
        found = [one for one in found if one.state == call.query["state"]]
    if call.query["q"]:
        found = await _matching(call, library, found, mine=mine)
    counts = await call.services.archive.faq_counts.of_library(library, today() - timedelta(days=COUNTED_DAYS))
    return faq.FaqList(
        rows=[entry_row(call, one, counts.get(one.id, {})) for one in found[:SHOWN]],
        topics=topics,
        total=len(found),
        writes=mine,
        publishes=mine and publishes(call, library),
    )


async def _matching(call: Call, library: str, found: list[FaqEntry], *, mine: bool) -> list[FaqEntry]:
    """Return the entries nearest to words; drafts and archived ones, which no index holds, by the words themselves."""
    asked = call.query["q"]
    scope = Scope((library,), 1) if mine else Scope((), others=(library,))
    hits = await call.services.archive.faq_search.find(asked, scope, limit=50)
    places = {hit.entry: place for place, hit in enumerate(hits)}
    words = asked.casefold().split()
    plain = [one for one in found if one.id not in places and _holds(one, words)]
    return plain + sorted((one for one in found if one.id in places), key=lambda one: places[one.id])


def _holds(entry: FaqEntry, words: list[str]) -> bool:
    text = " ".join(f"{one.title} {one.body} {' '.join(one.asked)}" for one in entry.texts).casefold()
    return entry.level == 0 and all(word in text for word in words)


def _library(call: Call) -> str:
    library = call.query["library"]
    if library not in (*faq_libraries(call), *other_libraries(call)):
        raise not_found()
    return library


async def faq_entry(call: Call) -> faq.FaqEntryView:
    """An entry opened."""
    entry = await seen_entry(call, call.id)
    remarks = (
        await call.services.archive.faq_counts.remarks(entry.library) if entry.library in faq_libraries(call) else []
    )
    return entry_view(call, entry, [one for one in remarks if one.entry == entry.id])


async def add_faq_entry(call: Call) -> faq.FaqEntryView:
    """Keep a new entry."""
    asked: faq.FaqAsked = call.body
    entry = msgspec.structs.replace(asked.entry, id="", revision=0)
    check_change(call, None, entry)
    return await _saved(call, entry)


async def save_faq_entry(call: Call) -> faq.FaqEntryView:
    """Keep a changed entry, in place of the revision that it names."""
    asked: faq.FaqAsked = call.body
    before = await seen_entry(call, call.id)
    entry = msgspec.structs.replace(asked.entry, id=call.id)
    if not entry.revision:
        raise Refusal(422, "invalid", "revision is missing.")
    check_change(call, before, entry)
    return await _saved(call, entry)


async def _saved(call: Call, entry: FaqEntry) -> faq.FaqEntryView:
    found = entry_faults(entry)
    if entry.owner and not listed(call.state, entry.owner):
        found.append(FieldFault("owner", "no library lists this librarian"))
    for n, file in enumerate(entry.files, 1):
        if await call.services.archive.faq.file(entry.library, file.file) is None:
            found.append(FieldFault(f"files[{n}].file", "upload the file first"))
    if found:
        raise refusal("faulty", found)
    try:
        kept = await call.services.archive.faq.save(entry, call.me)
    except EntryChanged as clash:
        by = rows.name_of(call.state, clash.now.changed_by) if clash.now is not None else ""
        detail = (
            "Somebody else changed this entry meanwhile."
            if clash.now is not None
            else "This entry was removed meanwhile."
        )
        body = faq.FaqClash(error="refused", detail=detail, reason="outdated", by=by, now=clash.now)
        raise Refusal(409, "refused", detail, body=body) from None
    except AddressTaken as taken:
        raise refusal(
            "faulty", [FieldFault(f"texts.{taken.language}.slug", "another entry has this address")]
        ) from None
    return entry_view(call, kept)


async def remove_faq_entry(call: Call) -> None:
    """Remove an entry with all its versions: nothing of its words stays."""
    entry = await seen_entry(call, call.id)
    if not publishes(call, entry.library):
        raise forbidden("Only the coordinators of its library remove an entry.")
    await call.services.archive.faq.remove(entry.id)


async def faq_versions(call: Call) -> faq.FaqVersions:
    """What changed when, and who changed it. Only for the library's own staff."""
    entry = await seen_entry(call, call.id)
    if entry.library not in faq_libraries(call):
        raise not_found()
    found = await call.services.archive.faq.versions(entry.id)
    before = [*(one.entry for one in found[1:]), None]
    shown = [
        faq.FaqVersionView(
            revision=one.entry.revision, at=one.at, who=rows.name_of(call.state, one.who),
            differences=differences(old, one.entry), entry=one.entry,
        )
        for one, old in zip(found, before, strict=True)
    ]  # fmt: skip
    return faq.FaqVersions(versions=shown)


async def preview_faq(call: Call) -> faq.FaqPreview:
    """What Markdown looks like on the public page."""
    asked: faq.FaqPreviewAsked = call.body
    return faq.FaqPreview(html=str(await asyncio.to_thread(html_of, asked.markdown)))


async def add_faq_file(call: Call) -> faq.FaqFileKept:
    """Take in a file for the entries of a library."""
    library = _library(call)
    if library not in faq_libraries(call):
        raise not_found()
    if (call.request.content_length or 0) > MOST_FILE_BYTES:
        raise TooLarge(MOST_FILE_BYTES)
    body = bytearray()
    async for chunk in call.request.content.iter_chunked(64 * 1024):
        body += chunk
        if len(body) > MOST_FILE_BYTES:
            raise TooLarge(MOST_FILE_BYTES)
    kind = sniff(bytes(body[:HEAD]))
    if kind not in FILE_TYPES or not body:
        raise Refusal(422, "type-refused", f"A file is one of {', '.join(FILE_TYPES)}.")
    digest = sha256(body).hexdigest()
    await call.services.archive.faq.keep_file(library, digest, kind, bytes(body))
    return faq.FaqFileKept(file=EntryFile(file=digest, name=call.query["name"], type=kind, size=len(body)))


async def faq_file(call: Call) -> web.StreamResponse:
    """A file of an entry that I may see."""
    entry = await seen_entry(call, call.id)
    named = {file.file: file.name for file in entry.files}
    digest = call.request.match_info["digest"]
    found = await call.services.archive.faq.file(entry.library, digest) if digest in named else None
    if found is None:
        raise not_found()
    answer = file_answer(*found, named[digest])
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


async def faq_care(call: Call) -> faq.FaqCare:
    """What needs a librarian of this library."""
    library = _library(call)
    if library not in faq_libraries(call):
        raise not_found()
    entries = await call.services.archive.faq.of_library(library)
    counts = call.services.archive.faq_counts
    by_entry = await counts.of_library(library, today() - timedelta(days=COUNTED_DAYS))
    due = sorted((one for one in entries if is_due(one)), key=lambda one: (one.review_by, one.id))
    return faq.FaqCare(
        due=[entry_row(call, one, by_entry.get(one.id, {})) for one in due],
        gaps=await counts.gaps(library),
        broken=await counts.broken(library),
        remarks=await counts.remarks(library),
        titles={one.id: one.texts[0].title for one in entries},
    )


async def seen_to_faq(call: Call) -> None:
    """Note that a gap or a remark was seen to."""
    asked: faq.FaqCareAsked = call.body
    library = _library(call)
    if library not in faq_libraries(call):
        raise not_found()
    if asked.gap:
        await call.services.archive.faq_counts.close_gap(library, asked.gap)
    if asked.remark:
        await call.services.archive.faq_counts.drop_remark(library, asked.remark)


_CLASH = {409: faq.FaqClash, 422: schema.LibraryFaults}

ROUTES = (
    Route("GET", "/faq", "Entries of the FAQ", faq_list, gives=faq.FaqList, query=(LIBRARY, STATE, WORDS)),
    Route(
        "POST",
        "/faq",
        "Add an entry",
        add_faq_entry,
        asks=faq.FaqAsked,
        gives=faq.FaqEntryView,
        keyed=True,
        also=_CLASH,
    ),
    Route("GET", "/faq/care", "What needs care", faq_care, gives=faq.FaqCare, query=(LIBRARY,)),
    Route(
        "POST",
        "/faq/care",
        "A gap or remark was seen to",
        seen_to_faq,
        asks=faq.FaqCareAsked,
        keyed=True,
        query=(LIBRARY,),
    ),
    Route(
        "POST",
        "/faq/preview",
        "Markdown as HTML",
        preview_faq,
        asks=faq.FaqPreviewAsked,
        gives=faq.FaqPreview,
        keyed=True,
    ),
    Route(
        "POST", "/faq/files", "Hand in a file", add_faq_file, asks=bytes, gives=faq.FaqFileKept, query=(LIBRARY, NAME)
    ),
    Route("GET", "/faq/entries/{id}", "An entry opened", faq_entry, gives=faq.FaqEntryView),
    Route(
        "PUT",
        "/faq/entries/{id}",
        "Save an entry",
        save_faq_entry,
        asks=faq.FaqAsked,
        gives=faq.FaqEntryView,
        also=_CLASH,
    ),
    Route("DELETE", "/faq/entries/{id}", "Remove an entry for good", remove_faq_entry, access="coordinator"),
    Route("GET", "/faq/entries/{id}/versions", "Versions of an entry", faq_versions, gives=faq.FaqVersions),
    Route("GET", "/faq/entries/{id}/files/{digest}", "A file of an entry", faq_file, gives=bytes),
)
