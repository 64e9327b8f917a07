"""What a web process holds of the desk, and what it does when there is nothing to build it from."""

from __future__ import annotations

import asyncio

from structlog.testing import capture_logs

from bridge.log import snapshot
from bridge.log.follower import Follower
from bridge.log.replica import Replica
from bridge.log.snapshot import FORM, SnapshotMark
from bridge.redis.store import Store
from routing import wire
from routing.state import State


async def test_a_replica_that_can_read_no_snapshot_waits_for_one(store: Store) -> None:
    assert await store.take("core", 600_000)
    for seq in range(1, 6):
        await store.commit("core", "epoch", seq, f"{seq}-0", wire.encode_steps([]))
    for _ in range(2):
        await store.write_snapshot("core", 5, [b"as another release writes it"])
    await store.trim_log(5)
    follower = Follower(store)
    replica = Replica(store, follower)
    tasks = [asyncio.create_task(follower.run()), asyncio.create_task(replica.run())]
    with capture_logs() as lines:
        await asyncio.wait(tasks, timeout=1.0)
    resets = [line for line in lines if line["event"] == "replica-reset"]
    assert 1 <= len(resets) <= 30
    assert not replica.ready.is_set()
    tables = await snapshot.copied(State.fresh())
    await store.write_snapshot("core", 5, snapshot.parts(tables, SnapshotMark(FORM, "epoch", 5, "5-0")))
    await asyncio.wait_for(replica.ready.wait(), 30)
    assert replica.position.seq == 5
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


async def test_a_replica_is_ready_when_it_has_come_to_the_head_of_the_log(store: Store) -> None:
    assert await store.take("core", 600_000)
    for seq in range(1, 6):
        await store.commit("core", "epoch", seq, f"{seq}-0", wire.encode_steps([]))
    follower = Follower(store)
    replica = Replica(store, follower)
    seen: list[int] = []
    replica.on_reset.append(lambda: seen.append(replica.position.seq))
    following = asyncio.create_task(replica.run())
    await asyncio.wait([following], timeout=0.2)
    reading = asyncio.create_task(follower.run())  # begins later than the replica asks
    await asyncio.wait_for(replica.ready.wait(), 30)
    assert seen == [5]
    for task in (following, reading):
        task.cancel()
    await asyncio.wait([following, reading])
