"""(o) A crowd: 10,000 patrons with their chats open and 200 librarians with their pages open, at the pace of a very busy desk.

Every patron has asked and is answered for. Each writes once in 50 seconds, and librarians answer as often. Timed is each of these
messages from the patron's socket to the first librarian's that shows it. All people are in one process outside.
"""

from __future__ import annotations

import os
import statistics
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

import uvloop
from yarl import URL

from bench.figures import QUICK, REPEATS, Sheet, say
from bench.house import WEB, quiet, site
from bench.latency import LIVE, at_rate, claim_all, outside, session
from bench.machine import rss_kb
from bench.throughput import server

PATRONS = 2_000 if QUICK else 10_000
STAFF = 50 if QUICK else 200
EACH_S = 50.0
WAVE = 1_000  # patrons who come at a time


async def measure(folder: Path) -> Sheet:
    """Let all come, then write."""
    sheet, found = Sheet(), dict[str, list[float]]()
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(server(folder, "always"))
        here = await stack.enter_async_context(site(folder / "house", url, staff=STAFF, channels=(WEB,)))
        people = await stack.enter_async_context(outside())
        port = URL(here.house.url).port
        for first in range(0, PATRONS, WAVE):
            say(f"{first + WAVE} patrons")
            await people.do("open", port=port, count=WAVE, first=first, ask=True, path=LIVE)
        talks = await claim_all(here, "web")
        for n in range(STAFF):
            await people.do("watch", port=port, cookie=await session(here, f"lib{n}"))
        for turn in range(REPEATS):
            say(f"turn {turn + 1} of {REPEATS}")
            took, seen = await at_rate(here, people, talks, 2 * PATRONS / EACH_S)
            found.setdefault("p50", []).append(statistics.median(took))
            found.setdefault("p99", []).append(took[int(len(took) * 0.99)])
            found.setdefault("seen", []).append(seen)
        held = rss_kb(os.getpid()) / 1024
    note = f"{PATRONS:,} patrons and {STAFF} librarians connected, {PATRONS / EACH_S:.0f} messages and as many answers a second"
    sheet.add("crowd_latency_ms_p50", found["p50"], "ms", note=note)
    sheet.add("crowd_latency_ms_p99", found["p99"], "ms", note=note)
    sheet.add("crowd_latency_seen", found["seen"], "share")
    sheet.add("crowd_web_process_mb", [held], "MB", note="the web process, with the bench's own part in it")
    return sheet


def main() -> None:
    """Measure in a process of its own."""
    quiet()
    with tempfile.TemporaryDirectory(prefix="deskbridge-crowd-", dir="/tmp") as folder:
        uvloop.run(measure(Path(folder))).hand_in()


if __name__ == "__main__":
    main()
