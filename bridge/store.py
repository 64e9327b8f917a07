"""The only Redis code: one consortium's streams, its atomic calls (store.lua) and the barrier before anything is believed.

Every change is one call of a Redis Function, a whole batch at a time; the functions' names end in the hash of store.lua, and
they are loaded, never replaced, when a server does not know them: old and new daemons can share one server.

    StoreError
      Unavailable   Redis is away, read-only, loading, not writing, or not replicating: nothing may be acknowledged
      Fenced        somebody else holds the lease by now
      Stale         the log is not where we thought: throw the state away and load it afresh
      Full          memory is nearly used up: nothing can be taken in

**What may be repeated.** `ingest`, `settle`, `attempt` and all reads are idempotent and are tried once more on a fresh connection.
A `commit` never is: its reply may be lost after it succeeded, and a second try would answer Stale.

**Out streams.** A commit writes each channel's deliveries as one packed entry `<seq>-<count-1>`, the id of its last delivery; a
delivery's own id is `<seq>-<n>`. The hash `left:<channel>` holds a mark for each; `settle` turns it and deletes an entry when all
its marks are turned. So what stands in the stream is what is not settled, and no consumer group has to be kept in step. (A
group's pending list costs three commands a delivery; this costs a few for a whole batch.)
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

import msgspec
from hiredis import ReplyError

from bridge.keys import Keys
from bridge.link import Address, Argument, Link, LinkLost, locate

SEEN_WINDOW_MS = 7 * 24 * 3600 * 1000
MEMORY_SHARE = "0.8"  # of maxmemory, above which nothing is taken in

_SOURCE = Path(__file__).with_name("store.lua").read_text("utf-8")
VERSION = blake2b(_SOURCE.encode(), digest_size=5).hexdigest()
_LIBRARY = f"#!lua name=deskbridge_{VERSION}\n" + _SOURCE.replace("@VERSION@", VERSION)

_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(list[bytes]).decode


class StoreError(Exception):
    """Base of what the store raises; the text holds neither keys nor contents."""


class Unavailable(StoreError):
    """Redis cannot be reached, or cannot promise anything now; try again later. A commit may or may not have happened."""


class Fenced(StoreError):
    """The lease is not ours (any more)."""


class Stale(StoreError):
    """The log, or the snapshot, is further than the caller knew."""


class Full(StoreError):
    """Memory is above the share that may be used for taking in."""


class InputEntry(msgspec.Struct, frozen=True, gc=False):
    """One batch of inputs. `at` is the server's millisecond: the only clock of the core."""

    id: str
    at: int
    payloads: list[bytes]


class LogEntry(msgspec.Struct, frozen=True, gc=False):
    """One commit: all steps of the `in` entries up to and including `last_input`."""

    epoch: str
    seq: int
    last_input: str
    steps: bytes


class OutEntry(msgspec.Struct, frozen=True, gc=False):
    """One delivery; `id` is `<seq>-<n>`, which orders deliveries as the log does."""

    id: str
    payload: bytes


class Head(msgspec.Struct, frozen=True, gc=False):
    """Where the log stands; seq 0 = nothing was committed yet."""

    seq: int = 0
    epoch: str = ""
    last_input: str = "0-0"


class Settlement(msgspec.Struct, frozen=True, gc=False):
    """The end of a delivery: its out entry, its id, and the receipt that goes into `in` unless `source` was seen."""

    entry: str
    delivery: str
    receipt: bytes
    source: str


def _refusal(error: ReplyError) -> StoreError:
    text = str(error)
    match text.split(" ", 1)[0]:
        case "FENCED":
            return Fenced(text)
        case "STALE":
            return Stale(text)
        case "FULL" | "OOM":
            return Full("memory is nearly used up")
        case "READONLY" | "LOADING" | "MISCONF" | "NOREPLICAS" | "MASTERDOWN" | "CLUSTERDOWN" | "TRYAGAIN" | "MOVED":
            return Unavailable(f"Redis cannot write now: {text}")
        case "NOAUTH" | "WRONGPASS" | "NOPERM":
            return Unavailable("Redis refuses our name or password")
        case _:
            return StoreError(text)


def _verdict(reply: Any, count: int) -> list[bool]:
    """Read the functions' answer: 1 for "all", else a bit for each."""
    return [True] * count if reply == 1 else [bit == 0x31 for bit in reply]


class Store:
    """One consortium in one Redis. Safe for many tasks of one event loop."""

    def __init__(self, url: str, consortium: str, *, replicas: int = 0, patience: float = 10.0) -> None:
        """Keep what is given; `open` connects. `replicas` must have a write before it is believed (external Redis).
        `patience` is how long (s) the server may stay silent before it counts as away."""
        self.keys = Keys(consortium)
        self.url = url
        self._replicas = replicas
        self._patience = patience
        self._address: Address | None = None
        self._shared: Link | None = None
        self._connecting = asyncio.Lock()
        self._resting: list[Link] = []
        self._barrier: _Barrier | None = None
        self._closed = False

    @classmethod
    async def open(cls, url: str, consortium: str, *, replicas: int = 0, patience: float = 10.0) -> Store:
        """Connect and load the functions. Raises Unavailable, or ValueError for a url or name that cannot be."""
        store = cls(url, consortium, replicas=replicas, patience=patience)
        try:
            await store._link()
        except BaseException:
            await store.close()
            raise
        return store

    async def close(self) -> None:
        """Drop all connections. Callers still waiting get Unavailable."""
        self._closed = True
        for link in [self._shared, *self._resting, self._barrier.link if self._barrier else None]:
            if link is not None:
                link.close()
        self._resting.clear()
        await asyncio.sleep(0)  # let the transports be closed by the loop

    # ---- taking in

    async def ingest(
        self, inputs: Sequence[tuple[str, bytes]], cursors: Mapping[str, Mapping[str, str]] | None = None
    ) -> list[bool]:
        """Append (source key, payload) pairs as one `in` entry and save the channels' cursors, in one step.

        True for each that was new; False when its source key was seen within SEEN_WINDOW_MS ("" = always new). Returns when it is
        durable, duplicates too. Raises Full or Unavailable: nothing may be acknowledged then. May be repeated.
        """
        sources = _pack([source for source, _ in inputs])
        payloads = _pack([payload for _, payload in inputs])
        keys = [self.keys.inputs, self.keys.seen]
        fields = []
        for channel, cursor in (cursors or {}).items():
            if cursor:
                keys.append(self.keys.cursor(channel))
                fields.append(_pack([part for pair in cursor.items() for part in pair]))
        reply = await self._fcall("ingest", keys, sources, payloads, MEMORY_SHARE, *fields)
        await self.barrier()
        return _verdict(reply, len(inputs))

    async def cursor(self, channel: str) -> dict[str, str]:
        """Return what `ingest` saved for a channel, {} when nothing was."""
        flat = await self._call("HGETALL", self.keys.cursor(channel))
        return {flat[i].decode(): flat[i + 1].decode() for i in range(0, len(flat), 2)}

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

        Raises Fenced or Stale with nothing written, or Unavailable, after which nobody knows: never repeat it, load afresh.
        """
        by_channel: dict[str, list[bytes]] = {}
        for channel, payload in deliveries:
            by_channel.setdefault(channel, []).append(payload)
        keys = [self.keys.lease, self.keys.head, self.keys.log, self.keys.dead]
        args: list[Argument] = [token, epoch, seq, last_input, steps, _pack(faulted) if faulted else b""]
        for channel, payloads in by_channel.items():
            keys += (self.keys.out(channel), self.keys.left(channel))
            args += (len(payloads), _pack(payloads))
        await self._fcall("commit", keys, *args, again=False)

    async def head(self) -> Head:
        """Return where the log stands."""
        value = await self._call("GET", self.keys.head)
        if value is None:
            return Head()
        seq, epoch, last_input = value.decode().split(":")
        return Head(int(seq), epoch, last_input)

    # ---- followers

    async def read_log(self, after_seq: int, *, count: int, block_ms: int = 0) -> list[LogEntry]:
        """Return up to `count` commits after `after_seq`, replicated ones only, waiting up to `block_ms` for the first."""
        rows = await self._read(self.keys.log, f"{after_seq}-0", count, block_ms)
        if rows:
            await self.barrier()
        return [
            LogEntry(fields[1].decode(), int(id.partition(b"-")[0]), fields[3].decode(), fields[5])
            for id, fields in rows
        ]

    async def log_range(self) -> tuple[int, int]:
        """Return the first seq that the log still holds and the last one; first = last + 1 when it holds none."""
        head = await self.head()
        rows = await self._call("XRANGE", self.keys.log, "-", "+", "COUNT", 1)
        return (int(rows[0][0].partition(b"-")[0]) if rows else head.seq + 1, head.seq)

    async def follow(self, follower: str, seq: int) -> None:
        """Remember how far a durable follower has committed: the log is kept behind it."""
        await self._call("HSET", self.keys.followers, follower, seq)

    async def followers(self) -> dict[str, int]:
        """Return how far each durable follower has committed."""
        flat = await self._call("HGETALL", self.keys.followers)
        return {flat[i].decode(): int(flat[i + 1]) for i in range(0, len(flat), 2)}

    # ---- deliveries

    async def pending(self, channel: str) -> list[OutEntry]:
        """Return every delivery of a channel that is not settled, in order: what a drain begins with after a crash."""
        rows = await self._call("XRANGE", self.keys.out(channel), "-", "+")
        marks = await self._call("HGETALL", self.keys.left(channel))
        left = {int(marks[i]): marks[i + 1] for i in range(0, len(marks), 2)}
        await self.barrier()
        return [entry for entry in _deliveries(rows) if _unsettled(entry.id, left)]

    async def read_out(self, channel: str, after: str, *, count: int, block_ms: int = 0) -> list[OutEntry]:
        """Return the deliveries of up to `count` commits after the delivery id `after`, waiting up to `block_ms` for the first.

        A drain goes on from the last of `pending` ("0-0" when that was empty); a fan-out reader from its own cursor, or
        from `fanout_tail`.
        """
        rows = await self._read(self.keys.out(channel), after, count, block_ms)
        if rows:
            await self.barrier()
        seq, n = map(int, after.split("-"))
        return list(_deliveries(rows, seq, n))

    read_fanout = read_out

    async def fanout_tail(self, channel: str) -> str:
        """Return the id of the last delivery that was ever put on a channel, "0-0" for none."""
        try:
            info = await self._call("XINFO", "STREAM", self.keys.out(channel))
        except StoreError as error:
            if "no such key" in str(error):
                return "0-0"
            raise
        fields = dict(zip(info[::2], info[1::2], strict=True))
        return str(fields[b"last-generated-id"].decode())

    async def attempt(self, channel: str, token: str, delivery: str, part: int) -> None:
        """Remember, durably, that a submission of this part is about to begin. Raises Fenced. May be repeated."""
        keys = [self.keys.channel_lease(channel), self.keys.attempts(channel)]
        await self._fcall("attempt", keys, token, delivery, part)
        await self.barrier()

    async def attempts(self, channel: str) -> dict[str, tuple[int, int]]:
        """Return delivery id -> (part, ms) of submissions that began and whose delivery is not settled."""
        flat = await self._call("HGETALL", self.keys.attempts(channel))
        pairs = ((flat[i].decode(), flat[i + 1].split(b":")) for i in range(0, len(flat), 2))
        return {delivery: (int(part), int(at)) for delivery, (part, at) in pairs}

    async def settle(self, channel: str, settlements: Sequence[tuple[str, str, bytes, str] | Settlement]) -> list[bool]:
        """End deliveries (entry id, delivery id, receipt, source key): forget them and put the receipts into `in`.

        False for one that was settled before (its receipt is not written again). May be repeated.
        """
        ends = [s if isinstance(s, Settlement) else Settlement(*s) for s in settlements]
        keys = [self.keys.inputs, self.keys.seen, self.keys.out(channel), self.keys.left(channel)]
        keys.append(self.keys.attempts(channel))
        places = _pack([int(part) for end in ends for part in end.entry.split("-")])
        lists = [_pack([end.delivery for end in ends]), _pack([end.source for end in ends])]
        reply = await self._fcall("settle", keys, places, *lists, _pack([end.receipt for end in ends]))
        await self.barrier()
        return _verdict(reply, len(ends))

    # ---- leases and processes

    async def take(self, token: str, ttl_ms: int, *, channel: str = "", force: bool = False) -> bool:
        """Take the core's lease, or a channel's; True when it is ours now. `force` takes it from whoever has it."""
        return bool(await self._fcall("take", [self._lease(channel)], token, ttl_ms, int(force)))

    async def renew(self, token: str, ttl_ms: int, *, channel: str = "") -> None:
        """Hold a lease for `ttl_ms` more. Raises Fenced when it is not ours."""
        if not await self._fcall("hold", [self._lease(channel)], token, ttl_ms):
            raise Fenced("the lease ran out or was taken")

    async def release(self, token: str, *, channel: str = "") -> None:
        """Let a lease go, if it is ours."""
        await self._fcall("hold", [self._lease(channel)], token, 0)

    async def beat(self, process: str, ttl_ms: int) -> None:
        """Say that a process lives, for `ttl_ms`."""
        await self._fcall("beat", [self.keys.live], process, ttl_ms)

    async def living(self) -> set[str]:
        """Return the processes whose heartbeat has not expired."""
        return (await self.roll_call())[0]

    async def roll_call(self) -> tuple[set[str], set[str]]:
        """Return the processes that live, and those that fell silent and were not forgotten yet."""
        living, silent = await self._fcall("roll_call", [self.keys.live])
        return {name.decode() for name in living}, {name.decode() for name in silent}

    async def forget(self, process: str) -> None:
        """Strike a process from the roll: it left, or its ProcessGone is in `in`."""
        await self._call("ZREM", self.keys.live, process)

    # ---- signals

    async def publish(self, signal: bytes) -> None:
        """Tell all who listen now; nothing is kept."""
        await self._call("PUBLISH", self.keys.signals, signal)

    async def subscribe(self) -> AsyncIterator[bytes]:
        """Iterate over what is published from now on. Raises Unavailable when the connection goes: listen again."""
        link = await self._connect(patience=0)
        try:
            await link.call("SUBSCRIBE", self.keys.signals)
            while not isinstance(pushed := await link.pushed.get(), BaseException):
                yield pushed[2]
            raise Unavailable(str(pushed))
        finally:
            link.close()

    # ---- snapshots and trimming (bridge/snapshot.py decides what and when)

    async def write_snapshot(self, token: str, seq: int, parts: Iterable[bytes] | AsyncIterator[bytes]) -> None:
        """Write a snapshot part by part, then let it stand; the one before it is kept. Raises Fenced, Stale."""
        count = 0
        async for part in _each(parts):
            await self._fcall("snapshot_part", [self.keys.lease, self.keys.snapshot_next], token, int(not count), part)
            count += 1
        keys = [self.keys.lease, self.keys.snapshot_next, self.keys.snapshot, self.keys.snapshot_before]
        await self._fcall("snapshot", keys, token, seq, count, again=False)

    async def read_snapshot(self, *, before: bool = False) -> list[bytes]:
        """Return the parts of the newest snapshot, or of the one `before` it; [] when there is none."""
        key = self.keys.snapshot_before if before else self.keys.snapshot
        parts: list[bytes] = []
        while batch := await self._call("LRANGE", key, len(parts) + 1, len(parts) + 16):
            parts += batch
        return parts

    async def trim_inputs(self, before: str) -> int:
        """Drop `in` entries whose id is lower; return how many."""
        return int(await self._call("XTRIM", self.keys.inputs, "MINID", before))

    async def trim_log(self, seq: int) -> int:
        """Drop log entries before `seq`; return how many."""
        return int(await self._call("XTRIM", self.keys.log, "MINID", seq))

    async def trim_out(self, channel: str, seq: int) -> int:
        """Drop deliveries of commits before `seq`, settled or not: for fan-out channels."""
        return int(await self._fcall("trim_out", [self.keys.out(channel), self.keys.left(channel)], seq))

    async def sweep_seen(self, *, window_ms: int = SEEN_WINDOW_MS, count: int = 1000) -> int:
        """Forget up to `count` source keys older than the window; return how many."""
        return int(await self._fcall("sweep", [self.keys.seen], window_ms, count))

    # ---- the barrier

    async def barrier(self) -> None:
        """Return when all that this process was answered so far is on enough replicas. Raises Unavailable: send nothing.

        A real write on the connection that waits, then WAITAOF, or WAIT where the server does not fsync or is too old:
        a connection that wrote nothing can get a yes that proves nothing.
        """
        if not self._replicas:
            return
        if self._barrier is None:
            self._barrier = _Barrier(self.keys.barrier, self._replicas, self._patience)
        try:
            await self._barrier.passed(self._connect)
        except ReplyError as error:
            raise _refusal(error) from None
        except LinkLost as error:
            raise Unavailable(str(error)) from None

    # ---- calling

    def _lease(self, channel: str) -> str:
        return self.keys.channel_lease(channel) if channel else self.keys.lease

    async def _fcall(self, name: str, keys: Sequence[str], *args: Argument, again: bool = True) -> Any:
        command = ("FCALL", f"{name}_{VERSION}", len(keys), *keys, *args)
        try:
            return await self._call(*command, again=again)
        except StoreError as error:
            if "Function not found" not in str(error):
                raise
        await _load(await self._link())
        return await self._call(*command, again=again)

    async def _call(self, *command: Argument, again: bool = True) -> Any:
        try:
            return await self._once(command)
        except Unavailable:
            if not again or self._closed:
                raise
        return await self._once(command)

    async def _once(self, command: tuple[Argument, ...]) -> Any:
        link = self._shared
        if link is None or link.lost is not None:
            link = await self._link()
        try:
            return await link.call(*command)
        except ReplyError as error:
            raise self._refused(error, link) from None
        except LinkLost as error:
            raise Unavailable(str(error)) from None

    def _refused(self, error: ReplyError, link: Link) -> StoreError:
        """Read a refusal; one that says we talk to the wrong server makes us look for the right one."""
        kind, *rest = str(error).split(" ")
        if kind == "MOVED" and self._address is not None:
            self._address = self._address.moved(rest[1])
        elif kind == "READONLY":
            self._address = None
        if kind in ("MOVED", "READONLY"):
            link.close()
        return _refusal(error)

    async def _link(self) -> Link:
        async with self._connecting:
            if self._shared is None or self._shared.lost is not None:
                link = await self._connect(patience=self._patience)
                try:
                    await _load(link)
                except BaseException:
                    link.close()
                    raise
                self._shared = link
            return self._shared

    async def _connect(self, *, patience: float) -> Link:
        if self._closed:
            raise Unavailable("the store is closed")
        try:
            if self._address is None:
                self._address = await locate(self.url)
            return await Link.connect(self._address, patience=patience, within=self._patience)
        except ReplyError as error:
            raise _refusal(error) from None
        except LinkLost as error:
            self._address = None
            raise Unavailable(str(error)) from None

    async def _read(self, stream: str, after: str, count: int, block_ms: int) -> list[Any]:
        """Return rows [id, [field, value, ...]]. A blocking read owns its connection and drops it unless it ends well."""
        if not block_ms:
            reply = await self._call("XREAD", "COUNT", count, "STREAMS", stream, after)
            return reply[0][1] if reply else []
        link = self._rested() or await self._connect(patience=0)
        try:
            async with asyncio.timeout(block_ms / 1000 + self._patience):
                reply = await link.call("XREAD", "COUNT", count, "BLOCK", block_ms, "STREAMS", stream, after)
        except (LinkLost, TimeoutError) as error:
            link.close()
            raise Unavailable(f"reading was cut off: {error}") from None
        except ReplyError as error:
            link.close()
            raise self._refused(error, link) from None
        except BaseException:
            link.close()
            raise
        self._resting.append(link)
        return reply[0][1] if reply else []

    def _rested(self) -> Link | None:
        while self._resting:
            if (link := self._resting.pop()).lost is None:
                return link
        return None


class _Barrier:
    """One write and one wait for all who ask at the same time; it runs again for those who came while it ran."""

    def __init__(self, key: str, replicas: int, patience: float) -> None:
        self._key, self._replicas, self._patience = key, replicas, patience
        self._running: asyncio.Task[None] | None = None
        self._next: asyncio.Task[None] | None = None
        self._wait: tuple[Argument, ...] = ()
        self.link: Link | None = None

    async def passed(self, connect: Any) -> None:
        if self._next is None:
            self._next = asyncio.create_task(self._turn(self._running, connect))
        await asyncio.shield(self._next)

    async def _turn(self, before: asyncio.Task[None] | None, connect: Any) -> None:
        if before is not None:
            await asyncio.wait([before])
        self._running, self._next = self._next, None
        if self.link is None or self.link.lost is not None:
            self.link = await connect(patience=0)
            self._wait = await self._command(self.link)
        written, waited = self.link.call("SET", self._key, "1"), self.link.call(*self._wait)
        try:
            async with asyncio.timeout(2 * self._patience):
                await written
                reply = await waited
        except TimeoutError:
            self.link.close()
            raise LinkLost("Redis did not answer the barrier") from None
        if (reply[1] if isinstance(reply, list) else reply) < self._replicas:
            raise Unavailable("not enough replicas have it")

    async def _command(self, link: Link) -> tuple[Argument, ...]:
        timeout = int(self._patience * 1000)
        persistence, known = await link.call("INFO", "persistence"), await link.call("COMMAND", "INFO", "WAITAOF")
        if known[0] and b"aof_enabled:1" in persistence:
            return ("WAITAOF", 1, self._replicas, timeout)
        return ("WAIT", self._replicas, timeout)


async def _load(link: Link) -> None:
    """Load the functions unless they are there. Raises Unavailable, or StoreError for a server older than Redis 7.0."""
    try:
        await link.call("FUNCTION", "LOAD", _LIBRARY)
    except ReplyError as error:
        if "already exists" in str(error):
            return
        if "unknown command" in str(error):
            raise StoreError("this server is too old: Deskbridge needs Redis 7.0 or Valkey") from None
        raise _refusal(error) from None
    except LinkLost as error:
        raise Unavailable(str(error)) from None


async def _each(parts: Iterable[bytes] | AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    if isinstance(parts, AsyncIterator):
        async for part in parts:
            yield part
    else:
        for part in parts:
            yield part


def _deliveries(rows: Iterable[Any], after_seq: int = 0, after_n: int = -1) -> list[OutEntry]:
    """Unpack out entries; those of `after_seq` up to `after_n` are left out."""
    entries = []
    for id, fields in rows:
        seq = id.partition(b"-")[0].decode()
        skip = after_n + 1 if int(seq) == after_seq else 0
        payloads = _unpack(fields[1])
        entries += [OutEntry(f"{seq}-{n}", payloads[n]) for n in range(skip, len(payloads))]
    return entries


def _unsettled(entry: str, left: Mapping[int, bytes]) -> bool:
    seq, n = map(int, entry.split("-"))
    return left.get(seq, b"")[n : n + 1] == b"."
