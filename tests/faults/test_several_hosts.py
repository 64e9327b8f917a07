"""Two and three hosts under 200 patrons, and what is killed, frozen or taken away: nothing is lost, doubled or out of order.

Each scenario counts what the librarians saw, what the patrons saw and what SQL holds, and how long after the fault a question that
was asked later had its answer. `make faults` prints the table; docs/hosts.md quotes it.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import aiohttp
import pytest

from tests.faults.several_hosts import (
    Balancer,
    Desk,
    Row,
    all_archived,
    guarded_redis,
    hosts_of,
    people,
)
from tests.journeys.house import House
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

Fault = Callable[[], Awaitable[object]]


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
    with guarded_redis() as (redis, _), PostgreSQL() as sql:
        async with hosts_of(tmp_path, redis, sql.fresh(), count) as hosts, Balancer(hosts) as front:
            async with people(hosts, front.url, PATRONS, MESSAGES) as desk:
                await under(lambda: asyncio.to_thread(hosts[0].kill), desk, row)
                took = [await take_over_s(host) for host in hosts[1:]]
                row.note = f"core elsewhere after {max(one for one in took if one == one):.1f} s"
                await counted(hosts, [desk], row, table)


@pytest.mark.parametrize("end", ["killed", "frozen"])
async def test_the_master_fails_and_a_copy_is_promoted(tmp_path: Path, table: list[Row], end: str) -> None:
    row = Row(f"Redis master {end}, Sentinel promotes a copy", 2)

    async def fault() -> None:
        began = time.monotonic()
        master.kill() if end == "killed" else master.freeze()
        while not any([await asyncio.to_thread(copy.leads) for copy in copies]):
            await asyncio.sleep(0.05)
        row.note = f"promoted after {time.monotonic() - began:.1f} s"
        if end == "frozen":
            await desk.reached(0.6)
            master.thaw()
            row.note += "; thawed under load"

    with guarded_redis() as (redis, (master, *copies)), PostgreSQL() as sql:
        async with hosts_of(tmp_path, redis, sql.fresh(), 2) as hosts, Balancer(hosts) as front:
            async with people(hosts, front.url, PATRONS, MESSAGES) as desk:
                await under(fault, desk, row)
                await counted(hosts, [desk], row, table)


async def test_postgresql_is_away(tmp_path: Path, table: list[Row]) -> None:
    row = Row(f"PostgreSQL away for {AWAY_S:.0f} s", 2)

    async def fault() -> None:
        sql.stop()
        await asyncio.sleep(AWAY_S)
        row.note = f"{desk.share - 0.3:.0%} answered meanwhile"
        await asyncio.to_thread(sql.start)

    with guarded_redis() as (redis, _), PostgreSQL() as sql:
        async with hosts_of(tmp_path, redis, sql.fresh(), 2) as hosts, Balancer(hosts) as front:
            async with people(hosts, front.url, PATRONS, MESSAGES) as desk:
                await under(fault, desk, row)
                await counted(hosts, [desk], row, table)


async def test_old_and_new_daemons_while_a_desk_is_upgraded(tmp_path: Path, table: list[Row]) -> None:
    row = Row("rolling upgrade of both hosts", 2)
    old = [sys.executable, "-m", "tests.faults.older"]

    async def fault() -> None:
        one, other = hosts
        assert await asyncio.to_thread(other.stop) == 0
        other.program = one.program
        await other.start()
        assert "older daemons to be upgraded" in other.log  # its core waits, the old one leads
        assert await asyncio.to_thread(one.stop) == 0
        one.program = other.program
        await one.start()

    with guarded_redis() as (redis, _), PostgreSQL() as sql:
        async with hosts_of(tmp_path, redis, sql.fresh(), 2) as hosts, Balancer(hosts) as front:
            new = hosts[0].program
            for host in hosts:
                host.stop()
                host.program = old
                await host.start()
            for host in hosts:
                host.program = old
            async with people(hosts, front.url, PATRONS, MESSAGES) as desk:
                hosts[0].program = new  # for the next start
                await under(fault, desk, row)
                await counted(hosts, [desk], row, table)


async def test_a_cluster_of_two_consortia_loses_a_node(tmp_path: Path, table: list[Row]) -> None:
    row = Row("Redis Cluster, two consortia: the first master killed", 2)
    second = '[[channel]]\nname = "web2"\nkind = "webchat"\nqueue = "south/reference"\nconsortium = "county"\nconnections = 100000\n'

    def settle(cluster: Cluster) -> RedisServer:
        return cluster.nodes[0]

    with Cluster(servers()[0]) as cluster, PostgreSQL() as sql:
        redis = f'url = "{cluster.url}"\n'
        async with hosts_of(tmp_path, redis, sql.fresh(), 2, more=second) as hosts, Balancer(hosts) as front:
            async with people(hosts, front.url, PATRONS, MESSAGES) as desk:
                await under(lambda: asyncio.to_thread(settle(cluster).kill), desk, row)
                await counted(hosts, [desk], row, table)
