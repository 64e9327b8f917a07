"""Colleagues' messages are kept apart, numbered without a gap, and forgotten by the same clock as transcripts."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bridge.files.blobs import FileBlobs
from bridge.sql.archive import Archive
from bridge.sql.people.accounts import now_ms
from bridge.sql.people.idempotency import KeyReused
from bridge.sql.people.staff_messages import (
    DAY_MS,
    MOST_CHANGES,
    NotOwnMessage,
    StaffMessages,
    talk_room,
)

SECRET = "Quintessenz-Kolloquium"


@pytest.fixture
def messages(archive: Archive) -> StaffMessages:
    return archive.staff_messages()


async def _words(messages: StaffMessages, room: str) -> list[str]:
    return [one.text for one in await messages.page(room)]


async def test_writers_at_once_get_numbers_without_a_gap_and_a_reader_misses_nothing(messages: StaffMessages) -> None:
    """A reader who goes on from each number that it saw gets each message, whatever order the writers commit in."""
    writing = asyncio.gather(*(messages.say("all", f"p{n}", f"word {n}", "a-key-of-mine") for n in range(20)))
    seen: list[int] = []
    upto = 0
    while len(seen) < 20:
        found = await messages.since(upto)
        seen += [one.n for one in found.messages]
        upto = found.upto
    await writing
    assert seen == list(range(1, 21))


async def test_the_same_key_gives_the_same_message_and_other_words_are_refused(messages: StaffMessages) -> None:
    first = await messages.say("all", "ana", "hello", "a-key-of-mine")
    assert (await messages.say("all", "ana", "hello", "a-key-of-mine")).id == first.id
    for room, text in (("all", "other words"), ("library:north", "hello")):
        with pytest.raises(KeyReused):
            await messages.say(room, "ana", text, "a-key-of-mine")
    assert await _words(messages, "all") == ["hello"]
    assert await _words(messages, "library:north") == []


async def test_an_edit_and_a_deletion_are_changes_and_nobody_else_makes_them(messages: StaffMessages) -> None:
    said = await messages.say("all", "ana", "helo", "key")
    changed = await messages.change("all", said.id, "ana", "hello")
    assert (changed.seq, changed.text, bool(changed.edited_at)) == (said.seq, "hello", True)
    for room, who in (("all", "ben"), ("library:north", "ana")):
        with pytest.raises(NotOwnMessage):
            await messages.change(room, said.id, who, "mine now")
    (told,) = (await messages.since(said.n)).messages
    assert told == changed
    gone = await messages.change("all", said.id, "ana", "")
    assert (gone.deleted, gone.text) == (True, "")
    with pytest.raises(NotOwnMessage):
        await messages.change("all", said.id, "ana", "back again")


async def test_who_missed_too_much_is_told_to_read_afresh(messages: StaffMessages) -> None:
    for n in range(MOST_CHANGES + 1):
        await messages.say("all", "ana", f"{n}", f"key{n}")
    assert (await messages.since(0)).more
    assert not (await messages.since(1)).more
    assert (await messages.since(10**9)).more, "a number of another database"


async def test_another_consortium_sees_nothing_of_it(archive: Archive, messages: StaffMessages) -> None:
    other = archive.staff_messages("other")
    room = await messages.make("Maps", "ana", ["ben"], "key")
    said = await messages.say(room.id, "ana", "hello", "key")
    assert await other.page(room.id) == []
    assert await other.room(room.id) is None
    assert await other.rooms_of("ben") == []
    assert (await other.since(0)).upto == 0
    with pytest.raises(NotOwnMessage):
        await other.change(room.id, said.id, "ana", "x")


async def test_members_come_and_go_and_an_empty_room_loses_its_messages(messages: StaffMessages) -> None:
    room = await messages.make("Maps", "ana", ["ben", "ana"], "key")
    assert (room.members, room.name) == (("ana", "ben"), "Maps")
    assert await messages.make("Maps", "ana", ["ben"], "key") == await messages.room(room.id), "made once"
    await messages.say(room.id, "ana", SECRET, "key")
    left = await messages.members(room.id, "ana", ["cora"], ["ben"])
    assert (set(left.members), left.former) == ({"ana", "cora"}, ("ben",))
    assert await messages.rooms_of("ben") == []
    await messages.members(room.id, "ana", [], ["ana", "cora"])
    assert await _words(messages, room.id) == []
    pair = await messages.pair("ben", "ana")
    assert pair == await messages.pair("ana", "ben")


async def test_each_room_goes_by_its_own_days_and_what_is_shared_by_the_strictest(
    archive: Archive, messages: StaffMessages, tmp_path: Path
) -> None:
    for room in ("all", "library:north", "library:south", talk_room("c1")):
        await messages.say(room, "ana", f"{SECRET} in {room}", room)
    retention = archive.retention(FileBlobs(tmp_path / "blobs"))
    days = {"north": 30, "south": 0}
    assert await retention.sweep_staff(messages, days, now_ms() + 29 * DAY_MS) == 0
    assert await retention.sweep_staff(messages, days, now_ms() + 31 * DAY_MS) == 3
    assert await _words(messages, "library:south") == [f"{SECRET} in library:south"], "0 = without end"


async def test_nothing_of_them_is_left_in_the_database(
    archive: Archive, archive_url: str, messages: StaffMessages, tmp_path: Path
) -> None:
    """By age, by the deletion of its author, and with the conversation that a talk is beside."""
    retention = archive.retention(FileBlobs(tmp_path / "blobs"))
    old = await messages.say("all", "ana", SECRET, "old")
    await retention.sweep_staff(messages, {"north": 1}, now_ms() + 2 * DAY_MS)
    taken = await messages.say("all", "ana", SECRET, "taken back")
    await messages.change("all", taken.id, "ana", "")
    await messages.say(talk_room("c1"), "ana", f"{SECRET} of the patron", "talk")
    await messages.say(talk_room("c2"), "ana", "of another", "talk2")
    await retention.forget(["c1"])
    assert [one.id for one in await messages.page("all")] == [taken.id] != [old.id]
    assert await _words(messages, talk_room("c1")) == []
    assert await _words(messages, talk_room("c2")) == ["of another"]
    if archive_url.startswith("sqlite"):
        await asyncio.to_thread(_check_files, tmp_path)


def _check_files(folder: Path) -> None:
    files = [path for path in folder.rglob("archive.sqlite*") if path.is_file()]
    assert files
    assert not [path.name for path in files if SECRET.encode() in path.read_bytes()]
