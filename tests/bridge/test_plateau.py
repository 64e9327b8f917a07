"""Closed conversations leave nothing behind. Thousands come and go through the store, the core and a replica. Afterwards every
table, stream and hash is as long as it was after the first hundreds.

Counts, not megabytes: what is counted cannot hide a leak behind an allocator, nor fail on another machine.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from msgspec.structs import replace

from bridge.contract.message import Action, Claim, Close, Message, Receipt, Say, message_id
from bridge.core.runner import CoreRunner
from bridge.log.follower import Follower
from bridge.log.replica import Replica
from bridge.redis.store import Store
from routing import wire
from routing.organisation import Timers
from routing.state import State
from tests.bridge.desk import LIBRARY, hand_in, until
from tests.peers.redis import RedisServer

ROUND = 600
ROUNDS = 5
AT_ONCE = 200
DELIVERIES = 1_800
KEPT = {"seen:0", "seen:1"}  # source keys: for one to two weeks, by design


@asynccontextmanager
async def desk(store: Store) -> AsyncIterator[tuple[CoreRunner, Replica]]:
    """Run a core, and a replica as a web process has it."""
    runner, follower = CoreRunner(store, "p1", sole=True), Follower(store)
    replica = Replica(store, follower)
    tasks = [asyncio.create_task(run()) for run in (runner.run, follower.run, replica.run)]
    try:
        yield runner, replica
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


def deed(sender: str, n: int, deed: Any) -> Action:
    """Return what Ada does for a patron."""
    return Action(id=f"{sender}-{n}", by="ada", deed=deed)


async def come_and_go(store: Store, replica: Replica, round_: int) -> None:
    """Let a round of patrons ask, be answered and closed, each answer taken by its channel."""
    for start in range(0, ROUND, AT_ONCE):
        senders = [f"r{round_}p{n}" for n in range(start, start + AT_ONCE)]
        asked = [
            Message(id=message_id("web", name, "1"), channel="web", sender=name, source="1", text="?")
            for name in senders
        ]
        await hand_in(store, *asked)

        async def open_(senders: list[str] = senders) -> Any:
            return [
                replica.state.addresses[f"web|{name}"] for name in senders if f"web|{name}" in replica.state.addresses
            ]

        async def all_open(senders: list[str] = senders) -> Any:
            return len(await open_(senders)) == len(senders)

        await until(all_open, "they are open")
        deeds: list[Any] = []
        for name, talk in zip(senders, await open_(), strict=True):
            doing: list[Any] = [Claim(conversation=talk), Say(conversation=talk, text="so"), Close(conversation=talk)]
            deeds += [deed(name, n, each) for n, each in enumerate(doing)]
        await hand_in(store, *deeds)
        await settle_all(store)


async def settle_all(store: Store) -> None:
    """Take all deliveries of the out stream, as a channel does, and report them delivered."""
    rows = []
    for entry in await store.pending("web"):
        receipt = Receipt(delivery=wire.decode_delivery(entry.payload).id, stage="delivered")
        rows.append((entry.id, receipt.delivery, wire.encode(receipt)))
    if rows:
        await store.settle("web", rows)


def tables(state: State) -> dict[str, int]:
    """How long each table of the state is."""
    return {name: len(table) for name, table in state.tables().items()}


async def test_nothing_grows_with_what_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("routing.librarians.GRACE_MS", 100)  # of a core that takes over
    monkeypatch.setattr("routing.state.DELIVERIES_KEPT", DELIVERIES)  # kept for receipts that come late, up to a number
    library = replace(LIBRARY, timers=Timers(reopen_live_s=1, reopen_slow_s=1, remind_s=0, mark_s=0))
    with RedisServer() as server:
        store = await Store.open(server.url, "plateau")
        async with desk(store) as (runner, replica):
            await hand_in(store, library)
            heights: list[dict[str, int]] = []
            streams: list[dict[str, int]] = []
            for round_ in range(ROUNDS):
                await come_and_go(store, replica, round_)

                async def gone() -> bool:
                    await settle_all(store)
                    return not replica.state.conversations

                await until(gone, "what is over is forgotten")
                for _ in range(2):
                    assert runner.term is not None
                    await runner.term.write_snapshot()
                heights.append(tables(replica.state))
                streams.append(lengths(server, store))
            assert runner.counts.inputs > 4 * ROUND * ROUNDS
            assert runner.counts.faults == 0
        await store.close()
    assert max(each.pop("deliveries") for each in heights) <= DELIVERIES + 1
    assert heights[-1] == heights[1], "no table of the state"
    for name in streams[-1]:
        assert streams[-1][name] <= streams[1][name] + AT_ONCE, (
            f"nor {name} in Redis: {[each[name] for each in streams]}"
        )


def lengths(server: RedisServer, store: Store) -> dict[str, int]:
    """How long everything of a consortium in Redis is."""
    count = {b"stream": "XLEN", b"hash": "HLEN", b"set": "SCARD", b"zset": "ZCARD", b"string": "STRLEN"}
    prefix = store.keys.prefix
    found = {
        key.decode().removeprefix(prefix): key for key in server.admin("KEYS", "*") if key.decode().startswith(prefix)
    }
    return {
        name: server.admin(count[server.admin("TYPE", key)], key) if server.admin("TYPE", key) in count else 1
        for name, key in found.items()
        if name not in KEPT
    }
