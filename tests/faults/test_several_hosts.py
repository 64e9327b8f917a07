"""Two and three hosts under 200 patrons, and what is killed, frozen or taken away: nothing is lost, doubled or out of order.

Each scenario counts what the librarians saw, what the patrons saw and what SQL holds, and how long after the fault a question that
was asked later had its answer. `make faults` prints the table; docs/hosts.md quotes it.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from math import isnan
from pathlib import Path

import aiohttp
import pytest

from bridge.testing.scene import eventually
from bridge.testing.twilio import Twilio
from tests.faults.several_hosts import (
    NAMES,
    Balancer,
    Desk,
    Row,
    all_archived,
    guarded_redis,
    hosts_of,
    people,
)
from tests.journeys.house import PROGRAM, House
from tests.journeys.librarian import Librarian
from tests.journeys.patron import Patron
from tests.peers.postgresql import PostgreSQL, missing
from tests.peers.redis import Cluster, RedisServer, servers

pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(900),
    pytest.mark.skipif(bool(missing()), reason=missing()),
]

PATRONS = 200
MESSAGES = 5  # of each, and as many answers
AWAY_S = 20.0
OLDER = [sys.executable, "-m", "tests.faults.older"]

OURS, ADA = "+15005550100", "+14155550123"
FILE = b"\x89PNG\r\n\x1a\n" + b"the shelf" * 20
TEXTS = """
[[channel]]
name = "text"
kind = "sms"
queue = "north/reference"
account_sid = "{account}"
auth_token_file = "{token}"
numbers = ["{ours}"]
api = "{api}"
rate = 100.0
"""

Fault = Callable[[], Awaitable[object]]


@dataclass
class Scene:
    """A desk of several hosts with its people, and the servers below it: the Redis master first."""

    hosts: list[House]
    desk: Desk
    redis: list[RedisServer]
    sql: PostgreSQL


@asynccontextmanager
async def scene(folder: Path, count: int, program: Sequence[str] = PROGRAM) -> AsyncIterator[Scene]:
    """So many hosts over a guarded Redis, with 200 patrons who have not written yet."""
    async with AsyncExitStack() as stack:
        redis, servers = stack.enter_context(guarded_redis())
        sql = stack.enter_context(PostgreSQL())
        hosts = await stack.enter_async_context(hosts_of(folder, redis, sql.fresh(), count, program=program))
        front = await stack.enter_async_context(Balancer(hosts))
        desk = await stack.enter_async_context(people(hosts[0].codes, front.url, PATRONS, MESSAGES))
        yield Scene(hosts, desk, servers, sql)


async def under(fault: Fault, desk: Desk, row: Row) -> None:
    """Let a desk work, and let something happen when a third is done."""
    working = asyncio.create_task(desk.work())
    await desk.reached(0.3)
    began = time.monotonic()
    await fault()
    await working
    row.recovered_s = desk.recovered(began)


async def counted(hosts: Sequence[House], desks: Sequence[Desk], row: Row, table: list[Row]) -> None:
    """Count, show and judge."""
    held = await all_archived(hosts[-1], desks)
    for desk in desks:
        await desk.count(row, held)
    table.append(row)
    assert row.messages == 2 * PATRONS * MESSAGES
    assert row.clean(), row


async def take_over_s(host: House) -> float:
    """Return how long the last take-over of the core took, as a host tells it."""
    async with aiohttp.ClientSession() as web, web.get(f"{host.url}/metrics") as answer:
        for line in (await answer.text()).splitlines():
            if line.startswith("deskbridge_lease_takeover_seconds{") and 'lease="core"' in line:
                return float(line.rpartition(" ")[2])
    return float("nan")


@pytest.mark.parametrize("count", [2, 3])
async def test_a_host_is_killed(tmp_path: Path, table: list[Row], count: int) -> None:
    row = Row("kill -9 of the host that runs the core", count)
    async with scene(tmp_path, count) as on:
        await under(lambda: asyncio.to_thread(on.hosts[0].kill), on.desk, row)
        took = [await take_over_s(host) for host in on.hosts[1:]]
        row.note = f"core elsewhere after {max(one for one in took if not isnan(one)):.1f} s"
        await counted(on.hosts[1:], [on.desk], row, table)


@pytest.mark.parametrize("end", ["killed", "frozen"])
async def test_the_master_fails_and_a_copy_is_promoted(tmp_path: Path, table: list[Row], end: str) -> None:
    row = Row(f"Redis master {end}, Sentinel promotes a copy", 2)
    async with scene(tmp_path, 2) as on:
        master, *copies = on.redis

        async def fault() -> None:
            began = time.monotonic()
            master.kill() if end == "killed" else master.freeze()
            while not any([await asyncio.to_thread(copy.leads) for copy in copies]):
                await asyncio.sleep(0.05)
            row.note = f"promoted after {time.monotonic() - began:.1f} s"
            if end == "frozen":
                await on.desk.reached(0.6)
                master.thaw()
                row.note += "; thawed under load"

        await under(fault, on.desk, row)
        await counted(on.hosts, [on.desk], row, table)


async def test_postgresql_is_away(tmp_path: Path, table: list[Row]) -> None:
    row = Row(f"PostgreSQL away for {AWAY_S:.0f} s", 2)
    async with scene(tmp_path, 2) as on:

        async def fault() -> None:
            before = on.desk.share
            on.sql.stop()
            await asyncio.sleep(AWAY_S)
            row.note = f"{on.desk.share - before:.0%} of the answers came meanwhile"
            await asyncio.to_thread(on.sql.start)

        await under(fault, on.desk, row)
        await counted(on.hosts, [on.desk], row, table)


async def test_old_and_new_daemons_while_a_desk_is_upgraded(tmp_path: Path, table: list[Row]) -> None:
    row = Row("both hosts upgraded, one after the other", 2)
    async with scene(tmp_path, 2, OLDER) as on:

        async def fault() -> None:
            for host in reversed(on.hosts):
                assert await asyncio.to_thread(host.stop) == 0
                host.program = PROGRAM
                await host.start()
            assert "older daemons to be upgraded" in on.hosts[1].log  # its core waited, the old one led

        await under(fault, on.desk, row)
        await counted(on.hosts, [on.desk], row, table)


async def test_a_cluster_of_two_consortia_loses_a_master(tmp_path: Path, table: list[Row]) -> None:
    """The first master has the slot of `lake` and a copy; `main` is on the third."""
    row = Row("Redis Cluster, two consortia: a master killed", 2)
    async with AsyncExitStack() as stack:
        cluster = stack.enter_context(Cluster(servers()[0]))
        sql = stack.enter_context(PostgreSQL())
        redis = f'url = "{cluster.url}"\n'
        hosts = await stack.enter_async_context(hosts_of(tmp_path, redis, sql.fresh(), 2, second=True))
        front = await stack.enter_async_context(Balancer(hosts))
        codes, half = hosts[0].codes, len(NAMES)
        desks = [
            await stack.enter_async_context(
                people(each, front.url, PATRONS // 2, MESSAGES, channel, f"{library}/reference")
            )
            for each, channel, library in (
                (dict(list(codes.items())[:half]), "web", "north"),
                (dict(list(codes.items())[half:]), "lake", "south"),
            )
        ]
        working = [asyncio.create_task(desk.work()) for desk in desks]
        await asyncio.gather(*(desk.reached(0.3) for desk in desks))
        began = time.monotonic()
        await asyncio.to_thread(cluster.nodes[0].kill)
        await asyncio.gather(*working)
        times = sorted(desk.recovered(began) for desk in desks)
        row.recovered_s = times[-1]
        row.note = f"the other desk after {times[0]:.1f} s"
        await counted(hosts, desks, row, table)


async def test_another_host_knows_the_stop_and_has_the_file(tmp_path: Path, table: list[Row]) -> None:
    """A number texts STOP and a patron sends a file, both to one host; it is killed, and the other one goes on."""
    row = Row("STOP and a file at one host, which is killed", 2)
    async with AsyncExitStack() as stack:
        twilio = await stack.enter_async_context(Twilio([OURS]))
        redis, _ = stack.enter_context(guarded_redis())
        sql = stack.enter_context(PostgreSQL())
        (tmp_path / "token").write_text(twilio.token)
        texts = TEXTS.format(account=twilio.account, token=tmp_path / "token", ours=OURS, api=twilio.url)
        one, other = await stack.enter_async_context(hosts_of(tmp_path, redis, sql.fresh(), 2, more=texts))
        twilio.inbound = f"{one.url}/channels/text/inbound"
        ana = Librarian(other.url, "ana")
        stack.push_async_callback(ana.close)
        await ana.sign_in(one.codes["ana"])
        web = await stack.enter_async_context(aiohttp.ClientSession())
        pat = Patron(web, one.url)
        online = [asyncio.create_task(each) for each in (ana.run(), pat.run())]
        stack.callback(lambda: [task.cancel() for task in online])
        await ana.connected.wait()
        await ana.attend("north/reference")

        twilio.text(ADA, "Is the book in?")
        asked = await talk_of(ana, "Is the book in?")
        assert (await ana.do(f"/conversations/{asked}/claim"))[0] == 200
        await ana.watch(asked)
        assert (await ana.do(f"/conversations/{asked}/messages", {"text": "Yes."}))[0] == 200
        assert await eventually(lambda: held(twilio, "Yes."), 60)
        await pat.send_file("map.png", FILE, "Here it is")
        shown = await talk_of(ana, "Here it is")
        twilio.text(ADA, "STOP")
        await ana.until(lambda: "STOP" in ana.said(asked))
        one.kill()
        began = time.monotonic()
        (line,) = [each for each in await ana.transcript(shown) if each.get("attachments")]
        digest = line["attachments"][0]["digest"]
        async with ana.web.get(f"{ana.api}/conversations/{shown}/files/{digest}") as answer:
            assert await answer.read() == FILE
        status, said = await ana.do(f"/conversations/{asked}/messages", {"text": "Shelf 12."})
        if status == 200:
            assert await eventually(lambda: failed(ana, asked, "Shelf 12."), 90)
        row.recovered_s = time.monotonic() - began
        row.note = "the other host refuses the text and shows the file"
        assert not await held(twilio, "Shelf 12."), said
    table.append(row)


async def talk_of(ana: Librarian, text: str) -> str:
    """Return the conversation whose last words these are, once it is shown."""
    await ana.until(lambda: any(row["last_text"] == text for row in ana.rows.values()))
    return str(next(row["id"] for row in ana.rows.values() if row["last_text"] == text))


async def held(twilio: Twilio, text: str) -> bool:
    """Whether a text is on Ada's telephone."""
    return any(record.body == text for record in twilio.handset(ADA).lines)


async def failed(ana: Librarian, talk: str, text: str) -> bool:
    """Whether a line is shown as not sent."""
    lines = await ana.transcript(talk)
    return any(line["text"] == text and line.get("stage") == "failed" for line in lines)
