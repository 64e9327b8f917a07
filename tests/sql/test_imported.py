"""Conversations of another desk are found, listed and counted as those held here, once each, under the library's retention."""

from __future__ import annotations

from msgspec.structs import replace
from sqlalchemy import select

from bridge.sql import tables
from bridge.sql.archive import Archive
from bridge.sql.transcripts.conversation_list import listed
from bridge.sql.transcripts.imported import (
    ImportedConversation,
    ImportedLine,
    imported_id,
)
from bridge.sql.transcripts.search_filters import Reach, SearchFilters
from bridge.sql.transcripts.search_page import SearchAsked, SearchPlace, words_page
from bridge.sql.transcripts.search_query import parse
from bridge.sql.transcripts.search_words import Wanted
from bridge.sql.transcripts.selection_export import lines_of

AT = 1_700_000_000_000  # 14 November 2023
NORTH = Reach(libraries=("north",))


def talk(n: int, words: str = "Where is the Wimmelbuch?") -> ImportedConversation:
    return ImportedConversation(
        id=imported_id("north", "old-desk", str(n)),
        library="north",
        source="old-desk",
        way="chat",
        live=True,
        queue_entered="north/reference",
        queue="north/reference",
        opened_at=AT + n,
        closed_at=AT + n + 60_000,
        name="Pat Meyer",
        first_answer_at=AT + n + 20_000,
        answered_queue="north/reference",
        code="answered",
        by_default=True,
        descriptive=("books",),
        lines=(
            ImportedLine(at=AT + n, who="patron", text=words),
            ImportedLine(at=AT + n + 20_000, who="librarian", text="On shelf 4.", author="Ada"),
        ),
    )


async def test_an_imported_conversation_is_like_one_held_here_and_says_where_it_is_from(archive: Archive) -> None:
    many = [talk(n) for n in range(300)]
    assert len(await archive.imported.add(many)) == 300
    assert await archive.imported.add([talk(1, "changed"), talk(1), talk(300)]) == {talk(300).id}
    assert await archive.imported.known([talk(5).id, "another"]) == {talk(5).id}

    found = await listed(archive.engine, NORTH, SearchFilters(), None, 500)
    assert [one.id for one in found] == [talk(n).id for n in range(300, -1, -1)]
    assert (found[0].imported, found[0].state, found[0].last_text) == ("old-desk", "closed", "On shelf 4.")
    query = parse("wimmelbuch")
    asked = SearchAsked(wanted=Wanted(query.terms, query.without), reach=NORTH, filters=SearchFilters())
    page = await words_page(archive.engine, archive.search, asked, SearchPlace(), 10)
    assert len(page.talks) == 10
    lines = [line async for line in lines_of(archive.engine, talk(1).id)]
    assert [(line.who, line.event or line.text) for line in lines] == [
        ("system", "imported"),
        ("patron", "Where is the Wimmelbuch?"),
        ("librarian", "On shelf 4."),
    ]


async def test_of_an_old_one_only_numbers_are_written_as_forgetting_leaves_them(archive: Archive) -> None:
    secret = "Quintessenz"
    old = replace(
        talk(1, secret), words_kept=False, contact="pat@example.org", address="pat@example.org", subject=secret
    )
    assert await archive.imported.add([old]) == {old.id}
    assert await archive.imported.add([replace(old, words_kept=True)]) == set()
    async with archive.engine.connect() as sql:
        row = (await sql.execute(select(tables.conversation))).one()
        assert not (await sql.execute(select(tables.line))).all()
        assert not (await sql.execute(select(tables.conversation_fact))).all()
    assert (row.name, row.address, row.contact, row.subject, row.last_text) == ("", "", "", "", "")
    assert (row.first_answer_at, row.code, row.descriptive, row.imported) == (
        AT + 20_001,
        "answered",
        '["books"]',
        "old-desk",
    )
    assert row.forgotten_at is not None
