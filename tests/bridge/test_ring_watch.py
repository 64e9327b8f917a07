"""Whoever runs the core, and wherever: its silence, its standstill and a follower that lags are noticed, and so is the way back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from bridge.log.ring_watch import RingWatch
from bridge.log.store_watch import StoreWatch
from bridge.redis.store import Store
from routing import wire
from routing.events import Step, TookOver

STEPS = wire.encode_steps([Step(cause="c", at=1, events=(TookOver(process="p", grace_until=1),))])
TTL_MS = 600
DEADLINE_S = 30.0


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Notice within a fraction of a second what takes seconds at a desk."""
    for name, seconds in (("LOOK_S", 0.02), ("SILENT_S", 0.4), ("BEHIND_S", 0.2), ("AGAIN_S", 0.1)):
        monkeypatch.setattr(f"bridge.log.ring_watch.{name}", seconds)


@asynccontextmanager
async def watching(
    store: Store, followers: dict[str, Callable[[], int]], trouble: Callable[[], str] = lambda: ""
) -> AsyncIterator[RingWatch]:
    watch = RingWatch(store, StoreWatch(store), TTL_MS, followers, trouble)
    running = asyncio.create_task(watch.run())
    yield watch
    running.cancel()
    await asyncio.wait([running])


async def until(watch: RingWatch, true: Callable[[RingWatch], bool]) -> None:
    changed = asyncio.Event()
    watch.on_change.append(changed.set)
    async with asyncio.timeout(DEADLINE_S):
        while not true(watch):
            changed.clear()
            await changed.wait()


async def leading(store: Store) -> None:
    """Hold the core's lease as a process on another host does."""
    assert await store.take("there", TTL_MS)
    while True:
        await asyncio.sleep(TTL_MS / 6000)
        await store.renew("there", TTL_MS)


async def test_a_core_elsewhere_that_dies_or_stands_still_is_noticed_and_its_return(store: Store) -> None:
    async with watching(store, {}) as watch:
        await until(watch, lambda watch: "any host" in watch.troubles.get("core", ""))
        there = asyncio.create_task(leading(store))
        await until(watch, lambda watch: not watch.troubles)
        await store.ingest([("", b"a question")])
        await until(watch, lambda watch: "decides nothing" in watch.troubles.get("core", ""))
        (entry,) = await store.read_inputs("0-0", count=1)
        await store.commit("there", "epoch", 1, entry.id, STEPS)
        await until(watch, lambda watch: not watch.troubles)
        watch.core_ended()
        assert "ended" in watch.troubles["core"]
        await until(watch, lambda watch: not watch.troubles)
        there.cancel()
        await asyncio.wait([there])
        await until(watch, lambda watch: "core" in watch.troubles)


async def test_followers_that_lag_are_told_apart_and_so_is_an_archive_that_cannot_write(store: Store) -> None:
    at, why = {"replica": 0, "archive": 0}, [""]
    followers = {"replica": lambda: at["replica"], "archive": lambda: at["archive"]}
    async with watching(store, followers, lambda: why[0]) as watch:
        there = asyncio.create_task(leading(store))
        await store.take("there", TTL_MS, force=True)
        await store.commit("there", "epoch", 1, "1-0", STEPS)
        await until(watch, lambda watch: {"log", "transcripts"} <= watch.troubles.keys())
        at["replica"] = 1
        await until(watch, lambda watch: watch.troubles.keys() == {"transcripts"})
        at["archive"], why[0] = 1, "cannot be written (the disk is full)"
        await until(watch, lambda watch: "full" in watch.troubles.get("transcripts", ""))
        why[0] = ""
        await until(watch, lambda watch: not watch.troubles)
        watch.archive_found("does not answer")
        assert watch.troubles == {"transcripts": "does not answer"}
        there.cancel()
        await asyncio.wait([there])
