"""The one reader of the log in a process, when the log holds what this release does not know."""

from __future__ import annotations

import asyncio

from structlog.testing import capture_logs

from bridge.follower import Follower
from bridge.store import Store
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
