"""Forgetting at a patron's request, in the archive: at once, in every table, and only what is theirs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import select

from bridge.contract.message import Attachment, FollowUpPlan
from bridge.files.blobs import FileBlobs
from bridge.sql import tables
from bridge.sql.archive import Archive
from bridge.sql.people.accounts import now_ms
from bridge.sql.privacy import patron_lookup
from bridge.sql.privacy.erasures import Erasure
from bridge.sql.privacy.retention import DAY_MS, Retention
from routing import events as ev
from routing.wire import decode_steps
from tests.sql.test_follow import Desk, chat, desk, opened, received

__all__ = ["desk"]  # a fixture

SECRET = "Quintessenz-Zyklotron"


def followed_up(talk: str) -> ev.FollowUpOpened:
    plan = FollowUpPlan(address=f"{SECRET}@patron.example", question=SECRET)
    return ev.FollowUpOpened(id=f"f-{talk}", conversation=talk, library="north", plan=plan, name=SECRET)


async def told(desk: Desk, talk: str = "t1", *, address: str = "web:1") -> None:
    """Commit a conversation that holds the secret wherever one can."""
    secrets = {"name": SECRET, "subject": SECRET, "page": SECRET, "language": SECRET}
    start = msgspec.structs.replace(opened(talk, address=address), **secrets)
    await desk.commit(start, received(talk, talk, SECRET, address=address))
    await desk.commit(ev.Identified(conversation=talk, name=SECRET, contact=f"{SECRET}@patron.example"))
    await desk.commit(ev.Noted(conversation=talk, id=f"note-{talk}", by="ana", text=SECRET))
    await desk.commit(ev.Blocked(conversation=talk, channel="web", address=address, by="ana", reason=SECRET))
    await desk.commit(followed_up(talk))
    await desk.commit(ev.Closed(conversation=talk, by="ana", code="answered"))
    await desk.commit(ev.Rated(conversation=talk, id=f"r-{talk}", score=3, comment=SECRET))


async def everything(archive: Archive) -> str:
    """Return every row of every table."""
    async with archive.engine.connect() as sql:
        return str([(await sql.execute(table.select())).all() for table in tables.metadata.sorted_tables])


async def test_at_once_nothing_of_it_is_left_but_the_numbers(desk: Desk, archive: Archive) -> None:
    await archive.idempotency.begin("ana", "key-1", b"said something")
    await archive.idempotency.end("ana", "key-1", 200, b'{"conversation": "t1", "line": "' + SECRET.encode() + b'"}')
    await archive.drafts.keep("ana", "t1", "reply", SECRET)
    async with desk.following():
        await told(desk)
        await chat(desk, "t2")
        await desk.commit(ev.Erased(conversation="t1", by="cora", places=("web|web:1",)))
        await desk.caught_up()
        assert SECRET not in await everything(archive)
        assert len(await desk.reader.transcript("t2")) > 0
    async with archive.engine.connect() as sql:
        row = (await sql.execute(select(tables.conversation).where(tables.conversation.c.id == "t1"))).one()
        audit = (await sql.execute(select(tables.audit).where(tables.audit.c.what == "forgotten"))).one()
    assert (row.code, row.rating, row.library, row.address) == ("answered", 3, "north", "")
    assert (audit.who, audit.conversation, audit.detail) == ("cora", "t1", "")


async def test_it_is_forgotten_though_all_of_it_comes_in_one_batch(desk: Desk, archive: Archive) -> None:
    await told(desk)
    await desk.commit(ev.Erased(conversation="t1", by="cora", places=("web|web:1",)))
    async with desk.following():
        await desk.caught_up()
    assert SECRET not in await everything(archive)


async def test_what_came_after_it_in_a_batch_keeps_it_no_longer(desk: Desk, archive: Archive) -> None:
    """On a quiet desk the entries behind an erasure stay in the log for a day: its row, with the addresses, waits for none."""
    await told(desk)
    await desk.commit(ev.Erased(conversation="t1", by="cora", places=("sms|+436601234567",)))
    erased = (await desk.store.head()).seq
    await chat(desk, "t2")
    await desk.commit(ev.Erased(conversation="t2", by="cora", places=("sms|+436607654321",)))
    async with desk.following():
        await desk.caught_up()
    standing = await archive.erasures().standing()
    last = (await desk.store.head()).seq
    assert {one.conversation: one.position.seq for one in standing} == {"t1": erased, "t2": last}
    assert erased < last


async def test_it_is_gone_from_a_step_set_aside_that_speaks_of_another_too(desk: Desk, archive: Archive) -> None:
    plan = FollowUpPlan(address="other@patron.example", question="Where?", deadline=1 << 63)
    bad = ev.FollowUpOpened(id="f-t2", conversation="t2", library="north", plan=plan)
    async with desk.following():
        await desk.commit(opened("t1"))
        await desk.commit(opened("t2", address="web:2"))
        await desk.commit(bad, ev.Noted(conversation="t1", id="n1", by="ana", text=SECRET), cause="both")
        await desk.caught_up()
        assert SECRET in await everything(archive)
        await desk.commit(ev.Erased(conversation="t1"))
        await desk.caught_up()
    assert SECRET not in await everything(archive)
    async with archive.engine.connect() as sql:
        row = (await sql.execute(select(tables.set_aside))).one()
    [step] = decode_steps(row.step)
    assert (row.conversation, step.cause, step.events) == ("t2", "both", (bad,))


async def kept(blobs: FileBlobs) -> Attachment:
    """Take the essay in, once more if it is there."""

    async def chunks() -> AsyncIterator[bytes]:
        yield b"%PDF-1.4 mine"

    return await blobs.save(chunks(), "essay.pdf", 1000)


async def sent_and_erased(desk: Desk, archive: Archive, file: Attachment) -> Erasure:
    """Commit a conversation that shows a file, and its end for good."""
    asked = received("t1", "s1", "see this", address="web:1")
    asked = msgspec.structs.replace(asked, message=msgspec.structs.replace(asked.message, attachments=(file,)))
    async with desk.following():
        await desk.commit(opened("t1"), asked)
        await desk.commit(ev.Erased(conversation="t1", by="cora", places=("web|web:1",)))
        await desk.caught_up()
    [one] = await archive.erasures().standing()
    return one


async def test_what_is_not_gone_everywhere_yet_stands_in_a_row(desk: Desk, archive: Archive, tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path / "blobs")
    file = await kept(blobs)
    one = await sent_and_erased(desk, archive, file)
    assert (one.state, one.places, one.files, one.position.seq) == ("erased", ("web|web:1",), (file.digest,), 2)
    await Retention(desk.writer._engine, blobs).remove(one.files, one.at)
    assert await blobs.path(file.digest) is None, "though it was taken in a moment ago"
    await archive.erasures().done("t1")
    assert "web:1" not in await everything(archive)


async def test_a_file_that_another_may_be_about_to_send_stays_for_the_day(
    desk: Desk, archive: Archive, tmp_path: Path
) -> None:
    blobs, retention = FileBlobs(tmp_path / "blobs"), Retention(desk.writer._engine, FileBlobs(tmp_path / "blobs"))
    file = await kept(blobs)
    await kept(blobs)
    one = await sent_and_erased(desk, archive, file)
    await retention.remove(one.files, one.at)
    assert await blobs.path(file.digest) is not None
    assert await retention.sweep_files(now_ms() + 2 * DAY_MS) == 1


async def test_a_file_that_comes_again_after_it_was_removed_is_another_s(
    desk: Desk, archive: Archive, tmp_path: Path
) -> None:
    blobs, retention = FileBlobs(tmp_path / "blobs"), Retention(desk.writer._engine, FileBlobs(tmp_path / "blobs"))
    one = await sent_and_erased(desk, archive, await kept(blobs))
    await retention.remove(one.files, one.at)
    file = await kept(blobs)
    await retention.remove(one.files, one.at)  # as every other process does, and this one after a restart
    assert await blobs.path(file.digest) is not None


async def test_a_file_of_another_s_step_that_was_set_aside_stays(desk: Desk, archive: Archive, tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path / "blobs")
    file = await kept(blobs)
    plan = FollowUpPlan(address="other@patron.example", question="Where?", deadline=1 << 63)
    asked = received("t2", "s2", "mine, too", address="web:2")
    asked = msgspec.structs.replace(asked, message=msgspec.structs.replace(asked.message, attachments=(file,)))
    async with desk.following():
        await desk.commit(opened("t2", address="web:2"))
        await desk.commit(ev.FollowUpOpened(id="f-t2", conversation="t2", library="north", plan=plan), asked)
        await desk.caught_up()
    one = await sent_and_erased(desk, archive, file)
    await Retention(desk.writer._engine, blobs).remove(one.files, one.at)
    assert await blobs.path(file.digest) is not None


async def test_an_order_stands_until_it_is_refused_or_carried_out(archive: Archive) -> None:
    erasures = archive.erasures()
    await erasures.ask("t1", ["web|web:1"], follow_up=True)
    assert [(one.state, one.places, one.follow_up) for one in await erasures.standing()] == [
        ("asked", ("web|web:1",), True)
    ]
    assert await archive.erasures("other").standing() == []
    await erasures.refuse("t1", "not-closed")
    assert [(one.state, one.reason, one.places) for one in await erasures.standing()] == [("refused", "not-closed", ())]


def lying(folder: Path, word: bytes) -> list[str]:
    """The database's files in which a word lies, in any case."""
    return [file.name for file in folder.glob("archive.sqlite*") if word.lower() in file.read_bytes().lower()]


@pytest.mark.parametrize("archive_url", ["sqlite"], indirect=True)
async def test_the_words_are_not_left_lying_in_the_files(desk: Desk, archive: Archive, tmp_path: Path) -> None:
    word = SECRET.partition("-")[2].encode()
    async with desk.following():
        await told(desk)
        await desk.caught_up()
        assert lying(tmp_path, word)
        await desk.commit(ev.Erased(conversation="t1"))
        await desk.caught_up()
    await Retention(desk.writer._engine, FileBlobs(tmp_path / "blobs")).remove((), 0)
    assert lying(tmp_path, word) == []


# ---- what a process remembers


async def test_a_process_remembers_nothing_of_it(desk: Desk) -> None:
    async with desk.following():
        await told(desk)
        await chat(desk, "t2")
        await desk.commit(ev.Erased(conversation="t1", by="cora", places=(f"web|{SECRET}",)))
        await desk.caught_up()
        await desk.tail_caught_up()
        assert SECRET in str(desk.follower._ring)
        await desk.follower.forget({"t1"}, desk.seq)
        assert SECRET not in str(desk.follower._ring)
        assert SECRET not in str([(page._steps, page._newest) for page in desk.tail._pages])
        assert desk.tail.newest("web", "web:1") != "t1"
        assert any(
            isinstance(event, ev.Erased) for entry in desk.follower._ring for s in entry.steps for event in s.events
        )


# ---- whose it is


async def ids_of(archive: Archive, conversation: str) -> list[str]:
    return [one.id for one in await patron_lookup.all_of(archive.engine, conversation)]


async def test_a_patron_s_are_those_of_his_addresses_and_those_merged_with_them(desk: Desk, archive: Archive) -> None:
    def from_(talk: str, n: str, sender: str, *marks: str) -> ev.Received:
        one = received(talk, n, "hi", address=sender)
        return msgspec.structs.replace(one, message=msgspec.structs.replace(one.message, marks=marks))

    async with desk.following():
        await desk.commit(opened("first", address="jane"), from_("first", "1", "jane"))
        await desk.commit(opened("second", address="jane"), from_("second", "2", "jane"))
        await desk.commit(from_("second", "3", "jane-at-home"))
        await desk.commit(opened("home", address="jane-at-home", library="south"))
        await desk.commit(opened("merged", address="by-phone"))
        await desk.commit(ev.Merged(conversation="merged", other="home", by="ana"))
        await desk.commit(opened("stranger", address="vic"), from_("stranger", "4", "vic"))
        await desk.commit(from_("first", "5", "vic", "other-sender"))
        await desk.commit(ev.Identified(conversation="first", contact="vic"))
        await desk.caught_up()
    assert await ids_of(archive, "first") == ["first", "second", "home", "merged"]
    assert await ids_of(archive, "merged") == ["first", "second", "home", "merged"]
    assert await ids_of(archive, "stranger") == ["stranger"]
    at: list[Any] = await patron_lookup.all_at(archive.engine, "by-phone")
    assert [(one.id, one.library) for one in at][2:] == [("home", "south"), ("merged", "north")]
    assert await patron_lookup.all_at(archive.engine, "jane-at-home", "sms") == []
    assert await patron_lookup.all_at(archive.engine, "nobody") == []
