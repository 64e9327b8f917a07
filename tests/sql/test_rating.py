"""A patron's rating in the archive: with the conversation, in the patron's own history, exported, scrubbed to its number."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select

from bridge.files.blobs import FileBlobs
from bridge.sql import tables
from bridge.sql.archive import Archive
from bridge.sql.privacy.retention import DAY_MS, Retention
from bridge.sql.transcripts.export import export
from routing import events as ev
from tests.sql.test_follow import Desk, chat, desk, shown

__all__ = ["desk"]  # a fixture

WORDS = "Quintessential help"


async def rated(desk: Desk) -> None:
    """A chat that ended, was rated, and rated again."""
    await chat(desk)
    await desk.commit(ev.Rated(conversation="t1", id="r1", score=1, comment="Hm"))
    await desk.commit(ev.Rated(conversation="t1", id="r2", score=3, comment=WORDS))


async def test_the_last_word_stands_with_the_conversation(desk: Desk) -> None:
    async with desk.following():
        await rated(desk)
        await desk.caught_up()
    talk = await desk.reader.conversation("t1")
    assert talk is not None
    assert (talk.rating, talk.rated_at, talk.rating_comment) == (3, desk.at, WORDS)
    lines = await desk.reader.transcript("t1")
    assert shown(lines)[-2:] == [("system", "Hm", ""), ("system", WORDS, "")]
    assert [line.event for line in lines][-2:] == ["rated:1", "rated:3"]
    [found] = [each async for each in export(desk.archive.engine)]
    assert (found.conversation.rating, found.conversation.rating_comment) == (3, WORDS)


async def test_what_is_not_rated_has_none(desk: Desk) -> None:
    async with desk.following():
        await chat(desk)
        await desk.caught_up()
    talk = await desk.reader.conversation("t1")
    assert talk is not None
    assert (talk.rating, talk.rated_at, talk.rating_comment) == (None, None, None)


async def test_the_patron_finds_what_he_gave_and_no_other_line_of_the_staff(desk: Desk) -> None:
    """The same from the log's tail, before the archive has it, and from SQL."""
    wanted = [
        ("patron", "", "Where is the Straße atlas?"),
        ("librarian", "", "On the second floor."),
        ("patron", "rated:1", "Hm"),
        ("patron", "rated:3", WORDS),
    ]
    async with desk.following(writing=False):
        await rated(desk)
        await desk.tail_caught_up()
        found = await desk.reader.patron_history("web", "web:1")
        assert [(line.who, line.event, line.text) for line in found] == wanted
        assert [line.id for line in found][-2:] == ["r1", "r2"]
    async with desk.following():
        await desk.caught_up()
        assert await desk.reader.patron_history("web", "web:1") == found
        assert await desk.reader.patron_history("web", "web:1", found[-2].position) == found[-1:]


async def test_of_a_rating_the_number_survives_the_words(desk: Desk, archive: Archive, tmp_path: Path) -> None:
    async with desk.following():
        await rated(desk)
        await desk.caught_up()
    retention = Retention(archive.engine, FileBlobs(tmp_path / "blobs"))
    assert await retention.sweep({"north": 90}, desk.at + 91 * DAY_MS) == 1
    async with archive.engine.connect() as sql:
        for table in tables.metadata.sorted_tables:
            held = str((await sql.execute(table.select())).all())
            assert "Quintessential" not in held, table.name
        row = (await sql.execute(select(tables.conversation))).one()
    assert (row.rating, row.rated_at, row.rating_comment) == (3, desk.at, None)
