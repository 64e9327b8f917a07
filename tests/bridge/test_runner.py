"""The core's loop over a real server: one leads, everything is decided once, and a new term finds what the last one left."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest
from msgspec.structs import replace

from bridge.contract.message import Presence, Started
from bridge.core import leadership
from bridge.core.clock import SPEED, InputClock
from bridge.core.lease import Lease
from bridge.core.runner import CoreRunner, keep_beating, report
from bridge.log import snapshot
from bridge.log.snapshot import SnapshotMark, Unrecoverable
from bridge.redis.holders import HOST
from bridge.redis.store import LogEntry, Store
from bridge.testing.proxy import Proxy
from routing import core, librarians, wire
from routing.events import Connected, Disconnected, Faulted, Left, LibraryChanged, TookOver
from routing.invariants import invariants
from routing.state import State
from tests.bridge.desk import LIBRARY, hand_in, happened, one_by_one, patron_says, steps, texts, until
from tests.peers.redis import RedisServer


@asynccontextmanager
async def running(store: Store, process: str = "p1", *, sole: bool = True) -> AsyncIterator[CoreRunner]:
    """Run a core as a process of its own would, with its own store, until the end of the block."""
    own = await Store.open(store.url, store.keys.consortium)
    runner = CoreRunner(own, process, sole=sole)
    task = asyncio.create_task(runner.run())
    try:
        yield runner
    finally:
        task.cancel()
        await asyncio.wait([task])
        await own.close()


async def talked(store: Store, many: int) -> list[str]:
    """Wait until the log holds `many` messages of patrons."""

    async def enough() -> list[str]:
        said = await texts(store)
        return said if len(said) >= many else []

    said: list[str] = await until(enough, f"{many} messages in the log")
    return said


async def replayed(store: Store) -> State:
    """Return the state that the whole log gives."""
    state = State.fresh()
    for step in await steps(store):
        core.apply(state, step)
    return state


async def test_what_patrons_write_is_decided_once_and_in_order(store: Store) -> None:
    async with running(store):
        for n in range(20):
            await hand_in(store, *(patron_says(sender, n) for sender in "abc"))
        await hand_in(store, patron_says("a", 3), patron_says("b", 19))
        assert one_by_one(await talked(store, 60)) == {sender: list(range(20)) for sender in "abc"}
    assert invariants(await replayed(store)) == []


async def test_each_term_says_that_it_began_and_has_an_epoch_of_its_own(store: Store) -> None:
    for process in ("p1", "p2"):
        async with running(store, process):
            await took_over(store, process)
    assert [event.process for event in await happened(store, TookOver)] == ["p1", "p2"]
    assert len({entry.epoch for entry in await store.read_log(0, count=100)}) == 2


async def took_over(store: Store, process: str) -> None:
    """Wait until `process` leads."""

    async def leads() -> bool:
        return [event.process for event in await happened(store, TookOver)][-1:] == [process]

    await until(leads, f"{process} leads")


async def test_what_came_while_nobody_led_is_decided_first(store: Store) -> None:
    await hand_in(store, LIBRARY, *(patron_says("early", n) for n in range(5)))
    async with running(store):
        await talked(store, 5)
    first, *_ = await steps(store)
    assert isinstance(first.events[0], LibraryChanged)


async def test_a_term_takes_up_what_the_last_one_left(store: Store) -> None:
    async with running(store):
        await hand_in(store, LIBRARY, *(patron_says(str(n), 1) for n in range(50)))
        await talked(store, 50)
    left = await replayed(store)
    async with running(store, "p2") as runner:
        await took_over(store, "p2")
        assert runner.term is not None
        conversations = runner.term.state.conversations
        assert conversations.keys() == left.conversations.keys()
        await hand_in(store, *(patron_says(str(n), 2) for n in range(50)))
        assert one_by_one(await talked(store, 100)) == {str(n): [1, 2] for n in range(50)}


async def test_an_input_that_is_none_is_put_aside_and_the_rest_goes_on(store: Store, redis_server: RedisServer) -> None:
    told: list[Faulted] = []
    own = await Store.open(store.url, store.keys.consortium)
    task = asyncio.create_task(CoreRunner(own, "p1", sole=True, alert=told.append).run())
    await store.ingest([("", b"rubbish"), ("", wire.encode(patron_says("a", 1))), ("", b"")])
    assert await talked(store, 1) == ["a 1"]
    task.cancel()
    await asyncio.wait([task])
    await own.close()
    assert await happened(store, Faulted) == told
    assert len(told) == 2
    ((_, fields),) = redis_server.admin("XRANGE", store.keys.dead, "-", "+")
    assert b"rubbish" in fields[3]


async def test_time_passes_by_ticks(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(librarians, "GRACE_MS", 100)  # after a take-over nothing falls due for 30 s
    here = Presence(process="web", connection="1", librarian="ada", up=True)
    gone = Presence(process="web", connection="1", librarian="ada", up=False)
    async with running(store):
        await hand_in(store, LIBRARY, here, gone)
        await until(lambda: happened(store, Left), "the grace of one second is over")
    (left,) = [step for step in await steps(store) if any(isinstance(event, Left) for event in step.events)]
    (lost,) = [step for step in await steps(store) if any(isinstance(event, Disconnected) for event in step.events)]
    assert left.at - lost.at >= 1000


async def test_time_passes_although_the_clock_was_set_back(
    store: Store, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(librarians, "GRACE_MS", 100)
    ahead = await store.now() + 3_600_000  # something came while the clock was an hour ahead
    redis_server.admin("XADD", store.keys.inputs, f"{ahead}-0", "b", msgspec.msgpack.encode([wire.encode(LIBRARY)]))
    here = Presence(process="web", connection="1", librarian="ada", up=True)
    async with running(store):
        await hand_in(store, here, replace(here, up=False))
        await until(lambda: happened(store, Left), "the grace of one second is over")
    (left,) = [step for step in await steps(store) if any(isinstance(event, Left) for event in step.events)]
    assert 1000 <= left.at - ahead < 60_000


def test_core_time_is_the_servers_until_that_is_set_back_and_again_when_it_has_caught_up() -> None:
    mine = [0.0]
    clock = InputClock(lambda: mine[0])
    clock.sync(1_000_000)
    mine[0] = 10.0
    assert clock.now() == 1_010_000
    clock.note(1_010_000)
    clock.sync(950_000)
    assert clock.now() == 1_010_000
    mine[0] = 110.0
    assert clock.now() == 1_010_000 + 100_000 * SPEED
    clock.note(1_010_000)
    assert clock.now() == 1_010_000 + 100_000 * SPEED
    mine[0] = 1010.0
    assert clock.now() == 950_000 + 1_000_000


async def test_a_process_that_falls_silent_loses_its_connections(store: Store) -> None:
    async with running(store):
        await took_over(store, "p1")
        await store.beat("web", 3_600_000)
        await hand_in(store, LIBRARY, Presence(process="web", connection="1", librarian="ada", up=True))
        await until(lambda: happened(store, Connected), "the librarian is here")
        await store.beat("web", 1)
        lost = await until(lambda: happened(store, Disconnected), "the process is missed")
        assert [(event.process, event.librarian) for event in lost] == [("web", "ada")]
        assert await store.roll_call() == (set(), set())


async def test_a_daemon_keeps_saying_that_it_lives(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.core.runner.BEAT_S", 0.05)
    beating = asyncio.create_task(keep_beating(store, "p1"))
    async with asyncio.timeout(10):
        while await store.living() != {"p1"}:
            await asyncio.sleep(0.01)
    await store.beat("p1", 1)
    async with asyncio.timeout(10):
        while await store.living() != {"p1"}:
            await asyncio.sleep(0.01)
    beating.cancel()


# ---- snapshots


async def snapped(runner: CoreRunner) -> None:
    assert runner.term is not None
    async with asyncio.timeout(30):
        await runner.term.write_snapshot()


async def test_a_snapshot_is_the_log_folded(store: Store) -> None:
    async with running(store) as runner:
        for round_ in range(4):
            await hand_in(store, LIBRARY, *(patron_says(str(n), round_) for n in range(250)))
            await talked(store, 250)
            await snapped(runner)
            assert await snapshot.verify(store) == []
    whole = await snapshot.load_state(store)
    assert len(whole.state.conversations) == 250


async def test_what_no_snapshot_needs_is_trimmed_but_not_before_the_archive_has_it(store: Store) -> None:
    await store.follow("archive", 1)
    async with running(store) as runner:
        for round_ in range(3):
            await hand_in(store, patron_says("a", round_))
            await talked(store, round_ + 1)
            await snapped(runner)
        first, last = await store.log_range()
        assert first == 1
        await store.follow("archive", last)
        await hand_in(store, patron_says("a", 3))
        await talked(store, 4)
        await snapped(runner)
        older = (await snapshot.load_state(store, before=True)).seq
        assert (await store.log_range())[0] == older
        left = await store.read_inputs("0-0", count=100)
        assert len(left) <= 3
    async with running(store, "p2"):
        await hand_in(store, patron_says("a", 4))
        await until(lambda: last_said(store, "a 4"), "the new term goes on")


async def test_a_desk_where_nothing_happens_keeps_no_older_snapshot_and_no_log(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def alike() -> bool:
        newest, before = await snapshot.load_state(store), await snapshot.load_state(store, before=True)
        return newest.seq == before.seq == (await store.log_range())[0] == (await store.log_range())[1] > 0

    monkeypatch.setattr("bridge.core.leadership.SNAPSHOT_AGE_S", 0.2)
    async with running(store):
        await hand_in(store, *(patron_says("a", n) for n in range(3)))
        await talked(store, 3)
        await until(alike, "all but the newest entry is gone")
    async with running(store, "p2"):
        await hand_in(store, patron_says("a", 4))
        await until(lambda: last_said(store, "a 4"), "the new term goes on")


async def last_said(store: Store, text: str) -> bool:
    return (await texts(store))[-1:] == [text]


@pytest.mark.parametrize("damage", ["flip", "cut", "form", "table"])
async def test_a_damaged_snapshot_is_passed_over_for_the_older(
    store: Store, redis_server: RedisServer, damage: str
) -> None:
    async with running(store) as runner:
        for round_ in range(2):
            await hand_in(store, *(patron_says(str(n), round_) for n in range(5)))
            await talked(store, 5 * (round_ + 1))
            await snapped(runner)
    parts = redis_server.admin("LRANGE", store.keys.snapshot, 0, -1)
    if damage == "flip":
        redis_server.admin("LSET", store.keys.snapshot, 2, parts[2].replace(b"waiting", b"wai\xffing") + b"\0")
    elif damage == "cut":
        redis_server.admin("LTRIM", store.keys.snapshot, 0, -2)
    else:
        other = wire.encode(SnapshotMark(99, "e", 7, "0-0")) if damage == "form" else b"\x92\xa5ghost\x80"
        redis_server.admin("LSET", store.keys.snapshot, 1 if damage == "form" else 2, other)
    async with running(store, "p2"):
        await hand_in(store, *(patron_says(str(n), 2) for n in range(5)))
        assert one_by_one(await talked(store, 15)) == {str(n): [0, 1, 2] for n in range(5)}


async def test_a_hole_in_the_log_is_told_and_nothing_is_decided_over_it(
    store: Store, redis_server: RedisServer
) -> None:
    async with running(store):
        for n in range(3):
            await hand_in(store, patron_says("a", n))
            await talked(store, n + 1)
    redis_server.admin("XDEL", store.keys.log, "2-0")
    head = await store.head()
    with pytest.raises(BaseExceptionGroup) as told:
        await CoreRunner(store, "p2", sole=True).run()
    assert told.group_contains(Unrecoverable, match="nothing between")
    assert await store.head() == head


# ---- who leads


async def test_one_leads_and_the_other_takes_over(store: Store) -> None:
    async with running(store, "p1", sole=False) as first:
        await took_over(store, "p1")
        async with running(store, "p2", sole=False) as second:
            await hand_in(store, patron_says("a", 1))
            await talked(store, 1)
            assert first.leading
            assert not second.leading
            assert first.term is not None
            await store.take("thief", 300, force=True)
            await until(lambda: _terms(first, second, 2), "the lease was lost and taken again")
            await hand_in(store, patron_says("a", 2))
            assert one_by_one(await talked(store, 2)) == {"a": [1, 2]}
            told = (await store.holders())[""]
            assert (told.process in ("p1", "p2"), told.host, told.took_ms > 0) == (True, HOST, True)
    assert not first.leading


async def _terms(first: CoreRunner, second: CoreRunner, many: int) -> bool:
    return first.counts.terms + second.counts.terms >= many and (first.leading != second.leading)


class LongLog(Store):
    """A store whose log takes as long to read as the test wants."""

    def __init__(self, url: str, consortium: str) -> None:
        super().__init__(url, consortium)
        self.read = asyncio.Event()
        self.renewed = 0

    async def read_log(self, after_seq: int, *, count: int, block_ms: int = 0) -> list[LogEntry]:
        """Read it once the test lets go."""
        await self.read.wait()
        return await super().read_log(after_seq, count=count, block_ms=block_ms)

    async def renew(self, token: str, ttl_ms: int, *, channel: str = "") -> None:
        """Renew, and count it."""
        await super().renew(token, ttl_ms, channel=channel)
        self.renewed += 1


async def test_the_lease_is_kept_while_a_long_log_is_read(store: Store) -> None:
    async with running(store):
        await hand_in(store, patron_says("a", 1))
        await talked(store, 1)
    own = LongLog(store.url, store.keys.consortium)
    lease = Lease(own, sole=False, ttl_ms=2000)
    await lease.acquire()
    began = leadership.Leadership(own, lease, "p2", fanout=(), alert=report, counts=leadership.CoreCounts())
    task = asyncio.create_task(began.run())
    try:
        await until(lambda: _so(own.renewed >= 5), "the lease was renewed for longer than it lasts")
        assert not await store.take("other", 1000)
        own.read.set()
        await took_over(store, "p2")
    finally:
        task.cancel()
        await asyncio.wait([task])
        await own.close()


async def _so(true: bool) -> bool:
    return true


async def test_a_clean_stop_hands_over_without_waiting_for_the_lease(store: Store) -> None:
    async with running(store, "p1", sole=False):
        await took_over(store, "p1")
    assert await store.take("next", 1000)


@pytest.fixture
def small_commits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leadership, "INPUTS", 4)
    monkeypatch.setattr(leadership, "READ", 8)


@pytest.mark.usefixtures("small_commits")
async def test_the_log_does_not_depend_on_how_it_was_cut(store: Store) -> None:
    await hand_in(store, Started(process="test"))
    for n in range(40):
        await hand_in(store, *(patron_says(sender, n) for sender in "abc"))
    async with running(store):
        assert one_by_one(await talked(store, 120)) == {sender: list(range(40)) for sender in "abc"}
    assert (await store.head()).seq > 10


async def test_a_lost_reply_to_a_commit_counts_as_a_failed_one(redis_server: RedisServer) -> None:
    with RedisServer(redis_server.program, tcp=True) as server:
        outside = await Store.open(server.url, "lost")
        async with Proxy("127.0.0.1", server.port) as wire_:
            own = await Store.open(f"redis://127.0.0.1:{wire_.port}", "lost", patience=1.0)
            runner = CoreRunner(own, "p1", sole=True)
            task = asyncio.create_task(runner.run())
            for n in range(5):
                await hand_in(outside, *(patron_says(sender, 2 * n) for sender in "ab"))
                await talked(outside, 4 * n + 2)
                wire_.lose("down")  # the core hears nothing any more: neither inputs nor replies
                await hand_in(outside, *(patron_says(sender, 2 * n + 1) for sender in "ab"))
                await asyncio.sleep(0)
                await wire_.heal()
                await talked(outside, 4 * n + 4)
            task.cancel()
            await asyncio.wait([task])
            await own.close()
        assert one_by_one(await texts(outside)) == {sender: list(range(10)) for sender in "ab"}
        assert runner.counts.terms > 1
        await outside.close()
