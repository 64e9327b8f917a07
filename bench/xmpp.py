"""(i) XMPP: how long a patron's message takes to a librarian's live socket, beside plain Prosody relaying the same message between
two clients in the same run, one under way at a time; and what 5,000 buddies weigh.

Ours goes the same way through the same Prosody, and then through two commits that are on disk before anybody is told. Patrons
take turns, since one alone would be asked to slow down.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import statistics
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import uvloop

from bench.figures import QUICK, REPEATS, Sheet, most, say
from bench.house import TEXT
from tests.journeys.house import House
from tests.journeys.librarian import Librarian
from tests.peers.prosody import COMPONENT, SECRET, Prosody
from tests.xmpp.plain import BODY, Plain

PASSWORD = "bench-password"
LIBRARY = "ask@localhost"
PATRONS = 20
TIMED = 100 if QUICK else 400
BUDDIES = 5_000


def channels(server: Prosody) -> str:
    """Return an account and a component, as channels of deskbridge.toml."""
    return (
        f'[[channel]]\nname = "im"\nkind = "xmpp"\nqueue = "north/reference"\njid = "{LIBRARY}"\npassword = "{PASSWORD}"\n'
        f'host = "127.0.0.1"\nport = {server.c2s}\nca_file = "{server.certificate.ca}"\n'
        f'[[channel]]\nname = "law"\nkind = "xmpp-component"\nqueue = "north/second"\njid = "law@{COMPONENT}"\n'
        f'secret = "{SECRET}"\nport = {server.component}\n'
    )


async def heard(client: Plain, words: str) -> None:
    """Return once a client was shown these words."""
    while (await client.messages.get()).findtext(BODY) != words:
        pass


async def relayed(saying: Plain, hearing: Plain, count: int) -> list[float]:
    """Return the seconds from one client to another, message by message."""
    took = []
    for number in range(count):
        words = f"{TEXT} {number}"
        began = time.perf_counter()
        saying.say(hearing.bare, words)
        await heard(hearing, words)
        took.append(time.perf_counter() - began)
    return took


async def served(ana: Librarian, patrons: list[Plain], first: int, count: int) -> list[float]:
    """Return the seconds from a patron to the librarian's socket, message by message."""
    took = []
    for number in range(first, first + count):
        words = f"{TEXT} {number}"
        began = time.perf_counter()
        patrons[number % len(patrons)].say(LIBRARY, words)
        async with asyncio.timeout(30):
            while not any(row["last_text"] == words for row in ana.rows.values()):
                ana.news.clear()
                await ana.news.wait()
        took.append(time.perf_counter() - began)
        await asyncio.sleep(0.02)
    return took


def memory(pid: int) -> float:
    """Return how much memory a process has for itself, in MiB."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("no memory figure")


async def signed_in(server: Prosody, name: str) -> Plain:
    """Return a client, with its account made."""
    await asyncio.to_thread(server.account, name, name)
    return await Plain(name, name).sign_in(server.direct, ssl.create_default_context(cafile=str(server.certificate.ca)))


async def latency(sheet: Sheet, folder: Path, server: Prosody) -> None:
    """Measure ours and Prosody's own, turn by turn."""
    with House(folder / "house", ("ana",), capacity=1000, more=channels(server)) as house:
        await house.start()
        ana = Librarian(house.url, "ana")
        await ana.sign_in(house.codes["ana"])
        living = asyncio.create_task(ana.run())
        clients: list[Plain] = []
        try:
            await ana.connected.wait()
            await ana.attend("north/reference")
            clients += await asyncio.gather(*(signed_in(server, f"patron{number}") for number in range(PATRONS + 2)))
            saying, hearing, *patrons = clients
            await served(ana, patrons, 0, 2 * PATRONS)  # every patron has a conversation
            ours: list[list[float]] = []
            theirs: list[list[float]] = []
            for repeat in range(REPEATS):
                say(f"XMPP, round {repeat + 1} of {REPEATS}")
                theirs.append(await relayed(saying, hearing, TIMED // REPEATS))
                ours.append(await served(ana, patrons, (repeat + 1) * 10_000, TIMED // REPEATS))
            _put_down(sheet, ours, theirs)
        finally:
            living.cancel()
            await asyncio.wait([living])
            await ana.close()
            for client in clients:
                with suppress(ConnectionError):
                    await client.close()


def _put_down(sheet: Sheet, ours: list[list[float]], theirs: list[list[float]]) -> None:
    middle, peer = [[statistics.median(each) for each in found] for found in (ours, theirs)]
    sheet.add("xmpp_latency_ms_p50", [each * 1000 for each in middle], "ms")
    sheet.add("xmpp_latency_ms_p99", [statistics.quantiles(each, n=100)[-1] * 1000 for each in ours], "ms")
    sheet.add("peer_prosody_relay_ms_p50", [each * 1000 for each in peer], "ms", note="one in flight")
    sheet.add("peer_prosody_relay_ms_p99", [statistics.quantiles(each, n=100)[-1] * 1000 for each in theirs], "ms")
    ratios = [one / other for one, other in zip(middle, peer, strict=True)]
    sheet.add("xmpp_latency_ratio_to_prosody", ratios, "x", most(12, 5))


async def weight(folder: Path, server: Prosody, buddies: int) -> float:
    """Return the daemon's memory with so many buddies of its component, in MiB, once they were told who is there."""
    with House(folder, ("ana",), more=channels(server)) as house:
        place = folder / "data" / "channels" / "law"
        place.mkdir(parents=True, exist_ok=True)
        lines = (json.dumps([f"buddy{number}@localhost", ""]) + "\n" for number in range(buddies))
        (place / "buddies").write_text("".join(lines))
        await house.start()
        watcher = await signed_in(server, f"buddy{buddies - 1}" if buddies else "somebody")
        try:
            watcher.write(f"<presence to='law@{COMPONENT}' type='subscribe'/>")
            async with asyncio.timeout(60):
                await watcher.until(lambda: f"law@{COMPONENT}" in watcher.presence)
            await asyncio.sleep(3)
            return memory(house.pid)
        finally:
            await watcher.close()


async def measure(sheet: Sheet, folder: Path) -> None:
    """Measure everything."""
    server = Prosody({"ask": PASSWORD})
    await asyncio.to_thread(server.start)
    try:
        await latency(sheet, folder, server)
        alone = await weight(folder / "none", server, 0)
        full = await weight(folder / "full", server, BUDDIES)
        sheet.add("xmpp_memory_5000_buddies", [max(0.0, full - alone)], "MiB", note=f"daemon {full:.0f} MiB")
    finally:
        await asyncio.to_thread(server.remove)


def main() -> None:
    """Measure in a process of its own."""
    sheet = Sheet()
    with tempfile.TemporaryDirectory(prefix="dbxmpp-") as folder:
        uvloop.run(measure(sheet, Path(folder)))
    sheet.hand_in()


if __name__ == "__main__":
    main()
