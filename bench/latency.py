"""(b) From a patron's socket to a librarian's: how long a message takes while the ring does 10 % and 50 % of what it can.

Half of the load is patrons writing through their own sockets (each of these messages is timed), half librarians' answers. A
librarian's live socket sees every row. The people are in a process of their own; both clocks are the machine's. Beside it
stands FastStream's round trip on the same Redis with one message under way.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import uvloop
from yarl import URL

from bench import peers
from bench.figures import QUICK, REPEATS, Sheet, most, say
from bench.house import ANSWER, LOOP, WEB, Site, Talk, quiet, site, until
from bench.ring import Load
from bench.throughput import server
from bridge.contract.message import Claim, Say

PATRONS = 1_000
SECONDS = 3.0 if QUICK else 4.0
LIVE = "/channels/web/live"


class Outside:
    """The process with the people, see patrons.py."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def do(self, do: str, **more: Any) -> dict[str, Any]:
        """Tell it to do something and wait for its answer."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"do": do, **more}).encode() + b"\n")
        async with asyncio.timeout(180):
            line = await self.process.stdout.readline()
        found: dict[str, Any] = json.loads(line)
        return found


@asynccontextmanager
async def outside() -> AsyncIterator[Outside]:
    """Start the people's process."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.patrons", cwd=peers.ROOT, limit=1 << 26,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    try:
        yield Outside(process)
    finally:
        await peers.ended(process)


async def claim_all(found: Site, channel: str) -> list[Talk]:
    """Let librarians claim every conversation of a channel."""
    state = found.desk.replica.state
    talks = [
        Talk(it.address, it.id, f"lib{n % found.staff}")
        for n, it in enumerate(one for one in state.conversations.values() if one.channel == channel)
    ]
    claims = [found.action(talk.librarian, Claim(conversation=talk.conversation)) for talk in talks]
    for start in range(0, len(claims), 200):
        await found.desk.gathering.ingest(claims[start : start + 200])
    await until(lambda: all(found.desk.replica.state.conversations[talk.conversation].owner for talk in talks))
    return talks


async def answering(found: Site, talks: list[Talk], rate: float) -> None:
    """Answer at a rate until cancelled."""
    began, count = time.perf_counter(), 0
    while True:
        due = int((time.perf_counter() - began) * rate) - count
        if due > 0:
            chosen = [talks[(count + n) * 7 % len(talks)] for n in range(due)]
            deeds = [found.action(t.librarian, Say(conversation=t.conversation, text=ANSWER)) for t in chosen]
            await asyncio.gather(*(found.desk.gathering.ingest_action(deed) for deed in deeds))
            count += due
        await asyncio.sleep(0.002)


async def at_rate(found: Site, people: Outside, talks: list[Talk], rate: float) -> tuple[list[float], float]:
    """Return the ms of each message while the ring does `rate` inputs a second, and the share that was seen."""
    task = asyncio.create_task(answering(found, talks, rate / 2))
    try:
        took = await people.do("write", rate=rate / 2, seconds=SECONDS)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    return sorted(took["took"]), len(took["took"]) / max(1, took["sent"])


async def measure(sheet: Sheet) -> None:
    """Measure and put down."""
    found: dict[str, list[float]] = {}
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="deskbridge-bench-", dir="/tmp")))
        url = await stack.enter_async_context(server(folder, "always"))
        here = await stack.enter_async_context(site(folder / "house", url, channels=(WEB, LOOP)))
        people = await stack.enter_async_context(outside())
        port = URL(here.house.url).port
        await people.do("open", port=port, count=PATRONS, ask=True, path=LIVE)
        talks = await claim_all(here, "web")
        token = await session(here, "lib0")
        await people.do("watch", port=port, cookie=token)
        await here.open_talks(500, "loop")
        try:
            relay: Path | None = await asyncio.to_thread(peers.install)
        except peers.Missing as why:
            say(str(why))
            relay = None
        for turn in range(REPEATS):
            say(f"latency, turn {turn + 1} of {REPEATS}")
            await _turn(here, people, talks, url, relay, found)
    _put_down(sheet, found)


async def session(here: Site, name: str) -> str:
    """Return the token of a new session of a librarian, whose account is made for it."""
    accounts = here.house.archive.accounts
    await accounts.add(name, name, "north")
    token, _ = await accounts.open_session(name)
    return str(token)


async def _turn(
    here: Site, people: Outside, talks: list[Talk], url: str, relay: Path | None, found: dict[str, list[float]]
) -> None:
    whole = await Load(here, in_flight=3_200).run(1.5)
    await here.desk.writer.reached(here.desk.replica.position)
    for share in (10, 50):
        took, seen = await at_rate(here, people, talks, whole * share / 100)
        if not took:
            raise RuntimeError("the librarian's socket saw nothing")
        found.setdefault(f"p50_at_{share}pct", []).append(statistics.median(took))
        found.setdefault(f"p99_at_{share}pct", []).append(took[int(len(took) * 0.99)])
        found.setdefault(f"seen_at_{share}pct", []).append(seen)
        await here.desk.writer.reached(here.desk.replica.position)
    if relay is not None:
        async with peers.relaying(relay, url, "one", 200) as relaying:
            await relaying.round_trips(50)
            trips = sorted(await relaying.round_trips(200 if QUICK else 500))
            found.setdefault("peer_p50", []).append(statistics.median(trips) * 1000)
            found.setdefault("peer_p99", []).append(trips[int(len(trips) * 0.99)] * 1000)


def _put_down(sheet: Sheet, found: dict[str, list[float]]) -> None:
    goal = statistics.median(found["peer_p50"]) / 2 if "peer_p50" in found else None
    for share in (10, 50):
        limit = most(goal * 2, goal) if goal and share == 10 else None
        sheet.add(f"chat_latency_ms_p50_at_{share}pct", found[f"p50_at_{share}pct"], "ms", limit)
        sheet.add(f"chat_latency_ms_p99_at_{share}pct", found[f"p99_at_{share}pct"], "ms")
        sheet.add(f"chat_latency_seen_at_{share}pct", found[f"seen_at_{share}pct"], "share")
    if "peer_p50" in found:
        sheet.add("peer_faststream_round_trip_ms_p50", found["peer_p50"], "ms", note="one in flight")
        sheet.add("peer_faststream_round_trip_ms_p99", found["peer_p99"], "ms")


def main() -> None:
    """Measure in a process of its own."""
    quiet()
    sheet = Sheet()
    uvloop.run(measure(sheet))
    sheet.hand_in()


if __name__ == "__main__":
    main()
