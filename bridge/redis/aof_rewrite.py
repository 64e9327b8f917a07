"""When the private Redis rewrites its append-only file: in a calm moment, and once a day in any case.

The file holds every write since the last rewrite, which builds it again from what is in memory. By its defaults Redis rewrites as
soon as the file is twice as long as the last time. On a busy day that is in the busiest hour. The disk is then shared, each answer
waits for its fsync, and the median time to a librarian's screen went from 2 to 11 ms. In a small library it may not happen for
years, and deleted words lie in the file as long.

So Redis itself rewrites only a large file (`LARGE`). We ask for a rewrite in a calm moment once it saves enough, and when the last
one was a day ago.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import hiredis

from bridge.redis.address import server_at
from bridge.redis.connection import RedisConnection, RedisLinkLost

LARGE = 512 << 20  # bytes: about five seconds of loading
WORTH_IT = 64 << 20  # bytes, and twice what it was: below that a rewrite gains nothing
OLD_S = 86_400.0  # the longest that deleted words may lie in the file
CALM = 100.0  # commands a second; a desk at rest makes about ten
LOOK_S = 10.0


class AofFile(NamedTuple):
    """The append-only file: its bytes now and after the last rewrite, and how long ago that was (s)."""

    size: int
    base: int
    age_s: float


def due(file: AofFile, commands_a_second: float) -> bool:
    """Say whether to rewrite the file now."""
    if file.age_s > OLD_S:
        return True
    return commands_a_second < CALM and file.size >= WORTH_IT and file.size >= 2 * file.base


async def compact(url: str, data: Path, *, every_s: float = LOOK_S) -> None:
    """Look now and every `every_s` seconds, until cancelled; wait for a server that is away. Its files lie in `data`."""
    while True:
        try:
            link = await RedisConnection.connect(server_at(url), patience=60, within=10)
            try:
                await _watch(link, data, every_s)
            finally:
                link.close()
        except (RedisLinkLost, hiredis.ReplyError):
            await asyncio.sleep(every_s)


async def _watch(link: RedisConnection, data: Path, every_s: float) -> None:
    commands, at = (await fields_of(link))[1], time.monotonic()
    while True:
        file, total = await look(link, data)
        now = time.monotonic()
        if due(file, (total - commands) / max(now - at, every_s)):
            await link.call("BGREWRITEAOF")
        commands, at = total, now
        await asyncio.sleep(every_s)


async def look(link: RedisConnection, data: Path) -> tuple[AofFile, int]:
    """Return the size and age of the file, and how many commands the server has done."""
    fields, commands = await fields_of(link)
    size, base = int(fields.get("aof_current_size", 0)), int(fields.get("aof_base_size", 0))
    return AofFile(size, base, time.time() - _written_at(data)), commands


async def fields_of(link: RedisConnection) -> tuple[dict[str, str], int]:
    """Return the fields of INFO, and how many commands the server has done."""
    text = (await link.call("INFO", "stats") + await link.call("INFO", "persistence")).decode()
    fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    return fields, int(fields["total_commands_processed"])


def _written_at(data: Path) -> float:
    """Return when the last rewrite was, s since the epoch; now, if that cannot be read."""
    with suppress(OSError):
        return max((base.stat().st_mtime for base in data.glob("appendonlydir/*.base.*")), default=time.time())
    return time.time()
