"""Lists, search and a long transcript when 100,000 conversations are archived: what a librarian's page waits for.

The core decided all of it (asked, claimed, closed; the newest thousand are open) and it stands in the log, which a house then
opens, folds and archives. One conversation has 10,000 messages. A page is fetched by HTTP from another process, one at a time.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from itertools import islice
from pathlib import Path

import msgspec
import uvloop
from yarl import URL

from bench.figures import QUICK, Sheet, most, say
from bench.house import LOOP, TEXT, library, quiet, site
from bench.latency import outside
from bench.throughput import server
from bridge.contract.message import Action, ChannelStatus, Claim, Close, Message, message_id
from bridge.redis.store import Store
from routing import core, wire
from routing.events import Input, Step
from routing.state import State

ARCHIVED = 5_000 if QUICK else 100_000
LEFT_OPEN = 1_000
LONG = 2_000 if QUICK else 10_000
STAFF = 200
PACK = 500  # steps of one log entry
TIMES = 40 if QUICK else 100

LISTS = [f"/api/v1/conversations?view={view}" for view in ("waiting", "mine", "open", "closed")]
SEARCH = "/api/v1/search?q=renew%20437"  # one conversation in a thousand holds both words
FILTERED = [
    f"/api/v1/search?q={asked}"
    for asked in (
        "renew%20437%20is:closed",
        "renew%20by:lib7",
        "from:reader777",
        "is:closed",
        "by:lib7%20code:answered",
        "has:file",
    )
]


class History:
    """Years at a desk, decided by the core itself and committed to a log that a house then opens."""

    def __init__(self) -> None:
        self._state = State.fresh()
        self._at = time.time_ns() // 1_000_000 - 3_600_000
        self._n = 0
        self._take(msgspec.structs.replace(library(STAFF, live=100_000), revision=1))
        self._take(ChannelStatus(channel="loop", kind="loop", queue="north/ask", up=True, live=True))

    def steps(self) -> Iterator[Step]:
        """Yield everything that happened."""
        for n in range(ARCHIVED + LEFT_OPEN):
            yield from self._talk(n, close=n < ARCHIVED)
        for n in range(LONG):
            yield self._take(self._message("talker", n))

    @property
    def long_talk(self) -> str:
        """The conversation with many messages."""
        return self._state.addresses["loop|talker"]

    def _talk(self, n: int, *, close: bool) -> Iterator[Step]:
        sender, by = f"reader{n}", f"lib{n % STAFF}"
        yield self._take(self._message(sender, n))
        if close:
            talk = self._state.addresses[f"loop|{sender}"]
            yield self._take(Action(id=f"claim-{n}", by=by, deed=Claim(conversation=talk)))
            yield self._take(Action(id=f"close-{n}", by=by, deed=Close(conversation=talk)))

    def _message(self, sender: str, n: int) -> Message:
        id = message_id("loop", sender, str(n))
        return Message(id=id, channel="loop", sender=sender, source=str(n), text=f"{TEXT} No. {n % 1000}")

    def _take(self, given: Input) -> Step:
        self._n += 1
        self._at += 3
        return core.step(self._state, given, wire.cause(given, "1-0", self._n), self._at)


async def written(url: str) -> str:
    """Commit a history to an empty log; return its long conversation."""
    store = await Store.open(url, "main")
    try:
        await store.take("history", 3_600_000)
        history = History()
        steps = history.steps()
        seq = 0
        while some := list(islice(steps, PACK)):
            seq += 1
            await store.commit("history", "history", seq, "0-0", wire.encode_steps(some))
        await store.release("history")
        return history.long_talk
    finally:
        await store.close()


async def measure(sheet: Sheet) -> None:
    """Measure and put down."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="deskbridge-bench-", dir="/tmp")))
        url = await stack.enter_async_context(server(folder, "everysec"))
        say(f"archiving {ARCHIVED:,} conversations")
        talk = await written(url)
        here = await stack.enter_async_context(site(folder / "house", url, staff=STAFF, channels=(LOOP,)))
        await here.desk.writer.reached(here.desk.replica.position)
        long = f"/api/v1/conversations/{talk}"
        accounts = here.house.archive.accounts
        await accounts.add("lib0", "lib0", "north")
        token, _ = await accounts.open_session("lib0")
        people = await stack.enter_async_context(outside())
        port = URL(here.house.url).port
        took = await people.do("get", port=port, cookie=token, paths=[*LISTS, SEARCH, *FILTERED, long], times=TIMES)
    lists = [one for path in LISTS for one in took[path]]
    sheet.add("list_p95_ms", [p95(lists)], "ms", most(50), f"{ARCHIVED:,} archived, four views")
    sheet.add("list_p50_ms", [statistics.median(lists)], "ms")
    sheet.add("search_p95_ms", [p95(took[SEARCH])], "ms", None, "one conversation in a thousand holds the words")
    filtered = [one for path in FILTERED for one in took[path]]
    ratio = statistics.median(filtered) / statistics.median(took[SEARCH])
    sheet.add("search_filtered_p95_ms", [p95(filtered)], "ms", most(300), "six questions with filters")
    sheet.add("search_filtered_to_plain", [ratio], "x", most(5), "medians; the same page of the same archive")
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
