"""(d) What an idle web chat costs the daemon, beside an idle socket of a bare aiohttp server.

The same client opens the same number of sockets on both. `kb_per_idle_chat` is a browser that has said hello and asked nothing
yet: a socket, and what the house keeps for it. Beside it stands a chat whose patron has asked: a conversation waits in
the core, in this process's replica and in the index of its tail. Memory is the process's own (Pss), before and after.
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

import uvloop
from yarl import URL

from bench import peers
from bench.figures import QUICK, Sheet, most, say
from bench.house import WEB, quiet, site
from bench.latency import LIVE, Outside, outside
from bench.machine import rss_kb

SOCKETS = 3_000 if QUICK else 15_000
WARM = 200  # opened before the first look, so that what is loaded once does not count


async def bare_kb(people: Outside) -> float:
    """Return kB a socket of a bare server."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.bare", cwd=peers.ROOT, stdout=asyncio.subprocess.PIPE, start_new_session=True
    )
    try:
        assert process.stdout is not None
        port = int(await process.stdout.readline())
        return await grown(people, port, "/live", process.pid, ask=False)
    finally:
        await peers.ended(process)


async def grown(people: Outside, port: int, path: str, pid: int, *, ask: bool) -> float:
    """Return the kB that each further socket adds to a process."""
    await people.do("open", port=port, count=WARM, ask=ask, path=path)
    await asyncio.sleep(0.5)
    gc.collect()
    before = rss_kb(pid)
    await people.do("open", port=port, count=SOCKETS, ask=ask, path=path, first=WARM)
    await asyncio.sleep(2.0)
    gc.collect()
    return (rss_kb(pid) - before) / SOCKETS


async def house_kb(*, ask: bool) -> float:
    """Return kB a web chat in a house of its own."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="deskbridge-bench-", dir="/tmp")))
        here = await stack.enter_async_context(site(folder, channels=(WEB,)))
        people = await stack.enter_async_context(outside())
        port = URL(here.house.url).port
        assert port is not None
        found = await grown(people, port, LIVE, os.getpid(), ask=ask)
        if ask:
            held = len(here.desk.replica.state.conversations)
            assert held >= SOCKETS, f"only {held} conversations are open"
        return found


async def house_kb_apart(form: str) -> float:
    """Return the same, measured in a process that did nothing before."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.memory", form, cwd=peers.ROOT, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    return float(out.split()[-1])


async def measure(sheet: Sheet) -> None:
    """Measure and put down. One repetition: the numbers are averages over thousands of sockets."""
    say(f"opening {SOCKETS:,} sockets on a bare server, then in the house, then with a question each")
    async with outside() as people:
        bare = await bare_kb(people)
    idle = await house_kb_apart("idle")
    asked = await house_kb_apart("asked")
    sheet.add("kb_per_bare_aiohttp_socket", [bare], "kB")
    sheet.add("kb_per_idle_chat", [idle], "kB", most(round(1.3 * bare + 6, 1)), "1.3 x bare + 6")
    sheet.add("kb_per_idle_chat_with_a_question", [asked], "kB", None, "with its open conversation")


def main() -> None:
    """Measure in a process of its own."""
    quiet()
    if len(sys.argv) > 1:
        print(uvloop.run(house_kb(ask=sys.argv[1] == "asked")))
        return
    sheet = Sheet()
    uvloop.run(measure(sheet))
    sheet.hand_in()


if __name__ == "__main__":
    main()
