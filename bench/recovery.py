"""(e) A core with 100,000 open conversations: writing a snapshot, starting again from it, replaying the log behind it.

Every input goes through the real streams. The live rate is what the core takes of a backlog that is already in `in`, the
fastest it ever works (reading, deciding, committing); replay folds the same steps from the log. A stall is the longest time
that the event loop's thread computed without turning, by its own processor clock: what other processes take does not count.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import structlog
import uvloop

from bench.figures import QUICK, REPEATS, Sheet, least, most, say
from bench.house import ANSWER, TEXT, library, until
from bench.throughput import server
from bridge.contract.message import Action, ChannelStatus, Claim, Message, Say, message_id
from bridge.core.runner import CoreRunner
from bridge.log import snapshot
from bridge.redis.store import Store
from bridge.runtime.garbage import tidy_little
from routing.events import Input
from routing.wire import encode, source_key

OPEN = 20_000 if QUICK else 100_000
TAIL = 20_000  # inputs behind the snapshot
BATCH = 256


async def longest_turn(awaited: Awaitable[object]) -> float:
    """Return the ms of the longest turn of the loop while something is done. The loop is kept turning, which slows it down."""
    longest, doing = 0.0, asyncio.ensure_future(awaited)
    last = time.thread_time()
    while not doing.done():
        await asyncio.sleep(0)
        now = time.thread_time()
        longest, last = max(longest, now - last), now
    await doing
    return longest * 1000


async def timed(awaited: Awaitable[object]) -> float:
    """Return the seconds that something takes."""
    began = time.perf_counter()
    await awaited
    return time.perf_counter() - began


async def pour(store: Store, inputs: list[Input]) -> None:
    """Put inputs into `in`, in batches as the inlet makes them."""
    for start in range(0, len(inputs), BATCH):
        await store.ingest([(source_key(one), encode(one)) for one in inputs[start : start + BATCH]])


def questions(first: int, count: int) -> list[Input]:
    """Return first messages of new patrons."""
    return [
        Message(id=message_id("web", f"p{n}", "1"), channel="web", sender=f"p{n}", source="1", text=TEXT)
        for n in range(first, first + count)
    ]


@asynccontextmanager
async def core(store: Store) -> AsyncIterator[CoreRunner]:
    """Run the core until the end of the context."""
    runner = CoreRunner(store, "bench", sole=True)
    running = asyncio.create_task(runner.run())
    try:
        yield runner
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def caught_up(store: Store, runner: CoreRunner) -> None:
    """Wait until the core has committed everything in `in`."""
    last = _order((await store._command("XINFO", "STREAM", store.keys.inputs))[7].decode())
    while _order((await store.head()).last_input) < last:
        await asyncio.sleep(0.005)


def _order(entry: str) -> tuple[int, ...]:
    return tuple(map(int, entry.split("-")))


async def started(runner: CoreRunner) -> None:
    """Wait until a term decides: everything is loaded and replayed."""
    while runner.term is None or not runner.term._committed:
        await asyncio.sleep(0.001)


async def furnish(store: Store) -> None:
    """Open the desk and its conversations."""
    await pour(store, [library(200, live=100_000)])
    await pour(store, [ChannelStatus(channel="web", kind="webchat", queue="north/ask", up=True, live=True)])
    await pour(store, questions(0, OPEN))


def traffic(turn: int, conversations: list[str]) -> list[Input]:
    """Return half messages, half answers of a hot set."""
    found: list[Input] = []
    for n in range(TAIL // 2):
        who, source = n % len(conversations), f"{turn}-{n}"
        id = message_id("web", f"p{who}", source)
        found.append(Message(id=id, channel="web", sender=f"p{who}", source=source, text=TEXT))
        deed = Say(conversation=conversations[who], text=ANSWER)
        found.append(Action(id=f"say-{source}", by=f"lib{who % 200}", deed=deed))
    return found


async def claim(store: Store, runner: CoreRunner) -> list[str]:
    """Let librarians claim the hot set; return its conversations, in the patrons' order."""
    assert runner.term is not None
    state = runner.term._at.state
    talks = [state.addresses[f"web|p{n}"] for n in range(1_000)]
    deeds = [Action(id=f"claim-{n}", by=f"lib{n % 200}", deed=Claim(conversation=t)) for n, t in enumerate(talks)]
    await pour(store, list(deeds))
    await until(lambda: all(state.conversations[talk].owner for talk in talks))
    return talks


async def turn_of(store: Store, number: int, talks: list[str], found: dict[str, list[float]]) -> None:
    """One repetition: snapshot, start again from it, live, replay."""

    def put(name: str, value: float) -> None:
        found.setdefault(name, []).append(value)

    async with core(store) as runner:
        await started(runner)
        await caught_up(store, runner)
        assert runner.term is not None
        put("snapshot", await timed(runner.term.write_snapshot()))
        put("stall", await longest_turn(runner.term.write_snapshot()))
    async with core(store) as runner:
        put("recovery", await timed(started(runner)))
    async with core(store) as runner:
        put("load stall", await longest_turn(started(runner)))
    inputs = traffic(number, talks)
    await pour(store, inputs)
    async with core(store) as runner:
        await started(runner)
        live = await timed(caught_up(store, runner))
        put("live", len(inputs) / live)
    loaded = await snapshot.load_state(store)
    head = await store.head()
    put("replay", len(inputs) / await timed(snapshot.replay(store, loaded, head.seq)))
    put("ratio", found["replay"][-1] / found["live"][-1])


async def measure(sheet: Sheet) -> None:
    """Measure and put down."""
    found: dict[str, list[float]] = {}
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="deskbridge-bench-", dir="/tmp")))
        url = await stack.enter_async_context(server(folder, "always"))
        store = await Store.open(url, "main")
        stack.push_async_callback(store.close)
        say(f"opening {OPEN:,} conversations")
        await furnish(store)
        async with core(store) as runner:
            await started(runner)
            await caught_up(store, runner)
            talks = await claim(store, runner)
        for turn in range(REPEATS):
            say(f"recovery, turn {turn + 1} of {REPEATS}")
            await turn_of(store, turn, talks, found)
    size = f"{OPEN // 1000}k"
    sheet.add(f"recovery_s_{size}", found["recovery"], "s", most(1), f"{OPEN:,} open, from the newest snapshot")
    sheet.add(f"snapshot_s_{size}", found["snapshot"], "s", most(1))
    sheet.add("snapshot_stall_ms", found["stall"], "ms", most(10), "longest turn of the loop, processor time")
    sheet.add("recovery_stall_ms", found["load stall"], "ms", most(10), "while starting")
    sheet.add("core_inputs_per_s", found["live"], "1/s", None, "the core alone, from a backlog")
    sheet.add("replay_inputs_per_s", found["replay"], "1/s")
    sheet.add("replay_ratio_to_live", found["ratio"], "x", least(3))


def main() -> None:
    """Measure in a process of its own."""
    tidy_little()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    sheet = Sheet()
    uvloop.run(measure(sheet))
    sheet.hand_in()


if __name__ == "__main__":
    main()
