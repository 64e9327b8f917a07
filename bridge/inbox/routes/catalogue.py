"""The catalogue of the patron's library beside the chat. What a librarian looks for is kept nowhere."""

from __future__ import annotations

import time

from bridge.catalogue.citation import STYLES, CitationStyle
from bridge.catalogue.profiles import FIELDS, SearchField
from bridge.catalogue.search import MOST_START, MOST_WORDS
from bridge.catalogue.search_words import search_words
from bridge.inbox.http.responses import Refusal, not_found
from bridge.inbox.http.route import Call, Parameter, Route
from bridge.inbox.schema.catalogue import CatalogueDetail, CatalogueFound, CataloguePanel
from bridge.inbox.views import rows

LATEST = 30  # lines in which the patron's last words are looked for

WORDS = Parameter("q", "What is looked for", required=True, most=MOST_WORDS)
FIELD = Parameter("field", "Where; none given: anywhere", choices=FIELDS)
START = Parameter("start", "The first record of the page, 1 = the first of all", kind="integer", most=MOST_START)
RECORD = Parameter("record", "The record's id, from a page of results", required=True, most=200)
STYLE = Parameter("style", "The style of the citation", choices=tuple(STYLES))


async def catalogue_panel(call: Call) -> CataloguePanel:
    """The catalogue, and what the patron seems to look for."""
    library = await library_of(call)
    config = call.services.catalogues.of(library)
    if config is None:
        return CataloguePanel(name="", searched=False, words="", link="")
    lines = await call.services.reader.transcript(call.id, limit=LATEST)
    said = (search_words(line.text) for line in reversed(lines) if line.who == "patron")
    words = next((one for one in said if one), "")
    return CataloguePanel(
        name=config.name or rows.library_name(call.state, library),
        searched=config.searched,
        words=words,
        link=call.services.catalogues.search_link(library, words),
    )


async def catalogue_search(call: Call) -> CatalogueFound:
    """What the catalogue finds."""
    library = await library_of(call)
    words, field, start = _question(call)
    found = await call.services.catalogues.search(library, words, field, start)
    return CatalogueFound(
        records=found.records,
        total=found.total,
        next=found.next,
        broken=found.broken,
        problem=found.problem or "",
        detail=found.detail,
        link=call.services.catalogues.search_link(library, words),
    )


async def catalogue_record(call: Call) -> CatalogueDetail:
    """One record of a search, cited."""
    library = await library_of(call)
    style: CitationStyle = next((one for one in STYLES if one == call.query["style"]), "apa")
    language = call.state.roster.library(library).language
    found = await call.services.catalogues.detail(library, _question(call), call.query["record"], style, language)
    if found is None:
        raise Refusal(404, "gone", "The catalogue doesn't find that record any more; search again.")
    return CatalogueDetail(
        citation=found.citation,
        link=found.link,
        copies=found.copies,
        problem=found.problem or "",
        at=time.time_ns() // 1_000_000,
    )


async def library_of(call: Call) -> str:
    """Return the library whose conversation it is. Raises Refusal 404."""
    if (it := call.state.conversations.get(call.id)) is not None:
        return it.library
    if (talk := await call.services.reader.conversation(call.id)) is None:
        raise not_found()
    return talk.library


def _question(call: Call) -> tuple[str, SearchField, int]:
    field: SearchField = next((one for one in FIELDS if one == call.query["field"]), "any")
    return call.query["q"], field, max(1, call.number("start", 1))


ROUTES = (
    Route(
        "GET",
        "/conversations/{id}/catalogue",
        "The catalogue of the patron's library",
        catalogue_panel,
        scope="conversation",
        gives=CataloguePanel,
    ),
    Route(
        "GET",
        "/conversations/{id}/catalogue/search",
        "Search the catalogue of the patron's library",
        catalogue_search,
        scope="conversation",
        gives=CatalogueFound,
        query=(WORDS, FIELD, START),
    ),
    Route(
        "GET",
        "/conversations/{id}/catalogue/record",
        "A record of a search, cited, and its copies",
        catalogue_record,
        scope="conversation",
        gives=CatalogueDetail,
        query=(WORDS, FIELD, START, RECORD, STYLE),
    ),
)
