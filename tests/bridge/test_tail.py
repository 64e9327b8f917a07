"""The tail: the newest steps by conversation, held by pages that are forgotten whole."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bridge.contract.message import Message, message_id
from bridge.log import tail as tails
from bridge.log.follower import START, Follower, Position
from bridge.log.tail import Tail
from bridge.redis.store import Store
from routing import events as ev
from routing.wire import encode_steps

EPOCH = "e1"


class Desk:
    """A log written to as the core would, its tail, and how far an archive says it is."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.seq = 0
        self.reached = START
        loaded = asyncio.Event()
        loaded.set()
        self.follower = Follower(store)
        self.tail = Tail(self.follower, lambda: self.reached, loaded)

    async def write(self, talk: str, text: str) -> str:
        """Commit one message and wait until the tail has it; return its id."""
        self.seq += 1
        id = message_id("web", talk, text)
        message = Message(id=id, channel="web", sender=talk, source=text, text=text)
        opened = ev.Opened(conversation=talk, library="n", queue="n/q", channel="web", address=talk, live=True)
        step = ev.Step(cause=id, at=self.seq, events=(opened, ev.Received(conversation=talk, message=message)))
        await self.store.commit("token", EPOCH, self.seq, f"{self.seq}-0", encode_steps([step]), [])
        async with asyncio.timeout(30):
            while self.tail.position.seq < self.seq:
                await asyncio.sleep(0)
        return id

    async def texts(self, talk: str, after: int) -> list[str]:
        """Return what the tail tells of a conversation after an entry."""
        steps = await self.tail.steps(talk, Position(EPOCH, after) if after else START)
        return [e.message.text for _, step in steps for e in step.events if isinstance(e, ev.Received)]


@asynccontextmanager
async def followed(store: Store) -> AsyncIterator[Desk]:
    await store.take("token", 60_000)
    desk = Desk(store)
    tasks = [asyncio.create_task(part) for part in (desk.follower.run(), desk.tail.run())]
    try:
        yield desk
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def test_a_step_with_two_events_of_a_conversation_is_told_once(store: Store) -> None:
    async with followed(store) as desk:
        id = await desk.write("t1", "first")
        assert await desk.texts("t1", 0) == ["first"]
        assert desk.tail.find(["", "unknown", id]) == "t1"
        assert desk.tail.newest("web", "t1") == "t1"


async def test_what_lies_over_several_pages_is_told_in_order(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tails, "PAGE_STEPS", 2)
    async with followed(store) as desk:
        ids = [await desk.write(f"t{n % 2}", f"text {n}") for n in range(10)]
        for after in range(11):
            assert await desk.texts("t1", after) == [f"text {n}" for n in range(after, 10) if n % 2]
        assert [desk.tail.find([id]) for id in ids] == [f"t{n % 2}" for n in range(10)]


async def test_a_page_goes_as_soon_as_the_archive_has_all_of_it(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tails, "PAGE_STEPS", 3)
    async with followed(store) as desk:
        ids = [await desk.write("t1", f"text {n}") for n in range(6)]
        desk.reached = Position(EPOCH, 4)
        last = await desk.write("t1", "text 6")
        assert desk.tail.since.seq == 3
        assert desk.tail.find(ids[:3]) == ""
        assert desk.tail.find([ids[4]]) == "t1"
        assert await desk.texts("t1", 4) == ["text 4", "text 5", "text 6"]
        desk.reached = Position(EPOCH, 7)
        await desk.write("t2", "text 7")
        assert desk.tail.since.seq == 6
        assert desk.tail.find([last]) == "t1"
        assert desk.tail.newest("web", "t2") == "t2"


async def test_what_was_too_much_to_hold_is_read_from_the_log(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tails, "PAGE_STEPS", 2)
    monkeypatch.setattr(tails, "TAIL_STEPS", 5)
    async with followed(store) as desk:
        for n in range(12):
            await desk.write(f"t{n % 3}", f"text {n}")
        assert desk.tail.since.seq > 0
        for after in range(12):
            assert await desk.texts("t0", after) == [f"text {n}" for n in range(after, 12) if not n % 3]
