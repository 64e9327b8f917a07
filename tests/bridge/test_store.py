"""What the store promises, on every server that is here: taken in once, committed once, settled once, and nothing in between."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator

import pytest

from bridge.redis.entries import PACK, OutEntry
from bridge.redis.store import Fenced, Full, Stale, Store, StoreError, StoreUnavailable
from tests.peers.redis import RedisServer

TTL = 3_600_000


async def lead(store: Store, token: str = "core") -> None:
    assert await store.take(token, TTL)


def key(store: Store, name: str) -> str:
    return store.keys.prefix + name


# ---- taking in


async def test_a_source_key_is_taken_in_once(store: Store) -> None:
    assert await store.ingest([("a", b"1"), ("b", b"2")]) == [True, True]
    assert await store.ingest([("b", b"2"), ("c", b"3")]) == [False, True]
    entries = await store.read_inputs("0-0", count=10)
    assert [entry.payloads for entry in entries] == [[b"1", b"2"], [b"3"]]


async def test_a_source_key_counts_once_within_a_batch_and_none_counts_always(store: Store) -> None:
    assert await store.ingest([("a", b"1"), ("a", b"2"), ("", b"3"), ("", b"3")]) == [True, False, True, True]
    (entry,) = await store.read_inputs("0-0", count=10)
    assert entry.payloads == [b"1", b"3", b"3"]


async def test_a_batch_of_duplicates_writes_no_entry(store: Store) -> None:
    await store.ingest([("a", b"1")])
    assert await store.ingest([("a", b"1")] * 3) == [False] * 3
    assert len(await store.read_inputs("0-0", count=10)) == 1


@pytest.mark.parametrize("size", [0, 1, 31, 255, 256, 65_535, 65_536, 300_000])
async def test_payloads_of_any_size_survive_the_sieve(store: Store, size: int) -> None:
    await store.ingest([("seen", b"")])
    payload = bytes(range(256)) * (size // 256 + 1)
    assert await store.ingest([("seen", b"x"), ("new", payload[:size]), ("seen", b"y")]) == [False, True, False]
    assert (await store.read_inputs("0-0", count=10))[-1].payloads == [payload[:size]]


@pytest.mark.parametrize("many", [15, 16, 1_000, 2_500])
async def test_large_batches_keep_their_order(store: Store, many: int) -> None:
    await store.ingest([("key 7", b"7")])
    verdict = await store.ingest([(f"key {n}", b"%d" % n) for n in range(many)])
    assert verdict == [n != 7 for n in range(many)]
    _, entry = await store.read_inputs("0-0", count=10)
    assert entry.payloads == [b"%d" % n for n in range(many) if n != 7]


async def test_cursors_are_saved_with_the_batch_also_when_it_was_seen(store: Store) -> None:
    assert await store.cursor("mail") == {}
    await store.ingest([("a", b"1")], {"mail": {"INBOX": "7:1"}, "sms": {"since": "Monday"}})
    await store.ingest([("a", b"1")], {"mail": {"INBOX": "7:2", "Junk": "1:1"}})
    assert await store.cursor("mail") == {"INBOX": "7:2", "Junk": "1:1"}
    assert await store.cursor("sms") == {"since": "Monday"}


async def test_cursors_alone_can_be_saved(store: Store) -> None:
    assert await store.ingest([], {"mail": {"INBOX": "7:9"}}) == []
    assert await store.cursor("mail") == {"INBOX": "7:9"}
    assert await store.read_inputs("0-0", count=10) == []


async def test_the_entry_says_when(store: Store) -> None:
    before = await store.now()
    await store.ingest([("a", b"1")])
    (entry,) = await store.read_inputs("0-0", count=1)
    assert before <= entry.at <= await store.now()
    assert entry.id.startswith(f"{entry.at}-")


async def test_what_the_core_prompts_is_dated_when_it_says_or_later(store: Store) -> None:
    ahead = await store.now() + 3_600_000
    await store.prompt(b"an hour ahead", ahead)
    await store.ingest([("a", b"1")])
    await store.prompt(b"later", ahead + 5)
    await store.prompt(b"no date", 0)
    await store.prompt(b"long past", ahead - 5)
    entries = await store.read_inputs("0-0", count=10)
    assert [entry.at - ahead for entry in entries] == [0, 0, 5, 5, 5]
    assert [entry.payloads for entry in entries] == [
        [b"an hour ahead"],
        [b"1"],
        [b"later"],
        [b"no date"],
        [b"long past"],
    ]


async def test_a_prompt_for_now_is_dated_by_the_clock(store: Store) -> None:
    before = await store.now()
    await store.prompt(b"x", before)
    (entry,) = await store.read_inputs("0-0", count=1)
    assert before <= entry.at <= await store.now()


async def test_source_keys_are_forgotten_after_a_week_at_least(store: Store, redis_server: RedisServer) -> None:
    week = await store.now() // (7 * 24 * 3600 * 1000)
    present, before = store.keys.seen[week % 2], store.keys.seen[(week + 1) % 2]
    redis_server.admin("SADD", present, f":{week - 2}", "a fortnight ago")
    redis_server.admin("SADD", before, f":{week - 1}", "last week")
    assert await store.ingest([("last week", b""), ("a fortnight ago", b"")]) == [False, True]
    assert await store.ingest([("last week", b""), ("a fortnight ago", b"")]) == [False, False]


async def test_after_a_long_rest_nothing_old_is_remembered(store: Store, redis_server: RedisServer) -> None:
    week = await store.now() // (7 * 24 * 3600 * 1000)
    for seen, when in ((store.keys.seen[week % 2], week - 4), (store.keys.seen[(week + 1) % 2], week - 3)):
        redis_server.admin("SADD", seen, f":{when}", "old")
    assert await store.ingest([("old", b"")]) == [True]
    assert await store.ingest([("old", b"")]) == [False]


# ---- commit


async def test_a_commit_is_one_log_entry_with_its_deliveries(store: Store) -> None:
    await lead(store)
    await store.commit("core", "e1", 1, "5-0", b"steps", [("web", b"a"), ("sms", b"b"), ("web", b"c")], [b"bad"])
    (entry,) = await store.read_log(0, count=10)
    assert (entry.epoch, entry.seq, entry.last_input, entry.steps) == ("e1", 1, "5-0", b"steps")
    assert await store.read_fanout("web", "0-0", count=10) == [OutEntry("1-0", b"a"), OutEntry("1-1", b"c")]
    assert await store.read_fanout("sms", "0-0", count=10) == [OutEntry("1-0", b"b")]
    head = await store.head()
    assert (head.seq, head.epoch, head.last_input) == (1, "e1", "5-0")


async def test_faulted_inputs_are_kept_aside(store: Store, redis_server: RedisServer) -> None:
    await lead(store)
    await store.commit("core", "e1", 1, "5-0", b"", [], [b"poison"])
    ((_, fields),) = redis_server.admin("XRANGE", store.keys.dead, "-", "+")
    assert fields[:2] == [b"seq", b"1"]
    assert fields[3].endswith(b"poison")


async def test_faulted_inputs_go_by_their_age(store: Store, redis_server: RedisServer) -> None:
    await store.take("token", 60_000)
    for seq in (1, 2):
        await store.commit("token", "e", seq, f"{seq}-0", b"steps", [], [b"rubbish"])
    (first, _), (second, _) = redis_server.admin("XRANGE", store.keys.dead, "-", "+")
    redis_server.admin("XDEL", store.keys.dead, second)
    at = int(first.partition(b"-")[0])
    assert await store.trim_dead(at) == 0
    assert await store.trim_dead(at + 1) == 1
    assert redis_server.admin("XLEN", store.keys.dead) == 0


@pytest.mark.parametrize("token", ["", "other"])
async def test_without_the_lease_nothing_is_committed(store: Store, token: str) -> None:
    if token:
        await lead(store, token)
    with pytest.raises(Fenced):
        await store.commit("core", "e1", 1, "5-0", b"", [("web", b"a")])
    assert (await store.head()).seq == 0
    assert await store.read_fanout("web", "0-0", count=10) == []


@pytest.mark.parametrize("seq", [1, 3, 0, 7])
async def test_a_commit_that_does_not_follow_the_log_is_stale(store: Store, seq: int) -> None:
    await lead(store)
    await store.commit("core", "e1", 1, "5-0", b"first", [("web", b"a")])
    with pytest.raises(Stale):
        await store.commit("core", "e2", seq, "6-0", b"second", [("web", b"b")])
    assert [entry.steps for entry in await store.read_log(0, count=10)] == [b"first"]
    assert await store.read_fanout("web", "1-0", count=10) == []


async def test_the_log_is_followed_past_what_was_trimmed(store: Store) -> None:
    await lead(store)
    for seq in range(1, 6):
        await store.commit("core", "e1", seq, f"{seq}-0", b"%d" % seq)
    await store.trim_log(4)
    assert await store.log_range() == (4, 5)
    await store.trim_log(9)
    assert await store.log_range() == (6, 5)
    with pytest.raises(Stale):
        await store.commit("core", "e1", 1, "1-0", b"again")
    await store.commit("core", "e1", 6, "6-0", b"6")
    assert await store.log_range() == (6, 6)


async def test_a_reader_that_waits_is_woken(store: Store) -> None:
    await lead(store)
    reading = asyncio.create_task(store.read_log(0, count=10, block_ms=30_000))
    taking = asyncio.create_task(store.read_inputs("0-0", count=10, block_ms=30_000))
    await store.ingest([("a", b"1")])
    await store.commit("core", "e1", 1, "5-0", b"steps")
    assert [entry.seq for entry in await reading] == [1]
    assert [entry.payloads for entry in await taking] == [[b"1"]]


async def test_a_reader_that_is_cancelled_leaves_no_reply_to_the_next(store: Store) -> None:
    reading = asyncio.create_task(store.read_inputs("0-0", count=10, block_ms=30_000))
    await store.read_inputs("0-0", count=1, block_ms=1)
    reading.cancel()
    await asyncio.wait([reading])
    await store.ingest([("a", b"1")])
    assert await store.read_log(0, count=10, block_ms=1) == []
    assert [entry.payloads for entry in await store.read_inputs("0-0", count=10, block_ms=1)] == [[b"1"]]


# ---- deliveries


async def out(store: Store, channel: str, many: int, seq: int = 1) -> list[OutEntry]:
    """Commit `many` deliveries as entry `seq` and return them."""
    await lead(store)
    deliveries = [(channel, b"%d/%d" % (seq, n)) for n in range(many)]
    await store.commit("core", "e1", seq, f"{seq}-0", b"", deliveries)
    return [OutEntry(f"{seq}-{n}", payload) for n, (_, payload) in enumerate(deliveries)]


def ends(entries: list[OutEntry], receipt: bytes = b"sent") -> list[tuple[str, str, bytes]]:
    return [(entry.id, f"delivery {entry.id}", receipt) for entry in entries]


@pytest.mark.parametrize("many", [1, PACK - 1, PACK, PACK + 1, 5 * PACK + 3])
async def test_a_drain_gets_every_delivery_once_and_in_order(store: Store, many: int) -> None:
    entries = await out(store, "sms", many) + await out(store, "sms", 2, seq=2)
    await store.open_group("sms")
    got = []
    while more := await store.read_out("sms", count=1):
        got += more
    assert got == entries


@pytest.mark.parametrize("many", [1, PACK, PACK + 1, 3 * PACK])
async def test_what_is_settled_is_gone_and_its_receipt_is_in(
    store: Store, redis_server: RedisServer, many: int
) -> None:
    entries = await out(store, "sms", many)
    assert await store.pending("sms") == entries
    assert await store.settle("sms", ends(entries)) == [True] * many
    assert await store.pending("sms") == []
    assert redis_server.admin("EXISTS", store.keys.left("sms")) == 0
    assert redis_server.admin("XLEN", store.keys.out("sms")) == 0
    (receipts,) = await store.read_inputs("0-0", count=10)
    assert receipts.payloads == [b"sent"] * many


async def test_a_delivery_is_settled_once(store: Store) -> None:
    first, second, third = entries = await out(store, "sms", 3)
    assert await store.settle("sms", ends([second])) == [True]
    assert await store.settle("sms", ends([first, second, second])) == [True, False, False]
    assert await store.pending("sms") == [third]
    assert await store.settle("sms", ends([third])) == [True]
    assert await store.settle("sms", ends(entries, b"again")) == [False] * 3
    payloads = [payload for entry in await store.read_inputs("0-0", count=10) for payload in entry.payloads]
    assert payloads == [b"sent"] * 3


async def test_a_drain_begins_again_with_what_is_not_settled(store: Store) -> None:
    entries = await out(store, "sms", PACK + 5)
    await store.read_out("sms", count=10)
    await store.settle("sms", ends(entries[1::2]))
    await store.open_group("sms")
    assert await store.pending("sms") == entries[0::2]
    assert await store.read_out("sms", count=10) == []
    later = await out(store, "sms", 2, seq=2)
    assert await store.read_out("sms", count=10) == later


async def test_an_attempt_is_remembered_until_the_delivery_is_settled(store: Store) -> None:
    first, second = entries = await out(store, "sms", 2)
    assert await store.take("drain", TTL, channel="sms")
    await store.attempt("sms", "drain", f"delivery {first.id}", 0)
    await store.attempt("sms", "drain", f"delivery {second.id}", 0)
    await store.attempt("sms", "drain", f"delivery {second.id}", 1)
    assert await store.attempts("sms") == {f"delivery {first.id}": 0, f"delivery {second.id}": 1}
    await store.settle("sms", ends(entries[:1]))
    assert await store.attempts("sms") == {f"delivery {second.id}": 1}


async def test_only_the_holder_of_the_channel_attempts(store: Store) -> None:
    assert await store.take("one", TTL, channel="sms")
    with pytest.raises(Fenced):
        await store.attempt("sms", "two", "delivery", 0)
    with pytest.raises(Fenced):
        await store.attempt("mail", "one", "delivery", 0)
    assert await store.attempts("sms") == {}


async def test_fan_out_readers_go_on_from_any_delivery(store: Store) -> None:
    entries = await out(store, "web", 2 * PACK + 3) + await out(store, "web", 4, seq=2)
    for place in (0, PACK - 1, PACK, 2 * PACK + 2, 2 * PACK + 3):
        assert await store.read_fanout("web", entries[place].id, count=10) == entries[place + 1 :]
    assert await store.fanout_tail("web") == entries[-1].id
    assert await store.read_fanout("web", entries[-1].id, count=10) == []


async def test_old_fan_out_deliveries_are_dropped_and_the_tail_stays(store: Store, redis_server: RedisServer) -> None:
    assert await store.fanout_tail("web") == "0-0"
    await out(store, "web", PACK + 1)
    kept = await out(store, "web", 2, seq=2)
    await store.trim_out("web", 2)
    assert await store.read_fanout("web", "0-0", count=10) == kept
    assert redis_server.admin("HLEN", store.keys.left("web")) == 1
    await store.trim_out("web", 3)
    assert redis_server.admin("EXISTS", store.keys.left("web")) == 0
    assert await store.fanout_tail("web") == kept[-1].id


# ---- leases and processes


async def test_one_holds_the_lease_until_it_runs_out_or_is_let_go(store: Store) -> None:
    assert await store.take("one", TTL)
    assert await store.take("one", TTL)
    assert not await store.take("two", TTL)
    await store.release("two")
    assert not await store.take("two", TTL)
    await store.release("one")
    assert await store.take("two", 1)
    deadline = asyncio.get_running_loop().time() + 20
    while not await store.take("three", TTL):
        assert asyncio.get_running_loop().time() < deadline
    with pytest.raises(Fenced):
        await store.renew("two", TTL)
    await store.renew("three", TTL)


async def test_force_takes_the_lease_from_the_dead(store: Store) -> None:
    await lead(store, "dead")
    assert await store.take("alive", TTL, force=True)
    with pytest.raises(Fenced):
        await store.commit("dead", "e", 1, "1-0", b"")


async def test_a_channel_has_a_lease_of_its_own(store: Store) -> None:
    assert await store.take("one", TTL)
    assert await store.take("two", TTL, channel="sms")
    assert not await store.take("one", TTL, channel="sms")
    assert await store.take("one", TTL, channel="mail")


async def test_a_process_that_stops_telling_is_silent_until_forgotten(store: Store) -> None:
    await store.beat("steady", TTL)
    await store.beat("brief", 1)
    deadline = asyncio.get_running_loop().time() + 20
    while await store.roll_call() != ({"steady"}, {"brief"}):
        assert asyncio.get_running_loop().time() < deadline
    assert await store.living() == {"steady"}
    await store.forget("brief")
    assert await store.roll_call() == ({"steady"}, set())


async def test_a_process_that_is_heard_of_again_before_it_is_forgotten_stays_on_the_roll(store: Store) -> None:
    await store.beat("back", 1)
    async with asyncio.timeout(20):
        while (await store.roll_call())[1] != {"back"}:
            await asyncio.sleep(0.001)
    await store.beat("back", TTL)
    await store.forget("back")
    await store.forget("nobody")
    assert await store.roll_call() == ({"back"}, set())


# ---- snapshots


async def test_two_snapshots_are_kept(store: Store) -> None:
    await lead(store)
    assert await store.read_snapshot() == []
    for seq in (1, 2, 3):
        await store.write_snapshot("core", seq, [b"head", b"%d" % seq] * 20)
    assert await store.read_snapshot() == [b"head", b"3"] * 20
    assert await store.read_snapshot(before=True) == [b"head", b"2"] * 20


async def test_an_older_snapshot_does_not_replace_a_newer(store: Store) -> None:
    await lead(store)
    await store.write_snapshot("core", 5, [b"five"])
    with pytest.raises(Stale):
        await store.write_snapshot("core", 4, [b"four"])
    assert await store.read_snapshot() == [b"five"]


async def test_who_lost_the_lease_writes_no_snapshot(store: Store) -> None:
    await lead(store, "new")
    with pytest.raises(Fenced):
        await store.write_snapshot("old", 1, [b"x"])
    assert await store.read_snapshot() == []


async def test_a_snapshot_cut_short_leaves_the_one_that_stood(store: Store) -> None:
    await lead(store)
    await store.write_snapshot("core", 1, [b"whole"])

    def plug_is_pulled() -> Iterator[bytes]:
        yield b"half"
        raise InterruptedError

    with pytest.raises(InterruptedError):
        await store.write_snapshot("core", 2, plug_is_pulled())
    assert await store.read_snapshot() == [b"whole"]
    await store.write_snapshot("core", 2, [b"two"])
    assert await store.read_snapshot() == [b"two"]


# ---- signals


async def test_signals_reach_who_listens(store: Store) -> None:
    heard: asyncio.Queue[bytes] = asyncio.Queue()

    async def listen() -> None:
        async for signal in store.subscribe():
            heard.put_nowait(signal)

    listening = asyncio.create_task(listen())
    async with asyncio.timeout(20):
        while heard.empty():
            await store.publish(b"typing")
            await asyncio.sleep(0.01)
    assert await heard.get() == b"typing"
    listening.cancel()
    await asyncio.wait([listening])


# ---- what is refused


async def test_a_server_that_lost_the_functions_gets_them_again(store: Store, redis_server: RedisServer) -> None:
    redis_server.admin("FUNCTION", "FLUSH")
    assert await store.ingest([("a", b"1")]) == [True]
    redis_server.admin("FUNCTION", "FLUSH")
    await lead(store)
    redis_server.admin("FUNCTION", "FLUSH")
    await store.commit("core", "e", 1, "1-0", b"")
    assert (await store.head()).seq == 1


async def test_a_key_of_another_kind_is_an_error_that_says_so(store: Store, redis_server: RedisServer) -> None:
    redis_server.admin("SET", store.keys.inputs, "a string")
    with pytest.raises(StoreError, match="WRONGTYPE"):
        await store.ingest([("a", b"1")])


async def forever(call: Callable[[], Awaitable[object]]) -> None:
    async with asyncio.timeout(20):
        while True:
            await call()


async def test_nothing_is_taken_in_above_the_share_of_memory(store: Store, redis_server: RedisServer) -> None:
    await lead(store)
    used = int(redis_server.admin("INFO", "memory").split(b"used_memory:")[1].split(b"\r\n")[0])
    redis_server.admin("CONFIG", "SET", "maxmemory", str(used + 200_000))
    try:
        await store.commit("core", "e", 1, "1-0", b"steps", [("sms", b"hello")])
        with pytest.raises(Full):
            await forever(lambda: store.ingest([("", b"x" * 10_000)]))
        redis_server.admin("CONFIG", "SET", "maxmemory", "1")
        await store.commit("core", "e", 2, "2-0", b"steps", [("sms", b"hello")])
        await store.prompt(b"a tick, or the core's own start")
        assert await store.settle("sms", ends(await store.pending("sms"))) == [True, True]
        await store.write_snapshot("core", 2, [b"state"])
    finally:
        redis_server.admin("CONFIG", "SET", "maxmemory", "0")
    async with asyncio.timeout(20):
        while True:
            try:
                assert await store.ingest([("again", b"x")]) == [True]
                break
            except Full:
                await asyncio.sleep(0.02)


async def test_a_closed_store_says_so(redis_server: RedisServer) -> None:
    store = await Store.open(redis_server.url, "closing")
    reading = asyncio.create_task(store.read_inputs("0-0", count=1, block_ms=30_000))
    await store.read_inputs("0-0", count=1, block_ms=1)
    await store.close()
    with pytest.raises(StoreUnavailable):
        await store.ingest([("a", b"1")])
    reading.cancel()
    await asyncio.wait([reading])


@pytest.mark.parametrize("url", ["http://127.0.0.1", "redis", "", "unix"])
async def test_a_url_that_is_none_is_told(url: str) -> None:
    with pytest.raises(ValueError, match="not a Redis url"):
        await Store.open(url, "main")


@pytest.mark.parametrize("name", ["", "a{b", "a b", "a:b"])
async def test_a_name_that_cannot_be_a_consortium_is_told(redis_server: RedisServer, name: str) -> None:
    with pytest.raises(ValueError, match="consortium"):
        await Store.open(redis_server.url, name)


async def test_nobody_there_is_unavailable(redis_server: RedisServer) -> None:
    with pytest.raises(StoreUnavailable):
        await Store.open(f"unix://{redis_server.folder}/nobody.sock", "main")
