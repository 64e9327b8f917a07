"""The log in SQL: exactly once, though a process may die; transcripts without gap or overlap; search; what is found again."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

from bridge.contract.message import Delivery, FollowUpPlan, Message, delivery_id, message_id
from bridge.log.follower import Follower
from bridge.log.tail import Tail
from bridge.redis.embedded import EmbeddedRedis
from bridge.redis.store import Store
from bridge.sql import tables
from bridge.sql.archive import Archive
from bridge.sql.transcripts import rejected_steps
from bridge.sql.transcripts.export import export
from bridge.sql.transcripts.lines import TranscriptLine
from bridge.sql.transcripts.reader import Reader
from bridge.sql.transcripts.writer import Writer
from routing import events as ev
from routing.wire import decode_steps, encode_steps

EPOCH = "e1"


class Desk:
    """Commits steps as the core would, and follows them into an archive."""

    def __init__(self, store: Store, archive: Archive) -> None:
        self.store = store
        self.archive = archive
        self.seq = 0
        self.at = 1_000_000
        self.follower = Follower(store)
        self.writer: Writer
        self.tail: Tail
        self.reader: Reader
        self.writer, self.tail, self.reader = archive.follow(store, self.follower)

    async def commit(self, *events: ev.Event, cause: str = "") -> None:
        """Append one log entry of one step."""
        self.seq += 1
        self.at += 1000
        step = ev.Step(cause=cause or f"cause-{self.seq}", at=self.at, events=events)
        await self.store.commit("token", EPOCH, self.seq, f"{self.seq}-0", encode_steps([step]), [])

    @asynccontextmanager
    async def following(self, *, writing: bool = True) -> AsyncIterator[None]:
        """Follow inside the context."""
        if not writing:
            await self.writer._load()
        parts = [self.follower.run(), self.tail.run(), *([self.writer.run()] if writing else [])]
        tasks = [asyncio.create_task(part) for part in parts]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            for task in tasks:
                with suppress(asyncio.CancelledError):
                    await task

    async def caught_up(self) -> None:
        """Wait until the archive holds all that was committed."""
        async with asyncio.timeout(30):
            while self.writer.position.seq < self.seq:
                await asyncio.sleep(0)
                await self.follower.since(self.follower.last, wait=False)

    async def tail_caught_up(self) -> None:
        """Wait until the newest entry was read."""
        async with asyncio.timeout(30):
            while self.tail.position.seq < self.seq:
                await asyncio.sleep(0)


@pytest_asyncio.fixture(loop_scope="function")
async def desk(archive: Archive, tmp_path: Path) -> AsyncIterator[Desk]:
    """A desk over a private Redis and an archive."""
    redis = EmbeddedRedis(tmp_path / "redis")
    (tmp_path / "redis").mkdir()
    store = await Store.open(await redis.start(), "main")
    await store.take("token", 60_000)
    yield Desk(store, archive)
    await store.close()
    await redis.stop()


def opened(talk: str, *, address: str = "web:1", library: str = "north") -> ev.Opened:
    return ev.Opened(
        conversation=talk, library=library, queue=f"{library}/reference", channel="web", address=address, live=True
    )


def received(talk: str, source: str, text: str, *, address: str = "web:1") -> ev.Received:
    id = message_id("web", address, source)
    return ev.Received(
        conversation=talk, message=Message(id=id, channel="web", sender=address, source=source, text=text)
    )


def said(talk: str, n: int, text: str, *, by: str = "ana") -> ev.Said:
    id = delivery_id(f"{talk}-say", n)
    delivery = Delivery(
        id=id, channel="web", conversation=talk, to="web:1", kind="text", at=0, text=text, author=by.title()
    )
    return ev.Said(conversation=talk, by=by, delivery=delivery)


async def chat(desk: Desk, talk: str = "t1") -> None:
    """A small conversation of every kind of line."""
    await desk.commit(opened(talk), received(talk, talk, "Where is the Straße atlas?"))
    await desk.commit(ev.Queued(conversation=talk, queue="north/reference", since=desk.at, reason="new"))
    await desk.commit(ev.Claimed(conversation=talk, by="ana", how="claim"))
    await desk.commit(ev.Joined(conversation=talk, by="ben"))
    await desk.commit(said(talk, 0, "On the second floor."))
    await desk.commit(
        ev.Progressed(conversation=talk, delivery=delivery_id(f"{talk}-say", 0), stage="delivered", network_id="n-7")
    )
    await desk.commit(ev.Noted(conversation=talk, id=f"note-{talk}", by="ana", text="regular patron"))
    await desk.commit(ev.ReadUpTo(conversation=talk, by="ana", message=message_id("web", "web:1", talk)))
    await desk.commit(ev.LeftConversation(conversation=talk, by="ben", reason="left"))
    await desk.commit(ev.Closed(conversation=talk, by="ana", code="answered"))


def shown(lines: list[TranscriptLine]) -> list[tuple[str, str, str]]:
    return [(line.who, line.text or line.event, line.stage) for line in lines]


WHOLE = [
    ("patron", "Where is the Straße atlas?", "read"),
    ("system", "queued:new", ""),
    ("system", "claimed:claim", ""),
    ("system", "joined", ""),
    ("librarian", "On the second floor.", "delivered"),
    ("note", "regular patron", ""),
    ("system", "left-conversation:left", ""),
    ("system", "closed", ""),
]


async def test_a_transcript_reads_the_same_from_sql_and_from_the_log(desk: Desk) -> None:
    async with desk.following(writing=False):
        await chat(desk)
        await desk.tail_caught_up()
        assert shown(await desk.reader.transcript("t1")) == WHOLE
    async with desk.following():
        await desk.caught_up()
        await desk.tail_caught_up()
        assert shown(await desk.reader.transcript("t1")) == WHOLE


async def test_a_transcript_has_no_gap_and_no_overlap_at_any_position_of_the_archive(desk: Desk) -> None:
    async with desk.following(writing=False):
        await chat(desk)
        await desk.tail_caught_up()
        await desk.writer._load()
        for entry in await desk.follower.since(desk.writer.position):
            await desk.writer._write([entry])
            assert shown(await desk.reader.transcript("t1")) == WHOLE, f"archive at {desk.writer.position}"


async def test_two_archivists_write_each_entry_once(desk: Desk) -> None:
    other, _, _ = desk.archive.follow(desk.store, desk.follower)
    second = asyncio.create_task(other.run())
    async with desk.following():
        for n in range(40):
            await chat(desk, f"t{n}")
        await desk.caught_up()
        async with asyncio.timeout(30):
            while other.position.seq < desk.seq:
                await asyncio.sleep(0)
    second.cancel()
    async with desk.archive.engine.connect() as sql:
        assert await sql.scalar(select(func.count()).select_from(tables.line)) == 40 * len(WHOLE)
        assert await sql.scalar(select(func.count()).select_from(tables.audit)) == 40, "their ends"
        assert await sql.scalar(select(func.count()).select_from(tables.hop)) == 40 * 6


async def test_killed_before_the_commit_it_writes_the_batch_again_and_once(desk: Desk) -> None:
    async with desk.following():
        await chat(desk, "t1")
        await desk.caught_up()
    await chat(desk, "t2")
    async with desk.following(writing=False):
        await desk.tail_caught_up()
        entries = await desk.follower.since(desk.writer.position)
        async with desk.writer._engine.connect() as sql:
            await desk.writer._move(sql, entries[-1].position)
            await sql.rollback()  # what a kill leaves behind
    async with desk.following():
        await desk.caught_up()
        assert shown(await desk.reader.transcript("t2")) == WHOLE


async def test_the_patron_sees_own_lines_answers_and_no_note(desk: Desk) -> None:
    async with desk.following():
        await chat(desk)
        await desk.caught_up()
        lines = await desk.reader.patron_history("web", "web:1")
        assert [(line.who, line.text, line.stage) for line in lines] == [
            ("patron", "Where is the Straße atlas?", "read"),
            ("librarian", "On the second floor.", ""),
        ]
        assert await desk.reader.patron_history("web", "web:1", lines[-1].position) == []
        assert await desk.reader.patron_history("web", "web:2") == []


async def test_the_patron_sees_nothing_of_what_comes_from_an_address_he_only_named(desk: Desk) -> None:
    """Read it from the tail and from the rows: neither may hold a line of the other address, nor an answer to it."""
    by_mail = Message(id="m1", channel="mail", sender="vic@x.org", source="m1", text="My diagnosis is ...")
    answer = Delivery(
        id=delivery_id("say", 1), channel="mail", conversation="t1", to="vic@x.org", kind="text", at=0, text="I see."
    )
    async with desk.following(writing=False):
        await desk.commit(opened("t1"), received("t1", "1", "Where?"), said("t1", 1, "Here."))
        await desk.commit(
            ev.Received(conversation="t1", message=by_mail), ev.Said(conversation="t1", by="ana", delivery=answer)
        )
        await desk.tail_caught_up()
        assert [line.text for line in await desk.reader.patron_history("web", "web:1")] == ["Where?", "Here."]
    async with desk.following():
        await desk.caught_up()
        assert [line.text for line in await desk.reader.patron_history("web", "web:1")] == ["Where?", "Here."]
        assert len(await desk.reader.transcript("t1")) == 4


async def test_it_is_credited_to_the_queue_that_answered(desk: Desk) -> None:
    async with desk.following():
        await desk.commit(opened("t1"), received("t1", "1", "hello"))
        await desk.commit(ev.Queued(conversation="t1", queue="south/reference", since=0, reason="transferred"))
        await desk.commit(ev.Claimed(conversation="t1", by="carla", how="claim"))
        await desk.commit(said("t1", 0, "hi", by="carla"))
        await desk.commit(ev.Queued(conversation="t1", queue="north/reference", since=0, reason="transferred"))
        await desk.commit(ev.Claimed(conversation="t1", by="ana", how="claim"))
        await desk.commit(said("t1", 1, "hello again"))
        await desk.caught_up()
        talk = await desk.reader.conversation("t1")
    assert talk is not None
    assert (talk.queue_entered, talk.queue) == ("north/reference", "north/reference")
    assert (talk.answered_queue, talk.answered_by) == ("south/reference", "carla")
    assert talk.claimed_at is not None
    assert talk.first_answer_at is not None
    assert talk.claimed_at < talk.first_answer_at


async def test_search_finds_words_without_accents_and_only_where_one_may_look(desk: Desk) -> None:
    async with desk.following():
        await chat(desk, "t1")
        await desk.commit(opened("t2", address="web:2", library="south"), received("t2", "9", "An atlas of Zürich"))
        await desk.caught_up()
    search = desk.archive.search
    assert [hit.conversation for hit in await search.find("atlas", ["north", "south"])] == ["t2", "t1"]
    assert [hit.conversation for hit in await search.find("atl", ["north"])] == ["t1"]
    assert [hit.conversation for hit in await search.find("atlas", [], also=["t2"])] == ["t2"]
    assert await search.find("atlas", []) == []
    assert await search.find("atlas nowhere", ["north", "south"]) == []
    for hostile in ('"', "a' OR 1=1 --", "NEAR(", "*", "text:", "& | !", ""):
        assert await search.find(hostile, ["north"]) == [], hostile


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("zwei Cafés in Prag", "Cafe\u0301s"),  # as a PDF has it: the accent is a character of its own
        ("मेरा हिन्दी शब्दकोश", "हिन्दी"),
        ("أين المُعْجَم العربي", "المُعْجَم"),
        ("where is the 東京 guide", "東京"),
    ],
)
async def test_search_takes_no_word_apart_at_its_marks(desk: Desk, written: str, asked: str) -> None:
    async with desk.following():
        await desk.commit(opened("t1"), received("t1", "s1", written))
        await desk.caught_up()
    find = desk.archive.search.find
    assert [hit.conversation for hit in await find(asked, ["north"])] == ["t1"]
    assert await find(asked[::-1], ["north"]) == []
    for marks in ("\u0301", "\u0301 \u093f", f"{asked} \u0301"):
        await find(marks, ["north"])


async def test_search_goes_page_by_page_though_lines_came_in_one_moment(desk: Desk) -> None:
    async with desk.following():
        asked = [received("t1", f"s{n}", f"atlas number {n}") for n in range(7)]
        await desk.commit(opened("t1"), *asked)
        await desk.caught_up()
    found, before = [], 0
    while page := await desk.archive.search.find("atlas", ["north"], before=before, limit=3):
        found += [hit.snippet for hit in page]
        before = page[-1].n
    assert [text[-1] for text in found] == list("6543210")


async def test_what_was_said_is_found_by_any_id(desk: Desk) -> None:
    wanted = ([message_id("web", "web:1", "t1")], [delivery_id("t1-say", 0)], ["n-7"], ["unknown", "n-7"])
    async with desk.following(writing=False):
        await chat(desk)
        await desk.tail_caught_up()
        assert [await desk.reader.find(ids) for ids in wanted] == ["t1"] * 4
    async with desk.following():
        await desk.caught_up()
        assert [await desk.reader.find(ids) for ids in wanted] == ["t1"] * 4
        assert await desk.reader.find(["unknown"]) == ""


async def test_earlier_conversations_of_a_patron_and_of_whom_he_was_merged_with(desk: Desk) -> None:
    async with desk.following():
        await chat(desk, "t1")
        await chat(desk, "t2")
        await desk.commit(opened("t3", address="web:3"), received("t3", "1", "me again", address="web:3"))
        await desk.commit(ev.Merged(conversation="t3", other="t1", by="ana"))
        await desk.caught_up()
        assert [talk.id for talk in await desk.reader.earlier("web", "web:3", ["north"])] == ["t3", "t1"]
        assert await desk.reader.earlier("web", "web:1", ["south"]) == []
        await desk.commit(ev.Unmerged(conversation="t3", other="t1", by="ana"))
        await desk.caught_up()
        assert [talk.id for talk in await desk.reader.earlier("web", "web:3", ["north"])] == ["t3"]


async def test_of_merges_and_partings_in_one_batch_the_last_word_counts(desk: Desk) -> None:
    def merged(talk: str, other: str) -> ev.Merged:
        return ev.Merged(conversation=talk, other=other, by="ana")

    def parted(talk: str, other: str) -> ev.Unmerged:
        return ev.Unmerged(conversation=talk, other=other, by="ben")

    async with desk.following():
        await desk.commit(merged("t1", "t2"), merged("t3", "t4"))
        await desk.caught_up()
    await desk.commit(parted("t1", "t2"), merged("t1", "t2"))
    await desk.commit(merged("t5", "t6"), parted("t6", "t5"))
    await desk.commit(parted("t4", "t3"), merged("t4", "t3"), parted("t3", "t4"))
    async with desk.following():
        await desk.caught_up()
        async with desk.archive.engine.connect() as sql:
            rows = (await sql.execute(select(tables.merge.c.conversation, tables.merge.c.other))).all()
    assert [tuple(row) for row in rows] == [("t1", "t2")]


async def test_an_archive_that_finds_a_trimmed_log_goes_on_and_says_so(desk: Desk) -> None:
    await chat(desk, "t1")
    await desk.store.trim_log(5)
    await chat(desk, "t2")
    async with desk.following():
        await desk.caught_up()
        assert shown(await desk.reader.transcript("t2")) == WHOLE


async def test_after_a_gap_the_first_entry_that_is_left_is_written_too(desk: Desk) -> None:
    async with desk.following():
        await chat(desk, "t1")
        await desk.caught_up()
    for n in range(3):
        await desk.commit(opened(f"x{n}", address=f"web:x{n}"), received(f"x{n}", f"s{n}", f"word {n}"))
    await desk.store.trim_log(desk.seq - 1)
    async with desk.following():
        await desk.caught_up()
        assert [shown(await desk.reader.transcript(f"x{n}")) for n in range(3)] == [
            [],
            [("patron", "word 1", "received")],
            [("patron", "word 2", "received")],
        ]


def planned(talk: str, **plan: Any) -> ev.FollowUpOpened:
    return ev.FollowUpOpened(id=f"f-{talk}", conversation=talk, library="north", plan=FollowUpPlan(**plan))


async def set_aside(desk: Desk) -> list[tuple[str, str, list[ev.Step]]]:
    async with desk.archive.engine.connect() as sql:
        rows = (await sql.execute(select(tables.set_aside))).all()
    return [(row.conversation, row.error, decode_steps(row.step)) for row in rows]


async def test_a_step_that_cannot_be_written_is_set_aside_and_the_rest_goes_on(desk: Desk) -> None:
    told = rejected_steps.SET_ASIDE.labels("archive:main")
    before = told._value.get()
    await chat(desk, "t1")
    await desk.commit(planned("t1", address="a@x.org", deadline=1 << 63), cause="bad")
    await chat(desk, "t2")
    async with desk.following():
        await desk.caught_up()
        assert shown(await desk.reader.transcript("t1")) == [*WHOLE, ("system", "unwritten", "")]
        assert shown(await desk.reader.transcript("t2")) == WHOLE
    [(talk, error, [step])] = await set_aside(desk)
    assert (talk, step.cause) == ("t1", "bad")
    assert error in ("OverflowError", "DataError")
    assert told._value.get() == before + 1


@pytest.mark.parametrize("archive_url", ["postgresql"], indirect=True)
async def test_a_word_that_the_database_does_not_have_is_set_aside(desk: Desk) -> None:
    await desk.commit(opened("t1"), received("t1", "1", "hello"))
    await desk.commit(ev.Noted(conversation="t1", id="n1", by="ana", text="\x00"))
    async with desk.following():
        await desk.caught_up()
    assert [talk for talk, _, _ in await set_aside(desk)] == ["t1"]


@pytest.mark.parametrize("archive_url", ["postgresql"], indirect=True)
async def test_what_is_too_long_for_an_index_is_set_aside(desk: Desk) -> None:
    long = secrets.token_urlsafe(6_000)  # no compression makes it fit
    await desk.commit(opened("t1", address=long), received("t1", "1", "hello", address=long))
    await chat(desk, "t2")
    async with desk.following():
        await desk.caught_up()
        assert shown(await desk.reader.transcript("t2")) == WHOLE
    assert [talk for talk, _, _ in await set_aside(desk)] == ["t1"]


async def test_a_database_that_is_not_well_is_waited_for_and_nothing_is_set_aside(desk: Desk) -> None:
    await chat(desk, "t1")
    async with desk.following(writing=False):
        await desk.tail_caught_up()
        entries = await desk.follower.since(desk.writer.position)
        async with desk.writer._engine.begin() as sql:
            await sql.execute(text("ALTER TABLE hop RENAME TO away"))
        with pytest.raises(SQLAlchemyError):
            await desk.writer._write(entries)
        async with desk.writer._engine.begin() as sql:
            await sql.execute(text("ALTER TABLE away RENAME TO hop"))
    assert await set_aside(desk) == []
    async with desk.following():
        await desk.caught_up()
        assert shown(await desk.reader.transcript("t1")) == WHOLE


async def test_everything_can_be_taken_away_as_json(desk: Desk) -> None:
    async with desk.following():
        for n in range(3):
            await chat(desk, f"t{n}")
        await desk.caught_up()
    found = [transcript async for transcript in export(desk.archive.engine)]
    assert [each.conversation.id for each in found] == ["t0", "t1", "t2"]
    assert shown(found[2].lines) == WHOLE
    assert [each async for each in export(desk.archive.engine, library="south")] == []
