"""A failover lost the newest of the log: what the archive answers meanwhile, and what it reads once more."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import select, update

from bridge.log.follower import START
from bridge.redis.store import StoreUnavailable
from bridge.sql import tables
from bridge.sql.archive import Archive
from bridge.sql.transcripts import reader
from routing import events as ev
from tests.sql.test_follow import EPOCH, Desk, chat, desk

__all__ = ["desk"]  # a fixture


async def stands_at(archive: Archive, epoch: str, seq: int) -> None:
    """Have the archive say that it holds the log up to an entry."""
    async with archive.engine.begin() as sql:
        await sql.execute(update(tables.follower).values(epoch=epoch, seq=seq))


async def test_a_transcript_waits_until_the_archive_stands_in_the_log_again(desk: Desk, archive: Archive) -> None:
    async with desk.following():
        await chat(desk)
        await desk.caught_up()
        whole = await desk.reader.transcript("t1")
    async with desk.following(writing=False):
        await desk.tail_caught_up()
        await stands_at(archive, "lost", 2)
        asked = asyncio.create_task(desk.reader.transcript("t1"))
        await asyncio.wait([asked], timeout=reader.LOOK_S / 2)
        await stands_at(archive, EPOCH, 2)
        assert await asked == whole


async def test_where_it_does_not_come_back_the_store_counts_as_away(
    desk: Desk, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "PATIENCE_S", 0.0)
    async with desk.following():
        await chat(desk)
        await desk.caught_up()
    async with desk.following(writing=False):
        await desk.tail_caught_up()
        await stands_at(archive, "lost", 2)
        with pytest.raises(StoreUnavailable):
            await desk.reader.transcript("t1")


async def test_what_is_read_from_the_log_once_more_is_audited_once(desk: Desk, archive: Archive) -> None:
    async def audited() -> list[tuple[str, str, str]]:
        async with archive.engine.connect() as sql:
            return [(row.who, row.what, row.detail) for row in (await sql.execute(select(tables.audit))).all()]

    async with desk.following():
        await chat(desk)
        await desk.commit(ev.Merged(conversation="t1", other="t0", by="ana"))
        await desk.commit(
            *[ev.Blocked(conversation="t1", channel="web", address=a, by="ana", reason="spam") for a in "xy"]
        )
        await desk.caught_up()
    once = await audited()
    assert once[-2:] == [("ana", "blocked", "spam")] * 2
    await stands_at(archive, "lost", 2)
    desk.writer.position = START  # as in a process that has just begun
    async with desk.following():
        await desk.caught_up()
    assert await audited() == once
