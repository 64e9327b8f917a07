"""The one reader of the log in a process, when the log holds what this release does not know."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from bridge.log.follower import START, Follower, LogReset, Position
from bridge.redis.store import LogEntry, Store
from routing import wire
from routing.events import Step, TookOver


async def test_an_event_of_a_newer_release_is_said_and_not_skipped(store: Store) -> None:
    assert await store.take("core", 600_000)
    known = wire.encode_steps([Step(cause="c", at=1, events=(TookOver(process="p", grace_until=1),))])
    unknown = known.replace(b"took-over", b"of-the-8th")
    unknown = unknown.replace(b"\xa9of-the-8th", b"\xaaof-the-8th")
    follower = Follower(store)
    with capture_logs() as lines:
        reading = asyncio.create_task(follower.run())
        await store.commit("core", "epoch", 1, "1-0", known)
        async with asyncio.timeout(30):
            while follower.last.seq < 1:
                await asyncio.sleep(0.01)
        await store.commit("core", "epoch", 2, "2-0", unknown)
        await store.commit("core", "epoch", 3, "3-0", known)
        async with asyncio.timeout(30):
            while not any(line["event"] == "log-of-a-newer-release" for line in lines):
                await asyncio.sleep(0.01)
        await asyncio.wait([reading], timeout=1.0)
    said = [line for line in lines if line["event"] == "log-of-a-newer-release"]
    assert len(said) <= 10
    assert "of-the-8th" in said[0]["error"]
    assert not reading.done()
    assert follower.last.seq == 1
    reading.cancel()
    await asyncio.wait([reading])


class Halting(Store):
    """The store of a process that is halted now and then, as a virtual machine is while it moves to another host."""

    def __init__(self, url: str, consortium: str, *, replicas: int = 0, patience: float = 10.0) -> None:
        super().__init__(url, consortium, replicas=replicas, patience=patience)
        self.running = asyncio.Event()
        self.running.set()

    async def read_log(self, after_seq: int, *, count: int, block_ms: int = 0) -> list[LogEntry]:
        await self.running.wait()
        return await super().read_log(after_seq, count=count, block_ms=block_ms)


async def test_what_was_trimmed_while_the_process_was_halted_is_missed_by_nobody_unawares(store: Store) -> None:
    assert await store.take("core", 600_000)
    steps = wire.encode_steps([])
    await store.commit("core", "epoch", 1, "1-0", steps)
    halting = await Halting.open(store.url, store.keys.consortium)
    assert isinstance(halting, Halting)
    follower = Follower(halting)
    reading = asyncio.create_task(follower.run())
    async with asyncio.timeout(30):
        await follower.since(START)
        halting.running.clear()
        await store.commit("core", "epoch", 2, "2-0", steps)
        (second,) = await follower.since(Position("epoch", 1))
        for seq in range(3, 7):
            await store.commit("core", "epoch", seq, f"{seq}-0", steps)
        await store.trim_log(5)
        halting.running.set()
        while follower.last.seq < 6:
            await asyncio.sleep(0.01)
    with pytest.raises(LogReset):
        await follower.since(second.position)
    assert [entry.seq for entry in await follower.since(Position("epoch", 5))] == [6]
    reading.cancel()
    await asyncio.wait([reading])
    await halting.close()
