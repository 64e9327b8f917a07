"""Redis dies, freezes, refuses, forgets to answer or to replicate: nothing is acknowledged that is not there afterwards.

Each fault has a short form here and a long one with --long.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from bridge.core.runner import CoreRunner
from bridge.redis.store import Full, Store, StoreUnavailable
from routing.events import TookOver
from tests.bridge.desk import LIBRARY, hand_in, happened, one_by_one, patron_says, steps, texts, until
from tests.faults.wire import LosingWire
from tests.peers.redis import RedisServer, servers

PATIENCE = 3.0


@pytest.fixture(params=servers(), ids=lambda path: path.rsplit("/", 1)[-1])
def server(request: pytest.FixtureRequest) -> Iterator[RedisServer]:
    """A server of this test alone."""
    with RedisServer(request.param, tcp=True) as server:
        yield server


@asynccontextmanager
async def core(url: str, process: str = "p1", *, sole: bool = True) -> AsyncIterator[CoreRunner]:
    """Run a core until the end of the block."""
    store = await Store.open(url, "main", patience=PATIENCE)
    runner = CoreRunner(store, process, sole=sole)
    task = asyncio.create_task(runner.run())
    try:
        yield runner
    finally:
        task.cancel()
        await asyncio.wait([task])
        await store.close()


class Patron:
    """Writes message after message, each again and again until it is acknowledged, as adapters do."""

    def __init__(self, store: Store, name: str) -> None:
        self.name = name
        self.acknowledged = 0
        self.refused = 0
        self._store = store

    async def write(self, many: int) -> None:
        for _ in range(many):
            while True:
                try:
                    await hand_in(self._store, patron_says(self.name, self.acknowledged))
                    break
                except (StoreUnavailable, Full):
                    self.refused += 1
                    await asyncio.sleep(0.01)
            self.acknowledged += 1


async def all_is_there(url: str, patrons: list[Patron]) -> None:
    """Check that the log holds each acknowledged message once and in order, and nothing else."""
    store = await Store.open(url, "main")
    expected = {patron.name: list(range(patron.acknowledged)) for patron in patrons}

    async def settled() -> bool:
        return sum(map(len, one_by_one(await texts(store)).values())) >= sum(map(len, expected.values()))

    await until(settled, "every acknowledged message is in the log")
    assert one_by_one(await texts(store)) == expected
    causes = [step.cause for step in await steps(store)]
    assert len(causes) == len(set(causes))
    await store.close()


async def patrons_of(url: str, many: int) -> tuple[Store, list[Patron]]:
    store = await Store.open(url, "main", patience=PATIENCE)
    await hand_in(store, LIBRARY)
    return store, [Patron(store, f"patron{n}") for n in range(many)]


@pytest.mark.timeout(600)
async def test_kill_9_of_redis_under_load(server: RedisServer, long: bool) -> None:
    store, patrons = await patrons_of(server.url, 8)
    chance = random.Random(7)
    async with core(server.url) as runner:
        writing = [asyncio.create_task(patron.write(2_500 if long else 150)) for patron in patrons]
        for _ in range(50 if long else 4):
            before = sum(patron.acknowledged for patron in patrons)
            wanted = before + chance.randrange(20, 200)

            async def more(wanted: int = wanted) -> bool:
                return sum(patron.acknowledged for patron in patrons) >= wanted or all(task.done() for task in writing)

            await until(more, "patrons write on")
            await asyncio.to_thread(server.kill)
            await asyncio.sleep(chance.random() / 20)
            await asyncio.to_thread(server.start)
        await asyncio.gather(*writing)
        await all_is_there(server.url, patrons)
        assert runner.counts.terms > 1
    assert sum(patron.refused for patron in patrons) > 0
    await store.close()


async def test_a_frozen_redis_is_noticed_and_work_goes_on_when_it_thaws(server: RedisServer) -> None:
    store, patrons = await patrons_of(server.url, 3)
    async with core(server.url):
        await asyncio.gather(*(patron.write(10) for patron in patrons))
        server.freeze()
        with pytest.raises(StoreUnavailable):
            await hand_in(store, patron_says("frozen", 0))
        writing = [asyncio.create_task(patron.write(10)) for patron in patrons]
        server.thaw()
        await asyncio.gather(*writing)
        await hand_in(store, patron_says("frozen", 0))
        frozen = Patron(store, "frozen")
        frozen.acknowledged = 1
        await all_is_there(server.url, [*patrons, frozen])
    await store.close()


@pytest.mark.parametrize("refusal", ["read-only", "no memory", "too few replicas"])
async def test_a_redis_that_refuses_to_write_acknowledges_nothing(server: RedisServer, refusal: str) -> None:
    store, (patron, *_) = await patrons_of(server.url, 1)
    off, on = {
        "read-only": ("REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE"),
        "no memory": ("CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0"),
        "too few replicas": ("CONFIG SET min-replicas-to-write 1", "CONFIG SET min-replicas-to-write 0"),
    }[refusal]
    async with core(server.url) as runner:
        await patron.write(5)
        server.admin(*off.split())
        before = await store.now()
        with pytest.raises((StoreUnavailable, Full)):
            await hand_in(store, patron_says("early", 0))
        writing = asyncio.create_task(patron.write(5))

        async def refused() -> bool:
            return patron.refused > 3

        await until(refused, "the patron is refused")
        assert patron.acknowledged == 5
        server.admin(*on.split())
        await writing
        await all_is_there(server.url, [patron])
        assert runner.leading or refusal != "no memory"
    assert before
    await store.close()


@pytest.mark.timeout(600)
async def test_a_commit_whose_reply_is_lost_is_found_in_the_log(server: RedisServer, long: bool) -> None:
    store, patrons = await patrons_of(server.url, 4)
    async with LosingWire(server.socket, b"commit_") as wire, core(wire.url) as runner:
        for _ in range(40 if long else 5):
            wire.losses = 1
            await asyncio.gather(*(patron.write(5) for patron in patrons))
            await all_is_there(server.url, patrons)

            async def lost() -> bool:
                return wire.losses == 0

            await until(lost, "a reply was lost")
        assert wire.lost == (40 if long else 5)
        assert runner.counts.terms >= wire.lost
    await store.close()


async def test_an_ingest_whose_reply_is_lost_is_not_taken_in_twice(server: RedisServer) -> None:
    async with LosingWire(server.socket, b"ingest_") as wire, core(server.url):
        store, (patron, *_) = await patrons_of(wire.url, 1)
        for _ in range(10):
            wire.losses = 1
            await patron.write(3)
        assert wire.lost == 10
        assert patron.refused == 0  # the store asked again by itself
        wire.losses = 2
        await patron.write(1)
        assert patron.refused == 1
        await all_is_there(server.url, [patron])
        await store.close()


async def test_a_settling_whose_reply_is_lost_settles_once(server: RedisServer) -> None:
    direct = await Store.open(server.url, "main")
    assert await direct.take("core", 3_600_000)
    await direct.commit("core", "e", 1, "0-0", b"", [("sms", b"a"), ("sms", b"b")])
    async with LosingWire(server.socket, b"settle_") as wire:
        store = await Store.open(wire.url, "main")
        wire.losses = 1
        rows = [(entry.id, f"d{entry.id}", b"sent") for entry in await store.pending("sms")]
        assert await store.settle("sms", rows) == [False, False]  # asked twice; the first was the one
        assert wire.lost == 1
        assert await store.pending("sms") == []
        (receipts,) = await direct.read_inputs("0-0", count=10)
        assert receipts.payloads == [b"sent", b"sent"]
        await store.close()
    await direct.close()


@pytest.mark.timeout(600)
async def test_two_cores_that_contend_for_the_lease_decide_everything_once(server: RedisServer, long: bool) -> None:
    store, patrons = await patrons_of(server.url, 4)
    chance = random.Random(11)
    async with core(server.url, "p1", sole=False) as first, core(server.url, "p2", sole=False) as second:
        writing = [asyncio.create_task(patron.write(600 if long else 100)) for patron in patrons]
        for turn in range(30 if long else 4):
            terms = first.counts.terms + second.counts.terms
            await store.take(f"thief {turn}", 100 + chance.randrange(200), force=True)  # whoever leads is fenced

            async def again(terms: int = terms) -> bool:
                return first.counts.terms + second.counts.terms > terms and (first.leading or second.leading)

            await until(again, "one of them leads again")
        await asyncio.gather(*writing)
        await all_is_there(server.url, patrons)
        assert first.counts.terms + second.counts.terms > 2
    assert {event.process for event in await happened(store, TookOver)} <= {"p1", "p2"}
    await store.close()


# ---- replicas


@pytest.fixture
def replica(server: RedisServer) -> Iterator[RedisServer]:
    """A replica that follows `server`."""
    with RedisServer(server.program, tcp=True) as replica:
        replica.replicate(server)
        yield replica


async def test_what_is_acknowledged_is_on_the_replica(server: RedisServer, replica: RedisServer) -> None:
    store = await Store.open(server.url, "main", replicas=1, patience=PATIENCE)
    for n in range(20):
        await hand_in(store, patron_says("a", n))
        assert replica.admin("XLEN", store.keys.inputs) == n + 1
    await store.close()


async def test_without_the_replica_nothing_is_acknowledged_or_shown(server: RedisServer, replica: RedisServer) -> None:
    patient = await Store.open(server.url, "main", replicas=1, patience=20.0)
    assert await hand_in(patient, patron_says("a", 0)) == [True]
    assert await patient.take("core", 3_600_000)
    await patient.commit("core", "e", 1, "0-0", b"steps", [("sms", b"hello")])
    assert await patient.take("drain", 3_600_000, channel="sms")
    await patient.close()
    store = await Store.open(server.url, "main", replicas=1, patience=1.0)
    replica.freeze()
    row = ("1-0", "d", b"sent")
    for refused in (
        hand_in(store, patron_says("a", 1)),
        hand_in(store, patron_says("a", 0)),  # a duplicate is not believed either
        store.read_log(0, count=10),
        store.read_log(0, count=10, block_ms=10),
        store.pending("sms"),
        store.read_fanout("sms", "0-0", count=10),
        store.attempt("sms", "drain", "d", 0),
        store.settle("sms", [row]),
    ):
        with pytest.raises(StoreUnavailable):
            await refused
    replica.thaw()

    async def back() -> bool:
        try:
            return len(await store.read_log(0, count=10)) == 1
        except StoreUnavailable:
            return False

    await until(back, "the replica is back")
    assert await hand_in(store, patron_says("a", 1)) == [False]  # it was there, unacknowledged
    assert await store.pending("sms") == []
    await store.close()


async def test_a_failover_loses_nothing_that_was_acknowledged(server: RedisServer, replica: RedisServer) -> None:
    store = await Store.open(server.url, "main", replicas=1, patience=PATIENCE)
    patrons = [Patron(store, f"patron{n}") for n in range(4)]
    async with core(server.url):
        await asyncio.gather(*(patron.write(50) for patron in patrons))
    server.kill()
    await store.close()
    replica.admin("REPLICAOF", "NO", "ONE")
    after = await Store.open(replica.url, "main", patience=PATIENCE)
    async with core(replica.url, "p2"):
        for patron in patrons:
            await hand_in(after, *(patron_says(patron.name, n) for n in range(patron.acknowledged)))
        await all_is_there(replica.url, patrons)
    await after.close()


async def test_an_answer_is_not_proved_by_another_server(server: RedisServer) -> None:
    store = await Store.open(server.url, "main", patience=PATIENCE)
    await store.barrier()  # without replicas there is nothing to prove
    with RedisServer(server.program, tcp=True) as replica:
        replica.replicate(server)
        proving = await Store.open(server.url, "main", replicas=1, patience=PATIENCE)
        await proving.barrier()
        with pytest.raises(StoreUnavailable, match="replaced"):
            await proving._calls.barrier("another run")
        await proving.close()
    await store.close()
