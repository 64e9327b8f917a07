"""When the append-only file is rewritten: in a calm moment, once a day, and not while people talk."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.redis import aof_rewrite
from bridge.redis.address import server_at
from bridge.redis.aof_rewrite import CALM, LARGE, OLD_S, WORTH_IT, AofFile, compact, due, look
from bridge.redis.connection import RedisConnection
from bridge.redis.embedded import EmbeddedRedis

DEADLINE_S = 20.0
MEGABYTE = b"x" * (1 << 20)


@pytest.mark.parametrize(
    ("size", "base", "age_s", "rate", "wanted"),
    [
        (WORTH_IT, 0, 60.0, CALM / 2, True),
        (WORTH_IT, 0, 60.0, CALM * 2, False),
        (WORTH_IT - 1, 0, 60.0, 0.0, False),
        (3 * WORTH_IT, 2 * WORTH_IT, 60.0, 0.0, False),
        (4 * WORTH_IT, 2 * WORTH_IT, 60.0, 0.0, True),
        (100, 90, OLD_S + 1, CALM * 2, True),
    ],
)
def test_a_long_file_is_written_anew_when_it_is_calm_and_an_old_one_anyhow(
    size: int, base: int, age_s: float, rate: float, wanted: bool
) -> None:
    assert due(AofFile(size, base, age_s), rate) is wanted


@pytest.fixture
async def redis(tmp_path: Path) -> AsyncIterator[tuple[EmbeddedRedis, RedisConnection]]:
    server = EmbeddedRedis(tmp_path / "data")
    link = await RedisConnection.connect(server_at(await server.start()), patience=30, within=10)
    yield server, link
    link.close()
    await server.stop()


async def test_redis_itself_waits_until_the_file_is_large(redis: tuple[EmbeddedRedis, RedisConnection]) -> None:
    _, link = redis
    assert await link.call("CONFIG", "GET", "auto-aof-rewrite-min-size") == [
        b"auto-aof-rewrite-min-size",
        str(LARGE).encode(),
    ]


async def test_the_file_shrinks_to_what_is_kept(
    redis: tuple[EmbeddedRedis, RedisConnection], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, link = redis
    monkeypatch.setattr(aof_rewrite, "WORTH_IT", 4 << 20)
    for _ in range(8):
        await link.call("SET", "the same", MEGABYTE)
    assert (await look(link, server.data))[0].size > 8 << 20
    task = asyncio.create_task(compact(server.url, server.data, every_s=0.2))
    try:
        async with asyncio.timeout(DEADLINE_S):
            while (await look(link, server.data))[0].size > 2 << 20:
                await asyncio.sleep(0.1)
    finally:
        task.cancel()
        await asyncio.wait([task])
    assert await link.call("GET", "the same") == MEGABYTE


async def test_how_old_the_file_is_is_seen(redis: tuple[EmbeddedRedis, RedisConnection]) -> None:
    server, link = redis
    assert (await look(link, server.data))[0].age_s < DEADLINE_S
    for base in server.data.glob("appendonlydir/*.base.*"):
        os.utime(base, (1000, 1000))
    assert (await look(link, server.data))[0].age_s > OLD_S
