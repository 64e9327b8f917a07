"""Lists, search and a long transcript when 100,000 conversations are archived: what a librarian's page waits for.

All of it came in through the ring: asked, claimed, answered by closing, except the newest thousand. One conversation has 10,000
messages. A page is fetched by HTTP from another process, one at a time.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

import uvloop
from yarl import URL

from bridge.message import Claim, Close
from tests.load.figures import QUICK, Sheet, most, say
from tests.load.house import LOOP, Site, in_waves, quiet, site, until
from tests.load.latency import outside

ARCHIVED = 5_000 if QUICK else 100_000
LEFT_OPEN = 1_000
LONG = 2_000 if QUICK else 10_000
CHUNK = 5_000
TIMES = 40 if QUICK else 200

LISTS = [f"/api/v1/conversations?view={view}" for view in ("waiting", "mine", "open", "closed")]
SEARCH = "/api/v1/search?q=renew%20book"


async def chunk(found: Site, first: int, count: int, *, close: bool) -> None:
    """Let some patrons ask, and librarians claim and close."""
    inlet, desk = found.inlet("loop"), found.desk
    senders = [f"reader{n}" for n in range(first, first + count)]
    await in_waves([lambda s=s: inlet.receive(found.message(s, "loop")) for s in senders])  # type: ignore[misc]
    state = desk.replica.state
    await until(lambda: f"loop|{senders[-1]}" in state.addresses)
    talks = [state.addresses[f"loop|{sender}"] for sender in senders]
    if close:
        for start in range(0, count, 100):
            some = list(enumerate(talks[start : start + 100], start))
            await desk.gathering.ingest(
                [found.action(f"lib{n % found.staff}", Claim(conversation=talk)) for n, talk in some]
                + [found.action(f"lib{n % found.staff}", Close(conversation=talk)) for n, talk in some]
            )
        await until(lambda: all(state.conversations[talk].state == "closed" for talk in talks))
    await desk.writer.reached(desk.replica.position)


async def long_talk(found: Site) -> str:
    """Let one patron write very much; return the conversation."""
    inlet = found.inlet("loop")
    await in_waves([lambda: inlet.receive(found.message("talker", "loop"))] * LONG, 256)
    await until(lambda: "loop|talker" in found.desk.replica.state.addresses)
    await found.desk.writer.reached(found.desk.follower.last)
    return found.desk.replica.state.addresses["loop|talker"]


async def measure(sheet: Sheet) -> None:
    """Measure and put down."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="deskbridge-bench-", dir="/tmp")))
        here = await stack.enter_async_context(site(folder, channels=(LOOP,)))
        say(f"archiving {ARCHIVED:,} conversations")
        for first in range(0, ARCHIVED, CHUNK):
            await chunk(here, first, min(CHUNK, ARCHIVED - first), close=True)
        await chunk(here, ARCHIVED, LEFT_OPEN, close=False)
        long = f"/api/v1/conversations/{await long_talk(here)}"
        accounts = here.house.archive.accounts
        await accounts.add("lib0", "lib0", "north")
        token, _ = await accounts.open_session("lib0")
        people = await stack.enter_async_context(outside())
        port = URL(here.house.url).port
        took = await people.do("get", port=port, cookie=token, paths=[*LISTS, SEARCH, long], times=TIMES)
        await asyncio.sleep(0)
    lists = [one for path in LISTS for one in took[path]]
    sheet.add("list_p95_ms", [p95(lists)], "ms", most(50), f"{ARCHIVED:,} archived, four views")
    sheet.add("list_p50_ms", [statistics.median(lists)], "ms")
    sheet.add("search_p95_ms", [p95(took[SEARCH])], "ms", None, "every conversation holds the words")
    sheet.add(f"transcript_{LONG // 1000}k_ms", took[long], "ms", most(100), "median; opening it")


def p95(found: list[float]) -> float:
    """Return the 95th percentile."""
    return sorted(found)[int(len(found) * 0.95)]


def main() -> None:
    """Measure in a process of its own."""
    quiet()
    sheet = Sheet()
    uvloop.run(measure(sheet))
    sheet.hand_in()


if __name__ == "__main__":
    main()
