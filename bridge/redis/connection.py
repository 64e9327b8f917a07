"""One connection to Redis, as narrow as we need it: commands go out back to back, replies come in the same order.

**Why not a client library's.** Many callers share this connection. Their commands travel in one write, and one fsync answers them
all. A pool of connections, each of which waits for its own reply, cannot do that: it pays a round trip and an fsync a caller. The
parser is hiredis, so a reply costs us one callback of the event loop and no task.

**Failure.** A caller that is cancelled leaves its place in the row, and its reply is dropped. A connection that fails answers every
waiting caller with `RedisLinkLost`; it is never used again. Nothing is repeated here: only the caller knows what may be repeated.

Commands that block (XREAD BLOCK, WAIT, SUBSCRIBE) hold up everything behind them: give each a connection of its own.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, cast

import hiredis

Argument = str | bytes | int


class RedisLinkLost(ConnectionError):
    """The connection is lost, or the server stopped answering. The commands under way may or may not have run."""


@dataclass(frozen=True, slots=True)
class Tls:
    """The certificates of a connection. `ca_file` is a private authority that replaces the system's. `cert_file` and `key_file`
    are our own, for a server that asks for them; `key_file` is not needed where `cert_file` holds both."""

    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""

    def context(self) -> ssl.SSLContext:
        """Return the TLS settings; the server's certificate and name are always checked. Raises OSError."""
        try:
            context = ssl.create_default_context(cafile=self.ca_file or None)
            if self.cert_file:
                context.load_cert_chain(self.cert_file, self.key_file or None)
        except OSError as error:
            files = ", ".join(filter(None, (self.ca_file, self.cert_file, self.key_file)))
            raise OSError(f"{files}: {error.strerror or error}") from None
        return context


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Where a server listens, and how we sign in there. `path` is a Unix socket; without it `host` and `port` count."""

    host: str = "127.0.0.1"
    port: int = 6379
    path: str = ""
    tls: Tls | None = None
    username: str = ""
    password: str = field(default="", repr=False)
    database: int = 0

    def moved(self, host: str, port: int) -> ServerAddress:
        """Return the same for another server. A Cluster that does not tell its hosts says "" or "?": the host that was asked."""
        return replace(self, host=self.host if host in ("", "?") else host, port=port)


# hiredis declares a tuple of exactly one
_packed = cast("Callable[[tuple[Argument, ...]], bytes]", hiredis.pack_command)


class _Unfinished:
    """What the reader returns while a reply is incomplete."""


_UNFINISHED = _Unfinished()


class RedisConnection(asyncio.Protocol):
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
        self.server = ""  # the id of the server's run: another one after each restart and failover

    @staticmethod
    async def connect(address: ServerAddress, *, patience: float, within: float) -> RedisConnection:
        """Connect, sign in and choose the database, all within `within` seconds. Raises RedisLinkLost, hiredis.ReplyError."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(within):
                if address.path:
                    _, link = await loop.create_unix_connection(lambda: RedisConnection(patience), address.path)
                else:
                    context = address.tls.context() if address.tls else None
                    where = (address.host, address.port)
                    _, link = await loop.create_connection(lambda: RedisConnection(patience), *where, ssl=context)
                try:
                    await link._greet(address)
                except BaseException:
                    link.close()
                    raise
        except (OSError, TimeoutError) as error:
            raise RedisLinkLost(f"cannot reach Redis: {str(error) or type(error).__name__}") from error
        return link

    async def _greet(self, address: ServerAddress) -> None:
        if address.username:
            await self.call("AUTH", address.username, address.password)
        elif address.password:
            await self.call("AUTH", address.password)
        if address.database:
            await self.call("SELECT", address.database)
        info = await self.call("INFO", "server")
        self.server = info.partition(b"run_id:")[2].split(b"\r\n")[0].decode()

    def call(self, *command: Argument) -> asyncio.Future[Any]:
        """Send a command and return the future of its reply. The future raises hiredis.ReplyError or RedisLinkLost."""
        reply: asyncio.Future[Any] = self._loop.create_future()
        if self._transport is None or self.lost is not None:
            reply.set_exception(RedisLinkLost("the connection to Redis is closed"))
            return reply
        if not self._waiting:
            self._heard = self._loop.time()
            if self._watch is None and self._patience:
                self._watch = self._loop.call_later(self._patience, self._check)
        self._waiting.append(reply)
        self._transport.write(_packed(command))
        return reply

    def close(self) -> None:
        """Drop the connection at once; waiting callers get RedisLinkLost."""
        if self._transport is not None:
            self._transport.abort()
        self._fail(RedisLinkLost("the connection to Redis was closed"))

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
            self._fail(RedisLinkLost(f"Redis spoke gibberish: {error}"))
            self.close()

    def connection_lost(self, error: Exception | None) -> None:
        self._fail(RedisLinkLost(f"Redis closed the connection: {error or 'end of stream'}"))

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
            self._fail(RedisLinkLost(f"Redis has not answered for {self._patience:g} s"))
            self.close()
        else:
            self._watch = self._loop.call_later(left, self._check)

    def _fail(self, error: RedisLinkLost) -> None:
        if self.lost is not None:
            return
        self.lost = error
        if self._watch is not None:
            self._watch.cancel()
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_exception(error)
                waiter.exception()  # marks it as seen, because its caller may be gone
        self._waiting.clear()
        self.pushed.put_nowait(error)
