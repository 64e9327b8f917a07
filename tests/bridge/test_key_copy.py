"""A consortium's keys as plain values: whatever they are, another server gets the same, and nothing is sent twice from there."""

from __future__ import annotations

import secrets

from bridge.redis.key_copy import KeyCopy
from bridge.redis.store import Store
from tests.peers.redis import RedisServer, servers

FILLED: tuple[tuple[str | bytes | int, ...], ...] = (
    ("SET", "head", "7:e1:5-1"),
    ("SET", "words", b"\x00\xff", "PX", 3_600_000),
    ("HSET", "cur:web", *(word for n in range(1_200) for word in (f"f{n}", n))),
    ("SADD", "seen:0", *(f"s{n}" for n in range(1_200))),
    ("ZADD", "revoked:web", 1700000000123, "one", 1700000000124, "two"),
    ("RPUSH", "snap", b"\x93\x01", "two", "three"),
    *(("XADD", "log", f"{n}-0", "s", b"\x81" * n, "e", "e1") for n in range(1, 8)),
    ("XDEL", "log", "1-0", "2-0"),
    ("XADD", "out:mail", "9-0", "b", "x"),
    ("XDEL", "out:mail", "9-0"),
)
RUNNING = (("SET", "lease", "me"), ("SET", "lease:mail", "me"), ("ZADD", "live", 1, "me"))


async def test_another_server_gets_the_same(redis_server: RedisServer, store: Store) -> None:
    for verb, name, *rest in (*FILLED, *RUNNING):
        redis_server.admin(verb, f"{store.keys.prefix}{name!s}", *rest)
    redis_server.admin("SET", "db:{another}:head", "1:x:1-1")
    copies = await store.copy_keys()
    assert {one.name for one in copies} == {str(words[1]) for words in FILLED}
    with RedisServer(servers()[0]) as server:
        fresh = await Store.open(server.url, store.keys.consortium)
        assert await fresh.is_empty()
        await fresh.paste_keys(copies)
        assert not await fresh.is_empty()
        assert [plain(one) for one in await fresh.copy_keys()] == [plain(one) for one in copies]
        assert await fresh.fanout_tail("mail") == "9-0"
        assert 0 < server.admin("PTTL", f"{store.keys.prefix}words") <= 3_600_000
        assert server.admin("XADD", f"{store.keys.prefix}log", "8-0", "a", "b") == b"8-0"
        await fresh.close()


def plain(one: KeyCopy) -> tuple[object, ...]:
    held = sorted(one.held) if one.kind == "set" else one.held
    pairs = dict(zip(held[::2], held[1::2], strict=True)) if one.kind == "hash" else held
    return one.name, one.kind, pairs, bool(one.ttl_ms), one.last, one.added


async def test_what_was_pending_is_in_doubt(redis_server: RedisServer, store: Store) -> None:
    token = secrets.token_hex(8)
    await store.take(token, 60_000)
    await store.take(token, 60_000, channel="mail")
    await store.commit(token, "e1", 1, "0-0", b"steps", [("mail", word) for word in (b"d1", b"d2", b"d3")])
    await store.attempt("mail", token, "d2", 1)
    await store.attempt("mail", token, "d3", 4)
    assert await store.doubt("mail", bytes.decode) == 3
    assert await store.attempts("mail") == {"d1": 1, "d2": 1, "d3": 5}
