"""When the private Redis writes its append-only file anew: while nobody talks, and once a day in any case.

The file tells all that was ever written and is written anew from what is in memory. Redis does that as soon as the file is twice
as long as the last time. On a busy day that is in the busiest hour: the disk is then shared, each answer waits for its fsync,
and the median time to a librarian's screen went from 2 to 11 ms. In a small library it may not happen for years, and what
was deleted since lies in the file as long. So Redis alone does it only when the file is large (`LARGE`), and we ask for it
as soon as a calm moment comes once it is worth it, and when the last time was a day ago.
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
WORTH_IT = 64 << 20  # bytes, and twice what it was: below that nothing is gained
OLD_S = 86_400.0  # since when what was deleted may lie in it
CALM = 100.0  # commands a second; a desk at rest makes about ten
LOOK_S = 10.0


class AofFile(NamedTuple):
    """The append-only file: bytes now and after it was last written anew, how long ago that was (s)."""

    size: int
    base: int
    age_s: float


def due(file: AofFile, commands_a_second: float) -> bool:
    """Say whether the file is to be written anew now."""
    if file.age_s > OLD_S:
        return True
    return commands_a_second < CALM and file.size >= WORTH_IT and file.size >= 2 * file.base


async def compact(url: str, data: Path, *, every_s: float = LOOK_S) -> None:
    """Look now and every `every_s` seconds, until cancelled; a server that is away is waited for. Its files lie in `data`."""
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
    commands, at = (await told(link))[1], time.monotonic()
    while True:
        file, total = await look(link, data)
        now = time.monotonic()
        if due(file, (total - commands) / max(now - at, every_s)):
            await link.call("BGREWRITEAOF")
        commands, at = total, now
        await asyncio.sleep(every_s)


async def look(link: RedisConnection, data: Path) -> tuple[AofFile, int]:
    """Return how the file is, and how many commands the server has done."""
    fields, commands = await told(link)
    size, base = int(fields.get("aof_current_size", 0)), int(fields.get("aof_base_size", 0))
    return AofFile(size, base, time.time() - _written_at(data)), commands


async def told(link: RedisConnection) -> tuple[dict[str, str], int]:
    """Return what the server tells of itself, and how many commands it has done."""
    text = (await link.call("INFO", "stats") + await link.call("INFO", "persistence")).decode()
    fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    return fields, int(fields["total_commands_processed"])


def _written_at(data: Path) -> float:
    """Return when the file was last begun anew, s since the epoch; now, if that cannot be seen."""
    with suppress(OSError):
        return max((base.stat().st_mtime for base in data.glob("appendonlydir/*.base.*")), default=time.time())
    return time.time()
