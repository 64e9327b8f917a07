"""What the search box finds: words, facts and filters, by one rule on both databases, and only what one may see."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text, update

from bridge.contract.message import Attachment, Delivery, Message, message_id
from bridge.sql import tables
from bridge.sql.archive import Archive
from bridge.sql.privacy.anonymise import blank
from bridge.sql.transcripts.conversation_list import ListPlace, closed_query, open_query
from bridge.sql.transcripts.search import FoundFact, fact_query, line_query, narrow_query
from bridge.sql.transcripts.search_filters import ALL, FilterChoice, Reach, SearchFilters, Sender
from bridge.sql.transcripts.search_page import FoundTalk, SearchAsked, SearchPlace, list_page, words_page
from bridge.sql.transcripts.search_query import KEYS, MOST_FILTERS, SearchQuery, day_of, parse, sender_terms
from bridge.sql.transcripts.search_words import MOST_WORDS, Wanted
from bridge.sql.transcripts.selection_export import chosen, lines_of
from bridge.sql.transcripts.write_batch import WriteBatch
from routing import events as ev

NORTH = Reach(libraries=("north",))
BOTH = Reach(libraries=("north", "south"))
PDF = Attachment(digest="d" * 64, media_type="application/pdf", size=9, name="Syllabus été.pdf")


def wrote(talk: str, source: str, words: str, *files: Attachment, name: str = "", contact: str = "") -> ev.Received:
    id = message_id("web", talk, source)
    message = Message(
        id=id, channel="web", sender=talk, source=source, text=words, attachments=files, name=name, contact=contact
    )
    return ev.Received(conversation=talk, message=message)


def began(talk: str, library: str = "north", channel: str = "web", address: str = "", subject: str = "") -> ev.Opened:
    return ev.Opened(
        conversation=talk,
        library=library,
        queue=f"{library}/ask",
        channel=channel,
        address=address or f"{talk}@home",
        live=channel == "web",
        subject=subject,
    )


def answered(talk: str, by: str, words: str) -> tuple[ev.Claimed, ev.Said]:
    kept = Delivery(id=f"{talk}-{by}", channel="web", conversation=talk, to="x", kind="text", at=0, text=words)
    return ev.Claimed(conversation=talk, by=by, how="claim"), ev.Said(conversation=talk, by=by, delivery=kept)


TALKS: Sequence[Sequence[ev.Event]] = (
    (
        began("t1", subject="Thesis on bees"),
        wrote("t1", "1", "Where is the bee atlas?", name="Jane Müller", contact="jane@example.org"),
        *answered("t1", "ana", "On the second floor."),
        ev.Closed(conversation="t1", by="ana", code="answered", descriptive=("genealogy",)),
    ),
    (
        began("t2", channel="sms", address="+4930901820"),
        wrote("t2", "1", "Is the atlas of bees in?"),
        *answered("t2", "ben", "It is lent."),
        ev.Closed(conversation="t2", by="ben", code="practice"),
    ),
    (began("t3", library="south"), wrote("t3", "1", "An atlas", name="Jane Southerly", contact="j@south.example")),
    (began("t4", address="lee@example.org"), wrote("t4", "1", "", PDF), wrote("t4", "2", "Can you print it?")),
    (
        began("t5"),
        ev.Noted(conversation="t5", id="note", by="ana", text="He asked for the atlas before."),
        ev.Closed(conversation="t5", by="", code="set_aside"),
    ),
)


async def fill(archive: Archive, talks: Sequence[Sequence[ev.Event]] = TALKS) -> None:
    """Write conversations as the log tells of them, one a second."""
    batch = WriteBatch()
    for n, events in enumerate(talks, 1):
        batch.take(ev.Step(cause=f"cause-{n}", at=n * 1000, events=tuple(events)), n)
    async with archive.engine.execution_options(sqlite_write=True).begin() as sql:
        await batch.write(sql)


async def page(archive: Archive, asked: SearchAsked) -> list[FoundTalk]:
    if asked.wanted:
        return (await words_page(archive.engine, archive.search, asked, SearchPlace())).talks
    return (await list_page(archive.engine, asked, None)).talks


async def ids(archive: Archive, words: str = "", reach: Reach = BOTH, **filters: Any) -> list[str]:
    query = parse(words)
    assert not query.faults
    chosen_filters = SearchFilters(**filters)
    asked = SearchAsked(wanted=Wanted(query.terms, query.without), reach=reach, filters=chosen_filters)
    return sorted(one.talk.id for one in await page(archive, asked))


def sender(value: str) -> tuple[Sender, ...]:
    return (Sender(tuple(sender_terms(value))),)


async def test_words_facts_and_filters_find_alike_on_both_databases_and_mark_it(archive: Archive) -> None:
    await fill(archive)
    assert await ids(archive, "atlas") == ["t1", "t2", "t3", "t5"]  # the note, too: only staff search
    assert await ids(archive, "atlas bee") == ["t1", "t2"]
    assert await ids(archive, '"bee atlas"') == ["t1"]
    assert await ids(archive, "atlas -bees") == ["t1", "t3", "t5"]
    assert await ids(archive, "muller") == ["t1"]
    assert await ids(archive, "jane thesis") == ["t1"]  # two facts of one conversation
    assert await ids(archive, "jane@example.org") == ["t1"]
    assert await ids(archive, "genealo") == ["t1"]
    assert await ids(archive, "practice") == ["t2"]
    assert await ids(archive, "ete") == ["t4"]
    assert await ids(archive, "+49 30 901820") == ["t2"]
    assert await ids(archive, senders=sender("030 901820")) == ["t2"]
    assert await ids(archive, "atlas", senders=sender("jane")) == ["t1", "t3"]
    assert await ids(archive, senders=(Sender(tuple(sender_terms("jane")), excluded=True),)) == ["t2", "t4"]
    assert await ids(archive, libraries=(FilterChoice(("south",)),)) == ["t3"]
    assert await ids(archive, "atlas", channels=(FilterChoice(("sms",)),)) == ["t2"]
    assert await ids(archive, "atlas", librarians=(FilterChoice(("ben",)),)) == ["t2"]
    assert await ids(archive, librarians=(FilterChoice(("ana",), excluded=True),)) == ["t2", "t3", "t4"]
    assert await ids(archive, codes=(FilterChoice(("practice",)),)) == ["t2"]
    assert await ids(archive, codes=(FilterChoice(("set_aside",)),)) == ["t5"]
    assert await ids(archive, topics=(FilterChoice(("genealogy",)),)) == ["t1"]
    assert await ids(archive, files=(FilterChoice(("file",)),)) == ["t4"]
    assert await ids(archive, states=(FilterChoice(("closed",)),)) == ["t1", "t2"]
    assert await ids(archive, states=(FilterChoice(("waiting", "active")),)) == ["t3", "t4"]
    assert await ids(archive, after=2000, before=4000) == ["t2", "t3"]
    asked = SearchAsked(wanted=Wanted(parse("atlas").terms), reach=NORTH, filters=ALL)
    by_talk = {one.talk.id: one.matches for one in await page(archive, asked)}
    [match] = by_talk["t1"]
    assert match.snippet == "Where is the bee \ue000atlas\ue001?"
    asked = SearchAsked(wanted=Wanted(parse("syllabus").terms), reach=NORTH, filters=ALL)
    [[file]] = [one.matches for one in await page(archive, asked)]
    assert isinstance(file, FoundFact)
    assert (file.kind, file.of) == ("file", message_id("web", "t4", "1"))


async def test_nobody_finds_what_they_are_not_shown(archive: Archive) -> None:
    await fill(archive)
    assert await ids(archive, "atlas", NORTH) == ["t1", "t2", "t5"]
    assert await ids(archive, "jane", NORTH) == ["t1"]
    assert await ids(archive, "", Reach(libraries=())) == []
    assert await ids(archive, "atlas", Reach(libraries=(), also=("t3",))) == ["t3"]
    masked = Reach(libraries=("north",), masked=("north",))
    assert await ids(archive, "jane@example.org", masked) == []
    assert await ids(archive, "", masked, senders=sender("lee@example.org")) == []
    assert await ids(archive, "muller", masked) == ["t1"]
    private = Reach(libraries=("north",), private=("sms",))
    assert await ids(archive, "+4930901820", private) == []
    assert await ids(archive, "lee@example.org", private) == ["t4"]


async def test_what_is_forgotten_or_corrected_is_in_no_index(archive: Archive) -> None:
    await fill(archive)
    async with archive.engine.execution_options(sqlite_write=True).begin() as sql:
        await blank(sql, ["t1", "t4"])
    for words in ("muller", "jane@example.org", "genealogy", "thesis", "syllabus"):
        assert await ids(archive, words) == [], words
    assert await ids(archive, states=(FilterChoice(("closed",)),)) == ["t2"]
    await fill(archive, [(ev.Recoded(conversation="t2", by="ben", code="answered", descriptive=("bees",)),)])
    assert await ids(archive, "practice") == []
    assert await ids(archive, topics=(FilterChoice(("bees",)),)) == ["t2"]
    async with archive.engine.connect() as sql:
        held = (await sql.scalars(select(tables.conversation_fact.c.conversation).distinct())).all()
    assert sorted(held) == ["t2", "t3", "t5"]


async def test_conversations_of_an_earlier_release_are_found_once_they_were_read_over(archive: Archive) -> None:
    await fill(archive)
    async with archive.engine.execution_options(sqlite_write=True).begin() as sql:
        await sql.execute(tables.conversation_fact.delete())
        await sql.execute(update(tables.conversation).values(indexed=None))
    assert await ids(archive, "muller") == []
    assert await archive.reindexing.some_talks() == len(TALKS)
    assert await archive.reindexing.some_talks() == 0
    assert await ids(archive, "muller") == ["t1"]
    assert await ids(archive, "genealogy") == ["t1"]
    assert await ids(archive, "syllabus") == ["t4"]


async def test_pages_tell_everything_once_and_an_export_yields_it_all(archive: Archive) -> None:
    talks = [
        (
            began(f"a{n}", library=("north", "south")[n % 2]),
            wrote(f"a{n}", "1", "bees"),
            wrote(f"a{n}", "2", "bees too"),
        )
        for n in range(30)
    ]
    ends = [(ev.Closed(conversation=f"a{n}", by="ana", code="answered"),) for n in range(25)]
    await fill(archive, [*talks, *ends])
    by_words = SearchAsked(wanted=Wanted("bees"), reach=BOTH, filters=ALL)
    by_filters = SearchAsked(wanted=Wanted(""), reach=BOTH, filters=ALL)
    told, place = list[str](), SearchPlace()
    while True:
        found = await words_page(archive.engine, archive.search, by_words, place, limit=7)
        told += [one.talk.id for one in found.talks]
        if not isinstance(found.next, SearchPlace):
            break
        place = found.next
    assert list(dict.fromkeys(told)) == [f"a{n}" for n in range(29, -1, -1)]
    listed: list[str] = []
    after: ListPlace | None = None
    while True:
        some = await list_page(archive.engine, by_filters, after, limit=4)
        listed += [one.talk.id for one in some.talks]
        if not isinstance(some.next, ListPlace):
            break
        after = some.next
    assert listed == [f"a{n}" for n in (29, 28, 27, 26, 25, *range(24, -1, -1))]
    for asked in (by_words, by_filters):
        assert len([one async for one in chosen(archive.engine, archive.search, asked)]) == 30
    assert [line.text async for line in lines_of(archive.engine, "a3") if line.text] == ["bees", "bees too"]


HOSTILE = [
    'a" OR 1',
    "'; --",
    "a:* & b",
    "NEAR(a b)",
    "a NOT b",
    '"a" -"b c" \\',
    "図'館 -書",
    "a" * 400,
    '-"" x',
    "\ud800 x",
]


async def test_no_search_reads_a_whole_table_and_no_question_is_an_error(archive: Archive) -> None:
    """The plan of each statement goes through an index; on PostgreSQL once tables are as large as an archive's."""
    dialect = archive.engine.dialect.name
    wanted, filters = (
        Wanted("bee atlas"),
        SearchFilters(senders=sender("jane"), channels=(FilterChoice(("sms",)),), after=9),
    )
    queries = [
        line_query(wanted, NORTH, filters, dialect, 9, 50),
        fact_query(wanted, NORTH, filters, dialect, 9, 50),
        open_query(NORTH, filters, dialect, None, 50),
        closed_query("north", NORTH, filters, dialect, None, 50),
        narrow_query(NORTH, filters, dialect, 50),
        line_query(wanted, NORTH, SearchFilters(ids=(FilterChoice(("t1",)),), narrow=True), dialect, 9, 50),
    ]
    async with archive.engine.connect() as sql:
        if dialect == "postgresql":
            await sql.execute(text("SET enable_seqscan = off"))
        for query in queries:
            spelt = str(query.compile(archive.engine.sync_engine, compile_kwargs={"literal_binds": True}))
            explain = "EXPLAIN " if dialect == "postgresql" else "EXPLAIN QUERY PLAN "
            plan = "\n".join(str(row) for row in (await sql.exec_driver_sql(explain + spelt)).all())
            whole = [row for row in plan.splitlines() if "Seq Scan" in row or ("SCAN" in row and "VIRTUAL" not in row)]
            assert not whole, plan
    for typed in HOSTILE:
        question = parse(typed)
        wanted = Wanted(question.terms, question.without)
        asked = SearchAsked(wanted=wanted, reach=BOTH, filters=SearchFilters(senders=sender(typed)))
        await page(archive, asked)


# ---- the language ------------------------------------------------------------------------------------------------------------


def told(query: SearchQuery) -> tuple[list[str], list[str], list[tuple[str, str, bool]], list[tuple[str, ...]]]:
    return (
        [" ".join(one.pieces) for one in query.terms],
        [" ".join(one.pieces) for one in query.without],
        [(one.key, one.value, one.excluded) for one in query.filters],
        [(one.reason, *one.near)[:2] for one in query.faults],
    )


@pytest.mark.parametrize(
    ("typed", "terms", "without", "filters", "faults"),
    [
        ('bee "second floor" -lent', ["bee", "second floor"], ["lent"], [], []),
        ('from:jane by:"Ana B" atlas', ["atlas"], [], [("from", "jane", False), ("by", "Ana B", False)], []),
        ("-code:lost has:file IS:Open", [], [], [("code", "lost", True), ("has", "file", False), ("is", "open", False)], []),
        ("at 10:30 re:loan https://example.org/a", ["at", "10", "30", "re", "loan", "https", "example", "org", "a"], [], [], []),
        ("libary:north x", ["x"], [], [], [("no-filter", "library:north")]),
        ("from: jane", ["jane"], [], [], [("no-value",)]),
        ("is:asleep", [], [], [], [("no-such", "is:open")]),
        ("-bees", [], ["bees"], [], [("only-without",)]),
        ("“bee atlas” from：jane", ["bee atlas"], [], [("from", "jane", False)], []),
        ('"not closed', ["not closed"], [], [], []),
    ],
)  # fmt: skip
def test_what_is_typed_is_understood(
    typed: str,
    terms: list[str],
    without: list[str],
    filters: list[tuple[str, str, bool]],
    faults: list[tuple[str, ...]],
) -> None:
    assert told(parse(typed)) == (terms, without, filters, faults)


def test_days_are_read_as_people_write_them() -> None:
    today = date(2026, 3, 9)
    assert day_of("2026-03-04", today) == date(2026, 3, 4)
    assert (day_of("2026-3", today), day_of("2025", today)) == (date(2026, 3, 1), date(2025, 1, 1))
    assert (day_of("today", today), day_of("Yesterday", today)) == (today, date(2026, 3, 8))
    assert [day_of(wrong, today) for wrong in ("2026-02-30", "soon", "03/04/2026", "٢٠٢٦", "0001")] == [None] * 5


SIGNS = ['"', "-", " ", "*", "(", "'", ":", "NEAR", "AND", "\x00", "図書"]
PARTS = st.one_of(st.text(max_size=20), st.sampled_from([f"{key}:" for key in KEYS] + SIGNS))


@given(st.lists(PARTS, max_size=30).map("".join))
@settings(max_examples=150, deadline=None)
def test_no_question_breaks_the_language(typed: str) -> None:
    query = parse(typed)
    assert len(query.terms) <= MOST_WORDS
    assert len(query.filters) <= MOST_FILTERS
    wanted = Wanted(query.terms, query.without)
    for one in query.filters:
        sender_terms(one.value)
        day_of(one.value, date(2026, 1, 1))
    wanted.spans(typed)
    if wanted:
        assert "\x00" not in wanted.sqlite() + wanted.postgresql()
