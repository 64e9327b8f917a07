"""How fast the store turns the ring: ingest, read, commit, drain and settle, beside redis-benchmark on the same server.

    python -m tests.load.ring_store [--seconds 3] [--fsync always] [--batch 64] [--producers 8]

The core's part is left out (steps are the payloads joined), so this is what Redis and the store cost. Counted is what was
settled, receipts not. redis-benchmark's XADD runs before and after, -P 64 -c 50, with a value of the same size.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import tempfile
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import uvloop

from bridge.embedded import EmbeddedRedis
from bridge.message import derive
from bridge.store import Store

PAYLOAD = b"x" * 200


async def produce(store: Store, who: int, batch: int) -> None:
    n = 0
    while True:
        await store.ingest([(derive(str(who), str(n + i)), PAYLOAD) for i in range(batch)])
        n += batch


async def core(store: Store, batch: int) -> None:
    await store.take("core", 3_600_000, force=True)
    cursor, seq = "0-0", 0
    committing: asyncio.Task[None] | None = None
    while True:
        entries = await store.read_inputs(cursor, count=16, block_ms=1000)
        if not entries:
            continue
        inputs = [payload for entry in entries for payload in entry.payloads]
        deliveries = [("web", payload) for payload in inputs if payload != RECEIPT]
        steps = b"".join(inputs)
        if committing is not None:
            await committing
        cursor, seq = entries[-1].id, seq + 1
        committing = asyncio.create_task(store.commit("core", "epoch", seq, cursor, steps, deliveries))


RECEIPT = b"r" * 60


async def drain(store: Store, settled: list[int]) -> None:
    while True:
        entries = await store.read_out("web", count=16, block_ms=1000)
        if entries:
            ends = [(entry.id, entry.id, RECEIPT, f"receipt:{entry.id}") for entry in entries]
            settled[0] += sum(await store.settle("web", ends))


async def turn(url: str, seconds: float, batch: int, producers: int) -> float:
    settled = [0]
    stores = [await Store.open(url, "bench") for _ in range(3)]
    loops: list[Coroutine[Any, Any, None]] = [produce(stores[0], who, batch) for who in range(producers)]
    loops += [core(stores[1], batch), drain(stores[2], settled)]
    tasks = [asyncio.create_task(loop) for loop in loops]
    began, cpu = time.perf_counter(), time.process_time()
    done, _ = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
    took, used = time.perf_counter() - began, time.process_time() - cpu
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    others = asyncio.all_tasks() - {asyncio.current_task()}  # the commit that was under way
    await asyncio.wait(others, timeout=5) if others else None
    for task in done:
        task.result()
    for store in stores:
        await store.close()
    print(f"    client CPU {used / took:.0%}, {used / max(settled[0], 1) * 1e6:.1f} us a delivery")
    return settled[0] / took


def redis_benchmark(socket: str, count: int = 300_000) -> float:
    command = ["redis-benchmark", "-s", socket, "-P", "64", "-c", "50", "-n", str(count), "--csv"]
    command += ["XADD", "bench:stream", "*", "b", "x" * len(PAYLOAD)]
    line = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout.splitlines()[-1]
    return float(line.rsplit('","', 7)[1].strip('"') if line.count('","') >= 7 else line.split(",")[-1].strip('"'))


async def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--seconds", type=float, default=3.0)
    arguments.add_argument("--fsync", default="always")
    arguments.add_argument("--batch", type=int, default=64)
    arguments.add_argument("--producers", type=int, default=8)
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        redis = EmbeddedRedis(Path(folder), fsync=chosen.fsync)
        url = await redis.start()
        socket = url.removeprefix("unix://")
        try:
            before = await asyncio.to_thread(redis_benchmark, socket)
            ours = await turn(url, chosen.seconds, chosen.batch, chosen.producers)
            after = await asyncio.to_thread(redis_benchmark, socket)
        finally:
            await redis.stop()
    bare = (before + after) / 2
    print(f"ring {ours:,.0f}/s, redis-benchmark XADD {before:,.0f} and {after:,.0f}/s, ratio {ours / bare:.2f}")


if __name__ == "__main__":
    uvloop.run(main())
