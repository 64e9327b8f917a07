"""How commands reach the one Redis that holds a consortium: links, the functions' library, refusals, the barrier.

    StoreError
      Unavailable   Redis is away, read-only, loading, not writing, or not replicating: nothing may be acknowledged
      Fenced        somebody else holds the lease by now
      Stale         the log is not where we thought: throw the state away and load it afresh
      Full          memory is nearly used up: nothing can be taken in

Plain calls share one link. A read that waits has a link to itself while it waits, which is dropped unless the read ends
well, so a cancelled one leaves nothing behind. A refusal that says "not here" (MOVED, READONLY) makes us look for the
right server again; what is idempotent is then tried once more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

from hiredis import ReplyError

from bridge.link import Address, Argument, Link, LinkLost, locate

_SOURCE = Path(__file__).with_name("store.lua").read_text("utf-8")
VERSION = blake2b(_SOURCE.encode(), digest_size=5).hexdigest()
_LIBRARY = f"#!lua name=deskbridge_{VERSION}\n" + _SOURCE.replace("@VERSION@", VERSION)


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


class Calls:
    """Commands to the Redis at `url`. Safe for many tasks of one event loop.

    `patience` is how long (s) the server may stay silent before it counts as away; `replicas` must have what was written
    before `barrier` lets it pass, which writes `barrier_key`.
    """

    def __init__(self, url: str, *, barrier_key: str, replicas: int, patience: float) -> None:
        self._url = url
        self._patience = patience
        self._address: Address | None = None
        self._shared: Link | None = None
        self._connecting = asyncio.Lock()
        self._resting: list[Link] = []
        self._barrier = _Barrier(barrier_key, replicas, patience) if replicas else None
        self._closed = False

    async def open(self) -> None:
        """Connect and load the functions. Raises Unavailable."""
        await self._link()

    async def close(self) -> None:
        """Drop all connections. Callers still waiting get Unavailable."""
        self._closed = True
        for link in [self._shared, *self._resting, self._barrier.link if self._barrier else None]:
            if link is not None:
                link.close()
        self._resting.clear()
        await asyncio.sleep(0)  # let the transports be closed by the loop

    async def barrier(self, server: str = "") -> None:
        """Return when all that `server` (any, if "") answered so far is on enough replicas. Raises Unavailable: send nothing.

        A real write on the connection that waits, then WAITAOF, or WAIT where the server does not fsync or is too old:
        a connection that wrote nothing can get a yes that proves nothing, and so can one to another server.
        """
        if self._barrier is None:
            return
        try:
            proof = await self._barrier.passed(self.connect)
        except ReplyError as error:
            raise _refusal(error) from None
        except LinkLost as error:
            raise Unavailable(str(error)) from None
        if server and proof != server:
            raise Unavailable("Redis was replaced by another server meanwhile")

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
        await _load(await self._link())
        return await self.command(*command, again=again, proven=proven)

    async def command(self, *command: Argument, again: bool = True, proven: bool = False) -> Any:
        """Return the reply to a command. `again`: it is idempotent, so try once more on a fresh connection.
        `proven`: return only when what the reply stands for has passed the barrier. Raises StoreError."""
        try:
            reply, server = await self._once(command)
        except Unavailable:
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
                link = await self.connect(patience=self._patience)
                try:
                    await _load(link)
                except BaseException:
                    link.close()
                    raise
                self._shared = link
            return self._shared

    async def connect(self, *, patience: float) -> Link:
        """Return a link of one's own; `patience` as Link's. Raises Unavailable."""
        self._check_open()
        try:
            if self._address is None:
                self._address = await locate(self._url)
            link = await Link.connect(self._address, patience=patience, within=self._patience)
        except ReplyError as error:
            raise _refusal(error) from None
        except LinkLost as error:
            self._address = None
            raise Unavailable(str(error)) from None
        try:
            self._check_open()  # it may have been closed meanwhile
        except Unavailable:
            link.close()
            raise
        return link

    def _check_open(self) -> None:
        if self._closed:
            raise Unavailable("the store is closed")

    async def read(self, stream: str, after: str, count: int, block_ms: int, *, proven: bool = False) -> list[Any]:
        """Return rows [id, [field, value, ...]] after `after`. A blocking read owns its connection and drops it unless it ends
        well. `proven`: as in `command`."""
        if not block_ms:
            reply = await self.command("XREAD", "COUNT", count, "STREAMS", stream, after, proven=proven)
            return reply[0][1] if reply else []
        link = self._rested() or await self.connect(patience=0)
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
        if not reply:
            return []
        if proven and self._barrier is not None:
            await self.barrier(link.server)
        rows: list[Any] = reply[0][1]
        return rows

    def _rested(self) -> Link | None:
        while self._resting:
            if (link := self._resting.pop()).lost is None:
                return link
        return None


class _Barrier:
    """One write and one wait for all who ask at the same time; it runs again for those who came while it ran."""

    def __init__(self, key: str, replicas: int, patience: float) -> None:
        self._key, self._replicas, self._patience = key, replicas, patience
        self._running: asyncio.Task[str] | None = None
        self._next: asyncio.Task[str] | None = None
        self._waits: list[tuple[Argument, ...]] = []
        self.link: Link | None = None

    async def passed(self, connect: Callable[..., Awaitable[Link]]) -> str:
        """Return the server that has proved itself. Raises LinkLost, ReplyError, Unavailable."""
        if self._next is None:
            self._next = asyncio.create_task(self._turn(self._running, connect))
        return await asyncio.shield(self._next)

    async def _turn(self, before: asyncio.Task[str] | None, connect: Callable[..., Awaitable[Link]]) -> str:
        if before is not None:
            await asyncio.wait([before])
        self._running, self._next = self._next, None
        if self.link is None or self.link.lost is not None:
            self.link = await connect(patience=0)
            self._waits = await self._commands(self.link)
        replies = [self.link.call("SET", self._key, "1"), *(self.link.call(*wait) for wait in self._waits)]
        try:
            async with asyncio.timeout(2 * self._patience):
                *_, reply = await asyncio.gather(*replies)
        except TimeoutError:
            self.link.close()
            raise LinkLost("Redis did not answer the barrier") from None
        if (reply[1] if isinstance(reply, list) else reply) < self._replicas:
            raise Unavailable("not enough replicas have it")
        return self.link.server

    async def _commands(self, link: Link) -> list[tuple[Argument, ...]]:
        """WAIT comes before WAITAOF: a replica tells what it has fsynced when it is asked, and else once a second. Asked
        while the write is on its way, it tells of the one before, and the answer takes that second."""
        timeout = int(self._patience * 500)
        persistence, known = await link.call("INFO", "persistence"), await link.call("COMMAND", "INFO", "WAITAOF")
        waits: list[tuple[Argument, ...]] = [("WAIT", self._replicas, timeout)]
        if known[0] and b"aof_enabled:1" in persistence:
            waits.append(("WAITAOF", 1, self._replicas, timeout))
        return waits


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
