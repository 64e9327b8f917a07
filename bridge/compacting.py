"""When the private Redis writes its append-only file anew: while nobody talks.

The file grows with every write and is written anew from what is in memory. Redis does that as soon as the file is twice as long
as the last time, which on a busy day is in the busiest hour; the disk is then shared, and each answer waits for its fsync: we
saw the median time to a librarian's screen go from 2 to 11 ms meanwhile. So Redis alone does it only when the file is large
(`LARGE`), and we ask for it earlier as soon as a calm moment comes.
"""

from __future__ import annotations

import asyncio
import time
from typing import NamedTuple

import hiredis

from bridge.link import Address, Link, LinkLost

LARGE = 512 << 20  # bytes: about five seconds of loading
WORTH_IT = 64 << 20  # bytes, and twice what it was: below that nothing is gained
CALM = 100.0  # commands a second; a desk at rest makes about ten
LOOK_S = 10.0


class File(NamedTuple):
    """What Redis says of its append-only file: bytes now and after it was last written anew, and commands so far."""

    size: int
    base: int
    commands: int


def due(file: File, commands_a_second: float) -> bool:
    """Say whether the file is to be written anew now."""
    return commands_a_second < CALM and file.size >= WORTH_IT and file.size >= 2 * file.base


def read(info: str) -> File:
    """Return what `INFO everything` says."""
    fields = dict(line.split(":", 1) for line in info.splitlines() if ":" in line)
    size, base = int(fields.get("aof_current_size", 0)), int(fields.get("aof_base_size", 0))
    return File(size, base, int(fields["total_commands_processed"]))


async def compact_when_calm(url: str, *, every_s: float = LOOK_S) -> None:
    """Look every `every_s` seconds, until cancelled; a server that is away is waited for."""
    while True:
        try:
            link = await Link.connect(Address.parse(url), patience=60, within=10)
            try:
                await _watch(link, every_s)
            finally:
                link.close()
        except (LinkLost, hiredis.ReplyError):
            await asyncio.sleep(every_s)


async def _watch(link: Link, every_s: float) -> None:
    before, at = await _look(link), time.monotonic()
    while True:
        await asyncio.sleep(every_s)
        found, now = await _look(link), time.monotonic()
        if due(found, (found.commands - before.commands) / (now - at)):
            await link.call("BGREWRITEAOF")
        before, at = found, now


async def _look(link: Link) -> File:
    stats = await link.call("INFO", "stats")
    return read((stats + await link.call("INFO", "persistence")).decode())
