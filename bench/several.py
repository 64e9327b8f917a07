"""(l) Several consortia on one machine: 1, 2 and 4 cores at work at once, each in a process of its own, over one Redis.

Each core takes a backlog of patrons' messages that is already in `in`: the fastest it ever works. The rate is that of all together,
from the first commit of any to the last of all. The consortia share the Redis and the processors, and nothing else.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path

import uvloop

from bench.figures import QUICK, REPEATS, Sheet, say
from bench.house import library
from bench.recovery import pour, questions
from bench.throughput import server
from bridge.contract.message import ChannelStatus
from bridge.core.process import CoreJob, CoreProcess
from bridge.redis.store import Store

BACKLOG = 5_000 if QUICK else 20_000
CONSORTIA = (1, 2, 4)
LOOK_S = 0.01


async def filled(url: str, name: str) -> Store:
    """Open a consortium with a backlog."""
    store = await Store.open(url, name)
    known = ChannelStatus(channel="web", kind="webchat", queue="north/reference", up=True, live=True)
    await pour(store, [library(1, live=1), known, *questions(0, BACKLOG)])
    return store


async def together(url: str, names: list[str]) -> float:
    """Return the inputs a second that so many cores take together."""
    stores = [await filled(url, name) for name in names]
    cores = [
        CoreProcess(CoreJob(url=url, replicas=0, consortium=name, process="bench", sole=True, fanout=[]))
        for name in names
    ]
    running = [asyncio.create_task(core.run()) for core in cores]
    try:
        while not any([(await store.head()).seq for store in stores]):
            await asyncio.sleep(LOOK_S)
        began = time.perf_counter()
        for store in stores:
            while (await store.pulse()).waits:
                await asyncio.sleep(LOOK_S)
        return len(names) * BACKLOG / (time.perf_counter() - began)
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        for store in stores:
            await store.close()


async def measure(folder: Path) -> Sheet:
    """Measure each number of consortia in turn."""
    sheet, rates = Sheet(), dict[int, list[float]]()
    for turn in range(REPEATS):
        for many in CONSORTIA:
            say(f"turn {turn + 1}: {many} consortia")
            async with AsyncExitStack() as stack:
                url = await stack.enter_async_context(server(folder / f"{turn}-{many}", "always"))
                rates.setdefault(many, []).append(await together(url, [f"c{n}" for n in range(many)]))
    for many, found in rates.items():
        sheet.add(f"several.consortia-{many}", found, "/s", note="all together")
    sheet.add("several.2-to-1", [two / one for one, two in zip(rates[1], rates[2], strict=True)], "x")
    sheet.add("several.4-to-1", [four / one for one, four in zip(rates[1], rates[4], strict=True)], "x")
    return sheet


def main() -> None:
    """Measure, and hand in."""
    with tempfile.TemporaryDirectory(prefix="deskbridge-several-") as folder:
        uvloop.run(measure(Path(folder))).hand_in()


if __name__ == "__main__":
    main()
