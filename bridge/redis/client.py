"""How commands reach the one Redis that holds a consortium: links, the functions' library, refusals, the barrier.

    StoreError
      StoreUnavailable   Redis is away, read-only, loading, not writing, or not replicating: acknowledge nothing
      Fenced             another process holds the lease by now
      Stale              the log is further than we knew: drop the state and load it again
      Full               memory is nearly used up: Redis takes nothing in

Plain calls share one connection. A read that waits has a connection to itself while it waits. That connection is dropped unless the
read ends well, so a cancelled read leaves nothing behind.

A refusal that says "not here" drops every connection to that server, also those that wait there, and makes us look for the right
server. A call that may be repeated is then tried once more.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any
from weakref import WeakSet

from hiredis import ReplyError

from bridge.redis.address import locate
from bridge.redis.connection import Argument, RedisConnection, RedisLinkLost, ServerAddress

_SOURCE = Path(__file__).with_name("store.lua").read_text("utf-8")
VERSION = blake2b(_SOURCE.encode(), digest_size=5).hexdigest()
_LIBRARY = f"#!lua name=deskbridge_{VERSION}\n" + _SOURCE.replace("@VERSION@", VERSION)


class StoreError(Exception):
    """Base of what the store raises; the text holds neither keys nor contents."""


class StoreUnavailable(StoreError):
    """Redis cannot be reached, or cannot promise anything now; try again later. A commit may or may not be written."""


class Fenced(StoreError):
    """The lease is not ours (any more)."""


class Stale(StoreError):
    """The log, or the snapshot, is further than the caller knew."""


class Full(StoreError):
    """Memory is above the share that may be used for taking in."""


# the master is, or may be, somewhere else by now
_ELSEWHERE = ("MOVED", "READONLY", "UNBLOCKED", "CLUSTERDOWN", "NOREPLICAS")
_NOT_NOW = (*_ELSEWHERE, "ASK", "TRYAGAIN", "LOADING", "BUSY", "MISCONF", "MASTERDOWN")


def _refusal(error: ReplyError) -> StoreError:
    text = str(error)
    match text.split(" ", 1)[0]:
        case "FENCED":
            return Fenced(text)
        case "STALE":
            return Stale(text)
        case "FULL" | "OOM":
            return Full("memory is nearly used up")
        case word if word in _NOT_NOW or "max number of clients" in text:
            return StoreUnavailable(f"Redis cannot serve now: {text}")
        case "NOAUTH" | "WRONGPASS":
            return StoreUnavailable("Redis refuses our name or password")
        case "NOPERM":
            return StoreUnavailable(f"Redis does not let this user do everything: {text}")
        case _:
            return StoreError(text)


class Calls:
    """Commands to the Redis at `url`. Safe for many tasks of one event loop.

    `patience` is how long (s) the server may stay silent before it counts as away. `barrier` returns when `replicas` servers have
    all that was written. It writes `barrier_key`; in a Cluster, the slot of that key says which server is ours.
    """

    def __init__(self, url: str, *, barrier_key: str, replicas: int, patience: float) -> None:
        self._url = url
        self._patience = patience
        self._slot_key = barrier_key
        self._address: ServerAddress | None = None
        self._in_doubt = False
        self._shared: RedisConnection | None = None
        self._connecting, self._locating = asyncio.Lock(), asyncio.Lock()
        self._idle: list[RedisConnection] = []
        self._links: WeakSet[RedisConnection] = WeakSet()  # all that were made, in use or not
        self._barrier = _Barrier(barrier_key, replicas, patience) if replicas else None
        self._probe: RedisConnection | None = None  # for `ping` alone
        self._closed = False

    async def open(self) -> None:
        """Connect and load the functions. Raises StoreUnavailable."""
        await self._link()

    async def close(self) -> None:
        """Drop all connections. Callers still waiting get StoreUnavailable."""
        self._closed = True
        self._drop()
        await asyncio.sleep(0)  # let the transports be closed by the loop

    async def ping(self, within: float) -> None:
        """Return when the server answers on a connection of its own.

        Raises StoreUnavailable when it does not within `within` seconds. All connections to it are dropped then. So no other caller
        waits for a server that is frozen or cut off, and the next call asks where the master is.
        """
        try:
            async with asyncio.timeout(within):
                if self._probe is None or self._probe.lost is not None:
                    self._probe = await self.connect(patience=0)
            reply = self._probe.call("PING")
            # A reply that we read late because this process was busy still counts.
            await asyncio.wait((reply,), timeout=within)
            if not reply.done():
                reply.cancel()
                raise TimeoutError
            await reply
        except ReplyError as error:
            raise self._refused(error) from None
        except (RedisLinkLost, TimeoutError):
            self._in_doubt = True
            self._drop()
            raise StoreUnavailable("Redis does not answer") from None

    async def barrier(self, server: str = "") -> None:
        """Return when all that `server` (any, if "") answered so far is on enough replicas. Raises StoreUnavailable: send nothing.

        The connection that waits makes a real write first, then WAITAOF, or WAIT where the server does not fsync or is too old. A
        connection that wrote nothing can get a yes that proves nothing, and so can one to another server.
        """
        if self._barrier is None:
            return
        try:
            proof = await self._barrier.passed(self.connect)
        except ReplyError as error:
            raise self._refused(error) from None
        except RedisLinkLost as error:
            raise StoreUnavailable(str(error)) from None
        except StoreUnavailable:
            await self._doubt_address()
            raise
        if server and proof != server:
            self._drop(but=proof)
            raise StoreUnavailable("Redis was replaced by another server meanwhile")

    async def function(
        self, name: str, keys: Sequence[str], *args: Argument, again: bool = True, proven: bool = False
    ) -> Any:
        """Call one of store.lua's functions; as `command`."""
        command = ("FCALL", f"{name}_{VERSION}", len(keys), *keys, *args)
        try:
            return await self.command(*command, again=again, proven=proven)
        except StoreError as error:
            if "Function not found" not in str(error):
                raise
        await self._load(await self._link())
        return await self.command(*command, again=again, proven=proven)

    async def command(self, *command: Argument, again: bool = True, proven: bool = False) -> Any:
        """Return the reply to a command. Raises StoreError.

        `again`: the command may be repeated, so try once more on a new connection. `proven`: return only when the writes behind the
        reply have passed the barrier."""
        try:
            reply, server = await self._once(command)
        except StoreUnavailable:
            if not again or self._closed:
                raise
            reply, server = await self._once(command)
        if proven and self._barrier is not None:
            await self.barrier(server)
        return reply

    async def _once(self, command: tuple[Argument, ...]) -> tuple[Any, str]:
        link = self._shared
        if link is None or link.lost is not None:
            link = await self._link()
        try:
            return await link.call(*command), link.server
        except ReplyError as error:
            raise self._refused(error) from None
        except RedisLinkLost as error:
            raise StoreUnavailable(str(error)) from None

    def _refused(self, error: ReplyError) -> StoreError:
        """Read a refusal. If it says that this is the wrong server, leave the server and look for the right one."""
        kind, *rest = str(error).split(" ")
        if kind in _ELSEWHERE:
            self._in_doubt = kind != "MOVED"
            if kind == "MOVED" and self._address is not None:
                host, _, port = rest[1].rpartition(":")
                self._address = self._address.moved(host, int(port))
            self._drop()
        return _refusal(error)

    async def _doubt_address(self) -> None:
        """Leave a server that lacks its replicas if it is not the master.

        For ten seconds after Sentinels promoted another server, the old master still takes itself for the master."""
        self._in_doubt = True
        with suppress(RedisLinkLost):
            await self._where()

    async def _where(self) -> ServerAddress:
        """Return where the master is. Ask when that is in doubt, and leave a server that is no longer the master."""
        async with self._locating:
            if self._address is None or self._in_doubt:
                there = await locate(self._url, self._slot_key)
                self._in_doubt = False
                if there != self._address:
                    self._address = there
                    self._drop()
            return self._address

    def _drop(self, but: str = "") -> None:
        """Close all connections except those to the server `but`."""
        for link in [*self._links]:
            if link.server != but:
                link.close()

    async def _link(self) -> RedisConnection:
        async with self._connecting:
            if self._shared is None or self._shared.lost is not None:
                link = await self.connect(patience=self._patience)
                try:
                    await self._load(link)
                except BaseException:
                    link.close()
                    raise
                self._shared = link
            return self._shared

    async def _load(self, link: RedisConnection) -> None:
        """Load the functions unless they are there. Raises StoreError, also for a server older than Redis 7.0."""
        try:
            await link.call("FUNCTION", "LOAD", _LIBRARY)
        except ReplyError as error:
            if "already exists" in str(error):
                return
            if "unknown command" in str(error):
                raise StoreError("this server is too old: Deskbridge needs Redis 7.0 or Valkey") from None
            raise self._refused(error) from None
        except RedisLinkLost as error:
            raise StoreUnavailable(str(error)) from None

    async def connect(self, *, patience: float) -> RedisConnection:
        """Return a connection for one caller; `patience` as in RedisConnection. Raises StoreUnavailable."""
        self._check_open()
        try:
            address = await self._where()
            link = await RedisConnection.connect(address, patience=patience, within=self._patience)
        except ReplyError as error:
            raise _refusal(error) from None
        except RedisLinkLost as error:
            self._in_doubt = True
            raise StoreUnavailable(str(error)) from None
        try:
            self._check_open(address)
        except StoreUnavailable:
            link.close()
            raise
        self._links.add(link)
        return link

    def _check_open(self, address: ServerAddress | None = None) -> None:
        """Raise StoreUnavailable when we were closed, or left `address`, meanwhile."""
        if self._closed:
            raise StoreUnavailable("the store is closed")
        if address not in (None, self._address):
            raise StoreUnavailable("Redis has moved meanwhile")

    async def read(self, stream: str, after: str, count: int, block_ms: int, *, proven: bool = False) -> list[Any]:
        """Return rows [id, [field, value, ...]] after `after`. `proven`: as in `command`.

        A blocking read owns its connection and drops it unless the read ends well."""
        if not block_ms:
            reply = await self.command("XREAD", "COUNT", count, "STREAMS", stream, after, proven=proven)
            return reply[0][1] if reply else []
        link = self._idle_link() or await self.connect(patience=0)
        try:
            async with asyncio.timeout(block_ms / 1000 + self._patience):
                reply = await link.call("XREAD", "COUNT", count, "BLOCK", block_ms, "STREAMS", stream, after)
        except (RedisLinkLost, TimeoutError) as error:
            link.close()
            raise StoreUnavailable(f"reading was cut off: {error}") from None
        except ReplyError as error:
            link.close()
            raise self._refused(error) from None
        except BaseException:
            link.close()
            raise
        self._idle.append(link)
        if not reply:
            return []
        if proven and self._barrier is not None:
            await self.barrier(link.server)
        rows: list[Any] = reply[0][1]
        return rows

    async def listen(self, channel: str) -> AsyncIterator[bytes]:
        """Iterate over what is published on `channel` from now on. Raises StoreError when the connection is lost.

        A server that is silent gets a PING, so we notice one that vanished without closing the connection."""
        link = await self.connect(patience=0)
        try:
            async with asyncio.timeout(self._patience):
                await link.call("SUBSCRIBE", channel)
            while True:
                pushed = await self._next_pushed(link)
                if pushed[0] == b"message":
                    yield pushed[2]
        except (RedisLinkLost, TimeoutError) as error:
            raise StoreUnavailable(f"listening was cut off: {str(error) or 'no answer'}") from None
        except ReplyError as error:
            raise self._refused(error) from None
        finally:
            link.close()

    async def _next_pushed(self, link: RedisConnection) -> list[Any]:
        """Return the next pushed reply, or the answer to a PING. Raises RedisLinkLost, TimeoutError."""
        try:
            async with asyncio.timeout(self._patience):
                pushed = await link.pushed.get()
        except TimeoutError:
            async with asyncio.timeout(self._patience):
                pushed = await link.call("PING")
        if isinstance(pushed, BaseException):
            raise pushed
        heard: list[Any] = pushed
        return heard

    def _idle_link(self) -> RedisConnection | None:
        while self._idle:
            if (link := self._idle.pop()).lost is None:
                return link
        return None


class _Barrier:
    """One write and one wait for all callers of the same time; it runs again for callers that came while it ran."""

    def __init__(self, key: str, replicas: int, patience: float) -> None:
        self._key, self._replicas, self._patience = key, replicas, patience
        self._running: asyncio.Task[str] | None = None
        self._next: asyncio.Task[str] | None = None
        self._waits: list[tuple[Argument, ...]] = []
        self.link: RedisConnection | None = None

    async def passed(self, connect: Callable[..., Awaitable[RedisConnection]]) -> str:
        """Return the server whose replicas have all. Raises RedisLinkLost, ReplyError, StoreUnavailable."""
        if self._next is None:
            self._next = asyncio.create_task(self._turn(self._running, connect))
            self._next.add_done_callback(
                lambda turn: turn.cancelled() or turn.exception()
            )  # its callers may be cancelled
        return await asyncio.shield(self._next)

    async def _turn(self, before: asyncio.Task[str] | None, connect: Callable[..., Awaitable[RedisConnection]]) -> str:
        if before is not None:
            await asyncio.wait([before])
        self._running, self._next = self._next, None
        if self.link is None or self.link.lost is not None:
            self.link = await self._opened(connect)
        replies = [self.link.call("SET", self._key, "1"), *(self.link.call(*wait) for wait in self._waits)]
        try:
            async with asyncio.timeout(2 * self._patience):
                *_, reply = await asyncio.gather(*replies)
        except TimeoutError:
            self.link.close()
            raise RedisLinkLost("Redis did not answer the barrier") from None
        if (reply[1] if isinstance(reply, list) else reply) < self._replicas:
            raise StoreUnavailable("not enough replicas have it")
        return self.link.server

    async def _opened(self, connect: Callable[..., Awaitable[RedisConnection]]) -> RedisConnection:
        link = await connect(patience=0)
        try:
            async with asyncio.timeout(self._patience):
                self._waits = await self._commands(link)
        except BaseException as error:
            link.close()
            if isinstance(error, TimeoutError):
                raise RedisLinkLost("Redis did not answer the barrier") from None
            raise
        return link

    async def _commands(self, link: RedisConnection) -> list[tuple[Argument, ...]]:
        """Return the commands that wait for the replicas. WAIT comes before WAITAOF.

        A replica reports what it has fsynced when it is asked, and otherwise once a second. If it is asked while the write is still
        on its way, it reports the write before, and the answer takes that second."""
        timeout = int(self._patience * 500)
        persistence, known = await link.call("INFO", "persistence"), await link.call("COMMAND", "INFO", "WAITAOF")
        waits: list[tuple[Argument, ...]] = [("WAIT", self._replicas, timeout)]
        if known[0] and b"aof_enabled:1" in persistence:
            waits.append(("WAITAOF", 1, self._replicas, timeout))
        return waits
