"""Forgetting: after the library's days nothing of a patron is left, in rows or in the file, and the numbers stay."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio
from sqlalchemy import select

from bridge.contract.message import Attachment, FollowUpPlan
from bridge.files.blobs import FileBlobs
from bridge.sql import tables
from bridge.sql.archive import Archive
from bridge.sql.people.accounts import now_ms
from bridge.sql.people.calendar import Calendar
from bridge.sql.privacy.retention import DAY_MS, Retention, strictest
from routing import events as ev
from routing.organisation import Library
from tests.sql.test_follow import Desk, chat, desk, opened, received

__all__ = ["desk"]  # a fixture

SECRET = "Quintessenz-Zyklotron"


@pytest_asyncio.fixture
async def blobs(tmp_path: Path) -> FileBlobs:
    return FileBlobs(tmp_path / "blobs")


async def _file(blobs: FileBlobs, words: bytes, *, days: float = 2) -> Attachment:
    """Return a file that was taken in some days ago."""

    async def chunks() -> AsyncIterator[bytes]:
        yield b"%PDF-1.4 " + words

    kept = await blobs.save(chunks(), "essay.pdf", 10_000)
    place = await blobs.path(kept.digest)
    assert place is not None
    then = time.time() - days * 86_400
    os.utime(place, (then, then))
    return kept


async def _ended(
    desk: Desk, talk: str, text: str, *, library: str = "north", files: tuple[Attachment, ...] = ()
) -> None:
    asked = received(talk, talk, text, address=f"web:{text}")
    asked = msgspec.structs.replace(asked, message=msgspec.structs.replace(asked.message, attachments=files))
    await desk.commit(opened(talk, address=f"web:{text}", library=library), asked)
    await desk.commit(ev.Identified(conversation=talk, name=f"Jane {text}", contact=f"{text}@patron.example"))
    await desk.commit(ev.Noted(conversation=talk, id=f"note-{talk}", by="ana", text=f"asks about {text}"))
    await desk.commit(ev.Closed(conversation=talk, by="ana", code="answered"))


async def _everything(archive: Archive) -> str:
    """Return every row of every table."""
    async with archive.engine.connect() as sql:
        return str([(await sql.execute(table.select())).all() for table in tables.metadata.sorted_tables])


async def test_what_is_due_is_forgotten_and_the_numbers_stay(desk: Desk, blobs: FileBlobs, archive: Archive) -> None:
    async with desk.following():
        await _ended(desk, "t1", SECRET)
        await _ended(desk, "t2", "still wanted", library="south")
        await archive.drafts.keep("ana", "t1", "reply", SECRET)
        await desk.caught_up()
    retention = Retention(desk.writer._engine, blobs)
    assert await retention.sweep({"north": 90, "south": 0}, desk.at + 91 * DAY_MS) == 1
    assert await retention.sweep({"north": 90, "south": 0}, desk.at + 91 * DAY_MS) == 0
    assert SECRET not in await _everything(archive)
    async with archive.engine.connect() as sql:
        row = (await sql.execute(select(tables.conversation).where(tables.conversation.c.id == "t1"))).one()
        assert (row.code, row.library, row.queue_entered) == ("answered", "north", "north/reference")
    assert await archive.search.find(SECRET.split("-")[0], ["north", "south"]) == []
    assert len(await archive.search.find("wanted", ["south"])) == 2


async def test_nothing_is_forgotten_before_its_day(desk: Desk, blobs: FileBlobs) -> None:
    async with desk.following():
        await chat(desk, "t1")
        await desk.commit(opened("t2", address="web:2"), received("t2", "t2", "never ended", address="web:2"))
        await desk.caught_up()
    retention = Retention(desk.writer._engine, blobs)
    assert await retention.sweep({"north": 90}, desk.at + 89 * DAY_MS) == 0
    assert await retention.sweep({"north": 90}, desk.at + 9000 * DAY_MS) == 1
    assert len(await desk.reader.transcript("t2")) == 1


async def test_a_file_goes_with_the_last_line_that_shows_it(desk: Desk, blobs: FileBlobs) -> None:
    shared, own = await _file(blobs, b"both sent this"), await _file(blobs, b"only one sent this")
    async with desk.following():
        await _ended(desk, "t1", "first", files=(shared, own))
        await _ended(desk, "t2", "second", library="south", files=(shared,))
        await desk.caught_up()
    retention = Retention(desk.writer._engine, blobs)
    await retention.forget(["t1"])
    assert await blobs.path(own.digest) is None
    assert await blobs.path(shared.digest) is not None
    await retention.forget(["t2"])
    assert await blobs.path(shared.digest) is None


async def test_a_file_taken_in_again_within_the_day_outlives_its_first_transcript(desk: Desk, blobs: FileBlobs) -> None:
    async with desk.following():
        await _ended(desk, "t1", "first", files=(await _file(blobs, b"brochure", days=91),))
        await desk.caught_up()
    again = await _file(blobs, b"brochure", days=0)
    retention = Retention(desk.writer._engine, blobs)
    await retention.forget(["t1"])
    assert await retention.sweep_files(now_ms()) == 0
    assert await blobs.path(again.digest) is not None
    assert await retention.sweep_files(now_ms() + 2 * DAY_MS) == 1
    assert await blobs.path(again.digest) is None


async def test_what_a_crash_left_between_the_rows_and_the_file_goes_with_the_next_sweep(
    desk: Desk, blobs: FileBlobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = await _file(blobs, b"private")
    async with desk.following():
        await _ended(desk, "t1", "first", files=(file,))
        await desk.caught_up()

    async def killed(*_: object, **__: object) -> bool:
        raise asyncio.CancelledError

    with monkeypatch.context() as crash:
        crash.setattr(blobs, "remove", killed)
        with pytest.raises(asyncio.CancelledError):
            await Retention(desk.writer._engine, blobs).forget(["t1"])
    assert await blobs.path(file.digest) is not None
    assert await Retention(desk.writer._engine, blobs).sweep_files(now_ms()) == 1
    assert await blobs.path(file.digest) is None


async def test_uploads_that_were_never_sent_go_after_a_day_and_what_lines_show_stays(
    desk: Desk, blobs: FileBlobs
) -> None:
    sent, html, original = [await _file(blobs, word, days=900) for word in (b"sent", b"html", b"original")]
    kept = await _file(blobs, b"of a step set aside")
    unsent, fresh = await _file(blobs, b"unsent"), await _file(blobs, b"fresh", days=0.9)
    mail = received("t2", "mail", "hello", address="web:2")
    mail = msgspec.structs.replace(
        mail, message=msgspec.structs.replace(mail.message, html=html.digest, original=original.digest)
    )
    never = received("t3", "never", "hello", address="web:3")
    never = msgspec.structs.replace(
        never, message=msgspec.structs.replace(never.message, attachments=(kept,), sent_at=1 << 63)
    )
    retention = Retention(desk.writer._engine, blobs)
    assert await retention.sweep_files(now_ms()) == 0  # nobody ever wrote here
    async with desk.following():
        await _ended(desk, "t1", "first", files=(sent,))
        await desk.commit(opened("t2", address="web:2"), mail)
        await desk.commit(never)
        await desk.caught_up()
    assert await retention.sweep_files(now_ms()) == 1
    assert await blobs.path(unsent.digest) is None
    for file in (sent, html, original, kept, fresh):
        assert await blobs.path(file.digest) is not None


def _follow_up(talk: str) -> ev.FollowUpOpened:
    plan = FollowUpPlan(address="jane@patron.example", question=SECRET)
    return ev.FollowUpOpened(id=f"f-{talk}", conversation=talk, library="north", plan=plan, name="Jane")


def _follow_up_that_cannot_be_written(talk: str) -> ev.FollowUpOpened:
    plan = FollowUpPlan(address="jane@patron.example", question=SECRET, deadline=1 << 63)
    return ev.FollowUpOpened(id=f"f-{talk}", conversation=talk, library="north", plan=plan, name="Jane")


def _done(talk: str) -> ev.FollowUpChanged:
    return ev.FollowUpChanged(id=f"f-{talk}", conversation=talk, state="closed", by="ana")


async def _follow_ups(archive: Archive) -> list[tuple[str, str, str]]:
    f = tables.follow_up.c
    async with archive.engine.connect() as sql:
        return [tuple(row) for row in await sql.execute(select(f.state, f.address, f.question))]


async def test_a_follow_up_that_is_not_done_keeps_its_conversation(
    desk: Desk, blobs: FileBlobs, archive: Archive
) -> None:
    retention = Retention(desk.writer._engine, blobs)
    async with desk.following():
        await _ended(desk, "t1", SECRET)
        await desk.commit(_follow_up("t1"))
        await desk.caught_up()
        assert await retention.sweep({"north": 90}, desk.at + 5000 * DAY_MS) == 0
        assert await _follow_ups(archive) == [("new", "jane@patron.example", SECRET)]
        desk.at += 200 * DAY_MS
        await desk.commit(_done("t1"))
        await desk.caught_up()
    assert await retention.sweep({"north": 90}, desk.at + 89 * DAY_MS) == 0
    assert await retention.sweep({"north": 90}, desk.at + 91 * DAY_MS) == 1
    assert await _follow_ups(archive) == [("closed", "", "")]


async def test_what_belongs_to_no_conversation_that_ends_goes_after_the_strictest_days(
    desk: Desk, blobs: FileBlobs, archive: Archive
) -> None:
    desk.at = now_ms()
    async with desk.following():
        await desk.commit(_follow_up_that_cannot_be_written("nowhere"))
        await desk.commit(received("lost", "s1", SECRET), ev.Noted(conversation="lost", id="n1", by="ana", text=SECRET))
        await desk.caught_up()
    await archive.drafts.keep("ana", "nowhere", "reply", SECRET)
    retention = Retention(desk.writer._engine, blobs)
    await retention.sweep({"north": 90, "south": 30, "east": 0}, now_ms() + 29 * DAY_MS)
    assert [draft.text for draft in await archive.drafts.of("ana")] == [SECRET]
    assert len(await desk.reader.transcript("lost")) == 2
    await retention.sweep({"east": 0}, now_ms() + 5000 * DAY_MS)
    assert SECRET in await _everything(archive)
    await retention.sweep({"north": 90, "south": 30, "east": 0}, now_ms() + 31 * DAY_MS)
    assert SECRET not in await _everything(archive)


async def test_what_lies_beside_a_conversation_goes_after_the_days_of_its_own_library(
    desk: Desk, blobs: FileBlobs, archive: Archive
) -> None:
    """Also where they stand in one step set aside: the one's words go, the other's stay."""
    desk.at = now_ms()
    await archive.organisation("another").put(Library(revision=0, id="abroad", name="Abroad", queues=()), Calendar())
    libraries = {"t1": "south", "t2": "north", "t3": "east", "t4": "abroad", "t5": "mistyped"}
    async with desk.following():
        for talk, library in libraries.items():
            await desk.commit(opened(talk, address=f"web:{talk}", library=library))
        noted = [ev.Noted(conversation=talk, id=f"n-{talk}", by="ana", text=f"word-{talk}") for talk in libraries]
        await desk.commit(*noted, _follow_up_that_cannot_be_written("t2"))
        await desk.caught_up()
    for talk in libraries:
        await archive.drafts.keep("ana", talk, "reply", f"draft-{talk}")
    retention, days = Retention(desk.writer._engine, blobs), {"north": 90, "south": 30, "east": 0}

    async def left() -> set[str]:
        async with archive.engine.connect() as sql:
            aside = b"".join((await sql.scalars(select(tables.set_aside.c.step))).all()).decode(errors="replace")
        drafts = {draft.conversation for draft in await archive.drafts.of("ana")}
        assert drafts == {talk for talk in libraries if f"word-{talk}" in aside}
        return drafts

    await retention.sweep(days, now_ms() + 29 * DAY_MS)
    assert await left() == set(libraries)
    await retention.sweep(days, now_ms() + 31 * DAY_MS)
    assert await left() == {"t2", "t3", "t4"}
    await retention.sweep(days, now_ms() + 5000 * DAY_MS)
    assert await left() == {"t3", "t4"}


async def test_conversations_of_a_library_that_nobody_set_up_go_after_the_strictest_days(
    desk: Desk, blobs: FileBlobs, archive: Archive
) -> None:
    abroad = Library(revision=0, id="abroad", name="Abroad", queues=())
    await archive.organisation("another").put(abroad, Calendar())
    async with desk.following():
        await _ended(desk, "t1", SECRET, library="mistyped")
        await _ended(desk, "t2", "of a desk with days of its own", library="abroad")
        await _ended(desk, "t3", "kept for ever", library="east")
        await desk.caught_up()
    retention, days = Retention(desk.writer._engine, blobs), {"north": 90, "south": 30, "east": 0}
    assert await retention.sweep({"east": 0}, desk.at + 5000 * DAY_MS) == 0
    assert await retention.sweep(days, desk.at + 29 * DAY_MS) == 0
    assert await retention.sweep(days, desk.at + 31 * DAY_MS) == 1
    assert SECRET not in await _everything(archive)
    assert [len(await desk.reader.transcript(talk)) > 0 for talk in ("t2", "t3")] == [True, True]


def test_where_no_library_is_known_the_usual_days_count() -> None:
    assert (strictest({}), strictest({"east": 0}), strictest({"east": 0, "north": 90, "south": 30})) == (90, 0, 30)


AFTERWARDS: dict[str, tuple[ev.Event, ...]] = {
    "opened again": (
        ev.Reopened(conversation="t1"),
        received("t1", "again", SECRET),
        ev.Closed(conversation="t1", by="ana", code="answered"),
    ),
    "a note": (ev.Noted(conversation="t1", id="late", by="ana", text=SECRET),),
    "a name": (ev.Identified(conversation="t1", name=SECRET),),
    "a block": (ev.Blocked(conversation="t1", by="ana", channel="web", address="web:1", reason=SECRET),),
    "a follow-up": (_follow_up("t1"), _done("t1")),
}


@pytest.mark.parametrize("what", AFTERWARDS)
async def test_what_is_written_after_the_forgetting_is_forgotten_in_its_turn(
    desk: Desk, blobs: FileBlobs, archive: Archive, what: str
) -> None:
    retention = Retention(desk.writer._engine, blobs)
    async with desk.following():
        await _ended(desk, "t1", "the first time")
        await desk.caught_up()
        assert await retention.sweep({"north": 90}, desk.at + 91 * DAY_MS) == 1
        desk.at += 91 * DAY_MS
        await desk.commit(*AFTERWARDS[what])
        await desk.caught_up()
    assert SECRET in await _everything(archive)
    assert await retention.sweep({"north": 90}, desk.at + 91 * DAY_MS) == 1
    assert SECRET not in await _everything(archive)
    assert await retention.sweep({"north": 90}, desk.at + 5000 * DAY_MS) == 0


def _lying(folder: Path, word: bytes) -> list[str]:
    """The database's files in which a word lies, in any case."""
    return [file.name for file in folder.glob("archive.sqlite*") if word.lower() in file.read_bytes().lower()]


@pytest.mark.parametrize("archive_url", ["sqlite"], indirect=True)
async def test_the_words_are_not_left_lying_in_the_file(desk: Desk, blobs: FileBlobs, tmp_path: Path) -> None:
    async with desk.following():
        await _ended(desk, "t1", SECRET)
        await chat(desk, "t2")
        await desk.caught_up()
    word = SECRET.partition("-")[2].encode()
    assert _lying(tmp_path, word)
    await Retention(desk.writer._engine, blobs).forget(["t1"])
    assert _lying(tmp_path, word) == []
