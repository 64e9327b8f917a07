"""(a) The whole ring beside redis-benchmark, FastStream and Prosody, turn by turn in one run.

Against redis-benchmark (3,200 commands under way) the ring has as many inputs under way; against FastStream and Prosody all
have 64. Each repetition gives one ratio of what was measured within the same minute.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import uvloop

from bench import peers
from bench.figures import QUICK, REPEATS, Sheet, least, say
from bench.house import LOOP, TEXT, Site, quiet, site, struct_size
from bench.prosody import Pair, prosody
from bench.ring import Load
from bridge.redis.address import server_at
from bridge.redis.connection import RedisConnection
from bridge.redis.embedded import EmbeddedRedis

SECONDS = 1.5 if QUICK else 3.0
TALKS = 1_000
WIDE = 3_200  # 50 clients x 64, as redis-benchmark
NARROW = 64
XADDS = 600_000

Samples = defaultdict[str, list[float]]


@asynccontextmanager
async def server(folder: Path, fsync: str) -> AsyncIterator[str]:
    """Run a private Redis with this fsync mode."""
    redis = EmbeddedRedis(folder / f"redis-{fsync}", fsync=fsync)
    try:
        yield await redis.start()
    finally:
        await redis.stop()


async def house(folder: Path, fsync: str, stack: AsyncExitStack) -> tuple[str, Site]:
    """Open a house over a private Redis with this fsync mode."""
    url = await stack.enter_async_context(server(folder, fsync))
    found = await stack.enter_async_context(site(folder / f"house-{fsync}", url, channels=(LOOP,)))
    await found.open_talks(TALKS, "loop")
    return url, found


async def bare(url: str, size: int) -> float:
    """Return redis-benchmark's XADD a second on a Redis, leaving nothing behind."""
    rate = await asyncio.to_thread(peers.redis_benchmark, url, size, XADDS // 4 if QUICK else XADDS)
    link = await RedisConnection.connect(server_at(url), patience=30, within=10)
    await link.call("UNLINK", "bench:stream")
    link.close()
    return rate


async def archived(found: Site) -> float:
    """Return the seconds until the archive has what the log has."""
    began = time.perf_counter()
    await found.desk.writer.reached(found.desk.replica.position)
    return time.perf_counter() - began


async def beside_redis(samples: Samples, fsync: str, url: str, found: Site, size: int) -> None:
    """One repetition against redis-benchmark."""
    samples[f"xadd {fsync}"].append(await bare(url, size))
    load, used = Load(found, in_flight=WIDE), time.process_time()
    samples[f"ring {fsync}"].append(await load.run(SECONDS))
    samples[f"archive {fsync}"].append(await archived(found))
    samples[f"processor {fsync}"].append((time.process_time() - used) / load.done * 1e6)


async def beside_peers(
    samples: Samples, url: str, found: Site, size: int, relay: Path | None, pair: Pair | None
) -> None:
    """One repetition with 64 under way against FastStream and Prosody."""
    samples["ring 64"].append(await Load(found, in_flight=NARROW).run(SECONDS))
    await archived(found)
    if relay is not None:
        for form in ("one", "batch"):
            async with peers.relaying(relay, url, form, size) as relaying:
                samples[f"faststream {form}"].append(await relaying.rate(SECONDS, NARROW))
    if pair is not None:
        samples["prosody"].append(await pair.rate(SECONDS, NARROW))
        samples["prosody wide"].append(await pair.rate(SECONDS / 2, 8 * NARROW))


async def measure(sheet: Sheet) -> None:
    """Measure and put down."""
    samples: Samples = defaultdict(list)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="deskbridge-bench-", dir="/tmp")))
        always, everysec = [await house(folder, fsync, stack) for fsync in ("always", "everysec")]
        size = struct_size(always[1].message("patron0", "loop"))
        relay, pair = await contenders(folder, stack)
        for turn in range(REPEATS):
            say(f"ring, turn {turn + 1} of {REPEATS}")
            await beside_redis(samples, "always", *always, size)
            await beside_redis(samples, "everysec", *everysec, size)
            await beside_peers(samples, *always, size, relay, pair)
    put_down(sheet, samples)


async def contenders(folder: Path, stack: AsyncExitStack) -> tuple[Path | None, Pair | None]:
    """Return what runs FastStream, and two clients of a Prosody; None for one that cannot be had."""
    relay: Path | None = None
    pair: Pair | None = None
    try:
        relay = await asyncio.to_thread(peers.install)
    except peers.Missing as why:
        say(str(why))
    (folder / "prosody").mkdir()
    try:
        pair = await stack.enter_async_context(prosody(folder / "prosody", TEXT))
    except peers.Missing as why:
        say(str(why))
    return relay, pair


def put_down(sheet: Sheet, samples: Samples) -> None:
    """Turn samples into figures."""

    def ratio(name: str, ours: str, theirs: str, reach: float, goal: float, note: str = "") -> None:
        if samples[theirs]:
            found = [a / b for a, b in zip(samples[ours], samples[theirs], strict=True)]
            sheet.add(name, found, "x", least(reach, goal), note)

    sheet.add("ring_inputs_per_s", samples["ring always"], "1/s", note=f"appendfsync always, {WIDE} under way")
    sheet.add("ring_inputs_per_s_everysec", samples["ring everysec"], "1/s", note=f"{WIDE} under way")
    sheet.add("ring_inputs_per_s_64_in_flight", samples["ring 64"], "1/s", note="appendfsync always")
    sheet.add(
        "ring_processor_us_per_input", samples["processor always"], "us", note="the daemon's threads, archive included"
    )
    sheet.add("archive_behind_s", samples["archive always"], "s", note="after a turn, until SQL has it all")
    for name, unit in (
        ("xadd always", "1/s"), ("xadd everysec", "1/s"), ("faststream one", "1/s"), ("faststream batch", "1/s"),
        ("prosody", "1/s"), ("prosody wide", "1/s"),
    ):  # fmt: skip
        if samples[name]:
            sheet.add(f"peer_{name.replace(' ', '_')}_per_s", samples[name], unit)
    ratio("ring_ratio_to_redis_always", "ring always", "xadd always", 0.10, 0.25)
    ratio("ring_ratio_to_redis_everysec", "ring everysec", "xadd everysec", 0.10, 0.25)
    ratio("ring_ratio_to_faststream", "ring 64", "faststream one", 5, 10, "64 in flight")
    ratio("ring_ratio_to_faststream_batched", "ring 64", "faststream batch", 2, 4, "64 in flight")
    ratio("ring_ratio_to_prosody", "ring 64", "prosody", 2, 4, "64 in flight")
    ratio("ring_ratio_always_to_everysec", "ring always", "ring everysec", 0.6, 0.6)


def main() -> None:
    """Measure in a process of its own."""
    quiet()
    sheet = Sheet()
    uvloop.run(measure(sheet))
    sheet.hand_in()


if __name__ == "__main__":
    main()
