"""Forgetting: after the library's days nothing of a patron is left, in rows or in the file, and the numbers stay."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio
from sqlalchemy import select

from bridge.archive import tables
from bridge.archive.archive import Archive
from bridge.archive.retention import DAY_MS, Retention
from bridge.blobs import FileBlobs
from bridge.message import Attachment
from routing import events as ev
from tests.archive.test_follow import Desk, chat, desk, opened, received

__all__ = ["desk"]  # a fixture

SECRET = "Quintessenz-Zyklotron"


@pytest_asyncio.fixture
async def blobs(tmp_path: Path) -> FileBlobs:
    return FileBlobs(tmp_path / "blobs")


async def _file(blobs: FileBlobs, words: bytes) -> Attachment:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"%PDF-1.4 " + words

    return await blobs.save(chunks(), "essay.pdf", 10_000)


async def _ended(
    desk: Desk, talk: str, text: str, *, library: str = "north", files: tuple[Attachment, ...] = ()
) -> None:
    asked = received(talk, talk, text, address=f"web:{text}")
    asked = msgspec.structs.replace(asked, message=msgspec.structs.replace(asked.message, attachments=files))
    await desk.commit(opened(talk, address=f"web:{text}", library=library), asked)
    await desk.commit(ev.Identified(conversation=talk, name=f"Jane {text}", contact=f"{text}@patron.example"))
    await desk.commit(ev.Noted(conversation=talk, id=f"note-{talk}", by="ana", text=f"asks about {text}"))
    await desk.commit(ev.Closed(conversation=talk, by="ana", code="answered"))


async def test_what_is_due_is_forgotten_and_the_numbers_stay(desk: Desk, blobs: FileBlobs, archive: Archive) -> None:
    async with desk.following():
        await _ended(desk, "t1", SECRET)
        await _ended(desk, "t2", "still wanted", library="south")
        await archive.memory.keep_draft("ana", "t1", "reply", SECRET)
        await desk.caught_up()
    retention = Retention(desk.writer._engine, blobs.remove)
    assert await retention.sweep({"north": 90, "south": 0}, desk.at + 91 * DAY_MS) == 1
    assert await retention.sweep({"north": 90, "south": 0}, desk.at + 91 * DAY_MS) == 0
    async with archive.engine.connect() as sql:
        for table in tables.metadata.sorted_tables:
            held = str((await sql.execute(table.select())).all())
            assert SECRET not in held, table.name
        row = (await sql.execute(select(tables.conversation).where(tables.conversation.c.id == "t1"))).one()
        assert (row.code, row.library, row.queue_entered) == ("answered", "north", "north/reference")
    assert await archive.search.find(SECRET.split("-")[0], ["north", "south"]) == []
    assert len(await archive.search.find("wanted", ["south"])) == 2


async def test_nothing_is_forgotten_before_its_day(desk: Desk, blobs: FileBlobs) -> None:
    async with desk.following():
        await chat(desk, "t1")
        await desk.commit(opened("t2", address="web:2"), received("t2", "t2", "never ended", address="web:2"))
        await desk.caught_up()
    retention = Retention(desk.writer._engine, blobs.remove)
    assert await retention.sweep({"north": 90}, desk.at + 89 * DAY_MS) == 0
    assert await retention.sweep({"north": 90}, desk.at + 9000 * DAY_MS) == 1
    assert len(await desk.reader.transcript("t2")) == 1


async def test_a_file_goes_with_the_last_line_that_shows_it(desk: Desk, blobs: FileBlobs) -> None:
    shared, own = await _file(blobs, b"both sent this"), await _file(blobs, b"only one sent this")
    async with desk.following():
        await _ended(desk, "t1", "first", files=(shared, own))
        await _ended(desk, "t2", "second", library="south", files=(shared,))
        await desk.caught_up()
    retention = Retention(desk.writer._engine, blobs.remove)
    await retention.forget(["t1"])
    assert await blobs.path(own.digest) is None
    assert await blobs.path(shared.digest) is not None
    await retention.forget(["t2"])
    assert await blobs.path(shared.digest) is None


async def test_a_file_that_was_never_sent_goes_after_some_days(desk: Desk, blobs: FileBlobs) -> None:
    sent, unsent, fresh = [await _file(blobs, word) for word in (b"sent", b"never sent", b"chosen a moment ago")]
    async with desk.following():
        await _ended(desk, "t1", "first", files=(sent,))
        await desk.caught_up()
    for file in (sent, unsent):
        path = await blobs.path(file.digest)
        assert path is not None
        os.utime(path, (1_000_000, 1_000_000))
    retention = Retention(desk.writer._engine, blobs.remove)
    assert await retention.forget_unshown(await blobs.saved_before(2_000_000)) == 1
    kept = [await blobs.path(file.digest) is not None for file in (sent, unsent, fresh)]
    assert kept == [True, False, True]


def _lying(folder: Path, word: bytes) -> list[str]:
    """The database's files in which a word lies, in whatever case."""
    return [file.name for file in folder.glob("archive.sqlite*") if word.lower() in file.read_bytes().lower()]


@pytest.mark.parametrize("archive_url", ["sqlite"], indirect=True)
async def test_the_words_are_not_left_lying_in_the_file(desk: Desk, blobs: FileBlobs, tmp_path: Path) -> None:
    async with desk.following():
        await _ended(desk, "t1", SECRET)
        await chat(desk, "t2")
        await desk.caught_up()
    word = SECRET.partition("-")[2].encode()
    assert _lying(tmp_path, word)
    await Retention(desk.writer._engine, blobs.remove).forget(["t1"])
    assert _lying(tmp_path, word) == []
