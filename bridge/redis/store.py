"""One consortium's streams, its atomic calls (store.lua), and the barrier before anything counts as written.

Every change is one call of a Redis Function, a whole batch at a time. The functions' names end in the hash of store.lua. A server
that does not know them gets them loaded, and none is ever replaced, so old and new daemons can share one server.

client.py names the errors; each says whether anything may have been written.

**What may be repeated.** `ingest`, `settle`, `attempt` and all reads are idempotent and are tried once more on a fresh connection.
A `commit` never is: its reply may be lost after it succeeded, and a second try would answer Stale.

**Out streams.** A delivery's id is `<seq>-<n>`; n counts a channel's deliveries in a commit. Deliveries are packed, up to 64 in an
entry, which has the id of its last delivery. The hash `left:<channel>` holds a mark for each. `settle` turns the mark, and deletes
an entry when all of its marks are turned. So the stream holds exactly what is not settled, and there is no consumer group to keep
in step. A group's pending list costs three commands a delivery; this costs a few for a whole batch.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from bridge.redis.client import Calls, Fenced, Full, Stale, StoreError, StoreUnavailable
from bridge.redis.connection import Argument
from bridge.redis.entries import (
    PACK,
    DeadLetter,
    Head,
    InputEntry,
    LogEntry,
    OutEntry,
    Pulse,
    check_id,
    unpacked,
    unsettled,
)
from bridge.redis.holders import Holder
from bridge.redis.key_copy import KeyCopy, is_empty, read_keys, write_keys
from bridge.redis.keys import Keys

__all__ = [
    "DeadLetter",
    "Fenced",
    "Full",
    "Head",
    "InputEntry",
    "LogEntry",
    "OutEntry",
    "Pulse",
    "Stale",
    "Store",
    "StoreError",
    "StoreUnavailable",
]

SEEN_WINDOW_MS = 7 * 24 * 3600 * 1000  # at least; at most twice that
PARTS_UNDER_WAY = 4  # of a snapshot, so that their fsyncs are shared
MEMORY_SHARE = "0.8"  # of maxmemory; above it Redis takes nothing in

_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(list[bytes]).decode


def last_of(seq: int) -> str:
    """Return an id after every delivery of commit `seq` and before all of the next."""
    return f"{seq}-{(1 << 64) - 1}"


class Store:
    """One consortium in one Redis. Safe for many tasks of one event loop."""

    def __init__(self, url: str, consortium: str, *, replicas: int = 0, patience: float = 10.0) -> None:
        """Keep the arguments; `open` connects.

        `replicas` servers must have a write before it counts as written (external Redis). `patience` is how long (s) the server may
        stay silent before it counts as away.
        """
        self.keys = Keys(consortium)
        self.url = url
        self._calls = Calls(url, barrier_key=self.keys.barrier, replicas=replicas, patience=patience)
        self._command, self._function, self._read = self._calls.command, self._calls.function, self._calls.read
        self.barrier = self._calls.barrier
        self._drained: dict[str, str] = {}
        self.refuses = ""  # why nothing is taken in now, although the server would

    @classmethod
    async def open(cls, url: str, consortium: str, *, replicas: int = 0, patience: float = 10.0) -> Store:
        """Connect and load the functions. Raises StoreUnavailable, or ValueError for a url or name that is not valid."""
        store = cls(url, consortium, replicas=replicas, patience=patience)
        try:
            await store._calls.open()
        except BaseException:
            await store.close()
            raise
        return store

    async def close(self) -> None:
        """Drop all connections. Callers still waiting get StoreUnavailable."""
        await self._calls.close()

    async def settings(self) -> dict[str, str]:
        """Return the server's facts on persistence, memory and replicas, by INFO's names. Raises StoreError."""
        told = [await self._command("INFO", section) for section in ("persistence", "memory", "replication")]
        lines = (line.partition(":") for line in b"\r\n".join(told).decode("utf-8", "replace").splitlines())
        return {name: value for name, colon, value in lines if colon}

    async def fsync(self) -> str:
        """Return the server's `appendfsync`, "" where it does not tell us."""
        try:
            found = await self._command("CONFIG", "GET", "appendfsync")
        except StoreError:
            return ""
        return found[1].decode() if found else ""

    async def server_version(self) -> str:
        """Return the name and version of the server."""
        told = (await self._command("INFO", "server")).decode("utf-8", "replace")
        facts = dict(line.split(":", 1) for line in told.splitlines() if ":" in line)
        valkey = facts.get("valkey_version", "")
        return f"Valkey {valkey}" if valkey else f"Redis {facts.get('redis_version', '')}"

    async def takes_in(self, within: float) -> None:
        """Return when Redis answers and takes inputs. Raises StoreError, after `within` seconds at the latest.

        All callers leave a server that does not answer at once. A read-only server takes nothing in, nor does one without room.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        await self._calls.ping(within)
        try:
            async with asyncio.timeout(max(0.5, within - (loop.time() - began))):
                await self.ingest([])
        except TimeoutError:
            raise StoreUnavailable("Redis does not take anything in") from None

    # ---- taking in

    async def ingest(
        self, inputs: Sequence[tuple[str, bytes]], cursors: Mapping[str, Mapping[str, str]] | None = None
    ) -> list[bool]:
        """Append (source key, payload) pairs as one `in` entry and save the channels' cursors, in one step.

        Returns when all is durable, duplicates too: True for each that was new, False when its source key was seen within
        SEEN_WINDOW_MS ("" = always new). Raises Full or StoreUnavailable: acknowledge nothing then. May be repeated.
        """
        if self.refuses:
            raise Full(self.refuses)
        sources = _pack([source for source, _ in inputs])
        payloads = _pack([payload for _, payload in inputs])
        keys = [self.keys.inputs, *self.keys.seen]
        fields = []
        for channel, cursor in (cursors or {}).items():
            if cursor:
                keys.append(self.keys.cursor(channel))
                fields.append(_pack([part for pair in cursor.items() for part in pair]))
        reply = await self._function("ingest", keys, sources, payloads, MEMORY_SHARE, *fields, proven=True)
        return _verdict(reply, len(inputs))

    async def cursor(self, channel: str) -> dict[str, str]:
        """Return what `ingest` saved for a channel, {} when nothing was."""
        flat = await self._command("HGETALL", self.keys.cursor(channel))
        return {flat[i].decode(): flat[i + 1].decode() for i in range(0, len(flat), 2)}

    # ---- what a channel has revoked

    async def revoke(self, channel: str, names: Sequence[str], keep_ms: int) -> None:
        """Remember, durably, that `names` are revoked; drop those that were revoked longer than `keep_ms` ago."""
        at = await self.now()
        key = self.keys.revoked(channel)
        await self._command("ZREMRANGEBYSCORE", key, "-inf", at - keep_ms)
        await self._command("ZADD", key, "NX", *(part for name in names for part in (at, name)), proven=True)

    async def is_revoked(self, channel: str, name: str) -> bool:
        """Say whether a name was revoked, by any process."""
        return await self._command("ZSCORE", self.keys.revoked(channel), name) is not None

    async def revoked_since(self, channel: str, at: int) -> list[str]:
        """Return the names that were revoked at `at` (ms of `now`) or later."""
        rows = await self._command("ZRANGEBYSCORE", self.keys.revoked(channel), at, "+inf")
        return [row.decode() for row in rows]

    # ---- what a channel remembers (bridge/channels/memory.py knows the rules)

    async def remember(
        self, channel: str, kind: str, rows: Sequence[tuple[str, bytes, int]], *, most: int, keep_ms: int, refuse: bool
    ) -> None:
        """Write rows (key, value, ms; 0 = now) durably, unless a later one is there, and drop those that are too old or too many.

        Raises Full, with nothing written, where more than `most` are to be refused. May be repeated.
        """
        args = [part for row in rows for part in row]
        keys = self.keys.remembered(channel, kind)
        await self._function("remember", keys, most, keep_ms, int(refuse), *args, proven=True)

    async def remembered(
        self, channel: str, kind: str, *, keep_ms: int, passing: int, count: int
    ) -> tuple[list[tuple[str, bytes, int]], bool]:
        """Return up to `count` rows, newest first, after passing over so many, and whether there may be more."""
        keys = self.keys.remembered(channel, kind)
        more, *flat = await self._function("remembered", keys, keep_ms, passing, count)
        return _rows(flat), bool(more)

    async def recall(
        self, channel: str, kind: str, names: Sequence[str], *, keep_ms: int
    ) -> list[tuple[str, bytes, int]]:
        """Return the rows of these keys that are there."""
        return _rows(await self._function("recall", self.keys.remembered(channel, kind), keep_ms, *names))

    async def unremember(self, channel: str, kind: str, names: Sequence[str]) -> None:
        """Drop rows, durably."""
        await self._function("unremember", self.keys.remembered(channel, kind), *names, proven=True)

    async def count_remembered(self, channel: str, kind: str) -> int:
        """Return how many rows of a kind a channel has."""
        return int(await self._command("HLEN", self.keys.remembered(channel, kind)[0]))

    # ---- the core's loop

    async def read_inputs(self, after: str, *, count: int, block_ms: int = 0) -> list[InputEntry]:
        """Return up to `count` batches after the id `after` ("0-0" = from the start), waiting up to `block_ms` for the first."""
        rows = await self._read(self.keys.inputs, after, count, block_ms)
        return [InputEntry(id.decode(), int(id.partition(b"-")[0]), _unpack(fields[1])) for id, fields in rows]

    async def commit(
        self,
        token: str,
        epoch: str,
        seq: int,
        last_input: str,
        steps: bytes,
        deliveries: Sequence[tuple[str, bytes]] = (),
        faulted: Sequence[bytes] = (),
    ) -> None:
        """Write log entry `seq`, its deliveries (channel, payload) and its faulted inputs in one step.

        Raises Fenced or Stale with nothing written. After StoreUnavailable nobody knows: never repeat it, load again.
        """
        by_channel: dict[str, list[bytes]] = {}
        for channel, payload in deliveries:
            by_channel.setdefault(channel, []).append(payload)
        keys = [self.keys.lease, self.keys.head, self.keys.log, self.keys.dead]
        args: list[Argument] = [token, epoch, seq, last_input, steps, _pack(faulted) if faulted else b""]
        for channel, payloads in by_channel.items():
            keys += (self.keys.out(channel), self.keys.left(channel))
            for first in range(0, len(payloads), PACK):
                pack = payloads[first : first + PACK]
                args += (len(keys) - 1, first // PACK, first + len(pack) - 1, _pack(pack))
        await self._function("commit", keys, *args, again=False)

    async def prompt(self, payload: bytes, at: int = 0) -> None:
        """Append an input of the core's own, dated `at` (ms) or later, also while memory is too full for other inputs."""
        await self._function("prompt", [self.keys.inputs], _pack([payload]), at, proven=True)

    async def depths(self, channels: Collection[str]) -> dict[str, int]:
        """Return how many entries each stream holds: `in`, `log`, `dead`, and `out:<channel>` of each channel."""
        streams = {"in": self.keys.inputs, "log": self.keys.log, "dead": self.keys.dead}
        streams |= {f"out:{channel}": self.keys.out(channel) for channel in channels}
        found = await asyncio.gather(*(self._command("XLEN", key) for key in streams.values()))
        return dict(zip(streams, map(int, found), strict=True))

    async def now(self) -> int:
        """Return the server's clock in ms: the one that dates inputs."""
        seconds, micros = await self._command("TIME")
        return int(seconds) * 1000 + int(micros) // 1000

    async def head(self) -> Head:
        """Return the last entry of the log."""
        value = await self._command("GET", self.keys.head)
        if value is None:
            return Head()
        seq, epoch, last_input = value.decode().split(":")
        return Head(int(seq), epoch, last_input)

    async def pulse(self) -> Pulse:
        """Return how the core looks from here, whichever process runs it. Raises StoreError."""
        head = await self.head()
        waiting, lease, now = await asyncio.gather(
            self._command("XRANGE", self.keys.inputs, f"({head.last_input}", "+", "COUNT", 1),
            self._command("PTTL", self.keys.lease),
            self.now(),
        )
        waiting_ms = max(0, now - int(waiting[0][0].partition(b"-")[0])) if waiting else 0
        return Pulse(head.seq, head.epoch, max(0, int(lease)), waiting_ms, bool(waiting))

    # ---- followers

    async def read_log(self, after_seq: int, *, count: int, block_ms: int = 0) -> list[LogEntry]:
        """Return up to `count` commits after `after_seq`, replicated ones only, waiting up to `block_ms` for the first."""
        rows = await self._read(self.keys.log, f"{after_seq}-0", count, block_ms, proven=True)
        return [
            LogEntry(fields[1].decode(), int(id.partition(b"-")[0]), fields[3].decode(), fields[5])
            for id, fields in rows
        ]

    async def log_range(self) -> tuple[int, int]:
        """Return the first seq that the log still holds and the last one; first = last + 1 when it holds none."""
        head = await self.head()
        rows = await self._command("XRANGE", self.keys.log, "-", "+", "COUNT", 1)
        return (int(rows[0][0].partition(b"-")[0]) if rows else head.seq + 1, head.seq)

    async def follow(self, follower: str, seq: int) -> None:
        """Remember how far a durable follower has committed: the log is kept behind it."""
        await self._command("HSET", self.keys.followers, follower, seq)

    async def followers(self) -> dict[str, int]:
        """Return how far each durable follower has committed."""
        flat = await self._command("HGETALL", self.keys.followers)
        return {flat[i].decode(): int(flat[i + 1]) for i in range(0, len(flat), 2)}

    # ---- deliveries

    async def open_group(self, channel: str) -> None:
        """Begin to drain a channel from the start of its stream, which holds all that is not settled."""
        self._drained.pop(channel, None)

    async def pending(self, channel: str) -> list[OutEntry]:
        """Return every delivery of a channel that is not settled, in order: a drain begins with them after a crash."""
        rows = await self._command("XRANGE", self.keys.out(channel), "-", "+")
        marks = await self._command("HGETALL", self.keys.left(channel), proven=True)
        left = {marks[i]: marks[i + 1] for i in range(0, len(marks), 2)}
        entries = [entry for entry in unpacked(rows) if unsettled(entry.id, left)]
        if rows:
            self._drained[channel] = rows[-1][0].decode()
        return entries

    async def read_out(self, channel: str, *, count: int, block_ms: int = 0) -> list[OutEntry]:
        """Return the deliveries of up to `count` commits that neither `pending` nor this call have returned since
        `open_group`, waiting up to `block_ms` for the first. One task at a time."""
        entries = await self.read_fanout(channel, self._drained.get(channel, "0-0"), count=count, block_ms=block_ms)
        if entries:
            self._drained[channel] = entries[-1].id
        return entries

    async def read_fanout(self, channel: str, after: str, *, count: int, block_ms: int = 0) -> list[OutEntry]:
        """Return the deliveries of up to `count` commits after the delivery id `after`, waiting up to `block_ms`."""
        rows = await self._read(self.keys.out(channel), after, count, block_ms, proven=True)
        seq, n = after.split("-")
        return unpacked(rows, (int(seq), int(n)))

    async def fanout_tail(self, channel: str) -> str:
        """Return the id of the last delivery that was ever put on a channel, "0-0" for none."""
        try:
            info = await self._command("XINFO", "STREAM", self.keys.out(channel))
        except StoreError as error:
            if "no such key" in str(error):
                return "0-0"
            raise
        fields = dict(zip(info[::2], info[1::2], strict=True))
        return str(fields[b"last-generated-id"].decode())

    async def attempt(self, channel: str, token: str, delivery: str, part: int) -> None:
        """Remember, durably, that a submission of this part is about to begin. Raises Fenced. May be repeated."""
        keys = [self.keys.channel_lease(channel), self.keys.attempts(channel)]
        await self._function("attempt", keys, token, delivery, part, proven=True)

    async def attempts(self, channel: str) -> dict[str, int]:
        """Return delivery id -> part of submissions that began and whose delivery is not settled."""
        flat = await self._command("HGETALL", self.keys.attempts(channel))
        return {flat[i].decode(): int(flat[i + 1].partition(b":")[0]) for i in range(0, len(flat), 2)}

    async def settle(self, channel: str, ends: Sequence[tuple[str, str, bytes]]) -> list[bool]:
        """End deliveries (out entry, delivery id, receipt): delete them, and put each receipt into `in`. May be repeated.

        Returns False for each that was settled before.
        """
        keys = [self.keys.inputs, self.keys.out(channel), self.keys.left(channel), self.keys.attempts(channel)]
        places = [int(part) for entry, _, _ in ends for part in entry.split("-")]
        lists = (
            _pack(places),
            _pack([delivery for _, delivery, _ in ends]),
            _pack([receipt for _, _, receipt in ends]),
        )
        reply = await self._function("settle", keys, *lists, proven=True)
        return _verdict(reply, len(ends))

    # ---- backups

    async def copy_keys(self) -> list[KeyCopy]:
        """Return all that is kept of this consortium, as of one moment."""
        return await read_keys(self._command, self.keys)

    async def paste_keys(self, copies: Iterable[KeyCopy]) -> None:
        """Write what `copy_keys` returned, durably; there must be nothing yet."""
        await write_keys(self._command, self.keys, copies)

    async def is_empty(self) -> bool:
        """Whether nothing is kept of this consortium."""
        return await is_empty(self._command, self.keys)

    async def doubt(self, channel: str, delivery_of: Callable[[bytes], str]) -> int:
        """Note of each pending delivery that its submission was begun; returns how many those are. `delivery_of` reads its id.

        Whoever drains the channel then asks the network, or says that nobody knows.
        """
        begun = await self.attempts(channel)
        pending = await self.pending(channel)
        for entry in pending:
            delivery = delivery_of(entry.payload)
            mark = f"{begun.get(delivery, 0) | 1}:0"
            await self._command("HSET", self.keys.attempts(channel), delivery, mark, proven=True)
        return len(pending)

    # ---- leases and processes

    async def take(self, token: str, ttl_ms: int, *, channel: str = "", force: bool = False) -> bool:
        """Take the core's lease, or a channel's; True when it is ours now. `force` takes it from any holder."""
        return bool(await self._function("take", [self._lease(channel)], token, ttl_ms, int(force)))

    async def renew(self, token: str, ttl_ms: int, *, channel: str = "") -> None:
        """Hold a lease for `ttl_ms` more. Raises Fenced when it is not ours."""
        if not await self._function("hold", [self._lease(channel)], token, ttl_ms):
            raise Fenced("the lease ran out or was taken")

    async def release(self, token: str, *, channel: str = "") -> None:
        """Give a lease up, if it is ours."""
        await self._function("hold", [self._lease(channel)], token, 0)

    async def lease_left(self, channel: str = "") -> int:
        """Return how long a lease still runs (ms), whoever holds it; 0 when nobody does."""
        return max(0, int(await self._command("PTTL", self._lease(channel))))

    async def tell_holder(self, holder: Holder, channel: str = "") -> None:
        """Record for people who holds a lease."""
        await self._command("HSET", self.keys.holders, channel, msgspec.json.encode(holder))

    async def holders(self) -> dict[str, Holder]:
        """Return who holds, or held last, each lease, by channel; the core's is ""."""
        flat = await self._command("HGETALL", self.keys.holders)
        return {flat[i].decode(): msgspec.json.decode(flat[i + 1], type=Holder) for i in range(0, len(flat), 2)}

    async def beat(self, process: str, ttl_ms: int) -> None:
        """Say that a process lives, for `ttl_ms`."""
        await self._function("beat", [self.keys.live], process, ttl_ms)

    async def living(self) -> set[str]:
        """Return the processes whose heartbeat has not expired."""
        return (await self.roll_call())[0]

    async def roll_call(self) -> tuple[set[str], set[str]]:
        """Return the processes that live, and those that fell silent and were not forgotten yet."""
        living, silent = await self._function("roll_call", [self.keys.live])
        return {name.decode() for name in living}, {name.decode() for name in silent}

    async def forget(self, process: str) -> None:
        """Drop a silent process from the roll, once its ProcessGone is in `in`. A process that beat since the roll call stays."""
        await self._function("forget", [self.keys.live], process)

    async def register(self, process: str, record: bytes) -> None:
        """Describe a process to the others."""
        await self._command("HSET", self.keys.processes, process, record)

    async def registered(self) -> dict[str, bytes]:
        """Return the descriptions of processes, of dead ones, too."""
        flat = await self._command("HGETALL", self.keys.processes)
        return {flat[i].decode(): flat[i + 1] for i in range(0, len(flat), 2)}

    async def unregister(self, *processes: str) -> None:
        """Drop descriptions."""
        if processes:
            await self._command("HDEL", self.keys.processes, *processes)

    async def spoken(self) -> dict[str, str]:
        """Return each word that cores may have written to the streams, with the release that was the first to."""
        flat = await self._command("HGETALL", self.keys.spoken)
        return {flat[i].decode(): flat[i + 1].decode() for i in range(0, len(flat), 2)}

    async def speak(self, words: Iterable[str], release: str) -> None:
        """Record, durably, that a core of this release may write these words."""
        known = await self.spoken()
        if new := sorted(set(words) - known.keys()):
            pairs = [part for word in new for part in (word, release)]
            await self._command("HSET", self.keys.spoken, *pairs, proven=True)

    # ---- signals

    async def publish(self, signal: bytes) -> None:
        """Tell all listeners of this moment; nothing is kept."""
        await self._command("PUBLISH", self.keys.signals, signal)

    def subscribe(self) -> AsyncIterator[bytes]:
        """Iterate over what is published from now on. Raises StoreUnavailable when the connection is lost: listen again."""
        return self._calls.listen(self.keys.signals)

    # ---- snapshots and trimming (bridge/log/snapshot.py decides what and when)

    async def write_snapshot(self, token: str, seq: int, parts: Iterable[bytes] | AsyncIterator[bytes]) -> None:
        """Write a snapshot part by part, then make it the newest; the one before it is kept. Raises Fenced, Stale."""
        count, writing = 0, deque[asyncio.Task[Any]]()
        keys = [self.keys.lease, self.keys.snapshot_next]
        try:
            async for part in _each(parts):
                call = self._function("snapshot_part", keys, token, int(not count), part, again=False)
                writing.append(asyncio.create_task(call))
                count += 1
                if len(writing) > PARTS_UNDER_WAY:
                    await writing.popleft()
        finally:
            await asyncio.gather(*writing)
        keys = [self.keys.lease, self.keys.snapshot_next, self.keys.snapshot, self.keys.snapshot_before]
        await self._function("snapshot", keys, token, seq, count, again=False)

    async def read_snapshot(self, *, before: bool = False) -> list[bytes]:
        """Return the parts of the newest snapshot, or of the one `before` it; [] when there is none."""
        key = self.keys.snapshot_before if before else self.keys.snapshot
        parts: list[bytes] = []
        while batch := await self._command("LRANGE", key, len(parts) + 1, len(parts) + 16):
            parts += batch
        return parts

    async def trim_inputs(self, before: str) -> int:
        """Drop `in` entries whose id is lower; return how many."""
        return int(await self._command("XTRIM", self.keys.inputs, "MINID", before))

    async def trim_log(self, seq: int) -> int:
        """Drop log entries before `seq`; return how many."""
        return int(await self._command("XTRIM", self.keys.log, "MINID", seq))

    async def trim_dead(self, before: int) -> int:
        """Drop faulted inputs that were set aside before `before` (ms of the server's clock); return how many."""
        return int(await self._command("XTRIM", self.keys.dead, "MINID", before))

    async def dead_letters(self, count: int) -> list[DeadLetter]:
        """Return the newest commits' faulted inputs, newest first."""
        rows = await self._command("XREVRANGE", self.keys.dead, "+", "-", "COUNT", count)
        return [DeadLetter.read(id.decode(), fields) for id, fields in rows]

    async def retry_dead(self, id: str) -> bool:
        """Hand faulted inputs in again, then drop them here; False when there are none. May be repeated. Raises ValueError."""
        check_id(id)
        rows = await self._command("XRANGE", self.keys.dead, id, id)
        if not rows:
            return False
        payloads = DeadLetter.read(id, rows[0][1]).payloads
        await self.ingest([(f"retried {id} {n}", payload) for n, payload in enumerate(payloads)])
        await self._command("XDEL", self.keys.dead, id)
        return True

    async def drop_dead(self, id: str) -> bool:
        """Delete faulted inputs; False when there are none. Raises ValueError for what is no id."""
        check_id(id)
        return bool(await self._command("XDEL", self.keys.dead, id))

    async def forget_dead(self, words: Sequence[bytes]) -> int:
        """Drop faulted inputs that hold any of these words; return how many."""
        rows = await self._command("XRANGE", self.keys.dead, "-", "+")
        gone = [id for id, fields in rows if any(word in field for field in fields for word in words)]
        return int(await self._command("XDEL", self.keys.dead, *gone)) if gone else 0

    async def holds(self, seq: int, fanouts: Iterable[str]) -> bool:
        """Whether the log, or a fan-out channel's stream, still holds something of commit `seq` or of an earlier one."""
        for stream in (self.keys.log, *map(self.keys.out, fanouts)):
            rows = await self._command("XRANGE", stream, "-", f"{seq}-{(1 << 64) - 1}", "COUNT", 1)
            if rows:
                return True
        return False

    async def rewrite_file(self) -> None:
        """Have the server rewrite its append-only file in the background. Raises StoreError when it cannot now."""
        await self._command("BGREWRITEAOF")

    async def trim_out(self, channel: str, seq: int) -> int:
        """Drop deliveries of commits before `seq`, settled or not: for fan-out channels."""
        return int(await self._function("trim_out", [self.keys.out(channel), self.keys.left(channel)], seq))

    def _lease(self, channel: str) -> str:
        return self.keys.channel_lease(channel) if channel else self.keys.lease


async def _each(parts: Iterable[bytes] | AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    if isinstance(parts, AsyncIterator):
        async for part in parts:
            yield part
    else:
        for part in parts:
            yield part


def _rows(flat: list[bytes]) -> list[tuple[str, bytes, int]]:
    return [(flat[i].decode(), flat[i + 1], int(float(flat[i + 2]))) for i in range(0, len(flat), 3)]


def _verdict(reply: Any, count: int) -> list[bool]:
    """Read the functions' answer: 1 for "all", else a bit for each."""
    return [True] * count if reply == 1 else [bit == 0x31 for bit in reply]
