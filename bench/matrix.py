"""(m) Matrix: how long a patron's message takes to a librarian's live socket, beside plain Synapse carrying the same message
between two clients in the same run, one under way at a time, encrypted both times.

Ours goes the same way through the same Synapse, is opened by the same library, and then waits for two commits that are on disk
before anybody is told.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

import uvloop

from bench.figures import QUICK, REPEATS, Sheet, most, say
from bench.house import TEXT
from tests.journeys.house import House
from tests.journeys.librarian import Librarian
from tests.peers.matrix_client import MatrixClient
from tests.peers.synapse import SynapseServer

PATRONS = 5
TIMED = 40 if QUICK else 150


def channel(server: SynapseServer, user: str, password: str) -> str:
    """Return the account as a channel of deskbridge.toml."""
    return (
        f'[[channel]]\nname = "matrix"\nkind = "matrix"\nqueue = "north/reference"\nserver = "{server.url}"\n'
        f'user = "{user}"\npassword = "{password}"\n'
    )


async def met(server: SynapseServer, folder: Path, name: str, other: str) -> MatrixClient:
    """Return a signed-in client that has asked another account into an encrypted chat."""
    user, password = await asyncio.to_thread(server.account, name)
    client = MatrixClient(server, user, password, folder / name)
    await client.open()
    if other:
        await client.meet(other)
    return client


async def said(client: MatrixClient, words: str) -> None:
    """Send a message."""
    assert await client.say({"msgtype": "m.text", "body": words}, f"bench-{words.rpartition(' ')[2]}")


async def carried(saying: MatrixClient, hearing: MatrixClient, first: int, count: int) -> list[float]:
    """Return the seconds from one client to another, message by message."""
    took = []
    for number in range(first, first + count):
        words = f"{TEXT} {number}"
        began = time.perf_counter()
        await said(saying, words)
        while (await hearing.heard.get()).body != words:
            pass
        took.append(time.perf_counter() - began)
    return took


async def served(ana: Librarian, patrons: list[MatrixClient], first: int, count: int) -> list[float]:
    """Return the seconds from a patron to the librarian's socket, message by message."""
    took = []
    for number in range(first, first + count):
        words = f"{TEXT} {number}"
        began = time.perf_counter()
        await said(patrons[number % len(patrons)], words)
        async with asyncio.timeout(30):
            while not any(row["last_text"] == words for row in ana.rows.values()):
                ana.news.clear()
                await ana.news.wait()
        took.append(time.perf_counter() - began)
    return took


async def measure(sheet: Sheet, folder: Path, server: SynapseServer) -> None:
    """Measure ours and Synapse's own, turn by turn."""
    user, password = await asyncio.to_thread(server.account, "ask")
    with House(folder / "house", ("ana",), capacity=1000, more=channel(server, user, password)) as house:
        await house.start()
        ana = Librarian(house.url, "ana")
        await ana.sign_in(house.codes["ana"])
        living = asyncio.create_task(ana.run())
        hearing = await met(server, folder, "hearing", "")
        clients = [hearing]
        try:
            await ana.connected.wait()
            await ana.attend("north/reference")
            saying = await met(server, folder, "saying", hearing.user)
            patrons = [await met(server, folder, f"patron{number}", user) for number in range(PATRONS)]
            clients += [saying, *patrons]
            await hearing.client.join(saying.room)
            hearing.room = saying.room
            await saying.joined(hearing.user)
            await asyncio.gather(*(each.joined(user) for each in patrons))
            await carried(saying, hearing, 0, 3)
            await served(ana, patrons, 0, 2 * PATRONS)  # every patron has a conversation, and every room its key
            ours: list[list[float]] = []
            theirs: list[list[float]] = []
            for repeat in range(REPEATS):
                say(f"Matrix, round {repeat + 1} of {REPEATS}")
                theirs.append(await carried(saying, hearing, (repeat + 1) * 10_000, TIMED // REPEATS))
                ours.append(await served(ana, patrons, (repeat + 1) * 10_000, TIMED // REPEATS))
            middle, peer = [[statistics.median(each) for each in found] for found in (ours, theirs)]
            sheet.add("matrix_latency_ms_p50", [each * 1000 for each in middle], "ms")
            sheet.add("peer_synapse_relay_ms_p50", [each * 1000 for each in peer], "ms", note="one in flight")
            ratios = [one / other for one, other in zip(middle, peer, strict=True)]
            sheet.add("matrix_latency_ratio_to_synapse", ratios, "x", most(2, 1.5))
        finally:
            living.cancel()
            await asyncio.wait([living])
            await ana.close()
            for client in clients:
                await client.close()


def main() -> None:
    """Measure in a process of its own."""
    sheet = Sheet()
    server = SynapseServer()
    try:
        with tempfile.TemporaryDirectory(prefix="dbmatrix-") as folder:
            uvloop.run(measure(sheet, Path(folder), server))
    finally:
        server.stop()
    sheet.hand_in()


if __name__ == "__main__":
    main()
