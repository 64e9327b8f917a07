"""One connection to Redis, as narrow as we need it: commands go out back to back, replies come in the same order.

Many callers share a link: their commands travel in one write and one fsync answers them all, which a pool of connections
that each wait for their own reply cannot do. A caller that is cancelled leaves its place in the row, and its reply is dropped.
A link that fails answers every waiting caller with `LinkLost`; it is never used again.

Commands that block (XREAD BLOCK, WAIT, SUBSCRIBE) hold up everything behind them: give each a link of its own.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, cast
from urllib.parse import parse_qs, unquote, urlsplit

import hiredis

Argument = str | bytes | int


class LinkLost(ConnectionError):
    """The connection is gone, or the server stopped answering; what was under way may or may not have happened."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens, and who we are there. `path` is a Unix socket; else `host` and `port`."""

    host: str = "127.0.0.1"
    port: int = 6379
    path: str = ""
    tls: bool = False
    username: str = ""
    password: str = ""
    database: int = 0

    @staticmethod
    def parse(url: str) -> Address:
        """Read redis://, rediss:// or unix:// (`unix:///run/r.sock?db=0`). Raises ValueError; the text holds no password."""
        parts = urlsplit(url)
        if parts.scheme not in ("redis", "rediss", "unix"):
            raise ValueError(f"not a Redis url: scheme {parts.scheme!r}; use redis://, rediss:// or unix://")
        query = parse_qs(parts.query)
        unix = parts.scheme == "unix"
        return Address(
            host=parts.hostname or "127.0.0.1",
            port=parts.port or 6379,
            path=unquote(parts.path) if unix else "",
            tls=parts.scheme == "rediss",
            username=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            database=int((not unix and parts.path.strip("/")) or query.get("db", ["0"])[0]),
        )

    def moved(self, where: str) -> Address:
        """Return the same with another `host:port`: where a Cluster says that a slot lives."""
        host, _, port = where.rpartition(":")
        return replace(self, host=host or self.host, port=int(port))


async def locate(url: str) -> Address:
    """Return the address that `url` stands for. `redis+sentinel://[user:password@]h1:p1,h2:p2/service[?db=0]` asks each Sentinel
    for the present master. Raises LinkLost when none knows, ValueError for a url that cannot be."""
    if not url.startswith("redis+sentinel://"):
        return Address.parse(url)
    parts = urlsplit(url)
    who, _, hosts = parts.netloc.rpartition("@")
    known = Address.parse(f"redis://{who}{'@' if who else ''}sentinel/{parse_qs(parts.query).get('db', ['0'])[0]}")
    for sentinel in hosts.split(","):
        host, _, port = sentinel.partition(":")
        if found := await _ask(Address(host=host, port=int(port or 26379)), parts.path.strip("/")):
            return replace(known, host=found[0].decode(), port=int(found[1]))
    raise LinkLost("no Sentinel knows the master")


async def _ask(sentinel: Address, service: str) -> list[bytes] | None:
    try:
        link = await Link.connect(sentinel, patience=2, within=2)
    except (LinkLost, hiredis.ReplyError):
        return None
    try:
        found: list[bytes] | None = await link.call("SENTINEL", "get-master-addr-by-name", service)
        return found
    except (LinkLost, hiredis.ReplyError):
        return None
    finally:
        link.close()


# hiredis declares a tuple of exactly one
_packed = cast("Callable[[tuple[Argument, ...]], bytes]", hiredis.pack_command)


class _Unfinished:
    """What the reader returns while a reply is incomplete."""


_UNFINISHED = _Unfinished()


class Link(asyncio.Protocol):
    """One connection. `patience` is how many seconds the server may stay silent while a caller waits (0 = for ever)."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._reader = hiredis.Reader(notEnoughData=_UNFINISHED)
        self._waiting: deque[asyncio.Future[Any]] = deque()
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._heard = self._loop.time()
        self._watch: asyncio.TimerHandle | None = None
        self.pushed: asyncio.Queue[Any] = asyncio.Queue()
        self.lost: BaseException | None = None
        self.server = ""  # which run of which server: another after every restart and failover

    @staticmethod
    async def connect(address: Address, *, patience: float, within: float) -> Link:
        """Connect, sign in, choose the database, `within` seconds. Raises LinkLost, or hiredis.ReplyError when refused."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(within):
                if address.path:
                    _, link = await loop.create_unix_connection(lambda: Link(patience), address.path)
                else:
                    context = ssl.create_default_context() if address.tls else None
                    where = (address.host, address.port)
                    _, link = await loop.create_connection(lambda: Link(patience), *where, ssl=context)
                try:
                    await link._greet(address)
                except BaseException:
                    link.close()
                    raise
        except (OSError, TimeoutError) as error:
            raise LinkLost(f"cannot reach Redis: {str(error) or type(error).__name__}") from error
        return link

    async def _greet(self, address: Address) -> None:
        if address.password:
            await self.call("AUTH", *filter(None, (address.username, address.password)))
        if address.database:
            await self.call("SELECT", address.database)
        info = await self.call("INFO", "server")
        self.server = info.partition(b"run_id:")[2].split(b"\r\n")[0].decode()

    def call(self, *command: Argument) -> asyncio.Future[Any]:
        """Send a command and return the future of its reply. The future raises hiredis.ReplyError or LinkLost."""
        reply: asyncio.Future[Any] = self._loop.create_future()
        if self._transport is None or self.lost is not None:
            reply.set_exception(LinkLost("the connection to Redis is closed"))
            return reply
        if not self._waiting:
            self._heard = self._loop.time()
            if self._watch is None and self._patience:
                self._watch = self._loop.call_later(self._patience, self._check)
        self._waiting.append(reply)
        self._transport.write(_packed(command))
        return reply

    def close(self) -> None:
        """Drop the connection at once; waiting callers get LinkLost."""
        if self._transport is not None:
            self._transport.abort()
        self._fail(LinkLost("the connection to Redis was closed"))

    # ---- what the event loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are no subclass

    def data_received(self, data: bytes) -> None:
        self._heard = self._loop.time()
        self._reader.feed(data)
        try:
            while (reply := self._reader.gets()) is not _UNFINISHED:
                self._deliver(reply)
        except hiredis.ProtocolError as error:
            self._fail(LinkLost(f"Redis spoke gibberish: {error}"))
            self.close()

    def connection_lost(self, error: Exception | None) -> None:
        self._fail(LinkLost(f"Redis closed the connection: {error or 'end of stream'}"))

    # ---- inside

    def _deliver(self, reply: Any) -> None:
        if not self._waiting:
            self.pushed.put_nowait(reply)
            return
        waiter = self._waiting.popleft()
        if waiter.done():
            return
        if isinstance(reply, hiredis.ReplyError):
            waiter.set_exception(reply)
        else:
            waiter.set_result(reply)

    def _check(self) -> None:
        self._watch = None
        if not self._waiting:
            return
        left = self._heard + self._patience - self._loop.time()
        if left <= 0:
            self._fail(LinkLost(f"Redis has not answered for {self._patience:g} s"))
            self.close()
        else:
            self._watch = self._loop.call_later(left, self._check)

    def _fail(self, error: LinkLost) -> None:
        if self.lost is not None:
            return
        self.lost = error
        if self._watch is not None:
            self._watch.cancel()
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_exception(error)
                waiter.exception()  # seen: nobody may be waiting any more
        self._waiting.clear()
        self.pushed.put_nowait(error)
