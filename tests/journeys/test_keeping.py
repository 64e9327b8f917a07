"""What is kept beside the transcripts goes too: files that nobody sent, but never one whose message is still on its way to the
archive; inputs that could not be decided."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.app.consortium import tend_files
from bridge.core.runner import CoreRunner
from tests.journeys.indoors import DEADLINE, Indoors, indoors, until


async def uploaded(found: Indoors, words: bytes) -> Path:
    """Return where a file lies that was taken in years ago."""

    async def chunks() -> AsyncIterator[bytes]:
        yield words

    kept = await found.desk.blobs.save(chunks(), "essay.txt", 1000)
    place = await found.desk.blobs.path(kept.digest)
    assert place is not None
    os.utime(place, (1000, 1000))
    return place


async def caught_up(found: Indoors) -> None:
    """Wait until nothing is on its way; the core's own ticks are, now and then."""
    async with asyncio.timeout(DEADLINE):
        while not await found.desk.caught_up():
            await found.quiet()


async def test_what_was_uploaded_and_never_sent_goes(tmp_path: Path) -> None:
    async with indoors(tmp_path) as found:
        await found.hand_in(found.words("pat", "hello"))
        await until(lambda: found.talk("pat"), "the conversation is there")
        await found.quiet()
        place = await uploaded(found, b"never sent")
        tending = asyncio.create_task(tend_files(found.house.desks))
        await until(lambda: not place.exists(), "the file is gone")
        tending.cancel()


async def test_faulted_inputs_go_when_transcripts_of_their_age_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with indoors(tmp_path) as found:
        store = found.desk.store
        await store.ingest([("", b"what somebody wrote")])
        await until(lambda: found.server.admin("XLEN", store.keys.dead), "it is set aside")
        monkeypatch.setattr("bridge.app.consortium.DAY_MS", 0)
        forgetting = asyncio.create_task(found.desk._forget_what_is_due())
        await until(lambda: not found.server.admin("XLEN", store.keys.dead), "it is gone")
        forgetting.cancel()


async def test_nothing_goes_while_the_core_or_the_archive_lags(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.app.consortium.HOUR_MS", -60_000)  # whatever waits has waited too long
    monkeypatch.setattr("bridge.app.consortium.CATCH_UP_S", 0.2)
    async with indoors(tmp_path) as found:
        await caught_up(found)
        core = found.desk.core
        assert isinstance(core, CoreRunner)
        term = await until(lambda: core.term, "a core leads")
        async with term._at_rest:
            await found.hand_in(found.words("pat", "hello"))
            assert not await found.desk.caught_up()
        await until(lambda: found.talk("pat"), "the conversation is there")
        await found.quiet()
        async with found.desk.writer._engine.begin():  # SQLite has one writer
            head = await found.desk.store.head()
            await found.hand_in(found.words("pat", "again"))
            await until(lambda: found.desk.replica.position.seq >= head.seq + 1, "it is decided")
            assert not await found.desk.caught_up()
        await caught_up(found)
