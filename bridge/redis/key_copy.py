"""A consortium's keys as plain values, so that a backup can be read by any Redis or Valkey, whichever wrote it.

All keys are read by one script: nothing is written between the first and the last, so position, log, deliveries and snapshot belong
together. Redis does nothing else meanwhile. What names processes that run now (leases, heartbeats) is left out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Literal

import msgspec

from bridge.redis.connection import Argument
from bridge.redis.keys import Keys

Command = Callable[..., Awaitable[Any]]
Kind = Literal["string", "hash", "set", "zset", "list", "stream"]

AT_ONCE = 500  # commands, or fields of one command

_READ = """
local found, cursor = {}, '0'
repeat
  local page = redis.call('SCAN', cursor, 'MATCH', ARGV[1], 'COUNT', 10000)
  cursor = page[1]
  for _, key in ipairs(page[2]) do found[key] = true end
until cursor == '0'
local copies = {}
for key in pairs(found) do
  local kind = redis.call('TYPE', key).ok
  local held, tail = {}, {}
  if kind == 'string' then held = { redis.call('GET', key) }
  elseif kind == 'hash' then held = redis.call('HGETALL', key)
  elseif kind == 'set' then held = redis.call('SMEMBERS', key)
  elseif kind == 'zset' then held = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
  elseif kind == 'list' then held = redis.call('LRANGE', key, 0, -1)
  elseif kind == 'stream' then
    held = redis.call('XRANGE', key, '-', '+')
    tail = redis.call('XINFO', 'STREAM', key)
    for i = #tail, 1, -1 do if type(tail[i]) == 'table' or type(tail[i]) == 'boolean' then tail[i] = '' end end
  end
  copies[#copies + 1] = { key, kind, redis.call('PTTL', key), held, tail }
end
return copies
"""


class KeyCopy(msgspec.Struct, frozen=True, array_like=True):
    """One key: its name without the consortium's prefix, what it holds, and the ms that it lives on (0 = for ever).

    `held` is as Redis returns it: pairs in a row for hashes and sorted sets, [id, [field, value, …]] for streams. `last` is the
    id of the last entry that a stream ever had, `added` how many it had.
    """

    name: str
    kind: Kind
    held: list[Any]
    ttl_ms: int = 0
    last: str = ""
    added: int = 0


async def read_keys(command: Command, keys: Keys) -> list[KeyCopy]:
    """Return all that a consortium keeps, as of one moment."""
    reply = await command("EVAL", _READ, 1, keys.head, keys.prefix + "*")
    copies = [_copy(row, keys.prefix) for row in reply]
    running = {keys.lease, keys.live, keys.barrier, keys.holders, keys.processes, keys.snapshot_next}
    return [
        one
        for one in sorted(copies, key=lambda one: one.name)
        if keys.prefix + one.name not in running and not one.name.startswith("lease:")
    ]


def _copy(row: list[Any], prefix: str) -> KeyCopy:
    name, kind, ttl, held, tail = row
    facts = dict(zip(tail[::2], tail[1::2], strict=True))
    return KeyCopy(
        name=name.decode().removeprefix(prefix),
        kind=kind.decode(),
        held=held,
        ttl_ms=max(0, ttl),
        last=facts.get(b"last-generated-id", b"").decode(),
        added=int(facts.get(b"entries-added", 0)),
    )


async def is_empty(command: Command, keys: Keys) -> bool:
    """Whether nothing is kept of a consortium."""
    reply = await command("EVAL", _READ, 1, keys.head, keys.prefix + "*")
    return not any(row[0].decode() != keys.barrier for row in reply)


async def write_keys(command: Command, keys: Keys, copies: Iterable[KeyCopy]) -> None:
    """Write keys that do not exist. Each write is as durable as any other of this server."""
    calls = (call for one in copies for call in _calls(keys.prefix + one.name, one))
    while portion := list(islice(calls, AT_ONCE)):
        await asyncio.gather(*(command(*call, again=False) for call in portion))
    await command("SET", keys.barrier, "1", proven=True)


def _calls(key: str, one: KeyCopy) -> Iterator[Sequence[Argument]]:
    match one.kind:
        case "string":
            yield ("SET", key, one.held[0])
        case "hash":
            yield from (("HSET", key, *part) for part in _parts(one.held))
        case "set":
            yield from (("SADD", key, *part) for part in _parts(one.held))
        case "zset":
            scored = [part for pair in zip(one.held[1::2], one.held[::2], strict=True) for part in pair]
            yield from (("ZADD", key, *part) for part in _parts(scored))
        case "list":
            yield from (("RPUSH", key, *part) for part in _parts(one.held))
        case "stream":
            if not one.held:  # a stream without entries still knows its last id
                yield ("XADD", key, "0-1", "x", "x")
                yield ("XDEL", key, "0-1")
            yield from (("XADD", key, id, *fields) for id, fields in one.held)
            yield ("XSETID", key, one.last, "ENTRIESADDED", max(one.added, len(one.held)), "MAXDELETEDID", "0-0")
    if one.ttl_ms:
        yield ("PEXPIRE", key, one.ttl_ms)


def _parts(flat: list[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(flat), AT_ONCE):
        yield flat[start : start + AT_ONCE]
