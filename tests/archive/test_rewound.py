"""The log lost its newest entries (a failover): what the archive has of them, and what it is asked meanwhile."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import update

from bridge.archive import reader, tables
from bridge.archive.archive import Archive
from bridge.store import Unavailable
from tests.archive.test_follow import EPOCH, Desk, chat, desk

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
        with pytest.raises(Unavailable):
            await desk.reader.transcript("t1")
